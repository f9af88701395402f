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

static void options_mptcp(struct segment *segment, const uint8_t *option, uint8_t length)
{
    segment->options |= OPTION_MPTCP;
    if (length == 4 && option[2] >> 4 == MPTCP_TCPRST) {
        segment->marks |= MARK_MPTCP_RST;
        segment->mptcp_flags = option[2] & 0x0f;
        segment->mptcp_reason = option[3];
    }
}

/* One option that is completely captured; one of a wrong length counts as OPTION_OTHER. */
static void options_one(struct segment *segment, const uint8_t *option, uint8_t length)
{
    switch (option[0]) {
    case KIND_MSS:
        if (length != 4)
            break;
        segment->options |= OPTION_MSS;
        segment->mss = load_be16(option + 2);
        return;
    case KIND_WSCALE:
        if (length != 3)
            break;
        segment->options |= OPTION_WSCALE;
        segment->wscale = option[2];
        return;
    case KIND_SACK_PERMITTED:
        if (length != 2)
            break;
        segment->options |= OPTION_SACK_PERMITTED;
        return;
    case KIND_SACK:
        if (length < 10 || length % 8 != 2)
            break;
        segment->options |= OPTION_SACK;
        return;
    case KIND_TIMESTAMPS:
        if (length != 10)
            break;
        segment->options |= OPTION_TIMESTAMPS;
        segment->tsval = load_be32(option + 2);
        return;
    case KIND_MD5:
    case KIND_AO:
        segment->options |= OPTION_SIGNATURE;
        return;
    case KIND_MPTCP:
        if (length < 3)
            break;
        options_mptcp(segment, option, length);
        return;
    default:
        break;
    }
    segment->options |= OPTION_OTHER;
}

void options_decode(struct segment *segment, const uint8_t *options, uint32_t size, bool cut)
{
    uint32_t at = 0;
    if (cut)
        segment->marks |= MARK_OPTIONS_CUT;
    while (at < size && options[at] != KIND_END) {
        if (options[at] == KIND_NOP) {
            at++;
            continue;
        }
        uint8_t length = size - at >= 2 ? options[at + 1] : 0;
        if (length < 2 || length > size - at) {
            /* an option that ends behind a cut is unseen, not wrong */
            if (!cut || (size - at >= 2 && length < 2))
                segment->options |= OPTION_OTHER;
            return;
        }
        options_one(segment, options + at, length);
        at += length;
    }
}
