/* Private to the report layer: an open report, and what a format must render. */
#ifndef WHYRST_REPORT_RENDER_H
#define WHYRST_REPORT_RENDER_H

#include "report/anonymize.h"
#include "report/known.h"
#include "report/output.h"
#include "report/report.h"
#include "report/spool.h"
#include "rules/text.h"

/* A reset as it may be shown: with --anonymize the ends are pseudonyms. */
struct shown_reset {
    const struct whyrst_reset *reset;
    struct whyrst_address client, server;
    struct text_words words; /* what placeholders stand for; .ends are the ends as text */
};

struct report;

/* Renderers write into `output` and cannot fail; running out of memory is seen there. */
struct render {
    /* What comes before the resets; NULL = nothing. */
    void (*head)(struct report *report, const struct report_document *document,
                 struct output *output);
    void (*reset)(struct report *report, const struct shown_reset *shown, struct output *output);
    /* What comes after them; NULL = nothing. */
    void (*tail)(struct report *report, const struct report_document *document,
                 struct output *output);
    bool streams; /* resets may leave before the head is known */
};

extern const struct render render_json, render_ndjson, render_text, render_markdown, render_html;

/* See advice.h. */
struct advice {
    bool tried;                                 /* to prepare it, which may fail */
    bool plain;                                 /* the rule's texts need no escaping */
    const char *const *confirm, *const *remedy; /* the lines it is made of */
    char *json;
    struct text_part *parts; /* of .json, NULL when there is nothing prepared */
    size_t room;             /* bytes it takes at most */
};

struct report {
    struct report_options options;
    struct report_sink sink;
    const struct render *render;
    struct anonymizer *anonymizer; /* NULL without --anonymize */
    struct output out;             /* resets on their way to the sink or the spool */
    struct spool spool;
    size_t out_limit; /* bytes of .out that make it leave; tests set it */
    uint64_t reset_count;
    struct format_clock clock;
    struct advice advices[WHYRST_CAUSE_COUNT];
    struct known known;
    bool failed;
    struct whyrst_error error; /* the first failure, repeated by every later call */
};

/* The text, with addresses replaced when the report is anonymous; valid until the next call. NULL
 * gives "". */
const char *report_text(struct report *report, const char *text);
/* The address that may be shown. */
struct whyrst_address report_address(struct report *report, const struct whyrst_address *address);
/* A line of .confirm or .remedy with this connection's addresses and ports in it: the line itself,
 * or `buf`. */
const char *report_fill(const struct shown_reset *shown, const char *line, char *buf, size_t size);
/* The RST's payload as text, dots for what does not print; `buf` takes WHYRST_MAX_RST_PAYLOAD + 1.
 */
void report_payload_text(const struct whyrst_reset *reset, char *buf);

/* A name as in the JSON report, in an array to be copied whole. */
struct name {
    uint8_t count;
    char text[15];
};

/* Static, never NULL. */
const struct name *side_named(enum whyrst_side side);
const struct name *origin_named(enum whyrst_origin origin);
const struct name *stage_named(enum whyrst_stage stage);
const struct name *certainty_named(enum whyrst_certainty certainty);

static inline const char *side_name(enum whyrst_side side)
{
    return side_named(side)->text;
}

static inline const char *origin_name(enum whyrst_origin origin)
{
    return origin_named(origin)->text;
}

static inline const char *stage_name(enum whyrst_stage stage)
{
    return stage_named(stage)->text;
}

static inline const char *certainty_name(enum whyrst_certainty certainty)
{
    return certainty_named(certainty)->text;
}

#endif
