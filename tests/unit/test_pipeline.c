#include "whyrst/whyrst.h"

#include <check.h>
#include <stdatomic.h>
#include <time.h>

#include "suite.h"
#include "trace_script.h"

static struct whyrst_rules *rules;

static void setup(void)
{
    struct whyrst_error error;
    rules = whyrst_rules_load(SOURCE_DIR "/rules", &error);
    ck_assert_msg(rules != NULL, "%s", error.text);
}

static void teardown(void)
{
    whyrst_rules_free(rules);
    rules = NULL;
}

static void pause_msec(long msec)
{
    const struct timespec time = {msec / 1000, msec % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void count_reset(const struct whyrst_reset *reset, void *user)
{
    (void)reset;
    atomic_fetch_add((atomic_uint *)user, 1);
}

/* Whoever asked for verdicts as they settle gets them though few packets come and nobody waits. */
START_TEST(settled_at_once)
{
    struct script *script =
        script_new("0 < S 0:0(0)\n1 > R. =0:0(0) ack 1\n+60 < S 9000:9000(0)\n");
    const struct whyrst_options options = {
        .max_connections = 1000, .threads = 2, .settle_nsec = INT64_C(1000000000)};
    atomic_uint resets = 0;
    struct whyrst_analyser *analyser = whyrst_new(&options, rules, count_reset, &resets, NULL);
    ck_assert_ptr_nonnull(analyser);
    pause_msec(50); /* its thread has fallen asleep */
    ck_assert_int_eq(whyrst_feed(analyser, script->packets, script->count, NULL), 0);
    for (int n = 0; n < 1000 && atomic_load(&resets) == 0; n++)
        pause_msec(10);
    ck_assert_uint_eq(atomic_load(&resets), 1);
    whyrst_free(analyser);
    script_free(script);
}
END_TEST

/* Counts are those of all that was fed, though the thread sleeps until more has come. */
START_TEST(drained_after_every_packet)
{
    struct script *script = script_new("0 < S 0:0(0)\n1 > R. =0:0(0) ack 1\n");
    const struct whyrst_options options = {.max_connections = 1000, .threads = 2};
    struct whyrst_analyser *analyser = whyrst_new(&options, rules, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(analyser);
    for (uint64_t n = 1; n <= 500; n++) {
        struct whyrst_input_counts counts;
        if (n % 100 == 0)
            pause_msec(5);
        ck_assert_int_eq(whyrst_feed(analyser, &script->packets[n % 2], 1, NULL), 0);
        whyrst_input_counts(analyser, 0, &counts);
        ck_assert_uint_eq(counts.packets, n);
    }
    ck_assert_int_eq(whyrst_finish(analyser, NULL), 0);
    whyrst_free(analyser);
    script_free(script);
}
END_TEST

/* What was handed over is analysed before the thread ends, be it finished or not. */
START_TEST(freed_without_finish)
{
    struct script *script = script_new("0 < S 0:0(0)\n1 > R. =0:0(0) ack 1\n");
    const struct whyrst_options options = {.max_connections = 1000, .threads = 2};
    for (int n = 0; n < 50; n++) {
        struct whyrst_analyser *analyser = whyrst_new(&options, rules, NULL, NULL, NULL);
        ck_assert_ptr_nonnull(analyser);
        ck_assert_int_eq(whyrst_feed(analyser, script->packets, script->count, NULL), 0);
        if (n % 10 == 0)
            pause_msec(2);
        whyrst_free(analyser);
    }
    script_free(script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *tests = tcase_create("two threads");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, settled_at_once);
    tcase_add_test(tests, drained_after_every_packet);
    tcase_add_test(tests, freed_without_finish);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
