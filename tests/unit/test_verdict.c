#include "rules/verdict.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "reset_run.h"
#include "rule_files.h"
#include "suite.h"

/* Found by bisection of (right/of - p)^2 of = z^2 p (1 - p), z = 1.645. */
static const struct {
    unsigned right, of;
    double bound;
} bounds[] = {
    {0, 0, 0},
    {0, 1, 0},
    {0, 10, 0},
    {1, 1, 0.269830883},
    {1, 2, 0.120851981},
    {5, 10, 0.269255662},
    {61, 80, 0.676458817},
    {118, 118, 0.977581691},
    {118, 120, 0.950879129},
    {999, 1000, 0.995529774},
    {1, 1000, 0.000223099},
    {1000000, 1000000, 0.999997294},
};

START_TEST(lower_bound)
{
    ck_assert_double_eq_tol(verdict_lower_bound(bounds[_i].right, bounds[_i].of), bounds[_i].bound,
                            1e-8);
}
END_TEST

static struct whyrst_rules *rules;

static void load(void)
{
    struct whyrst_error error;
    rules = whyrst_rules_load(rule_directory, &error);
    ck_assert_msg(rules != NULL, "%s", error.text);
}

static void setup(void)
{
    rule_files_setup();
}

static void teardown(void)
{
    whyrst_rules_free(rules);
    rules = NULL;
    rule_files_teardown();
}

/* Decides on facts of which only rst.window is known. */
static struct verdict decide(double window)
{
    static struct facts facts;
    static const struct packet_line line = {
        {PACKET_SYN | PACKET_FROM_PEER, PACKET_RST_ACK}, 2, true};
    struct verdict verdict;
    facts.known[FACT_RST_WINDOW] = true;
    facts.value[FACT_RST_WINDOW] = window;
    memset(&verdict, 0xee, sizeof verdict);
    verdict_decide(rules, &facts, &line, WHYRST_SERVER, &verdict);
    return verdict;
}

static void check_numbers(double confidence, const struct whyrst_alternative *alternatives,
                          unsigned count, enum whyrst_cause cause)
{
    double sum = confidence;
    ck_assert_double_ge(confidence, 0);
    for (unsigned n = 0; n < count; n++) {
        ck_assert_double_gt(alternatives[n].confidence, 0);
        ck_assert_uint_ne(alternatives[n].cause, cause);
        ck_assert_ptr_nonnull(alternatives[n].why);
        if (n > 0)
            ck_assert_double_le(alternatives[n].confidence, alternatives[n - 1].confidence);
        for (unsigned other = 0; other < n; other++)
            ck_assert_uint_ne(alternatives[n].cause, alternatives[other].cause);
        sum += alternatives[n].confidence;
    }
    ck_assert_double_le(sum, 1 + 1e-9);
}

#define WINDOW_0          "\"facts\": {\"rst.window\": 0}, \"why\": \"w\""
#define WINDOW_0_AND_MORE "\"facts\": {\"rst.window\": 0, \"peer.fin_seen\": true}, \"why\": \"w\""

static const struct {
    const char *name, *signature;
    bool complete;
    double confidence;
} confidences[] = {
    {"counted: the lower bound", "\"measured\": {\"right\": 118, \"of\": 118}, " WINDOW_0, true,
     0.977},
    {"seen wrong once: never certain", "\"measured\": {\"right\": 118, \"of\": 120}, " WINDOW_0,
     true, 0.890},
    {"seen wrong, and below that anyway", "\"measured\": {\"right\": 61, \"of\": 80}, " WINDOW_0,
     true, 0.676},
    {"never right", "\"measured\": {\"right\": 0, \"of\": 10}, " WINDOW_0, true, 0},
    {"not counted", WINDOW_0, true, 0.3},
    {"counted over nothing", "\"measured\": {\"right\": 0, \"of\": 0}, " WINDOW_0, true, 0.3},
    {"incomplete, not counted apart",
     "\"measured\": {\"right\": 118, \"of\": 120}, " WINDOW_0_AND_MORE, false, 0.570},
    {"incomplete, counted apart",
     "\"measured\": {\"right\": 118, \"of\": 120}, \"measured_partial\": {\"right\": 5, \"of\": "
     "10}, " WINDOW_0_AND_MORE,
     false, 0.269},
    {"incomplete and never counted", WINDOW_0_AND_MORE, false, 0.18},
    {"complete: what is counted of incomplete ones does not matter",
     "\"measured_partial\": {\"right\": 5, \"of\": 10}, " WINDOW_0, true, 0.3},
};

