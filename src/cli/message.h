/* What goes to standard error: errors, warnings, notes. Results never do. */
#ifndef WHYRST_CLI_MESSAGE_H
#define WHYRST_CLI_MESSAGE_H

#include "whyrst/whyrst.h"

enum exit_code {
    EXIT_ANALYSED = 0, /* whatever was found */
    EXIT_MATCHED = 1,  /* --fail-on matched */
    EXIT_FAILED = 2,   /* usage, I/O, format or rules */
};

/* Prints "whyrst: LINE" for every line of the text. */
void message_print(const char *text);
/* The same, formatted. */
void message_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the error; returns EXIT_FAILED. */
int message_error(const struct whyrst_error *error);
/* Sets the error's text, unless it has one already; returns -1. */
int message_set(struct whyrst_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
