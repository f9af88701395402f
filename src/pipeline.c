#include "pipeline.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyser.h"
#include "flow/memory.h"

#define RING_BATCHES 128 /* a power of two */
#define SPINS        200 /* looks at the other side's counter before sleeping */

/* Being woken costs more than a batch: who fell asleep over one sleeps on for so many more. */
#define WORKER_MORE 15
#define CALLER_MORE 63

struct pipeline {
    _Alignas(64) _Atomic uint64_t pushed;  /* batches handed over */
    _Alignas(64) _Atomic uint64_t done;    /* batches analysed */
    _Atomic size_t conns_used, trace_used; /* bytes, as of the last of them */
    /* what a sleeping side waits for the other's counter to reach; UINT64_MAX: it does not sleep */
    _Alignas(64) _Atomic uint64_t worker_wants;
    _Atomic uint64_t caller_wants;
    atomic_bool draining; /* no more will come for now */
    atomic_bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    struct whyrst_analyser *analyser;
    size_t conns_populated, trace_populated; /* bytes, by the caller's thread */
    struct segment_batch ring[RING_BATCHES];
};

/* Tells the processor that this is a waiting loop. */
static inline void pipeline_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Waits until *counter is at least `wanted` or the pipeline stops; one that falls asleep over it
 * sleeps on for `more`, unless the pipeline is drained. */
static void pipeline_wait(struct pipeline *pipeline, _Atomic uint64_t *counter, uint64_t wanted,
                          uint64_t more, _Atomic uint64_t *wants)
{
    for (unsigned spin = 0; spin < SPINS; spin++) {
        if (atomic_load_explicit(counter, memory_order_acquire) >= wanted)
            return;
        pipeline_relax();
    }
    pthread_mutex_lock(&pipeline->mutex);
    while (!atomic_load(&pipeline->stop)) {
        uint64_t goal = atomic_load(&pipeline->draining) ? wanted : wanted + more;
        atomic_store(wants, goal);
        if (atomic_load(counter) >= goal)
            break;
        pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
    }
    atomic_store(wants, UINT64_MAX);
    pthread_mutex_unlock(&pipeline->mutex);
}

/* Wakes the other side if it sleeps and its counter has come that far. */
static void pipeline_wake(struct pipeline *pipeline, uint64_t counter, _Atomic uint64_t *wants)
{
    if (counter < atomic_load(wants))
        return;
    pthread_mutex_lock(&pipeline->mutex);
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->mutex);
}

static void pipeline_tell_use(struct pipeline *pipeline)
{
    const struct table *table = &pipeline->analyser->table;
    const struct trace_log *log = &pipeline->analyser->log;
    atomic_store_explicit(&pipeline->conns_used, table->used * sizeof(*table->conns),
                          memory_order_relaxed);
    atomic_store_explicit(&pipeline->trace_used, (size_t)log->next * sizeof(*log->records),
                          memory_order_relaxed);
}

/* The batch after number `done`, when it is there by now: it lies in the other processor's cache.
 */
static struct ahead pipeline_ahead(const struct pipeline *pipeline, uint64_t pushed, uint64_t done)
{
    bool there = pushed > done + 1; /* else it is being written, and not to be taken away */
    const struct segment *segments = pipeline->ring[(done + there) % RING_BATCHES].segments;
    return (struct ahead){(uintptr_t)segments, there ? sizeof(*segments) : 0};
}

static void *pipeline_work(void *user)
{
    struct pipeline *pipeline = user;
    /* verdicts that are to come at once do not wait for more packets */
    uint64_t done = 0, more = pipeline->analyser->options.settle_nsec == 0 ? WORKER_MORE : 0;
    for (;;) {
        uint64_t pushed = atomic_load_explicit(&pipeline->pushed, memory_order_acquire);
        if (pushed == done) {
            if (atomic_load(&pipeline->stop))
                return NULL;
            pipeline_wait(pipeline, &pipeline->pushed, done + 1, more, &pipeline->worker_wants);
            continue;
        }
        feed_batch(pipeline->analyser, &pipeline->ring[done % RING_BATCHES],
                   pipeline_ahead(pipeline, pushed, done));
        pipeline_tell_use(pipeline);
        atomic_store(&pipeline->done, ++done);
        pipeline_wake(pipeline, done, &pipeline->caller_wants);
    }
}

/* Two threads that wake each other in turn look to the scheduler like one that never needs a second
 * processor: it would leave both on the caller's. */
