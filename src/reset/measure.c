#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reset/reset.h"

#define NSEC_PER_SEC  1e9
#define NSEC_PER_MSEC 1e6

/* Data this soon after the other end's is an answer to it. */
#define ANSWER_RTTS 1.25
#define ANSWER_MSEC 2

static void set(struct facts *facts, enum fact_id id, double value)
{
    facts->value[id] = value;
    facts->known[id] = true;
}

static void set_if(struct facts *facts, enum fact_id id, bool known, double value)
{
    facts->value[id] = value;
    facts->known[id] = known;
}

static double ticks_msec(uint32_t from, uint32_t to)
{
    return (double)(to - from) * TICK_NSEC / NSEC_PER_MSEC;
}

static uint8_t initial_ttl(uint8_t ttl)
{
    return ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

/* IPv6 never fragments on the way: as if DF were set. */
static enum stack measure_stack(const struct reset *reset, const struct endpoint *end)
{
    bool whole = (end->flags & ENDPOINT_DF) || (reset->conn.flags & CONN_IPV6);
    if (initial_ttl(end->ttl) == 128)
        return STACK_WINDOWS;
    if (initial_ttl(end->ttl) == 64 && whole)
        return STACK_LINUX;
    return STACK_OTHER;
}

/* Idle timers in common use, seconds. */
static bool is_idle_timer(double seconds, double slack)
{
    static const double timers[] = {60, 120, 180, 240, 300, 350, 600, 900, 1800, 3600};
    if (seconds < timers[0] - 0.05)
        return false; /* nearly always */
    for (unsigned n = 0; n < sizeof(timers) / sizeof(timers[0]); n++)
        if (seconds >= timers[n] - 0.05 && seconds <= timers[n] * (1 + slack) + 0.5)
            return true;
    return false;
}

/* Header fields of the RST that the resetter's own stack, as its other packets show it, would have
 * set otherwise. One alone happens; two do not. */
static unsigned measure_contradictions(const struct reset *reset, const struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset);
    const struct segment *rst = &reset->rst;
    bool linux_like = measure_stack(reset, resetter) == STACK_LINUX &&
                      (resetter->flags & (ENDPOINT_TIMESTAMPS | ENDPOINT_WSCALE));
    bool active = reset->shape == SHAPE_ACTIVE, own = active || reset->shape == SHAPE_BARE;
    unsigned count = 0;
    if (!(resetter->flags & ENDPOINT_SEEN) || reset->shape == SHAPE_REFUSAL)
        return 0;
    count +=
        fabs(facts->value[FACT_RST_TTL_CHANGE]) > 1 && facts->value[FACT_RST_TTL_CLASS_SWITCH] == 0;
    bool counts_ids = (resetter->flags & (ENDPOINT_ID | ENDPOINT_ID_JUMPS)) == ENDPOINT_ID;
    bool unrelated =
        facts->known[FACT_RST_IP_ID] && facts->value[FACT_RST_IP_ID] == IP_ID_UNRELATED;
    bool zero = facts->known[FACT_RST_IP_ID] && facts->value[FACT_RST_IP_ID] == IP_ID_ZERO;
    count += counts_ids && (unrelated || (own && zero)) && resetter->data_segments > 0;
    count += reset->shape == SHAPE_BARE && linux_like; /* its aborts carry ACK */
    if (active && linux_like) {
        count += (resetter->flags & ENDPOINT_TIMESTAMPS) && !(rst->options & OPTION_TIMESTAMPS) &&
                 !(rst->options & OPTION_SIGNATURE);
        count += rst->window == 0 && resetter->window != 0;
    }
    count += !(rst->flags & TCP_ACK) && rst->window != 0;
    count += reset->shape == SHAPE_ODD;
    /* A kernel's refusal carries a label of its own. */
    count += (resetter->flags & ENDPOINT_LABEL) && !(rst->marks & MARK_LABEL);
    return count;
}

