#include "reset/measure.h"

#include <math.h>
#include <string.h>

bool measure_idle_timer(double seconds, double slack)
{
    static const double timers[] = {60, 120, 180, 240, 300, 350, 600, 900, 1800, 3600};
    if (seconds < timers[0] - 0.05)
        return false; /* nearly always */
    for (unsigned n = 0; n < sizeof(timers) / sizeof(timers[0]); n++)
        if (seconds >= timers[n] - 0.05 && seconds <= timers[n] * (1 + slack) + 0.5)
            return true;
    return false;
}

static void measure_conn(const struct reset *reset, struct facts *facts)
{
    const struct conn *conn = &reset->conn;
    const struct endpoint *client = &conn->end[conn_client_side(conn)];
    const struct endpoint *server = &conn->end[!conn_client_side(conn)];
    bool midstream = !((client->flags | server->flags) & ENDPOINT_SYN);
    set_if(facts, FACT_CONN_HANDSHAKE, !midstream, reset_handshake(reset));
    set(facts, FACT_CONN_MIDSTREAM, midstream);
    bool lost = (client->flags & ENDPOINT_SEEN && client->flags & ENDPOINT_LOST) ||
                (server->flags & ENDPOINT_SEEN && server->flags & ENDPOINT_LOST);
    set(facts, FACT_CONN_LOSS, lost);
    set(facts, FACT_CONN_SYNACKS, server->flags & ENDPOINT_SYN_ACKING ? server->syns : 0);
    set(facts, FACT_CONN_ON_OLD_TUPLE, conn->flags & CONN_OLD_TUPLE ? 1 : 0);
    set(facts, FACT_CONN_SYN_ANSWERED_BY_ACK, conn->flags & CONN_STRAY_ACK ? 1 : 0);
    set(facts, FACT_CONN_BOTH_WAYS, client->flags & server->flags & ENDPOINT_SEEN ? 1 : 0);
}

