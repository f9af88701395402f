/* The analyser behind the public header: decoded batches in, verdicts out. */
#ifndef WHYRST_ANALYSER_H
#define WHYRST_ANALYSER_H

#include "feed.h"
#include "flow/table.h"
#include "flow/trace.h"
#include "reset/events.h"
#include "reset/services.h"
#include "rules/tree.h"
#include "streams.h"
#include "whyrst/whyrst.h"

struct pipeline;

struct whyrst_analyser {
    struct whyrst_options options;
    const struct whyrst_rules *rules;
    whyrst_reset_fn *on_reset;
    void *user;
    struct decode_key key;
    struct table table;
    struct trace_log log;
    struct services services;
    struct events events;
    struct streams streams;
    struct tree tree;                   /* with counts_only */
    struct whyrst_input_counts *inputs; /* by input number */
    unsigned input_count;
    struct whyrst_counts counts;
    bool out_of_memory;         /* something was lost; told by the next call */
    struct whyrst_reset out;    /* the one being handed out */
    struct segment_batch batch; /* with one thread */
    struct pipeline *pipeline;  /* with two, else NULL */
};

#endif
