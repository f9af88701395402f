#include "packet/decode_internal.h"

/* Link types of the pcap registry; pcapng uses the same numbers. */
enum {
    LINK_NULL = 0,
    LINK_PPP = 9,
    LINK_RAW_BSD = 12,
    LINK_RAW_OPENBSD = 14,
    LINK_PPP_HDLC = 50,
    LINK_PPP_ETHER = 51,
    LINK_RAW = 101,
    LINK_CISCO_HDLC = 104,
    LINK_IEEE802_11 = 105,
    LINK_LOOP = 108,
    LINK_LINUX_SLL = 113,
    LINK_IEEE802_11_RADIOTAP = 127,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_NFLOG = 239,
    LINK_LINUX_SLL2 = 276,
};

/* linux/netfilter/nfnetlink_log.h; address families as in Linux */
enum { NFLOG_IPV4 = 2, NFLOG_IPV6 = 10, NFLOG_PACKET_HEADER = 1, NFLOG_PAYLOAD = 9 };

/* linux/if_arp.h */
#define ARPHRD_80211_RADIOTAP 803
#define ARPHRD_NETLINK        824

int link_ethernet(struct decode_state *state, struct slice slice)
{
    if (++state->depth > DECODE_MAX_DEPTH)
        return WHYRST_UNKNOWN_PROTOCOL;
    if (slice.captured < 14)
        return slice_shortage(slice, 14);
    return ethertype_decode(state, load_be16(slice.bytes + 12), slice_skip(slice, 14));
}

/* IEEE 802.2, with or without SNAP. */
int link_llc(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 3)
        return slice_shortage(slice, 3);
    const uint8_t *llc = slice.bytes;
    if (llc[0] == 0x06 && llc[1] == 0x06 && llc[2] == 0x03)
        return network_ip(state, slice_skip(slice, 3));
    if (llc[0] != 0xaa || llc[1] != 0xaa || llc[2] != 0x03)
        return WHYRST_NOT_TCP;
    if (slice.captured < 8)
        return slice_shortage(slice, 8);
    uint32_t organization = load_be32(llc + 2) & 0xffffff;
    uint16_t type = load_be16(llc + 6);
    slice = slice_skip(slice, 8);
    if ((organization == 0 || organization == 0x0000f8) && type > ETHERTYPE_MAX_LENGTH)
        return ethertype_decode(state, type, slice);
    if (organization == 0x0080c2 && (type == 1 || type == 7)) { /* bridged Ethernet, RFC 2684 */
        if (slice.captured < 2)
            return slice_shortage(slice, 2);
        return link_ethernet(state, slice_skip(slice, 2));
    }
    return WHYRST_NOT_TCP;
}

/* RFC 1661 and 1662: address and control fields, and the first byte of the protocol, are optional.
 */
int link_ppp(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 4)
        return slice_shortage(slice, 4);
    if (slice.bytes[0] == 0xff && slice.bytes[1] == 0x03)
        slice = slice_skip(slice, 2);
    uint16_t protocol = slice.bytes[0];
    bool compressed = protocol & 1;
    if (!compressed)
        protocol = load_be16(slice.bytes);
    slice = slice_skip(slice, compressed ? 1 : 2);
    switch (protocol) {
    case 0x0021:
    case 0x0057:
        return network_ip(state, slice);
    case 0x0281:
    case 0x0283:
        return ethertype_mpls(state, slice);
    case 0x0031: /* bridging, RFC 3518: flags, MAC type 1 is Ethernet */
        if (slice.captured < 2)
            return slice_shortage(slice, 2);
        return slice.bytes[1] == 1 ? link_ethernet(state, slice_skip(slice, 2)) : WHYRST_NOT_TCP;
    case 0x002d: /* header compression: needs the history of the link */
    case 0x002f:
    case 0x003d: /* multilink */
    case 0x0053: /* encryption */
    case 0x00fd: /* compression */
        return WHYRST_UNKNOWN_PROTOCOL;
    default:
        return WHYRST_NOT_TCP;
    }
}

int link_pppoe(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 6)
        return slice_shortage(slice, 6);
    if (slice.bytes[0] != 0x11 || slice.bytes[1] != 0)
        return WHYRST_NOT_TCP;
    uint16_t length = load_be16(slice.bytes + 4);
    slice = slice_skip(slice, 6);
    if (length != 0 && length < slice.wire)
        slice = slice_limit(slice, length);
    return link_ppp(state, slice);
}

/* Cisco HDLC: address, control, EtherType. */
static int link_cisco_hdlc(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 4)
        return slice_shortage(slice, 4);
    return ethertype_decode(state, load_be16(slice.bytes + 2), slice_skip(slice, 4));
}

