#include "reset/events.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "reset_run.h"
#include "suite.h"

#define HANDSHAKE                                                                                  \
    "0.000 < S 0:0(0) <mss 1460,sackOK,TS,wscale 7>\n"                                             \
    "0.010 > S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS,wscale 7>\n"                            \
    "0.020 < . 1:1(0) ack 1 win 502 <TS>\n"
#define ABORT HANDSHAKE "0.1 < P. 1:11(10)\n0.2 > R. 1:1(0)\n"

static const struct {
    const char *name, *script;
    unsigned count;
    const char *expected[3]; /* facts, by event */
} sequels[] = {
    {"nothing follows",
     ABORT,
     1,
     {"sequel.rst_count=0 sequel.resetter_continues=false sequel.peer_continues=false "
      "sequel.peer_rst=false sequel.rst_seq_step=0 sequel.rst_mixed=false "
      "sequel.rst_both_ways=false sequel.syn_retry_msec=unknown sequel.accepted=false"}},
    {"tails answer what was in flight",
     ABORT "+.001 < P. 11:21(10)\n+.0001 > R 1:1(0)\n+.001 < P. 21:31(10)\n+.0001 > R 1:1(0)\n",
     1,
     {"sequel.rst_count=2 sequel.rst_seq_step=0 sequel.rst_mixed=false sequel.peer_continues=true "
      "sequel.resetter_continues=false"}},
    {"tails with other numbers than the RST's are answers too",
     HANDSHAKE "0.1 > P. 1:101(100)\n0.2 < P. 1:11(10) ack 1\n0.21 > R. 101:101(0)\n"
               "+.001 < P. 11:21(10) ack 51\n+.0001 > R 51:51(0)\n",
     1,
     {"sequel.rst_count=1 sequel.rst_seq_step=0 sequel.rst_mixed=false"}},
    {"a stack that sets ACK on every RST answers each packet with its numbers",
     HANDSHAKE
     "0.1 > P. 1:101(100)\n+.001 > P. 101:201(100)\n0.12 < . 1:1(0) ack 101\n"
     "0.121 < . 1:1(0) ack 201\n0.2 > R. 101:101(0) ack 1\n+.0001 > R. 201:201(0) ack 1\n",
     1,
     {"rst.shape=reply sequel.rst_count=1 sequel.rst_seq_step=0 sequel.rst_mixed=false"}},
    {"a volley steps through the window",
     ABORT "+.0001 > R. 1461:1461(0)\n+.0001 > R. 2921:2921(0)\n",
     1,
     {"sequel.rst_count=2 sequel.rst_seq_step=1460 sequel.rst_mixed=false"}},
    {"a volley backwards", ABORT "+.0001 > R. 0:0(0)\n", 1, {"sequel.rst_seq_step=-1"}},
    {"a volley across the end of the numbers",
     "isn 1 4294967290\n" ABORT "+.0001 > R. 1461:1461(0)\n",
     1,
     {"sequel.rst_seq_step=1460"}},
    {"a volley of both forms",
     ABORT "+.0001 > R 1461:1461(0)\n",
     1,
     {"sequel.rst_count=1 sequel.rst_seq_step=1460 sequel.rst_mixed=true"}},
    {"too late for a volley",
     ABORT "+.06 > R 1461:1461(0)\n",
     1,
     {"sequel.rst_count=1 sequel.rst_seq_step=0 sequel.rst_mixed=false"}},
    {"one device resets both ways",
     ABORT "+.0001 < R. 11:11(0)\n",
     1,
     {"sequel.rst_both_ways=true sequel.rst_count=0 sequel.peer_rst=false"}},
    {"a RST of the peer much later is not that",
     ABORT "+.02 < R. 11:11(0)\n",
     1,
     {"sequel.rst_both_ways=false sequel.peer_rst=false"}},
    {"the peer answers the true resetter",
     ABORT "+.01 > P. 1:101(100)\n+.001 < R 11:11(0)\n",
     1,
     {"sequel.resetter_continues=true sequel.peer_rst=true sequel.rst_both_ways=false"}},
    {"new data proves that the resetter lives",
     ABORT "+.001 > P. 1:101(100) id 500\n",
     1,
     {"sequel.resetter_continues=true"}},
    {"so does a newer acknowledgment",
     HANDSHAKE "0.1 > . 1:1(0) ack 1\n0.11 < P. 1:21(20)\n0.2 > R. 1:1(0) ack 11\n"
               "+.001 > . 1:1(0) ack 21 id 500\n",
     1,
     {"sequel.resetter_continues=true"}},
    {"so does the next IP identification",
     ABORT "+.001 > . 1:1(0) ack 1 id +1\n",
     1,
     {"sequel.resetter_continues=true"}},
    {"a packet the RST overtook does not",
     HANDSHAKE "0.1 < P. 1:11(10)\n0.15 > P. 1:11(10) id 30009\n0.2 > R. 11:11(0)\n"
               "+.001 > . 1:1(0) ack 1 id 30005\n",
     1,
     {"sequel.resetter_continues=false"}},
    {"nor, without identification, one that comes right after it",
     "id 1 0\n" HANDSHAKE "0.1 < P. 1:11(10)\n0.15 > P. 1:11(10)\n0.2 > R. 11:11(0)\n"
     "+.1 > . 1:1(0) ack 1\n",
     1,
     {"sequel.resetter_continues=false"}},
    {"unlike one that comes long after",
     "id 1 0\n" HANDSHAKE "0.1 < P. 1:11(10)\n0.15 > P. 1:11(10)\n0.2 > R. 11:11(0)\n"
     "+.5 > . 1:1(0) ack 1\n",
     1,
     {"sequel.resetter_continues=true"}},
    {"the SYN again and refused again",
     "0 < S 0:0(0)\n+.01 > R. =0:0(0) ack 1\n+.5 < S 0:0(0)\n+.01 > R. =0:0(0) ack 1\n",
     1,
     {"sequel.syn_retry_msec=500~ sequel.accepted=false sequel.rst_count=1 "
      "sequel.resetter_continues=false"}},
    {"the SYN again and accepted",
     "0 < S 0:0(0)\n+.01 > R. =0:0(0) ack 1\n+.5 < S 0:0(0)\n+.01 > S. 0:0(0) ack 1\n"
     "+.01 < . 1:1(0)\n+.01 < P. 1:11(10)\n",
     1,
     {"sequel.accepted=true sequel.rst_count=0 sequel.resetter_continues=false "
      "sequel.peer_continues=false"}},
    {"a RST on what was accepted then is another event",
     "0 < S 0:0(0)\n+.01 > R. =0:0(0) ack 1\n+.5 < S 0:0(0)\n+.01 > S. 0:0(0) ack 1\n"
     "+.01 < . 1:1(0)\n+.01 < P. 1:11(10)\n+1 > R. 1:1(0)\n",
     2,
     {"rst.shape=refusal sequel.accepted=true sequel.rst_count=0",
      "rst.shape=active trigger.kind=data sequel.accepted=false"}},
    {"a connection that went on has another event",
     ABORT "+.1 > P. 1:11(10)\n+.1 < . 11:11(0)\n+1 < P. 11:21(10)\n+.1 > . 11:11(0)\n"
           "+1 < R. 21:21(0)\n",
     2,
     {"resetter.role=server sequel.resetter_continues=true sequel.peer_continues=true "
      "sequel.rst_count=0",
      "resetter.role=client sequel.resetter_continues=false"}},
    {"a few late packets do not make one",
     ABORT "+.1 > P. 1:11(10)\n+.1 < . 11:11(0)\n+2 < R. 11:11(0)\n",
     1,
     {"sequel.resetter_continues=true"}},
    {"the ports used again are another connection",
     ABORT "isn 7 8\n+1 < S 0:0(0)\n+.01 > R. =0:0(0) ack 1\n",
     2,
     {"rst.shape=active sequel.rst_count=0", "rst.shape=refusal"}},
    {"a copy is neither an event nor a tail",
     ABORT "+.0001 > copy\n+.0001 > copy\n",
     1,
     {"sequel.rst_count=0 sequel.rst_mixed=false"}},
};

