/* Sequence-number arithmetic modulo 2^32 (RFC 9293, 3.4). */
#ifndef WHYRST_FLOW_SEQ_H
#define WHYRST_FLOW_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* a - b, negative when a lies before b. */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static inline bool seq_after(uint32_t a, uint32_t b)
{
    return seq_diff(a, b) > 0;
}

#endif
