#include "streams.h"

#include <check.h>
#include <stdlib.h>

#include "reset_run.h"
#include "suite.h"

static struct streams *streams_make(uint32_t limit)
{
    struct streams *streams = calloc(1, sizeof *streams);
    ck_assert_ptr_nonnull(streams);
    ck_assert_int_eq(streams_init(streams, limit), 0);
    return streams;
}

static void streams_drop(struct streams *streams)
{
    streams_clear(streams);
    free(streams);
}

START_TEST(one_input)
{
    struct streams *streams = streams_make(100);
    for (uint32_t n = 0; n < 100; n++)
        ck_assert_uint_eq(streams_open(streams, n + 1, 0), n);
    ck_assert_uint_eq(streams_in(streams, 7, 6, 0), 6);
    ck_assert_uint_eq(streams_open(streams, 7, 0), 100); /* reopened in its place */
    ck_assert(!streams->several);
    streams_drop(streams);
}
END_TEST

/* Two rotated files: the numbers start again in the second, in order of appearance there. */
START_TEST(rotated)
{
    struct streams *streams = streams_make(100);
    uint32_t of[11];
    for (uint32_t n = 1; n <= 10; n++)
        of[n] = streams_open(streams, n, 0);
    of[5] = streams_in(streams, 5, of[5], 1);
    ck_assert_uint_eq(of[5], 0);
    ck_assert_uint_eq(streams_open(streams, 11, 1), 1);
    of[2] = streams_in(streams, 2, of[2], 1);
    ck_assert_uint_eq(of[2], 2);
    ck_assert_uint_eq(streams_in(streams, 5, of[5], 1), 0);
    ck_assert_uint_eq(streams_open(streams, 5, 1), 3); /* another connection in that place */
    ck_assert_uint_eq(streams_in(streams, 5, 3, 2), 0);
    ck_assert_uint_eq(streams_in(streams, 5, 0, 1), 3);
    streams_drop(streams);
}
END_TEST

/* Two interfaces side by side, each connection in both: numbers never change within an input. */
START_TEST(interleaved)
{
    enum { COUNT = 5000 };
    struct streams *streams = streams_make(COUNT);
    uint32_t *now = calloc(COUNT + 1, sizeof *now);
    ck_assert_ptr_nonnull(now);
    for (uint32_t n = 1; n <= COUNT; n++)
        now[n] = streams_open(streams, n, (uint16_t)(n % 2));
    for (uint32_t n = COUNT; n >= 1; n--)
        now[n] = streams_in(streams, n, now[n], (uint16_t) !(n % 2));
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t n = 1; n <= COUNT; n++) {
            now[n] = streams_in(streams, n, now[n], (uint16_t)(n % 2));
            ck_assert_uint_eq(now[n], (n - 1) / 2); /* as opened */
        }
        for (uint32_t n = 1; n <= COUNT; n++) {
            now[n] = streams_in(streams, n, now[n], (uint16_t) !(n % 2));
            ck_assert_uint_eq(now[n], COUNT / 2 + (COUNT - n) / 2);
        }
    }
    free(now);
    streams_drop(streams);
}
END_TEST

static const struct {
    const char *name, *script;
    uint32_t streams[4];
    unsigned count;
} captures[] = {
    {"in order of first appearance",
     "client 10.0.0.1 1001\n0 < S 0:0(0)\n"
     "client 10.0.0.1 1002\n0.1 < S 0:0(0)\n"
     "client 10.0.0.1 1003\n0.2 > R. =0:0(0) ack 1\n"
     "client 10.0.0.1 1002\n0.3 > R. =0:0(0) ack 1\n"
     "client 10.0.0.1 1001\n0.4 > R. =0:0(0) ack 1\n",
     {2, 1, 0},
     3},
    {"the same ports with another ISN",
     "0 < S 0:0(0)\n0.1 > R. =0:0(0) ack 1\n"
     "1 < S 0:0(0)\n1.1 > R. =0:0(0) ack 1\n" /* the same SYN: no new stream, a tail */
     "isn 77 5000\n2 < S 0:0(0)\n2.1 > R. =0:0(0) ack 1\n"
     "isn 78 5000\n3 < S 0:0(0)\n3.1 > R. =0:0(0) ack 1\n",
     {0, 1, 2},
     3},
    {"rotated files",
     "client 10.0.0.1 1001\n0 < S 0:0(0)\n0.1 > S. 0:0(0) ack 1\n"
     "client 10.0.0.1 1002\n0.2 < S 0:0(0)\n0.3 > S. 0:0(0) ack 1\n"
     "input 1\n"
     "client 10.0.0.1 1003\n1 < S 0:0(0)\n1.1 > R. =0:0(0) ack 1\n"
     "client 10.0.0.1 1002\n1.2 < R 1:1(0)\n"
     "client 10.0.0.1 1001\n1.3 < R 1:1(0)\n",
     {0, 1, 2},
     3},
    {"inputs side by side",
     "client 10.0.0.1 1001\n0 < S 0:0(0)\n"
     "input 1\nclient 10.0.0.1 1002\n0.1 < S 0:0(0)\n"
     "client 10.0.0.1 1001\n0.15 < S 0:0(0)\n0.2 > S. 0:0(0) ack 1\n"
     "input 0\nclient 10.0.0.1 1001\n0.3 > R. 1:1(0) ack 1\n"
     "input 1\nclient 10.0.0.1 1002\n0.4 > R. =0:0(0) ack 1\n",
     {0, 0},
     2},
};

START_TEST(stream_of_a_reset)
{
    struct reset_run run;
    reset_run_script(&run, captures[_i].script);
    ck_assert_msg(run.count == captures[_i].count, "%s: %u events", captures[_i].name, run.count);
    for (unsigned n = 0; n < run.count; n++)
        ck_assert_msg(run.decided[n].reset.conn.stream == captures[_i].streams[n],
                      "%s: event %u is of stream %u", captures[_i].name, n,
                      run.decided[n].reset.conn.stream);
    reset_run_clear(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("streams");
    TCase *tests = tcase_create("streams");
    tcase_add_test(tests, one_input);
    tcase_add_test(tests, rotated);
    tcase_add_test(tests, interleaved);
    tcase_add_loop_test(tests, stream_of_a_reset, 0, sizeof captures / sizeof *captures);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
