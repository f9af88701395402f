/* The packets of a reset between its two ends, one line each, for fixed-width type. */
#ifndef WHYRST_REPORT_LADDER_H
#define WHYRST_REPORT_LADDER_H

#include "report/labels.h"

struct ladder_style {
    unsigned indent, width; /* columns */
    bool utf8, color;
};

void ladder_render(const struct report *report, const struct whyrst_reset *reset,
                   const struct ladder_style *style, struct output *output);
/* The TTL is worth a column: one end's packets do not all have the same. */
bool ladder_ttl_matters(const struct whyrst_reset *reset);
/* The packet the report is about. */
bool ladder_is_rst(const struct whyrst_reset *reset, const struct whyrst_packet_note *packet);

#endif
