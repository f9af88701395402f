/* Where a report goes: standard output, or a file that appears only when it is complete. */
#ifndef WHYRST_CLI_DESTINATION_H
#define WHYRST_CLI_DESTINATION_H

#include "report/report.h"

struct progress;

struct destination {
    const char *path;          /* as given; NULL = standard output */
    char *temporary;           /* name it has until it is complete; NULL = written in place */
    int fd;                    /* -1 when closed */
    bool reader_gone;          /* EPIPE: whoever read this has seen enough */
    struct progress *progress; /* cleared before something is printed on a terminal, or NULL */
};

/* Opens path (NULL or "-": standard output). in_place: write to the file itself, for what grows
 * while it is read. -1 on failure. */
int destination_open(struct destination *destination, const char *path, bool in_place,
                     struct whyrst_error *error);
/* As struct report_sink wants it; user is the struct destination. */
int destination_write(void *user, const char *bytes, size_t count, struct whyrst_error *error);
/* The report is complete: a temporary file gets its name. -1 on failure. */
int destination_commit(struct destination *destination, struct whyrst_error *error);
/* Closes; a file that was not committed is removed. */
void destination_close(struct destination *destination);

/* A name beside path for a file that is not complete yet; NULL when path is not a plain file (a
 * device, a pipe, a symbolic link) and has to be written in place, or without memory. free() it. */
char *destination_temporary_name(const char *path);

#endif
