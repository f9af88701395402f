/* The HTML format: html.c the page and its summary, html_reset.c one reset. */
#ifndef WHYRST_REPORT_HTML_H
#define WHYRST_REPORT_HTML_H

#include "report/labels.h"

/* An element with escaped text in it: html_element(output, "td class=n", text). */
void html_element(struct output *output, const char *tag, const char *text);
void html_count(struct output *output, const char *tag, uint64_t count);
void html_reset(struct report *report, const struct shown_reset *shown, struct output *output);

#endif
