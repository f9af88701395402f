#include "packet/decode.h"

#include <check.h>

#include "suite.h"
#include "test_packet_frames.h"

static const struct decode_key test_key = {
    {0x0123456789abcdef, 0x23456789abcdef01, 0x456789abcdef0123, 0x6789abcdef012345}};

struct decoded {
    int result;
    struct segment segment;
    uint8_t payload[256];
    uint32_t payload_caplen;
};

/* Decodes from a heap copy of exactly the captured size, so that a sanitizer sees any byte read
 * beyond it. */
static struct decoded decode(uint16_t link_type, const uint8_t *bytes, uint32_t caplen,
                             uint32_t wirelen)
{
    struct decoded decoded = {0};
    uint8_t *copy = malloc(caplen > 0 ? caplen : 1);
    const uint8_t *payload = NULL;
    struct whyrst_packet packet = {.bytes = copy,
                                   .caplen = caplen,
                                   .wirelen = wirelen,
                                   .time_nsec = 77,
                                   .frame_no = 5,
                                   .link_type = link_type,
                                   .input = 3};
    memset(&decoded.segment, 0xee, sizeof decoded.segment); /* nothing may rely on zeros */
    memcpy(copy, bytes, caplen);
    decoded.result =
        decode_packet(&test_key, &packet, &decoded.segment, &payload, &decoded.payload_caplen);
    if (decoded.result == -1) {
        ck_assert_uint_le(decoded.payload_caplen, sizeof decoded.payload);
        memcpy(decoded.payload, payload, decoded.payload_caplen);
    }
    free(copy);
    return decoded;
}

static const struct {
    uint16_t link_type;
    uint8_t marks; /* besides those of TOS and flow label, which all have */
    const char *layers;
} tcp_frames[] = {
    {1, MARK_DF, "eth ip4 tcp"},
    {1, MARK_DF, "eth ip4 tcp-ts"},
    {1, MARK_DF, "eth ip4-options tcp-ts"},
    {1, MARK_IPV6, "eth ip6 tcp"},
    {1, MARK_DF, "eth vlan ip4 tcp"},
    {1, MARK_DF, "eth vlan ip4 tcp-ts"},
    {1, MARK_DF, "eth stag vlan ip4 tcp"},
    {1, MARK_IPV6, "eth 9100 stag vlan vlan vlan vlan ip6 tcp-ts"},
    {1, MARK_DF, "eth cmd ip4 tcp"},
    {1, MARK_DF, "eth802.3 snap ip4 tcp"},
    {1, MARK_DF, "eth802.3 snap vlan ip4 tcp"},
    {1, MARK_DF, "eth802.3 llc ip4 tcp"},
    {1, MARK_DF, "eth802.3 bridged eth ip4 tcp"},
    {1, MARK_DF, "eth mpls ip4 tcp"},
    {1, MARK_IPV6, "eth mpls2 ip6 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth mpls control-word eth ip4 tcp"},
    {1, MARK_DF, "eth pppoe ip4 tcp"},
    {1, MARK_IPV6, "eth vlan pppoe ip6 tcp"},
    {113, MARK_DF, "sll ip4 tcp"},
    {113, MARK_IPV6, "sll vlan ip6 tcp"},
    {276, MARK_DF, "sll2 ip4 tcp"},
    {276, MARK_IPV6, "sll2 ip6 tcp-ts"},
    {101, MARK_DF, "ip4 tcp"},
    {101, MARK_IPV6, "ip6 tcp"},
    {12, MARK_DF, "ip4 tcp"},
    {14, MARK_DF, "ip4 tcp"},
    {228, MARK_DF, "ip4 tcp"},
    {229, MARK_IPV6, "ip6 tcp"},
    {0, MARK_DF, "null2 ip4 tcp"},
    {0, MARK_IPV6, "null30 ip6 tcp"},
    {108, MARK_IPV6, "loop24 ip6 tcp"},
    {9, MARK_DF, "ppp ip4 tcp"},
    {9, MARK_DF, "ppp-bare ip4 tcp"},
    {50, MARK_DF, "chdlc ip4 tcp"},
    {50, MARK_IPV6, "ppp ip6 tcp"},
    {51, MARK_DF, "pppoe ip4 tcp"},
    {104, MARK_IPV6, "chdlc ip6 tcp"},
    {104, MARK_DF, "chdlc mpls ip4 tcp"},
    {239, MARK_DF, "nflog ip4 tcp"},
    {239, MARK_IPV6, "nflog ip6 tcp"},
    {105, MARK_DF, "wlan snap ip4 tcp"},
    {105, MARK_IPV6, "wlan-qos4 snap ip6 tcp"},
    {105, MARK_DF, "wlan-order snap ip4 tcp"},
    {127, MARK_DF, "radiotap wlan snap ip4 tcp"},
    {127, MARK_DF, "radiotap-pad wlan-padded snap ip4 tcp"},
    {1, MARK_IPV6, "eth ip6 hop-by-hop tcp"},
    {1, MARK_IPV6, "eth ip6 hop-by-hop routing fragment ah destination tcp-ts"},
    {1, MARK_DF, "eth ip4 ah tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 ip4 tcp"},
    {1, MARK_IPV6 | MARK_TUNNELLED, "eth ip4 ip6 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip6 ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 mpls ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 etherip eth ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 gre ip4 tcp"},
    {1, MARK_IPV6 | MARK_TUNNELLED, "eth ip4 gre-ksc ip6 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 gre-routing ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip6 gre eth vlan ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 wccp ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 pptp ppp ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 erspan1 eth ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 erspan2 eth vlan ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 erspan3 eth ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 erspan3-platform eth ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 vxlan eth ip4 tcp"},
    {1, MARK_IPV6 | MARK_TUNNELLED, "eth ip6 vxlan eth ip6 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 vxlan-gpe eth ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 geneve eth ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 geneve ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 gtp ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 gtp eth ip4 tcp"},
    {1, MARK_IPV6 | MARK_TUNNELLED, "eth ip4 gtp-extended ip6 tcp"},
    {1, MARK_IPV6 | MARK_TUNNELLED, "eth ip4 teredo ip6 tcp"},
    {1, MARK_IPV6 | MARK_TUNNELLED, "eth ip4 teredo-both ip6 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 l2tp ppp ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 lisp ip4 tcp"},
    {1, MARK_DF | MARK_TUNNELLED, "eth ip4 vxlan eth ip4 gre ip4 ip4 tcp"},
};

