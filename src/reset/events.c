#include "reset/events.h"

#include <stdio.h>
#include <string.h>

#include "flow/memory.h"
#include "packet/decode.h"

#define PAIR_NSEC       INT64_C(50000000) /* RSTs this close together are one volley */
#define VOLLEY_COPIES   2                 /* equal RSTs: one more may be the network's copy */
#define MIRROR_NSEC     INT64_C(5000000)  /* RSTs both ways this close are one device's */
#define REVIVED_NSEC    INT64_C(1000000000)
#define REVIVED_PACKETS 2 /* of each side, later than REVIVED_NSEC: the RST had no effect */

int events_init(struct events *events, uint32_t capacity, bool with_details,
                struct whyrst_error *error)
{
    events->capacity = 64;
    while (events->capacity < capacity && events->capacity < 1u << 24)
        events->capacity *= 2;
    events->ring = memory_map(events->capacity * sizeof(*events->ring));
    if (with_details)
        events->details = memory_map(events->capacity * sizeof(*events->details));
    if (events->ring != NULL && (!with_details || events->details != NULL))
        return 0;
    if (error != NULL)
        snprintf(error->text, sizeof(error->text), "no memory for %u resets held back",
                 events->capacity);
    events_clear(events);
    return -1;
}

void events_clear(struct events *events)
{
    memory_unmap(events->ring, events->capacity * sizeof(*events->ring));
    memory_unmap(events->details, events->capacity * sizeof(*events->details));
    events->ring = NULL;
    events->details = NULL;
}

static void events_walk(struct events *events)
{
    reset_note_sequences(events->walks, events->walk_count, events->log);
    events->walk_count = 0;
}

/* Before the log may forget what an event asks for: no more than a batch is added until the next
 * call. */
static void events_walk_in_time(struct events *events)
{
    if (events->walk_count > 0 &&
        events->log->next - events->walks[0].then + 2 * DECODE_BATCH > trace_patience(events->log))
        events_walk(events);
}

/* An event's packets are copied together with those of others. */
static void events_walk_later(struct events *events, struct reset *reset)
{
    if (events->walk_count == RESET_WALKS)
        events_walk(events);
    events->walks[events->walk_count++] = (struct reset_walk){reset, events->log->next};
    events_walk_in_time(events);
}

static void events_decide_oldest(struct events *events)
{
    if (events->opened - events->decided <= events->walk_count)
        events_walk(events);
    struct reset *reset = &events->ring[events->decided % events->capacity];
    events->decided++;
    events->on_decide(events->user, reset);
}

void events_settle(struct events *events, int64_t now_nsec)
{
    events_walk_in_time(events);
    if (events->settle_nsec == 0)
        return;
    while (events->decided < events->opened) {
        const struct reset *oldest = &events->ring[events->decided % events->capacity];
        if (now_nsec - oldest->rst.time_nsec < events->settle_nsec)
            return;
        events_decide_oldest(events);
    }
}

void events_finish(struct events *events)
{
    while (events->decided < events->opened)
        events_decide_oldest(events);
}

/* The undecided event of a connection, or NULL. A decision leaves the connection's number of its
 * slot as it is: that line left the cache long ago. */
static struct reset *events_of(const struct events *events, uint32_t index)
{
    uint32_t slot = events->table->colds[index].event;
    struct reset *reset = slot != 0 ? &events->ring[slot - 1] : NULL;
    return reset && reset->conn_index == index && reset->id > events->decided ? reset : NULL;
}

/* A service refused; its entry, NULL when there is no room for it. */
static const struct service *remember_refusal(struct services *services, const uint8_t *ip,
                                              uint16_t port, uint8_t version)
{
    struct service *refuser = services_add(services, ip, port, version);
    if (refuser != NULL) {
        refuser->refused++;
        refuser->accepted_again = false;
    }
    return refuser;
}

