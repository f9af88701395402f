/* A growing run of bytes that the renderers write into, and the ways to get hostile text into it.
 * Running out of memory is remembered, not reported at once: writing goes on harmlessly and the
 * owner asks .failed before the bytes leave. */
#ifndef WHYRST_REPORT_OUTPUT_H
#define WHYRST_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/format.h"

#define OUTPUT_MAX_ROOM 8192 /* the most output_room may be asked for */

struct output {
    char *bytes;
    size_t count, size;
    bool failed;
};

/* -1 without memory. Clear with output_clear. */
int output_init(struct output *output);
void output_clear(struct output *output);
/* Slow path of output_room and output_bytes. */
void output_grow(struct output *output, size_t count);

/* Room for `count` (at most OUTPUT_MAX_ROOM) bytes at the end; give the new end to output_end. */
static inline char *output_room(struct output *output, size_t count)
{
    if (output->size - output->count < count)
        output_grow(output, count);
    return output->bytes + output->count;
}

static inline void output_end(struct output *output, const char *end)
{
    output->count = (size_t)(end - output->bytes);
}

static inline void output_bytes(struct output *output, const char *bytes, size_t count)
{
    if (output->size - output->count < count) {
        output_grow(output, count);
        if (output->failed)
            return;
    }
    memcpy(output->bytes + output->count, bytes, count);
    output->count += count;
}

void output_string(struct output *output, const char *string);
void output_repeat(struct output *output, const char *string, unsigned times);
void output_u64(struct output *output, uint64_t value);

#define output_literal(output, literal) output_bytes(output, literal, sizeof(literal) - 1)

/* Text from rules, packets and file names. Whatever is not UTF-8 becomes U+FFFD. */
void output_json(struct output *output, const char *text); /* escaped, in quotes */
/* The same for a text in an array of `size` bytes (less than OUTPUT_MAX_ROOM), all of which may be
 * read: its end need not be looked for first. */
void output_json_array(struct output *output, const char *text, size_t size);
void output_html(struct output *output, const char *text);     /* for elements and attributes */
void output_markdown(struct output *output, const char *text); /* literal, on one line */
void output_terminal(struct output *output, const char *text); /* no control characters */

/* Decodes the code point at *text (not at its NUL) and moves on; an invalid byte gives U+FFFD. */
uint32_t utf8_next(const char **text);

#endif
