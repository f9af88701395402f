#include "reset/reset.h"

/* A reply comes within a round trip of what it answers; some take a scheduler's time longer. */
#define REPLY_RTTS       4
#define REPLY_SLACK_NSEC INT64_C(600000000)

/* How far back an acknowledgment that the RST copies is looked for. */
#define SEARCH_RECORDS 64

static const enum trigger_kind kind_of_code[8] = {
    [HISTORY_SYN] = TRIGGER_SYN,   [HISTORY_SYN_ACK] = TRIGGER_SYN_ACK, [HISTORY_ACK] = TRIGGER_ACK,
    [HISTORY_DATA] = TRIGGER_DATA, [HISTORY_FIN] = TRIGGER_FIN,
};

static unsigned record_side(const struct trace_record *record)
{
    return record->input_side & 1;
}

/* The sequence number behind what it took: payload, SYN and FIN. */
static uint32_t record_end(const struct trace_record *record)
{
    uint32_t flags = record->payload_flags;
    return record->seq + (flags >> 12) + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
}

/* The peer's newest packet: what a reply would answer. */
static void observe_trigger(struct reset *reset)
{
    const struct conn *conn = &reset->conn;
    const struct endpoint *peer = reset_peer(reset);
    const struct endpoint_cold *cold = &reset->cold.end[!reset->side];
    unsigned peer_bit = reset->side ? 0 : HISTORY_HIGH;
    reset->trigger_kind = TRIGGER_NONE;
    reset->trigger_delay_nsec = -1;
    if (!(peer->flags & ENDPOINT_SEEN))
        return;
    uint64_t history = conn->history;
    while (history != 0 && (history & HISTORY_HIGH) != peer_bit)
        history >>= 4;
    reset->trigger_kind = (uint8_t)kind_of_code[history & 7];
    if (cold->probes > 0 && cold->train_ticks == peer->last_ticks)
        reset->trigger_kind = TRIGGER_PROBE;
    bool peer_sent_last = conn_last_side(conn) != reset->side;
    if (peer_sent_last)
        reset->trigger_delay_nsec = reset->rst.time_nsec - conn->last_nsec;
    else
        reset->trigger_delay_nsec =
            (int64_t)(conn_ticks(reset->rst.time_nsec) - peer->last_ticks) * TICK_NSEC;
    if (reset->trigger_delay_nsec < 0)
        reset->trigger_delay_nsec = 0;
}

bool reset_finds_answered(const struct trace_log *log, uint32_t newest, unsigned side,
                          const struct segment *rst)
{
    const struct trace_record *record = trace_find_recent(log, newest);
    for (unsigned n = 0; record != NULL && n < SEARCH_RECORDS; n++) {
        if (record_side(record) != side && (record->payload_flags & TCP_ACK) &&
            !(record->payload_flags & TCP_RST) && record->ack == rst->seq &&
            (!(rst->flags & TCP_ACK) || record_end(record) == rst->ack))
            return true;
        record = trace_find_recent(log, record->previous);
    }
    return false;
}

/* Whether the RST is the peer's last packet turned round: numbers swapped without counting its
 * payload, its window echoed, the resetter's options gone. */
static bool observe_rewritten(const struct reset *reset, const struct trace_log *log)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    if (reset->rst.window == 0 || reset->rst.window != peer->window ||
        reset->rst.ack == peer->snd_nxt)
        return false;
    bool options_lost =
        (resetter->flags & ENDPOINT_TIMESTAMPS) && !(reset->rst.options & OPTION_TIMESTAMPS);
    bool id_lost = reset->rst.ip_id == 0 && (resetter->flags & ENDPOINT_ID);
    const struct trace_record *record = trace_find_recent(log, reset->conn.trace);
    while (record != NULL && record_side(record) == reset->side)
        record = trace_find_recent(log, record->previous);
    return record != NULL && record->payload_flags >> 12 > 0 && reset->rst.ack == record->seq &&
           reset->rst.seq == record->ack && (options_lost || id_lost);
}

