#include "rules/tree.h"

#include "flow/memory.h"

void tree_clear(struct tree *tree)
{
    memory_unmap(tree->nodes, TREE_NODES * sizeof *tree->nodes);
    memory_unmap(tree->states, TREE_NODES * sizeof *tree->states);
    memory_unmap(tree->children, TREE_CHILDREN * sizeof *tree->children);
    memset(tree, 0, sizeof *tree);
}

static unsigned query_packets(const struct tree_query *query, const struct pattern *pattern)
{
    if (query->line->count == 0)
        reset_packet_line(query->reset, query->line);
    return pattern_match(pattern, query->line);
}

/* Which of a node's answers holds. */
static unsigned query_answer(const struct tree_query *query, const struct tree_node *node)
{
    if (node->question == TREE_NAME)
        return fact_slot(query->facts, node->fact, node->extent);
    if (node->question == TREE_PACKETS)
        return query_packets(query, &node->entry->pattern);
    return number_interval(query->facts, node->fact, node->bounds, node->extent);
}

static inline bool node_is_usual(const struct tree_node *node, const struct facts *facts)
{
    double value = facts->value[node->fact];
    return value >= node->low && value < node->high &&
           facts->known[node->fact] == node->usual_known;
}

/* The verdict of a TREE_ANSWER. */
static bool node_match(const struct tree_node *node, struct rule_match *best)
{
    if (!node->entry)
        return false;
    best->signature = &node->entry->signature;
    best->answer = node->extent ? RULE_MAYBE : RULE_YES;
    best->unknown_count = node->extent;
    return true;
}

/* Follows the usual answers from a node to the first that has another, or is a verdict. */
static const struct tree_node *query_follow(const struct tree_query *query,
                                            const struct tree_node *node)
{
    const struct reset *reset = query->reset;
    struct facts *facts = query->facts;

    for (;;) {
        if (node->measure && reset)
            node->measure(reset, facts);
        if (!node_is_usual(node, facts))
            return node;
        node = node->usual;
    }
}

bool tree_match(struct tree *tree, const struct whyrst_rules *rules, struct tree_query *query)
{
    const struct selector *selector = &rules->selector;
    const struct tree_node *node = NULL;
    unsigned slots[2], answer = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (query->reset)
            reset_measures[fact_table[selector->facts[i]].group](query->reset, query->facts);
        slots[i] = fact_slot(query->facts, selector->facts[i], FILTER_SLOTS - 1);
    }
    uint32_t next = tree->roots[slots[0]][slots[1]];
    for (;;) {
        node = next != 0 ? &tree->nodes[next] : tree_grow(tree, rules, query, slots, node, answer);
        if (node == NULL)
            return query->matched; /* the tree is full: everything was looked at */
        node = query_follow(query, node);
        if (node->question == TREE_ANSWER)
            return node_match(node, &query->best);
        answer = query_answer(query, node);
        next = tree->children[node->children + answer];
    }
}
