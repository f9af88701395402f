#include "reset/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/conn.h"

#define SERVICES_MAX   (1u << 20) /* entries; 64 MiB at most */
#define SERVICES_FIRST 1024u
#define BURST_TICKS    1526 /* 100 ms */

int services_init(struct services *services, uint64_t secret, struct whyrst_error *error)
{
    memset(services, 0, sizeof(*services));
    services->secret = secret | 1;
    services->capacity = SERVICES_FIRST;
    services->entries = calloc(SERVICES_FIRST, sizeof(*services->entries));
    services->burst_sizes = calloc(SERVICES_BURSTS, sizeof(*services->burst_sizes));
    services->burst_hosts = calloc(SERVICES_BURST_HOSTS, sizeof(*services->burst_hosts));
    if (services->entries != NULL && services->burst_sizes != NULL && services->burst_hosts != NULL)
        return 0;
    if (error != NULL)
        snprintf(error->text, sizeof(error->text), "out of memory");
    services_clear(services);
    return -1;
}

void services_clear(struct services *services)
{
    free(services->entries);
    free(services->burst_sizes);
    free(services->burst_hosts);
    free(services->by_cause);
    memset(services, 0, sizeof(*services));
}

static uint32_t services_slot(const struct services *services, const uint8_t *ip, uint16_t port)
{
    uint64_t words[2];
    memcpy(words, ip, 16);
    uint64_t mixed = (words[0] ^ services->secret) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 32) ^ words[1] ^ port) * (services->secret | 1);
    mixed ^= mixed >> 29;
    mixed *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(mixed >> 32) & (services->capacity - 1);
}

static bool service_is(const struct service *entry, const uint8_t *ip, uint16_t port,
                       uint8_t version)
{
    uint64_t wanted[2], found[2];
    memcpy(wanted, ip, 16);
    memcpy(found, entry->ip, 16);
    bool same_ip = ((found[0] ^ wanted[0]) | (found[1] ^ wanted[1])) == 0;
    return entry->port == port && entry->version == version && same_ip;
}

static struct service *services_probe(const struct services *services, const uint8_t *ip,
                                      uint16_t port, uint8_t version)
{
    uint32_t at = services_slot(services, ip, port);
    for (;; at = (at + 1) & (services->capacity - 1)) {
        struct service *entry = &services->entries[at];
        if (entry->version == 0 || service_is(entry, ip, port, version))
            return entry;
    }
}

struct service *services_find(const struct services *services, const uint8_t *ip, uint16_t port,
                              uint8_t version)
{
    struct service *entry = services_probe(services, ip, port, version);
    return entry->version != 0 ? entry : NULL;
}

struct service *services_find_near(const struct services *services, uint32_t near,
                                   const uint8_t *ip, uint16_t port, uint8_t version)
{
    struct service *entry = &services->entries[near & (services->capacity - 1)];
    return service_is(entry, ip, port, version) ? entry
                                                : services_find(services, ip, port, version);
}

static int services_grow(struct services *services)
{
    struct services grown = *services;
    grown.capacity *= 2;
    grown.entries = calloc(grown.capacity, sizeof(*grown.entries));
    if (grown.entries == NULL)
        return -1;
    for (uint32_t at = 0; at < services->capacity; at++) {
        const struct service *old = &services->entries[at];
        if (old->version != 0)
            *services_probe(&grown, old->ip, old->port, old->version) = *old;
    }
    free(services->entries);
    *services = grown;
    return 0;
}

struct service *services_add(struct services *services, const uint8_t *ip, uint16_t port,
                             uint8_t version)
{
    struct service *entry = services_probe(services, ip, port, version);
    if (entry->version != 0)
        return entry;
    if (services->count >= services->capacity / 4 * 3) {
        if (services->capacity >= SERVICES_MAX || services_grow(services) != 0) {
            services->full = true;
            return NULL;
        }
        entry = services_probe(services, ip, port, version);
    }
    memcpy(entry->ip, ip, 16);
    entry->port = port;
    entry->version = version;
    services->count++;
    return entry;
}