START_TEST(confidence)
{
    char signature[400];
    snprintf(signature, sizeof signature, "{\"name\": \"one\", %s}", confidences[_i].signature);
    rule_files_add_rule("so-linger-zero", 50, signature);
    load();
    struct verdict verdict = decide(0);
    ck_assert_uint_eq(verdict.cause, WHYRST_SO_LINGER_ZERO);
    ck_assert_str_eq(verdict.signature->name, "one");
    ck_assert_msg(verdict.complete == confidences[_i].complete, "%s", confidences[_i].name);
    ck_assert_msg(fabs(verdict.confidence - confidences[_i].confidence) < 1e-9, "%s: %f",
                  confidences[_i].name, verdict.confidence);
    ck_assert_uint_eq(verdict.alternative_count, 0);
    ck_assert_int_eq(verdict.origin, WHYRST_ORIGIN_SERVER);
}
END_TEST

START_TEST(nothing_matches)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    struct verdict verdict = decide(1);
    ck_assert_uint_eq(verdict.cause, WHYRST_UNKNOWN);
    ck_assert_ptr_null(verdict.signature);
    ck_assert_double_eq(verdict.confidence, 0);
    ck_assert_uint_eq(verdict.alternative_count, 0);
    ck_assert_int_eq(verdict.origin, WHYRST_ORIGIN_UNKNOWN);
}
END_TEST

/* A signature of what has no name yet is nothing to be sure of. */
START_TEST(named_unknown)
{
    rule_files_add_rule(
        "unknown", 0,
        "{\"name\": \"one\", \"measured\": {\"right\": 1000, \"of\": 1000}, " WINDOW_0 "}");
    load();
    struct verdict verdict = decide(0);
    ck_assert_uint_eq(verdict.cause, WHYRST_UNKNOWN);
    ck_assert_str_eq(verdict.signature->name, "one");
    ck_assert_double_lt(verdict.confidence, 0.9);
}
END_TEST

START_TEST(origin_of_the_signature)
{
    rule_files_add_rule("injected-reset", 50,
                        "{\"name\": \"one\", \"origin\": \"middlebox\", " WINDOW_0 "}");
    load();
    ck_assert_int_eq(decide(0).origin, WHYRST_ORIGIN_MIDDLEBOX);
}
END_TEST

START_TEST(alternatives)
{
    rule_files_add_rule("so-linger-zero", 60,
                        "{\"name\": \"one\", \"cannot_exclude\": [\"data-after-close\"], "
                        "\"measured\": {\"right\": 80, \"of\": 100, \"instead\": "
                        "{\"unread-receive-buffer\": 15, \"injected-reset\": 5}}, " WINDOW_0 "}");
    rule_files_add_rule("firewall-reject", 50,
                        "{\"name\": \"two\", \"measured\": {\"right\": 1, \"of\": 2}, " WINDOW_0
                        "}");
    rule_files_add_rule("unread-receive-buffer", 40,
                        "{\"name\": \"three\", " WINDOW_0_AND_MORE "}");
    load();
    struct verdict verdict = decide(0);
    check_numbers(verdict.confidence, verdict.alternatives, verdict.alternative_count,
                  verdict.cause);
    ck_assert_uint_eq(verdict.alternative_count, 4);
    ck_assert_uint_eq(verdict.alternatives[0].cause, WHYRST_UNREAD_RECEIVE_BUFFER);
    ck_assert_str_eq(verdict.alternatives[0].why, "w"); /* the signature's own words */
    bool found = false;
    for (unsigned n = 0; n < 4; n++)
        found |= verdict.alternatives[n].cause == WHYRST_DATA_AFTER_CLOSE;
    ck_assert(found); /* named, if never met */
}
END_TEST