static void measure_rst(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct segment *rst = &reset->rst;
    bool seen = resetter->flags & ENDPOINT_SEEN, ack = rst->flags & TCP_ACK;
    set_if(facts, FACT_RST_SHAPE, reset->shape_known, reset->shape);
    set(facts, FACT_RST_ACK_FLAG, ack);
    set(facts, FACT_RST_WINDOW, rst->window);
    bool negotiated = resetter->flags & peer->flags & ENDPOINT_TIMESTAMPS;
    bool carries = rst->options & OPTION_TIMESTAMPS;
    bool clean = !(rst->marks & MARK_OPTIONS_CUT);
    set_if(facts, FACT_RST_TIMESTAMPS, carries || (seen && clean),
           carries      ? TIMESTAMPS_PRESENT
           : negotiated ? TIMESTAMPS_MISSING
                        : TIMESTAMPS_NOT_NEGOTIATED);
    bool ipv4 = !segment_is_ipv6(rst);
    uint16_t step = (uint16_t)(rst->ip_id - resetter->ip_id);
    bool id_base = seen && (resetter->flags & ENDPOINT_ID);
    set_if(facts, FACT_RST_IP_ID, ipv4 && (rst->ip_id == 0 || id_base),
           rst->ip_id == 0           ? IP_ID_ZERO
           : step >= 1 && step <= 64 ? IP_ID_CONTINUES
                                     : IP_ID_UNRELATED);
    set_if(facts, FACT_RST_IP_ID_STEP, ipv4 && id_base && rst->ip_id != 0, (int16_t)step);
    set_if(facts, FACT_RST_TTL_CHANGE, seen, rst->ttl - resetter->ttl);
    set(facts, FACT_RST_INITIAL_TTL, initial_ttl(rst->ttl));
    int hops = initial_ttl(rst->ttl) - rst->ttl, usual = initial_ttl(resetter->ttl) - resetter->ttl;
    set(facts, FACT_RST_HOPS, hops);
    uint8_t other = seen ? resetter->ttl : reset->host_ttl;
    set_if(facts, FACT_RST_HOPS_CHANGE, other != 0, hops - (initial_ttl(other) - other));
    set_if(facts, FACT_RST_TTL_CLASS_SWITCH, seen,
           initial_ttl(rst->ttl) != initial_ttl(resetter->ttl) && abs(hops - usual) <= 1);
    bool answered = reset->trigger_kind != TRIGGER_NONE;
    set_if(facts, FACT_RST_DSCP_DROPPED, answered,
           (peer->flags & ENDPOINT_DSCP) && !(rst->marks & MARK_DSCP));
    set(facts, FACT_RST_DSCP, (rst->marks & MARK_DSCP) != 0);
    set_if(facts, FACT_RST_FLOW_LABEL, !ipv4, (rst->marks & MARK_LABEL) != 0);
    set_if(facts, FACT_RST_FLOW_LABEL_DROPPED, !ipv4 && seen,
           (resetter->flags & ENDPOINT_LABEL) && !(rst->marks & MARK_LABEL));
    set_if(facts, FACT_RST_SEQ_OFFSET, resetter->flags & ENDPOINT_BASE,
           seq_diff(rst->seq, resetter->snd_nxt));
    set_if(facts, FACT_RST_ACK_OFFSET, ack && (peer->flags & ENDPOINT_BASE),
           seq_diff(rst->ack, peer->snd_nxt));
    set(facts, FACT_RST_ACK_COPIES_SEQ, !ack && rst->ack == rst->seq && rst->seq != 0);
    set_if(facts, FACT_RST_WINDOW_ECHO, answered, rst->window != 0 && rst->window == peer->window);
    set(facts, FACT_RST_PAYLOAD_BYTES, rst->payload_bytes);
    set_if(facts, FACT_RST_MPTCP_REASON, clean,
           rst->marks & MARK_MPTCP_RST ? rst->mptcp_reason : -1);
    set_if(facts, FACT_RST_PLAIN, clean,
           rst->options == 0 && rst->window == 0 && rst->ip_id == 0 &&
               (!ipv4 || rst->marks & MARK_DF) && (ack || rst->ack == 0));
    set_if(facts, FACT_RST_CONTRADICTIONS, seen, measure_contradictions(reset, facts));
}

