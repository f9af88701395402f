/* What both files that grow the tree use. */
#ifndef WHYRST_RULES_TREE_INTERNAL_H
#define WHYRST_RULES_TREE_INTERNAL_H

#include "rules/tree.h"

static inline bool bit_of(const uint64_t *words, unsigned bit)
{
    return words[bit / 64] >> bit % 64 & 1;
}

static inline void bit_set(uint64_t *words, unsigned bit)
{
    words[bit / 64] |= UINT64_C(1) << bit % 64;
}

static inline const struct name_filter *filter_name(const struct filter *filter, unsigned fact)
{
    for (unsigned i = 0; i < filter->name_count; i++)
        if (filter->names[i].fact == fact)
            return &filter->names[i];
    return NULL;
}

static inline const struct number_filter *filter_number(const struct filter *filter, unsigned fact)
{
    for (unsigned i = 0; i < filter->number_count; i++)
        if (filter->numbers[i].fact == fact)
            return &filter->numbers[i];
    return NULL;
}

/* tree_ask.c: sets the question that a node of that state goes on with. Returns how many answers it
 * has. The query must be complete. */
unsigned node_ask(struct tree_node *node, const struct tree_state *state,
                  const struct tree_query *query);

#endif
