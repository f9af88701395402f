#include "packet/decode_internal.h"

/* IEEE 802.11, 9.2.4.1: bits of the two frame control bytes. */
enum {
    CONTROL_TYPE = 0x0f, /* with the version, which is 0 */
    CONTROL_TYPE_DATA = 0x08,
    CONTROL_NO_DATA = 0x40, /* subtype bits of data frames */
    CONTROL_QOS = 0x80,
    CONTROL_TO_DS = 0x01, /* second byte */
    CONTROL_FROM_DS = 0x02,
    CONTROL_MORE_FRAGMENTS = 0x04,
    CONTROL_PROTECTED = 0x40,
    CONTROL_ORDER = 0x80,
};

#define QOS_AMSDU 0x80 /* the body is a list of subframes */

/* aligned: the driver padded the header to four bytes */
static int wireless_frame(struct decode_state *state, struct slice slice, bool aligned)
{
    if (slice.captured < 24)
        return slice_shortage(slice, 24);
    const uint8_t *frame = slice.bytes;
    bool qos = frame[0] & CONTROL_QOS;
    if ((frame[0] & CONTROL_TYPE) != CONTROL_TYPE_DATA || frame[0] & CONTROL_NO_DATA)
        return WHYRST_NOT_TCP;
    if (frame[1] & CONTROL_PROTECTED)
        return WHYRST_UNKNOWN_PROTOCOL;
    if (load_le16(frame + 22) & 0x0f)
        return WHYRST_FRAGMENT;
    if (frame[1] & CONTROL_MORE_FRAGMENTS)
        state->segment->marks |= MARK_FRAGMENT;
    uint32_t size = 24, qos_at;
    if (frame[1] & CONTROL_TO_DS && frame[1] & CONTROL_FROM_DS)
        size += 6;
    qos_at = size;
    if (qos)
        size += frame[1] & CONTROL_ORDER ? 6 : 2;
    if (aligned)
        size = (size + 3u) & ~3u;
    if (slice.captured < size)
        return slice_shortage(slice, size);
    slice = slice_skip(slice, size);
    if (qos && frame[qos_at] & QOS_AMSDU) { /* the first subframe: addresses, length, LLC */
        if (slice.captured < 14)
            return slice_shortage(slice, 14);
        uint16_t length = load_be16(slice.bytes + 12);
        slice = slice_skip(slice, 14);
        if (length < slice.wire)
            slice = slice_limit(slice, length);
    }
    return link_llc(state, slice);
}

int wireless_decode(struct decode_state *state, struct slice slice)
{
    return wireless_frame(state, slice, false);
}

/* Offset of the flags byte in the radiotap header, or 0: fields follow the presence words in the
 * order of their bits, of which the time stamp (8 bytes, aligned) is the only one before. */
static uint32_t wireless_radiotap_flags(const uint8_t *radiotap, uint32_t size)
{
    uint32_t at = 4, present = load_le32(radiotap + 4);
    while (at + 4 <= size && load_le32(radiotap + at) & 0x80000000)
        at += 4;
    at += 4;
    if (present & 1)
        at = ((at + 7u) & ~7u) + 8;
    return present & 2 && at < size ? at : 0;
}

int wireless_radiotap(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    const uint8_t *radiotap = slice.bytes;
    uint16_t size = load_le16(radiotap + 2);
    if (size < 8)
        return WHYRST_MALFORMED;
    if (slice.captured < size)
        return slice_shortage(slice, size);
    uint32_t flags_at = wireless_radiotap_flags(radiotap, size);
    uint8_t flags = flags_at ? radiotap[flags_at] : 0;
    slice = slice_skip(slice, size);
    if (flags & 0x10 && slice.wire >= 4) /* the frame ends with its checksum */
        slice = slice_limit(slice, slice.wire - 4);
    return wireless_frame(state, slice, flags & 0x20);
}
