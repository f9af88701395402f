/* A TCP connection: both ends' sequence state, exact and small. 128 bytes every packet touches and
 * 64 that only data, retransmissions and pauses touch, kept apart (struct conn_cold). */
#ifndef WHYRST_FLOW_CONN_H
#define WHYRST_FLOW_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/seq.h"
#include "flow/trace.h"
#include "packet/segment.h"

/* struct endpoint.flags; those that packets carry stand where segment_traits() has them */
enum {
    ENDPOINT_SEEN = 0x0001,       /* sent at least one packet other than a RST */
    ENDPOINT_BASE = 0x0002,       /* isn and snd_nxt are set, if only from the other end's ACK */
    ENDPOINT_SYN = 0x0004,        /* its SYN or SYN-ACK was captured */
    ENDPOINT_SYN_ACKING = 0x0008, /* that was a SYN-ACK */
    ENDPOINT_TIMESTAMPS = 0x0010, /* its SYN offered, or any segment carried, timestamps */
    ENDPOINT_MPTCP = 0x0020,      /* carried an MPTCP option */
    ENDPOINT_FIN = 0x0040,        /* sent a FIN; snd_nxt is one past it */
    ENDPOINT_ACKED = 0x0080,      /* sent an ACK: rcv_nxt and window are set */
    ENDPOINT_TRAIN = 0x0100,      /* retransmissions or probes are under way, see conn_cold */
    ENDPOINT_LOST = 0x0200,       /* its peer acknowledged bytes the capture does not hold */
    ENDPOINT_WSCALE = 0x0400,     /* its SYN carried a window scale */
    ENDPOINT_ID = 0x0800,         /* some packet had an IPv4 identification other than 0 */
    ENDPOINT_ID_JUMPS = 0x1000,   /* its IPv4 identifications do not count up (random, or shared) */
    ENDPOINT_DF = 0x2000,         /* its first packet had DF */
    ENDPOINT_LABEL = 0x4000,      /* its packets carry an IPv6 flow label */
    ENDPOINT_DSCP = 0x8000,       /* its last packet carried a DSCP other than 0 */
};

/* Time in ticks of 2^16 ns (65.5 us): 32 bits of them last 78 hours. */
static inline uint32_t conn_ticks(int64_t time_nsec)
{
    return (uint32_t)((uint64_t)time_nsec >> 16);
}

#define TICK_NSEC 65536

struct endpoint {
    uint32_t isn; /* sequence number of the SYN; without one, of the byte before the first seen */
    uint32_t snd_nxt;    /* one past the highest sequence number seen from it */
    uint32_t rcv_nxt;    /* highest acknowledgment it sent */
    uint32_t print;      /* fingerprint of its last packet, to recognise a packet captured twice */
    uint32_t last_ticks; /* time of its last packet other than a RST */
    uint16_t window;     /* of its last packet, unscaled */
    uint16_t max_window; /* largest so far after the SYN, unscaled */
    uint16_t ip_id;      /* of its last packet that had one */
    uint16_t flags;      /* ENDPOINT_… */
    uint8_t ttl;         /* of its last packet; up to 3 less in copies from behind routers */
    bool steady : 1;     /* if it comes in order, its next packet is a usual one: conn_feed.h;
                            the lowest bit, as nearly every packet asks for it */
    bool copied : 1;     /* some packet of it other than a RST was captured twice */
    uint8_t wscale : 4;  /* with ENDPOINT_WSCALE */
    bool ttl_varies : 1; /* not all packets of it other than RSTs had the same TTL */
    uint8_t data_segments; /* with payload, saturated at 255 */
    uint8_t syns;          /* SYNs or SYN-ACKs, saturated */
};

struct endpoint_cold {
    uint32_t data_ticks;       /* time of its last new payload */
    uint32_t peer_nxt_at_data; /* the peer's snd_nxt at that moment */
    uint32_t fin_ticks;        /* time of its first FIN */
    uint32_t train_ticks;      /* time of the last retransmission or probe */
    uint32_t train_interval;   /* ticks from the one before it, 0 with only one */
    uint8_t retransmissions;   /* since its last new data, saturated */
    uint8_t probes;       /* keep-alive probes since the last new data of either end, saturated */
    uint8_t payload_kind; /* enum payload_kind of its last payload */
    uint8_t mss_units;    /* MSS of its SYN / 16, 0 unknown */
};

/* struct conn.flags */
enum {
    CONN_IPV6 = 0x01,
    CONN_CLIENT_HIGH = 0x02, /* the client is end 1 of the key */
    CONN_ROLES_KNOWN = 0x04, /* from the handshake, not inferred */
    CONN_IN_USE = 0x08,
    CONN_RESET = 0x10,     /* a reset event was made of it */
    CONN_OLD_TUPLE = 0x20, /* opened over an unfinished connection of the same key */
    CONN_STRAY_ACK = 0x80, /* its SYN was answered by an ACK of something else */
};

