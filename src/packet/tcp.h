/* The part of TCP decoding that the fast path shares with tcp_decode(), inline for that. */
#ifndef WHYRST_PACKET_TCP_H
#define WHYRST_PACKET_TCP_H

#include "packet/decode_internal.h"

#define TCP_HEADER_BYTES 20
#define TCP_KIND_BYTES   6  /* of the payload: up to the type of a TLS handshake message */
#define TCP_FIELDS_BYTES 16 /* up to the window; checksum and urgent pointer are not used */

/* NOP, NOP, timestamps of 10 bytes: what nearly every segment after the handshake carries. */
#define TCP_OPTIONS_TIMESTAMPS 0x0101080au

static inline uint32_t tcp_header_bytes(const uint8_t *tcp)
{
    return (uint32_t)(tcp[12] >> 4) * 4;
}

/* enum payload_kind of a segment. Whether there is payload, and whether it is TLS, is a toss-up
 * from packet to packet, so only what may be HTTP, or too short to tell at once, takes a branch. */
static inline unsigned tcp_kind(const uint8_t *tcp, uint32_t captured, uint32_t header_bytes,
                                uint32_t payload_bytes)
{
    static const uint8_t nothing[TCP_KIND_BYTES];
    uint32_t seen = (captured - header_bytes) & (0 - (uint32_t)(captured > header_bytes));
    const uint8_t *const places[2] = {nothing, tcp + (captured - seen)};
    const uint8_t *payload = places[seen >= TCP_KIND_BYTES];
    unsigned first = payload[0];
    if (first - 'C' <= 'T' - 'C' || seen - 1 < TCP_KIND_BYTES - 1)
        return payload_bytes == 0 ? PAYLOAD_NONE : tcp_payload_kind(tcp + (captured - seen), seen);
    unsigned tls = (first - 20 <= 4) & (payload[1] == 3) & (payload[2] <= 4);
    unsigned kind = tls ? PAYLOAD_TLS : PAYLOAD_OTHER;
    kind = (tls & (first == 22) & (payload[5] == 1)) ? PAYLOAD_TLS_HELLO : kind;
    kind = (tls & (first == 21)) ? PAYLOAD_TLS_ALERT : kind;
    kind = seen == 0 ? PAYLOAD_UNSEEN : kind;
    return payload_bytes == 0 ? PAYLOAD_NONE : kind;
}

/* Fills in what the TCP header says. captured >= TCP_FIELDS_BYTES; header_bytes <= wire. */
static inline void tcp_fill(struct segment *segment, const uint8_t *tcp, uint32_t captured,
                            uint32_t wire, uint32_t header_bytes)
{
    uint32_t ports = load_be32(tcp), flags_window = load_be32(tcp + 12);
    segment->src_port = (uint16_t)(ports >> 16);
    segment->dst_port = (uint16_t)ports;
    segment->seq = load_be32(tcp + 4);
    segment->ack = load_be32(tcp + 8);
    segment->flags = flags_window >> 16 & 0x0fff;
    segment->window = (uint16_t)flags_window;
    segment->payload_bytes = wire - header_bytes;
    segment->mss = 0;
    segment->wscale = 0;
    segment->mptcp_reason = 0;
    segment->mptcp_flags = 0;
    segment->rst_payload = 0;
    /* With or without the timestamps is a toss-up, so there is no branch for it: */
    static const uint8_t no_options[12];
    unsigned fits = (header_bytes == 32) & (captured >= 32);
    const uint8_t *const places[2] = {no_options, tcp + fits * TCP_HEADER_BYTES};
    const uint8_t *options = places[fits];
    uint32_t timed = load_be32(options) == TCP_OPTIONS_TIMESTAMPS, mask = 0 - timed;
    segment->options = (uint8_t)(timed * OPTION_TIMESTAMPS);
    segment->tsval = load_be32(options + 4) & mask;
    segment->tsecr = load_be32(options + 8) & mask;
    if (header_bytes > TCP_HEADER_BYTES && !timed) {
        bool cut = captured < header_bytes;
        uint32_t seen = cut ? captured : header_bytes;
        options_decode(segment, tcp + TCP_HEADER_BYTES,
                       seen > TCP_HEADER_BYTES ? seen - TCP_HEADER_BYTES : 0, cut);
    }
    segment->payload_kind = (uint8_t)tcp_kind(tcp, captured, header_bytes, segment->payload_bytes);
}

#endif
