#include "suite.h"
#include "test_packet_decode.h"

static const struct {
    const char *bytes;
    uint8_t size;
    uint8_t kind;
} payloads[] = {
    {"\x15\x03\x03\x00\x02\x02\x28", 7, PAYLOAD_TLS_ALERT},
    {"\x16\x03\x01\x02\x00\x01", 6, PAYLOAD_TLS_HELLO},
    {"\x16\x03\x03\x02\x00\x02", 6, PAYLOAD_TLS},
    {"\x16\x03\x03", 3, PAYLOAD_TLS},
    {"\x17\x03\x03\x00\x20\x00", 6, PAYLOAD_TLS},
    {"\x14\x03\x03\x00\x01\x01", 6, PAYLOAD_TLS},
    {"\x18\x03\x03\x00\x01\x01", 6, PAYLOAD_TLS},
    {"\x15\x03\x05\x00\x02\x02\x28", 7, PAYLOAD_OTHER},
    {"\x15\x04\x03\x00\x02\x02\x28", 7, PAYLOAD_OTHER},
    {"\x15\x03", 2, PAYLOAD_OTHER},
    {"\x19\x03\x03", 3, PAYLOAD_OTHER},
    {"GET / HTTP/1.1", 14, PAYLOAD_HTTP_REQUEST},
    {"POST /x", 7, PAYLOAD_HTTP_REQUEST},
    {"PUT /x", 6, PAYLOAD_HTTP_REQUEST},
    {"HEAD /", 6, PAYLOAD_HTTP_REQUEST},
    {"OPTIONS *", 9, PAYLOAD_HTTP_REQUEST},
    {"CONNECT a:1", 11, PAYLOAD_HTTP_REQUEST},
    {"DELETE /x", 9, PAYLOAD_HTTP_REQUEST},
    {"PATCH /x", 8, PAYLOAD_HTTP_REQUEST},
    {"TRACE /x", 8, PAYLOAD_HTTP_REQUEST},
    {"PRI * HTTP/2.0", 14, PAYLOAD_HTTP_REQUEST},
    {"CONNECTED", 9, PAYLOAD_OTHER},
    {"GETTING", 7, PAYLOAD_OTHER},
    {"G", 1, PAYLOAD_OTHER},
    {"HTTP/1.1 200", 12, PAYLOAD_HTTP_RESPONSE},
    {"HTTPS", 5, PAYLOAD_OTHER},
    {"SSH-2.0", 7, PAYLOAD_OTHER},
    {"\0\0\0\0", 4, PAYLOAD_OTHER},
};

static void frame_with_payload(struct frame *frame, const char *bytes, size_t size, uint8_t flags)
{
    memset(frame, 0, sizeof *frame);
    frame->bytes = frame->room + sizeof frame->room;
    if (size > 0)
        frame_put(frame, bytes, size);
    FRAME_PUT(frame, 0x30, 0x39, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, flags, 2, 0, ZERO4);
    frame->protocol = 6;
    frame_ip4(frame, 0);
    frame_layer(frame, "eth");
}

START_TEST(payload_kinds)
{
    struct frame frame;
    frame_with_payload(&frame, payloads[_i].bytes, payloads[_i].size, TCP_ACK);
    struct segment segment = decode_frame(&frame);
    ck_assert_uint_eq(segment.payload_kind, payloads[_i].kind);
    ck_assert_uint_eq(segment.payload_bytes, payloads[_i].size);
}
END_TEST

/* What comes behind makes no difference where there is enough to tell. */
START_TEST(payload_kinds_of_longer)
{
    if (payloads[_i].size < 3)
        return;
    char bytes[32];
    memset(bytes, 0x7f, sizeof bytes);
    memcpy(bytes, payloads[_i].bytes, payloads[_i].size);
    struct frame frame;
    frame_with_payload(&frame, bytes, sizeof bytes, TCP_ACK);
    ck_assert_uint_eq(decode_frame(&frame).payload_kind, payloads[_i].kind);
}
END_TEST

/* Three bytes are enough for a method, but not two, and not four for a response. */
START_TEST(payload_kinds_of_a_beginning)
{
    const struct {
        const char *bytes;
        uint8_t kind;
    } beginnings[] = {{"DEL", PAYLOAD_HTTP_REQUEST},
                      {"HTTP", PAYLOAD_OTHER},
                      {"HTTP/", PAYLOAD_HTTP_RESPONSE},
                      {"DE", PAYLOAD_OTHER},
                      {"DEX", PAYLOAD_OTHER}};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        struct frame frame;
        frame_with_payload(&frame, beginnings[i].bytes, strlen(beginnings[i].bytes), TCP_ACK);
        ck_assert_uint_eq(decode_frame(&frame).payload_kind, beginnings[i].kind);
    }
}
END_TEST

