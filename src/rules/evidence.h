/* Facts as evidence: typed value, the frames that show it, a sentence. */
#ifndef WHYRST_RULES_EVIDENCE_H
#define WHYRST_RULES_EVIDENCE_H

#include "reset/reset.h"

/* Appends a known fact to out->evidence, once; a fact not captured leaves none. reset->detail must
 * be set. */
void evidence_add(struct whyrst_reset *out, const struct reset *reset, const struct facts *facts,
                  enum fact_id id);

/* The whole number of a frame at or before the RST from its low half. */
uint64_t evidence_frame(const struct reset *reset, uint32_t low);

#endif
