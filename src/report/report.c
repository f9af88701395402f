#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/advice.h"

#define SPOOL_LIMIT  (8u * 1024 * 1024)
#define STREAM_LIMIT (128u * 1024)

static const struct {
    const char *name;
    const struct render *render;
} formats[] = {
    [REPORT_JSON] = {"json", &render_json}, [REPORT_NDJSON] = {"ndjson", &render_ndjson},
    [REPORT_TEXT] = {"text", &render_text}, [REPORT_MARKDOWN] = {"markdown", &render_markdown},
    [REPORT_HTML] = {"html", &render_html},
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

int report_format_find(const char *name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (strcmp(formats[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void report_free(struct report *report)
{
    spool_clear(&report->spool);
    output_clear(&report->out);
    anonymizer_free(report->anonymizer);
    advice_clear(report->advices);
    known_clear(&report->known);
    free(report);
}

struct report *report_open(const struct report_options *options, struct report_sink sink,
                           struct whyrst_error *error)
{
    struct report *report = calloc(1, sizeof(*report));
    if (!report)
        goto failed;
    report->options = *options;
    report->sink = sink;
    spool_init(&report->spool);
    report->render = formats[(size_t)options->format < FORMAT_COUNT ? options->format : 0].render;
    report->out_limit = report->render->streams ? STREAM_LIMIT : SPOOL_LIMIT;
    if (output_init(&report->out) != 0)
        goto failed;
    if (options->anonymize && !(report->anonymizer = anonymizer_new()))
        goto failed;
    return report;
failed:
    if (report)
        report_free(report);
    if (error)
        snprintf(error->text, sizeof(error->text), "report: out of memory");
    return NULL;
}

/* Remembers the first failure and repeats it. */
static int report_fail(struct report *report, const struct whyrst_error *cause,
                       struct whyrst_error *error)
{
    if (!report->failed) {
        report->failed = true;
        report->error = *cause;
    }
    if (error)
        *error = report->error;
    return -1;
}

static int report_fail_memory(struct report *report, struct whyrst_error *error)
{
    static const struct whyrst_error no_memory = {"report: out of memory"};
    return report_fail(report, &no_memory, error);
}

static bool out_of_memory(const struct report *report, const struct output *output)
{
    return output->failed || (report->anonymizer && anonymizer_failed(report->anonymizer));
}

static bool report_streams(const struct report *report)
{
    /* live, a terminal wants each reset at once and the summary behind them */
    return report->render->streams ||
           (report->options.format == REPORT_TEXT && report->options.line_flush);
}

/* Moves what is rendered to where it waits or leaves. */
static int report_flush(struct report *report, struct whyrst_error *error)
{
    struct whyrst_error cause = {""};
    struct output *out = &report->out;
    int result = report_streams(report)
                     ? report->sink.write(report->sink.user, out->bytes, out->count, &cause)
                     : spool_append(&report->spool, out->bytes, out->count, &cause);
    out->count = 0;
    return result == 0 ? 0 : report_fail(report, &cause, error);
}

static void shown_init(struct report *report, const struct whyrst_reset *reset,
                       struct shown_reset *shown)
{
    shown->reset = reset;
    shown->client = report_address(report, &reset->client);
    shown->server = report_address(report, &reset->server);
    const struct rule_values values = {
        .end = {[WHYRST_CLIENT] = &shown->client, [WHYRST_SERVER] = &shown->server},
        .resetter = reset->sent_by,
        .language = report->options.language};
    text_words_set(&shown->words, &values);
}

int report_reset(struct report *report, const struct whyrst_reset *reset,
                 struct whyrst_error *error)
{
    if (report->failed)
        return report_fail(report, NULL, error);
    if (report->options.summary)
        return 0;
    struct shown_reset shown;
    shown_init(report, reset, &shown);
    report->render->reset(report, &shown, &report->out);
    report->reset_count++;
    if (out_of_memory(report, &report->out))
        return report_fail_memory(report, error);
    bool at_once = report->options.line_flush && report_streams(report);
    return at_once || report->out.count >= report->out_limit ? report_flush(report, error) : 0;
}

/* Head, spooled resets, resets still in memory, tail. */
static int report_finish(struct report *report, const struct report_document *document,
                         struct whyrst_error *error)
{
    struct whyrst_error cause = {""};
    struct report_sink *sink = &report->sink;
    struct output frame;
    int result = -1;
    if (output_init(&frame) != 0)
        return report_fail_memory(report, error);
    if (report->render->head)
        report->render->head(report, document, &frame);
    size_t head_count = frame.count;
    if (report->render->tail)
        report->render->tail(report, document, &frame);
    if (out_of_memory(report, &frame)) {
        report_fail_memory(report, error);
        goto out;
    }
    size_t first = report_streams(report) ? 0 : head_count; /* a streamed report ends with it */
    if ((first && sink->write(sink->user, frame.bytes, first, &cause) != 0) ||
        spool_copy(&report->spool, sink, &cause) != 0 ||
        (report->out.count &&
         sink->write(sink->user, report->out.bytes, report->out.count, &cause) != 0) ||
        (frame.count > first &&
         sink->write(sink->user, frame.bytes + first, frame.count - first, &cause) != 0)) {
        report_fail(report, &cause, error);
        goto out;
    }
    result = 0;
out:
    output_clear(&frame);
    return result;
}

int report_close(struct report *report, const struct report_document *document,
                 struct whyrst_error *error)
{
    int result =
        report->failed ? report_fail(report, NULL, error) : report_finish(report, document, error);
    report_free(report);
    return result;
}

const char *report_text(struct report *report, const char *text)
{
    if (!text)
        return "";
    return report->anonymizer ? anonymizer_text(report->anonymizer, text) : text;
}

struct whyrst_address report_address(struct report *report, const struct whyrst_address *address)
{
    return report->anonymizer ? anonymizer_address(report->anonymizer, address) : *address;
}
