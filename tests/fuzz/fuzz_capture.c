/* Any bytes as a capture file. The first byte chooses how it is read: from memory, or through a
 * file in blocks so small that everything crosses them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct capture *open_file(const uint8_t *data, size_t size, int *fd)
{
    char path[64];
    const struct source_options way = {.block_bytes = 1, .sha256 = true};
    *fd = memfd_create("capture", MFD_CLOEXEC);
    if (*fd < 0 || write(*fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", *fd);
    return capture_open_with(path, 0, NULL, &way, NULL);
}

static uint64_t read_all(struct capture *capture)
{
    struct whyrst_packet packets[16];
    struct capture_info info;
    uint64_t last = 0;
    uint8_t sum = 0;
    int count;
    while ((count = capture_read(capture, packets, 16, NULL)) > 0) {
        for (int i = 0; i < count; i++) {
            if (packets[i].frame_no <= last || packets[i].wirelen < packets[i].caplen)
                abort();
            last = packets[i].frame_no;
            for (uint32_t at = 0; at < packets[i].caplen; at++)
                sum ^= packets[i].bytes[at];
        }
    }
    capture_info(capture, &info);
    if (info.packets < last || info.truncated != (info.truncated_text[0] != '\0'))
        abort();
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    int fd = -1;
    struct capture *capture = (data[0] & 3) == 0
                                  ? open_file(data + 1, size - 1, &fd)
                                  : capture_open_memory(data + 1, size - 1, 0, NULL, NULL);
    if (!capture)
        goto done;
    uint64_t first = read_all(capture);
    /* Read again from the beginning, it must be the same. */
    if (capture_rewind(capture) && read_all(capture) != first)
        abort();
    capture_close(capture);
done:
    if (fd >= 0)
        close(fd);
    return 0;
}