static void assert_segment(const struct decoded *decoded, uint8_t marks, bool timestamps)
{
    static const uint8_t ip4[2][16] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
    static const uint8_t ip6[2][16] = {{0x20, 1, [15] = 1}, {0x20, 1, [15] = 2}};
    const struct segment *segment = &decoded->segment;
    bool is_ipv6 = marks & MARK_IPV6;
    ck_assert_uint_eq(segment->marks, marks | MARK_DSCP | (is_ipv6 ? MARK_LABEL : 0));
    unsigned source = segment_side(segment);
    ck_assert_mem_eq(segment->address[source], is_ipv6 ? ip6[0] : ip4[0], 16);
    ck_assert_mem_eq(segment->address[!source], is_ipv6 ? ip6[1] : ip4[1], 16);
    ck_assert_uint_eq(segment->ip_id, is_ipv6 ? 0 : 0x1234);
    ck_assert_uint_eq(segment->ttl, is_ipv6 ? 59 : 61);
    ck_assert_uint_eq(segment->port[source], 12345);
    ck_assert_uint_eq(segment->port[!source], 80);
    ck_assert_uint_eq(segment->seq, 0x01020304);
    ck_assert_uint_eq(segment->ack, 0x05060708);
    ck_assert_uint_eq(segment->flags, TCP_PSH | TCP_ACK);
    ck_assert_uint_eq(segment->window, 512);
    ck_assert_uint_eq(segment->payload_bytes, 5);
    ck_assert_uint_eq(segment->options, timestamps ? OPTION_TIMESTAMPS : 0);
    ck_assert_uint_eq(segment->tsval, timestamps ? 256 : 0);
    ck_assert_uint_eq(segment->mss | segment->wscale | segment->rst_payload, 0);
    ck_assert_uint_eq(segment->mptcp_flags | segment->mptcp_reason, 0);
    ck_assert_int_eq(segment->time_nsec, 77);
    ck_assert_uint_eq(segment_frame_no(segment), 5);
    ck_assert_uint_eq(segment->input, 3);
}

START_TEST(every_encapsulation)
{
    struct frame frame;
    frame_build(&frame, tcp_frames[_i].layers);
    struct decoded decoded = decode(tcp_frames[_i].link_type, frame.bytes, frame.size, frame.size);
    ck_assert_msg(decoded.result == -1, "%s: %d", tcp_frames[_i].layers, decoded.result);
    assert_segment(&decoded, tcp_frames[_i].marks, strstr(tcp_frames[_i].layers, "tcp-ts"));
    ck_assert_uint_eq(decoded.segment.payload_kind, PAYLOAD_OTHER);
    ck_assert_uint_eq(decoded.payload_caplen, 5);
    ck_assert_mem_eq(decoded.payload, "hello", 5);
}
END_TEST

