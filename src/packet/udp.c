#include "packet/decode_internal.h"

/* Ports by which UDP tunnels are known: those that Wireshark, whose stream numbers ours are to
 * agree with, decodes unasked. */
enum {
    PORT_L2TP = 1701,
    PORT_GTP_U = 2152,
    PORT_TEREDO = 3544,
    PORT_LISP = 4341,
    PORT_GRE = 4754, /* RFC 8086 */
    PORT_VXLAN = 4789,
    PORT_VXLAN_GPE = 4790,
    PORT_GENEVE = 6081,
    PORT_MPLS = 6635, /* RFC 7510 */
    PORT_VXLAN_LINUX = 8472,
};

#define UDP_NO_TUNNEL (-2) /* not one of these ports */

/* RFC 7348: 8 bytes before the frame. */
static int udp_vxlan(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    return link_ethernet(state, slice_skip(slice, 8));
}

/* The generic protocol extension of VXLAN says what it carries. */
static int udp_vxlan_gpe(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    uint8_t next = slice.bytes[3];
    slice = slice_skip(slice, 8);
    switch (next) {
    case 1:
    case 2:
        return network_ip(state, slice);
    case 3:
        return link_ethernet(state, slice);
    default:
        return WHYRST_NOT_TCP;
    }
}

/* Linux's VXLAN port before one was assigned, still the default of much software. Wireshark does
 * not decode it unasked, so for the sake of equal stream numbers it only gets counted. */
static int udp_vxlan_linux(struct decode_state *state, struct slice slice)
{
    (void)state;
    return slice.captured >= 8 && load_be32(slice.bytes) == 0x08000000 ? WHYRST_UNKNOWN_PROTOCOL
                                                                       : WHYRST_NOT_TCP;
}

/* RFC 8926. */
static int udp_geneve(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    uint32_t size = 8 + (slice.bytes[0] & 0x3fu) * 4;
    uint16_t type = load_be16(slice.bytes + 2);
    if (slice.captured < size)
        return slice_shortage(slice, size);
    return type > ETHERTYPE_MAX_LENGTH ? ethertype_decode(state, type, slice_skip(slice, size))
                                       : WHYRST_NOT_TCP;
}

/* GTP-U (3GPP TS 29.281, 5): only message 255 carries a packet of the user. */
static int udp_gtp(struct decode_state *state, struct slice slice)
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
    uint8_t version = slice.captured ? slice.bytes[0] >> 4 : 4;
    return version == 4 || version == 6 ? network_ip(state, slice) : link_ethernet(state, slice);
}

/* RFC 4380, 5.1.1: authentication and origin indications may come before the IPv6 packet. */
static int udp_teredo(struct decode_state *state, struct slice slice)
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

/* RFC 2661: a data message of PPP; which fields it has is in the first byte. */
static int udp_l2tp(struct decode_state *state, struct slice slice)
{
    enum { CONTROL = 0x80, LENGTH = 0x40, SEQUENCE = 0x08, OFFSET = 0x02 };
    if (slice.captured < 6)
        return slice_shortage(slice, 6);
    uint8_t flags = slice.bytes[0];
    if (flags & CONTROL || (slice.bytes[1] & 0x0f) != 2)
        return WHYRST_NOT_TCP;
    uint32_t size = 6 + (flags & LENGTH ? 2 : 0) + (flags & SEQUENCE ? 4 : 0);
    if (flags & OFFSET) {
        if (slice.captured < size + 2)
            return slice_shortage(slice, size + 2);
        size += 2u + load_be16(slice.bytes + size);
    }
    if (slice.captured < size)
        return slice_shortage(slice, size);
    return link_ppp(state, slice_skip(slice, size));
}

/* RFC 9300, 5: 8 bytes before the IP packet. */
static int udp_lisp(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    return network_ip(state, slice_skip(slice, 8));
}

static int udp_by_port(struct decode_state *state, uint16_t port, struct slice slice)
{
    switch (port) {
    case PORT_L2TP:
        return udp_l2tp(state, slice);
    case PORT_GTP_U:
        return udp_gtp(state, slice);
    case PORT_TEREDO:
        return udp_teredo(state, slice);
    case PORT_LISP:
        return udp_lisp(state, slice);
    case PORT_GRE:
        return tunnel_gre(state, slice);
    case PORT_VXLAN:
        return udp_vxlan(state, slice);
    case PORT_VXLAN_GPE:
        return udp_vxlan_gpe(state, slice);
    case PORT_GENEVE:
        return udp_geneve(state, slice);
    case PORT_MPLS:
        return ethertype_mpls(state, slice);
    case PORT_VXLAN_LINUX:
        return udp_vxlan_linux(state, slice);
    default:
        return UDP_NO_TUNNEL;
    }
}

int udp_decode(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 8)
        return WHYRST_NOT_TCP;
    uint16_t source = load_be16(slice.bytes), destination = load_be16(slice.bytes + 2);
    uint16_t length = load_be16(slice.bytes + 4);
    if (length >= 8 && length < slice.wire)
        slice = slice_limit(slice, length);
    slice = slice_skip(slice, 8);
    state->segment->marks |= MARK_TUNNELLED;
    /* the lower number is the likelier service */
    uint16_t lower = source < destination ? source : destination;
    int result = udp_by_port(state, lower, slice);
    if (result == UDP_NO_TUNNEL)
        result = udp_by_port(state, source ^ destination ^ lower, slice);
    return result == UDP_NO_TUNNEL ? WHYRST_NOT_TCP : result;
}
