#include "flow/conn.h"

#include "flow/conn_feed.h"

#include <string.h>

/* A copy of a packet (mirror port, bridge, both sides of a router) follows within moments. A stack
 * numbers its IPv4 packets, so an equal number is proof for longer than equal contents without one:
 * those may be a duplicate ACK. Another TTL is proof too: only routers change it under way. */
#define DUPLICATE_TICKS       1526  /* 100 ms, equal non-zero IP identification */
#define DUPLICATE_TICKS_TTL   15259 /* 1 s, another TTL */
#define DUPLICATE_TICKS_NO_ID 16    /* 1 ms */

/* How many packets a copy may come behind its original. */
#define COPY_RECORDS 16
#define COPY_HOPS    3 /* routers between both captures of a packet */

/* An acknowledgment this far beyond everything seen is not of this connection. */
#define UNSEEN_MAX (1 << 28)

static bool conn_is_duplicate(const struct conn *conn, const struct endpoint *me, unsigned side,
                              const struct segment *segment)
{
    bool sent_last = side == conn_last_side(conn);
    uint32_t now = conn_ticks(segment->time_nsec), since_ticks = now - me->last_ticks;
    if (segment->flags & TCP_RST) /* what a RST answers comes before it: a tail is no copy */
        return sent_last && now - conn_ticks(conn->last_nsec) <= DUPLICATE_TICKS;
    if (segment->ip_id != 0)
        return since_ticks <= DUPLICATE_TICKS;
    if (segment->ttl != me->ttl)
        return since_ticks <= DUPLICATE_TICKS_TTL;
    return since_ticks <= DUPLICATE_TICKS_NO_ID && (segment_span(segment) > 0 || sent_last);
}

bool conn_holds_copy(const struct conn *conn, const struct trace_log *log,
                     const struct segment *segment, unsigned side)
{
    const struct endpoint *me = &conn->end[side];
    /* Numbered after everything seen: sent again, unless it lost some TTL on the way. */
    bool newer = segment->ip_id != 0 && (int16_t)(uint16_t)(segment->ip_id - me->ip_id) > 0;
    if (newer && !me->ttl_varies && segment->ttl == me->ttl)
        return false; /* no record of it has more */
    const struct trace_record *record = trace_find_recent(log, conn->trace);
    for (unsigned n = 0; record != NULL && n < COPY_RECORDS; n++) {
        uint32_t since_ticks = conn_ticks(segment->time_nsec) - conn_ticks(record->time_nsec);
        bool proven = segment->ip_id != 0 || segment->ttl != record->ttl;
        if (since_ticks > (proven ? DUPLICATE_TICKS_TTL : DUPLICATE_TICKS_NO_ID))
            return false;
        bool routed = (uint8_t)(record->ttl - segment->ttl - 1) < COPY_HOPS;
        if ((record->input_side & 1) == side && (routed || !newer) && record->seq == segment->seq &&
            record->ack == segment->ack && record->window == segment->window &&
            record->payload_flags == segment->payload_flags)
            return true;
        record = trace_find_recent(log, record->previous);
    }
    return false;
}

static unsigned history_code(const struct segment *segment)
{
    unsigned ack = !!(segment->flags & TCP_ACK);
    if (segment->flags & TCP_RST)
        return HISTORY_RST + ack;
    if (segment->flags & TCP_SYN)
        return HISTORY_SYN + ack;
    if (segment->flags & TCP_FIN)
        return HISTORY_FIN;
    return segment->payload_bytes > 0 ? HISTORY_DATA : HISTORY_ACK;
}

static void conn_take_wscale(struct endpoint *me, const struct segment *syn)
{
    if (syn->options & OPTION_WSCALE) {
        me->flags |= ENDPOINT_WSCALE;
        me->wscale = syn->wscale > 14 ? 14 : syn->wscale & 15; /* RFC 7323, 2.3 */
    }
}

/* SYN or SYN-ACK: what only the handshake tells. */
static void conn_take_syn(struct endpoint *me, struct endpoint_cold *cold,
                          const struct segment *segment)
{
    if (!(me->flags & ENDPOINT_BASE)) {
        me->isn = segment->seq;
        me->snd_nxt = segment->seq + 1;
    }
    me->flags |= ENDPOINT_BASE | ENDPOINT_SYN;
    me->flags |= segment->flags & TCP_ACK ? ENDPOINT_SYN_ACKING : 0;
    conn_take_wscale(me, segment);
    if (segment->flags & TCP_ACK) /* only then: a bare SYN must not touch the cold half */
        cold->mss_units = (uint8_t)(segment->mss / 16 > 255 ? 255 : segment->mss / 16);
    me->syns = conn_saturate(me->syns);
}

