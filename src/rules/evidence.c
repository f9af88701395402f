#include "rules/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rules/append.h"
#include "rules/verdict.h"

uint64_t evidence_frame(const struct reset *reset, uint32_t low)
{
    return reset->rst.frame_no - (uint32_t)((uint32_t)reset->rst.frame_no - low);
}

static uint64_t evidence_later_frame(const struct reset *reset, uint32_t low)
{
    return reset->rst.frame_no + (uint32_t)(low - (uint32_t)reset->rst.frame_no);
}

static void add_frame(struct whyrst_evidence *evidence, uint64_t frame)
{
    if (evidence->frame_count < WHYRST_MAX_FRAMES)
        evidence->frames[evidence->frame_count++] = frame;
}

struct note_filter {
    bool resetter;  /* else the peer's */
    unsigned flags; /* one of them must be set, 0 = any */
    bool payload;   /* must carry payload */
    unsigned most;  /* this many, the newest */
};

/* Frame numbers of another input would mean other packets in the RST's. */
static bool note_is_near(const struct trace_record *note, const struct reset *reset)
{
    return note->input_side >> 1 == (reset->rst.input & 0x7f);
}

static bool note_passes(const struct trace_record *note, const struct reset *reset,
                        const struct note_filter *filter)
{
    bool from_resetter = (note->input_side & 1) == reset->side;
    return from_resetter == filter->resetter &&
           (filter->flags == 0 || (note->payload_flags & filter->flags)) &&
           (!filter->payload || note->payload_flags >> 12 > 0) && note_is_near(note, reset);
}

/* The newest notes that pass, oldest first. */
static void add_notes(struct whyrst_evidence *evidence, const struct reset *reset,
                      struct note_filter filter)
{
    const struct reset_detail *detail = reset->detail;
    uint64_t found[WHYRST_MAX_FRAMES];
    unsigned count = 0;
    for (unsigned n = detail->note_count; n-- > 0 && count < filter.most;)
        if (note_passes(&detail->notes[n], reset, &filter))
            found[count++] = evidence_frame(reset, detail->notes[n].frame);
    while (count > 0)
        add_frame(evidence, found[--count]);
}

static void add_handshake(struct whyrst_evidence *evidence, const struct reset *reset)
{
    const struct reset_detail *detail = reset->detail;
    for (unsigned n = 0; n < detail->note_count && evidence->frame_count < 3; n++) {
        const struct trace_record *note = &detail->notes[n];
        if (!note_is_near(note, reset))
            continue;
        bool third = evidence->frame_count == 2 && (note->payload_flags & TCP_ACK);
        if ((note->payload_flags & TCP_SYN) || third)
            add_frame(evidence, evidence_frame(reset, note->frame));
    }
}

static void add_sequel(struct whyrst_evidence *evidence, const struct reset *reset)
{
    const struct sequel *sequel = &reset->sequel;
    if (sequel->continues_frame != 0)
        add_frame(evidence, evidence_later_frame(reset, sequel->continues_frame));
    for (unsigned n = 0; n < sequel->followup_count && n < 3; n++)
        add_frame(evidence, evidence_later_frame(reset, sequel->followups[n]));
}

static void add_anchor(struct whyrst_evidence *evidence, const struct reset *reset,
                       enum anchor anchor)
{
    switch (anchor) {
    case ANCHOR_NONE:
        break;
    case ANCHOR_HANDSHAKE:
        add_handshake(evidence, reset);
        break;
    case ANCHOR_RESETTER_LAST:
        add_notes(evidence, reset, (struct note_filter){.resetter = true, .most = 3});
        break;
    case ANCHOR_RESETTER_DATA:
        add_notes(evidence, reset,
                  (struct note_filter){.resetter = true, .payload = true, .most = 1});
        break;
    case ANCHOR_RESETTER_FIN:
        add_notes(evidence, reset,
                  (struct note_filter){.resetter = true, .flags = TCP_FIN, .most = 1});
        break;
    case ANCHOR_TRIGGER:
    case ANCHOR_PEER_LAST:
        add_notes(evidence, reset, (struct note_filter){.most = 1});
        break;
    case ANCHOR_PEER_DATA:
        add_notes(evidence, reset, (struct note_filter){.payload = true, .most = 2});
        break;
    case ANCHOR_PEER_FIN:
        add_notes(evidence, reset, (struct note_filter){.flags = TCP_FIN, .most = 1});
        break;
    case ANCHOR_SEQUEL:
        add_sequel(evidence, reset);
        break;
    case ANCHOR_RST:
        break;
    }
    if (anchor == ANCHOR_RST || anchor == ANCHOR_TRIGGER)
        add_frame(evidence, reset->rst.frame_no);
}