START_TEST(what_follows)
{
    struct reset_run run;
    reset_run_script(&run, sequels[_i].script);
    ck_assert_msg(run.count == sequels[_i].count, "%s: %u events", sequels[_i].name, run.count);
    for (unsigned n = 0; n < run.count; n++) {
        ck_assert_uint_eq(run.decided[n].reset.id, n + 1);
        reset_run_expect(&run.decided[n], sequels[_i].expected[n], sequels[_i].name);
    }
    reset_run_clear(&run);
}
END_TEST

START_TEST(followups)
{
    struct reset_run run;
    reset_run_script(&run, ABORT "+.0001 > copy\n+.01 < P. 11:21(10)\n+.01 > R 1:1(0)\n"
                                 "+.01 < R 21:21(0)\ninput 1\n+.1 > R 1:1(0)\n");
    const struct sequel *sequel = &run.decided[0].reset.sequel;
    ck_assert_uint_eq(sequel->copies, 1);
    ck_assert_uint_eq(sequel->resetter_rsts, 2);
    ck_assert_uint_eq(sequel->peer_rsts, 1);
    ck_assert_uint_eq(sequel->followup_count, 3); /* not the one of another input */
    ck_assert_uint_eq(sequel->followups[0], 6);
    ck_assert_uint_eq(sequel->followups[1], 8);
    ck_assert_uint_eq(sequel->followups[2], 9);
    ck_assert_uint_eq(run.analyser->events.rst_packets, 5);
    reset_run_clear(&run);
}
END_TEST

