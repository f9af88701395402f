/* The noun of the packet layer: one TCP segment, everything later layers need copied out of the
 * captured bytes, so that no pointer into a capture outlives its decoding. */
#ifndef WHYRST_PACKET_SEGMENT_H
#define WHYRST_PACKET_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

/* TCP flags as on the wire (RFC 9293, 3.1), 12 bits with the reserved ones. */
enum {
    TCP_FIN = 0x001,
    TCP_SYN = 0x002,
    TCP_RST = 0x004,
    TCP_PSH = 0x008,
    TCP_ACK = 0x010,
    TCP_URG = 0x020,
    TCP_ECE = 0x040,
    TCP_CWR = 0x080,
};

/* struct segment.options */
enum {
    OPTION_MSS = 0x01,
    OPTION_WSCALE = 0x02,
    OPTION_SACK_PERMITTED = 0x04,
    OPTION_SACK = 0x08,
    OPTION_TIMESTAMPS = 0x10,
    OPTION_MPTCP = 0x20,     /* kind 30 */
    OPTION_SIGNATURE = 0x40, /* MD5 (19) or TCP-AO (29) */
    OPTION_OTHER = 0x80,     /* any other kind but NOP and EOL, or a malformed option area */
};

/* struct segment.marks */
enum {
    MARK_IPV6 = 0x01,
    MARK_DF = 0x02,          /* IPv4 don't-fragment */
    MARK_TUNNELLED = 0x04,   /* decoded inside at least one tunnel */
    MARK_FRAGMENT = 0x08,    /* first fragment of more: payload_bytes is this fragment's share */
    MARK_OPTIONS_CUT = 0x10, /* the captured bytes end inside the TCP options */
    MARK_SWAPPED = 0x20,     /* source is the higher end of the symmetric key, see hash */
    MARK_MPTCP_RST = 0x40,   /* MP_TCPRST present; its reason is in mptcp_reason */
};

/* First payload byte(s), as far as captured. */
enum payload_kind {
    PAYLOAD_NONE,      /* no payload on the wire */
    PAYLOAD_UNSEEN,    /* payload, but not captured (snaplen) */
    PAYLOAD_TLS_ALERT, /* TLS record type 21, version 3.x */
    PAYLOAD_TLS_HELLO, /* TLS handshake record (22), first byte of message 1 = ClientHello */
    PAYLOAD_TLS,       /* any other TLS record, types 20 to 24 */
    PAYLOAD_HTTP_REQUEST,
    PAYLOAD_HTTP_RESPONSE,
    PAYLOAD_OTHER,
};

struct segment {
    uint8_t src[16], dst[16]; /* innermost addresses; IPv4 in the first four bytes, the rest zero */
    int64_t time_nsec;        /* since the epoch */
    uint64_t frame_no;        /* 1, 2, … in its input */
    uint64_t hash;            /* keyed, the same for both directions */
    uint32_t seq, ack;        /* host order */
    uint32_t payload_bytes;   /* from the IP header, not from the captured length */
    uint32_t tsval, tsecr;    /* 0 without OPTION_TIMESTAMPS */
    uint32_t flow_label;      /* IPv6, 20 bits; 0 for IPv4 */
    uint16_t src_port, dst_port;
    uint16_t flags;  /* TCP_… */
    uint16_t window; /* as on the wire, not scaled */
    uint16_t ip_id;  /* IPv4 identification; 0 for IPv6 */
    uint16_t mss;    /* with OPTION_MSS */
    uint16_t input;
    uint16_t rst_payload; /* 0, or 1 + index of the copied RST payload in its batch */
    uint8_t ttl;          /* TTL or hop limit */
    uint8_t tos;          /* TOS or traffic class */
    uint8_t options;      /* OPTION_… */
    uint8_t marks;        /* MARK_… */
    uint8_t wscale;       /* shift count with OPTION_WSCALE */
    uint8_t payload_kind; /* enum payload_kind */
    uint8_t mptcp_reason; /* with MARK_MPTCP_RST */
    uint8_t mptcp_flags;
};

_Static_assert(sizeof(struct segment) <= 112, "a batch of segments must stay in cache");

/* Sequence space the segment takes: payload, SYN and FIN. */
static inline uint32_t segment_span(const struct segment *segment)
{
    return segment->payload_bytes + !!(segment->flags & TCP_SYN) + !!(segment->flags & TCP_FIN);
}

static inline bool segment_is_ipv6(const struct segment *segment)
{
    return segment->marks & MARK_IPV6;
}

#endif
