#include "report/json.h"

#include <string.h>

/* SHA-256 of nothing: the rules of a library user that has none. */
#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void json_number(struct output *output, const char *key, uint64_t value)
{
    output_string(output, key);
    output_u64(output, value);
}

static void json_tool(const struct report_document *document, struct output *output)
{
    const struct whyrst_rules *rules = document->rules;
    output_literal(output, "\"tool\":{\"name\":\"whyrst\",\"version\":");
    json_string(output, whyrst_version());
    json_number(output, ",\"rules\":{\"count\":", rules ? whyrst_rules_count(rules) : 0);
    output_literal(output, ",\"sha256\":");
    json_string(output, rules ? whyrst_rules_sha256(rules) : SHA256_EMPTY);
    output_literal(output, "}}");
}

static void json_time(struct report *report, struct output *output, int64_t time_nsec)
{
    if (time_nsec == INT64_MIN) { /* no packet */
        output_literal(output, "null");
        return;
    }
    char *at = output_room(output, FORMAT_TIME_ROOM + 2);
    *at++ = '"';
    at = format_time(at, time_nsec, &report->clock);
    *at++ = '"';
    output_end(output, at);
}

static void json_input(struct report *report, const struct report_input *input,
                       struct output *output)
{
    output_literal(output, "{\"name\":");
    json_text(report, output, input->name ? input->name : "");
    output_literal(output, ",\"kind\":");
    json_string(output, input->kind);
    output_literal(output, ",\"format\":");
    json_string(output, input->format);
    output_literal(output, ",\"sha256\":");
    json_string(output, input->sha256);
    output_literal(output, ",\"link_types\":[");
    for (unsigned i = 0; i < input->link_type_count; i++) {
        if (i)
            output_literal(output, ",");
        json_string(output, input->link_types[i]);
    }
    json_number(output, "],\"packets\":", input->counts.packets);
    json_number(output, ",\"tcp_packets\":", input->counts.tcp_packets);
    output_literal(output, ",\"first_time\":");
    json_time(report, output, input->counts.first_time_nsec);
    output_literal(output, ",\"last_time\":");
    json_time(report, output, input->counts.last_time_nsec);
    json_number(output, ",\"snaplen\":", input->snaplen);
    output_literal(output, ",\"truncated\":");
    output_string(output, input->truncated ? "true" : "false");
    output_literal(output, ",\"dropped\":");
    if (input->dropped_known)
        output_u64(output, input->dropped);
    else
        output_literal(output, "null");
    json_number(output, ",\"duplicates\":", input->counts.duplicates);
    output_literal(output, "}");
}

/* Names of the reasons that scripts can rely on; whyrst_undecoded_name has words for people. */
static const char *const undecoded_keys[WHYRST_UNDECODED_COUNT] = {
    "not_tcp", "fragment", "cut", "malformed", "unknown_link", "unknown_protocol"};

/* Only what occurred. */
static void json_by_cause(struct output *output, const uint64_t by_cause[WHYRST_CAUSE_COUNT])
{
    bool first = true;
    output_literal(output, "\"by_cause\":{");
    for (int cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        if (!by_cause[cause])
            continue;
        output_string(output, first ? "\"" : ",\"");
        output_string(output, whyrst_cause_name((enum whyrst_cause)cause));
        json_number(output, "\":", by_cause[cause]);
        first = false;
    }
    output_literal(output, "}");
}

static void json_service(struct report *report, const struct whyrst_service *service,
                         struct output *output)
{
    struct whyrst_address shown = report_address(report, &service->address);
    output_literal(output, "{\"service\":\"");
    output_end(output, format_endpoint(output_room(output, FORMAT_ENDPOINT_ROOM), &shown));
    json_number(output, "\",\"resets\":", service->resets);
    output_literal(output, ",");
    json_by_cause(output, service->by_cause);
    json_number(output, ",\"accepted\":", service->accepted);
    json_number(output, ",\"refused\":", service->refused);
    output_literal(output, "}");
}

static void json_summary(struct report *report, const struct report_document *document,
                         const char *newline, struct output *output)
{
    const struct whyrst_counts *counts = &document->counts;
    bool first = true;
    json_number(output, "\"summary\":{\"connections\":", counts->connections);
    json_number(output, ",\"resets\":", counts->resets);
    json_number(output, ",\"rst_packets\":", counts->rst_packets);
    output_literal(output, ",");
    json_by_cause(output, counts->by_cause);
    output_literal(output, ",\"by_service\":[");
    for (unsigned i = 0; i < document->service_count; i++) {
        output_string(output, i ? "," : "");
        output_string(output, newline);
        json_service(report, &document->services[i], output);
    }
    json_number(output, "],\"evicted\":", counts->evicted);
    output_literal(output, ",\"undecoded\":{");
    for (int reason = 0; reason < WHYRST_UNDECODED_COUNT; reason++) {
        if (!counts->undecoded[reason])
            continue;
        output_string(output, first ? "\"" : ",\"");
        output_string(output, undecoded_keys[reason]);
        json_number(output, "\":", counts->undecoded[reason]);
        first = false;
    }
    output_literal(output, "}}");
}

/* `newline` parts the members: "\n" in a document, "" in a line. */
static void json_before(struct report *report, const struct report_document *document,
                        const char *newline, struct output *output)
{
    output_literal(output, "{\"schema_version\":\"" WHYRST_SCHEMA_VERSION "\",");
    output_string(output, newline);
    json_tool(document, output);
    output_literal(output, ",");
    output_string(output, newline);
    output_literal(output, "\"inputs\":[");
    for (unsigned i = 0; i < document->input_count; i++) {
        output_string(output, i ? "," : "");
        output_string(output, newline);
        json_input(report, &document->inputs[i], output);
    }
    output_literal(output, "],");
    output_string(output, newline);
    json_summary(report, document, newline, output);
    output_literal(output, ",");
    output_string(output, newline);
}

static void json_after(struct report *report, const struct report_document *document,
                       const char *newline, struct output *output)
{
    output_literal(output, "\"warnings\":[");
    for (unsigned i = 0; i < document->warning_count; i++) {
        output_string(output, i ? "," : "");
        output_string(output, newline);
        output_literal(output, "{\"code\":");
        json_string(output, document->warnings[i].code);
        output_literal(output, ",\"text\":");
        json_text(report, output, document->warnings[i].text);
        output_literal(output, "}");
    }
    output_literal(output, "]}\n");
}

void json_head(struct report *report, const struct report_document *document, struct output *output)
{
    json_before(report, document, "\n", output);
    if (!report->options.summary)
        output_literal(output, "\"resets\":[");
}

void json_tail(struct report *report, const struct report_document *document, struct output *output)
{
    if (!report->options.summary)
        output_literal(output, "],\n");
    json_after(report, document, "\n", output);
}

void json_summary_line(struct report *report, const struct report_document *document,
                       struct output *output)
{
    if (!report->options.summary)
        return;
    json_before(report, document, "", output);
    json_after(report, document, "", output);
}
