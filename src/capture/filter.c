/* The user's BPF expression, compiled once for each link type that appears. */
#include "capture/internal.h"

#include <stdlib.h>

#include <pcap.h>

struct filter {
    char *expression;
    struct filter_program {
        uint16_t link_type;
        struct bpf_program program;
    } * programs;
    unsigned count;
    unsigned last; /* program of the packet before: nearly always the right one */
};

struct filter *filter_new(const char *expression, struct whyrst_error *error)
{
    struct filter *filter = calloc(1, sizeof *filter);
    if (!filter || !(filter->expression = strdup(expression))) {
        capture_fail(error, "no memory for the filter");
        free(filter);
        return NULL;
    }
    return filter;
}

void filter_free(struct filter *filter)
{
    if (!filter)
        return;
    for (unsigned i = 0; i < filter->count; i++)
        pcap_freecode(&filter->programs[i].program);
    free(filter->programs);
    free(filter->expression);
    free(filter);
}

const char *filter_expression(const struct filter *filter)
{
    return filter->expression;
}

int filter_add_link(struct filter *filter, uint16_t link_type, struct whyrst_error *error)
{
    char number[32];
    for (unsigned i = 0; i < filter->count; i++) {
        if (filter->programs[i].link_type == link_type)
            return 0;
    }
    struct filter_program *programs =
        realloc(filter->programs, (filter->count + 1) * sizeof *programs);
    if (!programs)
        return capture_fail(error, "no memory for the filter");
    filter->programs = programs;
    pcap_t *dead = pcap_open_dead(link_type_to_dlt(link_type), CAPTURE_MAX_CAPLEN);
    if (!dead)
        return capture_fail(error, "no memory for the filter");
    struct filter_program *added = &programs[filter->count];
    added->link_type = link_type;
    int result = pcap_compile(dead, &added->program, filter->expression, 1, PCAP_NETMASK_UNKNOWN);
    if (result != 0)
        capture_fail(error, "filter \"%s\": %s (link type %s); see pcap-filter(7)",
                     filter->expression, pcap_geterr(dead), capture_link_name(link_type, number));
    else
        filter->count++;
    pcap_close(dead);
    return result == 0 ? 0 : -1;
}

static const struct bpf_program *filter_find(struct filter *filter, uint16_t link_type)
{
    if (filter->last < filter->count && filter->programs[filter->last].link_type == link_type)
        return &filter->programs[filter->last].program;
    for (unsigned i = 0; i < filter->count; i++) {
        if (filter->programs[i].link_type == link_type) {
            filter->last = i;
            return &filter->programs[i].program;
        }
    }
    return NULL;
}

size_t filter_apply(struct filter *filter, struct whyrst_packet *packets, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct whyrst_packet *packet = &packets[i];
        const struct bpf_program *program = filter_find(filter, packet->link_type);
        struct pcap_pkthdr header = {.caplen = packet->caplen, .len = packet->wirelen};
        if (program && pcap_offline_filter(program, &header, packet->bytes) != 0)
            packets[kept++] = *packet;
    }
    return kept;
}
