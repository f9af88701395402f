#include "suite.h"
#include "test_packet_decode.h"

static void frame_with_options(struct frame *frame, const uint8_t *options, size_t size)
{
    memset(frame, 0, sizeof *frame);
    frame->bytes = frame->room + sizeof frame->room;
    frame_tcp(frame, options, size);
    frame_ip4(frame, 0);
    frame_layer(frame, "eth");
}

static const struct {
    const char *what;
    uint8_t size, bytes[40];
    uint8_t options, wscale, marks, mptcp_flags, mptcp_reason;
    uint16_t mss;
    uint32_t tsval;
} option_layouts[] = {
    {"Linux SYN",
     20,
     {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 7},
     .options = OPTION_MSS | OPTION_SACK_PERMITTED | OPTION_TIMESTAMPS | OPTION_WSCALE,
     .mss = 1460,
     .wscale = 7,
     .tsval = 7},
    {"Windows SYN",
     12,
     {2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2},
     .options = OPTION_MSS | OPTION_WSCALE | OPTION_SACK_PERMITTED,
     .mss = 1460,
     .wscale = 8},
    {"macOS SYN",
     24,
     {2, 4, 5, 0xb4, 1, 3, 3, 6, 1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 4, 2, 0, 0},
     .options = OPTION_MSS | OPTION_WSCALE | OPTION_TIMESTAMPS | OPTION_SACK_PERMITTED,
     .mss = 1460,
     .wscale = 6,
     .tsval = 9},
    {"FreeBSD SYN",
     20,
     {2, 4, 5, 0xb4, 1, 3, 3, 6, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0},
     .options = OPTION_MSS | OPTION_WSCALE | OPTION_TIMESTAMPS | OPTION_SACK_PERMITTED,
     .mss = 1460,
     .wscale = 6,
     .tsval = 9},
    {"SACK permitted, then the end, then no more",
     12,
     {4, 2, 0, 0, 2, 4, 5, 0xb4, 1, 3, 3, 6},
     .options = OPTION_SACK_PERMITTED},
    {"SACK of two blocks",
     20,
     {1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4},
     .options = OPTION_SACK},
    {"SACK of two blocks, cut short", 12, {1, 1, 5, 18}, .options = OPTION_OTHER},
    {"SACK with half a block",
     16,
     {1, 1, 5, 14, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3},
     .options = OPTION_OTHER},
    {"SACK permitted and timestamps, cut short",
     8,
     {4, 2, 8, 10, 0, 0, 0, 1},
     .options = OPTION_SACK_PERMITTED | OPTION_OTHER},
    {"MSS twice: the last one",
     8,
     {2, 4, 5, 0xb4, 2, 4, 2, 0x18},
     .options = OPTION_MSS,
     .mss = 536},
    {"time stamps",
     12,
     {1, 1, 8, 10, 0x80, 0, 0, 1, 0xff, 0, 0, 2},
     .options = OPTION_TIMESTAMPS,
     .tsval = 0x80000001},
    {"time stamps first",
     12,
     {8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1},
     .options = OPTION_TIMESTAMPS,
     .tsval = 1},
    {"time stamps and SACK",
     24,
     {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2},
     .options = OPTION_TIMESTAMPS | OPTION_SACK,
     .tsval = 1},
    {"end of options", 8, {0, 2, 4, 5, 0xb4, 0, 0, 0}, .options = 0},
    {"MPTCP capable", 4, {30, 4, 0x01, 0x81}, .options = OPTION_MPTCP},
    {"MPTCP fast close", 12, {30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8}, .options = OPTION_MPTCP},
    {"MPTCP reset",
     4,
     {30, 4, 0x81, 3},
     .options = OPTION_MPTCP,
     .marks = MARK_MPTCP_RST,
     .mptcp_flags = 1,
     .mptcp_reason = 3},
    {"MD5", 20, {1, 1, 19, 18}, .options = OPTION_SIGNATURE},
    {"authentication option", 4, {29, 4, 1, 1}, .options = OPTION_SIGNATURE},
    {"user timeout", 4, {28, 4, 0, 9}, .options = OPTION_OTHER},
    {"length 0", 4, {2, 0, 0, 0}, .options = OPTION_OTHER},
    {"length 1", 4, {8, 1, 0, 0}, .options = OPTION_OTHER},
    {"length beyond the end", 4, {2, 5, 0, 0}, .options = OPTION_OTHER},
    {"kind in the last byte", 4, {1, 1, 1, 2}, .options = OPTION_OTHER},
    {"wrong length", 8, {3, 4, 7, 7, 2, 4, 1, 0}, .options = OPTION_OTHER | OPTION_MSS, .mss = 256},
    {"time stamps of 9 bytes", 12, {1, 1, 8, 9}, .options = OPTION_OTHER},
    {"SACK of 9 bytes", 12, {5, 9}, .options = OPTION_OTHER},
};

