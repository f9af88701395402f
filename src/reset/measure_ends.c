#include "reset/measure.h"

/* Data this soon after the other end's is an answer to it. */
#define ANSWER_RTTS 1.25
#define ANSWER_MSEC 2

/* Window offered by the RST over what the peer could still send before it: close() frees the unread
 * data before it builds the RST (Linux, __tcp_close and tcp_select_window). */
void measure_window(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct segment *rst = &reset->rst;
    bool scale_known = resetter->flags & peer->flags & ENDPOINT_SYN;
    bool spoke = resetter->flags & ENDPOINT_ACKED && resetter->max_window > 0;
    bool whole = (rst->flags & TCP_ACK) && !seq_after(rst->ack, peer->snd_nxt);
    uint32_t edge =
        resetter->rcv_nxt + conn_window_bytes(&reset->conn, reset->side, resetter->window);
    double before = seq_diff(edge, rst->ack);
    double offered = conn_window_bytes(&reset->conn, reset->side, rst->window);
    double ratio = before > 0 ? offered / before : offered > 0 ? 1000 : 1;
    set_if(facts, FACT_RESETTER_WINDOW_REOPENED_RATIO, scale_known && spoke && whole,
           ratio > 1000 ? 1000 : ratio);
    set_if(facts, FACT_RESETTER_WINDOW_DEPRESSED_RATIO, spoke,
           spoke ? (double)resetter->window / resetter->max_window : 0);
    bool offers = (peer->flags & ENDPOINT_ACKED) && peer->max_window > 0 && scale_known;
    uint32_t peer_edge =
        peer->rcv_nxt + conn_window_bytes(&reset->conn, !reset->side, peer->window);
    set_if(facts, FACT_RESETTER_SEND_WINDOW_LEFT, offers, seq_diff(peer_edge, resetter->snd_nxt));
}

/* Whether a FIN was sent: not knowable where that end's packets are missing. */
static bool fin_is_known(const struct reset *reset, const struct endpoint *end)
{
    if (end->flags & ENDPOINT_FIN)
        return true;
    if (!(end->flags & ENDPOINT_SEEN) || (end->flags & ENDPOINT_LOST))
        return reset_handshake(reset) == HANDSHAKE_SYN; /* it cannot have sent one yet */
    return (end->flags & ENDPOINT_SYN) || end->data_segments > 0;
}

static double bytes_sent(const struct endpoint *end)
{
    uint32_t span = end->snd_nxt - end->isn - 1;
    return (double)(span - (end->flags & ENDPOINT_FIN ? 1 : 0));
}

void measure_resetter(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset);
    set(facts, FACT_RESETTER_SEEN, resetter->flags & ENDPOINT_SEEN ? 1 : 0);
    set(facts, FACT_RESETTER_SYN_SEEN, resetter->flags & ENDPOINT_SYN ? 1 : 0);
}

void measure_resetter_fin(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    uint32_t fin_ticks = reset->cold.end[reset->side].fin_ticks;
    uint32_t data_ticks = reset->cold.end[!reset->side].data_ticks;
    bool fin = resetter->flags & ENDPOINT_FIN;
    bool after_fin = peer->data_segments > 0 && fin && (int32_t)(data_ticks - fin_ticks) > 0;
    set_if(facts, FACT_RESETTER_FIN_SEEN, fin_is_known(reset, resetter), fin);
    set_if(facts, FACT_RESETTER_FIN_ACKED, fin && (peer->flags & ENDPOINT_SEEN),
           fin && peer->rcv_nxt == resetter->snd_nxt);
    set_if(facts, FACT_RESETTER_SINCE_FIN_MSEC, fin,
           ticks_msec(fin_ticks, conn_ticks(reset->rst.time_nsec)));
    set_if(facts, FACT_PEER_DATA_AFTER_FIN, fin && (peer->flags & ENDPOINT_BASE), after_fin);
}

void measure_resetter_sent(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct endpoint_cold *cold = &reset->cold.end[reset->side];
    uint32_t now = conn_ticks(reset->rst.time_nsec);
    set_if(facts, FACT_RESETTER_BYTES_SENT, resetter->flags & ENDPOINT_BASE, bytes_sent(resetter));
    set_if(facts, FACT_RESETTER_SINCE_DATA_MSEC, resetter->data_segments > 0,
           ticks_msec(cold->data_ticks, now));
    set_if(facts, FACT_RESETTER_SINCE_LAST_MSEC, resetter->flags & ENDPOINT_SEEN,
           conn_last_side(&reset->conn) == reset->side
               ? (double)(reset->rst.time_nsec - reset->conn.last_nsec) / NSEC_PER_MSEC
               : ticks_msec(resetter->last_ticks, now));
    set_if(facts, FACT_RESETTER_BYTES_UNACKNOWLEDGED,
           (peer->flags & ENDPOINT_ACKED) && (resetter->flags & ENDPOINT_BASE),
           seq_diff(resetter->snd_nxt, peer->rcv_nxt));
}

