#include "analyser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "pipeline.h"
#include "rules/verdict.h"

#define DEFAULT_CONNECTIONS (8u << 20)
#define DEFAULT_TRACE_BYTES ((size_t)64 << 20)
#define COUNTS_TRACE_BYTES  ((TRACE_RECENT + TRACE_SPARE) * sizeof(struct trace_record))
#define DEFAULT_PENDING     8192

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
    struct verdict verdict;
    enum whyrst_side side =
        reset->side == conn_client_side(&reset->conn) ? WHYRST_CLIENT : WHYRST_SERVER;
    if (analyser->options.counts_only) {
        verdict_decide_cause(analyser->rules, &analyser->tree, reset, side, &verdict);
        analyser_identify(reset, &verdict, out);
    } else {
        struct facts facts;
        struct packet_line line;
        reset_measure(reset, &facts);
        reset_packet_line(reset, &line);
        verdict_decide(analyser->rules, &facts, &line, side, &verdict);
        memset(out, 0, offsetof(struct whyrst_reset, alternatives));
        out->alternative_count = out->evidence_count = out->caveat_count = 0;
        verdict_describe(analyser->rules, reset, &facts, &line, &verdict,
                         analyser->options.language, out);
    }
    analyser->counts.resets++;
    analyser->counts.by_cause[verdict.cause]++;
    if (services_count(&analyser->services, reset->service_near, &out->server, verdict.cause) != 0)
        analyser->out_of_memory = true;
    if (analyser->on_reset != NULL)
        analyser->on_reset(out, analyser->user);
}

static void analyser_fill_defaults(struct whyrst_options *options)
{
    if (options->max_connections == 0)
        options->max_connections = DEFAULT_CONNECTIONS;
    if (options->trace_bytes == 0)
        options->trace_bytes = options->counts_only ? COUNTS_TRACE_BYTES : DEFAULT_TRACE_BYTES;
    if (options->max_pending == 0)
        options->max_pending = DEFAULT_PENDING;
    if (options->threads == 0)
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
        size_t wanted = count < DECODE_BATCH ? count : DECODE_BATCH;
        struct ahead ahead = ahead_of_packets(packets, wanted), rest = {0};
        if (analyser->pipeline == NULL)
            rest = ahead_split(&ahead, wanted);
        size_t taken = batch_decode(batch, &analyser->key, packets, count, ahead);
        packets += taken;
        count -= taken;
        if (analyser->pipeline != NULL) {
            pipeline_push(analyser->pipeline);
        } else {
            feed_batch(analyser, batch, rest);
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
    tree_clear(&analyser->tree);
    free(analyser->inputs);
    free(analyser);
}
