/* The best match without looking at everything: a decision tree over the facts of a reset, of which
 * each is measured only when a question is about it. It grows by one path whenever a reset takes
 * one that none took before, so that resets of the same kind cost a few steps each. It is bounded;
 * a reset that has no path in a full tree is matched as ruleset_match() does it.
 *
 * The verdict is found when of the signature that would be the best match if all held that was not
 * looked at, nothing is left to look at. Which questions lead there, and in what order, is free: a
 * new node asks what gets the reset it was made for there soonest. */
#ifndef WHYRST_RULES_TREE_H
#define WHYRST_RULES_TREE_H

#include "reset/reset.h"
#include "rules/internal.h"

#define TREE_WORDS      4u         /* filters of up to 256 signatures */
#define TREE_FACT_WORDS 2u         /* words of bits by fact */
#define TREE_NODES      (1u << 14) /* 3 MiB with all that belongs to them */
#define TREE_CHILDREN   (1u << 16)

/* What a node looks at. */
enum tree_question { TREE_NAME, TREE_NUMBER, TREE_PACKETS, TREE_ANSWER };

struct tree_node {
    double low, high;              /* the usual answer: the fact is from low to below high, */
    const struct tree_node *usual; /* which leads to this node */
    reset_measure_fn *measure;     /* to be called first, or NULL */
    union {
        const double *bounds;                /* TREE_NUMBER: as in struct number_filter */
        const struct signature_entry *entry; /* TREE_PACKETS: its pattern; TREE_ANSWER: the best
                                                match, NULL none */
    };
    uint32_t children; /* index of the first; by slot, interval or enum rule_answer */
    uint16_t extent;   /* slot of "not captured"; number of bounds; unknown conditions */
    uint8_t question;  /* enum tree_question */
    uint8_t fact;
    bool usual_known; /* the usual answer is that of a known fact; else that it is not */
};

/* What is known on the way to a node: only its children are made with it. */
struct tree_state {
    uint64_t left[TREE_WORDS];              /* signatures that nothing was said no to */
    uint64_t fitting[TREE_WORDS];           /* whose pattern was looked at */
    uint64_t doubtful[TREE_WORDS];          /* whose pattern may fit */
    uint64_t asked[TREE_FACT_WORDS];        /* facts looked at */
    uint64_t not_captured[TREE_FACT_WORDS]; /* those that are unknown */
    uint32_t measured;                      /* groups of facts */
    const struct filter *filter;            /* of the selector */
};

/* Zeroed to begin with. */
struct tree {
    struct tree_node *nodes; /* from 1 */
    struct tree_state *states;
    uint32_t *children; /* indexes of nodes, 0 not grown */
    uint32_t node_count, child_count;
    uint32_t roots[FILTER_SLOTS][FILTER_SLOTS]; /* by the slots of the selector's facts */
};

/* The reset in question. With `reset`, facts and line are filled in as far as they are asked for;
 * without, they are complete. */
struct tree_query {
    const struct reset *reset;
    struct facts *facts;
    struct packet_line *line; /* count 0: not yet filled in */
    bool complete;            /* everything was looked at, and this is the verdict: */
    bool matched;
    struct rule_match best; /* with matched */
};

/* Whether something matches; query->best is then the match that ruleset_match() puts first. The
 * tree must always be used with the same rules. */
bool tree_match(struct tree *tree, const struct whyrst_rules *rules, struct tree_query *query);
void tree_clear(struct tree *tree);

/* tree_grow.c: the node that a query comes to from `from` with an answer that none gave there
 * before, or with from NULL, the first one for these slots of the selector's facts. The query is
 * made complete. NULL when the tree is full. */
const struct tree_node *tree_grow(struct tree *tree, const struct whyrst_rules *rules,
                                  struct tree_query *query, const unsigned slots[2],
                                  const struct tree_node *from, unsigned answer);

#endif
