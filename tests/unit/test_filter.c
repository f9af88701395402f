/* The filters of the rule engine against a plain look at every signature: random facts, the shipped
 * rules. */
#include "rules/tree.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "suite.h"

static uint64_t state = 88172645463325252u;

static unsigned draw(unsigned limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 20) % limit);
}

/* Mostly a value some rule asks about, or one just beside it. */
static double draw_number(const struct whyrst_rules *rules, unsigned fact)
{
    for (int tries = 0; tries < 40; tries++) {
        const struct signature_entry *entry = rules->signatures[draw(rules->signature_count)];
        if (!entry->test_of[fact])
            continue;
        const struct fact_test *test = &entry->tests[entry->test_of[fact] - 1];
        double edge = draw(2) ? test->low : test->high;
        if (isfinite(edge))
            return draw(3) ? nextafter(edge, draw(2) ? INFINITY : -INFINITY) : edge;
    }
    return (double)draw(2000) / 8 - 100;
}

static void draw_facts(const struct whyrst_rules *rules, struct facts *facts)
{
    unsigned captured = 2 + draw(30); /* all but one in so many */
    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        unsigned values = 2;
        if (fact_table[fact].type == FACT_ENUM)
            for (values = 0; fact_table[fact].names[values]; values++)
                ;
        facts->known[fact] = draw(captured) > 0;
        facts->value[fact] =
            fact_table[fact].type == FACT_NUMBER ? draw_number(rules, fact) : (double)draw(values);
        if (!facts->known[fact] && draw(2)) /* what is unknown may be anything */
            facts->value[fact] = draw(2) ? NAN : -1e300;
    }
}

static void draw_line(struct packet_line *line)
{
    line->count = 1 + draw(6);
    line->from_start = draw(2);
    for (unsigned i = 0; i < line->count; i++)
        line->packets[i] = (uint8_t)(1 + draw(5) + (draw(2) ? PACKET_FROM_PEER : 0));
    line->packets[line->count - 1] = draw(2) ? PACKET_RST : PACKET_RST_ACK;
}

/* RULE_NO, or the answer with the number of unknown conditions. */
static enum rule_answer answer_plainly(const struct signature_entry *entry,
                                       const struct facts *facts, const struct packet_line *line,
                                       unsigned *unknown)
{
    enum rule_answer packets =
        entry->signature.packets ? pattern_match(&entry->pattern, line) : RULE_YES;
    *unknown = packets == RULE_MAYBE;
    for (unsigned i = 0; i < entry->signature.fact_count; i++) {
        const struct fact_test *test = &entry->tests[i];
        double value = facts->value[test->fact];
        bool number = fact_table[test->fact].type == FACT_NUMBER;
        if (!facts->known[test->fact])
            ++*unknown;
        else if (number ? value < test->low || value > test->high
                        : !(test->names >> (unsigned)value & 1))
            return RULE_NO;
    }
    return packets == RULE_NO ? RULE_NO : *unknown ? RULE_MAYBE : RULE_YES;
}

static void tree_check(struct tree *tree, const struct whyrst_rules *rules, struct facts *facts,
                       struct packet_line *line)
{
    struct rule_match best;
    struct tree_query query = {.facts = facts, .line = line};
    bool matches = ruleset_match(rules, facts, line, &best, 1) > 0;

    ck_assert_int_eq(tree_match(tree, rules, &query), matches);
    if (!matches)
        return;
    ck_assert_str_eq(query.best.signature->name, best.signature->name);
    ck_assert_ptr_eq(query.best.signature, best.signature);
    ck_assert_int_eq(query.best.answer, best.answer);
    ck_assert_uint_eq(query.best.unknown_count, best.unknown_count);
}

