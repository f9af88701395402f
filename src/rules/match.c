#include "rules/ruleset.h"

#include "rules/internal.h"

/* The tests that are true and those that cannot be told, as bits. No branch depends on a fact:
 * which facts are captured changes from reset to reset, and a wrong guess costs more than the test.
 */
struct answers {
    uint64_t yes[TEST_MAX_WORDS], unknown[TEST_MAX_WORDS];
};

static void names_answer(const struct fact_test *tests, unsigned count, const struct facts *facts,
                         uint64_t *yes, uint64_t *unknown)
{
    uint64_t true_bits = 0, unknown_bits = 0;

    for (unsigned i = 0; i < count; i++) {
        bool known = facts->known[tests[i].fact];
        double value = known ? facts->value[tests[i].fact] : 0;
        unsigned index = value >= 0 && value < 31 ? (unsigned)value : 31;
        true_bits |= (uint64_t)(known & (tests[i].names >> index & 1)) << i;
        unknown_bits |= (uint64_t)!known << i;
    }
    *yes = true_bits;
    *unknown = unknown_bits;
}

static void numbers_answer(const struct fact_test *tests, unsigned count, const struct facts *facts,
                           uint64_t *yes, uint64_t *unknown)
{
    uint64_t true_bits = 0, unknown_bits = 0;

    for (unsigned i = 0; i < count; i++) {
        bool known = facts->known[tests[i].fact];
        double value = facts->value[tests[i].fact];
        true_bits |= (uint64_t)(known & (value >= tests[i].low) & (value <= tests[i].high)) << i;
        unknown_bits |= (uint64_t)!known << i;
    }
    *yes = true_bits;
    *unknown = unknown_bits;
}

static void table_answer(const struct test_table *table, const struct facts *facts,
                         struct answers *answers)
{
    for (unsigned word = 0; word < table->words; word++)
        (word < table->name_words ? names_answer
                                  : numbers_answer)(table->tests[word], table->counts[word], facts,
                                                    &answers->yes[word], &answers->unknown[word]);
}

/* One signature against the answers; false when a condition says no. */
static inline bool needs_met(const uint64_t *needs, const struct answers *answers, unsigned words,
                             unsigned *unknown_count)
{
    uint64_t missing = 0;
    unsigned unknown = 0;

    for (unsigned word = 0; word < words; word++)
        missing |= needs[word] & ~(answers->yes[word] | answers->unknown[word]);
    if (missing)
        return false;
    for (unsigned word = 0; word < words; word++)
        unknown += (unsigned)__builtin_popcountll(needs[word] & answers->unknown[word]);
    *unknown_count = unknown;
    return true;
}

/* Matches come in by rank. Yes goes before every maybe; a maybe before those of its own rank that
 * know less. The worst drops out when the list is full. */
static unsigned matches_insert(struct rule_match *matches, unsigned count,
                               const struct rule_match *match)
{
    unsigned at = count;

    while (at > 0 && (match->answer > matches[at - 1].answer ||
                      (match->answer == matches[at - 1].answer &&
                       match->signature->rank == matches[at - 1].signature->rank &&
                       match->unknown_count < matches[at - 1].unknown_count)))
        at--;
    if (at == RULE_MAX_MATCHES)
        return count;
    unsigned kept = count < RULE_MAX_MATCHES ? count : RULE_MAX_MATCHES - 1;
    for (unsigned i = kept; i > at; i--)
        matches[i] = matches[i - 1];
    matches[at] = *match;
    return kept + 1;
}

unsigned ruleset_match(const struct whyrst_rules *rules, const struct facts *facts,
                       const struct packet_line *line, struct rule_match matches[RULE_MAX_MATCHES])
{
    const uint64_t *needs = rules->needs;
    unsigned words = rules->table.words, count = 0;
    struct answers answers;

    table_answer(&rules->table, facts, &answers);
    for (unsigned i = 0; i < rules->signature_count; i++, needs += words) {
        const struct signature_entry *entry = rules->signatures[i];
        struct rule_match match;
        if (!needs_met(needs, &answers, words, &match.unknown_count))
            continue;
        enum rule_answer packets =
            entry->signature.packets ? pattern_match(&entry->pattern, line) : RULE_YES;
        if (packets == RULE_NO)
            continue;
        match.unknown_count += packets == RULE_MAYBE;
        match.answer = match.unknown_count ? RULE_MAYBE : RULE_YES;
        match.signature = &entry->signature;
        count = matches_insert(matches, count, &match);
    }
    return count;
}
