#include "reset/reset.h"

#include <check.h>
#include <string.h>

#include "reset_run.h"
#include "suite.h"

#define HANDSHAKE                                                                                  \
    "0.000 < S 0:0(0) <mss 1460,sackOK,TS,wscale 7>\n"                                             \
    "0.010 > S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS,wscale 7>\n"                            \
    "0.020 < . 1:1(0) ack 1 win 502 <TS>\n"

static const struct {
    const char *name, *script;
    const char *expected; /* facts */
} shapes[] = {
    {"a refusal", "0 < S 0:0(0)\n0.01 > R. =0:0(0) ack 1\n",
     "rst.shape=refusal trigger.kind=syn trigger.delay_msec=10 resetter.role=server"},
    {"a refusal without the SYN", "0 > R. =0:0(0) ack 1\n",
     "rst.shape=refusal trigger.kind=unknown resetter.role=server"},
    {"a refusal of a segment without ACK", "0 < F 1:1(0)\n0.01 > R. =0:0(0) ack 2\n",
     "rst.shape=refusal trigger.kind=fin"},
    {"a refusal with the number of the SYN's empty acknowledgment field",
     "0 < S 0:0(0) ack =55\n0.01 > R. =55:55(0) ack 1\n", "rst.shape=refusal trigger.kind=syn"},
    {"an abort at the next sequence number",
     HANDSHAKE "0.1 < P. 1:11(10)\n0.2 > R. 1:1(0) ack 1 win 510\n",
     "rst.shape=active trigger.kind=data rst.seq_offset=0 rst.ack_offset=-10"},
    {"an abort by the client", HANDSHAKE "5 < R. 1:1(0) ack 1 win 502 <TS>\n",
     "rst.shape=active resetter.role=client trigger.kind=synack"},
    {"an abort whose last data is not in the capture",
     HANDSHAKE "0.1 > P. 1:101(100)\n0.2 > R. 1501:1501(0)\n",
     "rst.shape=active rst.seq_offset=1400"},
    {"an abort at the edge of a shrunken window",
     HANDSHAKE "0.1 < . 1:1(0) win 10\n0.2 > P. 1:3001(3000)\n0.3 < . 1:1(0) ack 1 win 1\n"
               "0.4 > R. 129:129(0)\n",
     "rst.shape=active rst.seq_offset=-2872"},
    {"a reply to data", HANDSHAKE "0.1 < P. 1:11(10) ack 1\n0.11 > R 1:1(0)\n",
     "rst.shape=reply trigger.kind=data trigger.delay_msec=10"},
    {"a reply to an older acknowledgment",
     HANDSHAKE "0.1 > P. 1:101(100)\n0.11 < P. 1:11(10) ack 1\n0.12 < P. 11:21(10) ack 101\n"
               "0.13 > R 1:1(0)\n",
     "rst.shape=reply rst.seq_offset=-100"},
    {"a reply with ACK, as some stacks make all of theirs",
     HANDSHAKE "0.1 > P. 1:101(100)\n0.11 < P. 1:11(10) ack 1\n0.13 > R. 1:1(0)\n",
     "rst.shape=reply"},
    {"a reply to a SYN-ACK", "0 < S 0:0(0)\n0.01 > S. 0:0(0) ack 1\n0.02 < R 1:1(0)\n",
     "rst.shape=reply trigger.kind=synack resetter.role=client"},
    {"a reply to a stray ACK", "0 < S 0:0(0)\n0.01 > . 7000:7000(0) ack 900\n0.02 < R 900:900(0)\n",
     "rst.shape=reply trigger.kind=ack conn.syn_answered_by_ack=true"},
    {"a RST without ACK of an end that had taken everything",
     HANDSHAKE "0.1 < P. 1:11(10)\n0.11 > . 1:1(0)\n0.2 < . 11:11(0)\n0.3 > . 1:1(0)\n"
               "0.4 > R 1:1(0)\n",
     "rst.shape=bare"},
    {"a RST without ACK at a number nobody acknowledged",
     HANDSHAKE "0.1 > P. 1:101(100)\n0.2 > R 101:101(0)\n", "rst.shape=bare"},
    {"a RST without ACK at numbers that fit nothing",
     HANDSHAKE "0.1 > P. 1:101(100)\n0.2 > R 777:777(0)\n", "rst.shape=odd rst.seq_offset=676"},
    {"a RST with ACK before what was sent", HANDSHAKE "0.1 > P. 1:101(100)\n0.2 > R. 50:50(0)\n",
     "rst.shape=odd"},
    {"the packet itself, turned round",
     HANDSHAKE "0.1 < P. 1:11(10) ack 1 win 777 <TS>\n0.11 > R. 1:1(0) ack 1 win 777\n",
     "rst.shape=rewritten rst.window_echo=true rst.timestamps=missing"},
    {"the same with its payload counted is an abort",
     HANDSHAKE "0.1 < P. 1:11(10) ack 1 win 777 <TS>\n0.11 > R. 1:1(0) ack 11 win 777\n",
     "rst.shape=active rst.window_echo=true"},
    {"a RST without ACK, the peer not captured",
     "0 > P. 1:11(10) ack 1\n0.1 > P. 11:21(10) ack 1\n0.2 > R 21:21(0)\n",
     "rst.shape=unknown peer.seen=false trigger.kind=unknown"},
    {"a lone RST without ACK", "0 > R 1:1(0)\n", "rst.shape=unknown peer.seen=false"},
    {"a lone RST with ACK and no window", "0 < R. 1:1(0) ack 1\n", "rst.shape=unknown"},
    {"a lone RST with ACK and a window", "0 < R. 1:1(0) ack 1 win 501\n", "rst.shape=active"},
    {"a lone RST with ACK and timestamps", "0 < R. 1:1(0) ack 1 <TS>\n", "rst.shape=active"},
    {"the resetter not captured, its peer was", "0 < P. 1:11(10) ack 1\n0.1 > R 1:1(0)\n",
     "rst.shape=reply resetter.seen=false"},
    {"an abort by an end known only from its peer's ACK",
     "0 < P. 1:11(10) ack 501\n0.1 > R. 501:501(0) ack 11 win 9\n", "rst.shape=active"},
    {"numbers across the end of the sequence space",
     "isn 4294967290 4294967290\n" HANDSHAKE
     "0.1 < P. 1:21(20)\n0.2 > P. 1:21(20)\n0.3 > R. 21:21(0) win 9\n",
     "rst.shape=active rst.seq_offset=0 rst.ack_offset=0"},
};

