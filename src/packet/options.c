#include "packet/decode_internal.h"

/* Kinds of the IANA registry "TCP Option Kind Numbers". */
enum {
    KIND_END,
    KIND_NOP,
    KIND_MSS,
    KIND_WSCALE,
    KIND_SACK_PERMITTED,
    KIND_SACK,
    KIND_TIMESTAMPS = 8,
    KIND_MD5 = 19,
    KIND_AO = 29,
    KIND_MPTCP = 30,
};

#define MPTCP_TCPRST 8 /* subtype MP_TCPRST, RFC 8684, 3.6 */

/* Returns the flag of the option. */
static uint8_t options_mptcp(struct segment *segment, const uint8_t *option, uint32_t length)
{
    if (length == 4 && option[2] >> 4 == MPTCP_TCPRST) {
        segment->marks |= MARK_MPTCP_RST;
        segment->mptcp_flags = option[2] & 0x0f;
        segment->mptcp_reason = option[3];
    }
    return OPTION_MPTCP;
}

/* The kinds of nearly all options, which have a fixed length. */
#define USUAL_KINDS 16
static const struct {
    uint8_t length;      /* 0: not a usual one */
    uint8_t length_mask; /* of the option's own length byte; NOP has none */
    int8_t value;        /* where four bytes that end with the value, or begin with it, stand */
    uint8_t flag;
} options_usual[USUAL_KINDS] = {
    [KIND_NOP] = {1, 0, -3, 0},
    [KIND_MSS] = {4, 0xff, 0, OPTION_MSS},
    [KIND_WSCALE] = {3, 0xff, -1, OPTION_WSCALE},
    [KIND_SACK_PERMITTED] = {2, 0xff, -2, OPTION_SACK_PERMITTED},
    [KIND_TIMESTAMPS] = {10, 0xff, 2, OPTION_TIMESTAMPS},
};

/* Any other option, or one of those with a length it cannot have. */
static uint8_t options_flag(struct segment *segment, const uint8_t *option, uint32_t length)
{
    switch (option[0]) {
    case KIND_SACK:
        return length >= 10 && length % 8 == 2 ? OPTION_SACK : OPTION_OTHER;
    case KIND_MD5:
    case KIND_AO:
        return OPTION_SIGNATURE;
    case KIND_MPTCP:
        if (length > 2)
            return options_mptcp(segment, option, length);
        return OPTION_OTHER;
    default:
        return OPTION_OTHER;
    }
}

/* What is not a usual option, or does not look like one. Returns how long it is, or `left` to end
 * there. */
static __attribute__((noinline)) uint32_t
options_other(struct segment *segment, const uint8_t *option, uint32_t left, bool cut)
{
    uint32_t length = left >= 2 ? option[1] : 0;
    if (length >= 2 && length <= left) {
        segment->options |= options_flag(segment, option, length);
        return length;
    }
    /* an option that ends behind a cut is unseen, not wrong */
    if (!cut || (left >= 2 && length < 2))
        segment->options |= OPTION_OTHER;
    return left;
}

/* Any options, one by one. Which one is next is as good as random from packet to packet, so the
 * usual ones are taken without a branch for their kind. */
static void options_walk(struct segment *segment, const uint8_t *options, uint32_t size, bool cut)
{
    const uint8_t *at = options, *end = options + size;
    uint32_t values[USUAL_KINDS];
    unsigned seen = 0;
    values[KIND_MSS] = values[KIND_WSCALE] = values[KIND_TIMESTAMPS] = 0;
    while (at < end && *at != KIND_END) {
        unsigned kind = *at, usual = kind % USUAL_KINDS, length = options_usual[usual].length;
        unsigned wrong = (at[end - at > 1] ^ length) & options_usual[usual].length_mask;
        if ((kind != usual) | (length - 1 >= (size_t)(end - at)) | wrong) {
            at += options_other(segment, at, (uint32_t)(end - at), cut);
            continue;
        }
        values[usual] = load_be32(at + options_usual[usual].value);
        seen |= options_usual[usual].flag;
        at += length;
    }
    segment->options |= (uint8_t)seen;
    segment->mss = (uint16_t)values[KIND_MSS];
    segment->wscale = (uint8_t)values[KIND_WSCALE];
    segment->tsval = values[KIND_TIMESTAMPS];
}

/* How stacks lay options out, with NOPs, in words of four bytes. */
enum {
    WORD_MSS = 0x0204,       /* upper half; lower half the value */
    WORD_WSCALE = 0x010303,  /* NOP before it; low byte the value */
    WORD_SACK = 0x010105,    /* NOPs before it; low byte its length */
    WORD_TIMES = 0x0101080a, /* NOPs before it; the values are the next two words */
    WORD_PERMITTED_TIMES = 0x0402080a,
    WORD_PERMITTED = 0x01010402, /* NOPs before it */
    WORD_PERMITTED_END = 0x04020000,
    TIMES_BYTES = 8,
};

/* The same as options_walk, a word at a time, for options laid out like that. False, and nothing
 * done, when these are not. */
static bool options_words(struct segment *segment, const uint8_t *options, uint32_t size)
{
    uint32_t mss = 0, wscale = 0, tsval = 0;
    unsigned seen = 0;
    for (uint32_t at = 0; at < size; at += 4) {
        uint32_t word = load_be32(options + at), left = size - at - 4;
        if (word >> 16 == WORD_MSS) {
            mss = word & 0xffff;
            seen |= OPTION_MSS;
        } else if (word >> 8 == WORD_WSCALE) {
            wscale = word & 0xff;
            seen |= OPTION_WSCALE;
        } else if ((word == WORD_PERMITTED_TIMES || word == WORD_TIMES) && left >= TIMES_BYTES) {
            seen |= OPTION_TIMESTAMPS;
            seen |= word == WORD_TIMES ? 0 : OPTION_SACK_PERMITTED;
            tsval = load_be32(options + at + 4);
            at += TIMES_BYTES;
        } else if (word == WORD_PERMITTED) {
            seen |= OPTION_SACK_PERMITTED;
        } else if (word == WORD_PERMITTED_END && left == 0) {
            seen |= OPTION_SACK_PERMITTED;
        } else if (word >> 8 == WORD_SACK && (word & 7) == 2 && (word & 0xff) >= 10 &&
                   left >= (word & 0xff) - 2) {
            seen |= OPTION_SACK;
            at += (word & 0xff) - 2;
        } else {
            return false;
        }
    }
    segment->options |= (uint8_t)seen;
    segment->mss = (uint16_t)mss;
    segment->wscale = (uint8_t)wscale;
    segment->tsval = tsval;
    return true;
}

void options_decode(struct segment *segment, const uint8_t *options, uint32_t size, bool cut)
{
    if (cut)
        segment->marks |= MARK_OPTIONS_CUT;
    else if (options_words(segment, options, size))
        return;
    options_walk(segment, options, size, cut);
}
