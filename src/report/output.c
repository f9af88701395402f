#include "report/output.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_FIRST_SIZE (64 * 1024)
#define REPLACEMENT       "\xef\xbf\xbd" /* U+FFFD */

int output_init(struct output *output)
{
    *output = (struct output){.bytes = malloc(OUTPUT_FIRST_SIZE), .size = OUTPUT_FIRST_SIZE};
    return output->bytes ? 0 : -1;
}

void output_clear(struct output *output)
{
    free(output->bytes);
    *output = (struct output){0};
}

void output_grow(struct output *output, size_t count)
{
    size_t size = output->size;
    while (size - output->count < count && size <= SIZE_MAX / 2)
        size *= 2;
    char *bytes = size - output->count < count ? NULL : realloc(output->bytes, size);
    if (bytes) {
        output->bytes = bytes;
        output->size = size;
        return;
    }
    output->failed = true;
    output->count = 0; /* room for OUTPUT_MAX_ROOM again: what is written now is never used */
}

void output_string(struct output *output, const char *string)
{
    output_bytes(output, string, strlen(string));
}

void output_repeat(struct output *output, const char *string, unsigned times)
{
    while (times-- > 0)
        output_string(output, string);
}

void output_u64(struct output *output, uint64_t value)
{
    output_end(output, format_u64(output_room(output, FORMAT_U64_ROOM), value));
}

/* Bytes of the well-formed UTF-8 sequence at `text` (RFC 3629: no surrogates, no overlong forms,
 * nothing past U+10FFFF), or 0. A NUL ends a sequence by being no continuation byte. */