static void remember_host(struct services *services, struct reset *reset)
{
    const struct conn *conn = &reset->conn;
    uint8_t version = conn->flags & CONN_IPV6 ? 6 : 4;
    unsigned server = !conn_client_side(conn), side = reset->side;
    const uint8_t *ip = conn->address[side];
    const struct service *service =
        reset->shape == SHAPE_REFUSAL && side == server
            ? remember_refusal(services, ip, conn->port[side], version)
            : services_find(services, conn->address[server], conn->port[server], version);
    const struct service *host = services_find(services, ip, 0, version);
    reset->burst = services_burst(services, ip, version, conn_ticks(reset->rst.time_nsec));
    reset->host_ttl = host && host->accepted > 0 ? host->ttl : 0;
    reset->host_labels = host && host->labels;
    reset->host_rtt_usec = host ? host->rtt_usec : 0;
    reset->service_accepted = service ? service->accepted : 0;
    reset->service_accept_ticks = service ? service->last_accept_ticks : 0;
    reset->service_near = service ? (uint32_t)(service - services->entries) : 0;
}

static void events_open(struct events *events, uint32_t index, const struct conn *before,
                        const struct conn_cold *cold, const struct segment *rst, unsigned side,
                        const uint8_t *payload, uint16_t payload_bytes)
{
    if (events->opened - events->decided == events->capacity)
        events_decide_oldest(events);
    uint32_t slot = (uint32_t)(events->opened % events->capacity);
    struct reset *reset = &events->ring[slot];
    reset_observe(reset, before, cold, rst, side, events->log);
    reset->id = ++events->opened;
    reset->conn_index = index;
    memset(&reset->sequel, 0, sizeof(reset->sequel));
    reset->services = events->services;
    reset->detail = events->details ? &events->details[slot] : NULL;
    if (reset->detail != NULL) {
        reset->detail->payload_bytes = payload_bytes > sizeof(reset->detail->payload)
                                           ? sizeof(reset->detail->payload)
                                           : payload_bytes;
        if (payload != NULL)
            memcpy(reset->detail->payload, payload, reset->detail->payload_bytes);
        events_walk_later(events, reset);
    }
    remember_host(events->services, reset);
    conn_mark_reset(&events->table->conns[index]);
    events->table->colds[index].event = slot + 1;
}

static void sequel_keep_frame(struct reset *reset, const struct segment *rst)
{
    struct sequel *sequel = &reset->sequel;
    if (sequel->followup_count < RESET_FOLLOWUPS && rst->input == reset->rst.input)
        sequel->followups[sequel->followup_count++] = rst->frame;
}

/* Another RST of the same event: a tail, an answer to what came late, or one of a volley. */
static void sequel_take_rst(struct reset *reset, const struct segment *rst, unsigned side,
                            bool answers)
{
    struct sequel *sequel = &reset->sequel;
    int64_t since_nsec = rst->time_nsec - reset->rst.time_nsec;
    sequel_keep_frame(reset, rst);
    if (side == reset->side) {
        sequel->resetter_rsts++;
        sequel->surplus |= since_nsec <= PAIR_NSEC && sequel->peer_packets == 0 &&
                           !sequel->syn_retried && sequel->resetter_rsts >= reset_answerable(reset);
        if (since_nsec <= PAIR_NSEC && !answers) {
            if (sequel->seq_step == 0)
                sequel->seq_step = seq_diff(rst->seq, reset->rst.seq);
            sequel->mixed |= (rst->flags ^ reset->rst.flags) & TCP_ACK;
        }
        return;
    }
    sequel->peer_rsts++;
    if (sequel->resetter_packets > 0)
        sequel->peer_rst_answers = true;
    else if (since_nsec <= MIRROR_NSEC)
        sequel->both_ways = true;
}

/* Whether the connection went on as if there had been no RST, so that this one is a new event. */
static bool sequel_revived(const struct reset *reset, const struct segment *rst)
{
    const struct sequel *sequel = &reset->sequel;
    return sequel->accepted || (rst->time_nsec - reset->rst.time_nsec > REVIVED_NSEC &&
                                sequel->resetter_packets >= REVIVED_PACKETS &&
                                sequel->peer_packets >= REVIVED_PACKETS &&
                                sequel->resetter_rsts + sequel->peer_rsts == 0);
}

