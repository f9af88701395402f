#include "packet/decode_internal.h"

/* Ports by which UDP tunnels are known, the same ones for which Wireshark needs no hint. */
enum {
    PORT_GTP_U = 2152,
    PORT_TEREDO = 3544,
    PORT_VXLAN = 4789,
    PORT_GENEVE = 6081,
    PORT_VXLAN_LINUX = 8472,
};

enum { GRE_CHECKSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000, GRE_SEQUENCE = 0x1000 };

/* ERSPAN type I has no header of its own and no GRE sequence number; type II has 8 bytes. */
static int tunnel_erspan(struct decode_state *state, struct slice slice, bool sequence)
{
    if (sequence) {
        if (slice.captured < 8)
            return slice_shortage(slice, 8);
        if (slice.bytes[0] >> 4 != 1)
            return WHYRST_UNKNOWN_PROTOCOL;
        slice = slice_skip(slice, 8);
    }
    return link_ethernet(state, slice);
}

/* ERSPAN type III: 12 bytes, 8 more with the O bit; the P and FT bits tell what was mirrored. */
static int tunnel_erspan3(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 12)
        return slice_shortage(slice, 12);
    if (slice.bytes[0] >> 4 != 2)
        return WHYRST_UNKNOWN_PROTOCOL;
    uint16_t type = load_be16(slice.bytes + 10);
    uint32_t size = type & 1 ? 20 : 12;
    if (slice.captured < size)
        return slice_shortage(slice, size);
    slice = slice_skip(slice, size);
    return (type >> 10 & 0x1f) == 2 ? network_ip(state, slice) : link_ethernet(state, slice);
}

/* RFC 2637: PPP over GRE version 1. */
static int tunnel_pptp(struct decode_state *state, struct slice slice, uint16_t flags)
{
    uint32_t size = 8 + (flags & GRE_SEQUENCE ? 4 : 0) + (flags & 0x0080 ? 4 : 0);
    if (slice.captured < size)
        return slice_shortage(slice, size);
    if (load_be16(slice.bytes + 2) != 0x880b)
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
        return tunnel_erspan3(state, slice);
    default:
        return type > 1500 ? network_ethertype(state, type, slice) : WHYRST_UNKNOWN_PROTOCOL;
    }
}

/* RFC 7348; the flag says that the network identifier is valid. */
static int tunnel_vxlan(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    if (!(slice.bytes[0] & 0x08))
        return WHYRST_NOT_TCP;
    return link_ethernet(state, slice_skip(slice, 8));
}

/* RFC 8926. */
static int tunnel_geneve(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    if (slice.bytes[0] >> 6 != 0)
        return WHYRST_NOT_TCP;
    uint32_t size = 8 + (slice.bytes[0] & 0x3fu) * 4;
    uint16_t type = load_be16(slice.bytes + 2);
    if (slice.captured < size)
        return slice_shortage(slice, size);
    return type > 1500 ? network_ethertype(state, type, slice_skip(slice, size)) : WHYRST_NOT_TCP;
}

/* GTP-U (3GPP TS 29.281, 5): only message 255 carries a packet of the user. */
static int tunnel_gtp(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    uint8_t flags = slice.bytes[0];
    if (flags >> 5 != 1 || !(flags & 0x10) || slice.bytes[1] != 255)
        return WHYRST_NOT_TCP;
    uint16_t length = load_be16(slice.bytes + 2);
    slice = slice_skip(slice, 8);
    if (length < slice.wire)
        slice = slice_limit(slice, length);
    if (flags & 0x07) { /* any of E, S, PN: sequence number, N-PDU number, next extension */
        if (slice.captured < 4)
            return slice_shortage(slice, 4);
        uint8_t extension = flags & 0x04 ? slice.bytes[3] : 0;
        slice = slice_skip(slice, 4);
        while (extension != 0) {
            uint32_t size = slice.captured ? slice.bytes[0] * 4u : 4;
            if (size == 0)
                return WHYRST_MALFORMED;
            if (slice.captured < size)
                return slice_shortage(slice, size);
            extension = slice.bytes[size - 1];
            slice = slice_skip(slice, size);
        }
    }
    return network_ip(state, slice);
}

/* RFC 4380, 5.1.1: authentication and origin indications may come before the IPv6 packet. */
static int tunnel_teredo(struct decode_state *state, struct slice slice)
{
    if (slice.captured >= 4 && load_be16(slice.bytes) == 1) {
        uint32_t size = 13u + slice.bytes[2] + slice.bytes[3];
        if (slice.captured < size)
            return slice_shortage(slice, size);
        slice = slice_skip(slice, size);
    }
    if (slice.captured >= 8 && load_be16(slice.bytes) == 0)
        slice = slice_skip(slice, 8);
    if (slice.captured < 40 || slice.bytes[0] >> 4 != 6)
        return WHYRST_NOT_TCP;
    return network_ip(state, slice);
}

static int tunnel_by_port(struct decode_state *state, uint16_t port, struct slice slice)
{
    switch (port) {
    case PORT_GTP_U:
        return tunnel_gtp(state, slice);
    case PORT_TEREDO:
        return tunnel_teredo(state, slice);
    case PORT_VXLAN:
    case PORT_VXLAN_LINUX:
        return tunnel_vxlan(state, slice);
    case PORT_GENEVE:
        return tunnel_geneve(state, slice);
    default:
        return WHYRST_NOT_TCP;
    }
}

int tunnel_udp(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return WHYRST_NOT_TCP;
    uint16_t source = load_be16(slice.bytes), destination = load_be16(slice.bytes + 2);
    uint16_t length = load_be16(slice.bytes + 4);
    if (length >= 8 && length < slice.wire)
        slice = slice_limit(slice, length);
    slice = slice_skip(slice, 8);
    uint8_t marks = state->segment->marks;
    state->segment->marks |= MARK_TUNNELLED;
    int result = tunnel_by_port(state, destination, slice);
    if (result == WHYRST_NOT_TCP && source != destination) {
        state->segment->marks = marks | MARK_TUNNELLED;
        result = tunnel_by_port(state, source, slice);
    }
    return result;
}
