#include "rules/ruleset.h"

#include "rules/internal.h"

/* The row of a number's value. bound_count: a constant where it is the same for many. */
static inline const uint64_t *number_row(const struct number_filter *number, unsigned bound_count,
                                         unsigned words, const struct facts *facts)
{
    return number->excluded +
           number_interval(facts, number->fact, number->bounds, bound_count) * words;
}

/* The signatures, as one word of bits, that a fact says no to. No branch depends on a fact: they
 * differ from reset to reset, and a wrong guess costs more than the work it saves. More words than
 * one are rare enough to look at the facts again. */
static uint64_t filter_excluded(const struct filter *filter, unsigned word,
                                const struct facts *facts)
{
    uint64_t excluded = 0;

    for (unsigned i = 0; i < filter->name_count; i++) {
        const struct name_filter *name = &filter->names[i];
        unsigned slot = fact_slot(facts, name->fact, name->unknown);
        excluded |= name->excluded[slot * filter->words + word];
    }
    for (unsigned i = 0; i < filter->narrow_count; i++) {
        const struct number_filter *number = &filter->numbers[i];
        excluded |= number_row(number, FILTER_NARROW, filter->words, facts)[word];
    }
    for (unsigned i = filter->narrow_count; i < filter->number_count; i++) {
        const struct number_filter *number = &filter->numbers[i];
        excluded |= number_row(number, number->bound_count, filter->words, facts)[word];
    }
    return excluded;
}

static unsigned unknown_count(const struct signature *signature, const struct facts *facts)
{
    unsigned count = 0;

    for (unsigned i = 0; i < signature->fact_count; i++)
        count += !facts->known[signature->facts[i]];
    return count;
}

/* Whether a match goes before another that ranks at least as high: yes before maybe, and of two
 * that are not sure the one more of whose conditions are known to hold. */
static bool match_precedes(const struct rule_match *match, const struct rule_match *other)
{
    if (match->answer != other->answer)
        return match->answer > other->answer;
    return match->unknown_count * (other->signature->fact_count + 1) <
           other->unknown_count * (match->signature->fact_count + 1);
}

/* The best matches so far. */
struct match_list {
    struct rule_match *matches;
    unsigned count, most;
};

/* Matches come in by rank. The worst drops out when the list is full. */
static void list_insert(struct match_list *list, const struct rule_match *match)
{
    unsigned at = list->count;

    while (at > 0 && match_precedes(match, &list->matches[at - 1]))
        at--;
    if (at == list->most)
        return;
    unsigned kept = list->count < list->most ? list->count : list->most - 1;
    for (unsigned i = kept; i > at; i--)
        list->matches[i] = list->matches[i - 1];
    list->matches[at] = *match;
    list->count = kept + 1;
}

/* Nothing that ranks lower gets into the list any more. */
static bool list_is_final(const struct match_list *list)
{
    return list->count == list->most && list->matches[list->most - 1].answer == RULE_YES;
}

/* The candidates of one word, in order, against the packet line. */
static void candidates_try(const struct signature_entry *const *entries, uint64_t candidates,
                           const struct facts *facts, const struct packet_line *line,
                           struct match_list *list)
{
    for (; candidates && !list_is_final(list); candidates &= candidates - 1) {
        const struct signature_entry *entry = entries[__builtin_ctzll(candidates)];
        const struct signature *signature = &entry->signature;
        enum rule_answer packets =
            signature->packets ? pattern_match(&entry->pattern, line) : RULE_YES;
        if (packets == RULE_NO)
            continue;
        unsigned unknown = unknown_count(signature, facts) + (packets == RULE_MAYBE);
        struct rule_match match = {signature, unknown ? RULE_MAYBE : RULE_YES, unknown};
        list_insert(list, &match);
    }
}

/* The signatures there are of a word of bits. */
static uint64_t word_used(const struct filter *filter, unsigned word)
{
    unsigned left = filter->count - word * 64;
    return left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
}

unsigned ruleset_match(const struct whyrst_rules *rules, const struct facts *facts,
                       const struct packet_line *line, struct rule_match *matches, unsigned most)
{
    const struct selector *selector = &rules->selector;
    unsigned first = fact_slot(facts, selector->facts[0], FILTER_SLOTS - 1);
    unsigned second = fact_slot(facts, selector->facts[1], FILTER_SLOTS - 1);
    const struct filter *filter = &selector->filters[selector->filter_of[first][second]];
    struct match_list list = {matches, 0, most};

    for (unsigned word = 0; word < filter->words; word++) {
        uint64_t candidates = word_used(filter, word) & ~filter_excluded(filter, word, facts);
        candidates_try(filter->entries + word * 64, candidates, facts, line, &list);
    }
    return list.count;
}
