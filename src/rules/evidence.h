/* Facts as evidence: typed value, the frames that show it, a sentence. */
#ifndef WHYRST_RULES_EVIDENCE_H
#define WHYRST_RULES_EVIDENCE_H

#include "reset/reset.h"

/* One reset's evidence being written. Sets of its notes have bit n for note n. */
struct evidence_writer {
    struct whyrst_reset *out;
    const struct reset *reset;
    const struct facts *facts;
    uint32_t near; /* of the RST's input: frame numbers of another would mean other packets in it */
    uint32_t resetter, payload, fin, syn, ack;
    bool added[FACT_COUNT];
};

/* reset->detail must be set. */
void evidence_start(struct evidence_writer *writer, struct whyrst_reset *out,
                    const struct reset *reset, const struct facts *facts);
/* Appends a known fact to out->evidence, once; a fact not captured leaves none. */
void evidence_add(struct evidence_writer *writer, enum fact_id id);

/* The whole number of a frame at or before the RST from its low half. */
uint64_t evidence_frame(const struct reset *reset, uint32_t low);

#endif
