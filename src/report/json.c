/* The reference format. One element of `resets` a line, members in the contract's order, written by
 * hand: a capture of refused connections has a verdict every other packet. */
#include "report/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/advice.h"
#include "report/community.h"
#include "rules/append.h"

#define PUT_NAME(name) (at = json_name(at, name))

static char *json_name(char *at, const struct name *name)
{
    memcpy(at, name->text, sizeof(name->text));
    return at + name->count;
}

static char *json_bool(char *at, bool value)
{
    return value ? format_literal(at, "true") : format_literal(at, "false");
}

void json_string(struct output *output, const char *text)
{
    if (!text) {
        output_literal(output, "null");
        return;
    }
    output_json(output, text);
}

void json_text(struct report *report, struct output *output, const char *text)
{
    json_string(output, text ? report_text(report, text) : NULL);
}

/* A text in an array of struct whyrst_reset. */
#define json_array(report, output, text) json_array_text(report, output, text, sizeof(text))

static void json_array_text(struct report *report, struct output *output, const char *text,
                            size_t size)
{
    if (report->anonymizer)
        json_text(report, output, text);
    else
        output_json_array(output, text, size);
}

/* The same for a text of the reset's rule. */
#define json_rule_text(report, output, text, plain)                                                \
    ((plain) ? json_plain_text(output, text) : json_array(report, output, text))

static void json_plain_text(struct output *output, const char *text)
{
    size_t length = strlen(text);
    char *at = output_room(output, length + 2);
    *at++ = '"';
    at = format_bytes(at, text, length);
    *at++ = '"';
    output_end(output, at);
}

/* A string at the end of the output, which `at` is, and then room for `room` (at most 1024) bytes:
 * most are known. */
static char *json_put(struct report *report, struct output *output, char *at, const char *string,
                      size_t room)
{
    const struct known_string *found = known_find(&report->known, string);
    output_end(output, at);
    if (!found) {
        json_string(output, string);
        return output_room(output, room);
    }
    at = output_room(output, found->count + 15 + room);
    return append_blocks(at, report->known.bytes + found->start, found->count);
}

#define PUT_STRING(string, room) (at = json_put(report, output, at, string, room))

static char *json_word(char *at, const struct text_words *words, unsigned number)
{
    return append_blocks(at, words->word[number].bytes, words->word[number].count);
}

static void json_identity(struct report *report, const struct shown_reset *shown,
                          struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    char *at = output_room(output, 1024);
    PUT("{\"id\":");
    at = format_u64(at, reset->id);
    PUT(",\"input\":");
    at = format_u64(at, reset->input);
    PUT(",\"frame\":");
    at = format_u64(at, reset->frame);
    PUT(",\"time\":\"");
    at = format_time(at, reset->time_nsec, &report->clock);
    PUT("\",\"stream\":");
    at = format_u64(at, reset->stream);
    PUT(",\"community_id\":\"");
    at = community_id(at, &shown->client, &shown->server);
    PUT("\",\"client\":{\"ip\":\"");
    at = json_word(at, &shown->words, TEXT_WORD_CLIENT_IP);
    PUT("\",\"port\":");
    at = json_word(at, &shown->words, TEXT_WORD_CLIENT_PORT);
    PUT("},\"server\":{\"ip\":\"");
    at = json_word(at, &shown->words, TEXT_WORD_SERVER_IP);
    PUT("\",\"port\":");
    at = json_word(at, &shown->words, TEXT_WORD_SERVER_PORT);
    if (reset->roles_inferred)
        PUT("},\"roles\":\"inferred\",\"sent_by\":\"");
    else
        PUT("},\"roles\":\"handshake\",\"sent_by\":\"");
    PUT_NAME(side_named(reset->sent_by));
    PUT("\",\"origin\":\"");
    PUT_NAME(origin_named(reset->origin));
    PUT("\",\"stage\":\"");
    PUT_NAME(stage_named(reset->stage));
    PUT("\"");
    output_end(output, at);
}

