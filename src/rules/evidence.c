#include "rules/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rules/append.h"
#include "rules/verdict.h"

uint64_t evidence_frame(const struct reset *reset, uint32_t low)
{
    return segment_frame_no(&reset->rst) - (uint32_t)(reset->rst.frame - low);
}

static uint64_t evidence_later_frame(const struct reset *reset, uint32_t low)
{
    return segment_frame_no(&reset->rst) + (uint32_t)(low - reset->rst.frame);
}

static void add_frame(struct whyrst_evidence *evidence, uint64_t frame)
{
    if (evidence->frame_count < WHYRST_MAX_FRAMES)
        evidence->frames[evidence->frame_count++] = frame;
}

void evidence_start(struct evidence_writer *writer, struct whyrst_reset *out,
                    const struct reset *reset, const struct facts *facts)
{
    const struct reset_detail *detail = reset->detail;
    memset(writer, 0, sizeof(*writer));
    writer->out = out;
    writer->reset = reset;
    writer->facts = facts;
    for (unsigned n = 0; n < detail->note_count; n++) {
        const struct trace_record *note = &detail->notes[n];
        uint32_t flags = note->payload_flags;
        writer->near |= (uint32_t)(note->input_side >> 1 == (reset->rst.input & 0x7f)) << n;
        writer->resetter |= (uint32_t)((note->input_side & 1) == reset->side) << n;
        writer->payload |= (uint32_t)(flags >> 12 > 0) << n;
        writer->fin |= (uint32_t) !!(flags & TCP_FIN) << n;
        writer->syn |= (uint32_t) !!(flags & TCP_SYN) << n;
        writer->ack |= (uint32_t) !!(flags & TCP_ACK) << n;
    }
}

_Static_assert(RESET_NOTES <= 32, "a bit for every note");

static void add_note(struct evidence_writer *writer, struct whyrst_evidence *evidence, unsigned n)
{
    add_frame(evidence, evidence_frame(writer->reset, writer->reset->detail->notes[n].frame));
}

/* The newest notes of a set, at most `most`, oldest first. */
static void add_notes(struct evidence_writer *writer, struct whyrst_evidence *evidence,
                      uint32_t notes, unsigned most)
{
    uint32_t left = notes &= writer->near;
    for (; left != 0 && most > 0; most--)
        left &= ~(UINT32_C(1) << (31 - __builtin_clz(left)));
    for (notes &= ~left; notes != 0; notes &= notes - 1)
        add_note(writer, evidence, (unsigned)__builtin_ctz(notes));
}

