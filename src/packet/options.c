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

static void options_mptcp(struct segment *segment, const uint8_t *option, uint32_t length)
{
    segment->options |= OPTION_MPTCP;
    if (length == 4 && option[2] >> 4 == MPTCP_TCPRST) {
        segment->marks |= MARK_MPTCP_RST;
        segment->mptcp_flags = option[2] & 0x0f;
        segment->mptcp_reason = option[3];
    }
}

/* The kinds of nearly all options: the lengths they may have, as bits, and their flags. */
#define USUAL_KINDS 16
static const struct {
    uint64_t lengths;
    unsigned flag;
} options_usual[USUAL_KINDS] = {
    [KIND_NOP] = {1 << 1, 0},
    [KIND_MSS] = {1 << 4, OPTION_MSS},
    [KIND_WSCALE] = {1 << 3, OPTION_WSCALE},
    [KIND_SACK_PERMITTED] = {1 << 2, OPTION_SACK_PERMITTED},
    [KIND_SACK] = {1 << 10 | 1 << 18 | 1 << 26 | UINT64_C(1) << 34, OPTION_SACK},
    [KIND_TIMESTAMPS] = {1 << 10, OPTION_TIMESTAMPS},
};

/* Any other option, or one of those with a length it cannot have. */
static __attribute__((noinline)) void options_other(struct segment *segment, const uint8_t *option,
                                                    uint32_t length)
{
    if (option[0] == KIND_MD5 || option[0] == KIND_AO)
        segment->options |= OPTION_SIGNATURE;
    else if (option[0] == KIND_MPTCP && length > 2)
        options_mptcp(segment, option, length);
    else
        segment->options |= OPTION_OTHER;
}

/* Which option is next is as good as random from packet to packet, so the usual ones are taken
 * without a branch for their kind. */
void options_decode(struct segment *segment, const uint8_t *options, uint32_t size, bool cut)
{
    uint32_t values[USUAL_KINDS], at = 0, length;
    unsigned seen = 0;
    values[KIND_MSS] = values[KIND_WSCALE] = values[KIND_TIMESTAMPS] = 0;
    if (cut)
        segment->marks |= MARK_OPTIONS_CUT;
    for (; at < size && options[at] != KIND_END; at += length) {
        unsigned kind = options[at], usual = kind % USUAL_KINDS;
        uint32_t left = size - at, one = kind == KIND_NOP;
        length = one | (options[at + (left > 1)] & (one - 1));
        if (length > left || length + one < 2) {
            /* an option that ends behind a cut is unseen, not wrong */
            if (!cut || (left >= 2 && length < 2))
                seen |= OPTION_OTHER;
            break;
        }
        if ((kind != usual) | !(options_usual[usual].lengths >> length & 1)) {
            options_other(segment, options + at, length);
            continue;
        }
        /* its last four bytes, behind the header's first twenty; of ten bytes the first value */
        values[usual] = load_be32(options + at + (length < 6 ? length : 6) - 4);
        seen |= options_usual[usual].flag;
    }
    segment->options |= (uint8_t)seen;
    segment->mss = (uint16_t)values[KIND_MSS];
    segment->wscale = (uint8_t)values[KIND_WSCALE];
    segment->tsval = values[KIND_TIMESTAMPS];
}
