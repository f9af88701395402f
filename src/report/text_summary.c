/* One screen whatever the capture: the longest lists are cut and say so. */
#include "report/text.h"

#include <stdlib.h>

#include "report/wrap.h"

#define MAX_INPUTS   5
#define MAX_SERVICES 10
#define LABEL_COLUMN 12

static void entry(const struct report *report, enum label name, struct output *output)
{
    text_style(report, output, TEXT_BOLD);
    wrap_cell(output, label(report, name), LABEL_COLUMN, false);
    text_style(report, output, TEXT_PLAIN);
}

/* "1,234 packets" */
static void counted(const struct report *report, uint64_t count, enum label what,
                    struct output *output)
{
    text_count(output, count);
    output_literal(output, " ");
    output_string(output, label_counted(report, count, what));
}

static void and_more(const struct report *report, unsigned shown, unsigned all,
                     struct output *output)
{
    if (all <= shown)
        return;
    output_repeat(output, " ", LABEL_COLUMN);
    output_string(output, label(report, LABEL_AND));
    output_literal(output, " ");
    counted(report, all - shown, LABEL_MORE, output);
    output_literal(output, "\n");
}

static void input_line(struct report *report, const struct report_input *input,
                       struct output *output)
{
    output_terminal(output, report_text(report, input->name));
    output_literal(output, " (");
    if (input->format) {
        output_string(output, input->format);
        output_literal(output, ", ");
    }
    counted(report, input->counts.packets, LABEL_PACKETS, output);
    output_literal(output, ", ");
    counted(report, input->counts.tcp_packets, LABEL_TCP_PACKETS, output);
    if (input->counts.duplicates) {
        output_literal(output, ", ");
        counted(report, input->counts.duplicates, LABEL_DUPLICATES, output);
    }
    if (input->dropped_known && input->dropped) {
        output_literal(output, ", ");
        counted(report, input->dropped, LABEL_DROPPED, output);
    }
    output_literal(output, ")");
    if (input->truncated) {
        text_style(report, output, TEXT_YELLOW);
        output_literal(output, " ");
        output_string(output, label(report, LABEL_TRUNCATED));
        text_style(report, output, TEXT_PLAIN);
    }
    output_literal(output, "\n");
    if (input->counts.first_time_nsec == INT64_MIN)
        return;
    char first[FORMAT_TIME_ROOM], last[FORMAT_TIME_ROOM];
    format_time(first, input->counts.first_time_nsec, &report->clock);
    format_time(last, input->counts.last_time_nsec, &report->clock);
    first[10] = last[10] = ' ';
    output_repeat(output, " ", LABEL_COLUMN);
    output_bytes(output, first, 23);
    output_literal(output, " ");
    output_string(output, label(report, LABEL_TO));
    output_literal(output, " ");
    output_bytes(output, last, 23);
    output_literal(output, " UTC\n");
}

static void result_line(struct report *report, const struct report_document *document,
                        struct output *output)
{
    const struct whyrst_counts *counts = &document->counts;
    entry(report, LABEL_RESULT, output);
    counted(report, counts->connections, LABEL_CONNECTIONS, output);
    output_literal(output, ", ");
    text_style(report, output, TEXT_BOLD);
    counted(report, counts->resets, LABEL_RESETS, output);
    text_style(report, output, TEXT_PLAIN);
    output_literal(output, " (");
    counted(report, counts->rst_packets, LABEL_RST_PACKETS, output);
    output_literal(output, ")");
    if (document->seconds > 0) {
        output_literal(output, ", ");
        output_end(output,
                   format_number(output_room(output, FORMAT_NUMBER_ROOM), document->seconds));
        output_literal(output, " ");
        output_string(output, label(report, LABEL_SECONDS));
    }
    output_literal(output, "\n");
    uint64_t undecoded = 0; /* not what was understood and is not TCP */
    for (int reason = WHYRST_NOT_TCP + 1; reason < WHYRST_UNDECODED_COUNT; reason++)
        undecoded += counts->undecoded[reason];
    if (!undecoded)
        return;
    output_repeat(output, " ", LABEL_COLUMN);
    counted(report, undecoded, LABEL_PACKETS, output);
    output_literal(output, " ");
    output_string(output, label(report, LABEL_NOT_DECODED));
    for (int reason = WHYRST_NOT_TCP + 1; reason < WHYRST_UNDECODED_COUNT; reason++) {
        if (!counts->undecoded[reason])
            continue;
        output_literal(output, ", ");
        output_string(output, whyrst_undecoded_name((enum whyrst_undecoded)reason));
        output_literal(output, " ");
        text_count(output, counts->undecoded[reason]);
    }
    output_literal(output, "\n");
}

static void count_cell(struct output *output, uint64_t count, unsigned columns)
{
    char digits[FORMAT_U64_ROOM + 1];
    *format_u64(digits, count) = '\0';
    wrap_cell(output, digits, columns, true);
}

