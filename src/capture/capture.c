#include "capture/capture.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/digest.h"
#include "capture/gunzip.h"
#include "capture/internal.h"

int capture_fail(struct whyrst_error *error, const char *format, ...)
{
    if (!error)
        return -1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}

void capture_end_early(struct capture *capture, const char *what)
{
    struct source *source = &capture->source;
    const char *damage = source->gunzip ? gunzip_damage(source->gunzip) : NULL;
    if (source_look(source) || source->is_cut)
        damage = "the file was shortened while it was read";
    capture->ended = capture->truncated = true;
    snprintf(capture->truncated_text, sizeof capture->truncated_text,
             "%s, at byte %llu%s, after packet %llu", damage ? damage : what,
             (unsigned long long)source_offset(source),
             source->gunzip ? " of the decompressed data" : "",
             (unsigned long long)capture->frame_no);
}

int capture_see_link(struct capture *capture, uint16_t link_type, uint32_t snaplen,
                     struct whyrst_error *error)
{
    /* Zero means no limit and is the largest of all. */
    if (capture->link_type_count == 0 || snaplen == 0 ||
        (capture->snaplen != 0 && snaplen > capture->snaplen))
        capture->snaplen = snaplen;
    bool seen = false;
    for (unsigned i = 0; i < capture->link_type_count; i++)
        seen |= capture->link_types[i] == link_type;
    if (!seen && capture->link_type_count < CAPTURE_MAX_LINK_TYPES)
        capture->link_types[capture->link_type_count++] = link_type;
    if (seen || !capture->filter)
        return 0;
    return filter_add_link(capture->filter, link_type, error);
}

/* ---- Opening -----------------------------------------------------------------------------------
 */

static const struct capture_format *format_of(const uint8_t *bytes)
{
    static const uint32_t pcap_magics[] = {0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1};
    uint32_t magic = load32(bytes, false);
    for (size_t i = 0; i < sizeof pcap_magics / sizeof *pcap_magics; i++) {
        if (magic == pcap_magics[i])
            return &capture_format_pcap;
    }
    return magic == 0x0a0d0d0a ? &capture_format_pcapng : NULL;
}

/* Recognises the format and reads up to the first packet. */
static int capture_start(struct capture *capture, struct whyrst_error *error)
{
    struct source *source = &capture->source;
    int more = source_fill(source, 4, error);
    if (more < 0)
        return -1;
    size_t at_hand = (size_t)(source->end - source->cursor);
    capture->format = more == 0 ? NULL : format_of(source->cursor);
    if (!capture->format) {
        source_fill(source, 64, NULL); /* more to recognise it by; an error shows later anyway */
        at_hand = (size_t)(source->end - source->cursor);
        return magic_refuse(source->name, source->cursor, at_hand, error);
    }
    return capture->format->start(capture, error);
}

static struct capture *capture_new(const char *name, enum capture_kind kind, uint16_t input,
                                   const struct capture_options *options,
                                   struct whyrst_error *error)
{
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture || !(capture->name = strdup(name))) {
        capture_fail(error, "%s: no memory", name);
        free(capture);
        return NULL;
    }
    capture->source.fd = -1;
    capture->kind = kind;
    capture->input = input;
    if (options && options->filter && options->filter[0] != '\0') {
        capture->filter = filter_new(options->filter, error);
        if (!capture->filter) {
            capture_close(capture);
            return NULL;
        }
    }
    return capture;
}

struct capture *capture_new_live(const char *interface, uint16_t input,
                                 const struct capture_options *options, struct whyrst_error *error)
{
    struct capture *capture = capture_new(interface, CAPTURE_INTERFACE, input, options, error);
    if (capture)
        capture->format = &capture_format_live;
    return capture;
}

bool capture_rewind(struct capture *capture)
{
    if (capture->kind == CAPTURE_INTERFACE || !source_can_restart(&capture->source))
        return false;
    capture->format->stop(capture);
    source_release(&capture->source);
    capture->frame_no = 0;
    capture->ended = capture->finished = capture->truncated = false;
    capture->truncated_text[0] = '\0';
    capture->rewound = true;
    return true;
}

static struct capture *capture_started(struct capture *capture, int opened,
                                       struct whyrst_error *error)
{
    if (opened < 0 || capture_start(capture, error) < 0) {
        capture_close(capture);
        return NULL;
    }
    if (capture->source.is_of_many)
        capture_rewind(capture); /* holds nothing until it is its turn to be read */
    return capture;
}

struct capture *capture_open_with(const char *path, uint16_t input,
                                  const struct capture_options *options,
                                  const struct source_options *source_options,
                                  struct whyrst_error *error)
{
    enum capture_kind kind = strcmp(path, "-") == 0 ? CAPTURE_STDIN : CAPTURE_FILE;
    struct capture *capture = capture_new(path, kind, input, options, error);
    if (!capture)
        return NULL;
    const char *name = kind == CAPTURE_STDIN ? "standard input" : capture->name;
    int opened = source_open(&capture->source, capture->name, name, source_options, error);
    return capture_started(capture, opened, error);
}

