#include "report/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY_BYTES (256 * 1024)

static const char *spool_directory(void)
{
    const char *directory = getenv("TMPDIR");
    return directory && *directory ? directory : "/tmp";
}

static int spool_fail(const char *what, struct whyrst_error *error)
{
    if (error)
        snprintf(
            error->text, sizeof(error->text),
            "%.400s: cannot %s the report's temporary file: %s (set TMPDIR to a directory with "
            "space, or use -T ndjson, which needs none)",
            spool_directory(), what, strerror(errno));
    return -1;
}

void spool_init(struct spool *spool)
{
    spool->fd = -1;
}

void spool_clear(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
}

static int spool_open(struct spool *spool, struct whyrst_error *error)
{
    spool->fd = open(spool_directory(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (spool->fd >= 0)
        return 0;
    char path[4096]; /* not every file system has O_TMPFILE */
    int length = snprintf(path, sizeof(path), "%s/whyrst-XXXXXX", spool_directory());
    if (length < 0 || (size_t)length >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return spool_fail("make", error);
    }
    spool->fd = mkostemp(path, O_CLOEXEC);
    if (spool->fd < 0)
        return spool_fail("make", error);
    unlink(path);
    return 0;
}

int spool_append(struct spool *spool, const char *bytes, size_t count, struct whyrst_error *error)
{
    if (spool->fd < 0 && spool_open(spool, error) != 0)
        return -1;
    while (count > 0) {
        ssize_t written = write(spool->fd, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return spool_fail("write", error);
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

int spool_copy(struct spool *spool, const struct report_sink *sink, struct whyrst_error *error)
{
    if (spool->fd < 0)
        return 0;
    int result = -1;
    ssize_t count = 0;
    char *block = malloc(COPY_BYTES);
    if (!block) {
        errno = ENOMEM;
        return spool_fail("read", error);
    }
    if (lseek(spool->fd, 0, SEEK_SET) != 0) {
        spool_fail("read", error);
        goto out;
    }
    while ((count = read(spool->fd, block, COPY_BYTES)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            spool_fail("read", error);
            goto out;
        }
        if (sink->write(sink->user, block, (size_t)count, error) != 0)
            goto out;
    }
    result = 0;
out:
    free(block);
    return result;
}
