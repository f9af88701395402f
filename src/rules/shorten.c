#include "rules/shorten.h"

#include <stdint.h>
#include <string.h>

#define TEXT_MIN 16     /* longer than any reference */
#define MARK     '\x7f' /* begins a reference, and no string of a document that is shortened */

#define EACH_BYTE(value) ((value)*UINT64_C(0x0101010101010101))

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static bool is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* How many bytes at `at` surely are characters that may stand in a string; 0: ask the JSON library.
 */
static size_t characters(const unsigned char *at, size_t left)
{
    uint64_t word;

    if (left >= sizeof word) {
        memcpy(&word, at, sizeof word);
        if (((word | (word - EACH_BYTE(0x20))) & EACH_BYTE(0x80)) == 0)
            return sizeof word;
    }
    if (*at >= 0x20 && *at < 0x80)
        return 1;
    if (left >= 2 && *at >= 0xc2 && *at <= 0xdf && is_tail(at[1]))
        return 2;
    if (left >= 3 && *at > 0xe0 && *at <= 0xef && *at != 0xed && is_tail(at[1]) && is_tail(at[2]))
        return 3;
    return 0;
}

/* Whether a string without escapes is valid for sure. */
static bool is_plain(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;

    while (at < end) {
        size_t count = characters(at, (size_t)(end - at));
        if (count == 0)
            return false;
        at += count;
    }
    return true;
}

/* The closing quote of the string that begins at `at`, or NULL. */
static const char *string_end(const char *at, const char *end, bool *escapes)
{
    const char *quote = memchr(at, '"', (size_t)(end - at));

    *escapes = quote && memchr(at, '\\', (size_t)(quote - at));
    if (!*escapes)
        return quote;
    for (; at < end && *at != '"'; at++)
        at += *at == '\\' && at + 1 < end;
    return at < end ? at : NULL;
}

static bool is_key(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at < end && *at == ':';
}

static void append(struct shortening *shortening, const char *bytes, size_t count)
{
    memcpy(shortening->json + shortening->json_size, bytes, count);
    shortening->json_size += count;
}

/* A quote, the mark, then where the text is, four bits a letter. */
static void append_reference(struct shortening *shortening, const char *text, size_t length)
{
    char *at = shortening->json + shortening->json_size;
    size_t place = shortening->texts_size;

    *at++ = '"';
    *at++ = MARK;
    for (; place > 0; place >>= 4)
        *at++ = (char)('a' + (place & 15));
    *at++ = '"';
    shortening->json_size = (size_t)(at - shortening->json);
    memcpy(shortening->texts + shortening->texts_size, text, length);
    shortening->texts_size += length;
    shortening->texts[shortening->texts_size++] = '\0';
}

/* The string at `at`. Returns what is behind it, or NULL when it could be taken for a reference. */
static const char *string_shorten(struct shortening *shortening, const char *at, const char *end)
{
    bool escapes;
    const char *text = at + 1, *close = string_end(text, end, &escapes);

    if (!close) { /* not valid */
        append(shortening, at, (size_t)(end - at));
        return end;
    }
    size_t length = (size_t)(close - text);
    if (*text == MARK || *text == '\\')
        return NULL;
    if (length >= TEXT_MIN && !escapes && !is_key(close + 1, end) && is_plain(text, length))
        append_reference(shortening, text, length);
    else
        append(shortening, at, length + 2);
    return close + 1;
}

/* Whether no space is needed behind a byte to keep what follows apart. */
static bool ends_token(char byte)
{
    return byte == ',' || byte == ':' || byte == '"' || byte == '{' || byte == '}' || byte == '[' ||
           byte == ']';
}

static const char *space_shorten(struct shortening *shortening, const char *at, const char *end)
{
    size_t size = shortening->json_size;

    while (at < end && is_space(*at))
        at++;
    if (size > 0 && !ends_token(shortening->json[size - 1]))
        shortening->json[shortening->json_size++] = ' ';
    return at;
}

bool shorten(struct shortening *shortening)
{
    const char *at = shortening->document, *end = at + shortening->size;

    shortening->json_size = shortening->texts_size = 0;
    while (at && at < end) {
        if (*at == '"')
            at = string_shorten(shortening, at, end);
        else if (is_space(*at))
            at = space_shorten(shortening, at, end);
        else
            shortening->json[shortening->json_size++] = *at++;
    }
    return at != NULL;
}

const char *shorten_text(const char *texts, const char *value)
{
    size_t place = 0;

    if (!texts || !value || *value != MARK)
        return value;
    for (unsigned shift = 0; *++value; shift += 4)
        place |= (size_t)(*value - 'a') << shift;
    return texts + place;
}