static void service_accept(struct service *entry, const struct segment *syn_ack, int64_t rtt_nsec)
{
    entry->accepted++;
    if (syn_ack->ttl > entry->ttl)
        entry->ttl = syn_ack->ttl;
    entry->labels = syn_ack->marks & MARK_LABEL;
    entry->last_accept_ticks = conn_ticks(syn_ack->time_nsec);
    if (entry->refused > 0 && !entry->accepted_again) {
        entry->accepted_again = true;
        entry->accept_after_refusal_ticks = entry->last_accept_ticks;
    }
    if (rtt_nsec < 0 || rtt_nsec > INT64_C(10) * 1000000000)
        return;
    uint32_t rtt_usec = (uint32_t)(rtt_nsec / 1000) + 1;
    if (entry->rtt_usec == 0 || rtt_usec < entry->rtt_usec)
        entry->rtt_usec = rtt_usec;
}

void services_accept(struct services *services, const struct segment *syn_ack, int64_t rtt_nsec)
{
    uint8_t version = segment_is_ipv6(syn_ack) ? 6 : 4;
    unsigned side = segment_side(syn_ack);
    const uint8_t *host = syn_ack->address[side];
    uint32_t slot = services_slot(services, host, syn_ack->port[side]);
    __builtin_prefetch(&services->entries[slot], 1); /* while the host's entry is looked for */
    struct service *entry = services_add(services, host, 0, version);
    if (entry == NULL)
        return;
    service_accept(entry, syn_ack, rtt_nsec);
    entry = services_add(services, host, syn_ack->port[side], version);
    if (entry != NULL)
        service_accept(entry, syn_ack, rtt_nsec);
}

/* Not keyed: which hosts share a place must not change from run to run. */
static struct burst_host *burst_place(const struct services *services, const uint8_t *ip)
{
    uint64_t words[2];
    memcpy(words, ip, 16);
    uint64_t mixed = (words[0] * 0x9e3779b97f4a7c15u) ^ (words[1] * 0xbf58476d1ce4e5b9u);
    return &services->burst_hosts[(mixed * 0x94d049bb133111ebu) >> 52];
}

_Static_assert(SERVICES_BURST_HOSTS == 1u << (64 - 52),
               "the upper bits of the hash choose the place");

uint32_t services_burst(struct services *services, const uint8_t *ip, uint8_t version,
                        uint32_t ticks)
{
    struct burst_host *host = burst_place(services, ip);
    bool same = host->version == version && memcmp(host->ip, ip, sizeof(host->ip)) == 0;
    if (!same || ticks - host->ticks > BURST_TICKS) {
        memcpy(host->ip, ip, sizeof(host->ip));
        host->version = version;
        host->burst = ++services->bursts;
        services->burst_sizes[host->burst % SERVICES_BURSTS] = 0;
    }
    host->ticks = ticks;
    uint16_t *size = &services->burst_sizes[host->burst % SERVICES_BURSTS];
    *size = (uint16_t)(*size + (*size != UINT16_MAX));
    return host->burst;
}

unsigned services_burst_size(const struct services *services, uint32_t burst)
{
    if (burst == 0 || services->bursts - burst >= SERVICES_BURSTS)
        return 0;
    return services->burst_sizes[burst % SERVICES_BURSTS];
}

int services_count(struct services *services, uint32_t near, const struct whyrst_address *server,
                   enum whyrst_cause cause)
{
    struct service *entry =
        services_find_near(services, near, server->ip, server->port, server->version);
    if (entry == NULL)
        entry = services_add(services, server->ip, server->port, server->version);
    if (entry == NULL)
        return 0; /* full: the total still counts it */
    entry->resets++;
    if (entry->causes == 0) {
        if (services->by_cause_count == services->by_cause_capacity) {
            uint32_t capacity = services->by_cause_capacity ? services->by_cause_capacity * 2 : 64;
            void *grown = realloc(services->by_cause, capacity * sizeof(*services->by_cause));
            if (grown == NULL)
                return -1;
            services->by_cause = grown;
            services->by_cause_capacity = capacity;
        }
        memset(services->by_cause[services->by_cause_count], 0, sizeof(*services->by_cause));
        entry->causes = ++services->by_cause_count;
    }
    services->by_cause[entry->causes - 1][cause]++;
    return 0;
}
