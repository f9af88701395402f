#include "cli/extract.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/extract_index.h"
#include "cli/message.h"
#include "cli/destination.h"
#include "packet/decode.h"

#define EXTRACT_BATCH 256

/* An input's way into the second pass. */
struct extract_input {
    const char *path;              /* of the file itself; NULL when spooled */
    int spool;                     /* temporary file without a name, or -1 */
    struct capture_writer *writer; /* into the spool, while it grows */
};

struct extract {
    const struct options *options;
    struct extract_input *inputs;
    unsigned input_count;
    uint64_t spooled_bytes, unspooled_packets;
    struct extract_index index;
};

/* The file loses its name at once, so that nothing is left behind whatever ends the program. */
static int extract_spool_open(struct extract_input *input, struct whyrst_error *error)
{
    const char *directory = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/whyrst-XXXXXX", directory && *directory ? directory : "/tmp") < 0)
        return message_set(error, "option -w: no memory");
    input->spool = mkstemp(path);
    if (input->spool < 0) {
        message_set(error, "option -w: %s: cannot be created: %s; name another place with TMPDIR",
                    path, strerror(errno));
    } else {
        input->writer = capture_writer_open(path, error);
        unlink(path);
    }
    free(path);
    return input->writer ? 0 : -1;
}

static int extract_input_init(struct extract *extract, struct extract_input *input,
                              const char *path, struct whyrst_error *error)
{
    struct stat status, target;
    bool is_plain = path && strcmp(path, "-") && !stat(path, &status) && S_ISREG(status.st_mode);
    if (!is_plain) {
        if (path && extract->options->filter)
            return message_set(error,
                               "option -w: cannot be combined with -f on %s, which can be "
                               "read only once; save the capture to a file first",
                               strcmp(path, "-") ? path : "standard input");
        return extract_spool_open(input, error);
    }
    input->path = path;
    if (!stat(extract->options->extract_file, &target) && target.st_dev == status.st_dev &&
        target.st_ino == status.st_ino)
        return message_set(error, "option -w: %s is the capture itself; give another name", path);
    return 0;
}

struct extract *extract_new(const struct options *options, struct whyrst_error *error)
{
    struct extract *extract = calloc(1, sizeof *extract);
    unsigned count = options->interface ? 1 : options->file_count;
    if (!extract || !(extract->inputs = calloc(count, sizeof *extract->inputs))) {
        message_set(error, "option -w: no memory");
        free(extract);
        return NULL;
    }
    extract->options = options;
    extract->input_count = count;
    for (unsigned i = 0; i < count; i++)
        extract->inputs[i].spool = -1;
    for (unsigned i = 0; i < count; i++) {
        const char *path = options->interface ? NULL : options->files[i];
        if (extract_input_init(extract, &extract->inputs[i], path, error)) {
            extract_free(extract);
            return NULL;
        }
    }
    return extract;
}

void extract_free(struct extract *extract)
{
    if (!extract)
        return;
    for (unsigned i = 0; i < extract->input_count; i++) {
        struct extract_input *input = &extract->inputs[i];
        if (input->writer)
            capture_writer_close(input->writer, NULL);
        if (input->spool >= 0)
            close(input->spool);
    }
    free(extract->inputs);
    extract_index_clear(&extract->index);
    free(extract);
}

int extract_reset(struct extract *extract, const struct whyrst_reset *reset,
                  struct whyrst_error *error)
{
    return extract_index_add(&extract->index, reset, error);
}

int extract_spool(struct extract *extract, const struct whyrst_packet *packets, size_t count,
                  struct whyrst_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct capture_writer *writer = extract->inputs[packets[i].input].writer;
        if (!writer)
            continue;
        /* once full, nothing more: frame numbers of what is there must stay those of the input */
        if (extract->spooled_bytes >= EXTRACT_SPOOL_BYTES) {
            extract->unspooled_packets++;
            continue;
        }
        extract->spooled_bytes += packets[i].caplen + 32;
        if (capture_writer_packet(writer, &packets[i], NULL, error))
            return -1;
    }
    return 0;
}

/* Opens every input once more, in the same order. */
static struct capture_set *extract_reopen(struct extract *extract, struct whyrst_error *error)
{
    const struct capture_options options = {
        .filter = extract->options->interface ? NULL : extract->options->filter};
    struct capture **captures = calloc(extract->input_count, sizeof(struct capture *));
    unsigned opened = 0;
    if (!captures) {
        message_set(error, "option -w: no memory");
        return NULL;
    }
    for (; opened < extract->input_count; opened++) {
        struct extract_input *input = &extract->inputs[opened];
        struct capture_writer *writer = input->writer;
        char spool[40];
        input->writer = NULL;
        snprintf(spool, sizeof spool, "/proc/self/fd/%d", input->spool);
        if (writer && capture_writer_close(writer, error))
            break;
        captures[opened] =
            capture_open(input->path ? input->path : spool, (uint16_t)opened, &options, error);
        if (!captures[opened])
            break;
    }
    struct capture_set *set = NULL;
    if (opened == extract->input_count)
        set = capture_set_open(captures, opened, error);
    else
        while (opened)
            capture_close(captures[--opened]);
    free(captures);
    return set;
}

static int extract_copy(struct extract *extract, struct capture_set *set, uint64_t packet_count,
                        struct capture_writer *writer, struct whyrst_error *error)
{
    static const struct decode_key key; /* the hash is not used here */
    struct whyrst_packet packets[EXTRACT_BATCH];
    struct segment segment;
    const uint8_t *payload;
    uint32_t payload_caplen;
    char comment[2048];
    while (packet_count) {
        size_t wanted = packet_count < EXTRACT_BATCH ? (size_t)packet_count : EXTRACT_BATCH;
        int count = capture_set_read(set, packets, wanted, error);
        if (count <= 0)
            return count;
        packet_count -= (uint64_t)count;
        for (int i = 0; i < count; i++) {
            memset(&segment, 0, sizeof segment);
            if (decode_packet(&key, &packets[i], &segment, &payload, &payload_caplen) != -1 ||
                !extract_index_has(&extract->index, &segment))
                continue;
            bool has_comment =
                segment.flags & TCP_RST &&
                extract_index_comment(&extract->index, &packets[i], comment, sizeof comment);
            if (capture_writer_packet(writer, &packets[i], has_comment ? comment : NULL, error))
                return -1;
        }
    }
    return 0;
}

int extract_write(struct extract *extract, uint64_t packet_count, struct whyrst_error *note,
                  struct whyrst_error *error)
{
    const char *path = extract->options->extract_file;
    char *temporary = destination_temporary_name(path);
    int result = -1;
    struct capture_writer *writer = NULL;
    struct capture_set *set = extract_reopen(extract, error);
    if (!set)
        goto out;
    extract_index_sort(&extract->index);
    writer = capture_writer_open(temporary ? temporary : path, error);
    if (!writer)
        goto out;
    result = extract_copy(extract, set, packet_count, writer, error);
    if (capture_writer_close(writer, error))
        result = -1;
    if (!result && temporary && rename(temporary, path))
        result = message_set(error, "%s: cannot be replaced: %s", path, strerror(errno));
    if (result && temporary)
        unlink(temporary);
    if (!result && extract->unspooled_packets)
        message_set(note,
                    "%s: %llu packets are missing, only the first %llu GiB were kept until "
                    "the verdicts were known; analyse a file to have them all",
                    path, (unsigned long long)extract->unspooled_packets,
                    EXTRACT_SPOOL_BYTES >> 30);
out:
    if (set)
        capture_set_close(set);
    free(temporary);
    return result;
}
