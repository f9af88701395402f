/* Scripts through the whole analyser, up to the decided reset events: before any rule. */
#ifndef WHYRST_TESTS_RESET_RUN_H
#define WHYRST_TESTS_RESET_RUN_H

#include "analyser.h"
#include "reset/reset.h"
#include "trace_script.h"

struct decided {
    struct reset reset; /* detail points into this struct, or is NULL */
    struct reset_detail detail;
    struct facts facts;
    struct packet_line line;
};

struct reset_run {
    struct whyrst_analyser *analyser;
    struct decided *decided; /* in the order they were decided */
    unsigned count, capacity;
};

/* options may be NULL. */
void reset_run_init(struct reset_run *run, const struct whyrst_options *options);
void reset_run_feed(struct reset_run *run, const struct script *script);
/* Lets everything be decided. */
void reset_run_finish(struct reset_run *run);
void reset_run_clear(struct reset_run *run);

/* All of it: the events of one script, finished. */
void reset_run_script(struct reset_run *run, const char *text);

/* The value of a fact as text: "unknown", "true", "false", a name, or a number with at most three
 * decimals. */
void reset_run_value(const struct decided *decided, enum fact_id id, char *buf, size_t size);

/* Fails unless every "fact=value" of the list, separated by blanks, holds; "fact=20~" is a time in
 * milliseconds that was kept in ticks. */
void reset_run_expect(const struct decided *decided, const char *expected, const char *name);

#endif
