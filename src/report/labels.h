/* The words of the formats made for people, in each language. */
#ifndef WHYRST_REPORT_LABELS_H
#define WHYRST_REPORT_LABELS_H

#include "report/render.h"

enum label {
#define LABEL(id, english, chinese) LABEL_##id,
#include "report/labels.def"
#undef LABEL
    LABEL_COUNT
};

/* Static, never NULL. */
const char *label(const struct report *report, enum label which);
/* What stands behind a count: of the plural `many`, the singular for 1. */
const char *label_counted(const struct report *report, uint64_t count, enum label many);
/* The sentence that says who reset the connection. */
enum label label_culprit(const struct whyrst_reset *reset);
enum label label_certainty(enum whyrst_certainty certainty);
/* What the rules call a cause, in the report's language; "" when they do not know it. */
const char *label_cause_title(const struct report *report, const struct whyrst_rules *rules,
                              enum whyrst_cause cause);
/* The cause's scenario ("1.1"), or "". */
const char *label_cause_scenario(enum whyrst_cause cause);
/* Causes that occurred, most first, ties in their order; returns how many. */
unsigned label_causes_sorted(const uint64_t by_cause[WHYRST_CAUSE_COUNT],
                             enum whyrst_cause sorted[WHYRST_CAUSE_COUNT]);
/* Whole percent, never 100 below 0.995 nor 0 above nothing. */
unsigned label_percent(double confidence);

#endif