void events_feed_rst(struct events *events, uint32_t index, const struct conn *before,
                     const struct conn_cold *cold, const struct segment *rst, unsigned side,
                     const uint8_t *payload, uint16_t payload_bytes)
{
    events->rst_packets++;
    struct reset *reset = events_of(events, index);
    if (reset != NULL && !sequel_revived(reset, rst)) {
        /* A tail copies the ACK of a packet that came late; a volley answers nothing. */
        bool answers =
            reset_finds_answered(events->log, events->table->conns[index].trace, side, rst);
        sequel_take_rst(reset, rst, side, answers);
    } else if (reset != NULL) {
        struct conn revived = *before;
        revived.flags &= (uint8_t)~CONN_RESET;
        events_open(events, index, &revived, cold, rst, side, payload, payload_bytes);
    } else if (!(before->flags & CONN_RESET)) {
        events_open(events, index, before, cold, rst, side, payload, payload_bytes);
    }
}

void events_feed_copy(struct events *events, uint32_t index, const struct segment *rst,
                      unsigned side)
{
    events->rst_packets++;
    struct reset *reset = events_of(events, index);
    if (reset == NULL)
        return;
    struct sequel *sequel = &reset->sequel;
    sequel->copies++;
    sequel_keep_frame(reset, rst);
    if (side != reset->side || sequel->copies < VOLLEY_COPIES || reset->conn.end[0].copied ||
        reset->conn.end[1].copied)
        return;
    sequel->surplus |= rst->time_nsec - reset->rst.time_nsec <= PAIR_NSEC &&
                       sequel->peer_packets == 0 && !sequel->syn_retried &&
                       sequel->resetter_rsts + sequel->copies >= reset_answerable(reset);
}

/* Whether a packet with the resetter's address proves that its owner had not reset: it is news, or
 * too late to be one that the RST overtook. */
static bool sequel_proves_life(const struct reset *reset, const struct segment *segment)
{
    const struct endpoint *resetter = reset_resetter(reset);
    int64_t since_nsec = segment->time_nsec - reset->rst.time_nsec;
    int64_t overtaken_nsec = INT64_C(3000) * reset->cold.rtt_usec + INT64_C(150000000);
    bool counts = segment->ip_id != 0 && (resetter->flags & ENDPOINT_ID) &&
                  !(resetter->flags & ENDPOINT_ID_JUMPS);
    if (counts && reset->rst.ip_id != 0 &&
        (uint16_t)(reset->rst.ip_id - segment->ip_id) - 1u < 1024)
        return false; /* numbered before the RST: overtaken by it */
    uint32_t end = segment->seq + segment_span(segment);
    bool newer =
        (seq_after(end, resetter->snd_nxt) && seq_after(end, reset->rst.seq)) ||
        ((segment->flags & TCP_ACK) && (resetter->flags & ENDPOINT_ACKED) &&
         seq_after(segment->ack, resetter->rcv_nxt) && seq_after(segment->ack, reset->rst.ack));
    bool numbered = counts && (uint16_t)(segment->ip_id - resetter->ip_id) - 1u < 256;
    return newer || numbered || since_nsec > overtaken_nsec;
}

void events_feed_sequel(struct events *events, uint32_t index, const struct segment *segment,
                        unsigned side)
{
    struct reset *reset = events_of(events, index);
    if (reset == NULL)
        return;
    struct sequel *sequel = &reset->sequel;
    if (segment->flags & TCP_SYN) {
        if (segment->flags & TCP_ACK) {
            sequel->accepted |= sequel->syn_retried;
        } else if (!sequel->syn_retried) {
            sequel->syn_retried = true;
            sequel->syn_retry_ticks =
                conn_ticks(segment->time_nsec) - conn_ticks(reset->rst.time_nsec);
        }
        return;
    }
    if (sequel->syn_retried)
        return; /* the connection of the new attempt, not the one that was reset */
    if (side != reset->side) {
        sequel->peer_packets++;
        sequel->peer_continues = true;
        return;
    }
    sequel->resetter_packets++;
    if (!sequel->resetter_continues && sequel_proves_life(reset, segment)) {
        sequel->resetter_continues = true;
        if (segment->input == reset->rst.input)
            sequel->continues_frame = segment->frame;
    }
}
