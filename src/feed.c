#include "feed.h"

#include <stdlib.h>
#include <string.h>

#include "analyser.h"
#include "flow/conn_feed.h"

#define JUST_NOW_NSEC INT64_C(2000000000)

static void feed_evict(void *user, uint32_t index)
{
    (void)index; /* an open event keeps its own copy of the connection */
    struct whyrst_analyser *analyser = user;
    analyser->counts.evicted++;
}

/* Whether a connection that a new SYN replaces may still live at its server: it was never closed,
 * or only just answered and reset. */
static bool feed_is_unfinished(const struct conn *old, int64_t now_nsec)
{
    uint16_t both = old->end[0].flags & old->end[1].flags;
    uint16_t either = old->end[0].flags | old->end[1].flags;
    int64_t age_nsec = now_nsec - old->last_nsec;
    if (old->flags & CONN_RESET)
        return (either & ENDPOINT_SYN_ACKING) && age_nsec < JUST_NOW_NSEC;
    return !(both & ENDPOINT_FIN) && ((both & ENDPOINT_SEEN) || age_nsec < JUST_NOW_NSEC);
}

/* Puts a new connection under the segment's key, in a new place or over the one that was there, and
 * feeds it its SYN if it begins with one (conn_is_opened_by). */
static uint32_t feed_open(struct whyrst_analyser *analyser, uint32_t index,
                          const struct segment *segment)
{
    struct table *table = &analyser->table;
    bool unfinished = false;
    if (index != 0) {
        unfinished = feed_is_unfinished(&table->conns[index], segment->time_nsec);
    } else {
        index = table_insert(table, segment, feed_evict, analyser);
        if (index == 0) {
            analyser->out_of_memory = true;
            return 0;
        }
    }
    struct conn *conn = &table->conns[index];
    if (conn_is_opened_by(segment))
        conn_open(conn, &table->colds[index], segment);
    else
        conn_init(conn, &table->colds[index], segment);
    conn->flags |= unfinished ? CONN_OLD_TUPLE : 0;
    conn->stream = streams_open(&analyser->streams, index, segment->input);
    analyser->counts.connections++;
    return index;
}

static void feed_rst(struct whyrst_analyser *analyser, uint32_t index,
                     const struct segment_batch *batch, const struct segment *segment,
                     unsigned side)
{
    struct conn *conn = &analyser->table.conns[index];
    struct conn_cold *cold = &analyser->table.colds[index];
    struct conn before = *conn;
    struct conn_cold cold_before = *cold;
    const uint8_t *payload = NULL;
    uint16_t payload_bytes = 0;
    if (segment->rst_payload != 0) {
        payload = batch->payloads[segment->rst_payload - 1].bytes;
        payload_bytes = batch->payloads[segment->rst_payload - 1].length;
    }
    if (conn_feed(conn, cold, segment, side) == CONN_DUPLICATE) {
        analyser->inputs[segment->input].duplicates++;
        events_feed_copy(&analyser->events, index, segment, side);
        return;
    }
    events_feed_rst(&analyser->events, index, &before, &cold_before, segment, side, payload,
                    payload_bytes);
    conn->trace = trace_append(&analyser->log, segment, conn->trace);
}

/* The service remembers whom it accepted; a SYN right before gives the round trip. */
static void feed_accept(struct whyrst_analyser *analyser, const struct conn *conn,
                        const struct segment *segment, unsigned side)
{
    unsigned last = (unsigned)(conn->history & 15);
    bool after_syn = last == (HISTORY_SYN | (side ? 0 : HISTORY_HIGH));
    services_accept(&analyser->services, segment,
                    after_syn ? segment->time_nsec - conn->last_nsec : -1);
}

/* A packet that is not the usual one of a connection under way. index: the connection it belongs to
 * but for a chance in 2^32, 0 none. */
