/* A decided reset event -> what it means: cause, confidence, alternatives, and the words for them.
 */
#ifndef WHYRST_RULES_VERDICT_H
#define WHYRST_RULES_VERDICT_H

#include "reset/reset.h"
#include "rules/ruleset.h"
#include "rules/tree.h"

/* The numbers of a verdict, before any text. */
struct verdict {
    enum whyrst_cause cause;
    const struct signature *signature; /* NULL when none matched */
    bool complete;                     /* every fact it asks for was captured */
    double confidence;
    enum whyrst_origin origin;
    struct whyrst_alternative alternatives[WHYRST_CAUSE_COUNT]; /* best first */
    unsigned alternative_count;
};

/* What the rules make of the facts. side_role: whose address the RST carries. */
void verdict_decide(const struct whyrst_rules *rules, const struct facts *facts,
                    const struct packet_line *line, enum whyrst_side sent_by,
                    struct verdict *verdict);

/* The same without alternatives: all that counting takes. */
void verdict_decide_cause(const struct whyrst_rules *rules, struct tree *tree,
                          const struct reset *reset, enum whyrst_side sent_by,
                          struct verdict *verdict);

/* Fills *out for a full report; everything but the counts-only members. out must be zeroed. */
void verdict_describe(const struct whyrst_rules *rules, const struct reset *reset,
                      const struct facts *facts, const struct packet_line *line,
                      const struct verdict *verdict, enum whyrst_language language,
                      struct whyrst_reset *out);

/* Identity of the event, for full and for counts-only reports. */
void verdict_identify(const struct reset *reset, struct whyrst_reset *out);

/* Works out what matches of a signature are worth from how it was measured. */
void verdict_prepare(struct signature *signature);

/* Lower end of the 95 % confidence interval (Wilson, one-sided) of `right` out of `of`. */
double verdict_lower_bound(unsigned right, unsigned of);

/* Decodes a RST payload into one sentence: IETF diagnostic payload, or printable text. */
void declared_payload_text(const uint8_t *payload, size_t bytes, char *buf, size_t size);
/* The meaning of a MP_TCPRST reason code (RFC 8684, 3.6); static. */
const char *declared_mptcp_text(unsigned reason);

#endif
