#include "analyser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "flow/conn_feed.h"
#include "pipeline.h"
#include "rules/verdict.h"

#define DEFAULT_CONNECTIONS (8u << 20)
#define DEFAULT_TRACE_BYTES ((size_t)64 << 20)
#define COUNTS_TRACE_BYTES  (TRACE_RECENT * sizeof(struct trace_record)) /* no report, no need */
#define DEFAULT_PENDING     8192
#define JUST_NOW_NSEC       INT64_C(2000000000)

const char *whyrst_version(void)
{
    return WHYRST_VERSION;
}

/* What --summary shows of an event; the rest of out stays zero for good. */
static void analyser_identify(const struct reset *reset, const struct verdict *verdict,
                              struct whyrst_reset *out)
{
    verdict_identify(reset, out);
    out->origin = verdict->origin;
    out->verdict.cause = verdict->cause;
    out->verdict.confidence = verdict->confidence;
}

/* A decided event: what it means, counted and handed out. */
static void analyser_decide(void *user, const struct reset *reset)
{
    struct whyrst_analyser *analyser = user;
    struct whyrst_reset *out = &analyser->out;
    struct facts facts;
    struct packet_line line;
    struct verdict verdict;
    enum whyrst_side side =
        reset->side == conn_client_side(&reset->conn) ? WHYRST_CLIENT : WHYRST_SERVER;
    reset_measure(reset, &analyser->services, &facts);
    reset_packet_line(reset, &line);
    if (analyser->options.counts_only) {
        verdict_decide_cause(analyser->rules, &facts, &line, side, &verdict);
        analyser_identify(reset, &verdict, out);
    } else {
        verdict_decide(analyser->rules, &facts, &line, side, &verdict);
        memset(out, 0, offsetof(struct whyrst_reset, alternatives));
        out->alternative_count = out->evidence_count = out->caveat_count = 0;
        verdict_describe(analyser->rules, reset, &facts, &line, &verdict,
                         analyser->options.language, out);
    }
    analyser->counts.resets++;
    analyser->counts.by_cause[verdict.cause]++;
    if (services_count(&analyser->services, &out->server, verdict.cause) != 0)
        analyser->out_of_memory = true;
    if (analyser->on_reset != NULL)
        analyser->on_reset(out, analyser->user);
}

static void analyser_evict(void *user, uint32_t index)
{
    (void)index; /* an open event keeps its own copy of the connection */
    struct whyrst_analyser *analyser = user;
    analyser->counts.evicted++;
}

/* Whether a connection that a new SYN replaces may still live at its server: it was never closed,
 * or only just answered and reset. */