/* A number with at most three decimals, none of them a closing zero. */
static void append_number(struct append *append, double number)
{
    double size = fabs(number), thousandths = floor(size * 1000 + 0.5);
    double to_tie = fabs(size * 1000 - floor(size * 1000) - 0.5);
    if (number == floor(number) && size < 1e15) {
        append_text(append, number < 0 ? "-" : "");
        append_unsigned(append, (uint64_t)size);
        return;
    }
    char text[340];
    int used = 0;
    if (size < 1e6 && to_tie > 1e-6) { /* else only exact arithmetic rounds rightly */
        uint64_t whole = (uint64_t)thousandths / 1000, rest = (uint64_t)thousandths % 1000;
        append_text(append, number < 0 && thousandths > 0 ? "-" : "");
        append_unsigned(append, whole);
        text[0] = '.';
        text[1] = (char)('0' + rest / 100);
        text[2] = (char)('0' + rest / 10 % 10);
        text[3] = (char)('0' + rest % 10);
        used = 4;
    } else {
        used = snprintf(text, sizeof(text), "%.3f", size < 0.0005 ? 0 : number);
    }
    while (text[used - 1] == '0')
        used--;
    append_bytes(append, text, (size_t)used - (text[used - 1] == '.'));
}

static const char *const shape_texts[] = {
    [SHAPE_REFUSAL] =
        "a kernel's refusal: sequence number 0, acknowledges a segment of no connection",
    [SHAPE_ACTIVE] = "an abort: the socket's own sequence and acknowledgment numbers",
    [SHAPE_REPLY] = "an answer: its sequence number is copied from the packet it refuses",
    [SHAPE_BARE] = "an abort without ACK: the resetter's own sequence number, nothing to answer",
    [SHAPE_REWRITTEN] = "the offending packet turned round, its payload not counted",
    [SHAPE_ODD] = "numbers that fit nothing captured",
};

/* "sentence: value", a question answered for a bool. */
static void value_text(const struct reset *reset, enum fact_id id, struct whyrst_evidence *evidence)
{
    const struct fact_info *info = &fact_table[id];
    struct append append = append_start(evidence->text, sizeof(evidence->text));
    if (id == FACT_RST_PAYLOAD_BYTES && reset->detail->payload_bytes > 0) {
        declared_payload_text(reset->detail->payload, reset->detail->payload_bytes, evidence->text,
                              sizeof(evidence->text));
        return;
    }
    if (id == FACT_RST_MPTCP_REASON && evidence->number < 0) {
        append_text(&append, "the RST carries no MP_TCPRST option");
    } else if (id == FACT_RST_MPTCP_REASON) {
        append_text(&append, "the RST carries MP_TCPRST reason ");
        append_unsigned(&append, (unsigned)evidence->number);
        append_text(&append, ": ");
        append_text(&append, declared_mptcp_text((unsigned)evidence->number));
    } else {
        append_text(&append, info->sentence);
        append_text(&append, ": ");
        if (id == FACT_RST_SHAPE)
            append_text(&append, shape_texts[(int)evidence->number]);
        else if (info->type == FACT_ENUM)
            append_text(&append, evidence->string);
        else if (info->type == FACT_BOOL)
            append_text(&append, evidence->number ? "yes" : "no");
        else
            append_number(&append, evidence->number);
    }
    append_end(&append);
}

void evidence_add(struct whyrst_reset *out, const struct reset *reset, const struct facts *facts,
                  enum fact_id id)
{
    if (!facts->known[id] || out->evidence_count == WHYRST_MAX_EVIDENCE)
        return;
    for (unsigned n = 0; n < out->evidence_count; n++)
        if (out->evidence[n].fact == fact_table[id].name)
            return;
    const struct fact_info *info = &fact_table[id];
    struct whyrst_evidence *evidence = &out->evidence[out->evidence_count++];
    evidence->fact = info->name;
    evidence->number = facts->value[id];
    evidence->kind = info->type == FACT_BOOL   ? WHYRST_VALUE_BOOL
                     : info->type == FACT_ENUM ? WHYRST_VALUE_STRING
                                               : WHYRST_VALUE_NUMBER;
    evidence->string = info->type == FACT_ENUM ? info->names[(int)facts->value[id]] : NULL;
    evidence->frame_count = 0;
    add_anchor(evidence, reset, info->anchor);
    value_text(reset, id, evidence);
}
