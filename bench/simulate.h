/* Simulated connections between simulated hosts, interleaved in time. */
#ifndef BENCH_SIMULATE_H
#define BENCH_SIMULATE_H

#include <stdint.h>

#include "writer.h"

struct simulate_options {
    uint64_t packets;
    uint64_t seed;
    uint32_t open;            /* connections under way at any time */
    uint32_t reset_per_mille; /* of the connections */
    uint32_t ipv6_per_mille;  /* of the connections */
    uint32_t response_bytes;  /* mean of a response */
};

/* Writes exactly that many packets. Returns 0 and the number of connections started, or -1 when
 * memory ran out. */
int simulate(struct writer *writer, const struct simulate_options *options, uint64_t *connections);

#endif
