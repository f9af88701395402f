/* Parts of the program that are hard to reach from outside. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/extract_index.h"
#include "cli/options.h"
#include "cli/progress.h"

#include "suite.h"

START_TEST(progress_says_how_far)
{
    static const struct {
        uint64_t packets, read_bytes, total_bytes;
        double seconds;
        const char *text;
    } cases[] = {
        {2000000, 25, 100, 2, " 25 %  1.0 M packets/s  0:06 left"},
        {12000000, 50, 100, 120, " 50 %  0.1 M packets/s  2:00 left"},
        {3000000, 100, 100, 1.5, "100 %  2.0 M packets/s  0:00 left"},
        {3000000, 0, 100, 1.5, "3.0 M packets  2.0 M packets/s"},   /* nothing read yet */
        {3000000, 7, 0, 1.5, "3.0 M packets  2.0 M packets/s"},     /* a pipe */
        {3000000, 200, 100, 1.5, "3.0 M packets  2.0 M packets/s"}, /* the file grew */
        {0, 0, 0, 0, "0.0 M packets  0.0 M packets/s"},
    };
    char text[120];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        progress_text(text, sizeof text, cases[i].packets, cases[i].read_bytes,
                      cases[i].total_bytes, cases[i].seconds);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

static struct whyrst_reset reset_of(uint8_t host, uint16_t port, uint64_t frame, uint16_t input)
{
    struct whyrst_reset reset = {
        .id = frame,
        .input = input,
        .frame = frame,
        .client = {.ip = {10, 0, 0, host}, .version = 4, .port = port},
        .server = {.ip = {10, 0, 0, 200}, .version = 4, .port = 80},
        .verdict = {.cause = WHYRST_SO_LINGER_ZERO,
                    .scenario = "1.2",
                    .signature = "abort",
                    .title = "Title",
                    .confidence = 0.75,
                    .explanation = "Because."},
        .followup_frame_count = 1,
        .followup_frames = {frame + 1},
    };
    return reset;
}

static struct segment segment_of(uint8_t host, uint16_t port, bool backwards)
{
    struct segment segment = {.address = {{10, 0, 0, host}, {10, 0, 0, 200}},
                              .port = {port, 80},
                              .input_side = backwards};
    return segment;
}

START_TEST(index_finds_connections_both_ways)
{
    struct extract_index index = {0};
    struct segment segment = segment_of(1, 1000, false);
    ck_assert(!extract_index_has(&index, &segment));
    for (unsigned i = 0; i < 1000; i++) { /* each port twice, not in order */
        struct whyrst_reset reset = reset_of(1, (uint16_t)(1000 + i * 7 % 500 * 2), i * 2 + 1, 0);
        ck_assert_int_eq(extract_index_add(&index, &reset, NULL), 0);
    }
    extract_index_sort(&index);
    ck_assert_uint_eq(index.connection_count, 500);
    for (unsigned port = 1000; port < 2000; port++) {
        for (int backwards = 0; backwards < 2; backwards++) {
            segment = segment_of(1, (uint16_t)port, backwards);
            ck_assert_int_eq(extract_index_has(&index, &segment), port % 2 == 0);
            segment.marks = MARK_IPV6; /* the same bytes as addresses of another version */
            ck_assert(!extract_index_has(&index, &segment));
        }
    }
    extract_index_clear(&index);
}
END_TEST

START_TEST(index_gives_each_frame_its_comment)
{
    struct extract_index index = {0};
    char text[256];
    for (uint16_t input = 2; input-- > 0;) {
        struct whyrst_reset reset = reset_of(1, 1000, 10 + input, input);
        ck_assert_int_eq(extract_index_add(&index, &reset, NULL), 0);
    }
    extract_index_sort(&index);
    struct whyrst_packet packet = {.frame_no = 10, .input = 0};
    ck_assert(extract_index_comment(&index, &packet, text, sizeof text));
    ck_assert_str_eq(text, "whyrst: reset 10: so-linger-zero (1.2), certain (0.75), signature "
                           "abort\nTitle\nBecause.");
    packet.frame_no = 11; /* the followup there, the reset in the other input */
    ck_assert(extract_index_comment(&index, &packet, text, sizeof text));
    ck_assert_str_eq(text, "whyrst: follows reset 10 (so-linger-zero)");
    packet.input = 1;
    ck_assert(extract_index_comment(&index, &packet, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "reset 11: "));
    packet.frame_no = 13;
    ck_assert(!extract_index_comment(&index, &packet, text, sizeof text));
    extract_index_clear(&index);
}
END_TEST

START_TEST(options_become_a_struct)
{
    char *argv[] = {
        "whyrst", "a",  "-T",        "ndjson", "--fail-on", "unknown,port-not-listening",
        "-c",     "12", "--threads", "9",      "b",         "-Z",
        "nobody", NULL};
    struct options options;
    struct whyrst_error error = {.text = ""};
    ck_assert_int_eq(options_parse(&options, 13, argv, &error), 0);
    ck_assert_uint_eq(options.file_count, 2);
    ck_assert_str_eq(options.files[1], "b");
    ck_assert_int_eq(options.format, REPORT_NDJSON);
    ck_assert_uint_eq(options.fail_on, 1u << WHYRST_UNKNOWN | 1u << WHYRST_PORT_NOT_LISTENING);
    ck_assert_uint_eq(options.packet_limit, 12);
    ck_assert_uint_eq(options.threads, 2);
    ck_assert_str_eq(options.user, "nobody");
    options_clear(&options);
}
END_TEST

START_TEST(format_follows_the_output)
{
    struct options options = {.format = -1};
    ck_assert_int_eq(options_format(&options, true), REPORT_TEXT);
    ck_assert_int_eq(options_format(&options, false), REPORT_JSON);
    options.interface = "eth0";
    ck_assert_int_eq(options_format(&options, true), REPORT_TEXT);
    ck_assert_int_eq(options_format(&options, false), REPORT_NDJSON);
    options.format = REPORT_HTML;
    ck_assert_int_eq(options_format(&options, true), REPORT_HTML);
}
END_TEST

START_TEST(threads_follow_size_and_processors)
{
    struct options options = {0};
    ck_assert_uint_eq(options_thread_count(&options, UINT64_C(1) << 40, 2), 1);
    ck_assert_uint_eq(options_thread_count(&options, UINT64_C(1) << 40, 4), 2);
    ck_assert_uint_eq(options_thread_count(&options, UINT64_C(1) << 20, 64), 1);
    ck_assert_uint_eq(options_thread_count(&options, 0, 64), 1);
    options.threads = 2;
    ck_assert_uint_eq(options_thread_count(&options, 0, 1), 2);
    options.threads = 1;
    ck_assert_uint_eq(options_thread_count(&options, UINT64_C(1) << 40, 64), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    TCase *tests = tcase_create("cli");
    tcase_add_test(tests, progress_says_how_far);
    tcase_add_test(tests, index_finds_connections_both_ways);
    tcase_add_test(tests, index_gives_each_frame_its_comment);
    tcase_add_test(tests, options_become_a_struct);
    tcase_add_test(tests, format_follows_the_output);
    tcase_add_test(tests, threads_follow_size_and_processors);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
