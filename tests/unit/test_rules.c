#include "rules/ruleset.h"

#include "rule_files.h"

#include <math.h>

#include "suite.h"

static struct whyrst_rules *rules;
static struct facts facts;
static struct packet_line line;

static void load(void)
{
    struct whyrst_error error;

    rules = whyrst_rules_load(rule_directory, &error);
    ck_assert_msg(rules != NULL, "%s", error.text);
}

static void setup(void)
{
    rule_files_setup();
    memset(&facts, 0, sizeof facts);
    line = (struct packet_line){{PACKET_SYN | PACKET_FROM_PEER, PACKET_RST_ACK}, 2, true};
}

static void teardown(void)
{
    whyrst_rules_free(rules);
    rules = NULL;
    rule_files_teardown();
}

static void set(enum fact_id fact, double value)
{
    facts.known[fact] = true;
    facts.value[fact] = value;
}

/* The names of the matches in order, each with its answer and how many facts were unknown. */
static void expect(const char *expected)
{
    struct rule_match matches[RULE_MAX_MATCHES];
    unsigned count = ruleset_match(rules, &facts, &line, matches, RULE_MAX_MATCHES);
    char text[2000] = "";

    ck_assert_uint_le(count, RULE_MAX_MATCHES);
    for (unsigned i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%s:%u", i ? " " : "",
                 matches[i].signature->name, matches[i].answer == RULE_YES ? "yes" : "maybe",
                 matches[i].unknown_count);
    ck_assert_str_eq(text, expected);
}

static const struct {
    const char *condition;
    enum fact_id fact;
    double value;
    bool holds;
    const char *text;
} conditions[] = {
    {"\"peer.fin_seen\": true", FACT_PEER_FIN_SEEN, 1, true, "peer.fin_seen is true"},
    {"\"peer.fin_seen\": true", FACT_PEER_FIN_SEEN, 0, false, "peer.fin_seen is true"},
    {"\"peer.fin_seen\": false", FACT_PEER_FIN_SEEN, 0, true, "peer.fin_seen is false"},
    {"\"peer.fin_seen\": false", FACT_PEER_FIN_SEEN, 1, false, "peer.fin_seen is false"},
    {"\"rst.shape\": \"refusal\"", FACT_RST_SHAPE, 0, true, "rst.shape is refusal"},
    {"\"rst.shape\": \"odd\"", FACT_RST_SHAPE, 5, true, "rst.shape is odd"},
    {"\"rst.shape\": \"odd\"", FACT_RST_SHAPE, 4, false, "rst.shape is odd"},
    {"\"rst.shape\": [\"reply\", \"odd\"]", FACT_RST_SHAPE, 5, true, "rst.shape is reply or odd"},
    {"\"rst.shape\": [\"reply\", \"odd\"]", FACT_RST_SHAPE, 3, false, "rst.shape is reply or odd"},
    {"\"rst.window\": 0", FACT_RST_WINDOW, 0, true, "rst.window == 0"},
    {"\"rst.window\": 0", FACT_RST_WINDOW, -0.5, false, "rst.window == 0"},
    {"\"rst.window\": {\"==\": 3}", FACT_RST_WINDOW, 3, true, "rst.window == 3"},
    {"\"rst.window\": {\">\": 2}", FACT_RST_WINDOW, 2, false, "rst.window > 2"},
    {"\"rst.window\": {\">\": 2}", FACT_RST_WINDOW, 2.000001, true, "rst.window > 2"},
    {"\"rst.window\": {\">=\": 2.1}", FACT_RST_WINDOW, 2.1, true, "rst.window >= 2.1"},
    {"\"rst.window\": {\">=\": 2.1}", FACT_RST_WINDOW, INFINITY, true, "rst.window >= 2.1"},
    {"\"rst.window\": {\"<\": -1}", FACT_RST_WINDOW, -1, false, "rst.window < -1"},
    {"\"rst.window\": {\"<=\": -1}", FACT_RST_WINDOW, -1, true, "rst.window <= -1"},
    {"\"rst.window\": {\">=\": 1, \"<\": 5}", FACT_RST_WINDOW, 4, true, "rst.window >= 1 and < 5"},
    {"\"rst.window\": {\">=\": 1, \"<\": 5}", FACT_RST_WINDOW, 5, false, "rst.window >= 1 and < 5"},
    {"\"rst.window\": {\">=\": 1, \"<\": 5}", FACT_RST_WINDOW, 0, false, "rst.window >= 1 and < 5"},
};

