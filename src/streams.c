#include "streams.h"

#include <stdlib.h>

#include "flow/memory.h"

#define INPUTS (UINT16_MAX + 1u)

int streams_init(struct streams *streams, uint32_t connection_limit)
{
    *streams = (struct streams){.limit = connection_limit + 1};
    streams->next = memory_map(INPUTS * sizeof(*streams->next));
    streams->input_of = memory_map(streams->limit * sizeof(*streams->input_of));
    streams->number_of = memory_map(streams->limit * sizeof(*streams->number_of));
    return streams->next != NULL && streams->input_of != NULL && streams->number_of != NULL ? 0
                                                                                            : -1;
}

void streams_clear(struct streams *streams)
{
    memory_unmap(streams->next, INPUTS * sizeof(*streams->next));
    memory_unmap(streams->input_of, streams->limit * sizeof(*streams->input_of));
    memory_unmap(streams->number_of, streams->limit * sizeof(*streams->number_of));
    free(streams->entries);
}

uint32_t streams_open(struct streams *streams, uint32_t index, uint16_t input)
{
    if (input > 0)
        streams->several = true;
    if (streams->several) {
        streams->input_of[index] = input;
        streams->number_of[index] = UINT32_MAX - streams->opened++;
    }
    return streams->next[input]++;
}

static struct stream_entry *streams_probe(const struct streams *streams, uint64_t key)
{
    uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (streams->capacity - 1);
    while (streams->entries[at].key != 0 && streams->entries[at].key != key)
        at = (at + 1) & (streams->capacity - 1);
    return &streams->entries[at];
}

static bool streams_reserve(struct streams *streams)
{
    if (streams->capacity > 0 && streams->count < streams->capacity / 2)
        return true;
    struct streams grown = *streams;
    grown.capacity = streams->capacity ? streams->capacity * 2 : 1024;
    grown.entries = calloc(grown.capacity, sizeof(*grown.entries));
    if (grown.entries == NULL)
        return streams->capacity > 0 && streams->count < streams->capacity - 1;
    for (uint32_t at = 0; at < streams->capacity; at++)
        if (streams->entries[at].key != 0)
            *streams_probe(&grown, streams->entries[at].key) = streams->entries[at];
    free(streams->entries);
    streams->entries = grown.entries;
    streams->capacity = grown.capacity;
    return true;
}

uint32_t streams_in(struct streams *streams, uint32_t index, uint32_t stream, uint16_t input)
{
    if (input > 0)
        streams->several = true;
    if (!streams->several || streams->input_of[index] == input)
        return stream;
    /* Connections opened before the second input came have no number yet: their index is one. */
    if (streams->number_of[index] == 0)
        streams->number_of[index] = index;
    uint64_t number = (uint64_t)streams->number_of[index] << 16;
    uint64_t old_key = (number | streams->input_of[index]) + 1, key = (number | input) + 1;
    streams->input_of[index] = input;
    for (unsigned n = 0; n < 2; n++)
        if (!streams_reserve(streams))
            return streams->next[input]++; /* unknown from here on, but never another's */
    struct stream_entry *old = streams_probe(streams, old_key);
    streams->count += old->key == 0;
    *old = (struct stream_entry){.key = old_key, .stream = stream};
    struct stream_entry *entry = streams_probe(streams, key);
    if (entry->key == 0) {
        *entry = (struct stream_entry){.key = key, .stream = streams->next[input]++};
        streams->count++;
    }
    return entry->stream;
}