START_TEST(no_payload)
{
    struct frame frame;
    frame_with_payload(&frame, "", 0, TCP_ACK);
    struct segment segment = decode_frame(&frame);
    ck_assert_uint_eq(segment.payload_kind, PAYLOAD_NONE);
    ck_assert_uint_eq(segment.payload_bytes, 0);
}
END_TEST

/* Swaps addresses and ports of a frame that frame_build made of "eth ip4 tcp" or "eth ip6 tcp". */
static void frame_turn(struct frame *frame, bool ipv6)
{
    uint8_t *ends[2] = {frame->bytes + (ipv6 ? 22 : 26), frame->bytes + (ipv6 ? 54 : 34)};
    size_t widths[2] = {ipv6 ? 16 : 4, 2};
    for (int i = 0; i < 2; i++)
        for (size_t j = 0; j < widths[i]; j++) {
            uint8_t kept = ends[i][j];
            ends[i][j] = ends[i][j + widths[i]];
            ends[i][j + widths[i]] = kept;
        }
}

START_TEST(hash_is_symmetric)
{
    bool ipv6 = _i == 1;
    struct frame frame;
    frame_build(&frame, ipv6 ? "eth ip6 tcp" : "eth ip4 tcp");
    struct segment forward = decode_frame(&frame);
    frame_turn(&frame, ipv6);
    struct segment backward = decode_frame(&frame);
    ck_assert_uint_eq(forward.tag, backward.tag);
    ck_assert_mem_eq(forward.address, backward.address, sizeof forward.address);
    ck_assert_mem_eq(forward.port, backward.port, sizeof forward.port);
    ck_assert_uint_eq(segment_side(&forward), 0); /* .1 is lower than .2 */
    ck_assert_uint_eq(segment_side(&backward), 1);
}
END_TEST

START_TEST(hash_ignores_encapsulation)
{
    static const char *const layers[] = {"eth vlan ip4 tcp", "eth ip4-options tcp-ts",
                                         "eth ip4 vxlan eth ip4 tcp"};
    struct frame frame;
    frame_build(&frame, "eth ip4 tcp");
    uint64_t plain = decode_frame(&frame).tag;
    frame_build(&frame, layers[_i]);
    ck_assert_uint_eq(decode_frame(&frame).tag, plain);
}
END_TEST

/* Equal addresses: the ports decide. Equal ends: not swapped. */
START_TEST(swapped_by_port)
{
    struct frame frame;
    frame_build(&frame, _i ? "eth ip6 tcp" : "eth ip4 tcp");
    if (_i)
        memcpy(frame.bytes + 38, frame.bytes + 22, 16);
    else
        memcpy(frame.bytes + 30, frame.bytes + 26, 4);
    struct segment segment = decode_frame(&frame); /* port 12345 to 80 */
    ck_assert_uint_eq(segment_side(&segment), 1);
    frame_turn(&frame, _i);
    struct segment backward = decode_frame(&frame);
    ck_assert_uint_eq(segment_side(&backward), 0);
    ck_assert_uint_eq(segment.tag, backward.tag);
    memcpy(frame.bytes + (_i ? 54 : 34), frame.bytes + (_i ? 56 : 36), 2);
    segment = decode_frame(&frame);
    ck_assert_uint_eq(segment_side(&segment), 0);
}
END_TEST

/* Every byte of addresses and ports, and every word of the secret, matters. */
START_TEST(hash_depends_on_everything)
{
    struct frame frame;
    frame_build(&frame, _i ? "eth ip6 tcp" : "eth ip4 tcp");
    uint64_t plain = decode_frame(&frame).tag;
    size_t at = _i ? 22 : 26, end = _i ? 58 : 38;
    for (; at < end; at++) {
        frame.bytes[at] ^= 0x40;
        ck_assert_uint_ne(decode_frame(&frame).tag, plain);
        frame.bytes[at] ^= 0x40;
    }
    for (int i = 0; i < 4; i++) {
        struct decode_key key = test_key;
        struct segment segment;
        const uint8_t *payload;
        uint32_t payload_caplen;
        struct whyrst_packet packet = packet_of(frame.bytes, frame.size);
        key.secret[i] ^= 1;
        ck_assert_int_eq(decode_packet(&key, &packet, &segment, &payload, &payload_caplen), -1);
        ck_assert_uint_ne(segment.tag, plain);
    }
}
END_TEST

