/* Captures of many connections that all do the same: what strains a connection table. */
#ifndef BENCH_SIMPLE_H
#define BENCH_SIMPLE_H

#include <stdint.h>

#include "writer.h"

/* All connections open at once, then data on each, then a reset of each, every phase in another
 * pseudo-random order; 5 packets a connection. */
void simple_open(struct writer *writer, uint32_t connections, uint64_t seed);

/* One SYN a connection, from spoofed addresses, to one server. */
void simple_synflood(struct writer *writer, uint32_t connections, uint64_t seed);

/* SYN and RST,ACK a connection. */
void simple_refused(struct writer *writer, uint32_t connections, uint64_t seed);

#endif
