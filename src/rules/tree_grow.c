#include "rules/tree.h"

#include <math.h>

#include "flow/memory.h"

_Static_assert(FACT_COUNT <= 64 * TREE_FACT_WORDS, "a bit for each fact");
_Static_assert(GROUP_COUNT <= 32, "a bit for each group");

static bool bit_of(const uint64_t *words, unsigned bit)
{
    return words[bit / 64] >> bit % 64 & 1;
}

static void bit_set(uint64_t *words, unsigned bit)
{
    words[bit / 64] |= UINT64_C(1) << bit % 64;
}

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

static const struct name_filter *filter_name(const struct filter *filter, unsigned fact)
{
    for (unsigned i = 0; i < filter->name_count; i++)
        if (filter->names[i].fact == fact)
            return &filter->names[i];
    return NULL;
}

static const struct number_filter *filter_number(const struct filter *filter, unsigned fact)
{
    for (unsigned i = 0; i < filter->number_count; i++)
        if (filter->numbers[i].fact == fact)
            return &filter->numbers[i];
    return NULL;
}

/* The row of a fact's answer: what it says no to. */
static const uint64_t *filter_row(const struct filter *filter, unsigned fact, unsigned answer)
{
    const uint64_t *rows = fact_table[fact].type == FACT_NUMBER
                               ? filter_number(filter, fact)->excluded
                               : filter_name(filter, fact)->excluded;
    return rows + answer * filter->words;
}

/* Signatures that have to be ruled out before the best one of a reset is known to be it. */
static void rivals_list(const struct tree_state *state, const struct tree_query *query,
                        uint64_t rivals[TREE_WORDS])
{
    memcpy(rivals, state->left, sizeof state->left);
    for (unsigned i = 0; i < state->filter->count && query->matched; i++)
        if (&state->filter->entries[i]->signature == query->best.signature) {
            rivals[i / 64] &= ~(UINT64_C(1) << i % 64);
            if (query->best.answer == RULE_YES) { /* those of lower rank never are */
                rivals[i / 64] &= (UINT64_C(1) << i % 64) - 1;
                for (unsigned word = i / 64 + 1; word < TREE_WORDS; word++)
                    rivals[word] = 0;
            }
        }
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

    if (bit_of(state->asked, fact))
        return;
    for (unsigned word = 0; word < state->filter->words; word++)
        next.fallen += (unsigned)__builtin_popcountll(rivals[word] & row[word]);
    if (next.fallen * best->cost > best->fallen * next.cost)
        *best = next;
}

/* The fact that rules out most rivals for the time it takes; FACT_COUNT when none does. of: only
 * facts this signature asks for, and then any rather than none; NULL all. */
static unsigned fact_choose(const struct tree_state *state, const struct tree_query *query,
                            const struct signature_entry *of)
{
    const struct filter *filter = state->filter;
    struct prospect best = {FACT_COUNT, 0, 1};
    uint64_t rivals[TREE_WORDS];

    rivals_list(state, query, rivals);
    for (unsigned i = 0; i < filter->name_count; i++) {
        const struct name_filter *name = &filter->names[i];
        unsigned answer = fact_slot(query->facts, name->fact, name->unknown);
        if (!of || of->test_of[name->fact])
            prospect_weigh(&best, state, rivals, name->fact,
                           name->excluded + answer * filter->words);
    }
    for (unsigned i = 0; i < filter->number_count; i++) {
        const struct number_filter *number = &filter->numbers[i];
        unsigned answer =
            number_interval(query->facts, number->fact, number->bounds, number->bound_count);
        if (!of || of->test_of[number->fact])
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

/* The question to go on with. Returns how many answers it has. */
static unsigned node_ask(struct tree_node *node, const struct tree_state *state,
                         const struct tree_query *query)
{
    struct hopeful best = state_best(state);
    unsigned fact = FACT_COUNT;

    if (best.open == 0) {
        node->question = TREE_ANSWER;
        node->entry = best.entry;
        node->extent = (uint16_t)best.unknown;
        return 0;
    }
    if (query->matched) /* what it asks for cannot be left out, and rules out others as well */
        fact = fact_choose(state, query, (const struct signature_entry *)query->best.signature);
    if (fact == FACT_COUNT)
        fact = fact_choose(state, query, NULL);
    if (fact == FACT_COUNT && !best.packets)
        fact = fact_choose(state, query, best.entry);
    if (fact != FACT_COUNT)
        return node_ask_fact(node, state, fact);
    node->question = TREE_PACKETS;
    node->entry = best.entry;
    return RULE_YES + 1;
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

static void state_exclude(struct tree_state *state, const uint64_t *excluded)
{
    for (unsigned word = 0; word < state->filter->words; word++)
        state->left[word] &= ~excluded[word];
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
                              unsigned answer)
{
    const struct filter *filter = state->filter;

    if (node->question == TREE_PACKETS) {
        state_take_packets(state, node->entry, (enum rule_answer)answer);
        return;
    }
    unsigned unknown = node->extent + (node->question == TREE_NUMBER);
    state_exclude(state, filter_row(filter, node->fact, answer));
    bit_set(state->asked, node->fact);
    state->measured |= UINT32_C(1) << fact_table[node->fact].group;
    if (answer == unknown)
        bit_set(state->not_captured, node->fact);
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
    state_take_answer(state, node, answer);
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
