#include "simulate.h"

#include <stdbool.h>
#include <stdlib.h>

#include "content.h"
#include "random.h"
#include "session.h"

#define START_NSEC        ((int64_t)1714550400 * 1000000000) /* 2024-05-01T08:00:00Z */
#define START_SPREAD_USEC 3000000

static bool heap_before(const struct session *sessions, uint32_t a, uint32_t b)
{
    int64_t left = sessions[a].due_nsec, right = sessions[b].due_nsec;
    return left < right || (left == right && a < b);
}

/* Moves the session at `at` down to its place. */
static void heap_sink(uint32_t *heap, const struct session *sessions, uint32_t at, uint32_t count)
{
    uint32_t moving = heap[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap_before(sessions, heap[child + 1], heap[child]))
            child++;
        if (!heap_before(sessions, heap[child], moving))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

int simulate(struct writer *writer, const struct simulate_options *options, uint64_t *connections)
{
    struct world world = {.writer = writer,
                          .random = options->seed,
                          .reset_per_mille = options->reset_per_mille,
                          .ipv6_per_mille = options->ipv6_per_mille,
                          .response_bytes = options->response_bytes};
    uint32_t open = options->open;
    int status = -1;
    content_init(options->seed);
    world.client_count = 2000 + open;
    world.clients = calloc(world.client_count, sizeof(*world.clients));
    struct session *sessions = calloc(open, sizeof(*sessions));
    uint32_t *heap = calloc(open, sizeof(*heap));
    if (!world.clients || !sessions || !heap)
        goto out;
    for (uint32_t i = 0; i < world.client_count; i++)
        host_init(&world.clients[i], i, false, &world.random);
    for (uint32_t i = 0; i < SESSION_SERVERS; i++)
        host_init(&world.servers[i], i, true, &world.random);
    for (uint32_t i = 0; i < open; i++) {
        sessions[i].due_nsec =
            START_NSEC + (int64_t)random_below(&world.random, START_SPREAD_USEC) * 1000;
        session_start(&world, &sessions[i]);
        heap[i] = i;
    }
    for (uint32_t i = open; i-- > 0;)
        heap_sink(heap, sessions, i, open);
    while (writer->packets < options->packets) {
        session_advance(&world, &sessions[heap[0]]);
        heap_sink(heap, sessions, 0, open);
    }
    *connections = world.connections;
    status = 0;
out:
    free(heap);
    free(sessions);
    free(world.clients);
    return status;
}
