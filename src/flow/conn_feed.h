/* conn_feed, inline: the path of the usual packet is run for nearly every one of a capture, so it
 * is kept short and, where the outcome is as good as random, without branches. */
#ifndef WHYRST_FLOW_CONN_FEED_H
#define WHYRST_FLOW_CONN_FEED_H

#include <stddef.h>
#include <string.h>

#include "flow/conn.h"

/* conn_feed for whatever is not usual. */
enum conn_result conn_feed_any(struct conn *conn, struct conn_cold *cold,
                               const struct segment *segment, unsigned side, uint32_t print);

static inline uint8_t conn_saturate(uint8_t count)
{
    return (uint8_t)(count + (count != 255));
}

/* What tells a packet from the one before it: addresses and TTL may differ in a copy. */
static inline uint32_t conn_print(const struct segment *segment)
{
    uint64_t numbers, lengths, fields;
    memcpy(&numbers, &segment->seq, 8);           /* and ack */
    memcpy(&lengths, &segment->payload_bytes, 8); /* and tsval */
    memcpy(&fields, &segment->flags, 8);          /* and window, ip_id, mss */
    fields += (uint64_t)segment->options << 56;
    uint64_t sum = numbers * 0x9e3779b97f4a7c15u + lengths * 0xbf58476d1ce4e5b9u +
                   fields * 0x94d049bb133111ebu;
    return (uint32_t)(sum >> 32) | 1;
}

_Static_assert(offsetof(struct segment, ack) == offsetof(struct segment, seq) + 4 &&
                   offsetof(struct segment, tsval) == offsetof(struct segment, payload_bytes) + 4 &&
                   offsetof(struct segment, mss) == offsetof(struct segment, flags) + 6,
               "fields that conn_print reads as one word");

static inline void conn_push_history(struct conn *conn, unsigned code)
{
    uint64_t same = (conn->history & 15) == code; /* 0 or 1, used as numbers: no branch */
    uint64_t mask = 0 - same;
    conn->history = (conn->history & mask) | ((conn->history << 4 | code) & ~mask);
    conn->repeated = (uint16_t)(conn->repeated << (same ^ 1) | same);
}

/* The sender's latest header fields; first: of its first packet. */
static inline void conn_take_header(struct endpoint *me, const struct segment *segment, bool first)
{
    unsigned numbered = segment->ip_id != 0;
    unsigned flags = (me->flags & ~(unsigned)ENDPOINT_DSCP) | ENDPOINT_SEEN;
    flags |= first && segment->marks & MARK_DF ? ENDPOINT_DF : 0;
    flags |= segment->options & OPTION_TIMESTAMPS ? ENDPOINT_TIMESTAMPS : 0;
    flags |= segment->options & OPTION_MPTCP ? ENDPOINT_MPTCP : 0;
    flags |= segment->flow_label != 0 ? ENDPOINT_LABEL : 0;
    flags |= segment->tos >> 2 ? ENDPOINT_DSCP : 0;
    /* Lost and reordered packets leave small steps, merged super-segments larger ones. */
    unsigned jump = (uint16_t)(segment->ip_id - me->ip_id + 64) > 64 + 256;
    flags |= (numbered & jump & flags / ENDPOINT_ID) * ENDPOINT_ID_JUMPS;
    flags |= numbered * ENDPOINT_ID;
    me->ip_id = (uint16_t)(segment->ip_id | (me->ip_id & (numbered - 1)));
    me->flags = (uint16_t)flags;
    /* A copy from behind a router has a little less: no news. */
    unsigned copied = (unsigned)(me->ttl - segment->ttl) <= 3;
    me->ttl = copied ? me->ttl : segment->ttl;
    me->window = segment->window;
    unsigned offered = segment->flags & TCP_SYN ? 0 : segment->window;
    unsigned most = first ? 0 : me->max_window;
    me->max_window = (uint16_t)(offered > most ? offered : most);
    me->last_ticks = conn_ticks(segment->time_nsec);
}

/* What every packet leaves behind. */
static inline void conn_take_last(struct conn *conn, const struct segment *segment, unsigned side,
                                  unsigned code)
{
    conn_push_history(conn, code | side * HISTORY_HIGH);
    conn->last_nsec = segment->time_nsec;
    conn->flags = (uint8_t)((conn->flags & ~(unsigned)CONN_LAST_HIGH) | side * CONN_LAST_HIGH);
}

/* Whether the segment is the usual one: the next in order on a connection under way, nothing lost,
 * repeated or paused, and so nothing to learn from it but where both ends stand now. */
static inline bool conn_is_usual(const struct conn *conn, const struct segment *segment,
                                 unsigned side, uint32_t print)
{
    const unsigned known = ENDPOINT_SEEN | ENDPOINT_BASE | ENDPOINT_ACKED;
    const struct endpoint *me = &conn->end[side], *other = &conn->end[!side];
    unsigned syn_acked = HISTORY_SYN_ACK | (side ^ 1) * HISTORY_HIGH; /* gives a round trip */
    return (segment->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK &&
           (me->flags & (known | ENDPOINT_TRAIN)) == known &&
           (other->flags & (ENDPOINT_BASE | ENDPOINT_TRAIN)) == ENDPOINT_BASE &&
           segment->seq == me->snd_nxt && !seq_after(segment->ack, other->snd_nxt) &&
           segment->time_nsec - conn->last_nsec < CONN_PAUSE_NSEC && conn->history > 15 &&
           (conn->history & 15) != syn_acked && print != me->print &&
           segment->payload_bytes < 1u << 20;
}

/* first if which is 1, second if it is 0; written so that no compiler makes a branch of it */
static inline uint32_t conn_pick(unsigned which, uint32_t first, uint32_t second)
{
    return second ^ ((first ^ second) & (0 - which));
}

/* The same as conn_feed_any for a usual segment. */
static inline void conn_feed_usual(struct conn *conn, struct conn_cold *cold,
                                   const struct segment *segment, unsigned side, uint32_t print)
{
    struct endpoint *me = &conn->end[side];
    struct endpoint_cold *mine = &cold->end[side];
    unsigned data = segment->payload_bytes > 0;
    uint32_t now = conn_ticks(segment->time_nsec);
    me->print = print;
    conn->since_pause = conn_saturate(conn->since_pause);
    me->rcv_nxt = seq_after(segment->ack, me->rcv_nxt) ? segment->ack : me->rcv_nxt;
    me->snd_nxt = segment->seq + segment->payload_bytes;
    me->data_segments = (uint8_t)(me->data_segments + (data & (me->data_segments != 255)));
    mine->data_ticks = conn_pick(data, now, mine->data_ticks);
    mine->peer_nxt_at_data = conn_pick(data, conn->end[side ^ 1].snd_nxt, mine->peer_nxt_at_data);
    mine->payload_kind = (uint8_t)conn_pick(data, segment->payload_kind, mine->payload_kind);
    conn_take_header(me, segment, false);
    conn_take_last(conn, segment, side, HISTORY_ACK + data);
}

_Static_assert(HISTORY_DATA == HISTORY_ACK + 1, "added as a number");

/* Takes a segment in: updates the sender's state (a RST's fields are left out of it), history and
 * times. side: which end of the key sent it. The trace record is the caller's. */
static inline enum conn_result conn_feed(struct conn *conn, struct conn_cold *cold,
                                         const struct segment *segment, unsigned side)
{
    uint32_t print = conn_print(segment);
    if (!conn_is_usual(conn, segment, side, print))
        return conn_feed_any(conn, cold, segment, side, print);
    conn_feed_usual(conn, cold, segment, side, print);
    return CONN_FED;
}

#endif
