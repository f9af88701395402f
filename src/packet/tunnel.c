#include "packet/decode_internal.h"

enum { GRE_CHECKSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000, GRE_SEQUENCE = 0x1000 };

/* ERSPAN type I is a bare frame, told by the absence of a GRE sequence number; type II has 8 bytes
 * before it, type III 12, or 20 with the O bit. */
static int tunnel_erspan(struct decode_state *state, struct slice slice, bool sequence)
{
    uint32_t size = 0;
    if (sequence) {
        if (slice.captured < 12)
            return slice_shortage(slice, 12);
        switch (slice.bytes[0] >> 4) {
        case 1:
            size = 8;
            break;
        case 2:
            size = slice.bytes[11] & 1 ? 20 : 12;
            break;
        default:
            return WHYRST_UNKNOWN_PROTOCOL;
        }
    }
    if (slice.captured < size)
        return slice_shortage(slice, size);
    return link_ethernet(state, slice_skip(slice, size));
}

/* RFC 2637: PPP over GRE version 1. */
static int tunnel_pptp(struct decode_state *state, struct slice slice, uint16_t flags)
{
    uint32_t size = 8 + (flags & GRE_SEQUENCE ? 4 : 0) + (flags & 0x0080 ? 4 : 0);
    if (slice.captured < size)
        return slice_shortage(slice, size);
    if (load_be16(slice.bytes + 2) != ETHERTYPE_PPP)
        return WHYRST_UNKNOWN_PROTOCOL;
    uint16_t length = load_be16(slice.bytes + 4);
    slice = slice_skip(slice, size);
    if (length < slice.wire)
        slice = slice_limit(slice, length);
    return length == 0 ? WHYRST_NOT_TCP : link_ppp(state, slice);
}

/* RFC 1701: routing entries of family, offset, length; the last has family and length 0. */
static int tunnel_gre_routing(struct slice *slice)
{
    for (;;) {
        if (slice->captured < 4)
            return slice_shortage(*slice, 4);
        uint32_t size = 4u + slice->bytes[3];
        bool last = load_be32(slice->bytes) == 0;
        if (slice->captured < size)
            return slice_shortage(*slice, size);
        *slice = slice_skip(*slice, size);
        if (last)
            return DECODE_TCP;
    }
}

/* RFC 2784, 2890. */
int tunnel_gre(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 4)
        return slice_shortage(slice, 4);
    uint16_t flags = load_be16(slice.bytes), type = load_be16(slice.bytes + 2);
    if ((flags & 7) == 1)
        return tunnel_pptp(state, slice, flags);
    if (flags & 7)
        return WHYRST_UNKNOWN_PROTOCOL;
    uint32_t size = 4 + (flags & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0) + (flags & GRE_KEY ? 4 : 0) +
                    (flags & GRE_SEQUENCE ? 4 : 0);
    if (slice.captured < size)
        return slice_shortage(slice, size);
    slice = slice_skip(slice, size);
    if (flags & GRE_ROUTING) {
        int result = tunnel_gre_routing(&slice);
        if (result != DECODE_TCP)
            return result;
    }
    switch (type) {
    case 0x88be:
        return tunnel_erspan(state, slice, flags & GRE_SEQUENCE);
    case 0x22eb:
        return tunnel_erspan(state, slice, true);
    case 0x883e: /* WCCP: a redirect header of four bytes that older versions leave out */
        if (slice.captured < 5)
            return slice_shortage(slice, 5);
        if (slice.bytes[0] >> 4 != 4)
            slice = slice_skip(slice, 4);
        return network_ip(state, slice);
    case ETHERTYPE_PPP:
        return link_ppp(state, slice);
    default:
        return type > ETHERTYPE_MAX_LENGTH ? ethertype_decode(state, type, slice)
                                           : WHYRST_UNKNOWN_PROTOCOL;
    }
}
