#include "report/html.h"

#include "packet/segment.h"
#include "report/ladder.h"

/* What is seen while the details are closed: who, why, how sure, between whom. */
static void headline(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    const struct whyrst_verdict *verdict = &reset->verdict;
    output_string(output, reset->benign ? "<summary class=benign>#" : "<summary>#");
    output_u64(output, reset->id);
    output_literal(output, " <b>");
    output_html(output, label(report, label_culprit(reset)));
    output_html(output, label(report, LABEL_COLON));
    output_html(output, verdict->title ? verdict->title : whyrst_cause_name(verdict->cause));
    output_literal(output, "</b><br><span class=soft>");
    output_html(output, whyrst_cause_name(verdict->cause));
    if (verdict->scenario) {
        output_literal(output, " · ");
        output_html(output, label(report, LABEL_SCENARIO));
        output_literal(output, " ");
        output_html(output, verdict->scenario);
    }
    output_literal(output, " · ");
    output_html(output, label(report, label_certainty(verdict->certainty)));
    output_literal(output, ", ");
    output_u64(output, label_percent(verdict->confidence));
    output_literal(output, " %");
    if (reset->benign) {
        output_literal(output, " · ");
        output_html(output, label(report, LABEL_HARMLESS));
    }
    output_literal(output, " · ");
    output_html(output, label(report, LABEL_CLIENT));
    output_literal(output, " ");
    output_html(output, shown->words.ends[WHYRST_CLIENT]);
    output_literal(output, " → ");
    output_html(output, label(report, LABEL_SERVER));
    output_literal(output, " ");
    output_html(output, shown->words.ends[WHYRST_SERVER]);
    output_literal(output, "</span></summary>\n");
}

static void place(struct report *report, const struct whyrst_reset *reset, struct output *output)
{
    char time[FORMAT_TIME_ROOM + 1];
    *format_time(time, reset->time_nsec, &report->clock) = '\0';
    output_literal(output, "<p class=soft>");
    output_html(output, label(report, LABEL_FRAME));
    output_literal(output, " ");
    output_u64(output, reset->frame);
    if (reset->input) {
        output_literal(output, " ");
        output_html(output, label(report, LABEL_IN_INPUT));
        output_literal(output, " ");
        output_u64(output, reset->input);
    }
    output_literal(output, " · ");
    html_element(output, "time", time);
    output_literal(output, " · <code>tcp.stream == ");
    output_u64(output, reset->stream);
    output_literal(output, "</code></p>\n");
}

static void ladder_row(struct report *report, const struct whyrst_reset *reset,
                       const struct whyrst_packet_note *packet, struct output *output)
{
    char time[FORMAT_SECONDS_ROOM + 1], flags[FORMAT_FLAGS_ROOM + 1];
    bool server = packet->from == WHYRST_SERVER;
    *format_seconds_usec(time, packet->offset_nsec) = '\0';
    *format_flags(flags, packet->flags) = '\0';
    output_string(output, packet->flags & TCP_RST ? "<tr class=rst>" : "<tr>");
    html_count(output, "td class=n", packet->frame);
    html_element(output, "td class=n", time);
    output_literal(output, "<td>");
    output_html(output, label(report, server ? LABEL_SERVER : LABEL_CLIENT));
    output_literal(output, " → ");
    output_html(output, label(report, server ? LABEL_CLIENT : LABEL_SERVER));
    output_literal(output, "</td>");
    html_element(output, "td", flags);
    html_count(output, "td class=n", packet->seq);
    html_count(output, "td class=n", packet->ack);
    html_count(output, "td class=n", packet->len);
    html_count(output, "td class=n", packet->window);
    html_count(output, "td class=n", packet->ttl);
    output_literal(output, "<td>");
    if (ladder_is_rst(reset, packet))
        output_html(output, label(report, LABEL_THIS_RST));
    if (packet->input != reset->input) {
        output_html(output, label(report, LABEL_IN_INPUT));
        output_literal(output, " ");
        output_u64(output, packet->input);
    }
    output_literal(output, "</td></tr>\n");
}

static void ladder(struct report *report, const struct whyrst_reset *reset, struct output *output)
{
    output_literal(output, "<div class=scroll><table class=ladder>");
    html_element(output, "caption", label(report, LABEL_PACKETS_TITLE));
    output_literal(output, "<thead><tr>");
    html_element(output, "th scope=col", label(report, LABEL_FRAME));
    html_element(output, "th scope=col", label(report, LABEL_TIME));
    html_element(output, "th scope=col", label(report, LABEL_DIRECTION));
    html_element(output, "th scope=col", label(report, LABEL_FLAGS));
    output_literal(output, "<th scope=col>Seq</th><th scope=col>Ack</th><th scope=col>Len</th>"
                           "<th scope=col>Win</th><th scope=col>TTL</th><td></td></tr></thead>"
                           "<tbody>\n");
    for (unsigned i = 0; i < reset->sequence_count; i++) {
        if (i && i == reset->sequence_gap_after) {
            output_literal(output, "<tr>");
            html_element(output, "td colspan=10 class=soft", label(report, LABEL_LEFT_OUT));
            output_literal(output, "</tr>\n");
        }
        ladder_row(report, reset, &reset->sequence[i], output);
    }
    output_literal(output, "</tbody></table></div>\n");
}

