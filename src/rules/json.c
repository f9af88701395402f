#include "rules/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/json_reader.h"

#define MAX_DEPTH   32
#define MAX_MEMBERS 256 /* of an object: its keys are compared with each other */

/* The next token's first character, NUL at the end. */
static char skip_space(struct json_reader *reader)
{
    char *at = reader->at;

    for (;; at++) {
        if (*at == '\n')
            reader->line++;
        else if (*at != ' ' && *at != '\t' && *at != '\r')
            break;
    }
    reader->at = at;
    reader->token = at;
    return *at;
}

static int word_read(struct json_reader *reader, struct json *value)
{
    size_t length = strspn(reader->at, "abcdefghijklmnopqrstuvwxyz");
    char word[6] = "";

    memcpy(word, reader->at, length < sizeof word ? length : 0);
    value->kind = strcmp(word, "true") == 0    ? JSON_TRUE
                  : strcmp(word, "false") == 0 ? JSON_FALSE
                                               : JSON_NULL;
    if (value->kind == JSON_NULL && strcmp(word, "null") != 0)
        return json_expected(reader, reader->at < reader->end ? "invalid token" : "value expected");
    reader->at += length;
    return 0;
}

static int value_read(struct json_reader *reader, struct json *value);

static int key_read(struct json_reader *reader, const struct json *object, struct json *member)
{
    const char *quote = reader->at;

    if (*quote != '"')
        return json_expected(reader, "string or '}' expected");
    if (json_read_string(reader, &member->key))
        return -1;
    if (json_get(object, member->key)) {
        char message[160];
        snprintf(message, sizeof message, "duplicate object key near '\"%.80s\"'", member->key);
        reader->error->line = reader->line;
        memcpy(reader->error->text, message, sizeof message);
        return -1;
    }
    if (object->count == MAX_MEMBERS)
        return json_fail(reader, "object with too many members");
    if (skip_space(reader) != ':')
        return json_expected(reader, "':' expected");
    reader->at++;
    return 0;
}

/* The elements or members behind the bracket, up to and including its partner. */
static int container_read(struct json_reader *reader, struct json *container, char close)
{
    const struct json **link = &container->first;

    reader->at++;
    container->kind = close == '}' ? JSON_OBJECT : JSON_ARRAY;
    if (skip_space(reader) == close) {
        reader->at++;
        return 0;
    }
    for (;;) {
        struct json *value = &reader->values[reader->used++];
        skip_space(reader);
        value->line = reader->line;
        if (close == '}' && key_read(reader, container, value))
            return -1;
        if (value_read(reader, value))
            return -1;
        *link = value;
        link = &value->next;
        container->count++;
        char next = skip_space(reader);
        if (next == close) {
            reader->at++;
            return 0;
        }
        if (next != ',')
            return json_expected(reader, close == '}' ? "'}' expected" : "']' expected");
        reader->at++;
    }
}

static int value_read(struct json_reader *reader, struct json *value)
{
    char first = skip_space(reader);
    int result;

    if (first == '"') {
        value->kind = JSON_STRING;
        return json_read_string(reader, &value->string);
    }
    if (first == '-' || (first >= '0' && first <= '9'))
        return json_read_number(reader, value);
    if (first != '{' && first != '[')
        return word_read(reader, value);
    if (reader->depth == MAX_DEPTH)
        return json_fail(reader, "nested too deeply");
    reader->depth++;
    result = container_read(reader, value, first == '{' ? '}' : ']');
    reader->depth--;
    return result;
}

/* Every value is the first of something or has a comma before it. */
static size_t values_at_most(const char *text, size_t size)
{
    size_t count = 1;

    for (size_t i = 0; i < size; i++)
        count += (text[i] == ',') | (text[i] == '{') | (text[i] == '[');
    return count;
}

int json_parse(struct json_document *document, char *text, size_t size, struct json_error *error)
{
    struct json_reader reader = {
        .at = text, .token = text, .end = text + size, .line = 1, .error = error};

    *document = (struct json_document){.text = text};
    reader.values = document->values = calloc(values_at_most(text, size), sizeof *reader.values);
    if (!reader.values) {
        *error = (struct json_error){.line = 1, .text = "out of memory"};
        return -1;
    }
    char first = skip_space(&reader);
    if (first != '{' && first != '[')
        return json_expected(&reader, "'[' or '{' expected");
    struct json *root = &reader.values[reader.used++];
    root->line = reader.line;
    if (value_read(&reader, root))
        return -1;
    skip_space(&reader);
    if (reader.at != reader.end)
        return json_expected(&reader, "end of file expected");
    document->root = root;
    return 0;
}

void json_clear(struct json_document *document)
{
    free(document->values);
    free(document->text);
}

const struct json *json_get(const struct json *object, const char *key)
{
    for (const struct json *member = json_first(object, JSON_OBJECT); member; member = member->next)
        if (strcmp(member->key, key) == 0)
            return member;
    return NULL;
}

const struct json *json_at(const struct json *array, size_t index)
{
    const struct json *element = json_first(array, JSON_ARRAY);

    while (element && index-- > 0)
        element = element->next;
    return element;
}
