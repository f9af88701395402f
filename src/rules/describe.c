#include "rules/verdict.h"

#include <string.h>

#include "rules/append.h"
#include "rules/evidence.h"
#include "rules/text.h"

#define PREFETCH_DETAIL 512 /* bytes of the next event's detail: its first eleven notes */

static void fill_address(struct whyrst_address *address, const struct conn *conn, unsigned side)
{
    memcpy(address->ip, conn->address[side], 16);
    address->version = conn->flags & CONN_IPV6 ? 6 : 4;
    address->port = conn->port[side];
}

void verdict_identify(const struct reset *reset, struct whyrst_reset *out)
{
    const struct conn *conn = &reset->conn;
    unsigned client = conn_client_side(conn);
    out->id = reset->id;
    out->input = reset->rst.input;
    out->frame = segment_frame_no(&reset->rst);
    out->time_nsec = reset->rst.time_nsec;
    out->stream = conn->stream;
    fill_address(&out->client, conn, client);
    fill_address(&out->server, conn, !client);
    out->roles_inferred = !(conn->flags & CONN_ROLES_KNOWN);
    out->sent_by = reset->side == client ? WHYRST_CLIENT : WHYRST_SERVER;
}

/* Wireshark's relative numbers: a side's SYN is 0; without it its first packet seen is 1. */
static void fill_note(const struct reset *reset, const struct trace_record *record,
                      struct whyrst_packet_note *note)
{
    const struct conn *conn = &reset->conn;
    unsigned side = record->input_side & 1;
    note->input =
        (uint16_t)(reset->rst.input - ((reset->rst.input - (record->input_side >> 1)) & 0x7f));
    note->frame =
        note->input == reset->rst.input ? evidence_frame(reset, record->frame) : record->frame;
    note->from = side == conn_client_side(conn) ? WHYRST_CLIENT : WHYRST_SERVER;
    note->ttl = record->ttl;
    note->flags = record->payload_flags & 0xfff;
    note->seq = record->seq - conn->end[side].isn;
    note->ack = note->flags & TCP_ACK ? record->ack - conn->end[!side].isn : 0;
    note->len = record->payload_flags >> 12;
    note->window =
        note->flags & TCP_SYN ? record->window : conn_window_bytes(conn, side, record->window);
}

static void fill_sequence(const struct reset *reset, struct whyrst_reset *out)
{
    const struct reset_detail *detail = reset->detail;
    const struct segment *rst = &reset->rst;
    int64_t first_nsec = detail->note_count > 0 ? detail->notes[0].time_nsec : rst->time_nsec;
    for (unsigned n = 0; n < detail->note_count; n++) {
        fill_note(reset, &detail->notes[n], &out->sequence[n]);
        out->sequence[n].offset_nsec = detail->notes[n].time_nsec - first_nsec;
    }
    struct trace_record record = {
        .seq = rst->seq,
        .ack = rst->ack,
        .frame = rst->frame,
        .payload_flags = rst->payload_bytes << 12 | (rst->flags & 0xfff),
        .window = rst->window,
        .ttl = rst->ttl,
        .input_side = (uint8_t)((rst->input & 0x7f) << 1 | reset->side),
    };
    struct whyrst_packet_note *last = &out->sequence[detail->note_count];
    fill_note(reset, &record, last);
    if (!(reset->conn.end[reset->side].flags & ENDPOINT_BASE))
        last->seq = 1; /* its first packet seen, as in Wireshark */
    if (last->ack != 0 && !(reset->conn.end[!reset->side].flags & ENDPOINT_BASE))
        last->ack = 1;
    last->offset_nsec = rst->time_nsec - first_nsec;
    out->sequence_count = detail->note_count + 1u;
    out->sequence_gap_after = detail->note_gap;
}

/* The packet line in the notation of the rules' patterns. */
static void fill_notation(const struct packet_line *line, char *buf, size_t size)
{
    static const char *const names[8] = {"?", "S", "S.", ".", "D", "F.", "R", "R."};
    struct append append = append_start(buf, size);
    int side = -1;
    if (!line->from_start)
        append_text(&append, "...");
    for (unsigned n = 0; n < line->count && append.at + 8 < buf + size; n++) {
        bool run = n + 1 < line->count && line->packets[n + 1] == line->packets[n];
        bool peer = line->packets[n] & PACKET_FROM_PEER;
        if (peer != side) {
            append_text(&append, append.at > buf ? " " : "");
            append_text(&append, peer ? "<" : ">");
        }
        side = peer;
        append_text(&append, " ");
        append_text(&append, names[line->packets[n] & 7]);
        append_text(&append, run ? "+" : "");
        n += run;
    }
    append_end(&append);
}