static void add_handshake(struct evidence_writer *writer, struct whyrst_evidence *evidence)
{
    uint32_t notes = writer->near & (writer->syn | writer->ack);
    for (; notes != 0 && evidence->frame_count < 3; notes &= notes - 1) {
        uint32_t lowest = notes & (0 - notes);
        if ((lowest & writer->syn) || evidence->frame_count == 2) /* the third may be an ACK */
            add_note(writer, evidence, (unsigned)__builtin_ctz(lowest));
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

static void add_anchor(struct evidence_writer *writer, struct whyrst_evidence *evidence,
                       enum anchor anchor)
{
    uint32_t resetter = writer->resetter, peer = ~resetter;
    switch (anchor) {
    case ANCHOR_NONE:
        break;
    case ANCHOR_HANDSHAKE:
        add_handshake(writer, evidence);
        break;
    case ANCHOR_RESETTER_LAST:
        add_notes(writer, evidence, resetter, 3);
        break;
    case ANCHOR_RESETTER_DATA:
        add_notes(writer, evidence, resetter & writer->payload, 1);
        break;
    case ANCHOR_RESETTER_FIN:
        add_notes(writer, evidence, resetter & writer->fin, 1);
        break;
    case ANCHOR_TRIGGER:
    case ANCHOR_PEER_LAST:
        add_notes(writer, evidence, peer, 1);
        break;
    case ANCHOR_PEER_DATA:
        add_notes(writer, evidence, peer & writer->payload, 2);
        break;
    case ANCHOR_PEER_FIN:
        add_notes(writer, evidence, peer & writer->fin, 1);
        break;
    case ANCHOR_SEQUEL:
        add_sequel(evidence, writer->reset);
        break;
    case ANCHOR_RST:
        break;
    }
    if (anchor == ANCHOR_RST || anchor == ANCHOR_TRIGGER)
        add_frame(evidence, segment_frame_no(&writer->reset->rst));
}

/* A number with at most three decimals, none of them a closing zero. */
static void append_fraction(struct append *append, double number)
{
    double size = fabs(number), thousandths = floor(size * 1000 + 0.5);
    double to_tie = fabs(size * 1000 - floor(size * 1000) - 0.5);
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

static void append_number(struct append *append, double number)
{
    double size = fabs(number);
    if (size < 1e15 && (double)(int64_t)number == number) {
        if (number < 0)
            append_bytes(append, "-", 1);
        append_unsigned(append, (uint64_t)size);
        return;
    }
    append_fraction(append, number);
}

/* A text of ours, to be copied in blocks. */
struct phrase {
    uint8_t count;
    char text[143];
};

#define PHRASE(literal)                                                                            \
    {                                                                                              \
        sizeof(literal) - 1, literal                                                               \
    }

/* What stands before a fact's value. */
#define FACT(id, name, type, group, anchor, sentence) [FACT_##id] = PHRASE(sentence ": "),
static const struct phrase intros[FACT_COUNT] = {
#include "reset/facts.def"
};
#undef FACT

/* They can be appended whole, blocks and all. */
#define FACT(id, name, type, group, anchor, sentence)                                              \
    _Static_assert(sizeof(sentence ": ") <= 129, "a phrase of at most 128 characters");
#include "reset/facts.def"
#undef FACT

static const struct phrase shape_texts[] = {
    [SHAPE_REFUSAL] =
        PHRASE("a kernel's refusal: sequence number 0, acknowledges a segment of no connection"),
    [SHAPE_ACTIVE] = PHRASE("an abort: the socket's own sequence and acknowledgment numbers"),
    [SHAPE_REPLY] = PHRASE("an answer: its sequence number is copied from the packet it refuses"),
    [SHAPE_BARE] =
        PHRASE("an abort without ACK: the resetter's own sequence number, nothing to answer"),
    [SHAPE_REWRITTEN] = PHRASE("the offending packet turned round, its payload not counted"),
    [SHAPE_ODD] = PHRASE("numbers that fit nothing captured"),
};

static void append_phrase(struct append *append, const struct phrase *phrase)
{
    append_array(append, phrase->text, phrase->count);
}

/* The reason the RST gives for itself. */
static void reason_text(double reason, struct append *append)
{
    if (reason < 0) {
        append_text(append, "the RST carries no MP_TCPRST option");
        return;
    }
    append_text(append, "the RST carries MP_TCPRST reason ");
    append_unsigned(append, (unsigned)reason);
    append_text(append, ": ");
    append_text(append, declared_mptcp_text((unsigned)reason));
}

/* "sentence: value", a question answered for a bool. */
static void value_text(const struct reset *reset, enum fact_id id, struct whyrst_evidence *evidence)
{
    struct append append = append_start(evidence->text, sizeof(evidence->text));
    if (id == FACT_RST_PAYLOAD_BYTES && reset->detail->payload_bytes > 0) {
        declared_payload_text(reset->detail->payload, reset->detail->payload_bytes, evidence->text,
                              sizeof(evidence->text));
        return;
    }
    if (id == FACT_RST_MPTCP_REASON) {
        reason_text(evidence->number, &append);
    } else {
        append_phrase(&append, &intros[id]);
        if (id == FACT_RST_SHAPE)
            append_phrase(&append, &shape_texts[(int)evidence->number]);
        else if (evidence->kind == WHYRST_VALUE_STRING)
            append_text(&append, evidence->string);
        else if (evidence->kind == WHYRST_VALUE_NUMBER)
            append_number(&append, evidence->number);
        else if (evidence->number != 0)
            append_bytes(&append, "yes", 3);
        else
            append_bytes(&append, "no", 2);
    }
    append_end(&append);
}

void evidence_add(struct evidence_writer *writer, enum fact_id id)
{
    struct whyrst_reset *out = writer->out;
    const struct fact_info *info = &fact_table[id];
    if (!writer->facts->known[id] || writer->added[id] ||
        out->evidence_count == WHYRST_MAX_EVIDENCE)
        return;
    writer->added[id] = true;
    struct whyrst_evidence *evidence = &out->evidence[out->evidence_count++];
    double value = writer->facts->value[id];
    evidence->fact = info->name;
    evidence->number = value;
    evidence->kind = info->type == FACT_BOOL   ? WHYRST_VALUE_BOOL
                     : info->type == FACT_ENUM ? WHYRST_VALUE_STRING
                                               : WHYRST_VALUE_NUMBER;
    evidence->string = info->type == FACT_ENUM ? info->names[(int)value] : NULL;
    evidence->frame_count = 0;
    add_anchor(writer, evidence, info->anchor);
    value_text(writer->reset, id, evidence);
}