/* 2^16 connections that differ in the address alone: as many collisions in each 16 bits of the
 * hash as chance gives (36.8 % of the slots stay empty, 24109 +- 100). */
START_TEST(hash_spreads)
{
    static uint8_t used[1 << 16];
    struct frame frame;
    struct segment segment;
    const uint8_t *payload;
    uint32_t payload_caplen;
    unsigned empty = 0;
    frame_build(&frame, "eth ip4 tcp");
    struct whyrst_packet packet = packet_of(frame.bytes, frame.size);
    memset(used, 0, sizeof used);
    for (unsigned i = 0; i < 1 << 16; i++) {
        frame.bytes[28] = (uint8_t)(i >> 8);
        frame.bytes[29] = (uint8_t)i;
        (void)decode_packet(&test_key, &packet, &segment, &payload, &payload_caplen);
        used[segment.tag >> _i * 16 & 0xffff] = 1;
    }
    for (unsigned i = 0; i < 1 << 16; i++)
        empty += !used[i];
    ck_assert_uint_ge(empty, 23500);
    ck_assert_uint_le(empty, 24700);
}
END_TEST

static struct segment_batch batch;
static const struct ahead nothing;

START_TEST(batch_keeps_order_and_counts)
{
    struct frame tcp, fragment, other;
    frame_build(&tcp, "eth ip4 tcp");
    frame_build(&fragment, "eth ip4 tcp");
    fragment.bytes[21] = 5;
    frame_build(&other, "eth ip4 dns tcp");
    struct whyrst_packet packets[] = {
        packet_of(tcp.bytes, tcp.size), packet_of(fragment.bytes, fragment.size),
        packet_of(other.bytes, other.size), packet_of(tcp.bytes, tcp.size),
        packet_of(tcp.bytes, tcp.size)};
    packets[0].time_nsec = 50;
    packets[1].time_nsec = 90;
    packets[2].time_nsec = 20;
    packets[3].time_nsec = 60;
    packets[3].frame_no = 4;
    packets[4].input = 1; /* another input: for the next batch */
    batch_clear(&batch);
    ck_assert_uint_eq(batch_decode(&batch, &test_key, packets, 5, nothing), 4);
    ck_assert_uint_eq(batch.packets, 4);
    ck_assert_uint_eq(batch.count, 2);
    ck_assert_uint_eq(batch.segments[0].frame, 1);
    ck_assert_uint_eq(batch.segments[1].frame, 4);
    ck_assert_int_eq(batch.segments[1].time_nsec, 60);
    ck_assert_uint_eq(batch.undecoded[WHYRST_FRAGMENT], 1);
    ck_assert_uint_eq(batch.undecoded[WHYRST_NOT_TCP], 1);
    ck_assert_int_eq(batch.first_time_nsec, 20);
    ck_assert_int_eq(batch.last_time_nsec, 90);
    ck_assert_uint_eq(batch_decode(&batch, &test_key, packets + 4, 1, nothing), 0);
    batch_clear(&batch);
    ck_assert_uint_eq(batch_decode(&batch, &test_key, packets + 4, 1, nothing), 1);
    ck_assert_uint_eq(batch.input, 1);
    ck_assert_uint_eq(batch.segments[0].input, 1);
    ck_assert_uint_eq(batch.undecoded[WHYRST_FRAGMENT], 0);
}
END_TEST

/* What is asked for ahead is as much as the packets took, each half in steps of its own. */
START_TEST(packets_to_come)
{
    static uint8_t bytes[128 * 1024];
    struct whyrst_packet packets[DECODE_BATCH];
    for (unsigned i = 0; i < DECODE_BATCH; i++) /* 1.5 lines each */
        packets[i] = (struct whyrst_packet){.bytes = bytes + 96 * i, .caplen = 80};
    const uintptr_t end = (uintptr_t)bytes + 96 * (DECODE_BATCH - 1) + 80;
    struct ahead ahead = ahead_of_packets(packets, DECODE_BATCH);
    ck_assert_uint_eq(ahead.at, end);
    ck_assert_uint_eq(ahead.bytes, 2 * AHEAD_LINE_BYTES);
    struct ahead rest = ahead_split(&ahead, DECODE_BATCH);
    ck_assert_uint_eq(ahead.at, end);
    ck_assert_uint_eq(ahead.bytes, AHEAD_LINE_BYTES);
    ck_assert_uint_eq(rest.at, end + DECODE_BATCH * AHEAD_LINE_BYTES);
    ck_assert_uint_eq(rest.bytes, AHEAD_LINE_BYTES);
    ahead_step(&ahead);
    ck_assert_uint_eq(ahead.at, end + AHEAD_LINE_BYTES);
    ahead = ahead_of_packets(packets, 1);
    ck_assert_uint_eq(ahead.bytes, 2 * AHEAD_LINE_BYTES);
    /* large packets, and some that do not lie in a row */
    packets[1].bytes = bytes + 100 * AHEAD_LINE_BYTES;
    ck_assert_uint_eq(ahead_of_packets(packets, 2).bytes, 0);
    packets[0].bytes = bytes + 96 * DECODE_BATCH;
    ck_assert_uint_eq(ahead_of_packets(packets, DECODE_BATCH).bytes, 0);
}
END_TEST

