#include "rules/tree_internal.h"

/* A signature that is still left, as far as it is known. */
struct hopeful {
    const struct signature_entry *entry;
    unsigned unknown; /* conditions on what was not captured */
    unsigned open;    /* conditions not looked at, the pattern included */
    bool packets;     /* the pattern is one of them */
};

static struct hopeful hopeful_of(const struct tree_state *state, unsigned index)
{
    const struct signature_entry *entry = state->filter->entries[index];
    struct hopeful hopeful = {.entry = entry, .unknown = bit_of(state->doubtful, index)};

    hopeful.packets = entry->signature.packets && !bit_of(state->fitting, index);
    hopeful.open = hopeful.packets;
    for (unsigned i = 0; i < entry->signature.fact_count; i++) {
        hopeful.unknown += bit_of(state->not_captured, entry->facts[i]);
        hopeful.open += !bit_of(state->asked, entry->facts[i]);
    }
    return hopeful;
}

/* As match_precedes() has it: what is not looked at yet can only add to what is unknown. */
static bool hopeful_precedes(const struct hopeful *one, const struct hopeful *other)
{
    return one->unknown * (other->entry->signature.fact_count + 1) <
           other->unknown * (one->entry->signature.fact_count + 1);
}

/* The best match there can be, .entry NULL when none is left. */
static struct hopeful state_best(const struct tree_state *state)
{
    struct hopeful best = {.entry = NULL};

    for (unsigned word = 0; word < state->filter->words; word++)
        for (uint64_t left = state->left[word]; left; left &= left - 1) {
            struct hopeful next = hopeful_of(state, word * 64 + (unsigned)__builtin_ctzll(left));
            if (!best.entry || hopeful_precedes(&next, &best))
                best = next;
            if (best.unknown == 0)
                return best;
        }
    return best;
}

/* Signatures that have to be ruled out before the best one of a reset is known to be it. */
static void rivals_list(const struct tree_state *state, const struct tree_query *query,
                        uint64_t rivals[TREE_WORDS])
{
    memcpy(rivals, state->left, sizeof state->left);
    if (!query->matched)
        return;
    unsigned i = 0;
    while (&state->filter->entries[i]->signature != query->best.signature)
        i++;
    rivals[i / 64] &= ~(UINT64_C(1) << i % 64);
    if (query->best.answer != RULE_YES)
        return;
    rivals[i / 64] &= (UINT64_C(1) << i % 64) - 1; /* those of lower rank never are */
    for (unsigned word = i / 64 + 1; word < TREE_WORDS; word++)
        rivals[word] = 0;
}

/* What the answer to a question about a fact is worth. */
struct prospect {
    unsigned fact, fallen, cost;
};

/* The better of what was best and a fact whose answer has that row. */
static void prospect_weigh(struct prospect *best, const struct tree_state *state,
                           const uint64_t *rivals, unsigned fact, const uint64_t *row)
{
    bool measured = state->measured >> fact_table[fact].group & 1;
    struct prospect next = {fact, 0, measured ? 1 : 3};

    for (unsigned word = 0; word < state->filter->words; word++)
        for (uint64_t fallen = rivals[word] & row[word]; fallen; fallen &= fallen - 1)
            next.fallen++; /* mostly none */
    if (next.fallen * best->cost > best->fallen * next.cost)
        *best = next;
}

static bool prospect_is_open(const struct tree_state *state, unsigned fact,
                             const struct signature_entry *of)
{
    return !bit_of(state->asked, fact) && (!of || of->test_of[fact]);
}

/* The fact that rules out most rivals for the time it takes; FACT_COUNT when none does. of: only
 * facts this signature asks for, and then any rather than none; NULL all. */
static unsigned fact_choose(const struct tree_state *state, const struct tree_query *query,
                            const uint64_t *rivals, const struct signature_entry *of)
{
    const struct filter *filter = state->filter;
    struct prospect best = {FACT_COUNT, 0, 1};

    for (unsigned i = 0; i < filter->name_count; i++) {
        const struct name_filter *name = &filter->names[i];
        if (!prospect_is_open(state, name->fact, of))
            continue;
        unsigned answer = fact_slot(query->facts, name->fact, name->unknown);
        prospect_weigh(&best, state, rivals, name->fact, name->excluded + answer * filter->words);
    }
    for (unsigned i = 0; i < filter->number_count; i++) {
        const struct number_filter *number = &filter->numbers[i];
        if (!prospect_is_open(state, number->fact, of))
            continue;
        unsigned answer =
            number_interval(query->facts, number->fact, number->bounds, number->bound_count);
        prospect_weigh(&best, state, rivals, number->fact,
                       number->excluded + answer * filter->words);
    }
    for (unsigned i = 0; of && best.fact == FACT_COUNT && i < of->signature.fact_count; i++)
        if (!bit_of(state->asked, of->signature.facts[i]))
            best.fact = of->signature.facts[i];
    return best.fact;
}

/* Makes a node ask about a fact. Returns how many answers there are. */
static unsigned node_ask_fact(struct tree_node *node, const struct tree_state *state, unsigned fact)
{
    node->fact = (uint8_t)fact;
    if (!(state->measured >> fact_table[fact].group & 1))
        node->measure = reset_measures[fact_table[fact].group];
    if (fact_table[fact].type == FACT_NUMBER) {
        const struct number_filter *number = filter_number(state->filter, fact);
        node->question = TREE_NUMBER;
        node->bounds = number->bounds;
        node->extent = (uint16_t)number->bound_count;
        return number->bound_count + 2;
    }
    node->question = TREE_NAME;
    node->extent = filter_name(state->filter, fact)->unknown;
    return node->extent + 1u;
}

/* The next habit to look at, before any fact; HABIT_END when none is left. */
static unsigned habit_choose(const struct tree_state *state, const struct tree_query *query)
{
    unsigned habit = query->reset ? FACT_COUNT : HABIT_END;

    while (habit < HABIT_END && bit_of(state->asked, habit))
        habit++;
    return habit;
}

#define HABIT_UNKNOWN 3u /* a slot that no habit takes */

static unsigned node_ask_habit(struct tree_node *node, unsigned habit)
{
    node->question = TREE_NAME;
    node->fact = (uint8_t)habit;
    node->extent = HABIT_UNKNOWN;
    node->measure = reset_measures[GROUP_AFTER + habit - FACT_COUNT];
    return HABIT_UNKNOWN + 1;
}

unsigned node_ask(struct tree_node *node, const struct tree_state *state,
                  const struct tree_query *query)
{
    struct hopeful best = state_best(state);
    unsigned fact = FACT_COUNT, habit = habit_choose(state, query);
    uint64_t rivals[TREE_WORDS];

    if (best.open == 0) {
        node->question = TREE_ANSWER;
        node->entry = best.entry;
        node->extent = (uint16_t)best.unknown;
        return 0;
    }
    if (habit < HABIT_END)
        return node_ask_habit(node, habit);
    rivals_list(state, query, rivals);
    if (query->matched) /* what it asks for cannot be left out, and rules out others as well */
        fact = fact_choose(state, query, rivals,
                           (const struct signature_entry *)query->best.signature);
    if (fact == FACT_COUNT)
        fact = fact_choose(state, query, rivals, NULL);
    if (fact == FACT_COUNT && !best.packets)
        fact = fact_choose(state, query, rivals, best.entry);
    if (fact != FACT_COUNT)
        return node_ask_fact(node, state, fact);
    node->question = TREE_PACKETS;
    node->entry = best.entry;
    return RULE_YES + 1;
}
