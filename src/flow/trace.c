#include "flow/trace.h"

#include <stdio.h>

#include "flow/memory.h"

int trace_init(struct trace_log *log, size_t bytes, struct whyrst_error *error)
{
    uint64_t capacity = 128;
    while (capacity * 2 * sizeof(struct trace_record) <= bytes && capacity < (1u << 30))
        capacity *= 2;
    log->capacity = capacity;
    log->reach = capacity - (capacity >= 16 * TRACE_SPARE ? TRACE_SPARE : 0);
    log->next = 1;
    log->bytes = (size_t)capacity * sizeof(struct trace_record);
    log->records = memory_map(log->bytes);
    if (log->records == NULL) {
        if (error != NULL)
            snprintf(error->text, sizeof(error->text),
                     "no memory for a trace log of %zu bytes: ask for a smaller one", log->bytes);
        return -1;
    }
    return 0;
}

void trace_clear(struct trace_log *log)
{
    memory_unmap(log->records, log->bytes);
    log->records = NULL;
}
