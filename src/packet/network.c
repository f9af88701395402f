#include "packet/decode_internal.h"

#define IPV4_HEADER_BYTES   20
#define IPV6_HEADER_BYTES   40
#define IPV6_MAX_EXTENSIONS 32

/* Protocol numbers of the IANA registry. */
enum {
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_IPV4 = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_GRE = 47,
    PROTOCOL_ESP = 50,
    PROTOCOL_AH = 51,
    PROTOCOL_DESTINATION = 60,
    PROTOCOL_ETHERIP = 97,
    PROTOCOL_IPCOMP = 108,
    PROTOCOL_MPLS = 137,
    PROTOCOL_SHIM6 = 140,
};

static int network_tunnelled(struct decode_state *state, struct slice slice,
                             int (*inner)(struct decode_state *, struct slice))
{
    state->segment->marks |= MARK_TUNNELLED;
    return inner(state, slice);
}

/* RFC 3378: two bytes, then an Ethernet frame. */
static int network_etherip(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 2)
        return slice_shortage(slice, 2);
    return slice.bytes[0] >> 4 == 3 ? network_tunnelled(state, slice_skip(slice, 2), link_ethernet)
                                    : WHYRST_UNKNOWN_PROTOCOL;
}

static int network_protocol(struct decode_state *state, uint8_t protocol, struct slice slice)
{
    if (++state->depth > DECODE_MAX_DEPTH)
        return WHYRST_UNKNOWN_PROTOCOL;
    switch (protocol) {
    case PROTOCOL_TCP:
        return tcp_decode(state, slice);
    case PROTOCOL_UDP:
        return udp_decode(state, slice);
    case PROTOCOL_IPV4:
    case PROTOCOL_IPV6:
        return network_tunnelled(state, slice, network_ip);
    case PROTOCOL_GRE:
        return network_tunnelled(state, slice, tunnel_gre);
    case PROTOCOL_MPLS:
        return network_tunnelled(state, slice, ethertype_mpls);
    case PROTOCOL_ETHERIP:
        return network_etherip(state, slice);
    case PROTOCOL_ESP: /* encrypted */
    case PROTOCOL_IPCOMP:
        return WHYRST_UNKNOWN_PROTOCOL;
    default:
        return WHYRST_NOT_TCP;
    }
}

/* Takes one extension header off; its first byte says what follows. DECODE_TCP to go on. */
static int network_extension(struct decode_state *state, uint8_t *protocol, struct slice *slice)
{
    if (slice->captured < 8)
        return slice_shortage(*slice, 8);
    uint32_t size = (slice->bytes[1] + 1u) * 8;
    if (*protocol == PROTOCOL_AH)
        size = (slice->bytes[1] + 2u) * 4; /* RFC 4302, 2.2 */
    if (*protocol == PROTOCOL_FRAGMENT) {
        uint16_t fragment = load_be16(slice->bytes + 2);
        size = 8;
        if (fragment & 0xfff8)
            return WHYRST_FRAGMENT;
        if (fragment & 1)
            state->segment->marks |= MARK_FRAGMENT;
    }
    if (slice->captured < size)
        return slice_shortage(*slice, size);
    *protocol = slice->bytes[0];
    *slice = slice_skip(*slice, size);
    return DECODE_TCP;
}

static int network_ipv4(struct decode_state *state, struct slice slice)
{
    const uint8_t *ip = slice.bytes;
    struct segment *segment = state->segment;
    if (slice.captured < IPV4_HEADER_BYTES)
        return slice_shortage(slice, IPV4_HEADER_BYTES);
    uint32_t header_bytes = (uint32_t)(ip[0] & 0x0f) * 4, total = load_be16(ip + 2);
    if (total == 0)
        total = slice.wire; /* segmentation offload: more than 16 bits can tell */
    if (header_bytes < IPV4_HEADER_BYTES || total < header_bytes)
        return WHYRST_MALFORMED;
    slice = slice_limit(slice, total);
    if (slice.captured < header_bytes)
        return WHYRST_CUT;

    uint16_t fragment = load_be16(ip + 6);
    state->addresses = ip + 12;
    segment->ip_id = load_be16(ip + 4);
    segment->ttl = ip[8];
    segment->marks &= (uint8_t) ~(MARK_IPV6 | MARK_DF | MARK_LABEL | MARK_DSCP);
    segment->marks |= ip[1] >> 2 ? MARK_DSCP : 0;
    if (fragment & 0x4000)
        segment->marks |= MARK_DF;
    if (fragment & 0x2000)
        segment->marks |= MARK_FRAGMENT;
    if (fragment & 0x1fff)
        return WHYRST_FRAGMENT;
    uint8_t protocol = ip[9];
    slice = slice_skip(slice, header_bytes);
    if (protocol == PROTOCOL_AH) {
        int result = network_extension(state, &protocol, &slice);
        if (result != DECODE_TCP)
            return result;
    }
    return network_protocol(state, protocol, slice);
}

/* Walks the extension headers (RFC 8200, 4) from *slice on; DECODE_TCP when *protocol is then what
 * follows them. */
static int network_extensions(struct decode_state *state, uint8_t *protocol, struct slice *slice)
{
    for (unsigned i = 0; i < IPV6_MAX_EXTENSIONS; i++) {
        switch (*protocol) {
        case PROTOCOL_HOP_BY_HOP:
        case PROTOCOL_ROUTING:
        case PROTOCOL_FRAGMENT:
        case PROTOCOL_AH:
        case PROTOCOL_DESTINATION:
        case PROTOCOL_SHIM6: {
            int result = network_extension(state, protocol, slice);
            if (result != DECODE_TCP)
                return result;
            break;
        }
        default:
            return DECODE_TCP;
        }
    }
    return WHYRST_UNKNOWN_PROTOCOL;
}

static int network_ipv6(struct decode_state *state, struct slice slice)
{
    const uint8_t *ip = slice.bytes;
    struct segment *segment = state->segment;
    if (slice.captured < IPV6_HEADER_BYTES)
        return slice_shortage(slice, IPV6_HEADER_BYTES);
    uint32_t payload_bytes = load_be16(ip + 4);
    if (payload_bytes == 0) /* jumbogram (RFC 2675) or segmentation offload */
        payload_bytes = slice.wire - IPV6_HEADER_BYTES;
    slice = slice_limit(slice, IPV6_HEADER_BYTES + payload_bytes);

    state->addresses = ip + 8;
    segment->ip_id = 0;
    segment->ttl = ip[7];
    segment->marks &= (uint8_t) ~(MARK_DF | MARK_LABEL | MARK_DSCP);
    segment->marks |= MARK_IPV6;
    segment->marks |= load_be32(ip) & 0xfffff ? MARK_LABEL : 0;
    segment->marks |= load_be16(ip) & 0xfc0 ? MARK_DSCP : 0;

    uint8_t protocol = ip[6];
    slice = slice_skip(slice, IPV6_HEADER_BYTES);
    int result = network_extensions(state, &protocol, &slice);
    return result == DECODE_TCP ? network_protocol(state, protocol, slice) : result;
}

int network_ip(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 1)
        return slice_shortage(slice, IPV4_HEADER_BYTES);
    switch (slice.bytes[0] >> 4) {
    case 4:
        return network_ipv4(state, slice);
    case 6:
        return network_ipv6(state, slice);
    default:
        return WHYRST_MALFORMED;
    }
}
