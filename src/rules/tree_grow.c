#include "rules/tree_internal.h"

#include <math.h>

#include "flow/memory.h"

_Static_assert(HABIT_END <= 64 * TREE_FACT_WORDS, "a bit for each fact");
_Static_assert(GROUP_COUNT <= 32, "a bit for each group");

/* false without memory. */
static bool tree_is_open(struct tree *tree)
{
    if (tree->nodes)
        return true;
    tree->nodes = memory_map(TREE_NODES * sizeof *tree->nodes);
    tree->states = memory_map(TREE_NODES * sizeof *tree->states);
    tree->children = memory_map(TREE_CHILDREN * sizeof *tree->children);
    tree->node_count = 1;
    if (!tree->nodes || !tree->states || !tree->children)
        tree_clear(tree);
    return tree->nodes;
}

/* The row of a fact's answer: what it says no to. */
static const uint64_t *filter_row(const struct filter *filter, unsigned fact, unsigned answer)
{
    const uint64_t *rows = fact_table[fact].type == FACT_NUMBER
                               ? filter_number(filter, fact)->excluded
                               : filter_name(filter, fact)->excluded;
    return rows + answer * filter->words;
}

/* Looks at everything. */
static void query_complete(struct tree_query *query, const struct whyrst_rules *rules)
{
    if (query->complete)
        return;
    if (query->reset) {
        reset_measure(query->reset, query->facts);
        reset_packet_line(query->reset, query->line);
    }
    query->matched = ruleset_match(rules, query->facts, query->line, &query->best, 1) > 0;
    query->complete = true;
}

/* A new node, whose state is at states[node_count]. Returns its index, 0 when the tree is full. */
static uint32_t tree_add(struct tree *tree, const struct tree_query *query)
{
    struct tree_node node = {.children = tree->child_count, .low = INFINITY};
    unsigned answers = node_ask(&node, &tree->states[tree->node_count], query);

    if (answers > TREE_CHILDREN - tree->child_count)
        return 0;
    tree->child_count += answers;
    tree->nodes[tree->node_count] = node;
    return tree->node_count++;
}

static void state_take_fact(struct tree_state *state, unsigned fact, unsigned answer,
                            unsigned unknown)
{
    const uint64_t *excluded = filter_row(state->filter, fact, answer);

    for (unsigned word = 0; word < state->filter->words; word++)
        state->left[word] &= ~excluded[word];
    bit_set(state->asked, fact);
    if (answer == unknown)
        bit_set(state->not_captured, fact);
}

/* A habit says what its facts are: the same as in the reset that is at hand. */
static void state_take_habit(struct tree_state *state, unsigned habit, unsigned answer,
                             const struct facts *facts)
{
    const struct filter *filter = state->filter;
    uint32_t groups = answer > 0 ? habit_groups[habit - FACT_COUNT] : 0;

    bit_set(state->asked, habit);
    for (unsigned i = 0; i < filter->name_count; i++) {
        const struct name_filter *name = &filter->names[i];
        if (groups >> fact_table[name->fact].group & 1)
            state_take_fact(state, name->fact, fact_slot(facts, name->fact, name->unknown),
                            name->unknown);
    }
    for (unsigned i = 0; i < filter->number_count; i++) {
        const struct number_filter *number = &filter->numbers[i];
        if (groups >> fact_table[number->fact].group & 1)
            state_take_fact(
                state, number->fact,
                number_interval(facts, number->fact, number->bounds, number->bound_count),
                number->bound_count + 1);
    }
}

/* What a pattern answered holds for all signatures that have the same. */
static void state_take_packets(struct tree_state *state, const struct signature_entry *looked_at,
                               enum rule_answer answer)
{
    for (unsigned i = 0; i < state->filter->count; i++) {
        const char *packets = state->filter->entries[i]->signature.packets;
        if (!packets || strcmp(packets, looked_at->signature.packets) != 0)
            continue;
        bit_set(state->fitting, i);
        if (answer == RULE_MAYBE)
            bit_set(state->doubtful, i);
        if (answer == RULE_NO)
            state->left[i / 64] &= ~(UINT64_C(1) << i % 64);
    }
}

static void state_take_answer(struct tree_state *state, const struct tree_node *node,
                              unsigned answer, const struct facts *facts)
{
    if (node->question == TREE_PACKETS) {
        state_take_packets(state, node->entry, (enum rule_answer)answer);
    } else if (node->fact >= FACT_COUNT) {
        state_take_habit(state, node->fact, answer, facts);
    } else {
        state_take_fact(state, node->fact, answer, node->extent + (node->question == TREE_NUMBER));
        state->measured |= UINT32_C(1) << fact_table[node->fact].group;
    }
}

/* The first answer of a node is its usual one: most resets are like others of the capture. */
static void node_set_usual(struct tree_node *node, unsigned answer, const struct tree_node *next)
{
    bool number = node->question == TREE_NUMBER;

    if (node->usual || node->question == TREE_PACKETS)
        return;
    node->usual = next;
    node->usual_known = answer != node->extent + (unsigned)number;
    node->low = -INFINITY;
    node->high = INFINITY;
    if (!node->usual_known)
        return;
    if (!number) {
        node->low = answer;
        node->high = answer + 1;
        return;
    }
    if (answer > 0)
        node->low = node->bounds[answer - 1];
    if (answer < node->extent)
        node->high = node->bounds[answer];
}

/* The node for an answer that none gave before. 0 when the tree is full. */
static uint32_t tree_add_child(struct tree *tree, const struct tree_query *query, uint32_t index,
                               unsigned answer)
{
    if (tree->node_count == TREE_NODES)
        return 0;
    struct tree_state *state = &tree->states[tree->node_count];
    struct tree_node *node = &tree->nodes[index];
    *state = tree->states[index];
    state_take_answer(state, node, answer, query->facts);
    uint32_t grown = tree_add(tree, query);
    tree->children[node->children + answer] = grown;
    if (grown != 0)
        node_set_usual(node, answer, &tree->nodes[grown]);
    return grown;
}

/* The first node for the slots of the selector's facts. 0 when the tree is full. */
static uint32_t tree_add_root(struct tree *tree, const struct tree_query *query,
                              const struct selector *selector, const unsigned slots[2])
{
    const struct filter *filter = &selector->filters[selector->filter_of[slots[0]][slots[1]]];

    if (filter->words > TREE_WORDS || !tree_is_open(tree) || tree->node_count == TREE_NODES)
        return 0;
    struct tree_state *state = &tree->states[tree->node_count];
    memset(state, 0, sizeof *state);
    state->filter = filter;
    for (unsigned i = 0; i < filter->count; i++)
        bit_set(state->left, i);
    for (unsigned i = 0; i < 2; i++) {
        unsigned fact = selector->facts[i];
        bit_set(state->asked, fact);
        state->measured |= UINT32_C(1) << fact_table[fact].group;
        if (slots[i] == FILTER_SLOTS - 1)
            bit_set(state->not_captured, fact);
    }
    return tree->roots[slots[0]][slots[1]] = tree_add(tree, query);
}

const struct tree_node *tree_grow(struct tree *tree, const struct whyrst_rules *rules,
                                  struct tree_query *query, const unsigned slots[2],
                                  const struct tree_node *from, unsigned answer)
{
    query_complete(query, rules);
    uint32_t index = from ? tree_add_child(tree, query, (uint32_t)(from - tree->nodes), answer)
                          : tree_add_root(tree, query, &rules->selector, slots);
    return index != 0 ? &tree->nodes[index] : NULL;
}
