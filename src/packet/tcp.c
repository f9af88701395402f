#include "packet/tcp.h"

#include "packet/key.h"

/* A TLS handshake record may be a ClientHello, these letters may begin HTTP. */
const uint8_t tcp_kinds[256] = {
    [0 ... 19] = PAYLOAD_OTHER,   [20] = PAYLOAD_TLS,
    [21] = PAYLOAD_TLS_ALERT,     [22] = TCP_KIND_ASK,
    [23 ... 24] = PAYLOAD_TLS,    [25 ... 'B'] = PAYLOAD_OTHER,
    ['C' ... 'D'] = TCP_KIND_ASK, ['E' ... 'F'] = PAYLOAD_OTHER,
    ['G' ... 'H'] = TCP_KIND_ASK, ['I' ... 'N'] = PAYLOAD_OTHER,
    ['O' ... 'P'] = TCP_KIND_ASK, ['Q' ... 'S'] = PAYLOAD_OTHER,
    ['T'] = TCP_KIND_ASK,         ['U' ... 255] = PAYLOAD_OTHER,
};

/* Longest first four bytes would be ambiguous, so the whole method is compared where captured. */
static bool tcp_is_http_request(const uint8_t *payload, uint32_t captured)
{
    static const struct {
        char text[9];
        uint8_t length;
    } methods[] = {
        {"GET ", 4},     {"POST ", 5},   {"HEAD ", 5},  {"PUT ", 4},   {"OPTIONS ", 8},
        {"CONNECT ", 8}, {"DELETE ", 7}, {"PATCH ", 6}, {"TRACE ", 6}, {"PRI * ", 6},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (methods[i].text[0] != payload[0])
            continue;
        uint32_t length = captured < methods[i].length ? captured : methods[i].length;
        if (length >= 3 && memcmp(payload, methods[i].text, length) == 0)
            return true;
    }
    return false;
}

uint8_t tcp_payload_kind(const uint8_t *payload, uint32_t captured, uint32_t payload_bytes)
{
    if (captured == 0)
        return payload_bytes == 0 ? PAYLOAD_NONE : PAYLOAD_UNSEEN;
    uint8_t first = payload[0];
    if (first >= 20 && first <= 24) {
        if (captured < 3 || payload[1] != 3 || payload[2] > 4)
            return PAYLOAD_OTHER;
        if (first == 21)
            return PAYLOAD_TLS_ALERT;
        return first == 22 && captured > 5 && payload[5] == 1 ? PAYLOAD_TLS_HELLO : PAYLOAD_TLS;
    }
    if (first < 'C' || first > 'T')
        return PAYLOAD_OTHER;
    if (first == 'H' && captured >= 5 && memcmp(payload, "HTTP/", 5) == 0)
        return PAYLOAD_HTTP_RESPONSE;
    return tcp_is_http_request(payload, captured) ? PAYLOAD_HTTP_REQUEST : PAYLOAD_OTHER;
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
        tcp_payload_kind(state->payload.bytes, state->payload.captured, segment->payload_bytes);
    return DECODE_TCP;
}
