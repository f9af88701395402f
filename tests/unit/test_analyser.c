#include "whyrst/whyrst.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "trace_script.h"

#define HANDSHAKE                                                                                  \
    "+.011 < S 0:0(0) <mss 1460,sackOK,TS,wscale 7>\n"                                             \
    "+.010 > S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS,wscale 7>\n"                            \
    "+.010 < . 1:1(0) ack 1 win 502 <TS>\n"

/* Connections of the mixed capture; a third of them carry no reset. */
static const char *const connections[] = {
    "+.01 < S 0:0(0)\n+.01 > R. =0:0(0) ack 1 id 0\n",
    HANDSHAKE "+.1 < P. 1:11(10) <TS>\n+.1 > R. 1:1(0) win 510 <TS>\n",
    HANDSHAKE "+.1 < P. 1:11(10) <TS>\n+.1 > P. 1:101(100) <TS>\n+.1 < F. 11:11(0) <TS>\n"
              "+.01 > F. 101:101(0) <TS>\n+.01 < . 12:12(0) <TS>\n",
    HANDSHAKE "+.1 > F. 1:1(0) <TS>\n+.01 < P. 1:11(10) <TS>\n+.01 > R 2:2(0) id 0\n"
              "+.01 < P. 11:21(10) <TS>\n+.01 > R 2:2(0) id 0\n",
    "+.01 < P. 1:11(10) ack 1\n+.1 > . 1:1(0)\n+61 < P. 11:21(10)\n+.01 > R 1:1(0)\n",
    "+.01 < S 0:0(0)\n+.1 > . 7000:7000(0) ack 900\n+.2 < R 900:900(0)\n+1 < S 0:0(0)\n"
    "+.01 > S. 0:0(0) ack 1\n+.01 < . 1:1(0)\n",
    HANDSHAKE
    "+.1 < P. 1:11(10) <TS>\n+.1 > R. 1:1(0) ttl 247 id 7\n+.0001 > R. 1461:1461(0) ttl 247 id 7\n"
    "+.1 > P. 1:101(100) <TS>\n+.01 < R 11:11(0)\n",
    HANDSHAKE "+.1 < P. 1:11(10) <TS>\n+.0001 < copy\n+.1 > R. 1:1(0) <TS>\n+.0001 > copy\n",
    "+.01 < S 0:0(0)\n+.01 < S 0:0(0)\n+.01 > S. 0:0(0)\n",
};

#define KINDS (sizeof connections / sizeof *connections)

