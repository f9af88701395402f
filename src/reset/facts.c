#include "reset/facts.h"

#include <string.h>

static const char *const rst_shapes[] = {"refusal",   "active", "reply", "bare",
                                         "rewritten", "odd",    NULL};
static const char *const rst_timestamps[] = {"present", "missing", "not_negotiated", NULL};
static const char *const rst_ip_ids[] = {"continues", "zero", "unrelated", NULL};
static const char *const trigger_kinds[] = {"none", "syn", "synack", "ack",
                                            "data", "fin", "probe",  NULL};
static const char *const roles[] = {"client", "server", NULL};
static const char *const stacks[] = {"linux", "windows", "other", NULL};
/* The order of enum payload_kind. */
static const char *const payload_kinds[] = {"none",          "unseen", "tls_alert",
                                            "tls_hello",     "tls",    "http_request",
                                            "http_response", "other",  NULL};
static const char *const handshakes[] = {"none", "syn", "synack", "complete", NULL};

#define BOOL       .type = FACT_BOOL
#define NUMBER     .type = FACT_NUMBER
#define ENUM(list) .type = FACT_ENUM, .names = list
#define FACT(id, fact_name, fact_type, fact_group, fact_anchor, fact_sentence)                     \
    [FACT_##id] = {                                                                                \
        .name = fact_name,                                                                         \
        fact_type,                                                                                 \
        .group = GROUP_##fact_group,                                                               \
        .anchor = ANCHOR_##fact_anchor,                                                            \
        .sentence = fact_sentence,                                                                 \
        .sentence_bytes = sizeof(fact_sentence) - 1,                                               \
    },

const struct fact_info fact_table[FACT_COUNT] = {
#include "reset/facts.def"
};

const uint32_t habit_groups[HABIT_END - FACT_COUNT] = {
    [HABIT_AFTER - FACT_COUNT] = 1u << GROUP_SEQUEL,
    [HABIT_COURSE - FACT_COUNT] = 1u << GROUP_RESETTER | 1u << GROUP_RESETTER_FIN |
                                  1u << GROUP_TRAIN | 1u << GROUP_PEER | 1u << GROUP_CONN,
};

int fact_find(const char *name)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (strcmp(fact_table[i].name, name) == 0)
            return i;
    return -1;
}
