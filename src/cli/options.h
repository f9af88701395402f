/* The command line as a plain struct. */
#ifndef WHYRST_CLI_OPTIONS_H
#define WHYRST_CLI_OPTIONS_H

#include "report/report.h"
#include "whyrst/whyrst.h"

enum command {
    COMMAND_ANALYSE,
    COMMAND_LIST_INTERFACES,
    COMMAND_LIST_RULES,
    COMMAND_CHECK_RULES,
    COMMAND_EXPLAIN,
    COMMAND_HELP,
    COMMAND_VERSION,
};

#define OPTIONS_MAX_FILES 4096

/* Strings belong to argv. */
struct options {
    enum command command;

    const char **files; /* in the order given; "-" is standard input */
    unsigned file_count;
    const char *interface; /* NULL: files */
    const char *filter;    /* BPF, or NULL */
    uint64_t packet_limit; /* 0 = none */
    unsigned duration_sec; /* live; 0 = none */
    int snaplen;           /* live; 0 = the default */
    int buffer_kib;        /* live; 0 = the default */
    bool no_promiscuous;
    const char *user; /* -Z, or NULL */

    int format;               /* enum report_format, -1 = by the kind of output */
    const char *output_file;  /* -o; NULL or "-": standard output */
    const char *extract_file; /* -w, or NULL */
    enum whyrst_language language;
    bool summary, anonymize, line_buffered, quiet, verbose;
    uint32_t fail_on; /* bit set of enum whyrst_cause */

    const char *rules; /* --rules, or NULL */
    enum whyrst_cause explain;

    unsigned threads;         /* 0 = choose */
    unsigned trace_mib;       /* 0 = the default */
    uint32_t max_connections; /* 0 = the default */
};

/* Parses argv and checks that the options do not contradict each other. -1 with one line on what is
 * wrong. options_clear afterwards, also on failure. */
int options_parse(struct options *options, int argc, char **argv, struct whyrst_error *error);
void options_clear(struct options *options);

static inline bool options_is_live(const struct options *options)
{
    return options->interface;
}

/* The format to write when standard output (or -o) is a terminal or not. */
enum report_format options_format(const struct options *options, bool is_terminal);

/* How many threads to use on inputs of so many bytes (0 = unknown) with so many processors. */
unsigned options_thread_count(const struct options *options, uint64_t bytes, int processors);

/* All names of causes, comma-separated, for messages. */
void options_cause_names(char *buf, size_t size);

/* Text of -h. */
extern const char options_help[];

#endif