struct capture *capture_open(const char *path, uint16_t input,
                             const struct capture_options *options, struct whyrst_error *error)
{
    struct source_options source_options = {.sha256 = options && options->sha256};
    return capture_open_with(path, input, options, &source_options, error);
}

struct capture *capture_open_memory(const void *bytes, size_t count, uint16_t input,
                                    const struct capture_options *options,
                                    struct whyrst_error *error)
{
    struct capture *capture = capture_new("memory", CAPTURE_FILE, input, options, error);
    if (!capture)
        return NULL;
    return capture_started(capture, source_open_memory(&capture->source, bytes, count, error),
                           error);
}

/* The beginning again, which capture_rewind left for later. */
static int capture_restart(struct capture *capture, struct whyrst_error *error)
{
    capture->rewound = false;
    capture->link_type_count = 0;
    if (source_restart(&capture->source, error) < 0)
        return -1;
    return capture_start(capture, error);
}

void capture_close(struct capture *capture)
{
    if (!capture)
        return;
    if (capture->format)
        capture->format->stop(capture);
    if (capture->kind != CAPTURE_INTERFACE)
        source_close(&capture->source);
    filter_free(capture->filter);
    free(capture->name);
    free(capture);
}

/* ---- Reading -----------------------------------------------------------------------------------
 */

/* The end came: the hash must cover the bytes nobody read, too. */
static int capture_finish(struct capture *capture, struct whyrst_error *error)
{
    struct source *source = &capture->source;
    if (capture->finished || capture->kind == CAPTURE_INTERFACE)
        return 0;
    capture->finished = true;
    int result = source->digest ? source_drain(source, error) : 0;
    if (source->digest && result == 0)
        digest_finish(source->digest, capture->sha256);
    source_release(source);
    return result;
}

/* Whether the reader may have taken zeros for packets, as it does where a mapped file was cut: it
 * met a page that was gone, or its last packet is empty. */
static bool capture_is_suspect(const struct capture *capture, const struct whyrst_packet *packets,
                               int count)
{
    return capture->source.window.gone != NULL || (count > 0 && packets[count - 1].caplen == 0);
}

/* The file was cut: returns how many of the packets are real. */
static int capture_end_cut(struct capture *capture, const struct whyrst_packet *packets, int count)
{
    const uint8_t *end = capture->source.end;
    for (; count > 0 && packets[count - 1].bytes + packets[count - 1].caplen > end; count--)
        capture->frame_no--;
    capture_end_early(capture, "");
    return count > 0 ? count : 0;
}

int capture_read(struct capture *capture, struct whyrst_packet *packets, size_t max,
                 struct whyrst_error *error)
{
    if (max > INT32_MAX)
        max = INT32_MAX;
    if (max == 0)
        return 0;
    if (capture->rewound && capture_restart(capture, error) < 0) {
        capture->ended = true;
        return -1;
    }
    while (!capture->ended) {
        int count = capture->format->read(capture, packets, max, error);
        if (capture_is_suspect(capture, packets, count) && source_look(&capture->source))
            count = capture_end_cut(capture, packets, count);
        if (count < 0) {
            capture->ended = true;
            return -1;
        }
        if (count == 0)
            break;
        if (capture->filter && capture->kind != CAPTURE_INTERFACE)
            count = (int)filter_apply(capture->filter, packets, (size_t)count);
        if (count > 0)
            return count;
    }
    if (capture->kind == CAPTURE_INTERFACE)
        return 0;
    capture->ended = true;
    return capture_finish(capture, error);
}

bool capture_is_live(const struct capture *capture)
{
    return capture->kind == CAPTURE_INTERFACE;
}

bool capture_is_file(const struct capture *capture, const char *path)
{
    struct stat status;
    return capture->kind != CAPTURE_INTERFACE && stat(path, &status) == 0 &&
           S_ISREG(status.st_mode) && status.st_dev == capture->source.device &&
           status.st_ino == capture->source.inode;
}

void capture_info(struct capture *capture, struct capture_info *info)
{
    memset(info, 0, sizeof *info);
    info->name = capture->name;
    info->kind = capture->kind;
    info->format = capture->format ? capture->format->name : "";
    memcpy(info->link_types, capture->link_types, sizeof info->link_types);
    info->link_type_count = capture->link_type_count;
    info->snaplen = capture->snaplen;
    info->packets = capture->frame_no;
    info->truncated = capture->truncated;
    memcpy(info->truncated_text, capture->truncated_text, sizeof info->truncated_text);
    if (capture->format && capture->format->dropped && capture->state)
        info->dropped_known = capture->format->dropped(capture, &info->dropped);
    if (capture->kind != CAPTURE_INTERFACE) {
        info->file_bytes = capture->source.file_bytes;
        info->read_bytes = capture->source.raw_offset;
    }
    memcpy(info->sha256, capture->sha256, sizeof info->sha256);
}
