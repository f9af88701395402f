/* The trace log: one circular array for the whole run, a compact record a packet in arrival order,
 * each linked to the previous packet of its connection. At a RST the sequence before it is walked
 * back; what was overwritten by then is a stated caveat. */
#ifndef WHYRST_FLOW_TRACE_H
#define WHYRST_FLOW_TRACE_H

#include "packet/segment.h"
#include "whyrst/whyrst.h"

struct trace_record {
    int64_t time_nsec;
    uint32_t seq, ack;
    uint32_t previous; /* low half of the record number of the connection's packet before; 0 none */
    uint32_t frame;    /* low half of the frame number */
    uint32_t payload_flags; /* payload bytes (saturated at 2^20-1) << 12 | TCP flags */
    uint16_t window;
    uint8_t ttl;
    uint8_t input_side; /* low 7 bits of the input << 1 | which end of the key sent it */
};

_Static_assert(sizeof(struct trace_record) == 32, "two records a cache line");

struct trace_log {
    struct trace_record *records;
    uint64_t capacity; /* a power of two */
    uint64_t next;     /* number of the next record; 1 is the first */
    size_t bytes;      /* mapped */
};

/* bytes is rounded down to a power of two, at least 4 KiB. -1 without memory. */
int trace_init(struct trace_log *log, size_t bytes, struct whyrst_error *error);
void trace_clear(struct trace_log *log);

/* A record's payload_flags for a segment. */
static inline uint32_t trace_payload_flags(const struct segment *segment)
{
    uint32_t payload = segment->payload_bytes < 0xfffff ? segment->payload_bytes : 0xfffff;
    return payload << 12 | (segment->flags & 0xfff);
}

/* Appends; returns the low half of the record's number (never 0), to be the next one's `previous`.
 */
static inline uint32_t trace_append(struct trace_log *log, const struct segment *segment,
                                    unsigned side, uint32_t previous)
{
    uint64_t next = log->next;
    struct trace_record *record = &log->records[next & (log->capacity - 1)];
    record->time_nsec = segment->time_nsec;
    record->seq = segment->seq;
    record->ack = segment->ack;
    record->previous = previous;
    record->frame = (uint32_t)segment->frame_no;
    record->payload_flags = trace_payload_flags(segment);
    record->window = segment->window;
    record->ttl = segment->ttl;
    record->input_side = (uint8_t)((segment->input & 0x7f) << 1 | side);
    /* 0 means none: leave one record unused every 2^32 packets */
    log->next = next + 1 + ((uint32_t)(next + 1) == 0);
    return (uint32_t)next;
}

/* The record of that number (low half), or NULL when it was overwritten. */
static inline const struct trace_record *trace_find(const struct trace_log *log, uint32_t number)
{
    uint32_t age = (uint32_t)log->next - number; /* 1 = the newest */
    if (number == 0 || age == 0 || age > log->capacity || age >= log->next)
        return NULL;
    return &log->records[(log->next - age) & (log->capacity - 1)];
}

#endif
