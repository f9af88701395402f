#include "packet/tcp.h"

#include "packet/key.h"

#define TEXT(a, b, c, d, e, f, g, h)                                                               \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |              \
     (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)
#define PLACE(a, b)  [TCP_START_PLACE((a) | (b) << 8)]
#define MASK(length) (UINT64_MAX >> (64 - 8 * (length)))
#define RECORD(type) .text = TEXT(type, 3, 0, 0, 0, 0, 0, 0), .mask = 0xf8ffff
#define KIND(kind_)  .below_other = PAYLOAD_OTHER - (kind_)
#define METHOD(a, b, c, d, e, f, g, h, length)                                                     \
    PLACE(a, b) = {TEXT(a, b, c, d, e, f, g, h), MASK(length), KIND(PAYLOAD_HTTP_REQUEST)}

/* TLS records have a version from 3.0 to 3.7, of which 3.4 is the last so far; an HTTP method is
 * told with the space behind it. What is in no place here is PAYLOAD_OTHER. */
const struct tcp_start tcp_starts[TCP_STARTS] = {
    PLACE(20, 3) = {RECORD(20), KIND(PAYLOAD_TLS)},
    PLACE(21, 3) = {RECORD(21), KIND(PAYLOAD_TLS_ALERT)},
    PLACE(22, 3) = {RECORD(22), KIND(PAYLOAD_TLS), .handshake = true},
    PLACE(23, 3) = {RECORD(23), KIND(PAYLOAD_TLS)},
    PLACE(24, 3) = {RECORD(24), KIND(PAYLOAD_TLS)},
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
    PLACE('H', 'T') = {TEXT('H', 'T', 'T', 'P', '/', 0, 0, 0), MASK(5),
                       KIND(PAYLOAD_HTTP_RESPONSE)},
};

uint8_t tcp_short_kind(const uint8_t *payload, uint32_t captured)
{
    uint8_t bytes[TCP_START_BYTES] = {0};
    memcpy(bytes, payload, captured);
    return captured < 3 ? PAYLOAD_OTHER : tcp_start_kind(load_le64(bytes), MASK(captured));
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
    segment->payload_kind = tcp_kind(slice.bytes, header_bytes, state->payload.captured);
    return DECODE_TCP;
}
