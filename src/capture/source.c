#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/digest.h"
#include "capture/gunzip.h"
#include "capture/internal.h"

#define SOURCE_FIRST_BYTES (64u << 10) /* the first block, and all of one of many files */
#define SOURCE_KEPT_FDS    32 /* a descriptor from here on tells that many files are open at once */

/* ---- Raw bytes ---------------------------------------------------------------------------------
 */

static ptrdiff_t take_memory(const struct source *source, uint8_t *space, size_t max)
{
    uint64_t left = source->file_bytes - source->raw_offset;
    size_t count = left < max ? (size_t)left : max;
    if (count > 0)
        memcpy(space, source->memory + source->raw_offset, count);
    return (ptrdiff_t)count;
}

/* Opens the descriptor and learns what it is of. */
static int source_open_fd(struct source *source, struct stat *status, struct whyrst_error *error)
{
    bool is_stdin = strcmp(source->path, "-") == 0;
    source->fd = is_stdin ? STDIN_FILENO : open(source->path, O_RDONLY | O_CLOEXEC);
    source->owns_fd = !is_stdin;
    if (source->fd < 0 || fstat(source->fd, status) < 0)
        return capture_fail(error, "%s: cannot open: %s", source->name, strerror(errno));
    if (S_ISDIR(status->st_mode))
        return capture_fail(error, "%s: is a directory, not a capture file", source->name);
    if (S_ISREG(status->st_mode))
        posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only an optimisation */
    return 0;
}