/* The same sequence space again: retransmission, unless its IP identification shows that it was
 * sent before what was already seen (reordered, or a late copy). */
static void conn_take_repeat(struct endpoint *me, struct endpoint_cold *cold,
                             const struct segment *segment)
{
    if (segment->ip_id != 0 && (me->flags & ENDPOINT_ID) &&
        (int16_t)(uint16_t)(segment->ip_id - me->ip_id) < 0)
        return;
    uint32_t now = conn_ticks(segment->time_nsec);
    if (me->flags & ENDPOINT_TRAIN)
        cold->train_interval = now - cold->train_ticks;
    me->flags |= ENDPOINT_TRAIN;
    cold->train_ticks = now;
    cold->retransmissions = conn_saturate(cold->retransmissions);
}

/* Keep-alive probe: one byte before snd_nxt (RFC 9293, 3.8.4), and not because the window is shut.
 */
static void conn_take_probe(struct endpoint *me, struct endpoint_cold *cold,
                            const struct segment *segment)
{
    uint32_t now = conn_ticks(segment->time_nsec);
    if (me->flags & ENDPOINT_TRAIN)
        cold->train_interval = now - cold->train_ticks;
    me->flags |= ENDPOINT_TRAIN;
    cold->train_ticks = now;
    cold->probes = conn_saturate(cold->probes);
}

/* New data shows that both ends go on: retransmissions and probes before it are over. */
static void conn_end_trains(struct conn *conn, struct conn_cold *cold, unsigned side)
{
    cold->end[side].retransmissions = 0;
    cold->end[side].probes = 0;
    cold->end[!side].probes = 0;
    conn->end[side].flags &= (uint16_t)~ENDPOINT_TRAIN;
    if (cold->end[!side].retransmissions == 0)
        conn->end[!side].flags &= (uint16_t)~ENDPOINT_TRAIN;
}

static void conn_take_payload(struct conn *conn, struct conn_cold *colds, unsigned side,
                              const struct segment *segment)
{
    struct endpoint *me = &conn->end[side], *other = &conn->end[!side];
    struct endpoint_cold *cold = &colds->end[side];
    uint32_t end = segment->seq + segment_span(segment);
    bool probe = segment->payload_bytes <= 1 && segment->seq + 1 == me->snd_nxt &&
                 !(segment->flags & (TCP_SYN | TCP_FIN)) && (me->flags & ENDPOINT_SEEN) &&
                 other->window != 0;
    if (probe) {
        conn_take_probe(me, cold, segment);
        return;
    }
    if (end == segment->seq)
        return; /* a bare ACK out of order */
    if (!seq_after(end, me->snd_nxt)) {
        conn_take_repeat(me, cold, segment);
        if (!(segment->flags & TCP_FIN) || (me->flags & ENDPOINT_FIN))
            return;
    } else {
        me->snd_nxt = end;
        if ((me->flags | other->flags) & ENDPOINT_TRAIN)
            conn_end_trains(conn, colds, side);
    }
    if (segment->payload_bytes > 0) {
        me->data_segments = conn_saturate(me->data_segments);
        cold->data_ticks = conn_ticks(segment->time_nsec);
        cold->peer_nxt_at_data = other->snd_nxt;
        cold->payload_kind = segment->payload_kind;
    }
    if (segment->flags & TCP_FIN)
        conn_take_fin(me, cold, segment);
}

/* Whether each end's next packet in order is a usual one, see conn_is_usual(): both ends are known,
 * nothing is under way that the packet would end, and it is not the first that acknowledges, but
 * for the one that completes the handshake. last: code of the newest packet. */
static void conn_settle(struct conn *conn, unsigned last)
{
    const unsigned known = ENDPOINT_SEEN | ENDPOINT_ACKED;
    if (conn->history <= 15)
        return; /* nor were they before */
    unsigned low = conn->end[0].flags, high = conn->end[1].flags;
    bool under_way = !(conn->flags & CONN_RESET) && (low & high & ENDPOINT_BASE) &&
                     !((low | high) & ENDPOINT_TRAIN);
    conn->end[0].steady = under_way && (low & known) == known;
    conn->end[1].steady = under_way && (high & known) == known;
    if ((last & 7) == HISTORY_SYN_ACK) {
        struct endpoint *answered = &conn->end[last & HISTORY_HIGH ? 0 : 1];
        conn->end[0].steady = conn->end[1].steady = false;
        answered->steady = under_way && (answered->flags & known) == ENDPOINT_SEEN;
    }
}

/* The round trip of the handshake, of which since_nsec is a half. */
static void conn_take_rtt(struct conn_cold *cold, int64_t since_nsec)
{
    if (since_nsec >= 0 && since_nsec < INT64_C(60) * 1000000000)
        cold->rtt_usec += (uint32_t)(since_nsec / 1000) + 1;
}

