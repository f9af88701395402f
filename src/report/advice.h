/* What to check and what to do, as JSON: the rules' lines are the same for every reset but for its
 * addresses and ports, so they are escaped once and only these are put in. */
#ifndef WHYRST_REPORT_ADVICE_H
#define WHYRST_REPORT_ADVICE_H

#include "report/render.h"

/* Whether the reset's explanation and impact can go into JSON as they are. */
bool advice_is_plain(struct report *report, const struct whyrst_reset *reset);
/* Appends `,"confirm":[…],"remedy":[…]`. */
void advice_json(struct report *report, const struct shown_reset *shown, struct output *output);
void advice_clear(struct advice advices[WHYRST_CAUSE_COUNT]);

#endif
