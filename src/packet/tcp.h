/* The part of TCP decoding that the fast path shares with tcp_decode(), inline for that. */
#ifndef WHYRST_PACKET_TCP_H
#define WHYRST_PACKET_TCP_H

#include "packet/decode_internal.h"

#define TCP_HEADER_BYTES 20
#define TCP_KIND_BYTES   6  /* of the payload: up to the type of a TLS handshake message */
#define TCP_FIELDS_BYTES 16 /* up to the window; checksum and urgent pointer are not used */

/* NOP, NOP, timestamps of 10 bytes: what nearly every segment after the handshake carries. */
#define TCP_OPTIONS_TIMESTAMPS 0x0101080au
#define TCP_TIMESTAMPS_BYTES   12

static inline uint32_t tcp_header_bytes(const uint8_t *tcp)
{
    return (uint32_t)(tcp[12] >> 4) * 4;
}

/* What the first byte of a payload says of its kind; TCP_KIND_ASK: more bytes have to be asked. */
#define TCP_KIND_ASK 0xff
extern const uint8_t tcp_kinds[256] __attribute__((visibility("hidden")));

/* enum payload_kind of a segment of which `captured` bytes of payload are at hand. Whether there is
 * payload, and whether it is TLS, is a toss-up from packet to packet, so only what may be HTTP, or
 * too short to tell at once, takes a branch. */
static inline uint8_t tcp_kind(const uint8_t *tcp, uint32_t header_bytes, uint32_t captured,
                               uint32_t payload_bytes)
{
    /* without enough payload it reads the header in its place, and takes nothing from it */
    const uint8_t *first = tcp + (header_bytes & (0 - (uint32_t)(captured >= TCP_KIND_BYTES)));
    unsigned kind = tcp_kinds[first[0]], version = (unsigned)load_be16(first + 1) - 0x0300;
    if (kind == TCP_KIND_ASK || captured - 1 < TCP_KIND_BYTES - 1)
        return tcp_payload_kind(tcp + header_bytes, captured, payload_bytes);
    kind = version > 4 ? PAYLOAD_OTHER : kind;
    kind = captured == 0 ? PAYLOAD_UNSEEN : kind;
    return payload_bytes == 0 ? PAYLOAD_NONE : (uint8_t)kind;
}

/* Fills in what the TCP header says but for its options. */
static inline void tcp_fill(struct segment *segment, const uint8_t *tcp, uint32_t payload_bytes)
{
    uint64_t numbers = load_be64(tcp + 4);
    uint32_t flags_window = load_be32(tcp + 12);
    segment->ack = (uint32_t)numbers;
    segment->seq = (uint32_t)(numbers >> 32);
    segment->window = (uint16_t)flags_window;
    segment->wscale = 0;
    segment_set_flags(segment, flags_window >> 16 & 0x0fff);
    segment_set_payload(segment, payload_bytes);
}

/* Fills in the options of a header that was captured whole. With or without the timestamps is a
 * toss-up, so there is no branch for it: without, it looks at bytes that never read like them, as
 * their first is the header's length. */
static inline void tcp_fill_options(struct segment *segment, const uint8_t *tcp,
                                    uint32_t header_bytes)
{
    const uint8_t *options = tcp + TCP_HEADER_BYTES;
    const uint8_t *times =
        header_bytes == TCP_HEADER_BYTES + TCP_TIMESTAMPS_BYTES ? options : tcp + 12;
    uint32_t timed = load_be32(times) == TCP_OPTIONS_TIMESTAMPS;
    segment->options = (uint8_t)(timed * OPTION_TIMESTAMPS);
    segment->tsval = load_be32(times + 4) & (0 - timed);
    if (header_bytes != TCP_HEADER_BYTES + timed * TCP_TIMESTAMPS_BYTES)
        options_decode(segment, options, header_bytes - TCP_HEADER_BYTES, false);
}

#endif