static int link_ppp_hdlc(struct decode_state *state, struct slice slice)
{
    if (slice.captured >= 1 && (slice.bytes[0] == 0x0f || slice.bytes[0] == 0x8f))
        return link_cisco_hdlc(state, slice);
    return link_ppp(state, slice);
}

/* BSD loopback: the address family in the byte order of the capturing machine. AF_INET6 differs
 * between systems. */
static int link_null(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 4)
        return slice_shortage(slice, 4);
    if (slice.bytes[0] == 0xff && slice.bytes[1] == 0x03)
        return link_ppp(state, slice);
    uint32_t family = load_le32(slice.bytes);
    if (family > 0xffff)
        family = load_be32(slice.bytes);
    switch (family) {
    case 2:
    case 10:
    case 24:
    case 28:
    case 30:
        return network_ip(state, slice_skip(slice, 4));
    default: /* some systems write an EtherType */
        return family > ETHERTYPE_MAX_LENGTH
                   ? ethertype_decode(state, (uint16_t)family, slice_skip(slice, 4))
                   : WHYRST_NOT_TCP;
    }
}

/* Linux cooked: the protocol field is an EtherType or one of linux/if_ether.h below 1536. */
static int link_cooked(struct decode_state *state, uint16_t hardware, uint16_t protocol,
                       struct slice slice)
{
    if (hardware == ARPHRD_80211_RADIOTAP)
        return wireless_radiotap(state, slice);
    if (protocol == 0x0004)
        return link_llc(state, slice);
    if (hardware == ARPHRD_NETLINK || protocol <= ETHERTYPE_MAX_LENGTH)
        return WHYRST_NOT_TCP;
    return ethertype_decode(state, protocol, slice);
}

static int link_linux_sll(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 16)
        return slice_shortage(slice, 16);
    return link_cooked(state, load_be16(slice.bytes + 2), load_be16(slice.bytes + 14),
                       slice_skip(slice, 16));
}

static int link_linux_sll2(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 20)
        return slice_shortage(slice, 20);
    return link_cooked(state, load_be16(slice.bytes + 8), load_be16(slice.bytes),
                       slice_skip(slice, 20));
}

/* Netfilter log: address family, version, group; then TLVs in the byte order of the capturing
 * machine, padded to four. For the families that are not IP the packet header TLV has an EtherType.
 */
static int link_nflog(struct decode_state *state, struct slice slice)
{
    if (slice.captured < 4)
        return slice_shortage(slice, 4);
    uint16_t ethertype = 0;
    if (slice.bytes[0] == NFLOG_IPV4 || slice.bytes[0] == NFLOG_IPV6)
        ethertype = ETHERTYPE_IPV4; /* the version nibble tells the rest */
    slice = slice_skip(slice, 4);
    while (slice.captured >= 4) {
        uint16_t length = load_le16(slice.bytes), type = load_le16(slice.bytes + 2);
        if (type > 0xff) { /* every type is small: the other byte order */
            length = load_be16(slice.bytes);
            type = load_be16(slice.bytes + 2);
        }
        if (length < 4)
            return WHYRST_MALFORMED;
        if (type == NFLOG_PAYLOAD) {
            if (length <= slice.wire)
                slice = slice_limit(slice, length);
            return ethertype ? ethertype_decode(state, ethertype, slice_skip(slice, 4))
                             : WHYRST_NOT_TCP;
        }
        uint32_t padded = (length + 3u) & ~3u;
        if (slice.captured < padded)
            return slice_shortage(slice, padded);
        if (type == NFLOG_PACKET_HEADER && length >= 6 && ethertype == 0)
            ethertype = load_be16(slice.bytes + 4);
        slice = slice_skip(slice, padded);
    }
    return slice.wire >= 4 ? WHYRST_CUT : WHYRST_NOT_TCP;
}

int link_decode(struct decode_state *state, uint16_t link_type, struct slice slice)
{
    switch (link_type) {
    case LINK_ETHERNET:
        return link_ethernet(state, slice);
    case LINK_LINUX_SLL:
        return link_linux_sll(state, slice);
    case LINK_LINUX_SLL2:
        return link_linux_sll2(state, slice);
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_IPV4:
    case LINK_IPV6:
        return network_ip(state, slice);
    case LINK_NULL:
    case LINK_LOOP:
        return link_null(state, slice);
    case LINK_PPP:
    case LINK_PPP_HDLC:
        return link_ppp_hdlc(state, slice);
    case LINK_CISCO_HDLC:
        return link_cisco_hdlc(state, slice);
    case LINK_PPP_ETHER:
        return link_pppoe(state, slice);
    case LINK_NFLOG:
        return link_nflog(state, slice);
    case LINK_IEEE802_11:
        return wireless_decode(state, slice);
    case LINK_IEEE802_11_RADIOTAP:
        return wireless_radiotap(state, slice);
    default:
        return WHYRST_UNKNOWN_LINK;
    }
}
