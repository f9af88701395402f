/* The line on standard error that says how far a long analysis is; on terminals only. */
#ifndef WHYRST_CLI_PROGRESS_H
#define WHYRST_CLI_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool enabled;
    atomic_bool shown;  /* the report may be printed by another thread */
    int64_t start_nsec; /* monotonic */
    int64_t last_nsec;  /* when the line was last drawn */
};

/* Nothing is ever drawn when wanted is false or standard error is no terminal. */
void progress_init(struct progress *progress, bool wanted);
/* True when the line is due: after a second, then ten times a second. */
bool progress_is_due(struct progress *progress);
/* Draws it. total_bytes 0: unknown. */
void progress_draw(struct progress *progress, uint64_t packets, uint64_t read_bytes,
                   uint64_t total_bytes);
/* Wipes it out, if it is there. */
void progress_clear(struct progress *progress);

double progress_seconds(const struct progress *progress);
/* CLOCK_MONOTONIC in nanoseconds. */
int64_t progress_now(void);

/* The line's text, for tests: "  42 %  12.3 M packets/s  0:07 left". */
void progress_text(char *buf, unsigned long size, uint64_t packets, uint64_t read_bytes,
                   uint64_t total_bytes, double seconds);

#endif
