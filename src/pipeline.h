/* Two threads: the caller's decodes, another analyses. Batches cross in order through a ring, so
 * the result is the same as with one. */
#ifndef WHYRST_PIPELINE_H
#define WHYRST_PIPELINE_H

#include "feed.h"
#include "whyrst/whyrst.h"

struct pipeline;

/* Starts the thread; NULL on failure. Free with pipeline_free, which waits for it. */
struct pipeline *pipeline_new(struct whyrst_analyser *analyser, struct whyrst_error *error);
void pipeline_free(struct pipeline *pipeline);

/* The batch to decode into, empty; waits for room. */
struct segment_batch *pipeline_next(struct pipeline *pipeline);
/* Hands the batch of pipeline_next over. */
void pipeline_push(struct pipeline *pipeline);
/* Waits until everything handed over is analysed. On the pipeline's own thread it returns at once.
 */
void pipeline_drain(struct pipeline *pipeline);

#endif