static int compare_times(const void *left, const void *right)
{
    const struct whyrst_packet *a = left, *b = right;
    if (a->time_nsec != b->time_nsec)
        return a->time_nsec < b->time_nsec ? -1 : 1;
    return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

/* Many connections to a few services, interleaved. */
static struct script *mixed_capture(unsigned count)
{
    struct script *script = script_new("");
    char lines[200];
    for (unsigned n = 0; n < count; n++) {
        bool ipv6 = n % 5 == 4;
        snprintf(lines, sizeof lines,
                 ipv6 ? "server fd00::2 %u\nclient fd00::1 %u\nttl 64 %u\n"
                      : "server 10.0.0.2 %u\nclient 10.0.0.1 %u\nttl 64 %u\n",
                 80 + n % 7, 10000 + n, n % 3 ? 64 : 128);
        script_append(script, lines);
        script->time_nsec = INT64_C(1500000000000000000) + INT64_C(7000000) * n;
        script_append(script, connections[n % KINDS]);
    }
    qsort(script->packets, script->count, sizeof *script->packets, compare_times);
    for (size_t n = 0; n < script->count; n++)
        script->packets[n].frame_no = n + 1;
    return script;
}

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

/* What came out of an analyser, as text: everything a report shows. */
struct seen {
    char *text;
    size_t size;
    FILE *file;
    unsigned count;
    bool counts_only;
    uint64_t frames; /* fed */
    struct whyrst_counts counts;
};

static void write_reset(FILE *file, const struct whyrst_reset *reset)
{
    const struct whyrst_verdict *verdict = &reset->verdict;
    fprintf(file, "%s %s %d %s %s\n", verdict->signature, verdict->title, verdict->certainty,
            verdict->explanation, reset->notation);
    for (unsigned n = 0; n < reset->alternative_count; n++)
        fprintf(file, "  or %d %g %s\n", reset->alternatives[n].cause,
                reset->alternatives[n].confidence, reset->alternatives[n].why);
    for (unsigned n = 0; n < reset->evidence_count; n++) {
        fprintf(file, "  %s %s", reset->evidence[n].fact, reset->evidence[n].text);
        for (unsigned at = 0; at < reset->evidence[n].frame_count; at++)
            fprintf(file, " %lu", (unsigned long)reset->evidence[n].frames[at]);
        fprintf(file, "\n");
    }
    for (unsigned n = 0; n < reset->caveat_count; n++)
        fprintf(file, "  but %s\n", reset->caveats[n].code);
    for (unsigned n = 0; n < reset->sequence_count; n++) {
        const struct whyrst_packet_note *note = &reset->sequence[n];
        fprintf(file, "  %lu %ld %d %x %u %u %u %u %u\n", (unsigned long)note->frame,
                (long)note->offset_nsec, note->from, note->flags, note->seq, note->ack, note->len,
                note->window, note->ttl);
    }
    fprintf(file, "  %d %ld %ld %s %lu\n", reset->benign, (long)reset->bytes_unacknowledged,
            (long)reset->bytes_unanswered, reset->impact, (unsigned long)reset->followup_count);
}

static void check_reset(const struct seen *seen, const struct whyrst_reset *reset)
{
    double sum = reset->verdict.confidence;
    ck_assert_double_ge(sum, 0);
    for (unsigned n = 0; n < reset->alternative_count; n++) {
        ck_assert_int_ne(reset->alternatives[n].cause, reset->verdict.cause);
        if (n > 0)
            ck_assert_double_le(reset->alternatives[n].confidence,
                                reset->alternatives[n - 1].confidence);
        sum += reset->alternatives[n].confidence;
    }
    ck_assert_double_le(sum, 1 + 1e-9);
    ck_assert_uint_gt(reset->sequence_count, 0);
    ck_assert_uint_eq(reset->sequence[reset->sequence_count - 1].frame, reset->frame);
    for (unsigned n = 0; n < reset->evidence_count; n++)
        for (unsigned at = 0; at < reset->evidence[n].frame_count; at++) {
            ck_assert_uint_ge(reset->evidence[n].frames[at], 1);
            ck_assert_uint_le(reset->evidence[n].frames[at], seen->frames);
        }
    for (unsigned n = 0; n < reset->followup_frame_count; n++)
        ck_assert_uint_gt(reset->followup_frames[n], reset->frame);
}

static void take_reset(const struct whyrst_reset *reset, void *user)
{
    struct seen *seen = user;
    seen->count++;
    ck_assert_uint_eq(reset->id, seen->count);
    fprintf(seen->file, "%u %lu %u %ld %d %d %d %g\n", reset->input, (unsigned long)reset->frame,
            reset->stream, (long)reset->time_nsec, reset->sent_by, reset->origin,
            reset->verdict.cause, reset->verdict.confidence);
    if (seen->counts_only)
        return;
    check_reset(seen, reset);
    write_reset(seen->file, reset);
}

/* Feeds a script in portions. full: also what only a full report has. */
static struct seen analyse(const struct script *script, const struct whyrst_options *options,
                           size_t portion, bool full)
{
    struct seen seen = {.counts_only = !full, .frames = script->count};
    struct whyrst_error error;
    seen.file = open_memstream(&seen.text, &seen.size);
    ck_assert_ptr_nonnull(seen.file);
    struct whyrst_analyser *analyser = whyrst_new(options, rules, take_reset, &seen, &error);
    ck_assert_msg(analyser != NULL, "%s", error.text);
    for (size_t n = 0; n < script->count; n += portion) {
        size_t count = script->count - n < portion ? script->count - n : portion;
        ck_assert_int_eq(whyrst_feed(analyser, &script->packets[n], count, &error), 0);
    }
    ck_assert_int_eq(whyrst_finish(analyser, &error), 0);
    whyrst_counts(analyser, &seen.counts);
    whyrst_free(analyser);
    fclose(seen.file);
    ck_assert_uint_eq(seen.counts.resets, seen.count);
    uint64_t sum = 0;
    for (unsigned n = 0; n < WHYRST_CAUSE_COUNT; n++)
        sum += seen.counts.by_cause[n];
    ck_assert_uint_eq(sum, seen.count);
    return seen;
}

static const struct whyrst_options plain = {
    .max_connections = 20000, .trace_bytes = 4 << 20, .threads = 1};

START_TEST(portions_and_threads)
{
    static const size_t portions[] = {1, 7, 64, 128, 129, 1000, 1 << 20};
    struct script *script = mixed_capture(450);
    struct seen expected = analyse(script, &plain, 1 << 20, true);
    ck_assert_uint_gt(expected.count, 225);
    for (unsigned n = 0; n < sizeof portions / sizeof *portions; n++)
        for (unsigned threads = 1; threads <= 2; threads++) {
            struct whyrst_options options = plain;
            options.threads = threads;
            struct seen seen = analyse(script, &options, portions[n], true);
            ck_assert_uint_eq(seen.count, expected.count);
            ck_assert_str_eq(seen.text, expected.text);
            ck_assert_mem_eq(&seen.counts, &expected.counts, sizeof seen.counts);
            free(seen.text);
        }
    free(expected.text);
    script_free(script);
}
END_TEST

START_TEST(summary_counts_the_same)
{
    struct script *script = mixed_capture(1000);
    struct whyrst_options options = plain;
    struct seen full = analyse(script, &plain, 100, false);
    options.counts_only = true;
    struct seen counts = analyse(script, &options, 100, false);
    ck_assert_str_eq(full.text, counts.text);
    ck_assert_mem_eq(&full.counts, &counts.counts, sizeof full.counts);
    free(full.text);
    free(counts.text);
    script_free(script);
}
END_TEST

/* Less room for what follows a reset: the same resets, in the same order. */
START_TEST(few_pending)
{
    struct script *script = mixed_capture(900);
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct whyrst_options options = plain;
        options.max_pending = 1;
        options.threads = threads;
        struct seen seen = analyse(script, &options, 100, true);
        struct seen all = analyse(script, &plain, 100, true);
        ck_assert_uint_ge(seen.count, all.count);
        ck_assert_uint_eq(seen.counts.rst_packets, all.counts.rst_packets);
        free(seen.text);
        free(all.text);
    }
    script_free(script);
}
END_TEST