/* Many signatures of every cause, all matching. */
START_TEST(alternatives_of_many)
{
    for (unsigned cause = 0; cause < WHYRST_UNKNOWN; cause++) {
        char signatures[1000];
        snprintf(signatures, sizeof signatures,
                 "{\"name\": \"a\", \"measured\": {\"right\": %u, \"of\": %u}, " WINDOW_0 "},"
                 "{\"name\": \"b\", " WINDOW_0_AND_MORE "}",
                 cause * 7, cause * 9);
        rule_files_add_rule(whyrst_cause_name((enum whyrst_cause)cause), (int)cause, signatures);
    }
    load();
    struct verdict verdict = decide(0);
    check_numbers(verdict.confidence, verdict.alternatives, verdict.alternative_count,
                  verdict.cause);
    ck_assert_uint_le(verdict.alternative_count, WHYRST_CAUSE_COUNT - 1);
    ck_assert_uint_ge(verdict.alternative_count, 5);
}
END_TEST

#define HANDSHAKE                                                                                  \
    "0.000 < S 0:0(0) <mss 1460,sackOK,TS,wscale 7>\n"                                             \
    "0.010 > S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS,wscale 7>\n"                            \
    "0.020 < . 1:1(0) ack 1 win 502 <TS>\n"

/* What verdict_describe makes of the last event of a script. */
static struct whyrst_reset out;

static void describe(const char *script, enum whyrst_language language)
{
    struct reset_run run;
    struct verdict verdict;
    reset_run_script(&run, script);
    ck_assert_uint_gt(run.count, 0);
    const struct decided *decided = &run.decided[run.count - 1];
    verdict_decide(rules, &decided->facts, &decided->line, WHYRST_SERVER, &verdict);
    memset(&out, 0, sizeof out);
    verdict_describe(rules, &decided->reset, &decided->facts, &decided->line, &verdict, language,
                     &out);
    reset_run_clear(&run);
}

static const struct whyrst_evidence *evidence_of(const char *fact)
{
    for (unsigned n = 0; n < out.evidence_count; n++)
        if (strcmp(out.evidence[n].fact, fact) == 0)
            return &out.evidence[n];
    ck_abort_msg("no evidence of %s", fact);
    return NULL;
}

/* Checks "sentence: value" of a number. */
static void check_number(enum fact_id id, const char *value)
{
    char text[240];
    snprintf(text, sizeof text, "%s: %s", fact_table[id].sentence, value);
    ck_assert_str_eq(evidence_of(fact_table[id].name)->text, text);
}

static bool has_caveat(const char *code)
{
    for (unsigned n = 0; n < out.caveat_count; n++)
        if (strcmp(out.caveats[n].code, code) == 0)
            return true;
    return false;
}

START_TEST(description)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    describe(HANDSHAKE "1 < P. 1:11(10)\n2 > R. 1:1(0)\n2.1 < P. 11:21(10)\n2.2 > R 1:1(0)\n",
             WHYRST_EN);
    ck_assert_uint_eq(out.id, 1);
    ck_assert_uint_eq(out.frame, 5);
    ck_assert_int_eq(out.time_nsec, INT64_C(1500000002000000000));
    ck_assert_uint_eq(out.client.port, 40000);
    ck_assert_uint_eq(out.server.port, 80);
    ck_assert_uint_eq(out.server.version, 4);
    ck_assert_mem_eq(out.server.ip, "\x0a\x00\x00\x02", 4);
    ck_assert(!out.roles_inferred);
    ck_assert_int_eq(out.sent_by, WHYRST_SERVER);
    ck_assert_int_eq(out.stage, WHYRST_POST_PSH);
    ck_assert_str_eq(out.verdict.signature, "one");
    ck_assert_str_eq(out.verdict.title, "title");
    ck_assert_str_eq(out.verdict.explanation, "10.0.0.2:80");
    ck_assert_int_eq(out.verdict.certainty, WHYRST_POSSIBLE);
    ck_assert_str_eq(out.impact, "impact");
    ck_assert_str_eq(out.confirm[0], "ss");
    ck_assert_str_eq(out.remedy[0], "do");
    ck_assert_ptr_null(out.remedy[1]);
    ck_assert_int_eq(out.bytes_unacknowledged, 10);
    ck_assert_int_eq(out.bytes_unanswered, 10);
    ck_assert_uint_eq(out.caveat_count, 0);
    ck_assert_str_eq(out.notation, "< S > S. < . D > R.");
    ck_assert_uint_eq(out.followup_count, 1);
    ck_assert_uint_eq(out.followup_frames[0], 7);
    ck_assert_int_eq(out.kernel.pid, -1);
    ck_assert_str_eq(out.evidence[0].fact, "rst.window"); /* the signature's first */
    describe(HANDSHAKE "2 > R. 1:1(0)\n", WHYRST_ZH);
    ck_assert_str_eq(out.verdict.title, "题");
    ck_assert_str_eq(out.verdict.explanation, "10.0.0.1:40000");
    ck_assert_str_eq(out.remedy[0], "做");
}
END_TEST

