/* Feeding a connection. The path of the usual packet is run for nearly every one of a capture, so
 * it is kept short and, where the outcome is as good as random, without branches. */
#ifndef WHYRST_FLOW_CONN_FEED_H
#define WHYRST_FLOW_CONN_FEED_H

#include <stddef.h>
#include <string.h>

#include "flow/conn.h"

/* Takes a segment in: updates the sender's state (a RST's fields are left out of it), history and
 * times. side: which end of the key sent it. The trace record is the caller's. */
enum conn_result conn_feed(struct conn *conn, struct conn_cold *cold, const struct segment *segment,
                           unsigned side);

/* What tells a packet from the one before it: addresses, TTL and MSS may differ in a copy. The
 * factors are odd, without a pattern, and fit into an instruction; both halves of the sum are
 * needed, as the upper one alone hardly differs where only the lower halves of the words do. */
static inline uint32_t conn_print(const struct segment *segment)
{
    uint64_t numbers, options, sizes = segment_sizes(segment);
    memcpy(&numbers, &segment->ack, sizeof(numbers));   /* and seq */
    memcpy(&options, &segment->tsval, sizeof(options)); /* and ip_id, wscale, options */
    uint64_t print = numbers * 0x5e3779b1u + sizes * 0x45ebca77u + options * 0x42b2ae3du;
    return (uint32_t)(print ^ print >> 32) | 1;
}

_Static_assert(offsetof(struct segment, seq) == offsetof(struct segment, ack) + 4 &&
                   offsetof(struct segment, options) == offsetof(struct segment, tsval) + 7,
               "fields that conn_print reads as words");

static inline uint8_t conn_saturate(uint8_t count)
{
    return (uint8_t)(count + (count < 255)); /* a carry, without a branch */
}

static inline void conn_push_history(struct conn *conn, uint64_t code)
{
    unsigned differs = ((conn->history ^ code) & 15) != 0; /* 0 or 1, used as number: no branch */
    conn->history = conn->history << 4 * differs | code;
    conn->repeated = (uint16_t)(conn->repeated << differs | (differs ^ 1));
}

/* How far IPv4 identifications of one counter may step: lost and reordered packets leave small
 * steps, merged super-segments larger ones. */
#define CONN_ID_BACK  64
#define CONN_ID_AHEAD 256

/* The sender's latest IPv4 identification; whether there is one is as good as random. */
static inline void conn_take_id(struct endpoint *me, uint16_t ip_id)
{
    uint32_t step = (uint16_t)(ip_id - me->ip_id + CONN_ID_BACK);
    uint32_t none = (ip_id - 1u) >> 31, far = (CONN_ID_BACK + CONN_ID_AHEAD - step) >> 31;
    uint32_t jumps = far & (me->flags / ENDPOINT_ID), seen = none ^ 1;
    me->flags = (uint16_t)(me->flags | seen * ENDPOINT_ID | (seen & jumps) * ENDPOINT_ID_JUMPS);
    me->ip_id = (uint16_t)(ip_id | (me->ip_id & (0 - none)));
}

/* A copy from behind a router has a little less: no news. */
static inline void conn_take_ttl(struct endpoint *me, uint8_t ttl)
{
    if (me->ttl == ttl)
        return;
    me->ttl_varies |= me->ttl != 0;
    if ((unsigned)(me->ttl - ttl) > 3)
        me->ttl = ttl;
}

/* What a packet's options and marks say of its sender, as endpoint flags. */
static inline unsigned conn_traits(const struct segment *segment)
{
    return segment_traits(segment) &
           (ENDPOINT_TIMESTAMPS | ENDPOINT_MPTCP | ENDPOINT_LABEL | ENDPOINT_DSCP);
}

_Static_assert((int)OPTION_TIMESTAMPS == (int)ENDPOINT_TIMESTAMPS &&
                   (int)OPTION_MPTCP == (int)ENDPOINT_MPTCP &&
                   MARK_LABEL << 8 == (int)ENDPOINT_LABEL && MARK_DSCP << 8 == (int)ENDPOINT_DSCP,
               "used as they are");

