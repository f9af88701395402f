/* The format for a terminal: text.c one reset, text_summary.c the screen before them. */
#ifndef WHYRST_REPORT_TEXT_H
#define WHYRST_REPORT_TEXT_H

#include "report/labels.h"

enum text_style { TEXT_PLAIN, TEXT_BOLD, TEXT_DIM, TEXT_RED, TEXT_GREEN, TEXT_YELLOW };

/* Nothing unless the report has colours. */
void text_style(const struct report *report, struct output *output, enum text_style style);
unsigned text_width(const struct report *report);
/* With a comma every three digits. */
void text_count(struct output *output, uint64_t value);

void text_summary(struct report *report, const struct report_document *document,
                  struct output *output);

#endif
