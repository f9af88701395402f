/* What the payloads look like: TLS records, HTTP messages, or plain bytes. */
#ifndef BENCH_CONTENT_H
#define BENCH_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

enum protocol { PROTOCOL_TLS, PROTOCOL_HTTP, PROTOCOL_RAW };

#define CONTENT_SCRATCH     2048
#define CONTENT_HELLO_BYTES 517 /* a padded ClientHello */

/* A segment's place in its message. */
struct content {
    enum protocol protocol;
    bool from_client;
    uint32_t exchange; /* 0 is the first request and its response */
    uint32_t total;    /* bytes of the message */
    uint32_t offset;   /* of the segment in it */
    uint32_t full;     /* bytes of a full segment */
    uint32_t room;     /* bytes wanted, at most 1460 */
    uint32_t salt;     /* the same for a retransmission */
};

/* Fills the pool of bytes that stand for everything encrypted or binary. */
void content_init(uint64_t seed);

/* The first `room` bytes of the segment, in `scratch` (CONTENT_SCRATCH bytes) or in static memory.
 */
const uint8_t *content_make(const struct content *content, uint8_t *scratch);

#endif
