/* Bounded text piece by piece: what a verdict is put into words with, for format strings would cost
 * more than all the rest of it. */
#ifndef WHYRST_RULES_APPEND_H
#define WHYRST_RULES_APPEND_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rules/digits.h"

struct append {
    char *at, *last; /* last: where the closing NUL goes at the latest */
};

/* size is at least 1. What does not fit is left away. */
static inline struct append append_start(char *buf, size_t size)
{
    return (struct append){buf, buf + size - 1};
}

static inline void append_bytes(struct append *append, const char *bytes, size_t count)
{
    size_t room = (size_t)(append->last - append->at);
    count = count < room ? count : room;
    memcpy(append->at, bytes, count);
    append->at += count;
}

/* Sixteen bytes at a time, without a call: up to fifteen behind `count` are read and written too.
 */
static inline char *append_blocks(char *at, const char *bytes, size_t count)
{
    for (size_t done = 0; done < count; done += 16)
        memcpy(at + done, bytes + done, 16);
    return at + count;
}

/* The same where it fits, for a text in an array that leaves these fifteen bytes. */
static inline void append_array(struct append *append, const char *bytes, size_t count)
{
    if ((size_t)(append->last - append->at) < count + 15)
        append_bytes(append, bytes, count);
    else
        append->at = append_blocks(append->at, bytes, count);
}

static inline void append_text(struct append *append, const char *text)
{
    append_bytes(append, text, strlen(text));
}

static inline void append_unsigned(struct append *append, uint64_t value)
{
    char digits[DIGITS_ROOM];
    append_bytes(append, digits, (size_t)(digits_write(digits, value) - digits));
}

static inline void append_end(struct append *append)
{
    *append->at = '\0';
}

#endif