START_TEST(more_followups_than_kept)
{
    struct reset_run run;
    struct script *script = script_new(ABORT);
    for (unsigned n = 0; n < 100; n++)
        script_append(script, "+.001 > R 1:1(0)\n");
    reset_run_init(&run, NULL);
    reset_run_feed(&run, script);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 1);
    ck_assert_uint_eq(run.decided[0].reset.sequel.followup_count, RESET_FOLLOWUPS);
    ck_assert_uint_eq(run.decided[0].reset.sequel.resetter_rsts, 100);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

START_TEST(rst_payload_is_kept)
{
    struct reset_run run;
    reset_run_script(&run, HANDSHAKE "1 > R. 1:21(20) data \"BIG-IP: x\"\n");
    ck_assert_uint_eq(run.decided[0].detail.payload_bytes, 20);
    ck_assert_mem_eq(run.decided[0].detail.payload, "BIG-IP: xBIG-IP: xBI", 20);
    reset_run_clear(&run);
    reset_run_script(&run, HANDSHAKE "1 > R. 1:1001(1000)\n");
    ck_assert_uint_eq(run.decided[0].detail.payload_bytes, WHYRST_MAX_RST_PAYLOAD);
    ck_assert_uint_eq(run.decided[0].reset.rst.payload_bytes, 1000);
    reset_run_clear(&run);
}
END_TEST

/* `count` refusals, 10 ms apart, each on its own port. */
static struct script *refusals(unsigned count)
{
    struct script *script = script_new("");
    for (unsigned n = 0; n < count; n++) {
        char lines[120];
        snprintf(lines, sizeof lines,
                 "client 10.0.0.1 %u\n+.009 < S 0:0(0)\n+.001 > R. =0:0(0) ack 1\n", 1024 + n);
        script_append(script, lines);
    }
    return script;
}

static void check_order(const struct reset_run *run)
{
    for (unsigned n = 0; n < run->count; n++) {
        ck_assert_uint_eq(run->decided[n].reset.id, n + 1);
        ck_assert_uint_eq(run->decided[n].reset.rst.frame, 2 * n + 2);
    }
}

START_TEST(oldest_makes_room)
{
    struct whyrst_options options = {.max_pending = 1}; /* rounded up, see events.capacity */
    struct script *script = refusals(1000);
    struct reset_run run;
    reset_run_init(&run, &options);
    reset_run_feed(&run, script);
    unsigned room = run.analyser->events.capacity;
    ck_assert_uint_lt(room, 1000);
    ck_assert_uint_eq(run.count, 1000 - room);
    check_order(&run);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 1000);
    check_order(&run);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

