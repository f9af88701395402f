/* The rule engine: rule files -> signatures, facts + packet line -> ranked matches. */
#ifndef WHYRST_RULES_RULESET_H
#define WHYRST_RULES_RULESET_H

#include "reset/facts.h"
#include "whyrst/whyrst.h"

/* struct whyrst_rules of the public header is this layer's ruleset. */

enum rule_answer { RULE_NO, RULE_MAYBE, RULE_YES };

struct text_part;

struct rule_text {
    const char *text[2];        /* by enum whyrst_language; both always set */
    struct text_part *parts[2]; /* the same, cut at its placeholders */
};

#define RULE_MAX_LINES 16 /* the closing NULL included */

/* A cause: one file of the rules directory. */
struct rule {
    enum whyrst_cause cause;
    const char *file;
    const char *scenario; /* or NULL */
    int rank;             /* higher is tried and believed first */
    struct rule_text title, explain;
    struct rule_text impact;               /* what it means for the user */
    bool benign;                           /* as a rule harmless for the application */
    const char *confirm[RULE_MAX_LINES];   /* commands, NULL-terminated */
    const char *remedy[2][RULE_MAX_LINES]; /* by language, NULL-terminated */
    const char *references[RULE_MAX_LINES];
    const char *kernel[RULE_MAX_LINES]; /* enum sk_rst_reason names, NULL-terminated */
};

/* How often a signature was right against a known truth, and what it was otherwise. All zero when
 * it was not measured. */
struct rule_measure {
    unsigned right, of;
    unsigned instead[WHYRST_CAUSE_COUNT];
};

/* What a match of a signature is worth, worked out when the rules are loaded. */
struct rule_belief {
    double confidence;
    double weight[WHYRST_CAUSE_COUNT]; /* how much speaks for the other causes */
};

struct signature {
    const struct rule *rule;
    const char *name;
    const char *packets;          /* pattern as written, or NULL */
    const char *why;              /* the mechanism, one sentence (English) */
    int rank;                     /* the rule's unless the signature has its own */
    int origin;                   /* enum whyrst_origin it asserts, or -1: the sender's */
    struct rule_measure complete; /* measured on full matches */
    struct rule_measure partial;  /* measured when facts were not captured */
    struct rule_belief belief[2]; /* in a match that lacks facts, in a full one */
    uint32_t cannot_exclude;      /* bit set of enum whyrst_cause */
    const uint8_t *facts;         /* enum fact_id of its conditions */
    unsigned fact_count;
};

struct rule_match {
    const struct signature *signature;
    enum rule_answer answer; /* RULE_YES or RULE_MAYBE */
    unsigned unknown_count; /* conditions on facts not captured (a pattern cut off counts as one) */
};

#define RULE_MAX_MATCHES 32 /* more never matter */

/* All signatures that answer yes or maybe, best first: yes before maybe; of those that answer maybe
 * the one with the smaller share of unknown conditions; then higher rank, then file and place in
 * it. Returns how many, at most `most`, which is at least 1. */
unsigned ruleset_match(const struct whyrst_rules *rules, const struct facts *facts,
                       const struct packet_line *line, struct rule_match *matches, unsigned most);

/* The rule of a cause, NULL when the directory has none. */
const struct rule *ruleset_rule(const struct whyrst_rules *rules, enum whyrst_cause cause);
/* Signatures in rank order, for listings. */
unsigned ruleset_signature_count(const struct whyrst_rules *rules);
const struct signature *ruleset_signature(const struct whyrst_rules *rules, unsigned index);
/* The conditions of a signature as text lines ("rst.shape is active"), for --explain; -1 past the
 * end. The text of number `index` is about the fact signature->facts[index]. */
int ruleset_condition_text(const struct signature *signature, unsigned index, char *buf,
                           size_t size);

/* What the placeholders of a rule's texts and commands stand for. Arrays by enum whyrst_side. */
struct rule_values {
    const struct whyrst_address *end[2];
    enum whyrst_side resetter;
    enum whyrst_language language; /* of the words "client" and "server" */
};

/* Copies text with $CLIENT, $CLIENT_IP, $CLIENT_PORT filled in, the same for SERVER, RESETTER and
 * PEER, and $RESETTER_ROLE, $PEER_ROLE ("client", "server"). $CLIENT is IP:port, with an IPv6
 * address in brackets. A result too long is cut between characters and -1 comes back; buf always
 * ends. */
int rule_text_fill(const char *text, const struct rule_values *values, char *buf, size_t size);

#endif