START_TEST(conditions_compare)
{
    char signature[300], text[200];

    snprintf(signature, sizeof signature, "{\"name\": \"one\", \"why\": \"w\", \"facts\": {%s}}",
             conditions[_i].condition);
    rule_files_add_rule("so-linger-zero", 50, signature);
    load();
    expect("one:maybe:1");
    set(conditions[_i].fact, conditions[_i].value);
    expect(conditions[_i].holds ? "one:yes:0" : "");
    facts.known[conditions[_i].fact] = false; /* the value left behind means nothing */
    expect("one:maybe:1");

    const struct signature *one = ruleset_signature(rules, 0);
    ck_assert_int_eq(ruleset_condition_text(one, 0, text, sizeof text), 0);
    ck_assert_str_eq(text, conditions[_i].text);
    ck_assert_uint_eq(one->fact_count, 1);
    ck_assert_uint_eq(one->facts[0], conditions[_i].fact);
    ck_assert_int_eq(ruleset_condition_text(one, 1, text, sizeof text), -1);
}
END_TEST

START_TEST(garbage_of_unknown_facts_is_not_read)
{
    static const double garbage[] = {NAN, -1, 1e300, -1e300, INFINITY, -INFINITY};

    rule_files_add_rule("so-linger-zero", 50,
                        "{\"name\": \"one\", \"why\": \"w\", \"facts\": {\"rst.shape\": \"odd\", "
                        "\"peer.fin_seen\": true, \"rst.window\": 0}}");
    load();
    for (unsigned i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        for (unsigned fact = 0; fact < FACT_COUNT; fact++)
            facts.value[fact] = garbage[i];
        expect("one:maybe:3");
    }
    set(FACT_RST_WINDOW, NAN); /* nothing compares with it */
    expect("");
}
END_TEST

START_TEST(matches_are_ranked)
{
    rule_files_add_rule(
        "port-not-listening", 40,
        "{\"name\": \"p1\", \"why\": \"w\", \"packets\": \"... > R.\"},"
        "{\"name\": \"p2\", \"why\": \"w\", \"packets\": \"... > R.\", \"rank\": 60}");
    rule_files_add_rule(
        "so-linger-zero", 50,
        "{\"name\": \"two-unknown\", \"why\": \"w\", \"facts\": {\"rst.window\": 0, "
        "\"peer.seen\": true}},"
        "{\"name\": \"one-unknown\", \"why\": \"w\", \"facts\": {\"rst.window\": 0}},"
        "{\"name\": \"also-one\", \"why\": \"w\", \"facts\": {\"rst.window\": 1}},"
        "{\"name\": \"high\", \"why\": \"w\", \"rank\": 90, \"facts\": {\"rst.window\": 0, "
        "\"peer.seen\": true, \"conn.loss\": true}},"
        "{\"name\": \"no\", \"why\": \"w\", \"packets\": \"... > R\"}");
    rule_files_add_rule("declared-reason", 40,
                        "{\"name\": \"d\", \"why\": \"w\", \"packets\": \"... > R.\"}");
    load();
    expect("p2:yes:0 d:yes:0 p1:yes:0 one-unknown:maybe:1 also-one:maybe:1 two-unknown:maybe:2 "
           "high:maybe:3");
    set(FACT_RST_WINDOW, 0);
    set(FACT_PEER_SEEN, 1);
    expect("p2:yes:0 two-unknown:yes:0 one-unknown:yes:0 d:yes:0 p1:yes:0 high:maybe:1");
    line.from_start = false;
    line.count = 0;
    expect("two-unknown:yes:0 one-unknown:yes:0 high:maybe:1 p2:maybe:1 no:maybe:1 d:maybe:1 "
           "p1:maybe:1");
    set(FACT_PEER_SEEN, 0);
    expect("one-unknown:yes:0 p2:maybe:1 no:maybe:1 d:maybe:1 p1:maybe:1");
}
END_TEST

