#include "capture/gunzip.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "capture/internal.h"

struct gunzip {
    z_stream stream;
    bool in_member; /* between the first byte of a member and its end */
    bool any_member;
    bool ended;
    const char *damage;
    uint8_t input[SOURCE_BLOCK_BYTES + 2];
};

struct gunzip *gunzip_new(const uint8_t *first, size_t count, struct whyrst_error *error)
{
    struct gunzip *gunzip = calloc(1, sizeof *gunzip);
    if (!gunzip || inflateInit2(&gunzip->stream, 15 + 16) != Z_OK) {
        free(gunzip);
        capture_fail(error, "no memory to decompress the capture");
        return NULL;
    }
    memcpy(gunzip->input, first, count);
    gunzip->stream.next_in = gunzip->input;
    gunzip->stream.avail_in = (uInt)count;
    return gunzip;
}

void gunzip_free(struct gunzip *gunzip)
{
    if (!gunzip)
        return;
    inflateEnd(&gunzip->stream);
    free(gunzip);
}

const char *gunzip_damage(const struct gunzip *gunzip)
{
    return gunzip->damage;
}

static int gunzip_more_input(struct gunzip *gunzip, struct source *source,
                             struct whyrst_error *error)
{
    ptrdiff_t count = source_take_raw(source, gunzip->input, sizeof gunzip->input, error);
    if (count < 0)
        return -1;
    if (count == 0) {
        gunzip->ended = true;
        if (gunzip->in_member)
            gunzip->damage = "the gzip data is cut";
        return 0;
    }
    gunzip->stream.next_in = gunzip->input;
    gunzip->stream.avail_in = (uInt)count;
    return 1;
}

/* One inflate() call. False when the stream cannot go on. */
static bool gunzip_step(struct gunzip *gunzip)
{
    /* After the first member gzip(1) ignores what is not another one, and so does this. */
    if (!gunzip->in_member && gunzip->any_member && gunzip->stream.next_in[0] != 0x1f)
        return false;
    gunzip->in_member = true;
    int result = inflate(&gunzip->stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
        gunzip->in_member = false;
        gunzip->any_member = true;
        if (inflateReset(&gunzip->stream) != Z_OK)
            return false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        gunzip->damage = "the gzip data is damaged";
        return false;
    }
    return true;
}

ptrdiff_t gunzip_read(struct gunzip *gunzip, struct source *source, uint8_t *space, size_t max,
                      struct whyrst_error *error)
{
    z_stream *stream = &gunzip->stream;
    if (max > UINT32_MAX / 2)
        max = UINT32_MAX / 2;
    stream->next_out = space;
    stream->avail_out = (uInt)max;
    while (stream->avail_out == max && !gunzip->ended) {
        if (stream->avail_in == 0) {
            int more = gunzip_more_input(gunzip, source, error);
            if (more < 0)
                return -1;
            if (more == 0)
                break;
        }
        if (!gunzip_step(gunzip))
            gunzip->ended = true;
    }
    return (ptrdiff_t)(max - stream->avail_out);
}
