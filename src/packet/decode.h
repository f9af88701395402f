/* Captured bytes -> struct segment: link layers, VLAN tags, tunnels, IPv4 and IPv6, TCP options. */
#ifndef WHYRST_PACKET_DECODE_H
#define WHYRST_PACKET_DECODE_H

#include "packet/ahead.h"
#include "packet/segment.h"
#include "whyrst/whyrst.h"

#define DECODE_BATCH       128 /* fits the first-level cache with the packets it is made of */
#define DECODE_RST_PAYLOAD WHYRST_MAX_RST_PAYLOAD

/* Decoded segments of up to DECODE_BATCH packets, in capture order; packets that hold no TCP
 * segment leave none, only counts. */
struct segment_batch {
    unsigned count;                          /* segments used */
    unsigned packets;                        /* packets taken in */
    unsigned payload_count;                  /* entries used in payloads */
    uint16_t input;                          /* all packets of a batch are of one input */
    int64_t first_time_nsec, last_time_nsec; /* of the packets, TCP or not */
    uint32_t undecoded[WHYRST_UNDECODED_COUNT];
    struct segment segments[DECODE_BATCH];
    struct {
        uint8_t bytes[DECODE_RST_PAYLOAD];
        uint16_t length;      /* captured, cut at DECODE_RST_PAYLOAD */
    } payloads[DECODE_BATCH]; /* payloads of RST segments */
};

/* Secret of the connection hash: random in production so that a hostile capture cannot build
 * chains; fixed in tests. */
struct decode_key {
    uint64_t secret[4];
};

/* Empties the batch, keeps nothing of it. */
void batch_clear(struct segment_batch *batch);

/* Decodes packets[0..count) until the batch has taken DECODE_BATCH packets or the input number
 * changes; returns how many packets were taken (0 when the batch is full). A step of `ahead` is
 * taken with each. */
size_t batch_decode(struct segment_batch *batch, const struct decode_key *key,
                    const struct whyrst_packet *packets, size_t count, struct ahead ahead);

/* Decodes one packet. Returns -1 and fills *segment (all but rst_payload) when it holds a TCP
 * segment, with *payload and *payload_caplen its captured payload; otherwise an enum
 * whyrst_undecoded. */
int decode_packet(const struct decode_key *key, const struct whyrst_packet *packet,
                  struct segment *segment, const uint8_t **payload, uint32_t *payload_caplen);

#endif
