/* Verdicts out: one file a format behind one small interface. The JSON one is the reference.
 *
 * A report is opened before the first packet, gets each reset as it is decided, and is closed with
 * what is known only at the end. Formats that print the summary first spool the resets, in memory
 * up to a few MiB and then in an unlinked temporary file, so that a million verdicts cost no
 * memory.
 */
#ifndef WHYRST_REPORT_REPORT_H
#define WHYRST_REPORT_REPORT_H

#include "whyrst/whyrst.h"

enum report_format { REPORT_JSON, REPORT_NDJSON, REPORT_TEXT, REPORT_MARKDOWN, REPORT_HTML };

/* Where the bytes go. Returns 0, or -1 with the error set; after a failure nothing more is written.
 */
struct report_sink {
    int (*write)(void *user, const char *bytes, size_t count, struct whyrst_error *error);
    void *user;
};

struct report_options {
    enum report_format format;
    enum whyrst_language language;
    const struct whyrst_rules *rules; /* what the resets come from: must outlive the report; may be
                                         NULL */
    bool summary;                     /* counts only: the document without `resets` */
    bool anonymize;  /* addresses become stable pseudonyms of the same version, ports of services
                        stay */
    bool color;      /* text only */
    bool line_flush; /* live: hand every reset to the sink at once */
    unsigned width;  /* columns of the terminal, 0 = 100; text only */
    bool utf8;       /* text only: may draw with UTF-8 */
};

/* An input as the report shows it: what the capture layer and the analyser know. */
struct report_input {
    const char *name;
    const char *kind;   /* "file", "stdin", "interface" */
    const char *format; /* "pcap", "pcapng" */
    const char *sha256; /* 64 hex digits, or NULL */
    const char *link_types[16];
    unsigned link_type_count;
    uint32_t snaplen;
    bool truncated;
    bool dropped_known;
    uint64_t dropped;
    struct whyrst_input_counts counts;
};

struct report_warning {
    const char *code;
    const char *text;
};

/* What is known at the end; everything belongs to the caller. */
struct report_document {
    const struct whyrst_rules *rules;
    const struct report_input *inputs;
    unsigned input_count;
    struct whyrst_counts counts;
    const struct whyrst_service *services;
    unsigned service_count;
    const struct report_warning *warnings;
    unsigned warning_count;
    double seconds; /* wall time the run took, for the text summary; 0 = do not say */
};

struct report;

/* NULL on failure. Free with report_close. */
struct report *report_open(const struct report_options *options, struct report_sink sink,
                           struct whyrst_error *error);
int report_reset(struct report *report, const struct whyrst_reset *reset,
                 struct whyrst_error *error);
/* Writes what is left, then frees the report, also on failure. */
int report_close(struct report *report, const struct report_document *document,
                 struct whyrst_error *error);

/* "json", "ndjson", … -> enum report_format, or -1. */
int report_format_find(const char *name);

#endif
