#include "report/text.h"

#include "report/ladder.h"
#include "report/wrap.h"

#define INDENT 4

void text_style(const struct report *report, struct output *output, enum text_style style)
{
    static const char *const codes[] = {"\x1b[0m",  "\x1b[1m",  "\x1b[2m",
                                        "\x1b[31m", "\x1b[32m", "\x1b[33m"};
    if (report->options.color)
        output_string(output, codes[style]);
}

unsigned text_width(const struct report *report)
{
    unsigned width = report->options.width ? report->options.width : 100;
    return width < 40 ? 40 : width;
}

void text_count(struct output *output, uint64_t value)
{
    char digits[FORMAT_U64_ROOM], *end = format_u64(digits, value);
    for (char *at = digits; at < end; at++) {
        if (at > digits && (end - at) % 3 == 0)
            output_literal(output, ",");
        output_bytes(output, at, 1);
    }
}

static void indent(struct output *output, unsigned columns)
{
    output_repeat(output, " ", columns);
}

static void paragraph(struct report *report, const char *text, struct output *output)
{
    indent(output, INDENT);
    wrap_text(output, report_text(report, text), INDENT, INDENT, text_width(report));
}

static void section(const struct report *report, enum label title, struct output *output)
{
    output_literal(output, "\n");
    indent(output, INDENT);
    text_style(report, output, TEXT_BOLD);
    output_string(output, label(report, title));
    text_style(report, output, TEXT_PLAIN);
    output_literal(output, "\n");
}

static void bullet(const struct report *report, const char *text, struct output *output)
{
    indent(output, INDENT);
    output_string(output, report->options.utf8 ? "• " : "- ");
    wrap_text(output, text, INDENT + 2, INDENT + 2, text_width(report));
}

/* Ends a line put together from parts; it is escaped when it goes out. */
static const char *line_end(struct output *line)
{
    output_bytes(line, "", 1);
    return line->failed ? "" : line->bytes;
}

/* "2014-07-16 15:45:34.494439 UTC" */
static void text_time(struct report *report, int64_t time_nsec, struct output *output)
{
    char time[FORMAT_TIME_ROOM];
    format_time(time, time_nsec, &report->clock);
    time[10] = ' ';
    output_bytes(output, time, 26);
    output_literal(output, " UTC");
}

static void headline(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    text_style(report, output, TEXT_DIM);
    output_repeat(output, report->options.utf8 ? "─" : "-", text_width(report));
    text_style(report, output, TEXT_PLAIN);
    output_literal(output, "\n");
    text_style(report, output, TEXT_BOLD);
    output_literal(output, "#");
    output_u64(output, reset->id);
    text_style(report, output, TEXT_PLAIN);
    output_literal(output, "  ");
    output_string(output, label(report, LABEL_CLIENT));
    output_literal(output, " ");
    output_string(output, shown->words.ends[WHYRST_CLIENT]);
    output_string(output, report->options.utf8 ? " → " : " -> ");
    output_string(output, label(report, LABEL_SERVER));
    output_literal(output, " ");
    output_string(output, shown->words.ends[WHYRST_SERVER]);
    output_literal(output, "\n");
    indent(output, INDENT);
    text_style(report, output, TEXT_DIM);
    output_string(output, label(report, LABEL_FRAME));
    output_literal(output, " ");
    output_u64(output, reset->frame);
    if (reset->input) {
        output_literal(output, " ");
        output_string(output, label(report, LABEL_IN_INPUT));
        output_literal(output, " ");
        output_u64(output, reset->input);
    }
    output_literal(output, "  tcp.stream ");
    output_u64(output, reset->stream);
    output_literal(output, "  ");
    text_time(report, reset->time_nsec, output);
    text_style(report, output, TEXT_PLAIN);
    output_literal(output, "\n");
}

/* Who and why, then how sure. */
static void verdict(struct report *report, const struct whyrst_reset *reset, struct output *output)
{
    const struct whyrst_verdict *verdict = &reset->verdict;
    const char *dot = report->options.utf8 ? " · " : " | ";
    const char *who = label(report, label_culprit(reset)), *colon = label(report, LABEL_COLON);
    unsigned column = INDENT + wrap_columns(who) + wrap_columns(colon);
    indent(output, INDENT);
    text_style(report, output, reset->benign ? TEXT_GREEN : TEXT_RED);
    text_style(report, output, TEXT_BOLD);
    output_string(output, who);
    output_string(output, colon);
    wrap_text(output, verdict->title ? verdict->title : whyrst_cause_name(verdict->cause), column,
              INDENT, text_width(report));
    text_style(report, output, TEXT_PLAIN);
    indent(output, INDENT);
    output_string(output, whyrst_cause_name(verdict->cause));
    if (verdict->scenario) {
        output_string(output, dot);
        output_string(output, label(report, LABEL_SCENARIO));
        output_literal(output, " ");
        output_terminal(output, verdict->scenario);
    }
    output_string(output, dot);
    output_string(output, label(report, label_certainty(verdict->certainty)));
    output_literal(output, ", ");
    output_u64(output, label_percent(verdict->confidence));
    output_literal(output, " %");
    if (reset->benign) {
        output_string(output, dot);
        output_string(output, label(report, LABEL_HARMLESS));
    }
    if (reset->roles_inferred) {
        output_string(output, dot);
        output_string(output, label(report, LABEL_ROLES_INFERRED));
    }
    output_literal(output, "\n");
    if (verdict->explanation[0]) {
        output_literal(output, "\n");
        paragraph(report, verdict->explanation, output);
    }
    if (reset->impact[0])
        paragraph(report, reset->impact, output);
}