START_TEST(shape)
{
    struct reset_run run;
    reset_run_script(&run, shapes[_i].script);
    ck_assert_msg(run.count == 1, "%s: %u events", shapes[_i].name, run.count);
    reset_run_expect(&run.decided[0], shapes[_i].expected, shapes[_i].name);
    reset_run_clear(&run);
}
END_TEST

static const struct {
    const char *script;
    const char *expected;
} triggers[] = {
    {"0 < S 0:0(0)\n0.25 > R. =0:0(0) ack 1\n", "trigger.kind=syn trigger.delay_msec=250"},
    {"0 < S 0:0(0)\n0.1 > S. 0:0(0)\n0.2 < R 1:1(0)\n", "trigger.kind=synack"},
    {HANDSHAKE "1 > R 1:1(0)\n", "trigger.kind=ack trigger.delay_msec=980"},
    {HANDSHAKE "1 < P. 1:11(10)\n1.5 > R 1:1(0)\n", "trigger.kind=data trigger.delay_msec=500"},
    {HANDSHAKE "1 < F. 1:1(0)\n1.02 > R 1:1(0)\n",
     "trigger.kind=fin trigger.delay_msec=20 trigger.delay_rtts=1"},
    {HANDSHAKE "1 < . 0:0(0)\n1.01 > R 1:1(0)\n", "trigger.kind=probe"},
    /* The resetter spoke in between: the peer's newest packet still counts, to the tick. */
    {HANDSHAKE "1 < P. 1:11(10)\n1.1 > . 1:1(0)\n3 > R. 1:1(0)\n", "trigger.kind=data"},
    /* Captured on two interfaces with clocks that differ. */
    {HANDSHAKE "1 < P. 1:11(10)\n0.9 > R 1:1(0)\n", "trigger.kind=data trigger.delay_msec=0"},
};

START_TEST(trigger)
{
    struct reset_run run;
    reset_run_script(&run, triggers[_i].script);
    ck_assert_uint_eq(run.count, 1);
    reset_run_expect(&run.decided[0], triggers[_i].expected, triggers[_i].script);
    reset_run_clear(&run);
}
END_TEST

static const struct {
    const char *script;
    enum whyrst_stage stage;
    enum handshake handshake;
} stages[] = {
    {"0 < S 0:0(0)\n1 > R. =0:0(0) ack 1\n", WHYRST_POST_SYN, HANDSHAKE_SYN},
    {"0 < S 0:0(0)\n0.1 > S. 0:0(0)\n1 < R 1:1(0)\n", WHYRST_POST_ACK, HANDSHAKE_SYN_ACK},
    {HANDSHAKE "1 > R. 1:1(0)\n", WHYRST_POST_ACK, HANDSHAKE_COMPLETE},
    {HANDSHAKE "1 < P. 1:11(10)\n2 > R. 1:1(0)\n", WHYRST_POST_PSH, HANDSHAKE_COMPLETE},
    {HANDSHAKE "1 < P. 1:11(10)\n2 < P. 11:21(10)\n3 > R. 1:1(0)\n", WHYRST_LATER,
     HANDSHAKE_COMPLETE},
    {HANDSHAKE "1 > P. 1:11(10)\n3 > R. 11:11(0)\n", WHYRST_LATER, HANDSHAKE_COMPLETE},
    {HANDSHAKE "1 < F. 1:1(0)\n3 > R. 1:1(0)\n", WHYRST_CLOSING, HANDSHAKE_COMPLETE},
    {HANDSHAKE "1 < F. 1:1(0)\n2 > F. 1:1(0)\n3 > R 2:2(0)\n", WHYRST_CLOSED, HANDSHAKE_COMPLETE},
    {"0 < . 1:1(0) ack 1\n1 > R 1:1(0)\n", WHYRST_MIDSTREAM, HANDSHAKE_NONE},
    {"0 > . 1:1(0) ack 1\n0.5 < F. 1:1(0)\n1 > R 1:1(0)\n", WHYRST_CLOSING, HANDSHAKE_NONE},
    /* One-sided: the server's packets show that its SYN-ACK was sent. */
    {"0 > S. 0:0(0) ack 1\n1 > R. 1:1(0)\n", WHYRST_POST_ACK, HANDSHAKE_SYN_ACK},
    {"0 < S 0:0(0)\n1 > P. 1:11(10)\n2 > R. 11:11(0)\n", WHYRST_LATER, HANDSHAKE_COMPLETE},
    {"0 < S 0:0(0)\n0.1 > . 7000:7000(0) ack 900\n0.2 < R 900:900(0)\n", WHYRST_POST_ACK,
     HANDSHAKE_SYN},
};