static void measure_trigger(const struct reset *reset, struct facts *facts)
{
    bool answered = reset->trigger_kind != TRIGGER_NONE;
    double delay_nsec = (double)reset->trigger_delay_nsec;
    double idle_sec = reset->cold.pause_msec / 1e3;
    bool paused = reset->cold.pause_msec > 0;
    /* The silence came right before the packet answered, give or take an ACK. */
    bool before = paused && reset->conn.since_pause <= 2;
    set_if(facts, FACT_TRIGGER_KIND, reset_peer(reset)->flags & ENDPOINT_SEEN, reset->trigger_kind);
    set_if(facts, FACT_TRIGGER_DELAY_MSEC, answered, delay_nsec / NSEC_PER_MSEC);
    set_if(facts, FACT_TRIGGER_DELAY_RTTS, answered && reset->cold.rtt_usec > 0,
           delay_nsec / (reset->cold.rtt_usec * 1e3));
    set_if(facts, FACT_TRIGGER_IDLE_SEC, answered && reset->conn.history >> 4 != 0,
           before ? idle_sec : 0);
    set_if(facts, FACT_TRIGGER_IDLE_TIMER, answered, before && is_idle_timer(idle_sec, 0.1));
}

/* Window offered by the RST over what the peer could still send before it: close() frees the unread
 * data before it builds the RST (Linux, __tcp_close and tcp_select_window). */
static void measure_window(const struct reset *reset, struct facts *facts)
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

static void measure_resetter(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct endpoint_cold *cold = &reset->cold.end[reset->side];
    uint32_t now = conn_ticks(reset->rst.time_nsec);
    bool seen = resetter->flags & ENDPOINT_SEEN, fin = resetter->flags & ENDPOINT_FIN;
    set(facts, FACT_RESETTER_ROLE, reset->side == conn_client_side(&reset->conn) ? 0 : 1);
    set(facts, FACT_RESETTER_SEEN, seen);
    set(facts, FACT_RESETTER_SYN_SEEN, resetter->flags & ENDPOINT_SYN ? 1 : 0);
    set_if(facts, FACT_RESETTER_FIN_SEEN, fin_is_known(reset, resetter), fin);
    set_if(facts, FACT_RESETTER_FIN_ACKED, fin && (peer->flags & ENDPOINT_SEEN),
           fin && peer->rcv_nxt == resetter->snd_nxt);
    set_if(facts, FACT_RESETTER_BYTES_SENT, resetter->flags & ENDPOINT_BASE, bytes_sent(resetter));
    set_if(facts, FACT_RESETTER_SINCE_FIN_MSEC, fin, ticks_msec(cold->fin_ticks, now));
    set_if(facts, FACT_RESETTER_SINCE_DATA_MSEC, resetter->data_segments > 0,
           ticks_msec(cold->data_ticks, now));
    bool sent_last = conn_last_side(&reset->conn) == reset->side;
    set_if(facts, FACT_RESETTER_SINCE_LAST_MSEC, seen,
           sent_last ? (double)(reset->rst.time_nsec - reset->conn.last_nsec) / NSEC_PER_MSEC
                     : ticks_msec(resetter->last_ticks, now));
    bool train = (resetter->flags & ENDPOINT_TRAIN) && cold->train_ticks == resetter->last_ticks;
    set_if(facts, FACT_RESETTER_RETRANSMISSIONS, seen, train ? cold->retransmissions : 0);
    set_if(facts, FACT_RESETTER_KEEPALIVE_PROBES, seen, train ? cold->probes : 0);
    set_if(facts, FACT_RESETTER_PROBES_ANSWERED, train && cold->probes > 0, !sent_last);
    set_if(facts, FACT_RESETTER_PROBE_INTERVALS, train && cold->train_interval > 0,
           cold->train_interval > 0 ? (double)(now - cold->train_ticks) / cold->train_interval : 0);
    measure_window(reset, facts);
    bool offered = (peer->flags & ENDPOINT_ACKED) && peer->max_window > 0 &&
                   (resetter->flags & peer->flags & ENDPOINT_SYN);
    uint32_t peer_edge =
        peer->rcv_nxt + conn_window_bytes(&reset->conn, !reset->side, peer->window);
    set_if(facts, FACT_RESETTER_SEND_WINDOW_LEFT, offered, seq_diff(peer_edge, resetter->snd_nxt));
    set_if(facts, FACT_RESETTER_STACK, seen, measure_stack(reset, resetter));
    set_if(facts, FACT_RESETTER_HOPS, seen, initial_ttl(resetter->ttl) - resetter->ttl);
    set_if(facts, FACT_RESETTER_BYTES_UNACKNOWLEDGED,
           (peer->flags & ENDPOINT_ACKED) && (resetter->flags & ENDPOINT_BASE),
           seq_diff(resetter->snd_nxt, peer->rcv_nxt));
}

