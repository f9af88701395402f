#include "host.h"

#include <string.h>

#include "random.h"

static const struct system SYSTEMS[] = {
    [LINUX] = {64, 7, 64240, 502, "MSTNW", true},
    [WINDOWS] = {128, 8, 64240, 1026, "MNWNNS", false},
    [MACOS] = {64, 6, 65535, 2058, "MNWNNTSEE", true},
};

const struct system *host_system(const struct host *host)
{
    return &SYSTEMS[host->os];
}

void host_init(struct host *host, uint32_t index, bool server, uint64_t *random)
{
    uint32_t draw = random_below(random, 100);
    uint32_t hops = server ? random_below(random, 2) : random_between(random, 3, 19);
    uint32_t address = index * (server ? 3u : 769u) + 10;
    host->os = server      ? (draw < 88 ? LINUX : WINDOWS)
               : draw < 45 ? LINUX
               : draw < 80 ? WINDOWS
                           : MACOS;
    host->ttl = (uint8_t)(SYSTEMS[host->os].ttl - hops);
    memcpy(host->ipv4, server ? (uint8_t[]){192, 168, 7, 0} : (uint8_t[]){10, 0, 0, 0}, 4);
    host->ipv4[3] = (uint8_t)address;
    if (!server) {
        host->ipv4[2] = (uint8_t)(address >> 8);
        host->ipv4[1] = (uint8_t)(address >> 16);
    }
    memcpy(host->ipv6, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8, server ? 7 : 1}, 5);
    memcpy(host->ipv6 + 5, &(uint8_t[]){(uint8_t)(address >> 16), (uint8_t)(address >> 8)}[0], 2);
    memset(host->ipv6 + 7, 0, 9);
    uint64_t suffix = server ? 0 : random_next(random);
    for (unsigned byte = 8; byte < 16; byte++)
        host->ipv6[byte] = (uint8_t)(suffix >> (8 * (byte - 8)));
    host->ipv6[15] = (uint8_t)address;
    host->next_port = (uint16_t)random_between(random, 32768, 60999);
    host->id = (uint16_t)random_next(random);
    host->clock_msec = (uint32_t)random_next(random);
    host->rtt_usec =
        server ? 0 : random_between(random, 800, 12000) * random_between(random, 1, 10);
}