START_TEST(sequence)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    describe(HANDSHAKE "1 < P. 1:11(10) ack 1 win 500 ttl 60\n2 > R. 1:1(0) ack 11\n", WHYRST_EN);
    static const struct whyrst_packet_note expected[] = {
        {.frame = 1, .from = 0, .ttl = 64, .flags = TCP_SYN, .window = 64240},
        {.frame = 2,
         .from = 1,
         .ttl = 64,
         .flags = TCP_SYN | TCP_ACK,
         .offset_nsec = 10000000,
         .ack = 1,
         .window = 65160},
        {.frame = 3,
         .from = 0,
         .ttl = 64,
         .flags = TCP_ACK,
         .offset_nsec = 20000000,
         .seq = 1,
         .ack = 1,
         .window = 502 << 7},
        {.frame = 4,
         .from = 0,
         .ttl = 60,
         .flags = TCP_ACK | TCP_PSH,
         .offset_nsec = 1000000000,
         .seq = 1,
         .ack = 1,
         .len = 10,
         .window = 500 << 7},
        {.frame = 5,
         .from = 1,
         .ttl = 64,
         .flags = TCP_ACK | TCP_RST,
         .offset_nsec = 2000000000,
         .seq = 1,
         .ack = 11},
    };
    ck_assert_uint_eq(out.sequence_count, 5);
    ck_assert_uint_eq(out.sequence_gap_after, 0);
    for (unsigned n = 0; n < 5; n++) {
        const struct whyrst_packet_note *note = &out.sequence[n], *want = &expected[n];
        ck_assert_uint_eq(note->frame, want->frame);
        ck_assert_uint_eq(note->from, want->from);
        ck_assert_uint_eq(note->ttl, want->ttl);
        ck_assert_uint_eq(note->flags, want->flags);
        ck_assert_int_eq(note->offset_nsec, want->offset_nsec);
        ck_assert_uint_eq(note->seq, want->seq);
        ck_assert_uint_eq(note->ack, want->ack);
        ck_assert_uint_eq(note->len, want->len);
        ck_assert_uint_eq(note->window, want->window);
        ck_assert_uint_eq(note->input, 0);
    }
}
END_TEST

/* Relative as in Wireshark, which takes the base of an end not captured from the other's ACK. */
START_TEST(sequence_without_a_base)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    describe("0 > R. 1:1(0) ack 1\n", WHYRST_EN);
    ck_assert_uint_eq(out.sequence_count, 1);
    ck_assert_uint_eq(out.sequence[0].seq, 1);
    ck_assert_uint_eq(out.sequence[0].ack, 1);
}
END_TEST

/* Frames of other inputs keep their own numbers. */
START_TEST(sequence_over_inputs)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    describe(HANDSHAKE "input 3\n1 < P. 1:11(10)\n2 > R. 1:1(0)\n", WHYRST_EN);
    ck_assert_uint_eq(out.input, 3);
    ck_assert_uint_eq(out.frame, 2);
    ck_assert_uint_eq(out.sequence[2].input, 0);
    ck_assert_uint_eq(out.sequence[2].frame, 3);
    ck_assert_uint_eq(out.sequence[3].input, 3);
    ck_assert_uint_eq(out.sequence[3].frame, 1);
}
END_TEST

