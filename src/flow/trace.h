/* The trace log: one circular array for the whole run, a compact record a packet in arrival order,
 * each linked to the previous packet of its connection. At a RST the sequence before it is walked
 * back; what was overwritten by then is a stated caveat. */
#ifndef WHYRST_FLOW_TRACE_H
#define WHYRST_FLOW_TRACE_H

#include <stddef.h>
#include <string.h>

#include "packet/segment.h"
#include "whyrst/whyrst.h"

/* The first bytes of struct segment, with a link in place of frame_high. */
struct trace_record {
    int64_t time_nsec;
    uint32_t ack, seq;
    uint32_t frame;    /* low half of its number in its input */
    uint32_t previous; /* low half of the record number of the connection's packet before; 0 none */
    uint32_t payload_flags; /* payload bytes (saturated at 2^20-1) << 12 | TCP flags */
    uint16_t window;
    uint8_t ttl;
    uint8_t input_side; /* low 7 bits of the input << 1 | which end of the key sent it */
};

_Static_assert(sizeof(struct trace_record) == 32, "two records a cache line");
_Static_assert(
    offsetof(struct trace_record, time_nsec) == offsetof(struct segment, time_nsec) &&
        offsetof(struct trace_record, ack) == offsetof(struct segment, ack) &&
        offsetof(struct trace_record, seq) == offsetof(struct segment, seq) &&
        offsetof(struct trace_record, frame) == offsetof(struct segment, frame) &&
        offsetof(struct trace_record, previous) == offsetof(struct segment, frame_high) &&
        offsetof(struct trace_record, payload_flags) == offsetof(struct segment, payload_flags) &&
        offsetof(struct trace_record, window) == offsetof(struct segment, window) &&
        offsetof(struct trace_record, ttl) == offsetof(struct segment, ttl) &&
        offsetof(struct trace_record, input_side) == offsetof(struct segment, input_side),
    "copied as one block");

#define TRACE_SPARE 4096 /* records of any but a small log that only trace_find_then can reach */

/* How far back verdicts look. Reports show what came before, too, but what they say must be the
 * same where only counts are wanted and no more than this is kept. */
#define TRACE_RECENT ((1u << 18) - TRACE_SPARE)

/* How many records ahead of the newest the log's memory is asked for. */
#define TRACE_AHEAD 16

struct trace_log {
    struct trace_record *records;
    uint64_t capacity; /* a power of two */
    uint64_t reach;    /* how many records back one is found: the capacity less the spare ones */
    uint64_t next;     /* number of the next record; 1 is the first */
    size_t bytes;      /* mapped */
};

/* bytes is rounded down to a power of two, at least 4 KiB. -1 without memory. */
int trace_init(struct trace_log *log, size_t bytes, struct whyrst_error *error);
void trace_clear(struct trace_log *log);

/* Appends; returns the low half of the record's number (never 0), to be the next one's `previous`.
 */
static inline uint32_t trace_append(struct trace_log *log, const struct segment *segment,
                                    uint32_t previous)
{
    uint64_t next = log->next;
    struct trace_record *record = &log->records[next & (log->capacity - 1)];
    __builtin_prefetch(record + TRACE_AHEAD, 1);
    memcpy(record, segment, sizeof(*record));

    record->previous = previous;
    /* 0 means none: leaves one record unused every 2^32 packets */
    log->next = next + 1 + ((uint32_t)next == UINT32_MAX);
    return (uint32_t)next;
}

/* What trace_find gave when `then` was the log's next number: the same for as many more records as
 * there are spare ones, so that a walk can wait for others and be made along with them. */
static inline const struct trace_record *trace_find_then(const struct trace_log *log,
                                                         uint32_t number, uint64_t then)
{
    uint32_t age = (uint32_t)then - number; /* 1 = the newest */
    if (number == 0 || age == 0 || age > log->reach || age >= then ||
        log->next - then + age > log->capacity)
        return NULL;
    return &log->records[(then - age) & (log->capacity - 1)];
}

/* The record of that number (low half), or NULL when it was overwritten. */
static inline const struct trace_record *trace_find(const struct trace_log *log, uint32_t number)
{
    return trace_find_then(log, number, log->next);
}

/* How many records may be added before a walk that waits has to be made. */
static inline uint64_t trace_patience(const struct trace_log *log)
{
    return log->capacity - log->reach;
}

/* As trace_find, but NULL for what TRACE_RECENT packets came after. */
static inline const struct trace_record *trace_find_recent(const struct trace_log *log,
                                                           uint32_t number)
{
    return (uint32_t)log->next - number <= TRACE_RECENT ? trace_find(log, number) : NULL;
}

#endif
