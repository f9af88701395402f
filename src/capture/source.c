#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/digest.h"
#include "capture/gunzip.h"
#include "capture/internal.h"

#define SOURCE_WINDOW_BYTES (4u << 20)  /* mapped pages made present at once */
#define SOURCE_FIRST_BYTES  (64u << 10) /* the first window: many files are only looked into */

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static uint64_t page_floor(uint64_t offset)
{
    return offset & ~(uint64_t)(sysconf(_SC_PAGESIZE) - 1);
}

static void source_hash(struct source *source, const uint8_t *bytes, size_t count)
{
    if (source->digest)
        digest_feed(source->digest, bytes, count);
}

/* Makes the mapping's next `count` bytes from raw_offset present, gives back those before `keep`.
 * Returns how many there are; fewer than asked when the file ends or was cut meanwhile. */
static size_t map_advance(struct source *source, size_t count, uint64_t keep)
{
    uint64_t from = page_floor(source->raw_offset);
    uint64_t to = source->raw_offset + count;
    if (to > source->map_bytes)
        to = source->map_bytes;
    if (source->fd == SOURCE_MEMORY_FD)
        return to - source->raw_offset;
    if (page_floor(keep) > source->released) {
        madvise(source->map + source->released, page_floor(keep) - source->released, MADV_DONTNEED);
        source->released = page_floor(keep);
    }
    if (to == source->raw_offset)
        return 0;
    if (to < source->map_bytes) {
        uint64_t ahead = source->map_bytes - to < count ? source->map_bytes - to : count;
        madvise(source->map + page_floor(to), ahead, MADV_WILLNEED);
    }
    if (madvise(source->map + from, to - from, MADV_POPULATE_READ) != 0 && errno == EFAULT) {
        /* Touching these pages would raise SIGBUS: the file has been cut since it was opened. */
        source->shrunk = true;
        source->map_bytes = source->raw_offset;
        return 0;
    }
    return to - source->raw_offset;
}

static ptrdiff_t read_some(struct source *source, uint8_t *space, size_t max,
                           struct whyrst_error *error)
{
    ptrdiff_t count;
    do
        count = read(source->fd, space, max);
    while (count < 0 && errno == EINTR);
    if (count < 0) {
        capture_fail(error, "%s: cannot read: %s", source->name, strerror(errno));
        return -1;
    }
    return count;
}

ptrdiff_t source_take_raw(struct source *source, uint8_t *space, size_t max, const uint8_t **bytes,
                          struct whyrst_error *error)
{
    ptrdiff_t count;
    if (source->map) {
        count = (ptrdiff_t)map_advance(source, max, source->raw_offset);
        *bytes = source->map + source->raw_offset;
    } else {
        count = read_some(source, space, max, error);
        *bytes = space;
    }
    if (count > 0) {
        source_hash(source, *bytes, (size_t)count);
        source->raw_offset += (uint64_t)count;
    }
    return count;
}

/* ---- Filling -----------------------------------------------------------------------------------
 */

static int fill_mapped(struct source *source, size_t need)
{
    size_t step = source->raw_offset == 0 && source->window_bytes > SOURCE_FIRST_BYTES
                      ? SOURCE_FIRST_BYTES
                      : source->window_bytes;
    while ((size_t)(source->end - source->cursor) < need) {
        const uint8_t *bytes = source->end;
        size_t count = map_advance(source, step, source_offset(source));
        if (count == 0)
            return 0;
        source_hash(source, bytes, count);
        source->end += count;
        source->end_offset += count;
        source->raw_offset += count;
    }
    return 1;
}

static int buffer_reserve(struct source *source, size_t need, struct whyrst_error *error)
{
    size_t left = (size_t)(source->end - source->cursor);
    size_t block =
        source->window_bytes < SOURCE_BLOCK_BYTES ? source->window_bytes : SOURCE_BLOCK_BYTES;
    size_t bytes = need < block ? block : need + block;
    if (bytes > source->buffer_bytes) {
        uint8_t *buffer = malloc(bytes);
        if (!buffer) {
            capture_fail(error, "%s: no memory for a block of %zu bytes", source->name, bytes);
            return -1;
        }
        if (left > 0)
            memcpy(buffer, source->cursor, left);
        free(source->buffer);
        source->buffer = buffer;
        source->buffer_bytes = bytes;
    } else if (left > 0) {
        memmove(source->buffer, source->cursor, left);
    }
    source->cursor = source->buffer;
    source->end = source->buffer + left;
    return 0;
}

static int fill_buffer(struct source *source, size_t need, struct whyrst_error *error)
{
    if (buffer_reserve(source, need, error) < 0)
        return -1;
    while ((size_t)(source->end - source->cursor) < need) {
        uint8_t *space = source->buffer + (source->end - source->buffer);
        size_t room = source->buffer_bytes - (size_t)(source->end - source->buffer);
        const uint8_t *bytes;
        ptrdiff_t count = source->gunzip ? gunzip_read(source->gunzip, source, space, room, error)
                                         : source_take_raw(source, space, room, &bytes, error);
        if (count <= 0)
            return (int)count;
        source->end += count;
        source->end_offset += (uint64_t)count;
    }
    return 1;
}

int source_fill(struct source *source, size_t need, struct whyrst_error *error)
{
    if ((size_t)(source->end - source->cursor) >= need)
        return 1;
    return source->is_mapped ? fill_mapped(source, need) : fill_buffer(source, need, error);
}

int source_skip(struct source *source, uint64_t count, struct whyrst_error *error)
{
    for (;;) {
        size_t here = (size_t)(source->end - source->cursor);
        if (count <= here) {
            source->cursor += count;
            return 1;
        }
        source->cursor = source->end;
        count -= here;
        int more = source_fill(source, 1, error);
        if (more <= 0)
            return more;
    }
}

