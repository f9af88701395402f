/* The parts of the JSON format: one reset (json.c), its packets (json_sequence.c), the document
 * around them (json_document.c). */
#ifndef WHYRST_REPORT_JSON_H
#define WHYRST_REPORT_JSON_H

#include "report/render.h"

#define PUT(literal) (at = format_literal(at, literal))

/* A quoted string, or null. */
void json_string(struct output *output, const char *text);
/* The same, addresses replaced in an anonymous report. */
void json_text(struct report *report, struct output *output, const char *text);

/* An array of frame numbers. */
static inline char *json_frames(char *at, const uint64_t *frames, unsigned count)
{
    *at++ = '[';
    for (unsigned i = 0; i < count; i++) {
        if (i)
            *at++ = ',';
        at = format_u64(at, frames[i]);
    }
    *at++ = ']';
    return at;
}

/* `,"sequence":[…]` up to and including `"wireshark_filter":"…"`. */
void json_sequence(const struct whyrst_reset *reset, struct output *output);

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