/* Retransmissions and probes. */
void measure_train(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset);
    const struct endpoint_cold *cold = &reset->cold.end[reset->side];
    bool seen = resetter->flags & ENDPOINT_SEEN;
    bool sent_last = conn_last_side(&reset->conn) == reset->side;
    bool train = (resetter->flags & ENDPOINT_TRAIN) && cold->train_ticks == resetter->last_ticks;
    uint32_t since = conn_ticks(reset->rst.time_nsec) - cold->train_ticks;
    set_if(facts, FACT_RESETTER_RETRANSMISSIONS, seen, train ? cold->retransmissions : 0);
    set_if(facts, FACT_RESETTER_KEEPALIVE_PROBES, seen, train ? cold->probes : 0);
    set_if(facts, FACT_RESETTER_PROBES_ANSWERED, train && cold->probes > 0, !sent_last);
    set_if(facts, FACT_RESETTER_PROBE_INTERVALS, train && cold->train_interval > 0,
           cold->train_interval > 0 ? (double)since / cold->train_interval : 0);
}

void measure_stack(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset);
    bool seen = resetter->flags & ENDPOINT_SEEN;
    set_if(facts, FACT_RESETTER_STACK, seen, measure_stack_of(reset, resetter));
    set_if(facts, FACT_RESETTER_HOPS, seen, initial_ttl(resetter->ttl) - resetter->ttl);
}

void measure_peer(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *peer = reset_peer(reset);
    set(facts, FACT_PEER_SEEN, peer->flags & ENDPOINT_SEEN ? 1 : 0);
    set(facts, FACT_PEER_SYN_SEEN, peer->flags & ENDPOINT_SYN ? 1 : 0);
    set_if(facts, FACT_PEER_FIN_SEEN, fin_is_known(reset, peer),
           peer->flags & ENDPOINT_FIN ? 1 : 0);
}

void measure_peer_sent(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct endpoint_cold *cold = &reset->cold.end[!reset->side];
    uint32_t now = conn_ticks(reset->rst.time_nsec);
    bool seen = peer->flags & ENDPOINT_SEEN, fin = peer->flags & ENDPOINT_FIN;
    set_if(facts, FACT_PEER_BYTES_SENT, peer->flags & ENDPOINT_BASE, bytes_sent(peer));
    bool from_start = (resetter->flags | peer->flags) & ENDPOINT_SYN;
    bool answered = resetter->data_segments > 0;
    uint32_t mark = answered ? reset->cold.end[reset->side].peer_nxt_at_data : peer->isn + 1;
    double unanswered = seq_diff(peer->snd_nxt - (fin ? 1 : 0), mark);
    set_if(facts, FACT_PEER_BYTES_UNANSWERED, answered || from_start || peer->data_segments > 0,
           unanswered > 0 ? unanswered : 0);
    set_if(facts, FACT_PEER_BYTES_UNACKNOWLEDGED,
           (resetter->flags & ENDPOINT_ACKED) && (peer->flags & ENDPOINT_BASE),
           seq_diff(peer->snd_nxt, resetter->rcv_nxt));
    set_if(facts, FACT_PEER_SINCE_DATA_MSEC, peer->data_segments > 0,
           ticks_msec(cold->data_ticks, now));
    set_if(facts, FACT_PEER_RETRANSMISSIONS, seen,
           cold->train_ticks == peer->last_ticks ? cold->retransmissions : 0);
    set_if(facts, FACT_PEER_LAST_PAYLOAD, peer->data_segments > 0, cold->payload_kind);
}

/* Whether the peer's last data was its answer to the resetter's: none of it came on its own, later
 * than a round trip after the question. */
void measure_answer(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct endpoint_cold *mine = &reset->cold.end[reset->side];
    const struct endpoint_cold *its = &reset->cold.end[!reset->side];
    bool spoke = peer->data_segments > 0, asked = resetter->data_segments > 0;
    bool later = (int32_t)(its->data_ticks - mine->data_ticks) >= 0;
    double delay_msec = ticks_msec(mine->data_ticks, its->data_ticks);
    double rtt_msec = reset->cold.rtt_usec / 1e3;
    bool prompt = spoke && asked && later && delay_msec <= ANSWER_RTTS * rtt_msec + ANSWER_MSEC;
    set_if(facts, FACT_PEER_DATA_ANSWERS, spoke && asked && (rtt_msec > 0 || prompt), prompt);
}
