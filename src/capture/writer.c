/* Writes pcapng: one section, an interface for each link type and input, Enhanced Packet Blocks. */
#include "capture/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WRITER_BUFFER_BYTES (64u << 10)

enum {
    OPTION_COMMENT = 1,
    OPTION_SHB_USERAPPL = 4,
    OPTION_IF_TSRESOL = 9,
};

struct capture_writer {
    char *path;
    int fd;
    bool failed; /* the file is not whole; every later call says so */
    struct writer_interface {
        uint16_t link_type, input;
    } * interfaces;
    unsigned count;
    size_t used; /* of buffer */
    uint8_t buffer[WRITER_BUFFER_BYTES];
};

/* ---- Bytes -------------------------------------------------------------------------------------
 */

static int writer_flush(struct capture_writer *writer, struct whyrst_error *error)
{
    size_t done = 0;
    while (done < writer->used && !writer->failed) {
        ptrdiff_t count = write(writer->fd, writer->buffer + done, writer->used - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            capture_fail(error, "%s: cannot write: %s; the file is not complete", writer->path,
                         count < 0 ? strerror(errno) : "nothing was taken");
            writer->failed = true;
            break;
        }
        done += (size_t)count;
    }
    writer->used = 0;
    return writer->failed ? -1 : 0;
}

static int writer_put(struct capture_writer *writer, const void *bytes, size_t count,
                      struct whyrst_error *error)
{
    const uint8_t *from = bytes;
    while (count > 0) {
        size_t room = sizeof writer->buffer - writer->used;
        size_t part = count < room ? count : room;
        memcpy(writer->buffer + writer->used, from, part);
        writer->used += part;
        from += part;
        count -= part;
        if (writer->used == sizeof writer->buffer && writer_flush(writer, error) < 0)
            return -1;
    }
    return 0;
}

static uint32_t padded(uint32_t count)
{
    return (count + 3) & ~3u;
}

static int writer_put_padded(struct capture_writer *writer, const void *bytes, uint32_t count,
                             struct whyrst_error *error)
{
    static const uint8_t zeros[4];
    if (writer_put(writer, bytes, count, error) < 0)
        return -1;
    return writer_put(writer, zeros, padded(count) - count, error);
}

/* Bytes an option takes up; none when it is empty. */
static uint32_t option_bytes(uint32_t count)
{
    return count > 0 ? 4 + padded(count) : 0;
}

static int writer_put_option(struct capture_writer *writer, uint16_t code, const void *value,
                             uint16_t count, struct whyrst_error *error)
{
    uint16_t head[2] = {code, count};
    if (count == 0)
        return 0;
    if (writer_put(writer, head, sizeof head, error) < 0)
        return -1;
    return writer_put_padded(writer, value, count, error);
}

/* The end-of-options mark and the block's length again. */
static int writer_put_end(struct capture_writer *writer, uint32_t length,
                          struct whyrst_error *error)
{
    uint32_t tail[2] = {0, length};
    return writer_put(writer, tail, sizeof tail, error);
}

/* ---- Blocks ------------------------------------------------------------------------------------
 */

static int writer_put_section(struct capture_writer *writer, struct whyrst_error *error)
{
    static const char program[] = "whyrst";
    const uint16_t size = sizeof program - 1;
    uint32_t length = 24 + option_bytes(size) + 8;
    const uint16_t version[2] = {1, 0};
    uint32_t head[6] = {BLOCK_SECTION, length, PCAPNG_BYTE_ORDER, 0, UINT32_MAX, UINT32_MAX};
    memcpy(&head[3], version, sizeof version);
    if (writer_put(writer, head, sizeof head, error) < 0 ||
        writer_put_option(writer, OPTION_SHB_USERAPPL, program, size, error) < 0)
        return -1;
    return writer_put_end(writer, length, error);
}

static int writer_put_interface(struct capture_writer *writer, uint16_t link_type,
                                struct whyrst_error *error)
{
    const uint8_t nanoseconds = 9;
    const uint16_t type[2] = {link_type, 0};
    uint32_t length = 16 + option_bytes(1) + 8;
    uint32_t head[4] = {BLOCK_INTERFACE, length, 0, 0};
    memcpy(&head[2], type, sizeof type);
    if (writer_put(writer, head, sizeof head, error) < 0 ||
        writer_put_option(writer, OPTION_IF_TSRESOL, &nanoseconds, 1, error) < 0)
        return -1;
    return writer_put_end(writer, length, error);
}

