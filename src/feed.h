/* Decoded batches into connections and reset events. */
#ifndef WHYRST_FEED_H
#define WHYRST_FEED_H

#include "packet/decode.h"

struct whyrst_analyser;

/* Takes a batch in, a step of `ahead` with each segment; sets out_of_memory instead of failing. */
void feed_batch(struct whyrst_analyser *analyser, const struct segment_batch *batch,
                struct ahead ahead);

#endif
