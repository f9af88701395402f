/* For a ticket: a summary, then a section a reset. */
#include "report/labels.h"

#include "report/ladder.h"

/* "| a | b |" */
static void cell(struct output *output, const char *text)
{
    output_literal(output, " ");
    output_markdown(output, text);
    output_literal(output, " |");
}

static void cell_count(struct output *output, uint64_t count)
{
    output_literal(output, " ");
    output_u64(output, count);
    output_literal(output, " |");
}

static void table_head(const struct report *report, const enum label *heads, unsigned count,
                       unsigned numbers, struct output *output)
{
    output_literal(output, "\n|");
    for (unsigned i = 0; i < count; i++)
        cell(output, label(report, heads[i]));
    output_literal(output, "\n|");
    for (unsigned i = 0; i < count; i++)
        output_string(output, numbers >> i & 1 ? " ---: |" : " --- |");
    output_literal(output, "\n");
}

static void input_table(struct report *report, const struct report_document *document,
                        struct output *output)
{
    static const enum label heads[] = {LABEL_INPUT, LABEL_FORMAT, LABEL_PACKETS, LABEL_TCP_PACKETS,
                                       LABEL_TIME};
    table_head(report, heads, 5, 0xc, output);
    for (unsigned i = 0; i < document->input_count; i++) {
        const struct report_input *input = &document->inputs[i];
        char time[FORMAT_TIME_ROOM + 1] = "";
        if (input->counts.first_time_nsec != INT64_MIN)
            *format_time(time, input->counts.first_time_nsec, &report->clock) = '\0';
        output_literal(output, "|");
        cell(output, report_text(report, input->name));
        cell(output, input->format ? input->format : "");
        cell_count(output, input->counts.packets);
        cell_count(output, input->counts.tcp_packets);
        cell(output, time);
        if (input->truncated) { /* still inside the last cell */
            output->count -= output->failed ? 0 : 2;
            output_literal(output, " (");
            output_markdown(output, label(report, LABEL_TRUNCATED));
            output_literal(output, ") |");
        }
        output_literal(output, "\n");
    }
}

static void cause_table(const struct report *report, const struct report_document *document,
                        struct output *output)
{
    static const enum label heads[] = {LABEL_HEAD_CAUSE, LABEL_HEAD_SCENARIO, LABEL_HEAD_RESETS,
                                       LABEL_HEAD_MEANING};
    enum whyrst_cause sorted[WHYRST_CAUSE_COUNT];
    unsigned count = label_causes_sorted(document->counts.by_cause, sorted);
    table_head(report, heads, 4, 4, output);
    for (unsigned i = 0; i < count; i++) {
        output_literal(output, "|");
        cell(output, whyrst_cause_name(sorted[i]));
        cell(output, label_cause_scenario(sorted[i]));
        cell_count(output, document->counts.by_cause[sorted[i]]);
        cell(output, label_cause_title(report, document->rules, sorted[i]));
        output_literal(output, "\n");
    }
}

static void service_table(struct report *report, const struct report_document *document,
                          struct output *output)
{
    static const enum label heads[] = {LABEL_HEAD_SERVICE, LABEL_HEAD_RESETS, LABEL_HEAD_ACCEPTED,
                                       LABEL_HEAD_REFUSED, LABEL_HEAD_CAUSES};
    table_head(report, heads, 5, 0xe, output);
    for (unsigned i = 0; i < document->service_count; i++) {
        const struct whyrst_service *service = &document->services[i];
        struct whyrst_address address = report_address(report, &service->address);
        enum whyrst_cause sorted[WHYRST_CAUSE_COUNT];
        unsigned count = label_causes_sorted(service->by_cause, sorted);
        char name[FORMAT_ENDPOINT_ROOM + 1];
        *format_endpoint(name, &address) = '\0';
        output_literal(output, "|");
        cell(output, name);
        cell_count(output, service->resets);
        cell_count(output, service->accepted);
        cell_count(output, service->refused);
        for (unsigned j = 0; j < count; j++) {
            output_string(output, j ? ", " : " ");
            output_markdown(output, whyrst_cause_name(sorted[j]));
            output_literal(output, " ");
            output_u64(output, service->by_cause[sorted[j]]);
        }
        output_literal(output, " |\n");
    }
}

