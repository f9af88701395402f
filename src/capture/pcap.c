/* The classic pcap file: a 24-byte header, then records of a 16-byte header and the packet. */
#include "capture/internal.h"

#include <stdlib.h>

#define PCAP_HEADER_BYTES 24
#define PCAP_RECORD_BYTES 16

#define PCAP_MAGIC_USEC 0xa1b2c3d4u
#define PCAP_MAGIC_NSEC 0xa1b23c4du

enum pcap_lengths { LENGTHS_AS_NOW, LENGTHS_SWAPPED, LENGTHS_MAYBE_SWAPPED };

struct pcap {
    bool swap;
    uint32_t fraction_nsec; /* of the timestamp's second word: 1000 or 1 */
    uint16_t link_type;
    uint32_t caplen_limit;
    enum pcap_lengths lengths;
};

static int pcap_start(struct capture *capture, struct whyrst_error *error)
{
    struct source *source = &capture->source;
    int more = source_fill(source, PCAP_HEADER_BYTES, error);
    if (more < 0)
        return -1;
    if (more == 0)
        return capture_fail(error,
                            "%s: the pcap file header is cut: %zu of 24 bytes; nothing in it can "
                            "be analysed",
                            source->name, (size_t)(source->end - source->cursor));
    struct pcap *pcap = calloc(1, sizeof *pcap);
    if (!pcap)
        return capture_fail(error, "%s: no memory", source->name);
    capture->state = pcap;
    const uint8_t *header = source->cursor;
    uint32_t magic = load32(header, false);
    pcap->swap = magic != PCAP_MAGIC_USEC && magic != PCAP_MAGIC_NSEC;
    pcap->fraction_nsec = load32(header, pcap->swap) == PCAP_MAGIC_NSEC ? 1 : 1000;
    uint16_t major = load16(header + 4, pcap->swap), minor = load16(header + 6, pcap->swap);
    uint32_t snaplen = load32(header + 16, pcap->swap);
    pcap->link_type = link_type_from_file(load32(header + 20, pcap->swap));
    pcap->caplen_limit = capture_caplen_limit(snaplen);
    /* Before 2.3 the record's two lengths stood the other way round; 2.3 was written both ways,
     * and DG/UX's tcpdump (543.0) kept the old one. */
    if (major == 543 || (major == 2 && minor < 3))
        pcap->lengths = LENGTHS_SWAPPED;
    else if (major == 2 && minor == 3)
        pcap->lengths = LENGTHS_MAYBE_SWAPPED;
    else if (major != 2)
        return capture_fail(error, "%s: pcap version %u.%u is not known (2.4 is)", source->name,
                            major, minor);
    source->cursor += PCAP_HEADER_BYTES;
    return capture_see_link(capture, pcap->link_type, snaplen, error);
}

/* Walks whole records from the cursor; stops at the first that is cut or too long. */
CAPTURE_HOT size_t pcap_walk(struct capture *capture, const struct pcap *pcap,
                             struct whyrst_packet *packets, size_t max, bool swap)
{
    struct source *source = &capture->source;
    const uint8_t *cursor = source->cursor, *end = source->end;

    /* copies: the compiler has to expect that a packet written overlaps what they are copies of */
    const struct pcap format = *pcap;
    const uint16_t input = capture->input;
    uint64_t frame_no = capture->frame_no;
    size_t count = 0;
    while (count < max && end - cursor >= PCAP_RECORD_BYTES) {
        capture_prefetch(cursor);
        uint32_t caplen = load32(cursor + 8, swap), wirelen = load32(cursor + 12, swap);
        if (format.lengths != LENGTHS_AS_NOW &&
            (format.lengths == LENGTHS_SWAPPED || caplen > wirelen)) {
            uint32_t kept = caplen;
            caplen = wirelen;
            wirelen = kept;
        }
        if (caplen > format.caplen_limit || (size_t)(end - cursor) - PCAP_RECORD_BYTES < caplen)
            break;
        struct whyrst_packet *packet = &packets[count++];
        packet->bytes = cursor + PCAP_RECORD_BYTES;
        packet->caplen = caplen;
        packet->wirelen = wirelen > caplen ? wirelen : caplen;
        packet->time_nsec = (int64_t)load32(cursor, swap) * 1000000000 +
                            (int64_t)load32(cursor + 4, swap) * format.fraction_nsec;
        packet->frame_no = ++frame_no;
        packet->link_type = format.link_type;
        packet->input = input;
        cursor += PCAP_RECORD_BYTES + caplen;
    }
    source->cursor = cursor;

    capture->frame_no = frame_no;
    return count;
}

/* The record at the cursor is not whole at hand: gets more bytes. 0 when the capture ends. */
static int pcap_more(struct capture *capture, const struct pcap *pcap, struct whyrst_error *error)
{
    struct source *source = &capture->source;
    int more = source_fill(source, PCAP_RECORD_BYTES, error);
    if (more < 0)
        return -1;
    if (more == 0) {
        if (source->end != source->cursor)
            capture_end_early(capture, "the file ends inside a record header");
        return 0;
    }
    uint32_t caplen = load32(source->cursor + 8, pcap->swap);
    uint32_t wirelen = load32(source->cursor + 12, pcap->swap);
    if (pcap->lengths == LENGTHS_SWAPPED ||
        (pcap->lengths == LENGTHS_MAYBE_SWAPPED && caplen > wirelen))
        caplen = wirelen;
    if (caplen > pcap->caplen_limit) {
        char what[80];
        snprintf(what, sizeof what, "damaged record: it claims %u captured bytes", caplen);
        capture_end_early(capture, what);
        return 0;
    }
    more = source_fill(source, PCAP_RECORD_BYTES + (size_t)caplen, error);
    if (more == 0)
        capture_end_early(capture, "the file ends inside a packet");
    return more;
}

static int pcap_read(struct capture *capture, struct whyrst_packet *packets, size_t max,
                     struct whyrst_error *error)
{
    const struct pcap *pcap = capture->state;
    for (;;) {
        /* Two copies of the walk, so that the common byte order pays for no choice. */
        size_t count = pcap->swap ? pcap_walk(capture, pcap, packets, max, true)
                                  : pcap_walk(capture, pcap, packets, max, false);
        if (count > 0)
            return (int)count;
        int more = pcap_more(capture, pcap, error);
        if (more <= 0)
            return more;
    }
}

static void pcap_stop(struct capture *capture)
{
    free(capture->state);
    capture->state = NULL;
}

const struct capture_format capture_format_pcap = {
    .name = "pcap", .start = pcap_start, .read = pcap_read, .stop = pcap_stop};