/* More matches than there is room for, and more signatures than one word of bits. */
START_TEST(worst_matches_drop_out)
{
    char *signatures = NULL;
    size_t size;
    FILE *text = open_memstream(&signatures, &size);
    struct rule_match matches[RULE_MAX_MATCHES];

    for (int i = 0; i < 150; i++)
        fprintf(text, "%s{\"name\": \"s%d\", \"why\": \"w\", \"rank\": %d, \"facts\": {%s}}",
                i ? ", " : "", i, i, i % 2 ? "\"peer.seen\": true" : "\"conn.loss\": true");
    fclose(text);
    rule_files_add_rule("so-linger-zero", 50, signatures);
    free(signatures);
    load();
    ck_assert_uint_eq(ruleset_signature_count(rules), 150);
    set(FACT_PEER_SEEN, 1);
    ck_assert_uint_eq(ruleset_match(rules, &facts, &line, matches, RULE_MAX_MATCHES),
                      RULE_MAX_MATCHES);
    for (int i = 0; i < RULE_MAX_MATCHES; i++) {
        ck_assert_int_eq(matches[i].answer, RULE_YES);
        ck_assert_int_eq(matches[i].signature->rank, 149 - 2 * i);
    }
    set(FACT_CONN_LOSS, 0);
    set(FACT_PEER_SEEN, 0);
    ck_assert_uint_eq(ruleset_match(rules, &facts, &line, matches, RULE_MAX_MATCHES), 0);
}
END_TEST

START_TEST(signature_members)
{
    rule_files_add_rule(
        "unread-receive-buffer", 60,
        "{\"name\": \"one\", \"why\": \"because\", \"packets\": \"... > R.\", \"origin\": "
        "\"middlebox\","
        " \"cannot_exclude\": [\"so-linger-zero\", \"firewall-reject\"],"
        " \"measured\": {\"right\": 7, \"of\": 9, \"instead\": {\"so-linger-zero\": 2}}},"
        "{\"name\": \"two\", \"why\": \"w\", \"rank\": 7, \"facts\": {\"rst.window\": 0},"
        " \"measured_partial\": {\"right\": 1, \"of\": 3}}");
    load();
    const struct signature *one = ruleset_signature(rules, 0), *two = ruleset_signature(rules, 1);
    ck_assert_ptr_null(ruleset_signature(rules, 2));
    ck_assert_str_eq(one->why, "because");
    ck_assert_str_eq(one->packets, "... > R.");
    ck_assert_int_eq(one->origin, WHYRST_ORIGIN_MIDDLEBOX);
    ck_assert_int_eq(one->rank, 60);
    ck_assert_uint_eq(one->cannot_exclude,
                      1U << WHYRST_SO_LINGER_ZERO | 1U << WHYRST_FIREWALL_REJECT);
    ck_assert_uint_eq(one->complete.right, 7);
    ck_assert_uint_eq(one->complete.of, 9);
    ck_assert_uint_eq(one->complete.instead[WHYRST_SO_LINGER_ZERO], 2);
    ck_assert_uint_eq(one->partial.of, 0);
    ck_assert_int_eq(two->origin, -1);
    ck_assert_int_eq(two->rank, 7);
    ck_assert_uint_eq(two->partial.right, 1);
    ck_assert_ptr_null(two->packets);
    ck_assert_ptr_eq(one->rule, ruleset_rule(rules, WHYRST_UNREAD_RECEIVE_BUFFER));
    ck_assert_str_eq(one->rule->file, "unread-receive-buffer.json");
    ck_assert_str_eq(one->rule->title.text[WHYRST_ZH], "题");
    ck_assert_str_eq(one->rule->remedy[WHYRST_ZH][0], "做");
    ck_assert_ptr_null(one->rule->remedy[WHYRST_ZH][1]);
    ck_assert_ptr_null(one->rule->kernel[0]);
    ck_assert_ptr_null(ruleset_rule(rules, WHYRST_UNKNOWN));
}
END_TEST

