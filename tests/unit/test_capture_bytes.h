/* Builds capture files byte by byte, in either byte order, and reads them back in every way. */
#ifndef WHYRST_TEST_CAPTURE_BYTES_H
#define WHYRST_TEST_CAPTURE_BYTES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <check.h>

#include "capture/capture.h"
#include "capture/internal.h"

struct bytes {
    uint8_t data[65536];
    size_t count;
    bool swap; /* the other byte order than this machine's */
};

static inline void put(struct bytes *bytes, const void *from, size_t count)
{
    ck_assert_uint_le(bytes->count + count, sizeof bytes->data);
    memcpy(bytes->data + bytes->count, from, count);
    bytes->count += count;
}

static inline void put16(struct bytes *bytes, uint16_t value)
{
    value = bytes->swap ? __builtin_bswap16(value) : value;
    put(bytes, &value, sizeof value);
}

static inline void put32(struct bytes *bytes, uint32_t value)
{
    value = bytes->swap ? __builtin_bswap32(value) : value;
    put(bytes, &value, sizeof value);
}

static inline void put64(struct bytes *bytes, uint64_t value)
{
    value = bytes->swap ? __builtin_bswap64(value) : value;
    put(bytes, &value, sizeof value);
}

/* `count` bytes that tell where they belong, padded to `unit`. */
static inline void put_payload(struct bytes *bytes, unsigned count, unsigned unit)
{
    static const uint8_t zeros[4];
    for (unsigned i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)(count * 7 + i);
        put(bytes, &byte, 1);
    }
    put(bytes, zeros, (unit - count % unit) % unit);
}

static inline void check_payload(const struct whyrst_packet *packet)
{
    for (uint32_t i = 0; i < packet->caplen; i++)
        ck_assert_uint_eq(packet->bytes[i], (uint8_t)(packet->caplen * 7 + i));
}

static inline void put_pcap_header(struct bytes *bytes, uint32_t magic, uint32_t snaplen,
                                   uint32_t link_type)
{
    put32(bytes, magic);
    put16(bytes, 2);
    put16(bytes, 4);
    put32(bytes, 0);
    put32(bytes, 0);
    put32(bytes, snaplen);
    put32(bytes, link_type);
}

static inline void put_pcap_packet(struct bytes *bytes, uint32_t sec, uint32_t fraction,
                                   uint32_t caplen)
{
    put32(bytes, sec);
    put32(bytes, fraction);
    put32(bytes, caplen);
    put32(bytes, caplen + 5);
    put_payload(bytes, caplen, 1);
}

static inline void put_section(struct bytes *bytes, uint64_t length)
{
    put32(bytes, 0x0a0d0d0a);
    put32(bytes, 28);
    put32(bytes, 0x1a2b3c4d);
    put16(bytes, 1);
    put16(bytes, 0);
    put64(bytes, length);
    put32(bytes, 28);
}

/* tsresol 0: the option is left out; offset 0: likewise. */
static inline void put_interface(struct bytes *bytes, uint16_t link_type, uint32_t snaplen,
                                 uint8_t tsresol, int64_t offset_sec)
{
    uint32_t length = 20 + (tsresol ? 8 : 0) + (offset_sec ? 12 : 0) + 4;
    put32(bytes, 1);
    put32(bytes, length);
    put16(bytes, link_type);
    put16(bytes, 0);
    put32(bytes, snaplen);
    if (tsresol) {
        const uint8_t value[4] = {tsresol, 0, 0, 0};
        put16(bytes, 9);
        put16(bytes, 1);
        put(bytes, value, sizeof value);
    }
    if (offset_sec) {
        put16(bytes, 14);
        put16(bytes, 8);
        put64(bytes, (uint64_t)offset_sec);
    }
    put32(bytes, 0);
    put32(bytes, length);
}

static inline void put_enhanced(struct bytes *bytes, uint32_t interface, uint64_t ticks,
                                uint32_t caplen)
{
    uint32_t length = 32 + ((caplen + 3) & ~3u);
    put32(bytes, 6);
    put32(bytes, length);
    put32(bytes, interface);
    put32(bytes, (uint32_t)(ticks >> 32));
    put32(bytes, (uint32_t)ticks);
    put32(bytes, caplen);
    put32(bytes, caplen + 5);
    put_payload(bytes, caplen, 4);
    put32(bytes, length);
}

/* A block of any type with `count` bytes in it. */
static inline void put_block(struct bytes *bytes, uint32_t type, unsigned count)
{
    uint32_t length = 12 + ((count + 3) & ~3u);
    put32(bytes, type);
    put32(bytes, length);
    put_payload(bytes, count, 4);
    put32(bytes, length);
}

/* A file of these bytes without a name; path is where to open it. */
static inline int bytes_file(const void *data, size_t count, char path[64])
{
    int fd = memfd_create("capture", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, count), (ssize_t)count);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

#define MAX_READ 512

struct result {
    unsigned count;
    struct whyrst_packet packets[MAX_READ]; /* .bytes point into `stored` */
    uint8_t stored[65536];
    struct capture_info info;
    char name[64]; /* of the first link type */
};

/* Reads all of a capture, at most `batch` packets a time, and closes it. */
static inline void read_all(struct capture *capture, struct result *result, size_t batch)
{
    struct whyrst_error error = {{0}};
    struct whyrst_packet packets[64];
    size_t used = 0;
    int count;
    result->count = 0;
    while ((count = capture_read(capture, packets, batch, &error)) > 0) {
        for (int i = 0; i < count; i++) {
            ck_assert_uint_lt(result->count, MAX_READ);
            ck_assert_uint_le(used + packets[i].caplen, sizeof result->stored);
            memcpy(result->stored + used, packets[i].bytes, packets[i].caplen);
            result->packets[result->count] = packets[i];
            result->packets[result->count++].bytes = result->stored + used;
            used += packets[i].caplen;
        }
    }
    ck_assert_msg(count == 0, "%s", error.text);
    capture_info(capture, &result->info);
    capture_close(capture);
}

/* Adds a test of each of an array's cases to the test case at hand. */
#define ADD_LOOP(test, cases)                                                                      \
    tcase_add_loop_test(tcase, test, 0, (int)(sizeof(cases) / sizeof *(cases)))

#endif
