/* Writes capture files: classic pcap or pcapng, microseconds or nanoseconds, always little-endian.
 */
#ifndef BENCH_WRITER_H
#define BENCH_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum writer_format { WRITER_PCAP, WRITER_PCAP_NSEC, WRITER_PCAPNG, WRITER_PCAPNG_NSEC };

struct writer {
    int fd;
    enum writer_format format;
    uint32_t snaplen;
    uint8_t *buffer; /* records not yet written */
    size_t used;
    uint64_t packets;    /* so far */
    uint64_t wire_bytes; /* of these packets */
    uint64_t resets;     /* of these packets */
    bool failed;         /* a write failed; errno says why */
};

/* The format of that name ("pcap", "pcap-ns", "pcapng", "pcapng-ns"), or -1. */
int writer_format_find(const char *name);

/* Creates the file ("-" is standard output) and writes its header. Returns 0, or -1 with errno. */
int writer_open(struct writer *writer, const char *path, enum writer_format format,
                uint32_t snaplen);

/* Starts a record; the caller fills exactly `caplen` bytes (at most 64 KiB) at the address returned
 * before the next call. */
uint8_t *writer_record(struct writer *writer, int64_t time_nsec, uint32_t caplen, uint32_t wirelen);

/* Writes what is left and closes. Returns 0, or -1 with errno when this or an earlier write failed.
 */
int writer_close(struct writer *writer);

#endif