/* echo -n of name, NUL, bytes, NUL for both files through sha256sum. */
START_TEST(digest_covers_names_and_bytes)
{
    char first[65], command[400], line_read[65] = "";

    rule_files_add_rule("so-linger-zero", 50,
                        "{\"name\": \"a\", \"why\": \"w\", \"packets\": \"> R\"}");
    rule_files_add_rule("data-after-close", 50,
                        "{\"name\": \"a\", \"why\": \"w\", \"packets\": \"> R\"}");
    rule_files_add(".hidden.json", "not a rule");
    rule_files_add("README", "not a rule");
    load();
    ck_assert_uint_eq(whyrst_rules_count(rules), 2);
    strcpy(first, whyrst_rules_sha256(rules));
    snprintf(command, sizeof command,
             "cd %s && for f in data-after-close.json so-linger-zero.json; do printf '%%s\\0' $f; "
             "cat $f; printf '\\0'; done | sha256sum",
             rule_directory);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_uint_eq(fread(line_read, 1, 64, pipe), 64);
    pclose(pipe);
    ck_assert_str_eq(first, line_read);

    whyrst_rules_free(rules);
    rule_files_add_rule("so-linger-zero", 51,
                        "{\"name\": \"a\", \"why\": \"w\", \"packets\": \"> R\"}");
    load();
    ck_assert_str_ne(first, whyrst_rules_sha256(rules));
}
END_TEST

START_TEST(directory_errors)
{
    struct whyrst_error error;
    char expected[200];

    ck_assert_ptr_null(whyrst_rules_load(rule_directory, &error));
    snprintf(expected, sizeof expected,
             "%s: no rule file in it; expected a directory with rule files (*.json)",
             rule_directory);
    ck_assert_str_eq(error.text, expected);
    ck_assert_ptr_null(whyrst_rules_load("/nonexistent", &error));
    ck_assert_str_eq(error.text, "/nonexistent: No such file or directory; expected a directory "
                                 "with rule files (*.json)");
    ck_assert_ptr_null(whyrst_rules_load("/nonexistent", NULL));
}
END_TEST

START_TEST(every_problem_is_counted)
{
    struct whyrst_error error;
    unsigned lines = 1;
    const char *more;

    rule_files_add("data-after-close.json", "{}");
    rule_files_add("firewall-reject.json", "{}");
    ck_assert_ptr_null(whyrst_rules_load(rule_directory, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "data-after-close.json:1: missing \"cause\"\n"));
    more = strrchr(error.text, '\n');
    ck_assert_ptr_nonnull(more);
    ck_assert(strncmp(more, "\n... and ", 9) == 0);
    for (const char *at = error.text; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_uint_eq(lines - 1 + (unsigned)atoi(more + 9), 18); /* nine keys are missing in each */
}
END_TEST

START_TEST(facts_have_names)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        unsigned names = 0;
        ck_assert_int_eq(fact_find(fact_table[i].name), i);
        ck_assert(*fact_table[i].sentence);
        ck_assert_int_eq(fact_table[i].type == FACT_ENUM, fact_table[i].names != NULL);
        while (fact_table[i].names && fact_table[i].names[names])
            names++;
        ck_assert_uint_lt(names, 15); /* the filter's room for one fact */
    }
    ck_assert_int_eq(fact_find("rst"), -1);
    ck_assert_int_eq(fact_find(""), -1);
    for (int i = 0; i < WHYRST_CAUSE_COUNT; i++)
        ck_assert_int_eq(whyrst_cause_find(whyrst_cause_name((enum whyrst_cause)i)), i);
    ck_assert_int_eq(whyrst_cause_find("x"), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rules");
    TCase *tests = tcase_create("rules");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, conditions_compare, 0, sizeof conditions / sizeof *conditions);
    tcase_add_test(tests, garbage_of_unknown_facts_is_not_read);
    tcase_add_test(tests, matches_are_ranked);
    tcase_add_test(tests, worst_matches_drop_out);
    tcase_add_test(tests, signature_members);
    tcase_add_test(tests, digest_covers_names_and_bytes);
    tcase_add_test(tests, directory_errors);
    tcase_add_test(tests, every_problem_is_counted);
    tcase_add_test(tests, facts_have_names);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