static void add_caveat(struct whyrst_reset *out, const char *code, const char *text)
{
    if (out->caveat_count == WHYRST_MAX_CAVEATS)
        return;
    struct whyrst_caveat *caveat = &out->caveats[out->caveat_count++];
    caveat->code = code;
    struct append append = append_start(caveat->text, sizeof(caveat->text));
    append_text(&append, text);
    append_end(&append);
}

static void fill_caveats(const struct reset *reset, const struct facts *facts,
                         const struct verdict *verdict, struct whyrst_reset *out)
{
    const struct segment *rst = &reset->rst;
    if (facts->value[FACT_CONN_MIDSTREAM] != 0)
        add_caveat(out, "handshake_not_captured",
                   "the capture joins the connection after its handshake: roles are inferred, the "
                   "window scale is unknown");
    if (facts->value[FACT_CONN_BOTH_WAYS] == 0 && facts->value[FACT_RESETTER_SEEN] == 0 &&
        reset->shape != SHAPE_REFUSAL)
        add_caveat(out, "one_sided", "no other packet with the resetter's address was captured");
    else if (facts->value[FACT_PEER_SEEN] == 0)
        add_caveat(out, "one_sided", "no packet of the resetter's peer was captured");
    if (facts->value[FACT_CONN_LOSS] != 0)
        add_caveat(out, "capture_loss",
                   "the capture lacks packets that were acknowledged on this connection");
    if (reset->detail->truncated)
        add_caveat(out, "history_truncated",
                   "the start of the connection no longer fitted in the trace log");
    if (rst->marks & MARK_OPTIONS_CUT)
        add_caveat(out, "snaplen", "the captured bytes end inside the RST's TCP options");
    if (verdict->signature != NULL && !verdict->complete)
        add_caveat(out, "incomplete_match",
                   "not every fact the signature asks for was captured, so it is less sure");
    if (reset->sequel.copies > 0 && !reset->sequel.surplus)
        add_caveat(out, "duplicates", "packets of this connection were captured more than once");
}

/* What was under way at the RST, whatever the cause. */
static void fill_bytes(const struct facts *facts, struct whyrst_reset *out)
{
    bool resetter = facts->known[FACT_RESETTER_BYTES_UNACKNOWLEDGED];
    bool peer = facts->known[FACT_PEER_BYTES_UNACKNOWLEDGED];
    double open = (resetter ? facts->value[FACT_RESETTER_BYTES_UNACKNOWLEDGED] : 0) +
                  (peer ? facts->value[FACT_PEER_BYTES_UNACKNOWLEDGED] : 0);
    out->bytes_unacknowledged = resetter || peer ? (int64_t)(open > 0 ? open : 0) : -1;
    out->bytes_unanswered = facts->known[FACT_PEER_BYTES_UNANSWERED]
                                ? (int64_t)facts->value[FACT_PEER_BYTES_UNANSWERED]
                                : -1;
}

static void fill_texts(const struct whyrst_rules *rules, enum whyrst_language language,
                       struct whyrst_reset *out)
{
    static const char *const none[] = {NULL};
    const struct rule *rule = ruleset_rule(rules, out->verdict.cause);
    struct text_words words;
    const struct rule_values values = {
        .end = {[WHYRST_CLIENT] = &out->client, [WHYRST_SERVER] = &out->server},
        .resetter = out->sent_by,
        .language = language,
    };
    text_words_set(&words, &values);
    out->confirm = out->remedy = none;
    out->verdict.title = "?";
    out->benign = false;
    out->impact[0] = '\0';
    if (rule == NULL)
        return;
    out->verdict.scenario = rule->scenario;
    out->verdict.title = rule->title.text[language];
    text_fill(rule->explain.parts[language], &words, out->verdict.explanation,
              sizeof(out->verdict.explanation));
    out->confirm = rule->confirm;
    out->remedy = rule->remedy[language];
    out->benign = rule->benign;
    text_fill(rule->impact.parts[language], &words, out->impact, sizeof(out->impact));
}

