#include "flow/trace.h"

#include <check.h>
#include <stdio.h>

#include "reset_run.h"
#include "suite.h"

static struct trace_log trace;

static void teardown(void)
{
    trace_clear(&trace);
}

START_TEST(record_of_a_segment)
{
    struct script *script = script_new("input 5\n1.5 > PF. 1:11(10) ack 3 win 77 ttl 61\n");
    struct segment segment = script_segment(script, 0);
    ck_assert_int_eq(trace_init(&trace, 0, NULL), 0);
    uint32_t number = trace_append(&trace, &segment, 0);
    ck_assert_uint_eq(number, 1);
    const struct trace_record *record = trace_find(&trace, number);
    ck_assert_ptr_nonnull(record);
    ck_assert_int_eq(record->time_nsec, INT64_C(1500000001500000000));
    ck_assert_uint_eq(record->seq, SCRIPT_SERVER_ISN + 1);
    ck_assert_uint_eq(record->ack, SCRIPT_CLIENT_ISN + 3);
    ck_assert_uint_eq(record->frame, 1);
    ck_assert_uint_eq(record->payload_flags, 10u << 12 | TCP_PSH | TCP_FIN | TCP_ACK);
    ck_assert_uint_eq(record->window, 77);
    ck_assert_uint_eq(record->ttl, 61);
    ck_assert_uint_eq(record->input_side, 5 << 1 | 1);
    ck_assert_uint_eq(record->previous, 0);
    segment_set_payload(&segment, 1u << 24);
    record = trace_find(&trace, trace_append(&trace, &segment, number));
    ck_assert_uint_eq(record->payload_flags >> 12, 0xfffff);
    ck_assert_uint_eq(record->previous, number);
    script_free(script);
}
END_TEST

START_TEST(size_is_rounded)
{
    static const struct {
        size_t bytes;
        uint64_t capacity;
    } sizes[] = {{0, 128}, {4095, 128}, {8191, 128}, {8192, 256}, {1 << 20, 32768}};
    for (unsigned n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        ck_assert_int_eq(trace_init(&trace, sizes[n].bytes, NULL), 0);
        ck_assert_uint_eq(trace.capacity, sizes[n].capacity);
        trace_clear(&trace);
    }
}
END_TEST

START_TEST(old_records_are_overwritten)
{
    struct segment segment = {0};
    segment_set_flags(&segment, TCP_ACK);
    segment_set_payload(&segment, 0);
    uint32_t previous = 0;
    ck_assert_int_eq(trace_init(&trace, 0, NULL), 0);
    ck_assert_ptr_null(trace_find(&trace, 0));
    ck_assert_ptr_null(trace_find(&trace, 1)); /* not written yet */
    for (unsigned n = 1; n <= 1000; n++) {
        segment.frame = n;
        uint32_t number = trace_append(&trace, &segment, previous);
        ck_assert_uint_eq(number, n);
        previous = number;
    }
    for (unsigned n = 1; n <= 1000; n++) {
        const struct trace_record *record = trace_find(&trace, n);
        if (n <= 1000 - trace.capacity)
            ck_assert_ptr_null(record);
        else
            ck_assert_uint_eq(record->frame, n);
    }
    ck_assert_ptr_null(trace_find(&trace, 1001));
    unsigned walked = 0;
    for (const struct trace_record *record = trace_find(&trace, previous); record != NULL;
         record = trace_find(&trace, record->previous))
        walked++;
    ck_assert_uint_eq(walked, trace.capacity);
}
END_TEST

/* Verdicts look back at so many packets, whatever the log holds. */
START_TEST(recent_records)
{
    struct segment segment = {0};
    ck_assert_int_eq(trace_init(&trace, 4 * TRACE_RECENT * sizeof(struct trace_record), NULL), 0);
    for (unsigned n = 0; n < TRACE_RECENT + 2; n++)
        trace_append(&trace, &segment, 0);
    ck_assert_ptr_null(trace_find_recent(&trace, 0));
    ck_assert_ptr_null(trace_find_recent(&trace, 2));
    ck_assert_ptr_nonnull(trace_find_recent(&trace, 3));
    ck_assert_ptr_nonnull(trace_find_recent(&trace, TRACE_RECENT + 2));
    ck_assert_ptr_null(trace_find_recent(&trace, TRACE_RECENT + 3));
    ck_assert_ptr_nonnull(trace_find(&trace, 2));
}
END_TEST

/* Numbers are kept as 32 bits; a log lives longer. */
START_TEST(numbers_wrap)
{
    struct segment segment = {0};
    segment_set_flags(&segment, TCP_ACK);
    segment_set_payload(&segment, 0);
    uint32_t numbers[200], previous = 0;
    ck_assert_int_eq(trace_init(&trace, 0, NULL), 0);
    trace.next = (UINT64_C(7) << 32) - 100;
    for (unsigned n = 0; n < 200; n++) {
        segment.frame = n;
        numbers[n] = previous = trace_append(&trace, &segment, previous);
        ck_assert_uint_ne(numbers[n], 0);
    }
    for (unsigned n = 0; n < 200; n++) {
        const struct trace_record *record = trace_find(&trace, numbers[n]);
        if (n < 72)
            ck_assert_ptr_null(record);
        else if (n > 72) /* one place is left unused where the number would be 0 */
            ck_assert_uint_eq(record->frame, n);
    }
    ck_assert_ptr_null(trace_find(&trace, 0));
}
END_TEST