static void source_close_fd(struct source *source)
{
    if (source->owns_fd && source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

/* Goes on in a file that was closed meanwhile. */
static int source_reopen(struct source *source, struct whyrst_error *error)
{
    struct stat status;
    if (source_open_fd(source, &status, error) < 0)
        return -1;
    if (status.st_dev != source->device || status.st_ino != source->inode)
        return capture_fail(error,
                            "%s: was replaced by another file while it waited to be read; "
                            "analyse a copy, or fewer files at a time",
                            source->name);
    return 0;
}

static ptrdiff_t take_file(struct source *source, uint8_t *space, size_t max,
                           struct whyrst_error *error)
{
    ptrdiff_t count;
    if (source->fd < 0 && source_reopen(source, error) < 0)
        return -1;
    do
        count = source->is_file ? pread(source->fd, space, max, (off_t)source->raw_offset)
                                : read(source->fd, space, max);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        capture_fail(error, "%s: cannot read: %s", source->name, strerror(errno));
    if (source->is_of_many)
        source_close_fd(source);
    return count;
}

ptrdiff_t source_take_raw(struct source *source, uint8_t *space, size_t max,
                          struct whyrst_error *error)
{
    ptrdiff_t count =
        source->memory ? take_memory(source, space, max) : take_file(source, space, max, error);
    if (count > 0) {
        if (source->digest)
            digest_feed(source->digest, space, (size_t)count);
        source->raw_offset += (uint64_t)count;
    } else if (count == 0 && source->is_file && source->raw_offset < source->file_bytes) {
        source->is_cut = true;
    }
    return count;
}

/* ---- Filling -----------------------------------------------------------------------------------
 */

/* Room for `need` bytes at the cursor and a block more; what is left of the last one moves to its
 * front. */
static int buffer_reserve(struct source *source, size_t need, struct whyrst_error *error)
{
    size_t left = (size_t)(source->end - source->cursor);
    bool is_small = source->raw_offset == 0 || source->is_of_many;
    size_t block = is_small && source->block_bytes > SOURCE_FIRST_BYTES ? SOURCE_FIRST_BYTES
                                                                        : source->block_bytes;
    size_t bytes = need < block ? block : need + block;
    if (bytes > source->buffer_bytes) {
        uint8_t *buffer = malloc(bytes);
        if (!buffer)
            return capture_fail(error, "%s: no memory for a block of %zu bytes", source->name,
                                bytes);
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

/* The first block is read: many files are only looked into, and it may be gzip. So is what is
 * hashed, which fetches it from memory by itself. */
static bool source_can_map(const struct source *source)
{
    return source->is_file && !source->memory && !source->is_of_many && !source->gunzip &&
           !source->digest && !source->must_read && source->raw_offset > 0;
}

/* Moves the window so that it begins at the cursor. False: the bytes have to be read, which also
 * tells why there are not enough. */
static bool fill_window(struct source *source, size_t need)
{
    struct stat status;
    uint64_t from = source_offset(source);
    /* ends at a multiple of its size, so that pages of the cache that are large are mapped whole */
    uint64_t to =
        (from + need + source->window_bytes) / source->window_bytes * source->window_bytes;
    if (fstat(source->fd, &status) < 0)
        return false;
    if (to > (uint64_t)status.st_size)
        to = (uint64_t)status.st_size;
    if (to < from + need)
        return false;
    const uint8_t *bytes = window_move(&source->window, source->fd, from, (size_t)(to - from));
    if (bytes == NULL)
        return false;
    source->cursor = bytes;
    source->end = bytes + (to - from);
    source->raw_offset = source->end_offset = to;
    return true;
}

/* What is at hand is read again, and from there on everything. */
static void source_leave_window(struct source *source)
{
    source->raw_offset = source->end_offset = source_offset(source);
    source->cursor = source->end = source->buffer;
    source->must_read = true;
    window_close(&source->window);
}

bool source_look(struct source *source)
{
    struct stat status;
    const uint8_t *pages = source->window.pages, *gone = source->window.gone;
    if (pages == NULL)
        return false;
    const uint64_t begin = source->end_offset - (uint64_t)(source->end - pages); /* of the window */
    uint64_t end = gone != NULL ? begin + (uint64_t)(gone - pages) : source->end_offset;
    /* the page before may have lost its end only, which reads as zeros, too */
    if (fstat(source->fd, &status) == 0 && (uint64_t)status.st_size < end)
        end = (uint64_t)status.st_size > begin ? (uint64_t)status.st_size : begin;
    if (end < source->end_offset) {
        source->is_cut = true;
        source->end = pages + (end - begin);
        source->end_offset = end;
        if (source->cursor > source->end)
            source->cursor = source->end;
    }
    return source->is_cut;
}

int source_fill(struct source *source, size_t need, struct whyrst_error *error)
{
    if ((size_t)(source->end - source->cursor) >= need)
        return 1;
    if (source_can_map(source)) {
        if (fill_window(source, need))
            return 1;
        source_leave_window(source);
    }
    if (buffer_reserve(source, need, error) < 0)
        return -1;
    while ((size_t)(source->end - source->cursor) < need) {
        uint8_t *space = source->buffer + (source->end - source->buffer);
        size_t room = source->buffer_bytes - (size_t)(source->end - source->buffer);
        ptrdiff_t count = source->gunzip ? gunzip_read(source->gunzip, source, space, room, error)
                                         : source_take_raw(source, space, room, error);
        if (count <= 0)
            return (int)count;
        source->end += count;
        source->end_offset += (uint64_t)count;
    }
    return 1;
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
    ptrdiff_t count;
    do
        count = source_take_raw(source, space, sizeof space, error);
    while (count > 0);
    return (int)count;
}

/* ---- Opening -----------------------------------------------------------------------------------
 */

/* Looks whether it is gzip; what it read to see that is then inflated. */
static int source_start(struct source *source, struct whyrst_error *error)
{
    int more = source_fill(source, 2, error);
    if (more <= 0)
        return more;
    if (source->cursor[0] != 0x1f || source->cursor[1] != 0x8b)
        return 0;
    source->gunzip = gunzip_new(source->cursor, (size_t)(source->end - source->cursor), error);
    if (!source->gunzip)
        return -1;
    source->cursor = source->end = source->buffer;
    source->end_offset = 0;
    return 0;
}

static int source_init(struct source *source, const char *path, const char *name,
                       const struct source_options *options, struct whyrst_error *error)
{
    memset(source, 0, sizeof *source);
    source->path = path;
    source->name = name;
    source->fd = -1;
    source->block_bytes = SOURCE_BLOCK_BYTES;
    source->window_bytes = SOURCE_WINDOW_BYTES;
    if (options && options->block_bytes)
        source->block_bytes = source->window_bytes = options->block_bytes;
    if (options && options->sha256) {
        source->digest = digest_new();
        if (!source->digest)
            return capture_fail(error, "%s: no memory to hash the capture", name);
    }
    return 0;
}

int source_open(struct source *source, const char *path, const char *name,
                const struct source_options *options, struct whyrst_error *error)
{
    struct stat status;
    if (source_init(source, path, name, options, error) < 0 ||
        source_open_fd(source, &status, error) < 0)
        goto failed;
    source->device = status.st_dev;
    source->inode = status.st_ino;
    if (S_ISREG(status.st_mode)) {
        source->file_bytes = (uint64_t)status.st_size;
        /* standard input may be a file of which others read a part */
        source->is_file = source->owns_fd || lseek(source->fd, 0, SEEK_CUR) == 0;
        source->is_of_many = source->owns_fd && source->fd >= SOURCE_KEPT_FDS;
    }
    if (source_start(source, error) == 0)
        return 0;
failed:
    source_close(source);
    return -1;
}

int source_open_memory(struct source *source, const void *bytes, size_t count,
                       struct whyrst_error *error)
{
    if (source_init(source, "", "memory", NULL, error) < 0)
        return -1;
    source->memory = bytes;
    source->file_bytes = count;
    source->is_file = true;
    if (source_start(source, error) == 0)
        return 0;
    source_close(source);
    return -1;
}

bool source_can_restart(const struct source *source)
{
    return source->is_file;
}

void source_release(struct source *source)
{
    gunzip_free(source->gunzip);
    free(source->buffer);
    window_close(&source->window);
    source->gunzip = NULL;
    source->buffer = NULL;
    source->buffer_bytes = 0;
    source->cursor = source->end = NULL;
}

int source_restart(struct source *source, struct whyrst_error *error)
{
    source_release(source);
    source->raw_offset = source->end_offset = 0;
    source->must_read = source->is_cut = false;
    if (source->digest)
        digest_restart(source->digest);
    return source_start(source, error);
}

void source_close(struct source *source)
{
    source_close_fd(source);
    source_release(source);
    digest_free(source->digest);
    memset(source, 0, sizeof *source);
    source->fd = -1;
}
