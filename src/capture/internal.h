/* What the files of src/capture share. Private to it and its tests. */
#ifndef WHYRST_CAPTURE_INTERNAL_H
#define WHYRST_CAPTURE_INTERNAL_H

#include <stdio.h>
#include <string.h>

#include "capture/capture.h"
#include "capture/source.h"

/* Wireshark's bound for a packet; a record that claims more, and more than its snaplen, is damage.
 */
#define CAPTURE_MAX_CAPLEN      262144u
#define CAPTURE_MAX_CAPLEN_EVER (256u << 20) /* whatever the snaplen says */

/* For the walks, of which there is one copy for each byte order. */
#define CAPTURE_HOT static inline __attribute__((always_inline))

/* How one kind of capture is read: pcap.c, pcapng.c, live.c. */
struct capture_format {
    const char *name; /* capture_info.format */
    /* Reads what comes before the first packet. state is allocated here. -1 on failure. */
    int (*start)(struct capture *capture, struct whyrst_error *error);
    /* As capture_read, filter apart; calls capture_end_early for a cut or damaged file. */
    int (*read)(struct capture *capture, struct whyrst_packet *packets, size_t max,
                struct whyrst_error *error);
    /* Packets the capturing system lost, so far; false when nothing is known. */
    bool (*dropped)(struct capture *capture, uint64_t *dropped);
    void (*stop)(struct capture *capture); /* frees state; called once after start, failed or not */
};

extern const struct capture_format capture_format_pcap, capture_format_pcapng, capture_format_live;

struct filter;

struct capture {
    struct source source; /* unused when live */
    const struct capture_format *format;
    void *state;           /* the format's own */
    struct filter *filter; /* NULL = none */
    char *name;
    enum capture_kind kind;
    uint16_t input;
    uint16_t link_types[CAPTURE_MAX_LINK_TYPES];
    unsigned link_type_count;
    uint32_t snaplen;
    uint64_t frame_no; /* of the last packet read */
    bool ended;        /* nothing more comes */
    bool rewound;      /* to be started again by the next capture_read */
    bool finished;     /* the rest was drained and hashed */
    bool truncated;
    char truncated_text[200];
    char sha256[65];
};

/* One line into error->text (error may be NULL). Returns -1. */
int capture_fail(struct whyrst_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The capture is cut or damaged at the source's cursor: `what` says how. It ends there. */
void capture_end_early(struct capture *capture, const char *what);

/* As capture_open, with the source's options given. */
struct capture *capture_open_with(const char *path, uint16_t input,
                                  const struct capture_options *options,
                                  const struct source_options *source_options,
                                  struct whyrst_error *error);
/* As capture_open over bytes in memory, which must outlive the capture. */
struct capture *capture_open_memory(const void *bytes, size_t count, uint16_t input,
                                    const struct capture_options *options,
                                    struct whyrst_error *error);

/* live.c fills in the rest; capture_close frees it. */
struct capture *capture_new_live(const char *interface, uint16_t input,
                                 const struct capture_options *options, struct whyrst_error *error);

/* Back to the first packet, giving all buffers back until the next capture_read. False when it
 * cannot (pipe, live). */
bool capture_rewind(struct capture *capture);

/* Notes a link type (a LINKTYPE_ value) and snaplen as seen and compiles the filter for it. */
int capture_see_link(struct capture *capture, uint16_t link_type, uint32_t snaplen,
                     struct whyrst_error *error);

/* link_types.c: the registry's number for what a file's header or libpcap says, and libpcap's
 * number for one of the registry's. */
uint16_t link_type_from_file(uint32_t header_value);
uint16_t link_type_from_dlt(int dlt);
int link_type_to_dlt(uint16_t link_type);

/* magic.c: says what the file is when it is no capture this reads; always fails. */
int magic_refuse(const char *name, const uint8_t *bytes, size_t count, struct whyrst_error *error);

/* filter.c */
struct filter *filter_new(const char *expression, struct whyrst_error *error);
int filter_add_link(struct filter *filter, uint16_t link_type, struct whyrst_error *error);
/* Drops the packets that do not match, in place; returns how many are left. */
size_t filter_apply(struct filter *filter, struct whyrst_packet *packets, size_t count);
const char *filter_expression(const struct filter *filter);
void filter_free(struct filter *filter); /* NULL is allowed */

/* Captured bytes are walked from front to back: asks for the two cache lines that are due a few
 * packets on, into the first-level cache. Into the second they were asked for a batch before
 * (packet/ahead.h). It does no harm that there may be nothing. */
#define CAPTURE_AHEAD 512

static inline void capture_prefetch(const uint8_t *cursor)
{
    __builtin_prefetch(cursor + CAPTURE_AHEAD);
    __builtin_prefetch(cursor + CAPTURE_AHEAD + 64);
}

static inline uint32_t load32(const uint8_t *bytes, bool swap)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return swap ? __builtin_bswap32(value) : value;
}

static inline uint16_t load16(const uint8_t *bytes, bool swap)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return swap ? __builtin_bswap16(value) : value;
}

static inline uint64_t load64(const uint8_t *bytes, bool swap)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return swap ? __builtin_bswap64(value) : value;
}

/* The largest caplen taken for real where the header promises `snaplen`. */
static inline uint32_t capture_caplen_limit(uint32_t snaplen)
{
    if (snaplen <= CAPTURE_MAX_CAPLEN)
        return CAPTURE_MAX_CAPLEN;
    return snaplen < CAPTURE_MAX_CAPLEN_EVER ? snaplen : CAPTURE_MAX_CAPLEN_EVER;
}

#endif
