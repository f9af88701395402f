/* The pcapng file: blocks of a type, a length, contents, and the length again. */
#include "capture/pcapng.h"

#include <stdlib.h>

/* A packet block's packet, as far as the block tells it. */
struct block_packet {
    uint32_t interface;
    const uint8_t *bytes;
    uint32_t caplen, wirelen;
    uint64_t ticks;
    bool has_time;
};

CAPTURE_HOT const char *parse_enhanced(struct block_packet *packet, const uint8_t *block,
                                       uint32_t length, bool swap)
{
    if (length < BLOCK_FRAME_BYTES + 20)
        return "an Enhanced Packet Block is too short";
    packet->interface = load32(block + 8, swap);
    packet->ticks = (uint64_t)load32(block + 12, swap) << 32 | load32(block + 16, swap);
    packet->caplen = load32(block + 20, swap);
    packet->wirelen = load32(block + 24, swap);
    packet->bytes = block + 28;
    packet->has_time = true;
    return packet->caplen > length - BLOCK_FRAME_BYTES - 20
               ? "a packet is longer than its Enhanced Packet Block"
               : NULL;
}

static const char *parse_obsolete(struct block_packet *packet, const uint8_t *block,
                                  uint32_t length, bool swap)
{
    const char *wrong = parse_enhanced(packet, block, length, swap);
    packet->interface = load16(block + 8, swap);
    return wrong ? "a Packet Block is damaged" : NULL;
}

static const char *parse_simple(struct block_packet *packet, const struct pcapng *pcapng,
                                const uint8_t *block, uint32_t length)
{
    if (length < BLOCK_FRAME_BYTES + 4)
        return "a Simple Packet Block is too short";
    packet->interface = 0;
    packet->wirelen = load32(block + 8, pcapng->swap);
    packet->caplen = packet->wirelen;
    uint32_t snaplen = pcapng->count > 0 ? pcapng->interfaces[0].snaplen : 0;
    if (snaplen > 0 && packet->caplen > snaplen)
        packet->caplen = snaplen;
    packet->bytes = block + 12;
    packet->has_time = false;
    return packet->caplen > length - BLOCK_FRAME_BYTES - 4
               ? "a packet is longer than its Simple Packet Block"
               : NULL;
}

/* Options behind the packet of an Enhanced Packet Block, which are rarely there. */
static void take_option_drops(struct pcapng_interface *interface, const struct block_packet *packet,
                              const uint8_t *block, uint32_t length, bool swap)
{
    const uint8_t *end = block + length - 4;
    const uint8_t *options = packet->bytes + (((size_t)packet->caplen + 3) & ~(size_t)3);
    if (options < end)
        pcapng_packet_drops(interface, options, end, swap);
}

static void take_field_drops(struct pcapng_interface *interface, const uint8_t *block, bool swap)
{
    uint16_t drops = load16(block + 10, swap);
    if (drops == 0xffff) /* not known */
        return;
    interface->packet_drops += drops;
    interface->has_packet_drops = true;
}

/* A packet block that is whole at hand. NULL, or what is wrong with it. */
CAPTURE_HOT const char *pcapng_packet(struct capture *capture, const uint8_t *block, uint32_t type,
                                      uint32_t length, bool swap, struct whyrst_packet *out)
{
    const struct pcapng *pcapng = capture->state;
    struct block_packet packet;
    const char *wrong = type == BLOCK_ENHANCED_PACKET ? parse_enhanced(&packet, block, length, swap)
                        : type == BLOCK_PACKET        ? parse_obsolete(&packet, block, length, swap)
                                               : parse_simple(&packet, pcapng, block, length);
    if (wrong)
        return wrong;
    if (packet.interface >= pcapng->count)
        return "a packet is of an interface that is not described";
    struct pcapng_interface *interface = &pcapng->interfaces[packet.interface];
    if (packet.caplen > capture_caplen_limit(interface->snaplen))
        return "damaged packet block: the captured length is too large";
    if (type == BLOCK_PACKET)
        take_field_drops(interface, block, swap);
    else if (type == BLOCK_ENHANCED_PACKET && length > BLOCK_FRAME_BYTES + 20 + packet.caplen)
        take_option_drops(interface, &packet, block, length, swap);
    out->bytes = packet.bytes;
    out->caplen = packet.caplen;
    out->wirelen = packet.wirelen > packet.caplen ? packet.wirelen : packet.caplen;
    out->time_nsec = packet.has_time ? pcapng_time(interface, packet.ticks) : 0;
    out->frame_no = ++capture->frame_no;
    out->link_type = interface->link_type;
    out->input = capture->input;
    return NULL;
}

/* An Enhanced Packet Block as nearly all are: whole at hand, without options, its time a
 * multiplication away. Returns its length, or 0, which leaves it to those who can tell what is
 * wrong or different. */
