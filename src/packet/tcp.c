#include "packet/tcp.h"

#include "packet/key.h"

#define TEXT(a, b, c, d, e, f, g, h)                                                               \
    ((uint64_t)(a) << 56 | (uint64_t)(b) << 48 | (uint64_t)(c) << 40 | (uint64_t)(d) << 32 |       \
     (uint64_t)(e) << 24 | (uint64_t)(f) << 16 | (uint64_t)(g) << 8 | (uint64_t)(h))
#define PLACE(a, b)                   [TCP_START_PLACE((a) << 8 | (b))]
#define MASK(length)                  (UINT64_MAX << (64 - 8 * (length)))
#define KIND(kind)                    (PAYLOAD_OTHER - (kind))
#define TLS(type)                     TEXT(type, 3, 0, 0, 0, 0, 0, 0), MASK(3), TEXT(0, 0, 4, 0, 0, 0, 0, 0)
#define REQUEST                       KIND(PAYLOAD_HTTP_REQUEST), false, 3
#define RECORD(type, kind, handshake) PLACE(type, 3) = {TLS(type), KIND(kind), handshake, 3}
#define METHOD(a, b, c, d, e, f, g, h, length)                                                     \
    PLACE(a, b) = {TEXT(a, b, c, d, e, f, g, h), MASK(length), 0, REQUEST}

/* TLS records have a version from 3.0 to 3.4; an HTTP method is told with the space behind it. What
 * is in no place here is PAYLOAD_OTHER. */
const struct tcp_start tcp_starts[TCP_STARTS] = {
    RECORD(20, PAYLOAD_TLS, false),
    RECORD(21, PAYLOAD_TLS_ALERT, false),
    RECORD(22, PAYLOAD_TLS, true),
    RECORD(23, PAYLOAD_TLS, false),
    RECORD(24, PAYLOAD_TLS, false),
    METHOD('G', 'E', 'T', ' ', 0, 0, 0, 0, 4),
    METHOD('P', 'U', 'T', ' ', 0, 0, 0, 0, 4),
    METHOD('P', 'O', 'S', 'T', ' ', 0, 0, 0, 5),
    METHOD('H', 'E', 'A', 'D', ' ', 0, 0, 0, 5),
    METHOD('P', 'A', 'T', 'C', 'H', ' ', 0, 0, 6),
    METHOD('T', 'R', 'A', 'C', 'E', ' ', 0, 0, 6),
    METHOD('P', 'R', 'I', ' ', '*', ' ', 0, 0, 6),
    METHOD('D', 'E', 'L', 'E', 'T', 'E', ' ', 0, 7),
    METHOD('O', 'P', 'T', 'I', 'O', 'N', 'S', ' ', 8),
    METHOD('C', 'O', 'N', 'N', 'E', 'C', 'T', ' ', 8),
    PLACE('H', 'T') = {TEXT('H', 'T', 'T', 'P', '/', 0, 0, 0), MASK(5), 0,
                       KIND(PAYLOAD_HTTP_RESPONSE), false, 5},
};

uint8_t tcp_short_kind(const uint8_t *payload, uint32_t captured)
{
    uint8_t begins[TCP_START_BYTES] = {0};
    memcpy(begins, payload, captured);
    uint64_t bytes = load_be64(begins);
    bool enough = captured >= tcp_starts[TCP_START_PLACE(bytes >> 48)].least;
    return enough ? tcp_start_kind(bytes, MASK(captured)) : PAYLOAD_OTHER;
}

int tcp_decode(struct decode_state *state, struct slice slice)
{
    struct segment *segment = state->segment;
    bool fragment = segment->marks & MARK_FRAGMENT;
    if (slice.wire < TCP_HEADER_BYTES)
        return fragment ? WHYRST_FRAGMENT : WHYRST_MALFORMED;
    if (slice.captured < TCP_FIELDS_BYTES)
        return WHYRST_CUT;
    uint32_t header_bytes = tcp_header_bytes(slice.bytes);
    if (header_bytes < TCP_HEADER_BYTES || header_bytes > slice.wire)
        return WHYRST_MALFORMED;
    uint32_t header_captured = slice.captured < header_bytes ? slice.captured : header_bytes;
    state->payload = (struct slice){slice.bytes + header_captured, slice.captured - header_captured,
                                    slice.wire - header_bytes};
    if (segment->marks & MARK_IPV6)
        key_set_ipv6(segment, state->key, state->addresses, slice.bytes);
    else
        key_set_ipv4(segment, state->key, state->addresses, slice.bytes);
    tcp_fill(segment, slice.bytes, state->payload.wire);
    segment->options = 0;
    segment->tsval = 0;
    if (header_bytes > TCP_HEADER_BYTES)
        options_decode(segment, slice.bytes + TCP_HEADER_BYTES,
                       header_captured > TCP_HEADER_BYTES ? header_captured - TCP_HEADER_BYTES : 0,
                       header_captured < header_bytes);
    segment->payload_kind =
        tcp_kind(slice.bytes, header_bytes, state->payload.captured, segment->payload_bytes);
    return DECODE_TCP;
}