/* Of a fact's value and frames. */
#define EVIDENCE_ROOM (64 + FORMAT_NUMBER_ROOM + WHYRST_MAX_FRAMES * (FORMAT_U64_ROOM + 1))

static void json_verdict(struct report *report, const struct whyrst_verdict *verdict, bool plain,
                         struct output *output)
{
    const char *cause = whyrst_cause_name(verdict->cause);
    char *at = output_room(output, 256);
    PUT(",\"verdict\":{\"cause\":");
    PUT_STRING(cause, 64);
    PUT(",\"scenario\":");
    PUT_STRING(verdict->scenario, 64);
    PUT(",\"signature\":");
    PUT_STRING(verdict->signature ? verdict->signature : "none", 256);
    PUT(",\"certainty\":\"");
    PUT_NAME(certainty_named(verdict->certainty));
    PUT("\",\"confidence\":");
    at = format_thousandths(at, format_round_thousandths(verdict->confidence));
    PUT(",\"title\":");
    PUT_STRING(verdict->title ? verdict->title : cause, 64);
    PUT(",\"explanation\":");
    output_end(output, at);
    json_rule_text(report, output, verdict->explanation, plain);
    at = output_room(output, 64);
    PUT(",\"complete\":");
    at = json_bool(at, verdict->complete);
    PUT("}");
    output_end(output, at);
}

static void json_alternatives(struct report *report, const struct whyrst_reset *reset,
                              struct output *output)
{
    char *at = output_room(output, 256);
    PUT(",\"alternatives\":[");
    for (unsigned i = 0; i < reset->alternative_count; i++) {
        const struct whyrst_alternative *alternative = &reset->alternatives[i];
        if (i)
            *at++ = ',';
        PUT("{\"cause\":");
        PUT_STRING(whyrst_cause_name(alternative->cause), 128);
        PUT(",\"confidence\":");
        at = format_thousandths(at, format_floor_thousandths(alternative->confidence));
        PUT(",\"why\":");
        PUT_STRING(alternative->why ? alternative->why : "", 256);
        PUT("}");
    }
    PUT("]");
    output_end(output, at);
}

static char *json_value(struct report *report, const struct whyrst_evidence *evidence, char *at,
                        struct output *output)
{
    if (evidence->kind == WHYRST_VALUE_STRING)
        return PUT_STRING(evidence->string, EVIDENCE_ROOM);
    if (evidence->kind == WHYRST_VALUE_BOOL)
        return json_bool(at, evidence->number != 0);
    if (isfinite(evidence->number))
        return format_number(at, evidence->number);
    return PUT("null"); /* JSON has no NaN or infinity */
}

static void json_caveats(struct report *report, const struct whyrst_reset *reset,
                         struct output *output)
{
    output_literal(output, ",\"caveats\":[");
    for (unsigned i = 0; i < reset->caveat_count; i++) {
        if (i)
            output_literal(output, ",");
        output_literal(output, "{\"code\":");
        json_string(output, reset->caveats[i].code);
        output_literal(output, ",\"text\":");
        json_array(report, output, reset->caveats[i].text);
        output_literal(output, "}");
    }
    output_literal(output, "]");
}

static void json_evidence(struct report *report, const struct whyrst_reset *reset,
                          struct output *output)
{
    output_literal(output, ",\"evidence\":[");
    for (unsigned i = 0; i < reset->evidence_count; i++) {
        const struct whyrst_evidence *evidence = &reset->evidence[i];
        char *at = output_room(output, 64);
        if (i)
            *at++ = ',';
        PUT("{\"fact\":");
        PUT_STRING(evidence->fact, EVIDENCE_ROOM);
        PUT(",\"value\":");
        at = json_value(report, evidence, at, output);
        PUT(",\"frames\":");
        at = json_frames(at, evidence->frames, evidence->frame_count);
        PUT(",\"text\":");
        output_end(output, at);
        json_array(report, output, evidence->text);
        output_literal(output, "}");
    }
    output_literal(output, "]");
}

