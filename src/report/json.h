/* The two halves of the JSON format: one reset (json.c), the document around them
 * (json_document.c). */
#ifndef WHYRST_REPORT_JSON_H
#define WHYRST_REPORT_JSON_H

#include "report/render.h"

/* A quoted string, or null. */
void json_string(struct output *output, const char *text);
/* The same, addresses replaced in an anonymous report. */
void json_text(struct report *report, struct output *output, const char *text);

/* The document up to and including the bracket that opens `resets`, or up to the comma behind
 * `summary` when there are none to be shown. */
void json_head(struct report *report, const struct report_document *document,
               struct output *output);
void json_tail(struct report *report, const struct report_document *document,
               struct output *output);
/* With --summary the whole document on one line, else nothing: NDJSON has elements of `resets`
 * only. */
void json_summary_line(struct report *report, const struct report_document *document,
                       struct output *output);

#endif