static __attribute__((noinline)) void feed_any(struct whyrst_analyser *analyser,
                                               const struct segment_batch *batch,
                                               const struct segment *segment, uint32_t index)
{
    struct table *table = &analyser->table;
    unsigned side = segment_side(segment);
    if (!table_holds(table, index, segment))
        index = table_find(table, segment);
    if (index == 0 || conn_is_reopened_by(&table->conns[index], segment, side)) {
        index = feed_open(analyser, index, segment);
        if (index == 0)
            return;
        if (conn_is_opened_by(segment)) {
            table->conns[index].trace = trace_append(&analyser->log, segment, 0);
            return;
        }
    }
    struct conn *conn = &table->conns[index];
    if (analyser->input_count > 1)
        conn->stream = streams_in(&analyser->streams, index, conn->stream, segment->input);
    if (segment->flags & TCP_RST) {
        feed_rst(analyser, index, batch, segment, side);
        return;
    }
    if ((segment->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
        !(conn->end[side].flags & ENDPOINT_SYN))
        feed_accept(analyser, conn, segment, side);
    if ((conn_is_repeated_by(conn, segment, side) &&
         conn_holds_copy(conn, &analyser->log, segment, side)) ||
        conn_feed(conn, &table->colds[index], segment, side) == CONN_DUPLICATE) {
        conn->end[side].copied = true;
        analyser->inputs[segment->input].duplicates++;
        return;
    }
    if (conn->flags & CONN_RESET)
        events_feed_sequel(&analyser->events, index, segment, side);
    conn->trace = trace_append(&analyser->log, segment, conn->trace);
}

/* Does the same as feed_any when the guess is right and the segment a usual one, or
 * returns false: so it is for nearly all packets of a capture, which pay for nothing else. */
static inline bool feed_usual(struct whyrst_analyser *analyser, const struct segment *segment,
                              size_t index)
{
    struct conn *conn = &analyser->table.conns[index];
    size_t side = segment_side(segment);
    uint32_t print = conn_print(segment);
    if (!conn_is_usual(conn, segment, side, print) ||
        !table_has_key(&analyser->table, index, segment))
        return false;
    if (analyser->input_count > 1)
        conn->stream =
            streams_in(&analyser->streams, (uint32_t)index, conn->stream, segment->input);
    conn_feed_usual(conn, analyser->table.colds, index, segment, side, print);
    conn->trace = trace_append(&analyser->log, segment, conn->trace);
    return true;
}

/* How many packets before its own a connection is asked for, so that a packet's cache misses
 * overlap with the work on others. */
#define FEED_AHEAD 16u

/* By segment: the connection it will most likely be of, or 0; behind the last there are zeros. */
static void feed_look_ahead(const struct table *table, const struct segment_batch *batch,
                            uint32_t guesses[DECODE_BATCH + FEED_AHEAD])
{
    const struct segment *segments = batch->segments;
    const struct table_line *lines[DECODE_BATCH];
    size_t count = batch->count;
    for (size_t n = 0; n < count; n++)
        lines[n] = table_prefetch_line(table, segments[n].tag);
    for (size_t n = 0; n < count; n++)
        guesses[n] = table_guess(lines[n], segments[n].tag);
    memset(guesses + count, 0, FEED_AHEAD * sizeof(*guesses));
}

/* Handshakes and resets are told apart first: that they come is hard to foresee, and what they need
 * is as good as known then. A SYN will most likely open a connection, and is not to wait for the
 * memory of another. */
static inline void feed_segment(struct whyrst_analyser *analyser, const struct segment_batch *batch,
                                const struct segment *segment, uint32_t guess)
{
    if ((segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) {
        feed_any(analyser, batch, segment, guess);
        return;
    }
    /* 0 may be wrong: it may have been opened since, or not be in its home line */
    uint32_t index = guess != 0 ? guess : table_stray(&analyser->table, segment->tag);
    if ((segment->flags & (TCP_SYN | TCP_RST)) || !feed_usual(analyser, segment, index))
        feed_any(analyser, batch, segment, index);
}

static void feed_segments(struct whyrst_analyser *analyser, const struct segment_batch *batch,
                          struct ahead ahead)
{
    const struct table *table = &analyser->table;
    const struct segment *segment = batch->segments, *end = segment + batch->count;
    uint32_t guesses[DECODE_BATCH + FEED_AHEAD], *guess = guesses;
    feed_look_ahead(table, batch, guesses);
    for (size_t n = 0; n < FEED_AHEAD; n++)
        table_prefetch_conn(table, guess[n]);
    for (; segment < end; segment++, guess++) {
        ahead_step(&ahead);
        table_prefetch_conn(table, guess[FEED_AHEAD]);
        feed_segment(analyser, batch, segment, *guess);
    }
}

static bool feed_has_input(struct whyrst_analyser *analyser, uint16_t input)
{
    if (input < analyser->input_count)
        return true;
    struct whyrst_input_counts *grown =
        realloc(analyser->inputs, (input + 1u) * sizeof(*analyser->inputs));
    if (grown == NULL)
        return false;
    analyser->inputs = grown;
    for (unsigned n = analyser->input_count; n <= input; n++)
        grown[n] =
            (struct whyrst_input_counts){.first_time_nsec = INT64_MIN, .last_time_nsec = INT64_MIN};
    analyser->input_count = input + 1u;
    return true;
}

static void feed_count_batch(struct whyrst_analyser *analyser, const struct segment_batch *batch)
{
    struct whyrst_input_counts *input = &analyser->inputs[batch->input];
    input->packets += batch->packets;
    input->tcp_packets += batch->count;
    if (input->first_time_nsec == INT64_MIN)
        input->first_time_nsec = batch->first_time_nsec;
    input->last_time_nsec = batch->last_time_nsec;
    for (unsigned n = 0; n < WHYRST_UNDECODED_COUNT; n++)
        analyser->counts.undecoded[n] += batch->undecoded[n];
}

void feed_batch(struct whyrst_analyser *analyser, const struct segment_batch *batch,
                struct ahead ahead)
{
    if (batch->packets == 0)
        return;
    if (!feed_has_input(analyser, batch->input)) {
        analyser->out_of_memory = true;
        return;
    }
    feed_count_batch(analyser, batch);
    feed_segments(analyser, batch, ahead);
    events_settle(&analyser->events, batch->last_time_nsec);
}