static unsigned utf8_length(const unsigned char *text)
{
    unsigned char first = text[0], low = 0x80, high = 0xbf;
    unsigned length;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        low = first == 0xe0 ? 0xa0 : 0x80;
        high = first == 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        low = first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (text[1] < low || text[1] > high)
        return 0;
    for (unsigned i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

uint32_t utf8_next(const char **text)
{
    static const unsigned char masks[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *at = (const unsigned char *)*text;
    if (*at < 0x80) {
        (*text)++;
        return *at;
    }
    unsigned length = utf8_length(at);
    if (!length) {
        (*text)++;
        return 0xfffd;
    }
    uint32_t code = at[0] & masks[length];
    for (unsigned i = 1; i < length; i++)
        code = code << 6 | (at[i] & 0x3f);
    *text += length;
    return code;
}

/* Copies the multi-byte character at `at`, or U+FFFD for one bad byte. Returns the bytes used. */
static unsigned output_character(struct output *output, const char *at)
{
    unsigned length = utf8_length((const unsigned char *)at);
    if (length)
        output_bytes(output, at, length);
    else
        output_literal(output, REPLACEMENT);
    return length ? length : 1;
}

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* The top bit of some byte is set when the eight bytes hold anything JSON wants a second look at:
 * a control character, a quote, a backslash, a byte past ASCII. */
static uint64_t json_special(uint64_t word)
{
    uint64_t quote = word ^ ONES * '"', backslash = word ^ ONES * '\\';
    return (((word - ONES * 0x20) & ~word) | ((quote - ONES) & ~quote) |
            ((backslash - ONES) & ~backslash) | word) &
           HIGHS;
}

static char *json_escape_byte(char *at, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    *at++ = '\\';
    if (byte >= 0x20) {
        *at++ = (char)byte; /* quote, backslash */
    } else if (letters[byte]) {
        *at++ = letters[byte];
    } else {
        at = format_literal(at, "u00");
        *at++ = hex[byte >> 4];
        *at++ = hex[byte & 15];
    }
    return at;
}

/* At most CHUNK source bytes into room for the worst case, so that no byte needs a check of room.
 */
#define CHUNK 1024

static const char *json_chunk(struct output *output, const char *text, const char *end)
{
    char *at = output_room(output, CHUNK * 6 + 16);
    const char *stop = end - text > CHUNK ? text + CHUNK : end;
    while (text < stop) {
        uint64_t word;
        while (stop - text >= 8) {
            memcpy(&word, text, 8);
            if (json_special(word))
                break;
            memcpy(at, &word, 8);
            at += 8;
            text += 8;
        }
        /* the rest of a word with something special in it, or of the chunk */
        const char *word_end = stop - text > 8 ? text + 8 : stop;
        while (text < word_end) {
            unsigned char byte = (unsigned char)*text;
            if (byte >= 0x80) {
                unsigned length = utf8_length((const unsigned char *)text);
                at = length ? format_bytes(at, text, length) : format_literal(at, REPLACEMENT);
                text += length ? length : 1;
                continue;
            }
            if (byte < 0x20 || byte == '"' || byte == '\\')
                at = json_escape_byte(at, byte);
            else
                *at++ = (char)byte;
            text++;
        }
    }
    output_end(output, at);
    return text;
}

/* A vector of the compiler's, which every target has in some form; signed, so that bytes past ASCII
 * are below the control characters. */
typedef int8_t json_vector __attribute__((vector_size(16)));

static inline json_vector json_special_vector(const char *text)
{
    json_vector bytes;
    memcpy(&bytes, text, sizeof(bytes));
    return (bytes < 0x20) | (bytes == '"') | (bytes == '\\');
}

/* Nearly every string is plain. Looking at all of it first and then copying it as a whole is faster
 * than doing both at once, for the last sixteen bytes may be looked at twice. */
static bool json_plain(const char *text, size_t length)
{
    uint64_t words[2] = {ONES * ' ', ONES * ' '};
    if (length < sizeof(words)) {
        memcpy(words, text, length);
        return !(json_special(words[0]) | json_special(words[1]));
    }
    json_vector special = json_special_vector(text + length - 16);
    for (size_t at = 0; at + 16 <= length; at += 16)
        special |= json_special_vector(text + at);
    memcpy(words, &special, sizeof(words));
    return !(words[0] | words[1]);
}

static inline bool json_none(json_vector special)
{
    uint64_t words[2];
    memcpy(words, &special, sizeof(words));
    return !(words[0] | words[1]);
}

/* How many bytes come before the first one that is marked; some byte is. */
static inline unsigned json_before(json_vector special)
{
    uint64_t words[2];
    memcpy(words, &special, sizeof(words));
    unsigned half = words[0] == 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return half * 8 + (unsigned)__builtin_clzll(words[half]) / 8;
#else
    return half * 8 + (unsigned)__builtin_ctzll(words[half]) / 8;
#endif
}

void output_json_array(struct output *output, const char *text, size_t size)
{
    char *start = output_room(output, size + 2), *at = start;
    *at++ = '"';
    size_t done = 0;
    for (json_vector first, second; done + 32 <= size; done += 32) {
        first = json_special_vector(text + done);
        second = json_special_vector(text + done + 16);
        memcpy(at + done, text + done, 32);
        if (json_none(first | second))
            continue;
        done += json_none(first) ? 16 + json_before(second) : json_before(first);
        if (text[done])
            break;
        at[done] = '"';
        output_end(output, at + done + 1);
        return;
    }
    output_json(output, text);
}

void output_json(struct output *output, const char *text)
{
    size_t length = strlen(text);
    const char *end = text + length;
    if (length < OUTPUT_MAX_ROOM - 2 && json_plain(text, length)) {
        char *at = output_room(output, length + 2);
        *at++ = '"';
        at = format_bytes(at, text, length);
        *at++ = '"';
        output_end(output, at);
        return;
    }
    output_literal(output, "\"");
    while (text < end)
        text = json_chunk(output, text, end);
    output_literal(output, "\"");
}

void output_html(struct output *output, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x80)
            text += output_character(output, text) - 1;
        else if (byte == '&')
            output_literal(output, "&amp;");
        else if (byte == '<')
            output_literal(output, "&lt;");
        else if (byte == '>')
            output_literal(output, "&gt;");
        else if (byte == '"')
            output_literal(output, "&quot;");
        else if (byte == '\'')
            output_literal(output, "&#39;");
        else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
            output_literal(output, REPLACEMENT);
        else
            output_bytes(output, text, 1);
    }
}

void output_markdown(struct output *output, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x80) {
            text += output_character(output, text) - 1;
        } else if (byte == '<') { /* entities: raw HTML cannot come back, whatever the renderer */
            output_literal(output, "&lt;");
        } else if (byte == '>') {
            output_literal(output, "&gt;");
        } else if (byte == '&') {
            output_literal(output, "&amp;");
        } else if (byte < 0x20 || byte == 0x7f) {
            output_literal(output, " ");
        } else {
            if (strchr("\\`*_[]|#~$", byte))
                output_literal(output, "\\");
            output_bytes(output, text, 1);
        }
    }
}

/* C0, DEL and C1 steer the terminal; the bidirectional controls turn text around. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

void output_terminal(struct output *output, const char *text)
{
    while (*text) {
        const char *start = text;
        while (*text >= 0x20 && *text < 0x7f)
            text++;
        output_bytes(output, start, (size_t)(text - start));
        if (!*text)
            return;
        start = text;
        uint32_t code = utf8_next(&text);
        if (code == 0xfffd || is_control(code))
            output_literal(output, "?");
        else
            output_bytes(output, start, (size_t)(text - start));
    }
}
