#include "simple.h"

#include <string.h>

#include "frame.h"
#include "random.h"

#define START_NSEC      ((int64_t)1714550400 * 1000000000) /* 2024-05-01T08:00:00Z */
#define GROUP           1024                               /* handshakes under way at once */
#define OPEN_DATA_BYTES 120

struct simple {
    struct writer *writer;
    uint64_t seed;
    int64_t now_nsec;
    int64_t gap_nsec;
    const char *options; /* of the next frame */
};

/* The address and port of a connection's client, no two the same. */
static uint16_t simple_client(uint32_t index, uint64_t seed, uint8_t address[4])
{
    uint32_t host = 0x0a000000u + (index >> 4);
    for (unsigned byte = 0; byte < 4; byte++)
        address[byte] = (uint8_t)(host >> (24 - 8 * byte));
    return (uint16_t)(32768 + (index & 15) * 1700 + random_mix(seed ^ host) % 1700);
}

/* One segment of connection `index`; numbers relative to the initial ones. */
static void simple_send(struct simple *simple, uint32_t index, bool from_client, uint8_t flags,
                        uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    static const uint8_t PAYLOAD[OPEN_DATA_BYTES] =
        "GET /status HTTP/1.1\r\nHost: a.example.test\r\n\r\n";
    uint64_t mix = random_mix(simple->seed * 31 + index);
    uint32_t isn[2] = {(uint32_t)mix, (uint32_t)(mix >> 32)};
    uint8_t client[4];
    uint8_t server[4] = {192, 168, 7, (uint8_t)(10 + index % 40)};
    struct frame frame = {.inbound = from_client, .flags = flags, .payload = PAYLOAD};
    uint16_t port = simple_client(index, simple->seed, client);
    frame.src = from_client ? client : server;
    frame.dst = from_client ? server : client;
    frame.src_port = from_client ? port : 80;
    frame.dst_port = from_client ? 80 : port;
    bool bare = (flags & RST) && seq == 0; /* refused: the reply carries no number of its own */
    frame.seq = bare ? 0 : isn[!from_client] + seq;
    frame.ack = flags & ACK ? isn[from_client] + ack : 0;
    frame.ttl = from_client ? (uint8_t)(50 + random_mix(index >> 4) % 12) : 64;
    frame.id = flags & RST && bare ? 0 : (uint16_t)((mix >> 16) + seq + (from_client ? ack : 0));
    if (!from_client && flags & SYN)
        frame.id = 0;
    frame.window = flags & SYN ? (from_client ? 64240 : 65160) : bare ? 0 : 502;
    frame.payload_bytes = payload_bytes;
    if (simple->options) {
        uint32_t clock = (uint32_t)(simple->now_nsec / 1000000);
        frame_options(&frame, simple->options, 1460, 7, clock + isn[!from_client],
                      flags & ACK ? clock + isn[from_client] : 0);
    }
    frame_write(simple->writer, &frame, simple->now_nsec);
    simple->now_nsec += simple->gap_nsec + (int64_t)(mix & 255);
}

void simple_open(struct writer *writer, uint32_t connections, uint64_t seed)
{
    struct simple simple = {writer, seed, START_NSEC, 2000, "MSTNW"};
    for (uint32_t first = 0; first < connections; first += GROUP) {
        uint32_t end = connections - first < GROUP ? connections : first + GROUP;
        simple.options = "MSTNW";
        for (uint32_t i = first; i < end; i++)
            simple_send(&simple, random_order(i, connections, seed), true, SYN, 0, 0, 0);
        for (uint32_t i = first; i < end; i++)
            simple_send(&simple, random_order(i, connections, seed), false, SYN | ACK, 0, 1, 0);
        simple.options = "NNT";
        for (uint32_t i = first; i < end; i++)
            simple_send(&simple, random_order(i, connections, seed), true, ACK, 1, 1, 0);
    }
    for (uint32_t i = 0; i < connections; i++)
        simple_send(&simple, random_order(i, connections, seed + 1), true, PSH | ACK, 1, 1,
                    OPEN_DATA_BYTES);
    for (uint32_t i = 0; i < connections; i++)
        simple_send(&simple, random_order(i, connections, seed + 2), false, RST | ACK, 1,
                    1 + OPEN_DATA_BYTES, 0);
}

void simple_synflood(struct writer *writer, uint32_t connections, uint64_t seed)
{
    struct simple simple = {writer, seed, START_NSEC, 1000, "MSTNW"};
    for (uint32_t i = 0; i < connections; i++)
        simple_send(&simple, random_order(i, connections, seed), true, SYN, 0, 0, 0);
}

void simple_refused(struct writer *writer, uint32_t connections, uint64_t seed)
{
    struct simple simple = {writer, seed, START_NSEC, 3000, NULL};
    for (uint32_t i = 0; i < connections; i++) {
        uint32_t index = random_order(i, connections, seed);
        simple.options = "MSTNW";
        simple_send(&simple, index, true, SYN, 0, 0, 0);
        simple.options = NULL;
        simple_send(&simple, index, false, RST | ACK, 0, 1, 0);
    }
}
