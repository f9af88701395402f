#include "report/html.h"

/* No script, nothing fetched: the policy keeps it so even if something should slip through. */
static const char page_start[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
    "style-src 'unsafe-inline'\">\n"
    "<style>\n"
    ":root{--text:#1b1f24;--page:#fff;--soft:#57606a;--line:#d0d7de;--panel:#f6f8fa;"
    "--bad:#b3261e;--good:#1a7f37}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--page:#0d1117;--soft:#9aa4af;"
    "--line:#30363d;--panel:#161b22;--bad:#ff8a80;--good:#56d364}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:70rem;padding:1rem;color:var(--text);"
    "background:var(--page);font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.5rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;"
    "margin:1rem 0 .25rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}"
    "caption{text-align:left;font-weight:600}\n"
    "th,td{padding:.15rem .6rem;border-bottom:1px solid var(--line);text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}.n{text-align:right;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "details{border:1px solid var(--line);border-radius:.4rem;margin:.6rem 0;"
    "background:var(--panel)}summary{cursor:pointer;padding:.6rem}"
    "details>div{padding:0 .8rem .8rem}\n"
    "summary b{color:var(--bad)}summary.benign b{color:var(--good)}.soft{color:var(--soft)}\n"
    "code,pre,.ladder{font-family:ui-monospace,monospace;font-size:.9rem}"
    "pre{overflow-x:auto;margin:.25rem 0}.ladder th,.ladder td{white-space:nowrap}\n"
    "tr.rst td{color:var(--bad);font-weight:600}ul{margin:.25rem 0;padding-left:1.3rem}\n"
    "a:focus-visible,summary:focus-visible{outline:2px solid var(--bad)}\n"
    "@media print{details>div{display:block}}\n"
    "</style>\n";

void html_element(struct output *output, const char *tag, const char *text)
{
    output_literal(output, "<");
    output_string(output, tag);
    output_literal(output, ">");
    output_html(output, text);
    output_literal(output, "</");
    output_bytes(output, tag, strcspn(tag, " "));
    output_literal(output, ">");
}

void html_count(struct output *output, const char *tag, uint64_t count)
{
    char digits[FORMAT_U64_ROOM + 1];
    *format_u64(digits, count) = '\0';
    html_element(output, tag, digits);
}

static void table_start(const struct report *report, enum label caption, const enum label *heads,
                        unsigned count, struct output *output)
{
    output_literal(output, "<div class=scroll><table>");
    html_element(output, "caption", label(report, caption));
    output_literal(output, "<thead><tr>");
    for (unsigned i = 0; i < count; i++)
        html_element(output, "th scope=col", label(report, heads[i]));
    output_literal(output, "</tr></thead><tbody>\n");
}

static void table_end(struct output *output)
{
    output_literal(output, "</tbody></table></div>\n");
}

static void time_cell(struct report *report, int64_t time_nsec, struct output *output)
{
    char time[FORMAT_TIME_ROOM + 1] = "";
    if (time_nsec != INT64_MIN)
        *format_time(time, time_nsec, &report->clock) = '\0';
    html_element(output, "td", time);
}

static void input_table(struct report *report, const struct report_document *document,
                        struct output *output)
{
    static const enum label heads[] = {LABEL_FILE_NAME,   LABEL_FORMAT, LABEL_PACKETS,
                                       LABEL_TCP_PACKETS, LABEL_TIME,   LABEL_TO};
    table_start(report, LABEL_INPUT, heads, 6, output);
    for (unsigned i = 0; i < document->input_count; i++) {
        const struct report_input *input = &document->inputs[i];
        output_literal(output, "<tr><td>");
        output_html(output, report_text(report, input->name));
        if (input->truncated) {
            output_literal(output, " (");
            output_html(output, label(report, LABEL_TRUNCATED));
            output_literal(output, ")");
        }
        output_literal(output, "</td>");
        html_element(output, "td", input->format ? input->format : "");
        html_count(output, "td class=n", input->counts.packets);
        html_count(output, "td class=n", input->counts.tcp_packets);
        time_cell(report, input->counts.first_time_nsec, output);
        time_cell(report, input->counts.last_time_nsec, output);
        output_literal(output, "</tr>\n");
    }
    table_end(output);
}

static void cause_table(const struct report *report, const struct report_document *document,
                        struct output *output)
{
    static const enum label heads[] = {LABEL_HEAD_CAUSE, LABEL_HEAD_SCENARIO, LABEL_HEAD_RESETS,
                                       LABEL_HEAD_MEANING};
    enum whyrst_cause sorted[WHYRST_CAUSE_COUNT];
    unsigned count = label_causes_sorted(document->counts.by_cause, sorted);
    table_start(report, LABEL_HEAD_CAUSES, heads, 4, output);
    for (unsigned i = 0; i < count; i++) {
        output_literal(output, "<tr>");
        html_element(output, "th scope=row", whyrst_cause_name(sorted[i]));
        html_element(output, "td", label_cause_scenario(sorted[i]));
        html_count(output, "td class=n", document->counts.by_cause[sorted[i]]);
        html_element(output, "td", label_cause_title(report, document->rules, sorted[i]));
        output_literal(output, "</tr>\n");
    }
    table_end(output);
}

static void service_table(struct report *report, const struct report_document *document,
                          struct output *output)
{
    static const enum label heads[] = {LABEL_HEAD_SERVICE, LABEL_HEAD_RESETS, LABEL_HEAD_ACCEPTED,
                                       LABEL_HEAD_REFUSED, LABEL_HEAD_CAUSES};
    table_start(report, LABEL_HEAD_SERVICE, heads, 5, output);
    for (unsigned i = 0; i < document->service_count; i++) {
        const struct whyrst_service *service = &document->services[i];
        struct whyrst_address address = report_address(report, &service->address);
        enum whyrst_cause sorted[WHYRST_CAUSE_COUNT];
        unsigned count = label_causes_sorted(service->by_cause, sorted);
        char name[FORMAT_ENDPOINT_ROOM + 1];
        *format_endpoint(name, &address) = '\0';
        output_literal(output, "<tr>");
        html_element(output, "th scope=row", name);
        html_count(output, "td class=n", service->resets);
        html_count(output, "td class=n", service->accepted);
        html_count(output, "td class=n", service->refused);
        output_literal(output, "<td>");
        for (unsigned j = 0; j < count; j++) {
            output_string(output, j ? ", " : "");
            output_html(output, whyrst_cause_name(sorted[j]));
            output_literal(output, " ");
            output_u64(output, service->by_cause[sorted[j]]);
        }
        output_literal(output, "</td></tr>\n");
    }
    table_end(output);
}

static void counted(const struct report *report, uint64_t count, enum label what,
                    struct output *output)
{
    output_u64(output, count);
    output_literal(output, " ");
    output_html(output, label_counted(report, count, what));
}

static void html_head(struct report *report, const struct report_document *document,
                      struct output *output)
{
    const struct whyrst_counts *counts = &document->counts;
    output_literal(output, "<!doctype html>\n<html lang=\"");
    output_string(output, report->options.language == WHYRST_ZH ? "zh" : "en");
    output_literal(output, "\">\n<head>\n");
    output_string(output, page_start);
    html_element(output, "title", label(report, LABEL_REPORT_TITLE));
    output_literal(output, "\n</head>\n<body>\n<header>");
    html_element(output, "h1", label(report, LABEL_REPORT_TITLE));
    output_literal(output, "<p>");
    counted(report, counts->connections, LABEL_CONNECTIONS, output);
    output_literal(output, ", <strong>");
    counted(report, counts->resets, LABEL_RESETS, output);
    output_literal(output, "</strong> (");
    counted(report, counts->rst_packets, LABEL_RST_PACKETS, output);
    output_literal(output, ")</p></header>\n<main>\n");
    for (unsigned i = 0; i < document->warning_count; i++)
        html_element(output, "p role=note", report_text(report, document->warnings[i].text));
    if (document->input_count)
        input_table(report, document, output);
    if (!counts->resets) {
        html_element(output, "p", label(report, LABEL_NO_RESETS));
        return;
    }
    cause_table(report, document, output);
    if (document->service_count)
        service_table(report, document, output);
    if (!report->options.summary)
        html_element(output, "h2", label(report, LABEL_HEAD_RESETS));
    output_literal(output, "\n");
}

static void html_tail(struct report *report, const struct report_document *document,
                      struct output *output)
{
    (void)document;
    (void)report;
    output_literal(output, "</main>\n<footer class=soft>whyrst ");
    output_html(output, whyrst_version());
    output_literal(output, "</footer>\n</body>\n</html>\n");
}

const struct render render_html = {
    .head = html_head,
    .reset = html_reset,
    .tail = html_tail,
};