START_TEST(evidence)
{
    rule_files_add_rule(
        "so-linger-zero", 50,
        "{\"name\": \"one\", \"why\": \"w\", \"facts\": {\"rst.window\": 0, "
        "\"trigger.delay_msec\": {\">\": 1}, \"peer.bytes_unanswered\": {\">\": 0}, "
        "\"rst.mptcp_reason\": -1, \"conn.rtt_msec\": {\">\": 0}, "
        "\"resetter.fin_acked\": true, \"conn.idle_sec\": {\">\": 0}}}");
    load();
    describe(HANDSHAKE "1 < P. 1:11(10)\n2234.5678 > R. 1:1(0)\n", WHYRST_EN);
    const struct whyrst_evidence *found = evidence_of("trigger.delay_msec");
    ck_assert_int_eq(found->kind, WHYRST_VALUE_NUMBER);
    check_number(FACT_TRIGGER_DELAY_MSEC, "2233567.8");
    check_number(FACT_CONN_IDLE_SEC, "2233.568");
    check_number(FACT_RST_WINDOW, "0");
    check_number(FACT_PEER_BYTES_UNANSWERED, "10");
    ck_assert_uint_eq(found->frame_count, 2);
    ck_assert_uint_eq(found->frames[0], 4);
    ck_assert_uint_eq(found->frames[1], 5);
    found = evidence_of("rst.shape");
    ck_assert_int_eq(found->kind, WHYRST_VALUE_STRING);
    ck_assert_str_eq(found->string, "active");
    found = evidence_of("resetter.fin_seen");
    ck_assert_int_eq(found->kind, WHYRST_VALUE_BOOL);
    check_number(FACT_RESETTER_FIN_SEEN, "no");
    ck_assert_uint_eq(evidence_of("conn.rtt_msec")->frame_count, 3);
    ck_assert_str_eq(evidence_of("rst.mptcp_reason")->text, "the RST carries no MP_TCPRST option");
    for (unsigned n = 0; n < out.evidence_count; n++) /* not captured: no evidence, one of each */
        ck_assert_str_ne(out.evidence[n].fact, "resetter.fin_acked");
    ck_assert(has_caveat("incomplete_match"));
    ck_assert(!out.verdict.complete);
    describe(HANDSHAKE "1 < P. 1:11(10)\n2 > R. 1:5(4) data \"text\" <mptcp_rst 3>\n", WHYRST_EN);
    ck_assert_str_eq(evidence_of("rst.payload_bytes")->text, "the RST carries text: \"text\"");
    ck_assert_uint_eq(out.rst_payload_bytes, 4);
    ck_assert_mem_eq(out.rst_payload, "text", 4);
}
END_TEST

/* Frames are of the RST's input. */
START_TEST(evidence_over_inputs)
{
    rule_files_add_rule("so-linger-zero", 50,
                        "{\"name\": \"one\", \"why\": \"w\", \"facts\": {\"rst.window\": 0, "
                        "\"conn.rtt_msec\": {\">\": 0}}}");
    load();
    describe("input 1\n0 < . 1:1(0)\n0.1 > . 1:1(0)\ninput 0\n" HANDSHAKE
             "1 > R. 1:1(0)\ninput 1\n1.1 > P. 1:101(100)\n",
             WHYRST_EN);
    ck_assert_double_eq(evidence_of("sequel.resetter_continues")->number, 1);
    for (unsigned n = 0; n < out.evidence_count; n++)
        for (unsigned at = 0; at < out.evidence[n].frame_count; at++)
            ck_assert_uint_le(out.evidence[n].frames[at], 4);
    describe(HANDSHAKE "1 > R. 1:1(0)\n1.1 > P. 1:101(100)\n", WHYRST_EN);
    ck_assert_uint_eq(evidence_of("sequel.resetter_continues")->frames[0], 5);
    describe("input 1\n" HANDSHAKE "input 0\n1 > R. 1:1(0)\n", WHYRST_EN);
    ck_assert_uint_eq(evidence_of("conn.rtt_msec")->frame_count, 0);
    for (unsigned n = 0; n < out.evidence_count; n++)
        for (unsigned at = 0; at < out.evidence[n].frame_count; at++)
            ck_assert_uint_eq(out.evidence[n].frames[at], 1);
}
END_TEST