static enum rst_shape observe_with_ack(struct reset *reset, const struct trace_log *log)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct segment *rst = &reset->rst;
    bool resetter_known = resetter->flags & ENDPOINT_BASE;
    if (rst->seq == 0 && (!resetter_known || resetter->snd_nxt != 0))
        return SHAPE_REFUSAL;
    /* Some stacks and devices copy the SYN's acknowledgment field instead of 0. */
    if (!(resetter->flags & ENDPOINT_SEEN) && (peer->flags & ENDPOINT_SYN) &&
        !(peer->flags & ENDPOINT_ACKED) && rst->ack == peer->isn + 1)
        return SHAPE_REFUSAL;
    if (!resetter_known) {
        reset->shape_known = rst->window != 0 || (rst->options & OPTION_TIMESTAMPS);
        return SHAPE_ACTIVE;
    }
    if (observe_rewritten(reset, log))
        return SHAPE_REWRITTEN;
    int32_t offset = seq_diff(rst->seq, resetter->snd_nxt);
    if (offset == 0)
        return SHAPE_ACTIVE;
    if (offset > 0 && offset < (1 << 24)) /* its last packets are missing from the capture */
        return SHAPE_ACTIVE;
    if ((peer->flags & ENDPOINT_ACKED) && rst->seq == peer->rcv_nxt)
        return SHAPE_REPLY; /* stacks that set ACK on every RST */
    /* The peer shrank its window below what was sent (Linux, tcp_acceptable_seq). */
    uint32_t edge = peer->rcv_nxt + conn_window_bytes(&reset->conn, !reset->side, peer->window);
    if (rst->seq == edge)
        return SHAPE_ACTIVE;
    if (reset_finds_answered(log, reset->conn.trace, reset->side, rst))
        return SHAPE_REPLY;
    return SHAPE_ODD;
}

static enum rst_shape observe_without_ack(struct reset *reset, const struct trace_log *log)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    const struct segment *rst = &reset->rst;
    if (!(peer->flags & ENDPOINT_SEEN)) {
        reset->shape_known = false;
        return SHAPE_REPLY;
    }
    bool peer_sent_last = conn_last_side(&reset->conn) != reset->side;
    bool all_taken = (resetter->flags & ENDPOINT_ACKED) && resetter->rcv_nxt == peer->snd_nxt;
    bool at_next = (resetter->flags & ENDPOINT_BASE) && rst->seq == resetter->snd_nxt;
    if ((peer->flags & ENDPOINT_ACKED) && rst->seq == peer->rcv_nxt) {
        int64_t late_nsec = REPLY_SLACK_NSEC + INT64_C(1000) * REPLY_RTTS * reset->cold.rtt_usec;
        if (reset->trigger_kind == TRIGGER_ACK && reset->trigger_delay_nsec > late_nsec && at_next)
            return SHAPE_BARE;
        if (!peer_sent_last && all_taken && at_next && (resetter->flags & ENDPOINT_SEEN))
            return SHAPE_BARE; /* it had acknowledged everything: nothing was left to answer */
        return SHAPE_REPLY;
    }
    if (reset_finds_answered(log, reset->conn.trace, reset->side, rst))
        return SHAPE_REPLY;
    return at_next ? SHAPE_BARE : SHAPE_ODD;
}

void reset_observe(struct reset *reset, const struct conn *conn, const struct conn_cold *cold,
                   const struct segment *rst, unsigned side, const struct trace_log *log)
{
    reset->rst = *rst;
    reset->conn = *conn;
    reset->cold = *cold;
    reset->side = (uint8_t)side;
    reset->shape_known = true;
    observe_trigger(reset);
    reset->shape = (uint8_t)(rst->flags & TCP_ACK ? observe_with_ack(reset, log)
                                                  : observe_without_ack(reset, log));
}

enum handshake reset_handshake(const struct reset *reset)
{
    const struct conn *conn = &reset->conn;
    unsigned client = conn_client_side(conn);
    uint16_t client_flags = conn->end[client].flags, server_flags = conn->end[!client].flags;
    if (!(conn->flags & CONN_ROLES_KNOWN))
        return HANDSHAKE_NONE;
    if (!(server_flags & ENDPOINT_SYN))
        return server_flags & ENDPOINT_SEEN && !(conn->flags & CONN_STRAY_ACK) ? HANDSHAKE_COMPLETE
                                                                               : HANDSHAKE_SYN;
    return client_flags & ENDPOINT_ACKED ? HANDSHAKE_COMPLETE : HANDSHAKE_SYN_ACK;
}

enum whyrst_stage reset_stage(const struct reset *reset)
{
    const struct conn *conn = &reset->conn;
    const struct endpoint *client = &conn->end[conn_client_side(conn)];
    const struct endpoint *server = &conn->end[!conn_client_side(conn)];
    uint16_t both = client->flags & server->flags, either = client->flags | server->flags;
    if (both & ENDPOINT_FIN || conn->flags & CONN_RESET)
        return WHYRST_CLOSED;
    if (either & ENDPOINT_FIN)
        return WHYRST_CLOSING;
    if (!(either & ENDPOINT_SYN))
        return WHYRST_MIDSTREAM;
    if (client->data_segments == 0 && server->data_segments == 0)
        return server->flags & ENDPOINT_SEEN || client->flags & ENDPOINT_ACKED ? WHYRST_POST_ACK
                                                                               : WHYRST_POST_SYN;
    return client->data_segments == 1 && server->data_segments == 0 ? WHYRST_POST_PSH
                                                                    : WHYRST_LATER;
}