CAPTURE_HOT uint32_t pcapng_usual(struct capture *capture, const uint8_t *block, size_t left,
                                  bool swap, struct whyrst_packet *out)
{
    const struct pcapng *pcapng = capture->state;
    if (left < BLOCK_FRAME_BYTES + 20)
        return 0;
    uint32_t number = load32(block + 8, swap), caplen = load32(block + 20, swap);
    uint32_t length = BLOCK_FRAME_BYTES + 20 + ((caplen + 3) & ~3u);
    uint64_t ticks = (uint64_t)load32(block + 12, swap) << 32 | load32(block + 16, swap);
    if (load32(block, swap) != BLOCK_ENHANCED_PACKET || load32(block + 4, swap) != length ||
        left < length || load32(block + length - 4, swap) != length || number >= pcapng->count)
        return 0;
    const struct pcapng_interface *interface = &pcapng->interfaces[number];
    if (caplen > capture_caplen_limit(interface->snaplen) || ticks >= interface->direct_ticks)
        return 0;
    uint32_t wirelen = load32(block + 24, swap);
    out->bytes = block + 28;
    out->caplen = caplen;
    out->wirelen = wirelen > caplen ? wirelen : caplen;
    out->time_nsec = (int64_t)(ticks * interface->factor);
    out->frame_no = ++capture->frame_no;
    out->link_type = interface->link_type;
    out->input = capture->input;
    return length;
}

static bool is_packet_block(uint32_t type)
{
    return type == BLOCK_ENHANCED_PACKET || type == BLOCK_SIMPLE_PACKET || type == BLOCK_PACKET;
}

/* Not packets, but Wireshark gives them a frame number. */
static bool is_numbered(uint32_t type)
{
    return type == BLOCK_CUSTOM || type == BLOCK_CUSTOM_NO_COPY || type == BLOCK_JOURNAL ||
           type == BLOCK_SYSDIG_EVENT || type == BLOCK_SYSDIG_EVENT_2 ||
           type == BLOCK_SYSDIG_EVENT_2_LARGE;
}

/* The length a block takes up. Some old writers left the padding out of it; like Wireshark, count
 * it in. 0 when it cannot be one. */
static inline uint32_t block_length(uint32_t stated)
{
    return stated < BLOCK_FRAME_BYTES || stated > UINT32_MAX - 3 ? 0 : (stated + 3) & ~3u;
}

/* Walks whole packet blocks from the cursor; stops at anything else, or damage (*wrong). */
CAPTURE_HOT size_t pcapng_walk(struct capture *capture, struct whyrst_packet *packets, size_t max,
                               bool swap, const char **wrong)
{
    struct source *source = &capture->source;
    const uint8_t *cursor = source->cursor, *end = source->end;

    size_t count = 0;
    while (count < max && end - cursor >= BLOCK_FRAME_BYTES) {
        capture_prefetch(cursor);
        uint32_t usual =
            pcapng_usual(capture, cursor, (size_t)(end - cursor), swap, &packets[count]);
        if (usual > 0) {
            cursor += usual;
            count++;
            continue;
        }
        uint32_t type = load32(cursor, swap);
        uint32_t length = block_length(load32(cursor + 4, swap));
        if (!is_packet_block(type) || length == 0 || (size_t)(end - cursor) < length)
            break;
        if (block_length(load32(cursor + length - 4, swap)) != length) {
            *wrong = "damaged block: its two lengths differ";
            break;
        }
        *wrong = pcapng_packet(capture, cursor, type, length, swap, &packets[count]);
        if (*wrong)
            break;
        count++;
        cursor += length;
    }
    source->cursor = cursor;

    return count;
}

/* ---- Other blocks ------------------------------------------------------------------------------
 */

/* A Section Header Block at the cursor; its byte order holds for its own length already.
 * Returns 1, 0 when the capture ends here, -1 on error. */
static int pcapng_section(struct capture *capture, struct whyrst_error *error)
{
    struct source *source = &capture->source;
    struct pcapng *pcapng = capture->state;
    int more = source_fill(source, 28, error);
    if (more < 0)
        return -1;
    if (more == 0) {
        capture_end_early(capture, "the file ends inside a section header");
        return 0;
    }
    bool swap = load32(source->cursor + 8, false) != PCAPNG_BYTE_ORDER;
    uint32_t length = block_length(load32(source->cursor + 4, swap));
    if (load32(source->cursor + 8, swap) != PCAPNG_BYTE_ORDER || length < 28) {
        capture_end_early(capture, "damaged section header");
        return 0;
    }
    uint16_t major = load16(source->cursor + 12, swap);
    if (major != 1) {
        capture_end_early(capture, "a section of a pcapng version that is not known (1.0 is)");
        return 0;
    }
    pcapng_new_section(pcapng, swap);
    more = source_skip(source, length, error);
    if (more == 0)
        capture_end_early(capture, "the file ends inside a section header");
    return more;
}