START_TEST(few_connections)
{
    struct script *script = mixed_capture(3000);
    struct whyrst_options options = plain;
    options.max_connections = 1; /* the smallest table is larger */
    struct seen seen = analyse(script, &options, 100, true);
    ck_assert_uint_gt(seen.counts.evicted, 1000);
    ck_assert_uint_ge(seen.counts.connections, 3000);
    options.threads = 2; /* lookups begin long before: what they find is dropped meanwhile */
    struct seen apart = analyse(script, &options, 100, true);
    ck_assert_str_eq(seen.text, apart.text);
    ck_assert_mem_eq(&seen.counts, &apart.counts, sizeof seen.counts);
    free(apart.text);
    free(seen.text);
    script_free(script);
}
END_TEST

START_TEST(counts_by_input)
{
    struct script *script = script_new("0 < S 0:0(0)\n1 > R. =0:0(0) ack 1\n1.0001 > copy\n"
                                       "input 3\n2 < . 1:1(0)\n");
    struct whyrst_packet junk = {.bytes = (const uint8_t *)"\x45",
                                 .caplen = 1,
                                 .wirelen = 60,
                                 .time_nsec = script->time_nsec + 5,
                                 .frame_no = 2,
                                 .link_type = 101,
                                 .input = 3};
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct whyrst_options options = plain;
        struct whyrst_input_counts counts;
        struct whyrst_counts all;
        options.threads = threads;
        struct whyrst_analyser *analyser = whyrst_new(&options, rules, NULL, NULL, NULL);
        ck_assert_ptr_nonnull(analyser);
        whyrst_input_counts(analyser, 0, &counts);
        ck_assert_uint_eq(counts.packets, 0);
        ck_assert_int_eq(counts.first_time_nsec, INT64_MIN);
        ck_assert_int_eq(whyrst_feed(analyser, NULL, 0, NULL), 0);
        ck_assert_int_eq(whyrst_feed(analyser, script->packets, script->count, NULL), 0);
        whyrst_input_counts(analyser, 0, &counts); /* valid between feeds */
        ck_assert_uint_eq(counts.packets, 3);
        ck_assert_uint_eq(counts.tcp_packets, 3);
        ck_assert_uint_eq(counts.duplicates, 1);
        ck_assert_int_eq(counts.first_time_nsec, script->packets[0].time_nsec);
        ck_assert_int_eq(counts.last_time_nsec, script->packets[2].time_nsec);
        ck_assert_int_eq(whyrst_feed(analyser, &junk, 1, NULL), 0);
        whyrst_counts(analyser, &all);
        ck_assert_uint_eq(all.undecoded[WHYRST_CUT], 1);
        ck_assert_uint_eq(all.rst_packets, 2);
        ck_assert_uint_eq(all.connections, 1);
        whyrst_input_counts(analyser, 3, &counts);
        ck_assert_uint_eq(counts.packets, 2);
        ck_assert_uint_eq(counts.tcp_packets, 1);
        ck_assert_int_eq(counts.last_time_nsec, junk.time_nsec);
        whyrst_input_counts(analyser, 1, &counts);
        ck_assert_int_eq(counts.first_time_nsec, INT64_MIN);
        whyrst_input_counts(analyser, 65535, &counts);
        ck_assert_uint_eq(counts.packets, 0);
        ck_assert_int_eq(whyrst_finish(analyser, NULL), 0);
        ck_assert_int_eq(whyrst_finish(analyser, NULL), 0);
        whyrst_counts(analyser, &all);
        ck_assert_uint_eq(all.resets, 1);
        whyrst_free(analyser);
    }
    script_free(script);
    whyrst_free(NULL);
}
END_TEST

