#include "rules/internal.h"

#include "rules/shorten.h"
#include "rules/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problems_add(struct problems *problems, const char *path, unsigned line, const char *format,
                  ...)
{
    char text[sizeof problems->error->text];
    char message[512];
    va_list args;

    problems->count++;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    int length = line ? snprintf(text, sizeof text, "%s:%u: %s", path, line, message)
                      : snprintf(text, sizeof text, "%s: %s", path, message);
    /* Whole lines only, and room for the count of those left out. */
    size_t room = sizeof problems->error->text - problems->used - 32;
    if (problems->left_out || (problems->used && (size_t)length + 1 > room)) {
        problems->left_out++;
        snprintf(problems->error->text + problems->used, 32, "\n... and %u more",
                 problems->left_out);
        return;
    }
    snprintf(problems->error->text + problems->used, room, "%s%s", problems->used ? "\n" : "",
             text);
    problems->used += strlen(problems->error->text + problems->used);
}

void reader_problem(const struct reader *reader, const struct position *position,
                    const char *format, ...)
{
    char message[512], where[160];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    position_format(position, where, sizeof where);
    problems_add(reader->problems, reader->path, position_line(reader->text, position), "%s%s%s",
                 where, *where ? ": " : "", message);
}

/* Levenshtein distance; words longer than the row are as far away as can be. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[48];
    size_t length = strlen(b);

    if (length >= sizeof row / sizeof *row)
        return UINT32_MAX;
    for (unsigned i = 0; i <= length; i++)
        row[i] = i;
    for (unsigned up = 1; *a; a++, up++) {
        unsigned diagonal = row[0];
        row[0] = up;
        for (unsigned i = 1; i <= length; i++) {
            unsigned best = diagonal + (*a != b[i - 1]);
            diagonal = row[i];
            best = best < row[i] + 1 ? best : row[i] + 1;
            row[i] = best < row[i - 1] + 1 ? best : row[i - 1] + 1;
        }
    }
    return row[length];
}

const char *closest_name(const char *word, const char *const *names, char *buf, size_t size)
{
    unsigned best = 2 + (unsigned)(strlen(word) / 4);
    const char *found = NULL;

    for (; *names; names++) {
        unsigned far = distance(word, *names);
        if (far < best) {
            best = far;
            found = *names;
        }
    }
    buf[0] = 0;
    if (found)
        snprintf(buf, size, " (did you mean \"%s\"?)", found);
    return buf;
}

const char *reader_value(const struct reader *reader, const json_t *value)
{
    return shorten_text(reader->texts, json_string_value(value));
}

const char *reader_keep(const struct reader *reader, const char *string)
{
    struct strings *strings = reader->strings;
    size_t size = strlen(string) + 1;
    char *kept = strings->bytes + strings->used;

    if (string >= strings->bytes && string < kept)
        return string;
    if (size > strings->size - strings->used) {
        problems_add(reader->problems, reader->path, 0, "more text than the file has");
        return NULL;
    }
    strings->used += size;
    return memcpy(kept, string, size);
}

void reader_keys(const struct reader *reader, const struct position *position, const json_t *object,
                 const char *const *known)
{
    const char *key;
    json_t *value;
    char hint[80];

    json_object_foreach((json_t *)object, key, value)
    {
        const char *const *name = known;
        while (*name && strcmp(*name, key) != 0)
            name++;
        if (*name)
            continue;
        struct position at = {position, key, 0};
        reader_problem(reader, &at, "unknown key%s", closest_name(key, known, hint, sizeof hint));
    }
}

static const char *checked_text(const struct reader *reader, const struct position *at,
                                const json_t *value)
{
    const char *text = reader_value(reader, value), *bad;
    size_t length;

    if (!text || !*text) {
        reader_problem(reader, at, "expected a text that is not empty");
        return NULL;
    }
    bad = text_bad_placeholder(text, &length);
    if (bad) {
        reader_problem(reader, at,
                       "unknown placeholder %.*s; there are $CLIENT $SERVER $RESETTER $PEER, each "
                       "with _IP and _PORT, and $RESETTER_ROLE $PEER_ROLE",
                       (int)(length > 40 ? 40 : length), bad);
        return NULL;
    }
    return reader_keep(reader, text);
}

const char *reader_string(const struct reader *reader, const struct position *position,
                          const json_t *object, const char *key, bool required)
{
    struct position at = {position, key, 0};
    const json_t *value = json_object_get(object, key);

    if (value)
        return checked_text(reader, &at, value);
    if (required)
        reader_problem(reader, position, "missing \"%s\"", key);
    return NULL;
}

void reader_integer(const struct reader *reader, const struct position *position,
                    const json_t *object, const char *key, long low, long high, int *value)
{
    struct position at = {position, key, 0};
    const json_t *number = json_object_get(object, key);

    if (!number)
        return;
    if (!json_is_integer(number) || json_integer_value(number) < low ||
        json_integer_value(number) > high)
        reader_problem(reader, &at, "expected a whole number from %ld to %ld", low, high);
    else
        *value = (int)json_integer_value(number);
}

void reader_lines(const struct reader *reader, const struct position *position,
                  const json_t *object, const char *key, const char *lines[RULE_MAX_LINES])
{
    struct position at = {position, key, 0};
    const json_t *array = json_object_get(object, key);
    size_t count = 0;

    if (!json_is_array(array) || json_array_size(array) > RULE_MAX_LINES - 1) {
        reader_problem(reader, array ? &at : position,
                       array ? "expected a list of up to %d texts"
                             : "missing list of up to %d texts "
                               "\"%s\"",
                       RULE_MAX_LINES - 1, key);
        return;
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct position element = {&at, NULL, i};
        const char *text = checked_text(reader, &element, json_array_get(array, i));
        if (text)
            lines[count++] = text;
    }
    lines[count] = NULL;
}