/* A block that must be held whole: gets it. 1, 0 when the capture ends here, -1 on error. */
static int pcapng_hold(struct capture *capture, uint32_t length, struct whyrst_error *error)
{
    if (length > BLOCK_MAX_BYTES) {
        const struct pcapng *pcapng = capture->state;
        char what[80];
        snprintf(what, sizeof what, "damaged block: type %u, %u bytes long",
                 load32(capture->source.cursor, pcapng->swap), length);
        capture_end_early(capture, what);
        return 0;
    }
    int more = source_fill(&capture->source, length, error);
    if (more == 0)
        capture_end_early(capture, "the file ends inside a block");
    return more;
}

/* The block at the cursor is no packet that is whole at hand. Returns as pcapng_hold. */
static int pcapng_other(struct capture *capture, struct whyrst_error *error)
{
    struct source *source = &capture->source;
    struct pcapng *pcapng = capture->state;
    int more = source_fill(source, BLOCK_FRAME_BYTES, error);
    if (more <= 0) {
        if (more == 0 && source->end != source->cursor)
            capture_end_early(capture, "the file ends inside a block header");
        return more;
    }
    uint32_t type = load32(source->cursor, pcapng->swap);
    if (type == BLOCK_SECTION) /* reads the same in both byte orders */
        return pcapng_section(capture, error);
    uint32_t length = block_length(load32(source->cursor + 4, pcapng->swap));
    if (length == 0) {
        capture_end_early(capture, "damaged block: it claims less than 12 bytes");
        return 0;
    }
    bool held = is_packet_block(type) || type == BLOCK_INTERFACE || type == BLOCK_STATISTICS;
    if (held) {
        more = pcapng_hold(capture, length, error);
        if (more <= 0 || is_packet_block(type))
            return more;
    }
    int taken = type == BLOCK_INTERFACE
                    ? pcapng_add_interface(capture, source->cursor, length, error)
                : type == BLOCK_STATISTICS ? pcapng_take_statistics(pcapng, source->cursor, length)
                                           : 1;
    if (taken < 0)
        return -1;
    if (taken == 0) {
        capture_end_early(capture, "damaged interface or statistics block");
        return 0;
    }
    more = source_skip(source, length, error);
    if (more == 0)
        capture_end_early(capture, "the file ends inside a block");
    else if (more > 0 && is_numbered(type))
        capture->frame_no++;
    return more;
}

/* ---- The format --------------------------------------------------------------------------------
 */

static int pcapng_start(struct capture *capture, struct whyrst_error *error)
{
    const char *name = capture->source.name;
    capture->state = calloc(1, sizeof(struct pcapng));
    if (!capture->state)
        return capture_fail(error, "%s: no memory", name);
    int more = pcapng_section(capture, error);
    if (more == 0)
        return capture_fail(error, "%s: %s; nothing in it can be analysed", name,
                            capture->truncated_text);
    /* The interfaces nearly always follow at once; knowing them early lets a filter that does not
     * fit be refused before anything is done. */
    while (more > 0) {
        const struct pcapng *pcapng = capture->state;
        more = source_fill(&capture->source, BLOCK_FRAME_BYTES, error);
        if (more <= 0 || load32(capture->source.cursor, pcapng->swap) != BLOCK_INTERFACE)
            break;
        more = pcapng_other(capture, error);
    }
    return more < 0 ? -1 : 0;
}

static int pcapng_read(struct capture *capture, struct whyrst_packet *packets, size_t max,
                       struct whyrst_error *error)
{
    const struct pcapng *pcapng = capture->state;
    while (!capture->ended) {
        const char *wrong = NULL;
        size_t count = pcapng->swap ? pcapng_walk(capture, packets, max, true, &wrong)
                                    : pcapng_walk(capture, packets, max, false, &wrong);
        if (wrong)
            capture_end_early(capture, wrong);
        if (count > 0)
            return (int)count;
        if (wrong)
            return 0;
        int more = pcapng_other(capture, error);
        if (more <= 0)
            return more;
    }
    return 0;
}

static void pcapng_stop(struct capture *capture)
{
    struct pcapng *pcapng = capture->state;
    if (pcapng)
        free(pcapng->interfaces);
    free(pcapng);
    capture->state = NULL;
}

const struct capture_format capture_format_pcapng = {.name = "pcapng",
                                                     .start = pcapng_start,
                                                     .read = pcapng_read,
                                                     .dropped = pcapng_dropped,
                                                     .stop = pcapng_stop};