static bool conn_is_unfinished(const struct conn *old, int64_t now_nsec)
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
static uint32_t analyser_open(struct whyrst_analyser *analyser, uint32_t index,
                              const struct segment *segment)
{
    struct table *table = &analyser->table;
    bool unfinished = false;
    if (index != 0) {
        unfinished = conn_is_unfinished(&table->conns[index], segment->time_nsec);
    } else {
        index = table_insert(table, segment, analyser_evict, analyser);
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

static void analyser_feed_rst(struct whyrst_analyser *analyser, uint32_t index,
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
static void analyser_feed_accept(struct whyrst_analyser *analyser, const struct conn *conn,
                                 const struct segment *segment, unsigned side)
{
    unsigned last = (unsigned)(conn->history & 15);
    bool after_syn = last == (HISTORY_SYN | (side ? 0 : HISTORY_HIGH));
    services_accept(&analyser->services, segment,
                    after_syn ? segment->time_nsec - conn->last_nsec : -1);
}

/* A packet that is not the usual one of a connection under way. index: the connection it belongs to
 * but for a chance in 2^32, 0 none. */
static __attribute__((noinline)) void analyser_feed_any(struct whyrst_analyser *analyser,
                                                        const struct segment_batch *batch,
                                                        const struct segment *segment,
                                                        uint32_t index)
{
    struct table *table = &analyser->table;
    unsigned side = segment_side(segment);
    if (index == 0 || !table_has_key(table, index, segment))
        index = table_find(table, segment);
    if (index == 0 || conn_is_reopened_by(&table->conns[index], segment, side)) {
        index = analyser_open(analyser, index, segment);
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
        analyser_feed_rst(analyser, index, batch, segment, side);
        return;
    }
    if ((segment->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
        !(conn->end[side].flags & ENDPOINT_SYN))
        analyser_feed_accept(analyser, conn, segment, side);
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

/* Does the same as analyser_feed_any when the guess is right and the segment a usual one, or
 * returns false: so it is for nearly all packets of a capture, which pay for nothing else. */
static inline bool analyser_feed_usual(struct whyrst_analyser *analyser,
                                       const struct segment *segment, size_t index)
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

/* Three passes, so that a packet's cache misses overlap with those of its neighbours. */
static void analyser_feed_segments(struct whyrst_analyser *analyser,
                                   const struct segment_batch *batch)
{
    const struct table *table = &analyser->table;
    const struct segment *segments = batch->segments;
    const struct table_line *lines[DECODE_BATCH];
    uint32_t guesses[DECODE_BATCH];
    size_t count = batch->count;
    uint64_t evicted = table->evicted;
    for (size_t n = 0; n < count; n++)
        lines[n] = table_prefetch(table, &segments[n]);
    for (size_t n = 0; n < count; n++)
        guesses[n] = table_guess(table, lines[n], &segments[n]);
    for (size_t n = 0; n < count; n++) {
        uint32_t index = guesses[n];
        if (index == 0)
            index = table_stray(table, &segments[n]);
        if (analyser_feed_usual(analyser, &segments[n], index))
            continue;
        analyser_feed_any(analyser, batch, &segments[n], index);
        if (table->evicted != evicted) { /* a connection dropped since the guess keeps its key */
            memset(guesses, 0, sizeof(guesses));
            evicted = table->evicted;
        }
    }
}

static bool analyser_has_input(struct whyrst_analyser *analyser, uint16_t input)
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

static void analyser_count_batch(struct whyrst_analyser *analyser,
                                 const struct segment_batch *batch)
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

void analyser_feed_batch(struct whyrst_analyser *analyser, const struct segment_batch *batch)
{
    if (batch->packets == 0)
        return;
    if (!analyser_has_input(analyser, batch->input)) {
        analyser->out_of_memory = true;
        return;
    }
    analyser_count_batch(analyser, batch);
    analyser_feed_segments(analyser, batch);
    events_settle(&analyser->events, batch->last_time_nsec);
}

static void analyser_fill_defaults(struct whyrst_options *options)
{
    if (options->max_connections == 0)
        options->max_connections = DEFAULT_CONNECTIONS;
    if (options->trace_bytes == 0)
        options->trace_bytes = options->counts_only ? COUNTS_TRACE_BYTES : DEFAULT_TRACE_BYTES;
    if (options->max_pending == 0)
        options->max_pending = DEFAULT_PENDING;
    if (options->threads ==
        0) /* a second one saves a quarter of the time for a quarter more work */
        options->threads = 1;
}

/* A capture must not be able to choose hash collisions. */
static void analyser_draw_key(struct decode_key *key)
{
    if (getrandom(key, sizeof(*key), 0) != (ssize_t)sizeof(*key))
        for (unsigned n = 0; n < 4; n++)
            key->secret[n] = (uint64_t)(uintptr_t)key * (n + 1) ^ (uint64_t)getpid() << 32;
}

struct whyrst_analyser *whyrst_new(const struct whyrst_options *options,
                                   const struct whyrst_rules *rules, whyrst_reset_fn *on_reset,
                                   void *user, struct whyrst_error *error)
{
    struct whyrst_analyser *analyser = calloc(1, sizeof(*analyser));
    if (analyser == NULL) {
        if (error != NULL)
            snprintf(error->text, sizeof(error->text), "out of memory");
        return NULL;
    }
    analyser->options = *options;
    analyser_fill_defaults(&analyser->options);
    options = &analyser->options;
    analyser->rules = rules;
    analyser->on_reset = on_reset;
    analyser->user = user;
    analyser_draw_key(&analyser->key);
    batch_clear(&analyser->batch);
    if (table_init(&analyser->table, options->max_connections, &analyser->key, error) != 0 ||
        trace_init(&analyser->log, options->trace_bytes, error) != 0 ||
        services_init(&analyser->services, analyser->key.secret[0], error) != 0 ||
        events_init(&analyser->events, options->max_pending, !options->counts_only, error) != 0)
        goto fail;
    if (streams_init(&analyser->streams, analyser->table.limit) != 0) {
        if (error != NULL)
            snprintf(error->text, sizeof(error->text), "out of memory");
        goto fail;
    }
    analyser->events.settle_nsec = options->settle_nsec;
    analyser->events.table = &analyser->table;
    analyser->events.log = &analyser->log;
    analyser->events.services = &analyser->services;
    analyser->events.on_decide = analyser_decide;
    analyser->events.user = analyser;
    if (options->threads > 1 && (analyser->pipeline = pipeline_new(analyser, error)) == NULL)
        goto fail;
    return analyser;
fail:
    whyrst_free(analyser);
    return NULL;
}

static int analyser_result(struct whyrst_analyser *analyser, struct whyrst_error *error)
{
    if (!analyser->out_of_memory)
        return 0;
    if (error != NULL)
        snprintf(error->text, sizeof(error->text),
                 "out of memory: allow fewer connections or split the capture");
    return -1;
}

int whyrst_feed(struct whyrst_analyser *analyser, const struct whyrst_packet *packets, size_t count,
                struct whyrst_error *error)
{
    while (count > 0) {
        struct segment_batch *batch =
            analyser->pipeline ? pipeline_next(analyser->pipeline) : &analyser->batch;
        size_t taken = batch_decode(batch, &analyser->key, packets, count);
        packets += taken;
        count -= taken;
        if (analyser->pipeline != NULL) {
            pipeline_push(analyser->pipeline);
        } else {
            analyser_feed_batch(analyser, batch);
            batch_clear(batch);
        }
    }
    return analyser->pipeline ? 0 : analyser_result(analyser, error);
}

int whyrst_tick(struct whyrst_analyser *analyser, int64_t now_nsec, struct whyrst_error *error)
{
    if (analyser->pipeline != NULL)
        pipeline_drain(analyser->pipeline);
    events_settle(&analyser->events, now_nsec);
    return analyser_result(analyser, error);
}

int whyrst_finish(struct whyrst_analyser *analyser, struct whyrst_error *error)
{
    if (analyser->pipeline != NULL)
        pipeline_drain(analyser->pipeline);
    events_finish(&analyser->events);
    return analyser_result(analyser, error);
}

void whyrst_free(struct whyrst_analyser *analyser)
{
    if (analyser == NULL)
        return;
    pipeline_free(analyser->pipeline);
    table_clear(&analyser->table);
    trace_clear(&analyser->log);
    services_clear(&analyser->services);
    events_clear(&analyser->events);
    streams_clear(&analyser->streams);
    free(analyser->inputs);
    free(analyser);
}