struct conn {
    uint8_t address[2][16]; /* ends in key order; IPv4 in the first four bytes */
    uint16_t port[2];
    uint32_t stream;     /* Wireshark's tcp.stream in the input of number input_low */
    uint32_t trace;      /* newest trace record */
    uint16_t repeated;   /* bit n: entry n of history stands for more than one packet */
    uint8_t since_pause; /* packets since the last pause (see conn_cold.pause_msec), saturated */
    uint8_t flags;       /* CONN_… */
    int64_t last_nsec;   /* time of the last packet */
    uint64_t history;    /* last packets, newest in the low four bits: enum packet code | 8 if end 1
                            sent it; runs of equal packets are one entry */
    struct endpoint end[2];
};

_Static_assert(sizeof(struct conn) == 128, "two cache lines");

struct conn_cold {
    struct endpoint_cold end[2];
    uint32_t first_ticks; /* time of the first packet */
    uint32_t rtt_usec;    /* SYN to SYN-ACK plus SYN-ACK to ACK, as far as captured; 0 unknown */
    uint32_t pause_msec;  /* last silence of at least CONN_PAUSE_NSEC */
    uint32_t event;       /* 1 + slot its last reset event had, 0 none */
};

_Static_assert(sizeof(struct conn_cold) == 64, "one cache line");

#define CONN_PAUSE_NSEC 500000000 /* shorter silences are think time */

/* Packet codes of conn.history; those of struct packet_line in the same order. */
enum {
    HISTORY_SYN = 1,
    HISTORY_SYN_ACK,
    HISTORY_ACK,
    HISTORY_DATA,
    HISTORY_FIN,
    HISTORY_RST,
    HISTORY_RST_ACK,
    HISTORY_HIGH = 8,
};

#define HISTORY_LENGTH 16

/* What conn_feed made of a segment. */
enum conn_result { CONN_FED, CONN_DUPLICATE };

/* Whether the segment repeats sequence space already seen, or acknowledges from behind it: sent
 * again, or a late copy. */
static inline bool conn_is_repeated_by(const struct conn *conn, const struct segment *segment,
                                       unsigned side)
{
    uint32_t end = segment->seq + segment_span(segment), next = conn->end[side].snd_nxt;
    /* one branch: data or not is a toss-up, a repetition is rare */
    return (((end != next) | (segment->seq != end)) & !seq_after(end, next)) &&
           !(segment->flags & TCP_RST) && (conn->end[side].flags & ENDPOINT_SEEN);
}

/* Whether a repeating segment is a copy of a recent packet, not sent again by its sender. */
bool conn_holds_copy(const struct conn *conn, const struct trace_log *log,
                     const struct segment *segment, unsigned side);

/* Whether the segment is the SYN of a new connection over this one's key: a SYN with another
 * initial sequence number, as Wireshark decides it. */
static inline bool conn_is_reopened_by(const struct conn *conn, const struct segment *segment,
                                       unsigned side)
{
    return (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
           (conn->end[side].flags & ENDPOINT_BASE) && segment->seq != conn->end[side].isn;
}

/* Makes it no connection, of no use to any packet. */
void conn_clear(struct conn *conn, struct conn_cold *cold);

/* Makes it a new connection of the segment's key, before its first packet is fed. */
void conn_init(struct conn *conn, struct conn_cold *cold, const struct segment *segment);

/* Whether the segment is a SYN as nearly all connections begin with. */
static inline bool conn_is_opened_by(const struct segment *segment)
{
    return (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN &&
           segment->payload_bytes == 0;
}

/* For such a SYN: does the same as conn_init and conn_feed after each other. */
void conn_open(struct conn *conn, struct conn_cold *cold, const struct segment *syn);

static inline unsigned conn_client_side(const struct conn *conn)
{
    return !!(conn->flags & CONN_CLIENT_HIGH);
}

/* Which end sent the last packet. */
static inline unsigned conn_last_side(const struct conn *conn)
{
    return !!(conn->history & HISTORY_HIGH);
}

/* A reset event was made of it: none of its packets is a usual one any more. */
static inline void conn_mark_reset(struct conn *conn)
{
    conn->flags |= CONN_RESET;
    conn->end[0].steady = conn->end[1].steady = false;
}

/* Window in bytes an end's raw value stands for, with the scale if both SYNs carried one. */
static inline uint32_t conn_window_bytes(const struct conn *conn, unsigned side, uint16_t raw)
{
    bool scaled = conn->end[0].flags & conn->end[1].flags & ENDPOINT_WSCALE;
    return (uint32_t)raw << (scaled ? conn->end[side].wscale : 0);
}

#endif
