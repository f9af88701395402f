/* What is known at the end of an analysis: inputs, counts, services, warnings. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/session.h"

#define WARNING_MAX   64
#define WARNING_BYTES 400

struct document {
    struct report_input *inputs;
    struct capture_info *infos;
    char (*link_names)[CAPTURE_MAX_LINK_TYPES][32];
    struct whyrst_service *services;
    struct report_warning warnings[WARNING_MAX];
    char texts[WARNING_MAX][WARNING_BYTES];
    unsigned warning_count;
};

__attribute__((format(printf, 3, 4))) static void
document_warn(struct document *document, const char *code, const char *format, ...)
{
    if (document->warning_count == WARNING_MAX)
        return;
    char *text = document->texts[document->warning_count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, WARNING_BYTES, format, arguments);
    va_end(arguments);
    document->warnings[document->warning_count++] = (struct report_warning){code, text};
}

static void document_input(struct document *document, const struct session *session, unsigned i)
{
    static const char *const kinds[] = {
        [CAPTURE_FILE] = "file", [CAPTURE_STDIN] = "stdin", [CAPTURE_INTERFACE] = "interface"};
    struct capture_info *info = &document->infos[i];
    struct report_input *input = &document->inputs[i];
    capture_info(session->captures[i], info);
    *input = (struct report_input){
        .name = info->name,
        .kind = kinds[info->kind],
        .format = info->format,
        .sha256 = info->sha256[0] ? info->sha256 : NULL,
        .link_type_count = info->link_type_count,
        .snaplen = info->snaplen,
        .truncated = info->truncated,
        .dropped_known = info->dropped_known,
        .dropped = info->dropped,
    };
    for (unsigned k = 0; k < info->link_type_count; k++)
        input->link_types[k] = capture_link_name(info->link_types[k], document->link_names[i][k]);
    whyrst_input_counts(session->analyser, (uint16_t)i, &input->counts);
    if (info->truncated)
        document_warn(document, "truncated", "%s: %s; analysed as far as it goes", info->name,
                      info->truncated_text);
    if (info->dropped_known && info->dropped)
        document_warn(document, "packets_dropped",
                      "%s: %" PRIu64 " packets were lost while capturing; verdicts near a loss "
                      "may rest on gaps",
                      info->name, info->dropped);
    if (input->counts.packets && !input->counts.tcp_packets)
        document_warn(document, "no_tcp", "%s: none of its %" PRIu64 " packets is TCP", info->name,
                      input->counts.packets);
}

static void document_warn_counts(struct document *document, const struct session *session,
                                 const struct whyrst_counts *counts)
{
    uint64_t unknown_link = counts->undecoded[WHYRST_UNKNOWN_LINK];
    uint64_t cut = counts->undecoded[WHYRST_CUT];
    if (unknown_link)
        document_warn(document, "unknown_link",
                      "%" PRIu64 " packets have a link type that is not understood", unknown_link);
    if (cut)
        document_warn(document, "cut_packets",
                      "%" PRIu64 " packets were captured too short to hold their TCP header; "
                      "capture with a larger snaplen (-s 0)",
                      cut);
    if (counts->evicted)
        document_warn(document, "connections_evicted",
                      "%" PRIu64 " connections were forgotten to stay within the limit; raise "
                      "it with --connections",
                      counts->evicted);
    if (session->interrupted)
        document_warn(document, "interrupted",
                      "interrupted after %" PRIu64 " packets; the report covers those",
                      session->packets);
    if (session->read_failed)
        document_warn(document, "read_error", "%s", session->read_error.text);
}

static int document_gather(struct document *document, const struct session *session,
                           struct whyrst_error *error)
{
    unsigned count = session->capture_count;
    document->inputs = calloc(count, sizeof *document->inputs);
    document->infos = calloc(count, sizeof *document->infos);
    document->link_names = calloc(count, sizeof *document->link_names);
    if (!document->inputs || !document->infos || !document->link_names)
        return message_set(error, "no memory for the report of %u inputs", count);
    for (unsigned i = 0; i < count; i++)
        document_input(document, session, i);
    return 0;
}

/* -v: everything that was not TCP, by reason. */
static void document_print_undecoded(const struct whyrst_counts *counts)
{
    for (int reason = 0; reason < WHYRST_UNDECODED_COUNT; reason++)
        if (counts->undecoded[reason])
            message_printf("%" PRIu64 " packets not analysed: %s", counts->undecoded[reason],
                           whyrst_undecoded_name((enum whyrst_undecoded)reason));
}

/* Live: "123 packets, 4 connections, 2 resets: 1 so-linger-zero, 1 unknown; 0 packets dropped". */
static void document_print_summary(const struct document *document, const struct session *session,
                                   const struct whyrst_counts *counts)
{
    char causes[600] = "";
    size_t used = 0;
    for (int cause = 0; cause < WHYRST_CAUSE_COUNT; cause++)
        if (counts->by_cause[cause] && used < sizeof causes)
            used += (size_t)snprintf(causes + used, sizeof causes - used, "%s%" PRIu64 " %s",
                                     used ? ", " : ": ", counts->by_cause[cause],
                                     whyrst_cause_name((enum whyrst_cause)cause));
    message_printf("%" PRIu64 " packets, %" PRIu64 " connections, %" PRIu64 " resets%s; %" PRIu64
                   " packets dropped",
                   session->packets, counts->connections, counts->resets, causes,
                   document->infos[0].dropped);
}

static void document_print(const struct document *document, const struct session *session,
                           const struct whyrst_counts *counts)
{
    if (session->options->quiet)
        return;
    for (unsigned i = 0; i < document->warning_count; i++)
        if (strcmp(document->warnings[i].code, "read_error")) /* an error says it already */
            message_printf("warning: %s", document->warnings[i].text);
    if (session->options->verbose)
        document_print_undecoded(counts);
    if (options_is_live(session->options))
        document_print_summary(document, session, counts);
}

int document_write(struct session *session, struct whyrst_error *error)
{
    struct document *document = calloc(1, sizeof *document);
    struct report_document content = {.rules = session->rules,
                                      .input_count = session->capture_count};
    int result = -1;
    if (!document) {
        message_set(error, "no memory for the report");
        return -1;
    }
    if (document_gather(document, session, error))
        goto out;
    whyrst_counts(session->analyser, &content.counts);
    document_warn_counts(document, session, &content.counts);
    int service_count = whyrst_services(session->analyser, &document->services, error);
    if (service_count < 0)
        goto out;
    content.inputs = document->inputs;
    content.services = document->services;
    content.service_count = (unsigned)service_count;
    content.warnings = document->warnings;
    content.warning_count = document->warning_count;
    content.seconds = progress_seconds(&session->progress);
    struct report *report = session->report;
    session->report = NULL;
    result = report_close(report, &content, error);
    if (!result)
        document_print(document, session, &content.counts);
out:
    free(document->services);
    free(document->link_names);
    free(document->infos);
    free(document->inputs);
    free(document);
    return result;
}
