/* The JSON of rule files: RFC 8259 in memory, every value with its line. Made for reading some
 * hundred KiB at every start: strings stay where they are in the text, values lie in one array. */
#ifndef WHYRST_RULES_JSON_H
#define WHYRST_RULES_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INTEGER,
    JSON_REAL,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_kind kind;
    uint32_t line;           /* from 1: of the value, or of its key when it is a member */
    uint32_t count;          /* elements or members */
    const char *key;         /* of a member, else NULL */
    const struct json *next; /* of the same array or object, in the order of the text */
    union {
        const char *string;
        double number; /* JSON_REAL, and JSON_INTEGER too */
        const struct json *first;
    };
};

struct json_document {
    const struct json *root; /* an array or object */
    char *text;
    struct json *values;
};

struct json_error {
    unsigned line;
    char text[160];
};

/* Reads the text of that size, which has a NUL behind it and is the document's from now on, also on
 * failure. Keys of an object must differ. -1 with the first mistake. */
int json_parse(struct json_document *document, char *text, size_t size, struct json_error *error);
void json_clear(struct json_document *document);

/* All of these take NULL and values of another kind, which have nothing in them. */
static inline bool json_is(const struct json *value, enum json_kind kind)
{
    return value && value->kind == kind;
}

static inline bool json_is_boolean(const struct json *value)
{
    return json_is(value, JSON_TRUE) || json_is(value, JSON_FALSE);
}

static inline bool json_is_number(const struct json *value)
{
    return json_is(value, JSON_INTEGER) || json_is(value, JSON_REAL);
}

static inline const char *json_string(const struct json *value)
{
    return json_is(value, JSON_STRING) ? value->string : NULL;
}

/* The first element or member; the others are its .next. */
static inline const struct json *json_first(const struct json *value, enum json_kind kind)
{
    return json_is(value, kind) ? value->first : NULL;
}

static inline size_t json_count(const struct json *value, enum json_kind kind)
{
    return json_is(value, kind) ? value->count : 0;
}

/* The member of that key, or NULL. */
const struct json *json_get(const struct json *object, const char *key);
/* The element of that index, or NULL. */
const struct json *json_at(const struct json *array, size_t index);

#endif