START_TEST(batch_fills_up)
{
    struct frame frame;
    struct whyrst_packet packets[2 * DECODE_BATCH];
    frame_with_payload(&frame, "why", 3, TCP_RST);
    for (unsigned i = 0; i < 2 * DECODE_BATCH; i++)
        packets[i] = packet_of(frame.bytes, frame.size);
    batch_clear(&batch);
    ck_assert_uint_eq(batch_decode(&batch, &test_key, packets, 10, nothing), 10);
    ck_assert_uint_eq(batch_decode(&batch, &test_key, packets, 2 * DECODE_BATCH, nothing),
                      DECODE_BATCH - 10);
    ck_assert_uint_eq(batch_decode(&batch, &test_key, packets, 1, nothing), 0);
    ck_assert_uint_eq(batch.count, DECODE_BATCH);
    ck_assert_uint_eq(batch.payload_count, DECODE_BATCH);
    ck_assert_uint_eq(batch.segments[DECODE_BATCH - 1].rst_payload, DECODE_BATCH);
}
END_TEST

START_TEST(batch_copies_rst_payload)
{
    struct frame rst, data, bare, big;
    char long_payload[DECODE_RST_PAYLOAD + 10];
    memset(long_payload, 'x', sizeof long_payload);
    frame_with_payload(&rst, "no such port", 12, TCP_RST | TCP_ACK);
    frame_with_payload(&data, "data", 4, TCP_ACK);
    frame_with_payload(&bare, "", 0, TCP_RST);
    frame_with_payload(&big, long_payload, sizeof long_payload, TCP_RST);
    struct whyrst_packet packets[] = {
        packet_of(data.bytes, data.size), packet_of(rst.bytes, rst.size),
        packet_of(bare.bytes, bare.size), packet_of(big.bytes, big.size)};
    batch_clear(&batch);
    ck_assert_uint_eq(batch_decode(&batch, &test_key, packets, 4, nothing), 4);
    memset(rst.room, 0, sizeof rst.room); /* the batch must not point into the packets */
    ck_assert_uint_eq(batch.segments[0].rst_payload, 0);
    ck_assert_uint_eq(batch.segments[1].rst_payload, 1);
    ck_assert_uint_eq(batch.segments[2].rst_payload, 0);
    ck_assert_uint_eq(batch.segments[3].rst_payload, 2);
    ck_assert_uint_eq(batch.payload_count, 2);
    ck_assert_uint_eq(batch.payloads[0].length, 12);
    ck_assert_mem_eq(batch.payloads[0].bytes, "no such port", 12);
    ck_assert_uint_eq(batch.payloads[1].length, DECODE_RST_PAYLOAD);
    ck_assert_uint_eq(batch.segments[3].payload_bytes, sizeof long_payload);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packet_tcp");
    TCase *tcase = tcase_create("tcp");
    tcase_add_loop_test(tcase, payload_kinds, 0, sizeof payloads / sizeof payloads[0]);
    tcase_add_test(tcase, payload_kinds_of_a_beginning);
    tcase_add_loop_test(tcase, payload_kinds_of_longer, 0, sizeof payloads / sizeof payloads[0]);
    tcase_add_test(tcase, no_payload);
    tcase_add_loop_test(tcase, hash_is_symmetric, 0, 2);
    tcase_add_loop_test(tcase, hash_ignores_encapsulation, 0, 3);
    tcase_add_loop_test(tcase, swapped_by_port, 0, 2);
    tcase_add_loop_test(tcase, hash_depends_on_everything, 0, 2);
    tcase_add_loop_test(tcase, hash_spreads, 0, 2);
    tcase_add_test(tcase, batch_keeps_order_and_counts);
    tcase_add_test(tcase, packets_to_come);
    tcase_add_test(tcase, batch_fills_up);
    tcase_add_test(tcase, batch_copies_rst_payload);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