/* The silence before a packet, if it was one. */
static inline void conn_take_pause(struct conn *conn, struct conn_cold *cold, int64_t since_nsec)
{
    if (since_nsec >= CONN_PAUSE_NSEC) {
        int64_t msec = since_nsec / 1000000;
        cold->pause_msec = msec > UINT32_MAX ? UINT32_MAX : (uint32_t)msec;
        conn->since_pause = 0;
    } else {
        conn->since_pause = conn_saturate(conn->since_pause);
    }
}

/* conn.c: the ACK that completes the handshake, right behind the SYN-ACK. */
void conn_take_first_ack(struct conn *conn, struct conn_cold *cold, const struct segment *segment,
                         size_t side);

/* What every packet leaves behind. */
static inline void conn_take_last(struct conn *conn, const struct segment *segment, size_t side,
                                  size_t code)
{
    conn_push_history(conn, code | side * HISTORY_HIGH);
    conn->last_nsec = segment->time_nsec;
}

/* Whether the segment is the usual one: the next in order on a connection under way, nothing lost,
 * or repeated, and so nothing to learn from it but where both ends stand now. No branches:
 * what is unusual is so for one of many reasons. */
static inline bool conn_is_usual(const struct conn *conn, const struct segment *segment,
                                 size_t side, uint32_t print)
{
    const struct endpoint *me = &conn->end[side], *other = &conn->end[side ^ 1];
    unsigned unusual = (segment->flags & (TCP_SYN | TCP_RST | TCP_ACK)) ^ TCP_ACK;
    unusual |= segment->seq ^ me->snd_nxt;
    unusual |= (other->snd_nxt - segment->ack) >> 31; /* beyond what was sent */
    unusual |= print == me->print;
    unusual |= !me->steady;
    return unusual == 0 && ((me->flags & ENDPOINT_ACKED) || segment->ack == other->snd_nxt);
}

/* The sender's latest header fields. */
static inline void conn_take_usual_header(struct endpoint *me, const struct segment *segment)
{
    me->flags = (uint16_t)((me->flags & ~(unsigned)ENDPOINT_DSCP) | conn_traits(segment));
    conn_take_id(me, segment->ip_id);
    conn_take_ttl(me, segment->ttl);
    me->window = segment->window;
    me->max_window = segment->window > me->max_window ? segment->window : me->max_window;
    me->last_ticks = conn_ticks(segment->time_nsec);
}

static inline void conn_take_fin(struct endpoint *me, struct endpoint_cold *cold,
                                 const struct segment *segment)
{
    if (!(me->flags & ENDPOINT_FIN))
        cold->fin_ticks = conn_ticks(segment->time_nsec);
    me->flags |= ENDPOINT_FIN;
}

/* The same as conn_feed for a usual segment of the connection whose cold half is colds[index].
 * colds[0], of no connection, takes what only payload leaves behind. */
static inline void conn_feed_usual(struct conn *conn, struct conn_cold *colds, size_t index,
                                   const struct segment *segment, size_t side, uint32_t print)
{
    struct endpoint *me = &conn->end[side];
    size_t data = segment->payload_bytes > 0;
    struct endpoint_cold *mine = &colds[index & (0 - data)].end[side];
    __asm__("" : "+r"(me), "+r"(mine)); /* or gcc works both out anew at every use */
    if (!(me->flags & ENDPOINT_ACKED))
        conn_take_first_ack(conn, &colds[index], segment, side);
    me->print = print;
    conn_take_pause(conn, &colds[index], segment->time_nsec - conn->last_nsec);
    me->rcv_nxt = seq_after(segment->ack, me->rcv_nxt) ? segment->ack : me->rcv_nxt;
    me->snd_nxt = segment->seq + segment->payload_bytes + (segment->flags & TCP_FIN);
    unsigned data_segments = me->data_segments + (unsigned)data;
    me->data_segments = (uint8_t)(data_segments < 255 ? data_segments : 255);
    mine->data_ticks = conn_ticks(segment->time_nsec);
    mine->peer_nxt_at_data = conn->end[side ^ 1].snd_nxt;
    mine->payload_kind = segment->payload_kind;
    conn_take_usual_header(me, segment);
    if (segment->flags & TCP_FIN)
        conn_take_fin(me, &colds[index].end[side], segment);
    conn_take_last(conn, segment, side,
                   segment->flags & TCP_FIN ? HISTORY_FIN : HISTORY_ACK + data);
}

_Static_assert(HISTORY_DATA == HISTORY_ACK + 1, "added as a number");

#endif
