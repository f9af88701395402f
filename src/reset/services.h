/* Host and service memory: what the whole capture shows of an address, and of an address and port.
 * Bounded; what no longer fits is not remembered, which facts then report as not captured. */
#ifndef WHYRST_RESET_SERVICES_H
#define WHYRST_RESET_SERVICES_H

#include "packet/segment.h"
#include "whyrst/whyrst.h"

struct service {
    uint8_t ip[16];
    uint16_t port;   /* 0: the host itself */
    uint8_t version; /* 4 or 6; 0 = empty entry */
    uint8_t ttl;     /* highest of its SYN-ACKs: by the shortest way */
    uint32_t accepted, refused, resets;
    uint32_t last_accept_ticks;
    uint32_t accept_after_refusal_ticks; /* first accept since the last refusal, valid if
                                            accepted_again */
    uint32_t rtt_usec;                   /* SYN to SYN-ACK, the fastest; 0 unknown */
    bool accepted_again;
    bool labels;     /* its SYN-ACKs carry an IPv6 flow label */
    uint32_t causes; /* 1 + index into services.by_cause, 0 = no resets */
};

/* A host that lately reset connections. Its place is its address's; a newcomer there displaces it.
 */
struct burst_host {
    uint8_t ip[16];
    uint8_t version;
    uint32_t burst; /* number of its last burst of resets, 0 none */
    uint32_t ticks; /* time of its last reset */
};

struct services {
    struct service *entries; /* open addressing, a power of two */
    uint32_t capacity, count;
    bool full; /* something was not remembered */
    uint64_t secret;
    uint64_t (*by_cause)[WHYRST_CAUSE_COUNT];
    uint32_t by_cause_count, by_cause_capacity;
    uint32_t bursts;                /* numbered so far */
    uint16_t *burst_sizes;          /* by burst number modulo SERVICES_BURSTS */
    struct burst_host *burst_hosts; /* the last to reset something, by their hash */
};

#define SERVICES_BURSTS      16384u
#define SERVICES_BURST_HOSTS 4096u

int services_init(struct services *services, uint64_t secret, struct whyrst_error *error);
void services_clear(struct services *services);

/* The entry of an address (16 bytes) and port, NULL when there is none. */
struct service *services_find(const struct services *services, const uint8_t *ip, uint16_t port,
                              uint8_t version);
/* The same; near: where it was found before, or any number. */
struct service *services_find_near(const struct services *services, uint32_t near,
                                   const uint8_t *ip, uint16_t port, uint8_t version);
/* The same, made when missing; NULL when full or out of memory. Pointers last until the next add.
 */
struct service *services_add(struct services *services, const uint8_t *ip, uint16_t port,
                             uint8_t version);

/* A SYN-ACK: host and service accept. rtt_nsec is the time since the SYN, -1 unknown. */
void services_accept(struct services *services, const struct segment *syn_ack, int64_t rtt_nsec);

/* A reset by a host: returns the number of the burst (resets within 100 ms of each other) it is in.
 */
uint32_t services_burst(struct services *services, const uint8_t *ip, uint8_t version,
                        uint32_t ticks);
/* Size of a burst as far as it is known by now; 0 unknown. */
unsigned services_burst_size(const struct services *services, uint32_t burst);

/* Counts a decided reset for its service, near as above. -1 without memory. */
int services_count(struct services *services, uint32_t near, const struct whyrst_address *server,
                   enum whyrst_cause cause);

#endif