static void frames(const struct report *report, const uint64_t *numbers, unsigned count,
                   struct output *output)
{
    for (unsigned i = 0; i < count; i++) {
        if (!i) {
            output_literal(output, " <span class=soft>(");
            output_html(output, label(report, count == 1 ? LABEL_FRAME : LABEL_FRAMES));
        }
        output_string(output, i ? ", " : " ");
        output_u64(output, numbers[i]);
    }
    output_string(output, count ? ")</span>" : "");
}

static void list_start(const struct report *report, enum label title, struct output *output)
{
    html_element(output, "h3", label(report, title));
    output_literal(output, "<ul>\n");
}

static void evidence(struct report *report, const struct whyrst_reset *reset, struct output *output)
{
    list_start(report, LABEL_EVIDENCE, output);
    for (unsigned i = 0; i < reset->evidence_count; i++) {
        output_literal(output, "<li>");
        output_html(output, report_text(report, reset->evidence[i].text));
        frames(report, reset->evidence[i].frames, reset->evidence[i].frame_count, output);
        output_literal(output, "</li>\n");
    }
    output_literal(output, "</ul>\n");
}

static void alternatives(const struct report *report, const struct whyrst_reset *reset,
                         struct output *output)
{
    list_start(report, LABEL_NOT_EXCLUDED, output);
    for (unsigned i = 0; i < reset->alternative_count; i++) {
        const struct whyrst_alternative *alternative = &reset->alternatives[i];
        output_literal(output, "<li>");
        output_html(output, whyrst_cause_name(alternative->cause));
        output_literal(output, ", ");
        output_u64(output, label_percent(alternative->confidence));
        output_literal(output, " %");
        if (alternative->why) {
            output_html(output, label(report, LABEL_COLON));
            output_html(output, alternative->why);
        }
        output_literal(output, "</li>\n");
    }
    output_literal(output, "</ul>\n");
}

static void caveats(struct report *report, const struct whyrst_reset *reset, struct output *output)
{
    list_start(report, LABEL_CAVEATS, output);
    for (unsigned i = 0; i < reset->caveat_count; i++) {
        html_element(output, "li", report_text(report, reset->caveats[i].text));
        output_literal(output, "\n");
    }
    output_literal(output, "</ul>\n");
}

static void said(struct report *report, const struct whyrst_reset *reset, struct output *output)
{
    char payload[WHYRST_MAX_RST_PAYLOAD + 1];
    if (reset->kernel.known) {
        html_element(output, "h3", label(report, LABEL_KERNEL));
        output_literal(output, "<p>");
        html_element(output, "code", reset->kernel.reason);
        output_literal(output, " ");
        output_html(output, reset->kernel.comm);
        output_literal(output, "</p>\n");
    }
    if (reset->rst_payload_bytes) {
        html_element(output, "h3", label(report, LABEL_PAYLOAD));
        report_payload_text(reset, payload);
        html_element(output, "pre", report_text(report, payload));
    }
}

static void advice(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    char filled[1024];
    if (reset->confirm && reset->confirm[0]) {
        html_element(output, "h3", label(report, LABEL_CONFIRM));
        for (unsigned i = 0; reset->confirm[i]; i++)
            html_element(output, "pre",
                         report_fill(shown, reset->confirm[i], filled, sizeof(filled)));
        output_literal(output, "\n");
    }
    if (reset->remedy && reset->remedy[0]) {
        list_start(report, LABEL_REMEDY, output);
        for (unsigned i = 0; reset->remedy[i]; i++)
            html_element(output, "li",
                         report_fill(shown, reset->remedy[i], filled, sizeof(filled)));
        output_literal(output, "</ul>\n");
    }
}

void html_reset(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    output_string(output, reset->id == 1 ? "<details open>" : "<details>");
    headline(report, shown, output);
    output_literal(output, "<div>");
    place(report, reset, output);
    if (reset->verdict.explanation[0])
        html_element(output, "p", report_text(report, reset->verdict.explanation));
    if (reset->impact[0])
        html_element(output, "p", report_text(report, reset->impact));
    if (reset->sequence_count)
        ladder(report, reset, output);
    if (reset->followup_count) {
        output_literal(output, "<p>+");
        output_u64(output, reset->followup_count);
        output_literal(output, " ");
        output_html(output, label(report, LABEL_FOLLOWUPS));
        frames(report, reset->followup_frames, reset->followup_frame_count, output);
        output_literal(output, "</p>\n");
    }
    if (reset->evidence_count)
        evidence(report, reset, output);
    if (reset->alternative_count)
        alternatives(report, reset, output);
    if (reset->caveat_count)
        caveats(report, reset, output);
    said(report, reset, output);
    advice(report, shown, output);
    output_literal(output, "</div></details>\n");
}