START_TEST(settle_time)
{
    struct whyrst_options options = {.settle_nsec = 200000000};
    struct script *script = refusals(300); /* the last RST at 3.000 */
    struct reset_run run;
    reset_run_init(&run, &options);
    for (size_t n = 0; n < script->count; n += 2) {
        ck_assert_int_eq(whyrst_feed(run.analyser, &script->packets[n], 2, NULL), 0);
        unsigned fed = (unsigned)n / 2 + 1;
        ck_assert_uint_eq(run.count, fed > 20 ? fed - 20 : 0);
    }
    check_order(&run);
    int64_t last_nsec = script->packets[script->count - 1].time_nsec;
    ck_assert_int_eq(whyrst_tick(run.analyser, last_nsec + 100000000, NULL), 0);
    ck_assert_uint_eq(run.count, 290);
    ck_assert_int_eq(whyrst_tick(run.analyser, last_nsec + 199999999, NULL), 0);
    ck_assert_uint_eq(run.count, 299);
    ck_assert_int_eq(whyrst_tick(run.analyser, last_nsec + 200000000, NULL), 0);
    ck_assert_uint_eq(run.count, 300);
    check_order(&run);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 300);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

/* Without a settle time nothing is decided before the end. */
START_TEST(no_settle_time)
{
    struct script *script = refusals(10);
    struct reset_run run;
    reset_run_init(&run, NULL);
    reset_run_feed(&run, script);
    ck_assert_int_eq(whyrst_tick(run.analyser, INT64_MAX, NULL), 0);
    ck_assert_uint_eq(run.count, 0);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 10);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

START_TEST(rst_after_the_decision)
{
    struct whyrst_options options = {.settle_nsec = 1000000000};
    struct script *script = script_new(ABORT "+5 < P. 11:21(10)\n+.01 > R 1:1(0)\n"
                                             "+5 < P. 21:31(10)\n+.01 > R 1:1(0)\n");
    struct reset_run run;
    reset_run_init(&run, &options);
    for (size_t n = 0; n < script->count; n++)
        ck_assert_int_eq(whyrst_feed(run.analyser, &script->packets[n], 1, NULL), 0);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 1); /* late tails are no new event */
    ck_assert_uint_eq(run.analyser->events.rst_packets, 3);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

/* An event outlives the place of its connection in the table. */
START_TEST(evicted_connections)
{
    struct whyrst_options options = {.max_connections = 128};
    struct script *script = refusals(2000);
    struct reset_run run;
    reset_run_init(&run, &options);
    reset_run_feed(&run, script);
    ck_assert_uint_eq(run.count, 0);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 2000);
    check_order(&run);
    struct whyrst_counts counts;
    whyrst_counts(run.analyser, &counts);
    ck_assert_uint_ge(counts.evicted, 2000 - 128);
    ck_assert_uint_eq(counts.connections, 2000);
    for (unsigned n = 0; n < run.count; n++)
        reset_run_expect(&run.decided[n], "rst.shape=refusal sequel.rst_count=0", "evicted");
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

START_TEST(counts_only_keeps_no_details)
{
    struct whyrst_options options = {.counts_only = true};
    struct script *script = script_new(ABORT "+.01 > copy\n+.1 > R 1:1(0)\n");
    struct reset_run run;
    reset_run_init(&run, &options);
    ck_assert_ptr_null(run.analyser->events.details);
    reset_run_feed(&run, script);
    reset_run_finish(&run);
    ck_assert_uint_eq(run.count, 1);
    ck_assert_ptr_null(run.decided[0].reset.detail);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events");
    TCase *tests = tcase_create("events");
    tcase_add_loop_test(tests, what_follows, 0, sizeof sequels / sizeof *sequels);
    tcase_add_test(tests, followups);
    tcase_add_test(tests, more_followups_than_kept);
    tcase_add_test(tests, rst_payload_is_kept);
    tcase_add_test(tests, oldest_makes_room);
    tcase_add_test(tests, settle_time);
    tcase_add_test(tests, no_settle_time);
    tcase_add_test(tests, rst_after_the_decision);
    tcase_add_test(tests, evicted_connections);
    tcase_add_test(tests, counts_only_keeps_no_details);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
