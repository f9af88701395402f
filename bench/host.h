/* The simulated hosts: what tells their operating systems apart on the wire. */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <stdbool.h>
#include <stdint.h>

enum os { LINUX, WINDOWS, MACOS };

struct system {
    uint8_t ttl, wscale;
    uint16_t syn_window, window;
    const char *syn_options;
    bool timestamps;
};

struct host {
    uint8_t ipv4[4], ipv6[16];
    enum os os;
    uint8_t ttl;         /* as seen at the point of capture */
    uint16_t next_port;  /* the next ephemeral port */
    uint16_t id;         /* host-wide IPv4 identification (Windows) */
    uint32_t clock_msec; /* timestamp clock at the epoch */
    uint32_t rtt_usec;   /* to the point of capture and back */
};

/* The traits of an operating system; static. */
const struct system *host_system(const struct host *host);

/* Draws a host; hosts of different index have different addresses (up to 16 M clients, 80 servers).
 */
void host_init(struct host *host, uint32_t index, bool server, uint64_t *random);

#endif