/* What is drawn at random hardly matches anything; from here on it mostly does. */
static void draw_matching(const struct whyrst_rules *rules, struct facts *facts)
{
    const struct signature_entry *entry = rules->signatures[draw(rules->signature_count)];
    for (unsigned i = 0; i < entry->signature.fact_count; i++) {
        const struct fact_test *test = &entry->tests[i];
        double edge = isfinite(test->low) ? test->low : isfinite(test->high) ? test->high : 0;
        facts->known[test->fact] = draw(8) > 0;
        facts->value[test->fact] =
            fact_table[test->fact].type == FACT_NUMBER ? edge : (double)__builtin_ctz(test->names);
    }
}

/* Most resets are alike, so a few are drawn and each is changed a little many times. */
START_TEST(the_tree_agrees_with_the_filters)
{
    struct whyrst_error error;
    struct whyrst_rules *rules = whyrst_rules_load(SOURCE_DIR "/rules", &error);
    unsigned full = 0;

    ck_assert_msg(rules != NULL, "%s", error.text);
    for (int run = 0; run < 12; run++) {
        struct tree tree = {.nodes = NULL};
        for (int kind = 0; kind < 1 << run % 12; kind++) {
            struct facts facts;
            struct packet_line line;
            draw_facts(rules, &facts);
            draw_line(&line);
            for (int change = 0; change < 40; change++) {
                struct facts others;
                unsigned fact = draw(FACT_COUNT);
                draw_facts(rules, &others);
                facts.value[fact] = others.value[fact];
                facts.known[fact] = others.known[fact];
                if (change % 8 == 0)
                    draw_matching(rules, &facts);
                if (change % 16 == 0)
                    draw_line(&line);
                tree_check(&tree, rules, &facts, &line);
                tree_check(&tree, rules, &facts, &line);
            }
        }
        full += tree.node_count == TREE_NODES || tree.child_count > TREE_CHILDREN - 32;
        tree_clear(&tree);
    }
    ck_assert_uint_gt(full, 0);
    ck_assert_uint_lt(full, 12);
    whyrst_rules_free(rules);
}
END_TEST

START_TEST(filters_agree_with_a_plain_look)
{
    struct whyrst_error error;
    struct whyrst_rules *rules = whyrst_rules_load(SOURCE_DIR "/rules", &error);
    unsigned matched = 0;

    ck_assert_msg(rules != NULL, "%s", error.text);
    ck_assert_uint_gt(rules->selector.filter_count, 10);
    for (int run = 0; run < 4000; run++) {
        struct facts facts;
        struct packet_line line;
        struct rule_match matches[RULE_MAX_MATCHES];
        unsigned total = 0;
        draw_facts(rules, &facts);
        draw_line(&line);
        unsigned count = ruleset_match(rules, &facts, &line, matches, RULE_MAX_MATCHES);
        for (unsigned i = 0; i < rules->signature_count; i++) {
            unsigned unknown, at = 0;
            enum rule_answer answer = answer_plainly(rules->signatures[i], &facts, &line, &unknown);
            while (at < count && matches[at].signature != &rules->signatures[i]->signature)
                at++;
            total += answer != RULE_NO;
            if (answer == RULE_NO || count < RULE_MAX_MATCHES)
                ck_assert_msg((at < count) == (answer != RULE_NO), "run %d: %s", run,
                              rules->signatures[i]->signature.name);
            if (at == count)
                continue;
            ck_assert_int_eq(matches[at].answer, answer);
            ck_assert_uint_eq(matches[at].unknown_count, unknown);
        }
        ck_assert_uint_eq(count, total < RULE_MAX_MATCHES ? total : RULE_MAX_MATCHES);
        struct rule_match best;
        ck_assert_uint_eq(ruleset_match(rules, &facts, &line, &best, 1), count > 0);
        ck_assert(count == 0 || best.signature == matches[0].signature);
        matched += count > 0;
    }
    ck_assert_uint_gt(matched, 200);
    whyrst_rules_free(rules);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("filter");
    TCase *tests = tcase_create("filter");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, filters_agree_with_a_plain_look);
    tcase_add_test(tests, the_tree_agrees_with_the_filters);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
