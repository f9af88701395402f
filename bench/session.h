/* One simulated connection: which packet it sends next, and when. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "content.h"
#include "host.h"
#include "writer.h"

#define SESSION_SERVERS 64

enum side { CLIENT, SERVER };

struct end {
    struct host *host;
    uint32_t isn, nxt;   /* sequence numbers */
    uint32_t ts_recent;  /* the peer's last timestamp */
    uint32_t last_bytes; /* payload of the last data segment */
    uint16_t port;
    uint16_t id;   /* per-connection IPv4 identification (Linux) */
    bool speaking; /* has sent its SYN */
};

struct session {
    int64_t due_nsec;
    const char *step; /* the packet that comes next */
    struct end end[2];
    enum protocol protocol;
    uint32_t exchange; /* number of the one under way */
    uint32_t exchanges_left;
    uint32_t total, left; /* bytes of the message under way */
    enum side sender;     /* of that message */
    uint8_t unacked;      /* its segments not acknowledged yet */
    uint8_t owes;
    uint8_t patience; /* times the last packet was sent in vain */
    uint16_t full;    /* bytes of a full segment */
    uint16_t mss;
    bool ipv6, timestamps;
};

/* Where all of them live. */
struct world {
    struct writer *writer;
    uint64_t random;
    uint64_t connections;                                     /* started so far */
    uint32_t reset_per_mille, ipv6_per_mille, response_bytes; /* see simulate.h */
    struct host *clients;
    uint32_t client_count;
    struct host servers[SESSION_SERVERS];
    uint8_t scratch[CONTENT_SCRATCH];
};

/* Begins a new life at the session's due time. */
void session_start(struct world *world, struct session *session);

/* Sends the session's next packet and says when the one after it is due; at its end, begins anew.
 */
void session_advance(struct world *world, struct session *session);

#endif
