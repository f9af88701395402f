/* Memory that will be needed soon, asked for in step with other work: a processor waits for a dozen
 * cache lines at a time, and what asks for more at once has to wait itself. It does no harm that
 * something else, or nothing, may be there. */
#ifndef WHYRST_PACKET_AHEAD_H
#define WHYRST_PACKET_AHEAD_H

#include "whyrst/whyrst.h"

#define AHEAD_LINE_BYTES 64u
#define AHEAD_LINES_MAX  28u /* a packet; of larger ones most lines are never looked at */

struct ahead {
    uintptr_t at;    /* what is asked for next; not a pointer: there need not be an object */
    uintptr_t bytes; /* in a step; 0: nothing new */
};

static inline void ahead_step(struct ahead *ahead)
{
    /* into the second-level cache; mostly one line is all, and costs no branch */
    const char *at = (const char *)ahead->at;
    __builtin_prefetch(at, 0, 2);
    for (uintptr_t more = AHEAD_LINE_BYTES; more < ahead->bytes; more += AHEAD_LINE_BYTES)
        __builtin_prefetch(at + more, 0, 2);
    ahead->at += ahead->bytes;
}

/* Captured packets lie one behind the other, and those to come behind these, most likely: as much
 * as these take, in `count` steps. */
static inline struct ahead ahead_of_packets(const struct whyrst_packet *packets, size_t count)
{
    const struct whyrst_packet *last = &packets[count - 1];
    uintptr_t end = (uintptr_t)last->bytes + last->caplen;
    size_t bytes = end - (uintptr_t)packets->bytes;
    size_t line_bytes = count * AHEAD_LINE_BYTES; /* one line a step */
    if (bytes > AHEAD_LINES_MAX * line_bytes)
        return (struct ahead){end, 0};
    return (struct ahead){end, (bytes + line_bytes - 1) / line_bytes * AHEAD_LINE_BYTES};
}

/* Leaves the first half of each step and returns the other, to be asked for after `steps`. */
static inline struct ahead ahead_split(struct ahead *ahead, size_t steps)
{
    struct ahead rest = {ahead->at, ahead->bytes / AHEAD_LINE_BYTES / 2 * AHEAD_LINE_BYTES};
    ahead->bytes -= rest.bytes;
    rest.at += steps * ahead->bytes;
    return rest;
}

#endif
