/* What does not fit in memory before the end of a report is known: an unlinked temporary file. */
#ifndef WHYRST_REPORT_SPOOL_H
#define WHYRST_REPORT_SPOOL_H

#include "report/report.h"

struct spool {
    int fd; /* -1 = nothing written yet */
};

void spool_init(struct spool *spool);
void spool_clear(struct spool *spool);
/* Appends; the file is made in $TMPDIR (or /tmp) by the first call. */
int spool_append(struct spool *spool, const char *bytes, size_t count, struct whyrst_error *error);
/* Hands everything appended to the sink. */
int spool_copy(struct spool *spool, const struct report_sink *sink, struct whyrst_error *error);

#endif