START_TEST(stage)
{
    struct reset_run run;
    reset_run_script(&run, stages[_i].script);
    ck_assert_uint_eq(run.count, 1);
    ck_assert_msg(reset_stage(&run.decided[0].reset) == stages[_i].stage, "stage %d of %s",
                  reset_stage(&run.decided[0].reset), stages[_i].script);
    ck_assert_msg(reset_handshake(&run.decided[0].reset) == stages[_i].handshake,
                  "handshake %d of %s", reset_handshake(&run.decided[0].reset), stages[_i].script);
    reset_run_clear(&run);
}
END_TEST

/* The line in the notation of the rules, '<' from the resetter's peer. */
static const struct {
    const char *script;
    const char *line;
} lines[] = {
    {"0 < S 0:0(0)\n1 > R. =0:0(0) ack 1\n", "<S >R."},
    {"0 < S 0:0(0)\n0.1 > S. 0:0(0)\n0.2 < R 1:1(0)\n", ">S <S. >R"},
    {HANDSHAKE "1 < P. 1:11(10)\n1.5 < P. 11:21(10)\n1.6 < P. 21:31(10)\n2 > . 1:1(0)\n"
               "3 > R. 1:1(0)\n",
     "<S >S. <. <D <D >. >R."},
    {HANDSHAKE "1 < F. 1:1(0)\n3 > R. 1:1(0)\n", "<S >S. <. <F. >R."},
    {"0 < P. 1:11(10) ack 1\n1 > R. 1:1(0)\n", "... <D >R."},
    {"0 > S. 0:0(0) ack 1\n1 > R. 1:1(0)\n", "... >S. >R."},
    {"0 > R. =0:0(0) ack 1\n", "... >R."},
};

static void line_text(const struct packet_line *line, char *buf)
{
    static const char *const names[8] = {"?", "S", "S.", ".", "D", "F.", "R", "R."};
    *buf = '\0';
    if (!line->from_start)
        strcat(buf, "... ");
    for (unsigned n = 0; n < line->count; n++) {
        strcat(buf, line->packets[n] & PACKET_FROM_PEER ? "<" : ">");
        strcat(buf, names[line->packets[n] & 7]);
        strcat(buf, n + 1 < line->count ? " " : "");
    }
}

START_TEST(line)
{
    struct reset_run run;
    char text[6 * PACKET_LINE_MAX];
    reset_run_script(&run, lines[_i].script);
    line_text(&run.decided[0].line, text);
    ck_assert_str_eq(text, lines[_i].line);
    reset_run_clear(&run);
}
END_TEST

/* As many changes and runs as are kept, and more. */
START_TEST(longest_line)
{
    struct reset_run run;
    struct script *script = script_new(HANDSHAKE);
    for (unsigned n = 0; n < 30; n++)
        script_append(script, "+.1 < . 1:1(0)\n+.1 < . 1:1(0)\n+.1 > . 1:1(0)\n+.1 > . 1:1(0)\n");
    script_append(script, "+.1 > R. 1:1(0)\n");
    reset_run_init(&run, NULL);
    reset_run_feed(&run, script);
    reset_run_finish(&run);
    const struct packet_line *longest = &run.decided[0].line;
    ck_assert(!longest->from_start);
    ck_assert_uint_eq(longest->count, 2 * HISTORY_LENGTH + 1);
    ck_assert_uint_le(longest->count, PACKET_LINE_MAX);
    ck_assert_uint_eq(longest->packets[longest->count - 1], PACKET_RST_ACK);
    reset_run_clear(&run);
    script_free(script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("observe");
    TCase *tests = tcase_create("observe");
    tcase_add_loop_test(tests, shape, 0, sizeof shapes / sizeof *shapes);
    tcase_add_loop_test(tests, trigger, 0, sizeof triggers / sizeof *triggers);
    tcase_add_loop_test(tests, stage, 0, sizeof stages / sizeof *stages);
    tcase_add_loop_test(tests, line, 0, sizeof lines / sizeof *lines);
    tcase_add_test(tests, longest_line);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