/* The callback may ask for counts; it runs on the library's thread. */
static void ask_counts(const struct whyrst_reset *reset, void *user)
{
    struct whyrst_counts counts;
    struct whyrst_input_counts input;
    struct whyrst_analyser **analyser = user;
    whyrst_counts(*analyser, &counts);
    ck_assert_uint_eq(counts.resets, reset->id);
    whyrst_input_counts(*analyser, reset->input, &input);
    ck_assert_uint_gt(input.packets, 0);
}

START_TEST(counts_from_the_callback)
{
    struct script *script = mixed_capture(1000);
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct whyrst_options options = plain;
        struct whyrst_analyser *analyser = NULL;
        options.threads = threads;
        options.max_pending = 1;
        analyser = whyrst_new(&options, rules, ask_counts, &analyser, NULL);
        ck_assert_ptr_nonnull(analyser);
        ck_assert_int_eq(whyrst_feed(analyser, script->packets, script->count, NULL), 0);
        ck_assert_int_eq(whyrst_finish(analyser, NULL), 0);
        whyrst_free(analyser);
    }
    script_free(script);
}
END_TEST

START_TEST(services_are_sorted)
{
    struct script *script = mixed_capture(2000);
    struct whyrst_analyser *analyser = whyrst_new(&plain, rules, NULL, NULL, NULL);
    struct whyrst_service *services;
    struct whyrst_counts counts;
    ck_assert_ptr_nonnull(analyser);
    ck_assert_int_eq(whyrst_services(analyser, &services, NULL), 0);
    free(services);
    ck_assert_int_eq(whyrst_feed(analyser, script->packets, script->count, NULL), 0);
    ck_assert_int_eq(whyrst_finish(analyser, NULL), 0);
    int count = whyrst_services(analyser, &services, NULL);
    ck_assert_int_eq(count, 14); /* seven ports in both versions */
    whyrst_counts(analyser, &counts);
    uint64_t resets = 0;
    for (int n = 0; n < count; n++) {
        uint64_t causes = 0;
        for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++)
            causes += services[n].by_cause[cause];
        ck_assert_uint_eq(causes, services[n].resets);
        ck_assert_uint_gt(services[n].accepted + services[n].refused, 0);
        resets += services[n].resets;
        if (n > 0)
            ck_assert_uint_le(services[n].resets, services[n - 1].resets);
    }
    ck_assert_uint_eq(resets, counts.resets);
    free(services);
    whyrst_free(analyser);
    script_free(script);
}
END_TEST

START_TEST(no_memory)
{
    struct whyrst_options options = plain;
    struct whyrst_error error = {""};
    options.max_connections = UINT32_MAX; /* whether it fails is up to the machine */
    struct whyrst_analyser *analyser = whyrst_new(&options, rules, NULL, NULL, &error);
    ck_assert((analyser == NULL) == (error.text[0] != '\0'));
    whyrst_free(analyser);
    whyrst_free(whyrst_new(&options, rules, NULL, NULL, NULL));
}
END_TEST

START_TEST(names)
{
    for (int n = 0; n < WHYRST_UNDECODED_COUNT; n++)
        ck_assert_str_ne(whyrst_undecoded_name((enum whyrst_undecoded)n), "unknown");
    ck_assert_str_eq(whyrst_undecoded_name(WHYRST_UNDECODED_COUNT), "unknown");
    ck_assert_uint_gt(strlen(whyrst_version()), 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("analyser");
    TCase *tests = tcase_create("analyser");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, portions_and_threads);
    tcase_add_test(tests, summary_counts_the_same);
    tcase_add_test(tests, few_pending);
    tcase_add_test(tests, few_connections);
    tcase_add_test(tests, counts_by_input);
    tcase_add_test(tests, counts_from_the_callback);
    tcase_add_test(tests, services_are_sorted);
    tcase_add_test(tests, no_memory);
    tcase_add_test(tests, names);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
