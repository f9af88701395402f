/* Text in columns of a terminal, where a Chinese character takes two. */
#ifndef WHYRST_REPORT_WRAP_H
#define WHYRST_REPORT_WRAP_H

#include "report/output.h"

/* Columns the text takes. */
unsigned wrap_columns(const char *text);
/* The text as one paragraph that starts at `column`, goes on at `indent` and stays within `width`
 * where its words allow; ends with a newline. Control characters become '?'. */
void wrap_text(struct output *output, const char *text, unsigned column, unsigned indent,
               unsigned width);
/* The text, then (or, with `right`, before it) spaces up to `columns`. */
void wrap_cell(struct output *output, const char *text, unsigned columns, bool right);

#endif
