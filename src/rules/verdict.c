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

static const struct rule_measure *match_measure(const struct rule_match *match)
{
    const struct signature *signature = match->signature;
    return match->answer == RULE_MAYBE && signature->partial.of > 0 ? &signature->partial
                                                                    : &signature->complete;
}

static double match_confidence(const struct rule_match *match)
{
    const struct rule_measure *measure = match_measure(match);
    double bound = measure->of > 0 ? verdict_lower_bound(measure->right, measure->of) : UNMEASURED;
    bool counted_apart = measure == &match->signature->partial;
    if (match->answer == RULE_MAYBE && !counted_apart)
        bound *= PARTIAL_SHARE;
    if (measure->right < measure->of || match->signature->cannot_exclude != 0 ||
        match->signature->rule->cause == WHYRST_UNKNOWN)
        bound = fmin(bound, JUST_UNCERTAIN);
    return bound;
}

/* How much speaks for each other cause: what the best signature was instead when it was measured,
 * what it cannot exclude, and what else matched. */
static void alternatives_weigh(const struct rule_match *matches, unsigned count,
                               double weight[WHYRST_CAUSE_COUNT],
                               const char *why[WHYRST_CAUSE_COUNT])
{
    const struct rule_measure *measure = match_measure(&matches[0]);
    uint32_t named = matches[0].signature->cannot_exclude;
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        if (measure->of > 0)
            weight[cause] = (double)measure->instead[cause] / measure->of;
        if ((named >> cause & 1) && weight[cause] < NAMED_WEIGHT)
            weight[cause] = NAMED_WEIGHT;
        why[cause] = same_packets;
    }
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

static void alternatives_rank(struct verdict *verdict, const double weight[WHYRST_CAUSE_COUNT],
                              const char *const why[WHYRST_CAUSE_COUNT])
{
    double total = 0, left = (1 - verdict->confidence) * ALTERNATIVE_SHARE;
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++)
        total += cause == verdict->cause ? 0 : weight[cause];
    double scale = total > 0 ? left / total : 0;
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        double confidence = floor(weight[cause] * scale * 1000) / 1000;
        if (cause == verdict->cause || confidence < 0.001)
            continue;
        unsigned at = verdict->alternative_count++;
        for (; at > 0 && verdict->alternatives[at - 1].confidence < confidence; at--)
            verdict->alternatives[at] = verdict->alternatives[at - 1];
        verdict->alternatives[at] = (struct whyrst_alternative){
            .cause = cause, .confidence = confidence, .why = why[cause]};
    }
}

/* All but the alternatives. Returns the number of matches. */
static unsigned verdict_take_best(const struct whyrst_rules *rules, const struct facts *facts,
                                  const struct packet_line *line, enum whyrst_side sent_by,
                                  struct rule_match matches[RULE_MAX_MATCHES],
                                  struct verdict *verdict)
{
    unsigned count = ruleset_match(rules, facts, line, matches);
    verdict->cause = WHYRST_UNKNOWN;
    verdict->origin = WHYRST_ORIGIN_UNKNOWN;
    verdict->signature = NULL;
    verdict->complete = false;
    verdict->confidence = 0;
    verdict->alternative_count = 0;
    if (count == 0)
        return 0;
    const struct signature *signature = matches[0].signature;
    verdict->cause = signature->rule->cause;
    verdict->signature = signature;
    verdict->complete = matches[0].answer == RULE_YES;
    verdict->confidence = floor(match_confidence(&matches[0]) * 1000) / 1000;
    verdict->origin = signature->origin >= 0     ? (enum whyrst_origin)signature->origin
                      : sent_by == WHYRST_CLIENT ? WHYRST_ORIGIN_CLIENT
                                                 : WHYRST_ORIGIN_SERVER;
    return count;
}

void verdict_decide_cause(const struct whyrst_rules *rules, const struct facts *facts,
                          const struct packet_line *line, enum whyrst_side sent_by,
                          struct verdict *verdict)
{
    struct rule_match matches[RULE_MAX_MATCHES];
    verdict_take_best(rules, facts, line, sent_by, matches, verdict);
}

void verdict_decide(const struct whyrst_rules *rules, const struct facts *facts,
                    const struct packet_line *line, enum whyrst_side sent_by,
                    struct verdict *verdict)
{
    struct rule_match matches[RULE_MAX_MATCHES];
    double weight[WHYRST_CAUSE_COUNT] = {0};
    const char *why[WHYRST_CAUSE_COUNT];
    unsigned count = verdict_take_best(rules, facts, line, sent_by, matches, verdict);
    memset(verdict->alternatives, 0, sizeof(verdict->alternatives));
    if (count == 0)
        return;
    alternatives_weigh(matches, count, weight, why);
    alternatives_rank(verdict, weight, why);
}