static void pipeline_move_away(pthread_t thread)
{
    cpu_set_t allowed;
    int here = sched_getcpu();
    if (here < 0 || pthread_getaffinity_np(thread, sizeof(allowed), &allowed) != 0)
        return;
    CPU_CLR(here, &allowed);
    if (CPU_COUNT(&allowed) > 0)
        pthread_setaffinity_np(thread, sizeof(allowed), &allowed);
}

struct pipeline *pipeline_new(struct whyrst_analyser *analyser, struct whyrst_error *error)
{
    struct pipeline *pipeline = aligned_alloc(64, sizeof(*pipeline));
    if (pipeline == NULL)
        goto fail;
    atomic_init(&pipeline->pushed, 0);
    atomic_init(&pipeline->done, 0);
    atomic_init(&pipeline->worker_wants, UINT64_MAX);
    atomic_init(&pipeline->caller_wants, UINT64_MAX);
    atomic_init(&pipeline->conns_used, 0);
    atomic_init(&pipeline->trace_used, 0);
    atomic_init(&pipeline->draining, false);
    atomic_init(&pipeline->stop, false);
    pipeline->analyser = analyser;
    pipeline->conns_populated = pipeline->trace_populated = 0;
    pthread_mutex_init(&pipeline->mutex, NULL);
    pthread_cond_init(&pipeline->changed, NULL);
    for (unsigned n = 0; n < RING_BATCHES; n++)
        batch_clear(&pipeline->ring[n]);
    if (pthread_create(&pipeline->thread, NULL, pipeline_work, pipeline) == 0) {
        pipeline_move_away(pipeline->thread);
        return pipeline;
    }
    pthread_cond_destroy(&pipeline->changed);
    pthread_mutex_destroy(&pipeline->mutex);
    free(pipeline);
fail:
    if (error != NULL)
        snprintf(error->text, sizeof(error->text), "cannot start a second thread: use one");
    return NULL;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    atomic_store(&pipeline->stop, true);
    pthread_mutex_lock(&pipeline->mutex);
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->mutex);
    pthread_join(pipeline->thread, NULL);
    pthread_cond_destroy(&pipeline->changed);
    pthread_mutex_destroy(&pipeline->mutex);
    free(pipeline);
}

/* Clearing memory is a good part of what the worker has to do: who waits for it does that instead.
 */
static void pipeline_populate(struct pipeline *pipeline)
{
    struct table *table = &pipeline->analyser->table;
    struct trace_log *log = &pipeline->analyser->log;
    memory_populate(table->conns, ((size_t)table->limit + 1) * sizeof(*table->conns),
                    atomic_load_explicit(&pipeline->conns_used, memory_order_relaxed),
                    &pipeline->conns_populated);
    memory_populate(log->records, log->bytes,
                    atomic_load_explicit(&pipeline->trace_used, memory_order_relaxed),
                    &pipeline->trace_populated);
}

struct segment_batch *pipeline_next(struct pipeline *pipeline)
{
    uint64_t pushed = atomic_load_explicit(&pipeline->pushed, memory_order_relaxed);
    uint64_t done = atomic_load_explicit(&pipeline->done, memory_order_acquire);
    if (pushed - done >= RING_BATCHES) {
        pipeline_populate(pipeline);
        pipeline_wait(pipeline, &pipeline->done, pushed - RING_BATCHES + 1, CALLER_MORE,
                      &pipeline->caller_wants);
    }
    struct segment_batch *batch = &pipeline->ring[pushed % RING_BATCHES];
    batch_clear(batch);
    return batch;
}

void pipeline_push(struct pipeline *pipeline)
{
    uint64_t pushed = atomic_fetch_add(&pipeline->pushed, 1) + 1;
    pipeline_wake(pipeline, pushed, &pipeline->worker_wants);
}

static void pipeline_set_draining(struct pipeline *pipeline, bool draining)
{
    pthread_mutex_lock(&pipeline->mutex);
    atomic_store(&pipeline->draining, draining);
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->mutex);
}

void pipeline_drain(struct pipeline *pipeline)
{
    if (pthread_equal(pthread_self(), pipeline->thread))
        return; /* asked from the analyser's callback: it would wait for itself */
    pipeline_set_draining(pipeline, true);
    pipeline_wait(pipeline, &pipeline->done, atomic_load(&pipeline->pushed), 0,
                  &pipeline->caller_wants);
    pipeline_set_draining(pipeline, false);
}
