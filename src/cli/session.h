/* One analysis from its inputs to its report, and what has to be said at its end. */
#ifndef WHYRST_CLI_SESSION_H
#define WHYRST_CLI_SESSION_H

#include <signal.h>
#include <stdatomic.h>

#include "capture/capture.h"
#include "cli/destination.h"
#include "cli/extract.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "report/report.h"
#include "whyrst/whyrst.h"

#define SESSION_BATCH 128
/* Live, a verdict is due within a second of its RST: 0.7 s to see what follows it, 0.1 s until
 * capture_read returns, the rest is spare. */
#define SESSION_SETTLE_NSEC 700000000

struct session {
    const struct options *options;
    enum report_format format;
    struct whyrst_rules *rules;

    struct capture **captures; /* owned by set once it is open */
    unsigned capture_count;
    struct capture_set *set;

    struct whyrst_analyser *analyser;
    struct report *report;
    struct destination destination;
    struct progress progress;
    struct extract *extract; /* NULL without -w */

    uint64_t packets; /* fed */
    bool interrupted; /* by a signal, before the end of a file */
    bool read_failed; /* what came before is reported all the same */
    struct whyrst_error read_error;

    /* set by the callback, which may run on another thread; read after whyrst_finish */
    bool matched; /* --fail-on */
    struct whyrst_error report_error;
    atomic_bool report_failed;
};

/* The signal that asked to stop, or 0. */
extern volatile sig_atomic_t session_signal;

/* Opens inputs, rules, report and analyser. session_close afterwards, also on failure. */
int session_open(struct session *session, const struct options *options,
                 struct whyrst_error *error);
void session_close(struct session *session);

/* Feeds packets. -1: stop, *error says why unless the report could not be written. */
int session_feed(struct session *session, const struct whyrst_packet *packets, size_t count,
                 struct whyrst_error *error);
/* True when a signal or a failed report says not to go on. */
bool session_should_stop(const struct session *session);
/* How many packets may still be read, at most SESSION_BATCH. */
size_t session_wanted(const struct session *session);

/* Reads to the end. Errors of reading are kept in the session, the others come back as -1. */
int run_files(struct session *session, struct whyrst_error *error);
int run_live(struct session *session, struct whyrst_error *error);

/* Closes the report with the document of what was found (document.c). */
int document_write(struct session *session, struct whyrst_error *error);

#endif