/* What the signature rests on, then what a reader asks for anyway. */
static void fill_evidence(const struct reset *reset, const struct facts *facts,
                          const struct signature *signature, struct whyrst_reset *out)
{
    static const uint8_t usual[] = {
        FACT_RST_SHAPE,
        FACT_TRIGGER_KIND,
        FACT_RESETTER_FIN_SEEN,
        FACT_PEER_BYTES_UNANSWERED,
        FACT_SEQUEL_RESETTER_CONTINUES,
    };
    struct evidence_writer writer;
    evidence_start(&writer, out, reset, facts);
    for (unsigned n = 0; signature != NULL && n < signature->fact_count; n++)
        evidence_add(&writer, signature->facts[n]);
    for (unsigned n = 0; n < sizeof(usual); n++)
        evidence_add(&writer, usual[n]);
    if (reset->shape == SHAPE_REFUSAL) {
        evidence_add(&writer, FACT_SERVICE_ACCEPTED_BEFORE);
        evidence_add(&writer, FACT_SERVICE_ACCEPTED_AFTER);
        evidence_add(&writer, FACT_SERVICE_ACCEPT_GAP_SEC);
    }
    if (reset->rst.payload_bytes > 0)
        evidence_add(&writer, FACT_RST_PAYLOAD_BYTES);
    if (signature == NULL) /* raw material for a rule of one's own */
        for (unsigned id = 0; id < FACT_COUNT; id++)
            evidence_add(&writer, id);
}

static void fill_followups(const struct reset *reset, struct whyrst_reset *out)
{
    const struct sequel *sequel = &reset->sequel;
    out->followup_count = (uint64_t)sequel->resetter_rsts + sequel->peer_rsts + sequel->copies;
    out->followup_frame_count = sequel->followup_count;
    for (unsigned n = 0; n < sequel->followup_count; n++)
        out->followup_frames[n] =
            segment_frame_no(&reset->rst) + (uint32_t)(sequel->followups[n] - reset->rst.frame);
}

/* Events are described in the order they lie in, and the next one left the cache long ago: it is
 * asked for while this one is put into words. What is read of most, not all of it. */
static void prefetch_next(const struct reset *reset)
{
    const char *next = (const char *)(reset + 1), *notes = (const char *)(reset->detail + 1);
    for (size_t at = 0; at < sizeof(*reset); at += 64)
        __builtin_prefetch(next + at);
    for (size_t at = sizeof(reset->detail->payload); at < PREFETCH_DETAIL; at += 64)
        __builtin_prefetch(notes + at);
}

void verdict_describe(const struct whyrst_rules *rules, const struct reset *reset,
                      const struct facts *facts, const struct packet_line *line,
                      const struct verdict *verdict, enum whyrst_language language,
                      struct whyrst_reset *out)
{
    prefetch_next(reset);
    verdict_identify(reset, out);
    out->origin = verdict->origin;
    out->stage = reset_stage(reset);
    out->verdict.cause = verdict->cause;
    out->verdict.signature = verdict->signature ? verdict->signature->name : "none";
    out->verdict.complete = verdict->complete;
    out->verdict.confidence = verdict->confidence;
    out->verdict.certainty = verdict->confidence >= 0.9   ? WHYRST_CERTAIN
                             : verdict->confidence >= 0.5 ? WHYRST_LIKELY
                                                          : WHYRST_POSSIBLE;
    memcpy(out->alternatives, verdict->alternatives,
           verdict->alternative_count * sizeof(*out->alternatives));
    out->alternative_count = verdict->alternative_count;
    fill_texts(rules, language, out);
    fill_bytes(facts, out);
    fill_evidence(reset, facts, verdict->signature, out);
    fill_caveats(reset, facts, verdict, out);
    fill_sequence(reset, out);
    fill_notation(line, out->notation, sizeof(out->notation));
    fill_followups(reset, out);
    out->rst_payload_bytes = reset->detail->payload_bytes;
    memcpy(out->rst_payload, reset->detail->payload, reset->detail->payload_bytes);
    out->kernel.pid = -1;
}