static void markdown_head(struct report *report, const struct report_document *document,
                          struct output *output)
{
    const struct whyrst_counts *counts = &document->counts;
    output_literal(output, "# ");
    output_markdown(output, label(report, LABEL_REPORT_TITLE));
    output_literal(output, "\n\n");
    output_u64(output, counts->connections);
    output_literal(output, " ");
    output_markdown(output, label_counted(report, counts->connections, LABEL_CONNECTIONS));
    output_literal(output, ", **");
    output_u64(output, counts->resets);
    output_literal(output, " ");
    output_markdown(output, label_counted(report, counts->resets, LABEL_RESETS));
    output_literal(output, "** (");
    output_u64(output, counts->rst_packets);
    output_literal(output, " ");
    output_markdown(output, label_counted(report, counts->rst_packets, LABEL_RST_PACKETS));
    output_literal(output, ")\n");
    if (document->input_count)
        input_table(report, document, output);
    for (unsigned i = 0; i < document->warning_count; i++) {
        output_literal(output, "\n> ");
        output_markdown(output, label(report, LABEL_WARNING));
        output_string(output, label(report, LABEL_COLON));
        output_markdown(output, report_text(report, document->warnings[i].text));
        output_literal(output, "\n");
    }
    if (!counts->resets) {
        output_literal(output, "\n");
        output_markdown(output, label(report, LABEL_NO_RESETS));
        output_literal(output, "\n");
        return;
    }
    cause_table(report, document, output);
    if (document->service_count)
        service_table(report, document, output);
}

static void section(const struct report *report, enum label title, struct output *output)
{
    output_literal(output, "\n**");
    output_markdown(output, label(report, title));
    output_literal(output, "**\n\n");
}

static void frames(const struct report *report, const uint64_t *numbers, unsigned count,
                   struct output *output)
{
    for (unsigned i = 0; i < count; i++) {
        if (!i) {
            output_literal(output, " (");
            output_markdown(output, label(report, count == 1 ? LABEL_FRAME : LABEL_FRAMES));
        }
        output_string(output, i ? ", " : " ");
        output_u64(output, numbers[i]);
    }
    output_string(output, count ? ")" : "");
}

/* The cause, and how sure that is. */
static void headline_verdict(struct report *report, const struct whyrst_reset *reset,
                             struct output *output)
{
    const struct whyrst_verdict *verdict = &reset->verdict;
    output_literal(output, "\n\n**");
    output_markdown(output, whyrst_cause_name(verdict->cause));
    output_literal(output, "**");
    if (verdict->scenario) {
        output_literal(output, ", ");
        output_markdown(output, label(report, LABEL_SCENARIO));
        output_literal(output, " ");
        output_markdown(output, verdict->scenario);
    }
    output_literal(output, ", ");
    output_markdown(output, label(report, label_certainty(verdict->certainty)));
    output_literal(output, ", ");
    output_u64(output, label_percent(verdict->confidence));
    output_literal(output, " %");
    if (reset->benign) {
        output_literal(output, ", ");
        output_markdown(output, label(report, LABEL_HARMLESS));
    }
    output_literal(output, "  \n");
}

static void headline(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    const struct whyrst_verdict *verdict = &reset->verdict;
    char time[FORMAT_TIME_ROOM + 1];
    *format_time(time, reset->time_nsec, &report->clock) = '\0';
    output_literal(output, "\n## \\#");
    output_u64(output, reset->id);
    output_literal(output, " ");
    output_markdown(output, label(report, label_culprit(reset)));
    output_string(output, label(report, LABEL_COLON));
    output_markdown(output, verdict->title ? verdict->title : whyrst_cause_name(verdict->cause));
    headline_verdict(report, reset, output);
    output_markdown(output, label(report, LABEL_CLIENT));
    output_literal(output, " ");
    output_markdown(output, shown->words.ends[WHYRST_CLIENT]);
    output_literal(output, ", ");
    output_markdown(output, label(report, LABEL_SERVER));
    output_literal(output, " ");
    output_markdown(output, shown->words.ends[WHYRST_SERVER]);
    output_literal(output, "  \n");
    output_markdown(output, label(report, LABEL_FRAME));
    output_literal(output, " ");
    output_u64(output, reset->frame);
    if (reset->input) {
        output_literal(output, " ");
        output_markdown(output, label(report, LABEL_IN_INPUT));
        output_literal(output, " ");
        output_u64(output, reset->input);
    }
    output_literal(output, ", ");
    output_string(output, time);
    output_literal(output, ", `tcp.stream == ");
    output_u64(output, reset->stream);
    output_literal(output, "`\n");
}

