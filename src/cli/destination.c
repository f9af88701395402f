#include "cli/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/progress.h"

char *destination_temporary_name(const char *path)
{
    struct stat status;
    if (!lstat(path, &status) && !S_ISREG(status.st_mode))
        return NULL;
    char *name = NULL;
    if (asprintf(&name, "%s.%ld.part", path, (long)getpid()) < 0)
        return NULL;
    return name;
}

int destination_open(struct destination *destination, const char *path, bool in_place,
                     struct whyrst_error *error)
{
    memset(destination, 0, sizeof *destination);
    destination->fd = STDOUT_FILENO;
    if (!path || !strcmp(path, "-"))
        return 0;
    destination->path = path;
    if (!in_place)
        destination->temporary = destination_temporary_name(path);
    const char *name = destination->temporary ? destination->temporary : path;
    int how = destination->temporary ? O_EXCL : O_TRUNC;
    destination->fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
    if (destination->fd >= 0)
        return 0;
    message_set(error, "%s: cannot be written: %s; give another name with -o", path,
                strerror(errno));
    free(destination->temporary);
    destination->temporary = NULL;
    return -1;
}

int destination_write(void *user, const char *bytes, size_t count, struct whyrst_error *error)
{
    struct destination *destination = user;
    if (count && destination->progress)
        progress_clear(destination->progress);
    while (count) {
        ssize_t written = write(destination->fd, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            destination->reader_gone = errno == EPIPE;
            return message_set(error, "%s: cannot be written: %s; the report is incomplete",
                               destination->path ? destination->path : "standard output",
                               strerror(errno));
        }
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

int destination_commit(struct destination *destination, struct whyrst_error *error)
{
    if (!destination->path)
        return 0;
    int fd = destination->fd;
    struct stat status;
    if (destination->temporary && !stat(destination->path, &status))
        (void)!fchmod(fd, status.st_mode & 07777); /* replacing a file keeps its mode if it can */
    destination->fd = -1;
    if (close(fd))
        return message_set(error, "%s: cannot be written: %s", destination->path, strerror(errno));
    if (destination->temporary && rename(destination->temporary, destination->path))
        return message_set(error, "%s: cannot be replaced: %s", destination->path, strerror(errno));
    free(destination->temporary);
    destination->temporary = NULL;
    return 0;
}

void destination_close(struct destination *destination)
{
    if (destination->path && destination->fd >= 0)
        close(destination->fd);
    destination->fd = -1;
    if (destination->temporary)
        unlink(destination->temporary);
    free(destination->temporary);
    destination->temporary = NULL;
}