/* Ethernet pads short frames; the lengths inside do not count that. */
START_TEST(every_encapsulation_padded)
{
    struct frame frame;
    uint8_t padded[FRAME_ROOM + 30] = {0};
    frame_build(&frame, tcp_frames[_i].layers);
    memcpy(padded, frame.bytes, frame.size);
    struct decoded decoded =
        decode(tcp_frames[_i].link_type, padded, frame.size + 30, frame.size + 30);
    ck_assert_int_eq(decoded.result, -1);
    assert_segment(&decoded, tcp_frames[_i].marks, strstr(tcp_frames[_i].layers, "tcp-ts"));
    ck_assert_uint_eq(decoded.payload_caplen, 5);
}
END_TEST

/* Cut at any byte: a segment as soon as the fields up to the window are there, always with the
 * length that was on the wire, and a reason otherwise. */
START_TEST(every_prefix)
{
    struct frame frame;
    frame_build(&frame, tcp_frames[_i].layers);
    bool timestamps = strstr(tcp_frames[_i].layers, "tcp-ts");
    uint32_t tcp_at = frame.size - frame.behind_tcp;
    uint32_t payload_at = frame.size - 5;
    for (uint32_t caplen = 0; caplen < frame.size; caplen++) {
        struct decoded decoded = decode(tcp_frames[_i].link_type, frame.bytes, caplen, frame.size);
        if (caplen < tcp_at + 16) {
            ck_assert_msg(decoded.result == WHYRST_CUT ||
                              (decoded.result == WHYRST_NOT_TCP && caplen < tcp_at),
                          "%s cut at %u: %d", tcp_frames[_i].layers, caplen, decoded.result);
            continue;
        }
        ck_assert_msg(decoded.result == -1, "%s cut at %u", tcp_frames[_i].layers, caplen);
        bool options_cut = timestamps && caplen < payload_at;
        assert_segment(&decoded, tcp_frames[_i].marks | (options_cut ? MARK_OPTIONS_CUT : 0),
                       timestamps && !options_cut);
        ck_assert_uint_eq(decoded.payload_caplen, caplen > payload_at ? caplen - payload_at : 0);
        ck_assert_uint_eq(decoded.segment.payload_kind,
                          caplen > payload_at ? PAYLOAD_OTHER : PAYLOAD_UNSEEN);
    }
}
END_TEST

static const struct {
    uint16_t link_type;
    int result;
    const char *layers;
} other_frames[] = {
    {1, WHYRST_NOT_TCP, "eth ip4 dns tcp"},
    {1, WHYRST_NOT_TCP, "eth ip4 gtp-echo ip4 tcp"},
    {1, WHYRST_UNKNOWN_PROTOCOL, "eth ip4 vxlan-linux eth ip4 tcp"},
    {999, WHYRST_UNKNOWN_LINK, "eth ip4 tcp"},
    {1, WHYRST_UNKNOWN_PROTOCOL, "eth vlan vlan vlan vlan vlan vlan vlan vlan vlan ip4 tcp"},
    {1, WHYRST_UNKNOWN_PROTOCOL,
     "eth ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 tcp"},
};

START_TEST(no_segment)
{
    struct frame frame;
    frame_build(&frame, other_frames[_i].layers);
    struct decoded decoded =
        decode(other_frames[_i].link_type, frame.bytes, frame.size, frame.size);
    ck_assert_msg(decoded.result == other_frames[_i].result, "%s: %d", other_frames[_i].layers,
                  decoded.result);
}
END_TEST

