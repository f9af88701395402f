/* Decoded batches into connections and reset events. */
#ifndef WHYRST_FEED_H
#define WHYRST_FEED_H

#include "packet/decode.h"

struct whyrst_analyser;

/* Takes a batch in; sets out_of_memory instead of failing. next: the batch to be taken in after it,
 * NULL when that is not there yet; it is only asked for meanwhile, as it comes from another
 * processor's cache. */
void feed_batch(struct whyrst_analyser *analyser, const struct segment_batch *batch,
                const struct segment_batch *next);

#endif
