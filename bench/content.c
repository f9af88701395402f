#include "content.h"

#include <stdio.h>
#include <string.h>

#include "random.h"

#define POOL_BYTES      (128u << 10)
#define RECORD_SEGMENTS 4 /* a TLS record spans at most this many full segments */

static uint8_t content_pool[POOL_BYTES + 2048];

void content_init(uint64_t seed)
{
    for (uint32_t at = 0; at < sizeof(content_pool); at += 8) {
        uint64_t bytes = random_next(&seed);
        memcpy(content_pool + at, &bytes, sizeof(bytes));
    }
}

static uint8_t *put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
    return to + 2;
}

static uint8_t *put_bytes(uint8_t *to, const void *bytes, uint32_t count)
{
    memcpy(to, bytes, count);
    return to + count;
}

static uint8_t *put_record(uint8_t *to, uint8_t type, uint32_t version, uint32_t bytes)
{
    *to++ = type;
    return put16(put16(to, version), bytes);
}

/* A TLS 1.3 ClientHello (RFC 8446, 4.1.2) padded to `total` bytes as browsers do. */
static uint8_t *tls_client_hello(uint8_t *to, uint32_t total, const uint8_t *random)
{
    static const uint8_t SUITES[] = {0, 8, 0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2f, 1, 0};
    static const uint8_t EXTENSIONS[] = {
        0,   0, 0,  18, 0, 16, 0, 0, 13, 'w', 'w', 'w', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.',
        't', 0, 43, 0,  3, 2,  3, 4, 0,  10,  0,   4,   0,   2,   0,   29,  0,   13,  0,   8,   0,
        6,   4, 3,  8,  4, 4,  1, 0, 16, 0,   5,   0,   3,   2,   'h', '2', 0,   23,  0,   0,
    };
    uint32_t extensions = total - 5 - 4 - 2 - 32 - 33 - (uint32_t)sizeof(SUITES) - 2;
    to = put_record(to, 22, 0x0301, total - 5);
    *to++ = 1;
    *to++ = 0;
    to = put16(to, total - 9);
    to = put_bytes(put16(to, 0x0303), random, 32);
    *to++ = 32;
    to = put_bytes(to, random + 32, 32);
    to = put_bytes(to, SUITES, sizeof(SUITES));
    to = put_bytes(put16(to, extensions), EXTENSIONS, sizeof(EXTENSIONS));
    uint32_t padding = extensions - (uint32_t)sizeof(EXTENSIONS) - 4;
    to = put16(put16(to, 21), padding);
    memset(to, 0, padding);
    return to + padding;
}

/* ServerHello and the change-cipher-spec that middleboxes want to see after it. */
static uint8_t *tls_server_hello(uint8_t *to, const uint8_t *random)
{
    static const uint8_t END[] = {0x13, 1, 0, 0, 46, 0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0, 29, 0, 32};
    static const uint8_t CHANGE_CIPHER[] = {20, 3, 3, 0, 1, 1};
    uint32_t body = 2 + 32 + 33 + (uint32_t)sizeof(END) + 32;
    to = put_record(to, 22, 0x0303, body + 4);
    *to++ = 2;
    *to++ = 0;
    to = put16(to, body);
    to = put_bytes(put16(to, 0x0303), random, 32);
    *to++ = 32;
    to = put_bytes(to, random + 32, 32);
    to = put_bytes(to, END, sizeof(END));
    to = put_bytes(to, random + 64, 32);
    return put_bytes(to, CHANGE_CIPHER, sizeof(CHANGE_CIPHER));
}

/* What a TLS segment starts with, before bytes that look encrypted. */
static uint8_t *tls_prefix(uint8_t *to, const struct content *content, const uint8_t *random)
{
    uint8_t *start = to;
    if (content->exchange == 0 && content->from_client)
        return content->offset ? to : tls_client_hello(to, content->total, random);
    uint32_t span = content->full * RECORD_SEGMENTS;
    if (content->offset % span)
        return to;
    if (content->offset == 0 && content->exchange == 0)
        to = tls_server_hello(to, random);
    if (content->offset == 0 && content->exchange == 1 && content->from_client)
        to = put16(put_record(to, 20, 0x0303, 1), 0x0100) - 1;
    uint32_t left = content->total - content->offset;
    uint32_t record = (left < span ? left : span) - (uint32_t)(to - start);
    return put_record(to, 23, 0x0303, record - 5);
}

static uint8_t *http_request(uint8_t *to, const struct content *content)
{
    char *text = (char *)to;
    int used;
    if (content->total <= content->full) {
        used =
            snprintf(text, 200,
                     "GET /item/%u HTTP/1.1\r\nHost: www.example.test\r\nAccept: */*\r\nCookie: s=",
                     content->salt % 100000);
        uint32_t padding = content->total - (uint32_t)used - 4;
        memset(text + used, 'a', padding);
        return put_bytes(to + used + padding, "\r\n\r\n", 4);
    }
    uint32_t body = content->total - 120;
    for (int pass = 0; pass < 2; pass++) { /* the second pass knows how long the header is */
        used = snprintf(text, 200,
                        "POST /upload/%u HTTP/1.1\r\nHost: www.example.test\r\nContent-Type: "
                        "application/octet-stream\r\nContent-Length: %u\r\n\r\n",
                        content->salt % 100000, body);
        body = content->total - (uint32_t)used;
    }
    return to + used;
}

static uint8_t *http_response(uint8_t *to, const struct content *content)
{
    uint32_t body = content->total - 110;
    int used = 0;
    for (int pass = 0; pass < 2; pass++) {
        used = snprintf((char *)to, 200,
                        "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: "
                        "application/octet-stream\r\nContent-Length: %u\r\n\r\n",
                        body);
        body = content->total - (uint32_t)used;
    }
    return to + used;
}

const uint8_t *content_make(const struct content *content, uint8_t *scratch)
{
    const uint8_t *random = content_pool + (content->salt % (POOL_BYTES / 8)) * 8;
    uint8_t *end = scratch;
    if (content->protocol == PROTOCOL_TLS)
        end = tls_prefix(scratch, content, random);
    else if (content->protocol == PROTOCOL_HTTP && content->offset == 0)
        end =
            content->from_client ? http_request(scratch, content) : http_response(scratch, content);
    if (end == scratch)
        return random;
    uint32_t used = (uint32_t)(end - scratch);
    if (used < content->room)
        memcpy(end, random, content->room - used);
    return scratch;
}
