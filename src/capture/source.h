/* The bytes of a capture file or stream, in order: mapped when it is a regular file, read into a
 * buffer when it is a pipe, inflated into a buffer when it is gzip. Private to src/capture. */
#ifndef WHYRST_CAPTURE_SOURCE_H
#define WHYRST_CAPTURE_SOURCE_H

#include "capture/sigbus.h"
#include "whyrst/whyrst.h"

#define SOURCE_BLOCK_BYTES (256u << 10) /* read or inflated at once */
#define SOURCE_MEMORY_FD   (-2)         /* source.fd of source_open_memory */

struct gunzip;
struct digest;

struct source_options {
    bool sha256;         /* hash the file's bytes */
    size_t window_bytes; /* mapped ahead, or read at once; 0 = the default */
    bool no_map;         /* read() regular files too */
};

struct source {
    const uint8_t *cursor, *end; /* the bytes at hand; the reader moves cursor */
    uint64_t end_offset;         /* of end, in the (inflated) stream */
    bool is_mapped;              /* cursor points into the mapping: prefetching pays */

    const char *name; /* for messages; the caller's */
    size_t window_bytes;
    int fd; /* -1 once a file is mapped */
    bool owns_fd;

    uint8_t *map; /* whole file; NULL when read through fd */
    uint64_t map_bytes;
    uint64_t released;   /* mapped bytes before this are given back */
    uint64_t raw_offset; /* bytes of the file taken so far, before inflating */
    uint64_t file_bytes; /* 0 = unknown */
    uint64_t device, inode;
    bool shrunk;               /* the file became shorter while it was read */
    struct sigbus_guard guard; /* of map; .hit: bytes at hand became zeros */

    uint8_t *buffer; /* when not mapped, or gzip */
    size_t buffer_bytes;
    struct gunzip *gunzip; /* NULL unless gzip */
    struct digest *digest; /* NULL unless asked for */
};

/* Opens path ("-": standard input) and looks whether it is gzip; name is for messages and must
 * outlive the source. -1 on failure. */
int source_open(struct source *source, const char *path, const char *name,
                const struct source_options *options, struct whyrst_error *error);
/* The same over bytes in memory, which must outlive the source. */
int source_open_memory(struct source *source, const void *bytes, size_t count,
                       struct whyrst_error *error);
void source_close(struct source *source);

/* Makes at least `need` bytes available at cursor; bytes before cursor become invalid.
 * 1 when they are there, 0 when the input ends before, -1 on a read error. */
int source_fill(struct source *source, size_t need, struct whyrst_error *error);
/* Moves `count` bytes ahead, seen or not. Returns as source_fill. */
int source_skip(struct source *source, uint64_t count, struct whyrst_error *error);
/* Reads to the end of the file so that the hash covers every byte. */
int source_drain(struct source *source, struct whyrst_error *error);

/* Gives memory back when nothing more is to be read; only source_restart makes it usable again. */
void source_release(struct source *source);

/* A mapped file can be read again from its first byte; a pipe cannot. */
bool source_can_restart(const struct source *source);
/* Back to the first byte, with buffers given back. -1 on failure. */
int source_restart(struct source *source, struct whyrst_error *error);

/* Whether bytes handed out may be gone because the file was cut under the mapping. */
static inline bool source_is_cut(const struct source *source)
{
    return atomic_load_explicit(&source->guard.hit, memory_order_relaxed);
}

/* Offset of cursor in the (inflated) stream. */
static inline uint64_t source_offset(const struct source *source)
{
    return source->end_offset - (uint64_t)(source->end - source->cursor);
}

/* Raw bytes of the file, before inflating: up to `max`, into *bytes (valid until the next call).
 * `space` is used when they have to be read. 0 at the end, -1 on error. */
ptrdiff_t source_take_raw(struct source *source, uint8_t *space, size_t max, const uint8_t **bytes,
                          struct whyrst_error *error);

#endif
