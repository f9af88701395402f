#include "rules/verdict.h"

#include <math.h>
#include <string.h>

#define UNMEASURED    0.3 /* a signature nobody has counted */
#define PARTIAL_SHARE 0.6 /* of an incomplete match that was not counted apart */
/* The most that is left to what was ever seen wrong, names a cause it cannot exclude, or is
 * "unknown": 0.9 and above is certain. */
#define JUST_UNCERTAIN    0.89
#define Z_ONE_SIDED_95    1.645
#define NAMED_WEIGHT      0.02 /* a cause a signature names as not excluded, never met instead */
#define ALTERNATIVE_SHARE 0.95 /* of what the verdict leaves: something unlisted stays possible */

static const char same_packets[] =
    "it can leave the same packets; only the host itself can tell them apart";

double verdict_lower_bound(unsigned right, unsigned of)
{
    if (of == 0)
        return 0;
    double z2 = Z_ONE_SIDED_95 * Z_ONE_SIDED_95, n = of, share = right / n;
    double spread = Z_ONE_SIDED_95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
    double bound = (share + z2 / (2 * n) - spread) / (1 + z2 / n);
    return bound < 0 ? 0 : bound;
}

static double measure_confidence(const struct signature *signature,
                                 const struct rule_measure *measure, bool full)
{
    double bound = measure->of > 0 ? verdict_lower_bound(measure->right, measure->of) : UNMEASURED;
    bool counted_apart = measure == &signature->partial;
    if (!full && !counted_apart)
        bound *= PARTIAL_SHARE;
    if (measure->right < measure->of || signature->cannot_exclude != 0 ||
        signature->rule->cause == WHYRST_UNKNOWN)
        bound = fmin(bound, JUST_UNCERTAIN);
    return bound;
}

void verdict_prepare(struct signature *signature)
{
    for (int full = 0; full < 2; full++) {
        struct rule_belief *belief = &signature->belief[full];
        const struct rule_measure *measure =
            !full && signature->partial.of > 0 ? &signature->partial : &signature->complete;
        belief->confidence = measure_confidence(signature, measure, full);
        for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
            double weight = measure->of > 0 ? (double)measure->instead[cause] / measure->of : 0;
            bool named = signature->cannot_exclude >> cause & 1;
            belief->weight[cause] = named && weight < NAMED_WEIGHT ? NAMED_WEIGHT : weight;
        }
    }
}

static const struct rule_belief *match_belief(const struct rule_match *match)
{
    return &match->signature->belief[match->answer == RULE_YES];
}

static double match_confidence(const struct rule_match *match)
{
    return match_belief(match)->confidence;
}

/* How much speaks for each other cause: what the best signature was instead when it was measured,
 * what it cannot exclude, and what else matched. */
static void alternatives_weigh(const struct rule_match *matches, unsigned count,
                               double weight[WHYRST_CAUSE_COUNT],
                               const char *why[WHYRST_CAUSE_COUNT])
{
    memcpy(weight, match_belief(&matches[0])->weight, WHYRST_CAUSE_COUNT * sizeof(*weight));
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++)
        why[cause] = same_packets;
    double best = match_confidence(&matches[0]);
    for (unsigned n = 1; n < count; n++) {
        enum whyrst_cause cause = matches[n].signature->rule->cause;
        double share = match_confidence(&matches[n]) * (1 - best);
        if (matches[n].answer < matches[0].answer)
            share *= PARTIAL_SHARE;
        if (share > weight[cause])
            weight[cause] = share;
        if (why[cause] == same_packets)
            why[cause] = matches[n].signature->why;
    }
}

/* Of a number from 0 to 1: floor() is a call on most processors. */
static double thousandths_floor(double value)
{
    return (double)(unsigned)(value * 1000) / 1000;
}

static void alternatives_rank(struct verdict *verdict, const double weight[WHYRST_CAUSE_COUNT],
                              const char *const why[WHYRST_CAUSE_COUNT])
{
    double total = 0, left = (1 - verdict->confidence) * ALTERNATIVE_SHARE;
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++)
        total += cause == verdict->cause ? 0 : weight[cause];
    double scale = total > 0 ? left / total : 0;
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        if (cause == verdict->cause || weight[cause] == 0)
            continue;
        double confidence = thousandths_floor(weight[cause] * scale);
        if (confidence < 0.001)
            continue;
        unsigned at = verdict->alternative_count++;
        for (; at > 0 && verdict->alternatives[at - 1].confidence < confidence; at--)
            verdict->alternatives[at] = verdict->alternatives[at - 1];
        verdict->alternatives[at] = (struct whyrst_alternative){
            .cause = cause, .confidence = confidence, .why = why[cause]};
    }
}

/* All but the alternatives. best: NULL when nothing matched. */
static void verdict_take_best(const struct rule_match *best, enum whyrst_side sent_by,
                              struct verdict *verdict)
{
    verdict->cause = WHYRST_UNKNOWN;
    verdict->origin = WHYRST_ORIGIN_UNKNOWN;
    verdict->signature = NULL;
    verdict->complete = false;
    verdict->confidence = 0;
    verdict->alternative_count = 0;
    if (best == NULL)
        return;
    const struct signature *signature = best->signature;
    verdict->cause = signature->rule->cause;
    verdict->signature = signature;
    verdict->complete = best->answer == RULE_YES;
    verdict->confidence = thousandths_floor(match_confidence(best));
    verdict->origin = signature->origin >= 0     ? (enum whyrst_origin)signature->origin
                      : sent_by == WHYRST_CLIENT ? WHYRST_ORIGIN_CLIENT
                                                 : WHYRST_ORIGIN_SERVER;
}

void verdict_decide_cause(const struct whyrst_rules *rules, struct tree *tree,
                          const struct reset *reset, enum whyrst_side sent_by,
                          struct verdict *verdict)
{
    struct facts facts;
    struct packet_line line;
    struct tree_query query = {.reset = reset, .facts = &facts, .line = &line};
    line.count = 0;
    bool matched = tree_match(tree, rules, &query);
    verdict_take_best(matched ? &query.best : NULL, sent_by, verdict);
}

void verdict_decide(const struct whyrst_rules *rules, const struct facts *facts,
                    const struct packet_line *line, enum whyrst_side sent_by,
                    struct verdict *verdict)
{
    struct rule_match matches[RULE_MAX_MATCHES];
    double weight[WHYRST_CAUSE_COUNT];
    const char *why[WHYRST_CAUSE_COUNT];
    unsigned count = ruleset_match(rules, facts, line, matches, RULE_MAX_MATCHES);
    verdict_take_best(count > 0 ? matches : NULL, sent_by, verdict);
    if (count == 0)
        return;
    alternatives_weigh(matches, count, weight, why);
    alternatives_rank(verdict, weight, why);
}