void conn_take_first_ack(struct conn *conn, struct conn_cold *cold, const struct segment *segment,
                         size_t side)
{
    conn_take_rtt(cold, segment->time_nsec - conn->last_nsec);
    conn->end[side].flags |= ENDPOINT_ACKED;
    conn->end[side].rcv_nxt = segment->ack;
    conn_settle(conn, HISTORY_ACK);
}

/* The acknowledgment field, and what it tells of the other end. */
static void conn_take_ack(struct conn *conn, unsigned side, const struct segment *segment)
{
    struct endpoint *me = &conn->end[side], *other = &conn->end[!side];
    if (!(other->flags & ENDPOINT_BASE)) {
        other->isn = segment->ack - 1; /* as Wireshark's base sequence number */
        other->snd_nxt = segment->ack;
        other->flags |= ENDPOINT_BASE;
    }
    int32_t unseen = seq_diff(segment->ack, other->snd_nxt);
    if (unseen != 0 && (other->flags & ENDPOINT_SYN) && other->snd_nxt == other->isn + 1 &&
        other->data_segments == 0 && !(me->flags & ENDPOINT_ACKED)) {
        conn->flags |= CONN_STRAY_ACK; /* answers something older than this SYN */
        return;
    }
    if (unseen > 0 && unseen < UNSEEN_MAX) {
        other->snd_nxt = segment->ack;
        other->flags |= ENDPOINT_LOST;
    }
    if (!(me->flags & ENDPOINT_ACKED) || seq_after(segment->ack, me->rcv_nxt))
        me->rcv_nxt = segment->ack;
    me->flags |= ENDPOINT_ACKED;
}

/* Who opened it: the sender of the SYN, or the receiver of the SYN-ACK. */
static void conn_take_roles(struct conn *conn, const struct segment *segment, unsigned side)
{
    unsigned client = segment->flags & TCP_ACK ? !side : side;
    conn->flags &= (uint8_t)~CONN_CLIENT_HIGH;
    conn->flags |= (uint8_t)(CONN_ROLES_KNOWN | (client ? CONN_CLIENT_HIGH : 0));
}

static void conn_take_times(struct conn *conn, struct conn_cold *cold, unsigned side,
                            const struct segment *segment)
{
    int64_t since_nsec = segment->time_nsec - conn->last_nsec;
    if (cold->first_ticks == 0)
        cold->first_ticks = conn_ticks(conn->last_nsec) | 1; /* this is the second packet */
    unsigned last = (unsigned)(conn->history & 15);
    unsigned other = side ? 0 : HISTORY_HIGH;
    if ((last == (HISTORY_SYN | other) && (segment->flags & TCP_SYN)) ||
        (last == (HISTORY_SYN_ACK | other) && !(segment->flags & (TCP_SYN | TCP_RST))))
        conn_take_rtt(cold, since_nsec);
    conn_take_pause(conn, cold, since_nsec);
}

/* The header fields of any packet, usual or not, and what only the first one tells. The window of a
 * SYN does not count as one that was open. */
static void conn_take_header(struct endpoint *me, const struct segment *segment)
{
    uint16_t max_window = me->max_window;
    if (!(me->flags & ENDPOINT_SEEN))
        me->flags |= segment->marks & MARK_DF ? ENDPOINT_SEEN | ENDPOINT_DF : ENDPOINT_SEEN;
    conn_take_usual_header(me, segment);
    if (segment->flags & TCP_SYN)
        me->max_window = max_window;
}

void conn_clear(struct conn *conn, struct conn_cold *cold)
{
    memset(conn, 0, sizeof(*conn));
    memset(cold, 0, sizeof(*cold));
}

/* An empty connection of the segment's key. */
static inline void conn_begin(struct conn *conn, struct conn_cold *cold,
                              const struct segment *segment)
{
    if (conn->flags & CONN_IN_USE)
        memset(cold, 0, sizeof(*cold));
    memcpy(conn->address, segment->address, sizeof(conn->address));
    memcpy(conn->port, segment->port, sizeof(conn->port));
    memset(&conn->stream, 0, sizeof(*conn) - offsetof(struct conn, stream));
    conn->flags = CONN_IN_USE | (segment->marks & CONN_IPV6);
    conn->last_nsec = segment->time_nsec;
}

_Static_assert((int)CONN_IPV6 == (int)MARK_IPV6, "copied as it is");

