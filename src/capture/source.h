/* The bytes of a capture file or stream, in order. A file is mapped, one window after the other:
 * its bytes are then fetched while others are worked on, which copying them would have to wait for.
 * What is hashed or cannot be mapped is read in blocks that stay in the processor's cache, and
 * inflated when it is gzip. Private to src/capture. */
#ifndef WHYRST_CAPTURE_SOURCE_H
#define WHYRST_CAPTURE_SOURCE_H

#include "capture/window.h"
#include "whyrst/whyrst.h"

#define SOURCE_BLOCK_BYTES  (256u << 10) /* read or inflated at once */
#define SOURCE_WINDOW_BYTES (2u << 20)   /* mapped at once */

struct gunzip;
struct digest;

struct source_options {
    bool sha256;        /* hash the file's bytes */
    size_t block_bytes; /* read or mapped at once; 0 = as measured best */
};

struct source {
    const uint8_t *cursor, *end; /* the bytes at hand; the reader moves cursor */
    uint64_t end_offset;         /* of end, in the (inflated) stream */

    const char *path, *name; /* name is for messages; both are the caller's */
    size_t block_bytes, window_bytes;
    int fd; /* -1: closed */
    bool owns_fd;
    bool is_file;          /* a regular file, read from its first byte: can be read again */
    bool is_of_many;       /* one of so many files that it is only open while it is read */
    bool must_read;        /* no more windows: the system refused, or the end is near */
    bool is_cut;           /* it was found to have become shorter */
    uint64_t raw_offset;   /* bytes of the file taken so far, before inflating */
    uint64_t file_bytes;   /* when it was opened; 0 = unknown */
    const uint8_t *memory; /* file_bytes bytes to read instead of fd, NULL when there are none */
    uint64_t device, inode;

    struct window window; /* the bytes at hand are in here when it is open, else in buffer */
    uint8_t *buffer;
    size_t buffer_bytes;
    struct gunzip *gunzip; /* NULL unless gzip */
    struct digest *digest; /* NULL unless asked for */
};

/* Opens path ("-": standard input) and looks whether it is gzip; path and name must outlive the
 * source. -1 on failure. */
int source_open(struct source *source, const char *path, const char *name,
                const struct source_options *options, struct whyrst_error *error);
/* The same over bytes in memory, which must outlive the source. */
int source_open_memory(struct source *source, const void *bytes, size_t count,
                       struct whyrst_error *error);
void source_close(struct source *source);

/* Makes at least `need` bytes available at cursor; bytes handed out before become invalid.
 * 1 when they are there, 0 when the input ends before, -1 on a read error. */
int source_fill(struct source *source, size_t need, struct whyrst_error *error);
/* Moves `count` bytes ahead, seen or not. Returns as source_fill. */
int source_skip(struct source *source, uint64_t count, struct whyrst_error *error);
/* Reads to the end of the file so that the hash covers every byte. */
int source_drain(struct source *source, struct whyrst_error *error);

/* Gives buffers back when nothing more is to be read for now; only source_restart makes it usable
 * again. */
void source_release(struct source *source);

/* A file can be read again from its first byte; a pipe cannot. */
bool source_can_restart(const struct source *source);
/* Back to the first byte. -1 on failure. */
int source_restart(struct source *source, struct whyrst_error *error);

/* Looks whether the file has lost some of the bytes at hand since they were mapped: these read as
 * zeros. True: what is at hand ends where the file does now, and nothing more will come. */
bool source_look(struct source *source);

/* Offset of cursor in the (inflated) stream. */
static inline uint64_t source_offset(const struct source *source)
{
    return source->end_offset - (uint64_t)(source->end - source->cursor);
}

/* Raw bytes of the file, before inflating: up to `max`, into space. 0 at the end, -1 on error. */
ptrdiff_t source_take_raw(struct source *source, uint8_t *space, size_t max,
                          struct whyrst_error *error);

#endif
