/* What the files of the packet layer share; no other layer includes this.
 *
 * decode.c   entry points, batches, the straight-line path for plain Ethernet/IPv4/TCP
 * link.c     link types: what comes before the EtherType
 * wireless.c 802.11 and its capture headers
 * ethertype.c EtherTypes, VLAN and other tags, MPLS
 * network.c  IPv4, IPv6 and its extension headers
 * tunnel.c   GRE, with PPTP and ERSPAN
 * udp.c      tunnels over UDP
 * tcp.c      the TCP header behind all of these, payload kind
 * options.c  TCP options
 * key.h      the connection key
 */
#ifndef WHYRST_PACKET_DECODE_INTERNAL_H
#define WHYRST_PACKET_DECODE_INTERNAL_H

#include <string.h>

#include "packet/decode.h"

#define DECODE_TCP                                                                                 \
    (-1) /* a decoder found a TCP segment; anything else is enum whyrst_undecoded                  \
          */
#define DECODE_MAX_DEPTH 16 /* network and tunnel headers of one packet */

#define LINK_ETHERNET 1 /* LINKTYPE_ETHERNET, the one link type of the fast path */

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_MULTICAST = 0x8848,
    ETHERTYPE_PPPOE = 0x8864, /* session stage */
    ETHERTYPE_PPP = 0x880b,
    ETHERTYPE_MAX_LENGTH = 1500, /* up to here it is the length of an 802.3 frame */
    ETHERTYPE_BRIDGED = 0x6558,  /* an Ethernet frame, in GRE and Geneve */
};

/* Bytes not yet decoded. */
struct slice {
    const uint8_t *bytes;
    uint32_t captured; /* at .bytes */
    uint32_t wire;     /* as the enclosing headers tell; never less than captured */
};

/* One packet on its way through the decoders. */
struct decode_state {
    const struct decode_key *key;
    struct segment *segment;  /* network headers fill it in; the innermost is the last to do so */
    const uint8_t *addresses; /* of the innermost network header: source, then destination */
    struct slice payload;     /* TCP payload, once found */
    unsigned depth;           /* headers passed, of DECODE_MAX_DEPTH */
};

static inline uint16_t load_be16(const uint8_t *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap16(value);
#endif
    return value;
}

static inline uint32_t load_be32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

/* As this machine reads it: for what is only compared. */
static inline uint32_t load_word32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint64_t load_be64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline uint16_t load_le16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t load_le32(const uint8_t *bytes)
{
    return (uint32_t)load_le16(bytes) | (uint32_t)load_le16(bytes + 2) << 16;
}

/* Takes a header of size bytes off the front; the caller has made sure that it was captured. */
static inline struct slice slice_skip(struct slice slice, uint32_t size)
{
    return (struct slice){slice.bytes + size, slice.captured - size, slice.wire - size};
}

/* The length a header gives for what it encloses: drops padding, and beats a wire length that the
 * capturing side cut together with the bytes. */
static inline struct slice slice_limit(struct slice slice, uint32_t wire)
{
    slice.wire = wire;
    if (slice.captured > wire)
        slice.captured = wire;
    return slice;
}

/* Why a header of size bytes cannot be read. */
static inline int slice_shortage(struct slice slice, uint32_t size)
{
    return slice.wire < size ? WHYRST_MALFORMED : WHYRST_CUT;
}

/* The decoders return DECODE_TCP or an enum whyrst_undecoded. */

/* link.c */
int link_decode(struct decode_state *state, uint16_t link_type, struct slice slice);
int link_ethernet(struct decode_state *state, struct slice slice);
int link_llc(struct decode_state *state, struct slice slice);
int link_ppp(struct decode_state *state, struct slice slice);
int link_pppoe(struct decode_state *state, struct slice slice);

/* wireless.c */
int wireless_decode(struct decode_state *state, struct slice slice);
int wireless_radiotap(struct decode_state *state, struct slice slice);

/* ethertype.c */
int ethertype_decode(struct decode_state *state, uint16_t type, struct slice slice);
int ethertype_mpls(struct decode_state *state, struct slice slice);

/* network.c */
int network_ip(struct decode_state *state, struct slice slice);

/* tunnel.c */
int tunnel_gre(struct decode_state *state, struct slice slice);

/* udp.c */
int udp_decode(struct decode_state *state, struct slice slice);

/* tcp.c; tcp_decode finishes state->segment, whose network fields are filled in */
int tcp_decode(struct decode_state *state, struct slice slice);

/* Fills in the option fields of segment, all zero before; size may be less than the header says
 * when the capture is cut. */
void options_decode(struct segment *segment, const uint8_t *options, uint32_t size, bool cut);

#endif
