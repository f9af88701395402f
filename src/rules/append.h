/* Bounded text piece by piece: what a verdict is put into words with, for format strings would cost
 * more than all the rest of it. */
#ifndef WHYRST_RULES_APPEND_H
#define WHYRST_RULES_APPEND_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static inline void append_text(struct append *append, const char *text)
{
    append_bytes(append, text, strlen(text));
}

static inline void append_unsigned(struct append *append, uint64_t value)
{
    char digits[20], *first = digits + sizeof(digits);
    do
        *--first = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    append_bytes(append, first, (size_t)(digits + sizeof(digits) - first));
}

static inline void append_end(struct append *append)
{
    *append->at = '\0';
}

#endif
