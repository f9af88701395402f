/* One TCP segment as an Ethernet frame. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "writer.h"

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

struct frame {
    const uint8_t *src, *dst; /* network order, 4 or 16 bytes */
    bool ipv6;
    bool inbound; /* from the router to the servers' network: decides the MAC addresses */
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint8_t flags;
    uint8_t ttl;
    uint16_t window; /* as on the wire */
    uint16_t id;     /* IPv4 identification */
    uint8_t options[40];
    uint8_t option_bytes;   /* multiple of 4 */
    uint32_t payload_bytes; /* on the wire */
    const uint8_t *payload; /* at least as many bytes as the snapshot length lets through */
};

/* Payload bytes of this frame that the snapshot length lets through. */
uint32_t frame_room(const struct frame *frame, uint32_t snaplen);

/* Writes the frame, cut at the writer's snapshot length. The IPv4 header checksum is always right;
 * the TCP checksum is right when the whole segment is captured and zero when it is cut. */
void frame_write(struct writer *writer, const struct frame *frame, int64_t time_nsec);

/* Appends TCP options in the order of that string: M mss, S SACK permitted, T timestamps, W window
 * scale, N no-operation, E end of list. */
void frame_options(struct frame *frame, const char *order, uint16_t mss, uint8_t wscale,
                   uint32_t tsval, uint32_t tsecr);

#endif
