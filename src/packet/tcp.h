/* The part of TCP decoding that the fast path shares with tcp_decode(), inline for that. */
#ifndef WHYRST_PACKET_TCP_H
#define WHYRST_PACKET_TCP_H

#include "packet/decode_internal.h"

#define TCP_HEADER_BYTES 20
#define TCP_FIELDS_BYTES 16 /* up to the window; checksum and urgent pointer are not used */

/* NOP, NOP, timestamps of 10 bytes: what nearly every segment after the handshake carries. */
#define TCP_OPTIONS_TIMESTAMPS 0x0101080au
#define TCP_TIMESTAMPS_BYTES   12

static inline uint32_t tcp_header_bytes(const uint8_t *tcp)
{
    return (uint32_t)(tcp[12] >> 4) * 4;
}

/* How a payload begins that is TLS or HTTP. Its first two bytes choose the place; the factor is one
 * with which no two of those meet, of which the compiler would warn. */
struct tcp_start {
    uint64_t text, mask; /* of the first bytes, the very first in the top byte */
    uint64_t above; /* how far the masked bytes may differ from the text: 0, or up to a version */
    uint8_t below_other; /* PAYLOAD_OTHER less the kind it is */
    bool handshake;      /* byte 5 of a TLS handshake record tells whether it is a ClientHello */
    uint8_t least;       /* bytes that have to be captured to tell */
};

#define TCP_STARTS            32
#define TCP_START_BYTES       8
#define TCP_START_PLACE(pair) (((pair)*1189 & 0xffff) / (0x10000 / TCP_STARTS))
extern const struct tcp_start tcp_starts[TCP_STARTS] __attribute__((visibility("hidden")));

/* enum payload_kind of a payload by its first bytes; known: ones where they were captured. What it
 * is is a toss-up from packet to packet, so there is no branch for it. */
static inline uint8_t tcp_start_kind(uint64_t bytes, uint64_t known)
{
    const struct tcp_start *start = &tcp_starts[TCP_START_PLACE(bytes >> 48)];
    unsigned other = ((bytes ^ start->text) & start->mask & known) > start->above;
    unsigned hello = start->handshake & ((bytes >> 16 & 0xff) == 1);
    return (uint8_t)(PAYLOAD_OTHER - ((start->below_other + hello) & (other - 1)));
}

_Static_assert(PAYLOAD_TLS_HELLO == PAYLOAD_TLS - 1, "told by one more");

/* The same for a payload of which less than TCP_START_BYTES were captured. */
uint8_t tcp_short_kind(const uint8_t *payload, uint32_t captured);

/* enum payload_kind of a segment of which `captured` bytes of payload are at hand. */
static inline uint8_t tcp_kind(const uint8_t *tcp, uint32_t header_bytes, uint32_t captured,
                               uint32_t payload_bytes)
{
    if (captured - 1 < TCP_START_BYTES - 1)
        return tcp_short_kind(tcp + header_bytes, captured);
    /* of payload unseen it reads the header in its place, and takes nothing from it */
    unsigned unseen = captured == 0, seen_mask = unseen - 1;
    uint8_t kind = tcp_start_kind(load_be64(tcp + (header_bytes & seen_mask)), UINT64_MAX);
    return (uint8_t)((kind & seen_mask) | (unseen & (payload_bytes != 0)));
}

_Static_assert(PAYLOAD_NONE == 0 && PAYLOAD_UNSEEN == 1, "as the conditions have them");

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