static void measure_times(const struct reset *reset, struct facts *facts)
{
    const struct conn *conn = &reset->conn;
    bool any = conn->history != 0;
    double idle_sec = (double)(reset->rst.time_nsec - conn->last_nsec) / NSEC_PER_SEC;
    set_if(facts, FACT_CONN_IDLE_SEC, any, idle_sec);
    set_if(facts, FACT_CONN_IDLE_TIMER, any, measure_idle_timer(idle_sec, 0.005));
    set_if(facts, FACT_CONN_AGE_MSEC, reset->cold.first_ticks != 0,
           ticks_msec(reset->cold.first_ticks, conn_ticks(reset->rst.time_nsec)));
    set_if(facts, FACT_CONN_RTT_MSEC, reset->cold.rtt_usec > 0, reset->cold.rtt_usec / 1e3);
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

static void measure_service(const struct reset *reset, struct facts *facts)
{
    const struct services *services = reset->services;
    const struct conn *conn = &reset->conn;
    unsigned server = !conn_client_side(conn);
    const struct service *entry =
        services_find_near(services, reset->service_near, conn->address[server], conn->port[server],
                           conn->flags & CONN_IPV6 ? 6 : 4);
    uint32_t now = conn_ticks(reset->rst.time_nsec), accepted = entry ? entry->accepted : 0;
    bool before = reset->service_accepted > 0, after = accepted > reset->service_accepted;
    set_if(facts, FACT_SERVICE_ACCEPTED_BEFORE, entry || !services->full, before);
    set_if(facts, FACT_SERVICE_ACCEPTED_AFTER, entry || !services->full, after);
    double gap = before ? ticks_msec(reset->service_accept_ticks, now) / 1e3 : INFINITY;
    if (after && entry->accepted_again && entry->accept_after_refusal_ticks - now < 1u << 31)
        gap = fmin(gap, ticks_msec(now, entry->accept_after_refusal_ticks) / 1e3);
    set_if(facts, FACT_SERVICE_ACCEPT_GAP_SEC, gap < INFINITY, gap);
}

static void measure_host(const struct reset *reset, struct facts *facts)
{
    const struct services *services = reset->services;
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

static void measure_after(const struct reset *reset, struct facts *facts)
{
    static const struct sequel nothing;
    facts->value[HABIT_AFTER] =
        memcmp(&reset->sequel, &nothing, offsetof(struct sequel, followups)) == 0;
    facts->known[HABIT_AFTER] = true;
}

/* Both ends' SYNs were captured, the server's once, and the client's answer; nothing was lost,
 * closed, or sent again. */
static bool course_is_whole(const struct conn *conn, const struct endpoint *client,
                            const struct endpoint *server)
{
    const unsigned kept = ENDPOINT_SEEN | ENDPOINT_SYN;
    const unsigned odd = ENDPOINT_FIN | ENDPOINT_LOST | ENDPOINT_TRAIN;
    unsigned both = client->flags & server->flags, either = client->flags | server->flags;
    return (both & kept) == kept && (either & odd) == 0 && (client->flags & ENDPOINT_ACKED) &&
           (server->flags & ENDPOINT_SYN_ACKING) && server->syns == 1 &&
           (conn->flags & (CONN_ROLES_KNOWN | CONN_OLD_TUPLE | CONN_STRAY_ACK)) == CONN_ROLES_KNOWN;
}

/* All there is are SYNs of the peer. */
static bool course_is_refused(const struct conn *conn, const struct endpoint *resetter,
                              const struct endpoint *peer)
{
    const unsigned syn = ENDPOINT_SEEN | ENDPOINT_SYN;
    const unsigned odd = ENDPOINT_FIN | ENDPOINT_LOST | ENDPOINT_ACKED | ENDPOINT_SYN_ACKING;
    return resetter->flags == 0 && (peer->flags & (syn | odd)) == syn &&
           (conn->flags & (CONN_ROLES_KNOWN | CONN_OLD_TUPLE | CONN_STRAY_ACK)) == CONN_ROLES_KNOWN;
}

static void measure_course(const struct reset *reset, struct facts *facts)
{
    const struct conn *conn = &reset->conn;
    const struct endpoint *client = &conn->end[conn_client_side(conn)];
    const struct endpoint *server = &conn->end[!conn_client_side(conn)];
    bool refused = course_is_refused(conn, reset_resetter(reset), reset_peer(reset)) &&
                   reset_peer(reset) == client;
    facts->value[HABIT_COURSE] = course_is_whole(conn, client, server) ? 1 : refused ? 2 : 0;
    facts->known[HABIT_COURSE] = true;
}

reset_measure_fn *const reset_measures[GROUP_COUNT] = {
    [GROUP_HEADER] = measure_header,
    [GROUP_OPTIONS] = measure_options,
    [GROUP_IDS] = measure_ids,
    [GROUP_HOPS] = measure_hops,
    [GROUP_NUMBERS] = measure_numbers,
    [GROUP_CONTRADICTIONS] = measure_contradictions,
    [GROUP_TRIGGER] = measure_trigger,
    [GROUP_DELAY] = measure_delay,
    [GROUP_RESETTER] = measure_resetter,
    [GROUP_RESETTER_FIN] = measure_resetter_fin,
    [GROUP_RESETTER_SENT] = measure_resetter_sent,
    [GROUP_TRAIN] = measure_train,
    [GROUP_WINDOW] = measure_window,
    [GROUP_STACK] = measure_stack,
    [GROUP_PEER] = measure_peer,
    [GROUP_PEER_SENT] = measure_peer_sent,
    [GROUP_ANSWER] = measure_answer,
    [GROUP_CONN] = measure_conn,
    [GROUP_TIMES] = measure_times,
    [GROUP_SEQUEL] = measure_sequel,
    [GROUP_SERVICE] = measure_service,
    [GROUP_HOST] = measure_host,
    [GROUP_AFTER] = measure_after,
    [GROUP_COURSE] = measure_course,
};

void reset_measure(const struct reset *reset, struct facts *facts)
{
    for (unsigned group = 0; group < GROUP_COUNT; group++)
        reset_measures[group](reset, facts);
}
