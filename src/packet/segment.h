/* The noun of the packet layer: one TCP segment, everything later layers need copied out of the
 * captured bytes, so that no pointer into a capture outlives its decoding. */
#ifndef WHYRST_PACKET_SEGMENT_H
#define WHYRST_PACKET_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
    MARK_MPTCP_RST = 0x20,   /* MP_TCPRST present; its reason is in mptcp_reason */
    MARK_LABEL = 0x40,       /* IPv6 flow label other than 0 */
    MARK_DSCP = 0x80,        /* DSCP other than 0 */
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

/* The two ends of a connection are kept in the order of its key, see key.h: the same for both
 * directions. The first 32 bytes are what the trace log keeps of a packet, copied as they are. */
struct segment {
    int64_t time_nsec;          /* since the epoch */
    uint32_t ack, seq;          /* host order */
    uint32_t frame, frame_high; /* halves of its number in its input: 1, 2, … */
    uint32_t payload_flags;     /* payload bytes (saturated at 2^20-1) << 12 | TCP flags */
    uint16_t window;            /* as on the wire, not scaled */
    uint8_t ttl;                /* TTL or hop limit */
    uint8_t input_side;         /* low 7 bits of the input << 1 | which end sent it */

    uint8_t address[2][16]; /* innermost; IPv4 in the first four bytes, the rest zero */
    uint16_t port[2];       /* host order */
    uint32_t tag;           /* keyed hash of both ends */
    uint32_t tsval;         /* 0 without OPTION_TIMESTAMPS */
    uint16_t ip_id;         /* IPv4 identification; 0 for IPv6 */
    uint8_t wscale;         /* shift count with OPTION_WSCALE */
    uint8_t options;        /* OPTION_… */
    uint8_t marks;          /* MARK_… */
    uint8_t payload_kind;   /* enum payload_kind */
    uint16_t input;
    uint32_t payload_bytes; /* less than 2^31, from the IP header, not from the captured length */
    uint16_t flags;         /* TCP_…; with the next four one word, which most segments leave 0 */
    uint16_t mss;           /* with OPTION_MSS */
    uint16_t rst_payload;   /* 0, or 1 + index of the copied RST payload in its batch */
    uint8_t mptcp_reason;   /* with MARK_MPTCP_RST */
    uint8_t mptcp_flags;
};

_Static_assert(offsetof(struct segment, mptcp_flags) == offsetof(struct segment, flags) + 7,
               "set as one word");
_Static_assert(sizeof(struct segment) == 96, "a batch of segments must stay in cache");

/* Which end of the key sent it: the index of the source in .address and .port. */
static inline unsigned segment_side(const struct segment *segment)
{
    return segment->input_side & 1;
}

static inline uint64_t segment_frame_no(const struct segment *segment)
{
    return (uint64_t)segment->frame_high << 32 | segment->frame;
}

static inline void segment_set_frame_no(struct segment *segment, uint64_t frame_no)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(&segment->frame, &frame_no, sizeof(frame_no)); /* both halves */
#else
    segment->frame = (uint32_t)frame_no;
    segment->frame_high = (uint32_t)(frame_no >> 32);
#endif
}

/* Payload bytes, flags and window in one word, to be compared. */
static inline uint64_t segment_sizes(const struct segment *segment)
{
    uint64_t word;
    memcpy(&word, &segment->payload_flags, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word << 16; /* without TTL and side */
#else
    return word >> 16;
#endif
}

/* Options and marks in one: OPTION_ in the low byte, MARK_ in the high one. */
static inline unsigned segment_traits(const struct segment *segment)
{
    return segment->options | (unsigned)segment->marks << 8;
}

/* Sets the flags, and what few segments have to 0: MSS, payload of a RST, MPTCP. */
static inline void segment_set_flags(struct segment *segment, uint16_t flags)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word = flags;
    memcpy(&segment->flags, &word, sizeof(word));
#else
    segment->flags = flags;
    segment->mss = segment->rst_payload = 0;
    segment->mptcp_reason = segment->mptcp_flags = 0;
#endif
}

/* After the flags. */
static inline void segment_set_payload(struct segment *segment, uint32_t payload_bytes)
{
    uint32_t kept = payload_bytes < 0xfffff ? payload_bytes : 0xfffff;
    segment->payload_bytes = payload_bytes;
    segment->payload_flags = kept << 12 | segment->flags;
}

/* Sequence space the segment takes: payload, SYN and FIN. */
static inline uint32_t segment_span(const struct segment *segment)
{
    return segment->payload_bytes + (segment->flags >> 1 & 1) + (segment->flags & 1);
}

static inline bool segment_is_ipv6(const struct segment *segment)
{
    return segment->marks & MARK_IPV6;
}

#endif
