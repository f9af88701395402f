#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyser.h"
#include "pipeline.h"

/* What was fed before has to be counted, and the other thread at rest. */
static void analyser_wait(const struct whyrst_analyser *analyser)
{
    if (analyser->pipeline != NULL)
        pipeline_drain(analyser->pipeline);
}

void whyrst_counts(const struct whyrst_analyser *analyser, struct whyrst_counts *counts)
{
    analyser_wait(analyser);
    *counts = analyser->counts;
    counts->rst_packets = analyser->events.rst_packets;
}

void whyrst_input_counts(const struct whyrst_analyser *analyser, uint16_t input,
                         struct whyrst_input_counts *counts)
{
    analyser_wait(analyser);
    if (input < analyser->input_count)
        *counts = analyser->inputs[input];
    else
        *counts =
            (struct whyrst_input_counts){.first_time_nsec = INT64_MIN, .last_time_nsec = INT64_MIN};
}

static int compare_services(const void *left, const void *right)
{
    const struct whyrst_service *a = left, *b = right;
    if (a->resets != b->resets)
        return a->resets < b->resets ? 1 : -1;
    if (a->address.version != b->address.version)
        return a->address.version - b->address.version;
    int order = memcmp(a->address.ip, b->address.ip, 16);
    return order != 0 ? order : (int)a->address.port - b->address.port;
}

int whyrst_services(const struct whyrst_analyser *analyser, struct whyrst_service **services,
                    struct whyrst_error *error)
{
    const struct services *known = &analyser->services;
    analyser_wait(analyser);
    struct whyrst_service *list = calloc(known->by_cause_count + 1u, sizeof(*list));
    int count = 0;
    if (list == NULL) {
        if (error != NULL)
            snprintf(error->text, sizeof(error->text), "out of memory");
        return -1;
    }
    for (uint32_t n = 0; n < known->capacity; n++) {
        const struct service *entry = &known->entries[n];
        if (entry->version == 0 || entry->causes == 0)
            continue;
        struct whyrst_service *service = &list[count++];
        memcpy(service->address.ip, entry->ip, 16);
        service->address.version = entry->version;
        service->address.port = entry->port;
        service->resets = entry->resets;
        service->accepted = entry->accepted;
        service->refused = entry->refused;
        memcpy(service->by_cause, known->by_cause[entry->causes - 1], sizeof(service->by_cause));
    }
    qsort(list, (size_t)count, sizeof(*list), compare_services);
    *services = list;
    return count;
}

const char *whyrst_undecoded_name(enum whyrst_undecoded reason)
{
    static const char *const names[WHYRST_UNDECODED_COUNT] = {
        "not TCP",   "later IP fragment",     "cut before the TCP header ends",
        "malformed", "unsupported link type", "unsupported encapsulation",
    };
    return reason < WHYRST_UNDECODED_COUNT ? names[reason] : "unknown";
}