/* The number of the packet's interface, written now when it is new; -1 on failure. */
static int writer_interface(struct capture_writer *writer, const struct whyrst_packet *packet,
                            struct whyrst_error *error)
{
    for (unsigned i = 0; i < writer->count; i++) {
        if (writer->interfaces[i].link_type == packet->link_type &&
            writer->interfaces[i].input == packet->input)
            return (int)i;
    }
    struct writer_interface *interfaces =
        realloc(writer->interfaces, (writer->count + 1) * sizeof *interfaces);
    if (!interfaces)
        return capture_fail(error, "%s: no memory for interface %u", writer->path, writer->count);
    writer->interfaces = interfaces;
    if (writer_put_interface(writer, packet->link_type, error) < 0)
        return -1;
    interfaces[writer->count].link_type = packet->link_type;
    interfaces[writer->count].input = packet->input;
    return (int)writer->count++;
}

/* A comment's length in an option: at most 65535 bytes, not cut inside a UTF-8 sequence. */
static uint16_t comment_bytes(const char *comment)
{
    size_t count = comment ? strlen(comment) : 0;
    if (count <= UINT16_MAX)
        return (uint16_t)count;
    count = UINT16_MAX;
    while (count > 0 && ((unsigned char)comment[count] & 0xc0) == 0x80)
        count--;
    return (uint16_t)count;
}

int capture_writer_packet(struct capture_writer *writer, const struct whyrst_packet *packet,
                          const char *comment, struct whyrst_error *error)
{
    if (writer->failed)
        return capture_fail(error, "%s: an earlier write failed", writer->path);
    if (packet->caplen > CAPTURE_MAX_CAPLEN_EVER)
        return capture_fail(error, "%s: a packet of %u bytes cannot be written", writer->path,
                            packet->caplen);
    int interface = writer_interface(writer, packet, error);
    if (interface < 0)
        return -1;
    uint16_t size = comment_bytes(comment);
    uint64_t ticks = packet->time_nsec > 0 ? (uint64_t)packet->time_nsec : 0;
    uint32_t length = 28 + padded(packet->caplen) + (size > 0 ? option_bytes(size) + 4 : 0) + 4;
    uint32_t head[7] = {BLOCK_ENHANCED_PACKET,   length,          (uint32_t)interface,
                        (uint32_t)(ticks >> 32), (uint32_t)ticks, packet->caplen,
                        packet->wirelen};
    if (writer_put(writer, head, sizeof head, error) < 0 ||
        writer_put_padded(writer, packet->bytes, packet->caplen, error) < 0)
        return -1;
    if (size == 0)
        return writer_put(writer, &length, sizeof length, error);
    if (writer_put_option(writer, OPTION_COMMENT, comment, size, error) < 0)
        return -1;
    return writer_put_end(writer, length, error);
}

/* ---- The file ----------------------------------------------------------------------------------
 */

struct capture_writer *capture_writer_open(const char *path, struct whyrst_error *error)
{
    struct capture_writer *writer = malloc(sizeof *writer);
    if (!writer || !(writer->path = strdup(path))) {
        capture_fail(error, "%s: no memory", path);
        free(writer);
        return NULL;
    }
    writer->interfaces = NULL;
    writer->count = 0;
    writer->used = 0;
    writer->failed = false;
    writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->fd < 0) {
        capture_fail(error, "%s: cannot create: %s", path, strerror(errno));
        free(writer->path);
        free(writer);
        return NULL;
    }
    /* Cannot fail: it only fills the buffer. */
    (void)writer_put_section(writer, error);
    return writer;
}

int capture_writer_close(struct capture_writer *writer, struct whyrst_error *error)
{
    int result = writer->failed ? capture_fail(error, "%s: an earlier write failed", writer->path)
                                : writer_flush(writer, error);
    if (close(writer->fd) < 0 && result == 0)
        result = capture_fail(error, "%s: cannot write: %s; the file is not complete", writer->path,
                              strerror(errno));
    free(writer->interfaces);
    free(writer->path);
    free(writer);
    return result;
}