START_TEST(option_layout)
{
    struct frame frame;
    frame_with_options(&frame, option_layouts[_i].bytes, option_layouts[_i].size);
    struct segment segment = decode_frame(&frame);
    ck_assert_msg(segment.options == option_layouts[_i].options, "%s: %02x",
                  option_layouts[_i].what, segment.options);
    ck_assert_uint_eq(segment.mss, option_layouts[_i].mss);
    ck_assert_uint_eq(segment.wscale, option_layouts[_i].wscale);
    ck_assert_uint_eq(segment.tsval, option_layouts[_i].tsval);
    ck_assert_uint_eq(segment.mptcp_flags, option_layouts[_i].mptcp_flags);
    ck_assert_uint_eq(segment.mptcp_reason, option_layouts[_i].mptcp_reason);
    ck_assert_uint_eq(segment.marks, MARK_DF | MARK_DSCP | option_layouts[_i].marks);
    ck_assert_uint_eq(segment.payload_bytes, 5);
}
END_TEST

/* Options before the cut count, the one that the cut goes through is unseen rather than wrong. */
START_TEST(options_cut)
{
    struct frame frame;
    struct segment segment;
    const uint8_t *payload;
    uint32_t payload_caplen;
    frame_with_options(&frame, option_layouts[0].bytes, option_layouts[0].size);
    for (uint32_t kept = 0; kept < 20; kept++) {
        uint8_t expected = 0;
        struct whyrst_packet packet = packet_of(frame.bytes, 54 + kept);
        packet.wirelen = frame.size;
        ck_assert_int_eq(decode_packet(&test_key, &packet, &segment, &payload, &payload_caplen),
                         -1);
        expected |= kept >= 4 ? OPTION_MSS : 0;
        expected |= kept >= 6 ? OPTION_SACK_PERMITTED : 0;
        expected |= kept >= 16 ? OPTION_TIMESTAMPS : 0;
        ck_assert_uint_eq(segment.options, expected);
        ck_assert_uint_eq(segment.marks, MARK_DF | MARK_DSCP | MARK_OPTIONS_CUT);
        ck_assert_uint_eq(payload_caplen, 0);
    }
}
END_TEST

/* Blocks as stacks lay options out, in any order: word by word they give what they give one after
 * the other, as a word of NOPs before them has them taken. */
START_TEST(words_and_bytes_agree)
{
    static const struct {
        uint8_t size, bytes[12];
    } blocks[] = {
        {4, {2, 4, 5, 0xb4}},
        {4, {1, 3, 3, 7}},
        {4, {1, 1, 4, 2}},
        {4, {4, 2, 0, 0}},
        {12, {1, 1, 8, 10, 0, 0, 1, 2, 3, 4, 5, 6}},
        {12, {4, 2, 8, 10, 9, 8, 7, 6, 0, 0, 0, 1}},
        {12, {1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2}},
        {4, {2, 4, 2, 0x18}},
        {4, {1, 1, 5, 18}}, /* more than there is, or what follows is in it */
        {4, {4, 2, 8, 10}},
        {4, {0, 0, 0, 0}},
        {4, {30, 4, 0x81, 3}},
        {4, {1, 3, 3, 15}},
    };
    uint32_t random = (uint32_t)_i * 2654435761u + 1;
    uint8_t options[40] = {1, 1, 1, 1};
    size_t size = 4;
    for (unsigned n = 0; n < 4; n++) {
        random = random * 1664525u + 1013904223u;
        unsigned pick = (random >> 16) % (sizeof blocks / sizeof blocks[0]);
        if (size + blocks[pick].size > sizeof options)
            break;
        memcpy(options + size, blocks[pick].bytes, blocks[pick].size);
        size += blocks[pick].size;
    }
    struct frame frame;
    frame_with_options(&frame, options + 4, size - 4);
    struct segment words = decode_frame(&frame);
    frame_with_options(&frame, options, size);
    struct segment bytes = decode_frame(&frame);
    ck_assert_uint_eq(words.options, bytes.options);
    ck_assert_uint_eq(words.mss, bytes.mss);
    ck_assert_uint_eq(words.wscale, bytes.wscale);
    ck_assert_uint_eq(words.tsval, bytes.tsval);
    ck_assert_uint_eq(words.marks, bytes.marks);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packet_options");
    TCase *tcase = tcase_create("options");
    tcase_add_loop_test(tcase, option_layout, 0, sizeof option_layouts / sizeof option_layouts[0]);
    tcase_add_test(tcase, options_cut);
    tcase_add_loop_test(tcase, words_and_bytes_agree, 0, 500);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