/* What was to be found at some time is the same for a while, whatever came since. */
START_TEST(found_as_it_was)
{
    enum { CAPACITY = 16 * TRACE_SPARE, APPENDED = CAPACITY + 300, STEP = 211 };
    static const uint64_t starts[] = {1, 1000, (UINT64_C(7) << 32) - 250,
                                      (UINT64_C(7) << 32) - TRACE_SPARE};
    static uint32_t numbers[APPENDED];
    static bool found[APPENDED];
    struct segment segment = {0};
    ck_assert_int_eq(trace_init(&trace, CAPACITY * sizeof(struct trace_record), NULL), 0);
    ck_assert_uint_eq(trace_patience(&trace), TRACE_SPARE);
    trace.next = starts[_i];
    for (unsigned n = 0; n < APPENDED; n++) {
        segment.frame = n;
        numbers[n] = trace_append(&trace, &segment, 0);
    }
    uint64_t then = trace.next;
    unsigned wrong = 0;
    for (unsigned n = 0; n < APPENDED; n++)
        found[n] = trace_find(&trace, numbers[n]) != NULL;
    ck_assert(!found[300] && !found[TRACE_SPARE] && found[TRACE_SPARE + 310]);
    segment.frame = APPENDED;
    for (unsigned later = 0; later < TRACE_SPARE; later++) {
        for (unsigned n = later % STEP; n < APPENDED; n += STEP) {
            const struct trace_record *record = trace_find_then(&trace, numbers[n], then);
            wrong += (record != NULL) != found[n] || (record && record->frame != n);
        }
        trace_append(&trace, &segment, 0);
    }
    for (unsigned later = 0; later < 2 * CAPACITY; later++) { /* too late is nothing */
        trace_append(&trace, &segment, 0);
        const struct trace_record *record = trace_find_then(&trace, numbers[APPENDED - 1], then);
        wrong += record && record->frame != APPENDED - 1;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* What a log of 128 records leaves of a connection of 300 packets, and of one of 10 among them. */
START_TEST(truncated_history)
{
    struct whyrst_options options = {.trace_bytes = 1};
    struct reset_run run;
    struct script *script = script_new("0 < S 0:0(0)\n+.01 > S. 0:0(0)\n");
    for (unsigned n = 1; n <= 150; n++) {
        char lines[80];
        snprintf(lines, sizeof lines, "+.01 < P. %u:%u(1)\n+.01 > . 1:1(0)\n", n, n + 1);
        script_append(script, lines);
    }
    script_append(script, "+.01 < R. 151:151(0)\n");
    reset_run_init(&run, &options);
    reset_run_feed(&run, script);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 1);
    const struct reset_detail *detail = &run.decided[0].detail;
    ck_assert(detail->truncated);
    ck_assert_uint_eq(detail->note_count, RESET_NOTES);
    ck_assert_uint_gt(detail->note_gap, 0);
    ck_assert_uint_eq(detail->notes[detail->note_count - 1].frame, 302);
    ck_assert_uint_gt(detail->notes[0].frame, 302 - 130);
    for (unsigned n = 1; n < detail->note_count; n++)
        ck_assert_uint_gt(detail->notes[n].frame, detail->notes[n - 1].frame);
    reset_run_clear(&run);

    /* With room enough: the first packets, a gap, the last ones. */
    reset_run_init(&run, NULL);
    reset_run_feed(&run, script);
    reset_run_finish(&run);
    detail = &run.decided[0].detail;
    ck_assert(!detail->truncated);
    ck_assert_uint_eq(detail->note_count, RESET_NOTES);
    ck_assert_uint_eq(detail->notes[0].frame, 1);
    unsigned gap = detail->note_gap;
    ck_assert_uint_eq(detail->notes[gap - 1].frame, gap);
    ck_assert_uint_eq(detail->notes[gap].frame, 302 - (RESET_NOTES - gap) + 1);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

static const struct {
    unsigned packets, notes, gap;
} lengths[] = {{0, 2, 0}, {10, 12, 0}, {26, 28, 0}, {27, 28, 4}};

START_TEST(notes_by_length)
{
    struct reset_run run;
    struct script *script = script_new("0 < S 0:0(0)\n+.01 > S. 0:0(0)\n");
    for (unsigned n = 1; n <= lengths[_i].packets; n++)
        script_append(script, "+.01 < P. 1:2(1)\n");
    script_append(script, "+.01 < R. 2:2(0)\n");
    reset_run_init(&run, NULL);
    reset_run_feed(&run, script);
    reset_run_finish(&run);
    const struct reset_detail *detail = &run.decided[0].detail;
    ck_assert_uint_eq(detail->note_count, lengths[_i].notes);
    ck_assert_uint_eq(detail->note_gap, lengths[_i].gap);
    ck_assert_uint_eq(detail->notes[0].frame, 1);
    ck_assert_uint_eq(detail->notes[detail->note_count - 1].frame, script->count - 1);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tests = tcase_create("trace");
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, record_of_a_segment);
    tcase_add_test(tests, size_is_rounded);
    tcase_add_test(tests, old_records_are_overwritten);
    tcase_add_test(tests, recent_records);
    tcase_add_test(tests, numbers_wrap);
    tcase_add_loop_test(tests, found_as_it_was, 0, 4);
    tcase_add_test(tests, truncated_history);
    tcase_add_loop_test(tests, notes_by_length, 0, sizeof lengths / sizeof *lengths);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
