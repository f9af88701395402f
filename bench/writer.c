#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITER_BUFFER   (1u << 20)
#define WRITER_OVERHEAD 64 /* a record's header, padding and trailer, generously */
#define NSEC_PER_SEC    1000000000

static const char *const FORMAT_NAMES[] = {"pcap", "pcap-ns", "pcapng", "pcapng-ns"};

int writer_format_find(const char *name)
{
    for (int format = 0; format < 4; format++)
        if (strcmp(name, FORMAT_NAMES[format]) == 0)
            return format;
    return -1;
}

static uint8_t *put16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    return to + 2;
}

static uint8_t *put32(uint8_t *to, uint32_t value)
{
    return put16(put16(to, (uint16_t)value), (uint16_t)(value >> 16));
}

static void writer_flush(struct writer *writer)
{
    const uint8_t *from = writer->buffer;
    while (writer->used && !writer->failed) {
        ssize_t done = write(writer->fd, from, writer->used);
        if (done < 0 && errno != EINTR)
            writer->failed = true;
        if (done > 0) {
            from += done;
            writer->used -= (size_t)done;
        }
    }
    writer->used = 0;
}

static uint8_t *writer_pcap_header(uint8_t *to, bool nsec, uint32_t snaplen)
{
    to = put32(to, nsec ? 0xa1b23c4d : 0xa1b2c3d4);
    to = put16(put16(to, 2), 4);
    to = put32(put32(to, 0), 0);
    return put32(put32(to, snaplen), 1); /* LINKTYPE_ETHERNET */
}

static uint8_t *writer_pcapng_header(uint8_t *to, bool nsec, uint32_t snaplen)
{
    to = put32(put32(to, 0x0a0d0d0a), 28);
    to = put32(to, 0x1a2b3c4d);
    to = put16(put16(to, 1), 0);
    to = put32(put32(to, UINT32_MAX), UINT32_MAX); /* section length not stated */
    to = put32(to, 28);
    uint32_t block_bytes = nsec ? 32 : 20;
    to = put32(put32(to, 1), block_bytes);
    to = put16(put16(to, 1), 0);
    to = put32(to, snaplen);
    if (nsec) {
        to = put16(put16(to, 9), 1); /* if_tsresol */
        to = put32(to, 9);
        to = put32(to, 0);
    }
    return put32(to, block_bytes);
}

int writer_open(struct writer *writer, const char *path, enum writer_format format,
                uint32_t snaplen)
{
    memset(writer, 0, sizeof(*writer));
    writer->format = format;
    writer->snaplen = snaplen;
    writer->buffer = malloc(WRITER_BUFFER);
    if (!writer->buffer)
        return -1;
    writer->fd = strcmp(path, "-") == 0
                     ? STDOUT_FILENO
                     : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (writer->fd < 0) {
        free(writer->buffer);
        return -1;
    }
    bool nsec = format == WRITER_PCAP_NSEC || format == WRITER_PCAPNG_NSEC;
    uint8_t *end = format >= WRITER_PCAPNG ? writer_pcapng_header(writer->buffer, nsec, snaplen)
                                           : writer_pcap_header(writer->buffer, nsec, snaplen);
    writer->used = (size_t)(end - writer->buffer);
    return 0;
}

uint8_t *writer_record(struct writer *writer, int64_t time_nsec, uint32_t caplen, uint32_t wirelen)
{
    if (writer->used + caplen + WRITER_OVERHEAD > WRITER_BUFFER)
        writer_flush(writer);
    uint8_t *to = writer->buffer + writer->used;
    uint8_t *packet;
    if (writer->format < WRITER_PCAPNG) {
        uint32_t fraction = (uint32_t)(time_nsec % NSEC_PER_SEC);
        to = put32(to, (uint32_t)(time_nsec / NSEC_PER_SEC));
        to = put32(to, writer->format == WRITER_PCAP ? fraction / 1000 : fraction);
        packet = put32(put32(to, caplen), wirelen);
        to = packet + caplen;
    } else {
        uint64_t stamp = (uint64_t)(writer->format == WRITER_PCAPNG ? time_nsec / 1000 : time_nsec);
        uint32_t padding = -caplen & 3;
        uint32_t block_bytes = 32 + caplen + padding;
        to = put32(put32(to, 6), block_bytes);
        to = put32(to, 0);
        to = put32(put32(to, (uint32_t)(stamp >> 32)), (uint32_t)stamp);
        packet = put32(put32(to, caplen), wirelen);
        memset(packet + caplen, 0, padding);
        to = put32(packet + caplen + padding, block_bytes);
    }
    writer->used = (size_t)(to - writer->buffer);
    writer->packets++;
    writer->wire_bytes += wirelen;
    return packet;
}

int writer_close(struct writer *writer)
{
    writer_flush(writer);
    free(writer->buffer);
    writer->buffer = NULL;
    if (writer->fd != STDOUT_FILENO && close(writer->fd) != 0)
        return -1;
    return writer->failed ? -1 : 0;
}
