#include <math.h>
#include <stdlib.h>

#include "reset/measure.h"

void measure_header(const struct reset *reset, struct facts *facts)
{
    const struct segment *rst = &reset->rst;
    bool ack = rst->flags & TCP_ACK;
    set_if(facts, FACT_RST_SHAPE, reset->shape_known, reset->shape);
    set(facts, FACT_RST_ACK_FLAG, ack);
    set(facts, FACT_RST_WINDOW, rst->window);
    set(facts, FACT_RST_DSCP, (rst->marks & MARK_DSCP) != 0);
    set_if(facts, FACT_RST_FLOW_LABEL, segment_is_ipv6(rst), (rst->marks & MARK_LABEL) != 0);
    set(facts, FACT_RST_ACK_COPIES_SEQ, !ack && rst->ack == rst->seq && rst->seq != 0);
    set(facts, FACT_RST_PAYLOAD_BYTES, rst->payload_bytes);
}

void measure_options(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct segment *rst = &reset->rst;
    bool seen = resetter->flags & ENDPOINT_SEEN, ack = rst->flags & TCP_ACK;
    bool negotiated = resetter->flags & peer->flags & ENDPOINT_TIMESTAMPS;
    bool carries = rst->options & OPTION_TIMESTAMPS;
    bool clean = !(rst->marks & MARK_OPTIONS_CUT);
    bool whole = segment_is_ipv6(rst) || rst->marks & MARK_DF;
    set_if(facts, FACT_RST_TIMESTAMPS, carries || (seen && clean),
           carries      ? TIMESTAMPS_PRESENT
           : negotiated ? TIMESTAMPS_MISSING
                        : TIMESTAMPS_NOT_NEGOTIATED);
    set_if(facts, FACT_RST_MPTCP_REASON, clean,
           rst->marks & MARK_MPTCP_RST ? rst->mptcp_reason : -1);
    set_if(facts, FACT_RST_PLAIN, clean,
           rst->options == 0 && rst->window == 0 && rst->ip_id == 0 && whole &&
               (ack || rst->ack == 0));
}

void measure_ids(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset);
    const struct segment *rst = &reset->rst;
    bool ipv4 = !segment_is_ipv6(rst);
    uint16_t step = (uint16_t)(rst->ip_id - resetter->ip_id);
    bool id_base = (resetter->flags & ENDPOINT_SEEN) && (resetter->flags & ENDPOINT_ID);
    set_if(facts, FACT_RST_IP_ID, ipv4 && (rst->ip_id == 0 || id_base),
           rst->ip_id == 0           ? IP_ID_ZERO
           : step >= 1 && step <= 64 ? IP_ID_CONTINUES
                                     : IP_ID_UNRELATED);
    set_if(facts, FACT_RST_IP_ID_STEP, ipv4 && id_base && rst->ip_id != 0, (int16_t)step);
}

void measure_hops(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset);
    const struct segment *rst = &reset->rst;
    bool seen = resetter->flags & ENDPOINT_SEEN;
    set_if(facts, FACT_RST_TTL_CHANGE, seen, rst->ttl - resetter->ttl);
    set(facts, FACT_RST_INITIAL_TTL, initial_ttl(rst->ttl));
    int hops = initial_ttl(rst->ttl) - rst->ttl, usual = initial_ttl(resetter->ttl) - resetter->ttl;
    set(facts, FACT_RST_HOPS, hops);
    uint8_t other = seen ? resetter->ttl : reset->host_ttl;
    set_if(facts, FACT_RST_HOPS_CHANGE, other != 0, hops - (initial_ttl(other) - other));
    set_if(facts, FACT_RST_TTL_CLASS_SWITCH, seen,
           initial_ttl(rst->ttl) != initial_ttl(resetter->ttl) && abs(hops - usual) <= 1);
}

void measure_numbers(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct segment *rst = &reset->rst;
    bool seen = resetter->flags & ENDPOINT_SEEN, answered = reset->trigger_kind != TRIGGER_NONE;
    set_if(facts, FACT_RST_DSCP_DROPPED, answered,
           (peer->flags & ENDPOINT_DSCP) && !(rst->marks & MARK_DSCP));
    set_if(facts, FACT_RST_FLOW_LABEL_DROPPED, segment_is_ipv6(rst) && seen,
           (resetter->flags & ENDPOINT_LABEL) && !(rst->marks & MARK_LABEL));
    set_if(facts, FACT_RST_SEQ_OFFSET, resetter->flags & ENDPOINT_BASE,
           seq_diff(rst->seq, resetter->snd_nxt));
    set_if(facts, FACT_RST_ACK_OFFSET, (rst->flags & TCP_ACK) && (peer->flags & ENDPOINT_BASE),
           seq_diff(rst->ack, peer->snd_nxt));
    set_if(facts, FACT_RST_WINDOW_ECHO, answered, rst->window != 0 && rst->window == peer->window);
}

/* Header fields of the RST that the resetter's own stack, as its other packets show it, would have
 * set otherwise. One alone happens; two do not. */
static unsigned count_contradictions(const struct reset *reset, struct facts *facts)
{
    const struct endpoint *resetter = reset_resetter(reset);
    const struct segment *rst = &reset->rst;
    bool linux_like = measure_stack_of(reset, resetter) == STACK_LINUX &&
                      (resetter->flags & (ENDPOINT_TIMESTAMPS | ENDPOINT_WSCALE));
    bool active = reset->shape == SHAPE_ACTIVE, own = active || reset->shape == SHAPE_BARE;
    unsigned count = 0;
    if (!(resetter->flags & ENDPOINT_SEEN) || reset->shape == SHAPE_REFUSAL)
        return 0;
    measure_ids(reset, facts);
    measure_hops(reset, facts);
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

void measure_contradictions(const struct reset *reset, struct facts *facts)
{
    set_if(facts, FACT_RST_CONTRADICTIONS, reset_resetter(reset)->flags & ENDPOINT_SEEN,
           count_contradictions(reset, facts));
}

void measure_trigger(const struct reset *reset, struct facts *facts)
{
    set_if(facts, FACT_TRIGGER_KIND, reset_peer(reset)->flags & ENDPOINT_SEEN, reset->trigger_kind);
    set(facts, FACT_RESETTER_ROLE, reset->side == conn_client_side(&reset->conn) ? 0 : 1);
}

void measure_delay(const struct reset *reset, struct facts *facts)
{
    bool answered = reset->trigger_kind != TRIGGER_NONE;
    double delay_nsec = (double)reset->trigger_delay_nsec;
    double idle_sec = reset->cold.pause_msec / 1e3;
    bool paused = reset->cold.pause_msec > 0;
    /* The silence came right before the packet answered, give or take an ACK. */
    bool before = paused && reset->conn.since_pause <= 2;
    set_if(facts, FACT_TRIGGER_DELAY_MSEC, answered, delay_nsec / NSEC_PER_MSEC);
    set_if(facts, FACT_TRIGGER_DELAY_RTTS, answered && reset->cold.rtt_usec > 0,
           delay_nsec / (reset->cold.rtt_usec * 1e3));
    set_if(facts, FACT_TRIGGER_IDLE_SEC, answered && reset->conn.history >> 4 != 0,
           before ? idle_sec : 0);
    set_if(facts, FACT_TRIGGER_IDLE_TIMER, answered, before && measure_idle_timer(idle_sec, 0.1));
}
