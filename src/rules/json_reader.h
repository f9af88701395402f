/* Shared by the two files that read JSON: json.c its structure, json_scalar.c strings and numbers.
 */
#ifndef WHYRST_RULES_JSON_READER_H
#define WHYRST_RULES_JSON_READER_H

#include "rules/json.h"

struct json_reader {
    char *at;          /* the token at hand begins at .token and ends here */
    const char *token; /* for messages; the end of the text when there is none left */
    const char *end;
    unsigned line, depth;
    struct json *values;
    size_t used;
    struct json_error *error;
};

/* Both return -1. The second takes all of a token that is not what it should be, so that the
 * message can quote it. */
int json_fail(struct json_reader *reader, const char *message);
int json_expected(struct json_reader *reader, const char *message);

/* The string whose quote is at reader->at: decoded where it stands, its end a NUL. */
int json_read_string(struct json_reader *reader, const char **string);
/* A number into value->kind and .number: exact, and the same in every locale, for what has few
 * digits. */
int json_read_number(struct json_reader *reader, struct json *value);

#endif