static void table_head(const struct report *report, struct output *output, const enum label *heads,
                       const unsigned *columns, unsigned count)
{
    output_literal(output, "\n");
    text_style(report, output, TEXT_BOLD);
    for (unsigned i = 0; i < count; i++) {
        output_string(output, i ? "  " : "");
        wrap_cell(output, label(report, heads[i]), i + 1 < count ? columns[i] : 0,
                  heads[i] == LABEL_HEAD_RESETS || heads[i] == LABEL_HEAD_ACCEPTED ||
                      heads[i] == LABEL_HEAD_REFUSED);
    }
    text_style(report, output, TEXT_PLAIN);
    output_literal(output, "\n");
}

static void cause_table(struct report *report, const struct report_document *document,
                        struct output *output)
{
    static const enum label heads[] = {LABEL_HEAD_RESETS, LABEL_HEAD_CAUSE, LABEL_HEAD_SCENARIO,
                                       LABEL_HEAD_MEANING};
    static const unsigned columns[] = {8, 22, 8, 0};
    enum whyrst_cause sorted[WHYRST_CAUSE_COUNT];
    unsigned count = label_causes_sorted(document->counts.by_cause, sorted);
    table_head(report, output, heads, columns, 4);
    for (unsigned i = 0; i < count; i++) {
        const char *title = label_cause_title(report, document->rules, sorted[i]);
        count_cell(output, document->counts.by_cause[sorted[i]], columns[0]);
        output_literal(output, "  ");
        wrap_cell(output, whyrst_cause_name(sorted[i]), columns[1], false);
        output_literal(output, "  ");
        wrap_cell(output, label_cause_scenario(sorted[i]), columns[2], false);
        output_literal(output, "  ");
        wrap_text(output, title, 44, 44, text_width(report));
    }
}

static void service_row(const struct whyrst_service *service, const char *name,
                        const unsigned *columns, struct output *output)
{
    enum whyrst_cause sorted[WHYRST_CAUSE_COUNT];
    unsigned count = label_causes_sorted(service->by_cause, sorted);
    count_cell(output, service->resets, columns[0]);
    output_literal(output, "  ");
    wrap_cell(output, name, columns[1], false);
    output_literal(output, "  ");
    count_cell(output, service->accepted, columns[2]);
    output_literal(output, "  ");
    count_cell(output, service->refused, columns[3]);
    output_literal(output, "  ");
    for (unsigned i = 0; i < count && i < 3; i++) {
        output_string(output, i ? ", " : "");
        output_string(output, whyrst_cause_name(sorted[i]));
        if (count > 1) {
            output_literal(output, " ");
            text_count(output, service->by_cause[sorted[i]]);
        }
    }
    if (count > 3)
        output_literal(output, ", ...");
    output_literal(output, "\n");
}

static void service_table(struct report *report, const struct report_document *document,
                          struct output *output)
{
    static const enum label heads[] = {LABEL_HEAD_RESETS, LABEL_HEAD_SERVICE, LABEL_HEAD_ACCEPTED,
                                       LABEL_HEAD_REFUSED, LABEL_HEAD_CAUSES};
    unsigned columns[] = {8, 7, 8, 8, 0};
    char names[MAX_SERVICES][FORMAT_ENDPOINT_ROOM + 1];
    unsigned shown =
        document->service_count < MAX_SERVICES ? document->service_count : MAX_SERVICES;
    for (unsigned i = 0; i < shown; i++) {
        struct whyrst_address address = report_address(report, &document->services[i].address);
        *format_endpoint(names[i], &address) = '\0';
        if (strlen(names[i]) > columns[1])
            columns[1] = (unsigned)strlen(names[i]);
    }
    if (shown)
        table_head(report, output, heads, columns, 5);
    for (unsigned i = 0; i < shown; i++)
        service_row(&document->services[i], names[i], columns, output);
    and_more(report, shown, document->service_count, output);
}

void text_summary(struct report *report, const struct report_document *document,
                  struct output *output)
{
    for (unsigned i = 0; i < document->input_count && i < MAX_INPUTS; i++) {
        entry(report, LABEL_INPUT, output);
        input_line(report, &document->inputs[i], output);
    }
    and_more(report, MAX_INPUTS, document->input_count, output);
    result_line(report, document, output);
    for (unsigned i = 0; i < document->warning_count; i++) {
        text_style(report, output, TEXT_YELLOW);
        entry(report, LABEL_WARNING, output);
        wrap_text(output, report_text(report, document->warnings[i].text), LABEL_COLUMN,
                  LABEL_COLUMN, text_width(report));
    }
    if (document->counts.resets) {
        cause_table(report, document, output);
        service_table(report, document, output);
        output_literal(output, "\n");
        return;
    }
    output_literal(output, "\n");
    output_string(output, label(report, LABEL_NO_RESETS));
    output_literal(output, "\n");
}