void conn_init(struct conn *conn, struct conn_cold *cold, const struct segment *segment)
{
    unsigned high = segment_side(segment); /* the source's end */
    conn_begin(conn, cold, segment);
    /* Until a handshake says otherwise: the lower port serves, a refusal comes from the server. */
    bool refusal = (segment->flags & TCP_RST) && (segment->flags & TCP_ACK) && segment->seq == 0;
    bool client_high = refusal ? !high : conn->port[1] > conn->port[0];
    if (!refusal && conn->port[0] == conn->port[1])
        client_high = high;
    conn->flags |= client_high ? CONN_CLIENT_HIGH : 0;
}

void conn_open(struct conn *conn, struct conn_cold *cold, const struct segment *syn)
{
    size_t side = segment_side(syn);
    struct endpoint *me = &conn->end[side];
    unsigned flags = ENDPOINT_SEEN | ENDPOINT_BASE | ENDPOINT_SYN | conn_traits(syn);
    conn_begin(conn, cold, syn);
    conn->flags |= CONN_ROLES_KNOWN | (side ? CONN_CLIENT_HIGH : 0);
    conn->history = HISTORY_SYN | side * HISTORY_HIGH;
    flags |= syn->marks & MARK_DF ? ENDPOINT_DF : 0;
    flags |= syn->ip_id != 0 ? ENDPOINT_ID : 0;
    me->isn = syn->seq;
    me->snd_nxt = syn->seq + 1;
    me->print = conn_print(syn);
    me->last_ticks = conn_ticks(syn->time_nsec);
    me->window = syn->window;
    me->ip_id = syn->ip_id;
    me->flags = (uint16_t)flags;
    me->ttl = syn->ttl;
    me->syns = 1;
    conn_take_wscale(me, syn);
}

/* Whether the segment is the answer to the SYN that was the connection's only packet so far. */
static bool conn_is_answered_by(const struct conn *conn, const struct segment *segment, size_t side)
{
    const struct endpoint *other = &conn->end[side ^ 1];
    unsigned flags = segment->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN);
    return conn->history == (HISTORY_SYN | (side ^ 1) * HISTORY_HIGH) && conn->repeated == 0 &&
           flags == (TCP_SYN | TCP_ACK) && segment->payload_bytes == 0 &&
           other->flags & ENDPOINT_BASE && segment->ack == other->snd_nxt;
}

/* conn_feed for that one, with nothing else to ask. */
static void conn_take_answer(struct conn *conn, struct conn_cold *cold,
                             const struct segment *segment, size_t side)
{
    struct endpoint *me = &conn->end[side];
    int64_t since_nsec = segment->time_nsec - conn->last_nsec;
    cold->first_ticks = conn_ticks(conn->last_nsec) | 1;
    conn_take_rtt(cold, since_nsec);
    conn_take_pause(conn, cold, since_nsec);
    conn_take_syn(me, &cold->end[side], segment);
    me->rcv_nxt = segment->ack;
    me->flags |= ENDPOINT_ACKED;
    conn_take_header(me, segment);
    conn_take_last(conn, segment, side, HISTORY_SYN_ACK);
    conn->end[side ^ 1].steady = true; /* as conn_settle has it */
}

enum conn_result conn_feed(struct conn *conn, struct conn_cold *cold, const struct segment *segment,
                           unsigned side)
{
    struct endpoint *me = &conn->end[side];
    uint32_t print = conn_print(segment);
    if (print == me->print && conn_is_duplicate(conn, me, side, segment))
        return CONN_DUPLICATE;
    me->print = print;
    if (conn_is_answered_by(conn, segment, side)) {
        conn_take_answer(conn, cold, segment, side);
        return CONN_FED;
    }
    if (conn->history != 0)
        conn_take_times(conn, cold, side, segment);

    if (!(segment->flags & TCP_RST)) {
        if (segment->flags & TCP_SYN) {
            conn_take_syn(me, &cold->end[side], segment);
            conn_take_roles(conn, segment, side);
        } else if (!(me->flags & ENDPOINT_BASE)) {
            me->isn = segment->seq - 1; /* as Wireshark's base sequence number */
            me->snd_nxt = segment->seq;
            me->flags |= ENDPOINT_BASE;
        }
        if (segment->flags & TCP_ACK)
            conn_take_ack(conn, side, segment);
        if (segment->seq != me->snd_nxt || segment->payload_bytes > 0 ||
            (segment->flags & TCP_FIN)) {
            /* A first SYN spans exactly to snd_nxt: nothing to take. */
            if (!(segment->flags & TCP_SYN) || me->syns > 1 || segment->payload_bytes > 0)
                conn_take_payload(conn, cold, side, segment);
        }
        conn_take_header(me, segment);
    }
    conn_take_last(conn, segment, side, history_code(segment));
    conn_settle(conn, (unsigned)(conn->history & 15));
    return CONN_FED;
}