static const struct {
    const char *script, *code;
    bool has;
} caveats[] = {
    {HANDSHAKE "1 > R. 1:1(0)\n", "handshake_not_captured", false},
    {"0 < . 1:1(0)\n1 > . 1:1(0)\n2 > R. 1:1(0)\n", "handshake_not_captured", true},
    {"0 < . 1:1(0)\n1 > R. 1:1(0)\n", "one_sided", true},
    {"0 > . 1:1(0)\n1 > R. 1:1(0)\n", "one_sided", true},
    {"0 < S 0:0(0)\n1 > R. =0:0(0) ack 1\n", "one_sided", false},
    {HANDSHAKE "1 > R. 1:1(0)\n", "one_sided", false},
    {HANDSHAKE "1 > . 1:1(0) ack 700\n2 > R. 1:1(0)\n", "capture_loss", true},
    {HANDSHAKE "1 > R. 1:1(0)\n", "capture_loss", false},
    {HANDSHAKE "1 > R. 1:1(0) <TS> cut 8\n", "snaplen", true},
    {HANDSHAKE "1 > R. 1:1(0)\n1.0001 > copy\n", "duplicates", true},
};

START_TEST(caveat)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    describe(caveats[_i].script, WHYRST_EN);
    ck_assert_msg(has_caveat(caveats[_i].code) == caveats[_i].has, "%s on %s", caveats[_i].code,
                  caveats[_i].script);
}
END_TEST

START_TEST(longest_notation)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    char script[4000] = HANDSHAKE;
    for (unsigned n = 0; n < 40; n++)
        strcat(script,
               n % 2 ? "+.1 < . 1:1(0)\n+.1 < . 1:1(0)\n" : "+.1 > . 1:1(0)\n+.1 > . 1:1(0)\n");
    strcat(script, "+.1 > R. 1:1(0)\n");
    describe(script, WHYRST_EN);
    ck_assert(strncmp(out.notation, "... > .+ < .+", 13) == 0);
    ck_assert_str_eq(out.notation + strlen(out.notation) - 4, "> R.");
}
END_TEST

/* A directory need not have a rule of the cause "unknown". */
START_TEST(cause_without_a_rule)
{
    rule_files_add_rule("so-linger-zero", 50, "{\"name\": \"one\", " WINDOW_0 "}");
    load();
    describe(HANDSHAKE "1 < P. 1:11(10)\n2 > R. 1:1(0) win 7\n", WHYRST_EN);
    ck_assert_uint_eq(out.verdict.cause, WHYRST_UNKNOWN);
    ck_assert_str_eq(out.verdict.signature, "none");
    ck_assert_str_eq(out.verdict.explanation, "");
    ck_assert_ptr_null(out.confirm[0]);
    ck_assert_ptr_null(out.remedy[0]);
    ck_assert_str_eq(out.impact, "");
    ck_assert_int_eq(out.bytes_unacknowledged, 10); /* these are of the packets */
    ck_assert_int_eq(out.bytes_unanswered, 10);
    ck_assert_uint_eq(out.evidence_count, WHYRST_MAX_EVIDENCE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict");
    TCase *tests = tcase_create("verdict");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, lower_bound, 0, sizeof bounds / sizeof *bounds);
    tcase_add_loop_test(tests, confidence, 0, sizeof confidences / sizeof *confidences);
    tcase_add_test(tests, nothing_matches);
    tcase_add_test(tests, named_unknown);
    tcase_add_test(tests, origin_of_the_signature);
    tcase_add_test(tests, alternatives);
    tcase_add_test(tests, alternatives_of_many);
    tcase_add_test(tests, description);
    tcase_add_test(tests, sequence);
    tcase_add_test(tests, sequence_without_a_base);
    tcase_add_test(tests, sequence_over_inputs);
    tcase_add_test(tests, evidence);
    tcase_add_test(tests, evidence_over_inputs);
    tcase_add_loop_test(tests, caveat, 0, sizeof caveats / sizeof *caveats);
    tcase_add_test(tests, longest_notation);
    tcase_add_test(tests, cause_without_a_rule);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