static void bullets(struct report *report, const struct whyrst_reset *reset, struct output *output)
{
    if (reset->evidence_count)
        section(report, LABEL_EVIDENCE, output);
    for (unsigned i = 0; i < reset->evidence_count; i++) {
        const struct whyrst_evidence *item = &reset->evidence[i];
        output_literal(output, "- ");
        output_markdown(output, report_text(report, item->text));
        frames(report, item->frames, item->frame_count, output);
        output_literal(output, "\n");
    }
    if (reset->alternative_count)
        section(report, LABEL_NOT_EXCLUDED, output);
    for (unsigned i = 0; i < reset->alternative_count; i++) {
        const struct whyrst_alternative *alternative = &reset->alternatives[i];
        output_literal(output, "- ");
        output_markdown(output, whyrst_cause_name(alternative->cause));
        output_literal(output, ", ");
        output_u64(output, label_percent(alternative->confidence));
        output_literal(output, " %");
        if (alternative->why) {
            output_string(output, label(report, LABEL_COLON));
            output_markdown(output, alternative->why);
        }
        output_literal(output, "\n");
    }
    if (reset->caveat_count)
        section(report, LABEL_CAVEATS, output);
    for (unsigned i = 0; i < reset->caveat_count; i++) {
        output_literal(output, "- ");
        output_markdown(output, report_text(report, reset->caveats[i].text));
        output_literal(output, "\n");
    }
}

static void advice(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    char filled[1024], payload[WHYRST_MAX_RST_PAYLOAD + 1];
    if (reset->kernel.known) {
        section(report, LABEL_KERNEL, output);
        output_markdown(output, reset->kernel.reason);
        output_literal(output, " ");
        output_markdown(output, reset->kernel.comm);
        output_literal(output, "\n");
    }
    if (reset->rst_payload_bytes) {
        section(report, LABEL_PAYLOAD, output);
        report_payload_text(reset, payload);
        output_markdown(output, report_text(report, payload));
        output_literal(output, "\n");
    }
    if (reset->confirm && reset->confirm[0])
        section(report, LABEL_CONFIRM, output);
    for (unsigned i = 0; reset->confirm && reset->confirm[i]; i++) {
        output_literal(output, "    "); /* indented code: no fence a command could close */
        output_terminal(output, report_fill(shown, reset->confirm[i], filled, sizeof(filled)));
        output_literal(output, "\n");
    }
    if (reset->remedy && reset->remedy[0])
        section(report, LABEL_REMEDY, output);
    for (unsigned i = 0; reset->remedy && reset->remedy[i]; i++) {
        output_literal(output, "- ");
        output_markdown(output, report_fill(shown, reset->remedy[i], filled, sizeof(filled)));
        output_literal(output, "\n");
    }
}

static void markdown_reset(struct report *report, const struct shown_reset *shown,
                           struct output *output)
{
    static const struct ladder_style style = {.width = 96, .utf8 = true};
    const struct whyrst_reset *reset = shown->reset;
    headline(report, shown, output);
    if (reset->verdict.explanation[0]) {
        output_literal(output, "\n");
        output_markdown(output, report_text(report, reset->verdict.explanation));
        output_literal(output, "\n");
    }
    if (reset->impact[0]) {
        output_literal(output, "\n");
        output_markdown(output, report_text(report, reset->impact));
        output_literal(output, "\n");
    }
    if (reset->sequence_count) {
        output_literal(output, "\n```text\n");
        ladder_render(report, reset, &style, output);
        output_literal(output, "```\n");
    }
    if (reset->followup_count) {
        output_literal(output, "\n\\+");
        output_u64(output, reset->followup_count);
        output_literal(output, " ");
        output_markdown(output, label(report, LABEL_FOLLOWUPS));
        frames(report, reset->followup_frames, reset->followup_frame_count, output);
        output_literal(output, "\n");
    }
    bullets(report, reset, output);
    advice(report, shown, output);
}

const struct render render_markdown = {
    .head = markdown_head,
    .reset = markdown_reset,
};