static char *json_known(char *at, int64_t value)
{
    return value < 0 ? format_literal(at, "null") : format_i64(at, value);
}

static void json_advice(struct report *report, const struct shown_reset *shown, bool plain,
                        struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    char *at = output_room(output, 256);
    PUT(",\"impact\":{\"benign\":");
    at = json_bool(at, reset->benign);
    PUT(",\"bytes_unacknowledged\":");
    at = json_known(at, reset->bytes_unacknowledged);
    PUT(",\"bytes_unanswered\":");
    at = json_known(at, reset->bytes_unanswered);
    PUT(",\"text\":");
    output_end(output, at);
    json_rule_text(report, output, reset->impact, plain);
    output_literal(output, "}");
    advice_json(report, shown, output);
}

static void json_kernel(const struct whyrst_kernel *kernel, struct output *output)
{
    if (!kernel->known) {
        output_literal(output, ",\"kernel\":null");
        return;
    }
    output_literal(output, ",\"kernel\":{\"reason\":");
    json_string(output, kernel->reason);
    output_literal(output, ",\"state\":");
    json_string(output, kernel->state[0] ? kernel->state : NULL);
    char *at = output_room(output, 64);
    PUT(",\"pid\":");
    at = json_known(at, kernel->pid);
    PUT(",\"comm\":");
    output_end(output, at);
    json_string(output, kernel->comm[0] ? kernel->comm : NULL);
    output_literal(output, "}");
}

/* What the contract does not name, where there is something to say. */
static void json_extensions(struct report *report, const struct whyrst_reset *reset,
                            struct output *output)
{
    if (reset->sequence_gap_after) {
        output_literal(output, ",\"sequence_gap_after\":");
        output_u64(output, reset->sequence_gap_after);
    }
    if (!reset->rst_payload_bytes)
        return;
    char text[WHYRST_MAX_RST_PAYLOAD + 1];
    report_payload_text(reset, text);
    output_literal(output, ",\"rst_payload\":{");
    if (!report->anonymizer) { /* no telling what the bytes would give away */
        static const char digits[] = "0123456789abcdef";
        char *at = output_room(output, 2 * WHYRST_MAX_RST_PAYLOAD + 64);
        PUT("\"hex\":\"");
        for (size_t i = 0; i < strlen(text); i++) {
            *at++ = digits[reset->rst_payload[i] >> 4];
            *at++ = digits[reset->rst_payload[i] & 15];
        }
        PUT("\",");
        output_end(output, at);
    }
    output_literal(output, "\"text\":");
    json_text(report, output, text);
    output_literal(output, "}");
}

static void json_reset(struct report *report, const struct shown_reset *shown,
                       struct output *output)
{
    const struct whyrst_reset *reset = shown->reset;
    bool plain = advice_is_plain(report, reset);
    if (!report->known.tried)
        known_init(&report->known, report->options.rules);
    json_identity(report, shown, output);
    json_verdict(report, &reset->verdict, plain, output);
    json_alternatives(report, reset, output);
    json_evidence(report, reset, output);
    json_caveats(report, reset, output);
    json_advice(report, shown, plain, output);
    json_sequence(reset, output);
    json_kernel(&reset->kernel, output);
    json_extensions(report, reset, output);
    output_literal(output, "}");
}

static void json_element(struct report *report, const struct shown_reset *shown,
                         struct output *output)
{
    output_string(output, report->reset_count ? ",\n" : "\n");
    json_reset(report, shown, output);
}

static void json_line(struct report *report, const struct shown_reset *shown, struct output *output)
{
    json_reset(report, shown, output);
    output_literal(output, "\n");
}

const struct render render_json = {
    .head = json_head,
    .reset = json_element,
    .tail = json_tail,
};

const struct render render_ndjson = {
    .tail = json_summary_line,
    .reset = json_line,
    .streams = true,
};