/* " (frames 4, 5)" */
static void frames_append(const struct report *report, const uint64_t *frames, unsigned count,
                          bool more, struct output *output)
{
    if (!count)
        return;
    output_literal(output, " (");
    output_string(output, label(report, count == 1 ? LABEL_FRAME : LABEL_FRAMES));
    for (unsigned i = 0; i < count; i++) {
        output_string(output, i ? ", " : " ");
        output_u64(output, frames[i]);
    }
    output_string(output, more ? ", ...)" : ")");
}

static void ladder(struct report *report, const struct whyrst_reset *reset, struct output *line,
                   struct output *output)
{
    if (reset->sequence_count) {
        const struct ladder_style style = {.indent = INDENT,
                                           .width = text_width(report),
                                           .utf8 = report->options.utf8,
                                           .color = report->options.color};
        output_literal(output, "\n");
        ladder_render(report, reset, &style, output);
    }
    if (!reset->followup_count)
        return;
    line->count = 0;
    output_literal(line, "+");
    output_u64(line, reset->followup_count);
    output_literal(line, " ");
    output_string(line, label(report, LABEL_FOLLOWUPS));
    frames_append(report, reset->followup_frames, reset->followup_frame_count,
                  reset->followup_count > reset->followup_frame_count, line);
    indent(output, INDENT);
    wrap_text(output, line_end(line), INDENT, INDENT, text_width(report));
}

static void evidence(struct report *report, const struct whyrst_reset *reset, struct output *line,
                     struct output *output)
{
    if (reset->evidence_count)
        section(report, LABEL_EVIDENCE, output);
    for (unsigned i = 0; i < reset->evidence_count; i++) {
        const struct whyrst_evidence *item = &reset->evidence[i];
        line->count = 0;
        output_string(line, report_text(report, item->text));
        frames_append(report, item->frames, item->frame_count, false, line);
        bullet(report, line_end(line), output);
    }
    if (reset->alternative_count)
        section(report, LABEL_NOT_EXCLUDED, output);
    for (unsigned i = 0; i < reset->alternative_count; i++) {
        const struct whyrst_alternative *alternative = &reset->alternatives[i];
        line->count = 0;
        output_string(line, whyrst_cause_name(alternative->cause));
        output_literal(line, ", ");
        output_u64(line, label_percent(alternative->confidence));
        output_literal(line, " %");
        if (alternative->why) {
            output_string(line, label(report, LABEL_COLON));
            output_string(line, alternative->why);
        }
        bullet(report, line_end(line), output);
    }
    if (reset->caveat_count)
        section(report, LABEL_CAVEATS, output);
    for (unsigned i = 0; i < reset->caveat_count; i++)
        bullet(report, report_text(report, reset->caveats[i].text), output);
}

static void said(struct report *report, const struct whyrst_reset *reset, struct output *line,
                 struct output *output)
{
    const struct whyrst_kernel *kernel = &reset->kernel;
    char payload[WHYRST_MAX_RST_PAYLOAD + 1];
    if (kernel->known) {
        section(report, LABEL_KERNEL, output);
        line->count = 0;
        output_string(line, kernel->reason);
        output_literal(line, "  ");
        output_string(line, kernel->state);
        output_literal(line, "  ");
        output_string(line, kernel->comm);
        if (kernel->pid >= 0) {
            output_literal(line, "  pid ");
            output_u64(line, (uint64_t)kernel->pid);
        }
        bullet(report, line_end(line), output);
    }
    if (reset->rst_payload_bytes) {
        section(report, LABEL_PAYLOAD, output);
        report_payload_text(reset, payload);
        bullet(report, report_text(report, payload), output);
    }
}

static void advice(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    char filled[1024];
    if (reset->confirm && reset->confirm[0])
        section(report, LABEL_CONFIRM, output);
    for (unsigned i = 0; reset->confirm && reset->confirm[i]; i++) {
        indent(output, INDENT); /* not wrapped: to be copied into a shell */
        output_literal(output, "$ ");
        output_terminal(output, report_fill(shown, reset->confirm[i], filled, sizeof(filled)));
        output_literal(output, "\n");
    }
    if (reset->remedy && reset->remedy[0])
        section(report, LABEL_REMEDY, output);
    for (unsigned i = 0; reset->remedy && reset->remedy[i]; i++)
        bullet(report, report_fill(shown, reset->remedy[i], filled, sizeof(filled)), output);
    output_literal(output, "\n");
    indent(output, INDENT);
    text_style(report, output, TEXT_DIM);
    output_string(output, label(report, LABEL_WIRESHARK));
    output_literal(output, "  tcp.stream == ");
    output_u64(output, reset->stream);
    text_style(report, output, TEXT_PLAIN);
    output_literal(output, "\n");
}

static void text_reset(struct report *report, const struct shown_reset *shown,
                       struct output *output)
{
    struct output line;
    if (output_init(&line) != 0) {
        output->failed = true;
        return;
    }
    headline(report, shown, output);
    verdict(report, shown->reset, output);
    ladder(report, shown->reset, &line, output);
    evidence(report, shown->reset, &line, output);
    said(report, shown->reset, &line, output);
    advice(report, shown, output);
    output->failed |= line.failed;
    output_clear(&line);
}

const struct render render_text = {
    .head = text_summary,
    .reset = text_reset,
};