/* Whether the peer's last data was its answer to the resetter's: none of it came on its own, later
 * than a round trip after the question. */
static void measure_answer(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct endpoint_cold *mine = &reset->cold.end[reset->side];
    const struct endpoint_cold *its = &reset->cold.end[!reset->side];
    bool spoke = peer->data_segments > 0, asked = resetter->data_segments > 0;
    bool fin = resetter->flags & ENDPOINT_FIN;
    bool after_fin = spoke && fin && (int32_t)(its->data_ticks - mine->fin_ticks) > 0;
    set_if(facts, FACT_PEER_DATA_AFTER_FIN, fin && (peer->flags & ENDPOINT_BASE), after_fin);
    bool later = (int32_t)(its->data_ticks - mine->data_ticks) >= 0;
    double delay_msec = ticks_msec(mine->data_ticks, its->data_ticks);
    double rtt_msec = reset->cold.rtt_usec / 1e3;
    bool prompt = spoke && asked && later && delay_msec <= ANSWER_RTTS * rtt_msec + ANSWER_MSEC;
    set_if(facts, FACT_PEER_DATA_ANSWERS, spoke && asked && (rtt_msec > 0 || prompt), prompt);
}

static void measure_peer(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct endpoint_cold *cold = &reset->cold.end[!reset->side];
    uint32_t now = conn_ticks(reset->rst.time_nsec);
    bool seen = peer->flags & ENDPOINT_SEEN, fin = peer->flags & ENDPOINT_FIN;
    set(facts, FACT_PEER_SEEN, seen);
    set(facts, FACT_PEER_SYN_SEEN, peer->flags & ENDPOINT_SYN ? 1 : 0);
    set_if(facts, FACT_PEER_FIN_SEEN, fin_is_known(reset, peer), fin);
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

static void measure_conn(const struct reset *reset, struct facts *facts)
{
    const struct conn *conn = &reset->conn;
    const struct endpoint *client = &conn->end[conn_client_side(conn)];
    const struct endpoint *server = &conn->end[!conn_client_side(conn)];
    bool midstream = !((client->flags | server->flags) & ENDPOINT_SYN);
    bool any = conn->history != 0;
    double idle_sec = (double)(reset->rst.time_nsec - conn->last_nsec) / NSEC_PER_SEC;
    set_if(facts, FACT_CONN_HANDSHAKE, !midstream, reset_handshake(reset));
    set(facts, FACT_CONN_MIDSTREAM, midstream);
    bool lost = (client->flags & ENDPOINT_SEEN && client->flags & ENDPOINT_LOST) ||
                (server->flags & ENDPOINT_SEEN && server->flags & ENDPOINT_LOST);
    set(facts, FACT_CONN_LOSS, lost);
    set_if(facts, FACT_CONN_IDLE_SEC, any, idle_sec);
    set_if(facts, FACT_CONN_IDLE_TIMER, any, is_idle_timer(idle_sec, 0.005));
    set_if(facts, FACT_CONN_AGE_MSEC, reset->cold.first_ticks != 0,
           ticks_msec(reset->cold.first_ticks, conn_ticks(reset->rst.time_nsec)));
    set_if(facts, FACT_CONN_RTT_MSEC, reset->cold.rtt_usec > 0, reset->cold.rtt_usec / 1e3);
    set(facts, FACT_CONN_SYNACKS, server->flags & ENDPOINT_SYN_ACKING ? server->syns : 0);
    set(facts, FACT_CONN_ON_OLD_TUPLE, conn->flags & CONN_OLD_TUPLE ? 1 : 0);
    set(facts, FACT_CONN_SYN_ANSWERED_BY_ACK, conn->flags & CONN_STRAY_ACK ? 1 : 0);
    set(facts, FACT_CONN_BOTH_WAYS, client->flags & server->flags & ENDPOINT_SEEN ? 1 : 0);
}

static void measure_sequel(const struct reset *reset, struct facts *facts)
{
    const struct sequel *sequel = &reset->sequel;
    set(facts, FACT_SEQUEL_RESETTER_CONTINUES, sequel->resetter_continues);
    set(facts, FACT_SEQUEL_PEER_CONTINUES, sequel->peer_continues);
    set(facts, FACT_SEQUEL_PEER_RST, sequel->peer_rst_answers);
    set(facts, FACT_SEQUEL_RST_COUNT, sequel->resetter_rsts);
    set(facts, FACT_SEQUEL_RST_SEQ_STEP, sequel->seq_step);
    set(facts, FACT_SEQUEL_RST_SURPLUS, sequel->surplus);
    set(facts, FACT_SEQUEL_RST_MIXED, sequel->mixed);
    set(facts, FACT_SEQUEL_RST_BOTH_WAYS, sequel->both_ways);
    set_if(facts, FACT_SEQUEL_SYN_RETRY_MSEC, sequel->syn_retried,
           ticks_msec(0, sequel->syn_retry_ticks));
    set(facts, FACT_SEQUEL_ACCEPTED, sequel->accepted);
}

static void measure_services(const struct reset *reset, const struct services *services,
                             struct facts *facts)
{
    const struct conn *conn = &reset->conn;
    unsigned server = !conn_client_side(conn);
    const struct service *entry = services_find(services, conn->address[server], conn->port[server],
                                                conn->flags & CONN_IPV6 ? 6 : 4);
    uint32_t now = conn_ticks(reset->rst.time_nsec), accepted = entry ? entry->accepted : 0;
    bool before = reset->service_accepted > 0, after = accepted > reset->service_accepted;
    set_if(facts, FACT_SERVICE_ACCEPTED_BEFORE, entry || !services->full, before);
    set_if(facts, FACT_SERVICE_ACCEPTED_AFTER, entry || !services->full, after);
    double gap = before ? ticks_msec(reset->service_accept_ticks, now) / 1e3 : INFINITY;
    if (after && entry->accepted_again && entry->accept_after_refusal_ticks - now < 1u << 31)
        gap = fmin(gap, ticks_msec(now, entry->accept_after_refusal_ticks) / 1e3);
    set_if(facts, FACT_SERVICE_ACCEPT_GAP_SEC, gap < INFINITY, gap);
    set_if(facts, FACT_HOST_TTL_CHANGE, reset->host_ttl != 0, reset->rst.ttl - reset->host_ttl);
    set_if(facts, FACT_HOST_FLOW_LABEL_DROPPED,
           reset->host_ttl != 0 && segment_is_ipv6(&reset->rst),
           reset->host_labels && !(reset->rst.marks & MARK_LABEL));
    /* Below a millisecond the host is next door, or the capture was taken on it. */
    bool timed = reset->host_rtt_usec >= 1000 && reset->trigger_delay_nsec >= 0;
    set_if(facts, FACT_HOST_RTT_RATIO, timed,
           timed ? (double)reset->trigger_delay_nsec / 1e3 / reset->host_rtt_usec : 0);
    unsigned burst = services_burst_size(services, reset->burst);
    set_if(facts, FACT_HOST_BURST, burst > 0, burst);
}

void reset_measure(const struct reset *reset, const struct services *services, struct facts *facts)
{
    memset(facts->known, 0, sizeof(facts->known));
    measure_rst(reset, facts);
    measure_trigger(reset, facts);
    measure_resetter(reset, facts);
    measure_peer(reset, facts);
    measure_answer(reset, facts);
    measure_conn(reset, facts);
    measure_sequel(reset, facts);
    measure_services(reset, services, facts);
}