/* Changes of one or two bytes in a plain frame; offsets from the IP header. */
static const struct {
    const char *layers, *what;
    int result;
    uint8_t offset, count, bytes[2];
} damaged_frames[] = {
    {"eth ip4 tcp", "version 5", WHYRST_MALFORMED, 0, 1, {0x55}},
    {"eth ip4 tcp", "header of 16 bytes", WHYRST_MALFORMED, 0, 1, {0x44}},
    {"eth ip4 tcp", "total length 19", WHYRST_MALFORMED, 2, 2, {0, 19}},
    {"eth ip4 tcp", "total length inside the TCP header", WHYRST_MALFORMED, 2, 2, {0, 39}},
    {"eth ip4 tcp", "another protocol", WHYRST_NOT_TCP, 9, 1, {1}},
    {"eth ip4 tcp", "encrypted", WHYRST_UNKNOWN_PROTOCOL, 9, 1, {50}},
    {"eth ip4 tcp", "later fragment", WHYRST_FRAGMENT, 6, 2, {0x20, 5}},
    {"eth ip4 tcp", "last fragment", WHYRST_FRAGMENT, 6, 2, {0x00, 5}},
    {"eth ip4 tcp", "data offset 16", WHYRST_MALFORMED, 32, 1, {0x40}},
    {"eth ip4 tcp", "data offset beyond the end", WHYRST_MALFORMED, 32, 1, {0xf0}},
    {"eth ip6 tcp", "no next header", WHYRST_NOT_TCP, 6, 1, {59}},
    {"eth ip6 fragment tcp", "later fragment", WHYRST_FRAGMENT, 42, 2, {0, 8}},
    {"eth ip6 tcp", "payload length inside the TCP header", WHYRST_MALFORMED, 4, 2, {0, 19}},
    {"eth ip6 hop-by-hop tcp", "extension beyond the end", WHYRST_MALFORMED, 41, 1, {9}},
};

START_TEST(damaged)
{
    struct frame frame;
    frame_build(&frame, damaged_frames[_i].layers);
    memcpy(frame.bytes + 14 + damaged_frames[_i].offset, damaged_frames[_i].bytes,
           damaged_frames[_i].count);
    struct decoded decoded = decode(1, frame.bytes, frame.size, frame.size);
    ck_assert_msg(decoded.result == damaged_frames[_i].result, "%s: %d", damaged_frames[_i].what,
                  decoded.result);
}
END_TEST

/* Segmentation offload leaves the length fields zero: the packet goes to the end of the frame. */
START_TEST(offload_lengths)
{
    struct frame frame;
    frame_build(&frame, "eth ip4 tcp");
    memset(frame.bytes + 16, 0, 2);
    struct decoded decoded = decode(1, frame.bytes, frame.size, frame.size + 70000);
    ck_assert_int_eq(decoded.result, -1);
    ck_assert_uint_eq(decoded.segment.payload_bytes, 70005);
    frame_build(&frame, "eth ip6 tcp");
    memset(frame.bytes + 18, 0, 2);
    decoded = decode(1, frame.bytes, frame.size, frame.size + 70000);
    ck_assert_int_eq(decoded.result, -1);
    ck_assert_uint_eq(decoded.segment.payload_bytes, 70005);
}
END_TEST

/* Capture programs that cut a packet and forget what it was: the IP header still knows. */
START_TEST(wire_length_lost)
{
    struct frame frame;
    frame_build(&frame, "eth ip4 tcp");
    struct decoded decoded = decode(1, frame.bytes, frame.size - 3, frame.size - 3);
    ck_assert_int_eq(decoded.result, -1);
    ck_assert_uint_eq(decoded.segment.payload_bytes, 5);
    ck_assert_uint_eq(decoded.payload_caplen, 2);
    decoded = decode(1, frame.bytes, frame.size, 0); /* shorter than what was captured */
    ck_assert_int_eq(decoded.result, -1);
    ck_assert_uint_eq(decoded.payload_caplen, 5);
}
END_TEST

START_TEST(first_fragment)
{
    struct frame frame;
    frame_build(&frame, "eth ip4 tcp");
    frame.bytes[20] = 0x20;
    struct decoded decoded = decode(1, frame.bytes, frame.size, frame.size);
    ck_assert_int_eq(decoded.result, -1);
    ck_assert_uint_eq(decoded.segment.marks, MARK_FRAGMENT | MARK_DSCP);
    ck_assert_uint_eq(decoded.segment.payload_bytes, 5);
    frame.bytes[17] = 36; /* the fragment ends inside the TCP header */
    decoded = decode(1, frame.bytes, frame.size, frame.size);
    ck_assert_int_eq(decoded.result, WHYRST_FRAGMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packet");
    TCase *tcase = tcase_create("decode");
    int tcp_count = sizeof tcp_frames / sizeof tcp_frames[0];
    tcase_add_loop_test(tcase, every_encapsulation, 0, tcp_count);
    tcase_add_loop_test(tcase, every_encapsulation_padded, 0, tcp_count);
    tcase_add_loop_test(tcase, every_prefix, 0, tcp_count);
    tcase_add_loop_test(tcase, no_segment, 0, sizeof other_frames / sizeof other_frames[0]);
    tcase_add_loop_test(tcase, damaged, 0, sizeof damaged_frames / sizeof damaged_frames[0]);
    tcase_add_test(tcase, offload_lengths);
    tcase_add_test(tcase, wire_length_lost);
    tcase_add_test(tcase, first_fragment);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