int source_drain(struct source *source, struct whyrst_error *error)
{
    uint8_t space[16384];
    const uint8_t *bytes;
    size_t step = source->map ? source->window_bytes : sizeof space;
    ptrdiff_t count;
    do
        count = source_take_raw(source, space, step, &bytes, error);
    while (count > 0);
    return (int)count;
}

/* ---- Opening -----------------------------------------------------------------------------------
 */

/* Standard input may be a file already read in part; only what is left counts then. */
static void source_map(struct source *source, const struct stat *status)
{
    if (!S_ISREG(status->st_mode) || status->st_size <= 0 ||
        (uintmax_t)status->st_size > SIZE_MAX / 2)
        return;
    if (!source->owns_fd && lseek(source->fd, 0, SEEK_CUR) != 0)
        return;
    void *map = mmap(NULL, (size_t)status->st_size, PROT_READ, MAP_SHARED, source->fd, 0);
    if (map == MAP_FAILED)
        return; /* some file systems cannot; read() will do */
    madvise(map, (size_t)status->st_size, MADV_SEQUENTIAL);
    source->map = map;
    source->map_bytes = (uint64_t)status->st_size;
    sigbus_guard(&source->guard, map, (size_t)status->st_size);
    /* The mapping keeps the file; thousands of rotated files must not need as many descriptors. */
    if (source->owns_fd)
        close(source->fd);
    source->fd = -1;
    source->owns_fd = false;
}

static int source_start(struct source *source, struct whyrst_error *error)
{
    source->is_mapped = source->map != NULL;
    if (source->is_mapped)
        source->cursor = source->end = source->map;
    int more = source_fill(source, 2, error);
    if (more <= 0)
        return more;
    if (source->cursor[0] != 0x1f || source->cursor[1] != 0x8b)
        return 0;
    size_t seen = (size_t)(source->end - source->cursor);
    const uint8_t *first = source->cursor;
    if (source->is_mapped) {
        /* Inflate reads the mapping from its beginning. */
        source->raw_offset = 0;
        seen = 0;
        if (source->digest)
            digest_restart(source->digest);
    }
    source->gunzip = gunzip_new(first, seen, error);
    if (!source->gunzip)
        return -1;
    source->is_mapped = false;
    source->cursor = source->end = NULL;
    source->end_offset = 0;
    return 0;
}

static int source_init(struct source *source, const char *name,
                       const struct source_options *options, struct whyrst_error *error)
{
    memset(source, 0, sizeof *source);
    source->name = name;
    source->fd = -1;
    source->window_bytes =
        options && options->window_bytes ? options->window_bytes : SOURCE_WINDOW_BYTES;
    if (options && options->sha256) {
        source->digest = digest_new();
        if (!source->digest) {
            capture_fail(error, "%s: no memory to hash the capture", name);
            return -1;
        }
    }
    return 0;
}

int source_open(struct source *source, const char *path, const char *name,
                const struct source_options *options, struct whyrst_error *error)
{
    struct stat status;
    bool is_stdin = strcmp(path, "-") == 0;
    if (source_init(source, name, options, error) < 0)
        return -1;
    source->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    source->owns_fd = !is_stdin;
    if (source->fd < 0 || fstat(source->fd, &status) < 0) {
        capture_fail(error, "%s: cannot open: %s", source->name, strerror(errno));
        goto failed;
    }
    if (S_ISDIR(status.st_mode)) {
        capture_fail(error, "%s: is a directory, not a capture file", source->name);
        goto failed;
    }
    source->device = status.st_dev;
    source->inode = status.st_ino;
    if (S_ISREG(status.st_mode))
        source->file_bytes = (uint64_t)status.st_size;
    if (!options || !options->no_map)
        source_map(source, &status);
    if (source_start(source, error) < 0)
        goto failed;
    return 0;
failed:
    source_close(source);
    return -1;
}

int source_open_memory(struct source *source, const void *bytes, size_t count,
                       struct whyrst_error *error)
{
    if (source_init(source, "memory", NULL, error) < 0)
        return -1;
    source->fd = SOURCE_MEMORY_FD;
    source->map = (uint8_t *)(uintptr_t)bytes; /* only read */
    source->map_bytes = source->file_bytes = count;
    if (source_start(source, error) == 0)
        return 0;
    source_close(source);
    return -1;
}

bool source_can_restart(const struct source *source)
{
    return source->map != NULL;
}

void source_release(struct source *source)
{
    gunzip_free(source->gunzip);
    free(source->buffer);
    source->gunzip = NULL;
    source->buffer = NULL;
    source->buffer_bytes = 0;
    source->cursor = source->end = NULL;
    if (source->map && source->fd != SOURCE_MEMORY_FD)
        madvise(source->map, source->map_bytes, MADV_DONTNEED);
}

int source_restart(struct source *source, struct whyrst_error *error)
{
    source_release(source);
    source->raw_offset = source->released = source->end_offset = 0;
    if (source->digest)
        digest_restart(source->digest);
    return source_start(source, error);
}

void source_close(struct source *source)
{
    if (source->map && source->fd != SOURCE_MEMORY_FD) {
        sigbus_unguard(&source->guard);
        munmap(source->map, source->file_bytes);
    }
    if (source->owns_fd && source->fd >= 0)
        close(source->fd);
    gunzip_free(source->gunzip);
    digest_free(source->digest);
    free(source->buffer);
    memset(source, 0, sizeof *source);
    source->fd = -1;
}
