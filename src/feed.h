/* Decoded batches into connections and reset events. */
#ifndef WHYRST_FEED_H
#define WHYRST_FEED_H

#include "packet/decode.h"

/* How many packets before its own a connection is asked for, so that a packet's cache misses
 * overlap with the work on others. */
#define FEED_AHEAD 16u

struct whyrst_analyser;

/* A batch on its way: decoded, then looked at ahead, then fed. */
struct feed_batch {
    struct segment_batch decoded;
    /* by segment: the connection it will most likely be of, or 0; behind the last there are zeros
     */
    uint32_t guesses[DECODE_BATCH + FEED_AHEAD];
};

/* What can be known of a decoded batch beforehand. With two threads it runs while batches before
 * this one are being fed: what it reads of the connection table may change under its hands, and a
 * guess is all it leaves. */
void feed_look_ahead(const struct whyrst_analyser *analyser, struct feed_batch *batch);

/* Takes a batch in; sets out_of_memory instead of failing. */
void feed_batch(struct whyrst_analyser *analyser, const struct feed_batch *batch);

#endif
