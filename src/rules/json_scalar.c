#include "rules/json_reader.h"

#include <stdio.h>
#include <string.h>

#include "rules/utf8.h"

#define MAX_DIGITS   15 /* of a number: all of them are exact in a double, … */
#define MAX_EXPONENT 22 /* … as are the powers of ten up to this one */
#define NEAR_MOST    20 /* characters that a message quotes */

int json_fail(struct json_reader *reader, const char *message)
{
    struct json_error *error = reader->error;
    int length = (int)(reader->at - reader->token);

    error->line = reader->line;
    if (reader->token >= reader->end)
        snprintf(error->text, sizeof error->text, "%s near end of file", message);
    else if (length <= NEAR_MOST)
        snprintf(error->text, sizeof error->text, "%s near '%.*s'", message, length, reader->token);
    else
        snprintf(error->text, sizeof error->text, "%s", message);
    return -1;
}

int json_expected(struct json_reader *reader, const char *message)
{
    char *at = reader->at - (reader->at - reader->token); /* where it begins */

    if (*at == '"') {
        for (at++; (unsigned char)*at >= ' ' && *at != '"'; at++)
            ;
        at += *at == '"';
    } else {
        size_t length = strcspn(at, " \t\r\n,:{}[]\"");
        at += length ? length : 1;
    }
    reader->at = at;
    return json_fail(reader, message);
}

/* The four digits behind \u, or -1. */
static int32_t hex_read(const char *at)
{
    int32_t code = 0;

    for (int i = 0; i < 4; i++) {
        char digit = at[i];
        int value = digit >= '0' && digit <= '9'   ? digit - '0'
                    : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                    : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                   : -1;
        if (value < 0)
            return -1;
        code = code << 4 | value;
    }
    return code;
}

static char *utf8_write(char *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (code & 0x3f));
    return to;
}

/* The escape at reader->at, a backslash, into *to, which is never ahead of it. */
static int escape_read(struct json_reader *reader, char **to)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char *at = reader->at + 1;
    const char *name = *at ? strchr(names, *at) : NULL;

    if (name) {
        *(*to)++ = meanings[name - names];
        reader->at = at + 1;
        return 0;
    }
    int32_t code = *at == 'u' ? hex_read(at + 1) : -1;
    if (code < 0)
        return json_fail(reader, "invalid escape");
    at += 5;
    if (code >= 0xd800 && code < 0xdc00 && at[0] == '\\' && at[1] == 'u') {
        int32_t low = hex_read(at + 2);
        if (low < 0xdc00 || low > 0xdfff)
            return json_fail(reader, "invalid surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
        at += 6;
    }
    if (code == 0 || (code >= 0xd800 && code < 0xe000))
        return json_fail(reader, code ? "invalid surrogate pair" : "\\u0000 is not allowed");
    *to = utf8_write(*to, code);
    reader->at = at;
    return 0;
}

static int byte_refuse(struct json_reader *reader, unsigned char byte)
{
    char message[48];

    if (reader->at >= reader->end)
        return json_fail(reader, "premature end of input");
    snprintf(message, sizeof message,
             byte < ' ' ? "control character 0x%x" : "unable to decode byte 0x%x", byte);
    return json_fail(reader, message);
}

static bool is_plain(unsigned char byte)
{
    return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
}

int json_read_string(struct json_reader *reader, const char **string)
{
    char *to = ++reader->at;

    *string = to;
    for (;;) {
        char *run = reader->at, *at = run;
        while (is_plain((unsigned char)*at))
            at++;
        while ((unsigned char)*at >= 0x80) {
            unsigned length = utf8_length((const unsigned char *)at);
            if (length == 0)
                break;
            at += length;
        }
        if (to != run)
            memmove(to, run, (size_t)(at - run));
        to += at - run;
        reader->at = at;
        if (*at == '"') {
            *to = '\0';
            reader->at++;
            return 0;
        }
        if (*at == '\\') {
            if (escape_read(reader, &to))
                return -1;
        } else if (at == run) {
            return byte_refuse(reader, (unsigned char)*at);
        }
    }
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Digits into *mantissa; returns how many. */
static int digits_read(struct json_reader *reader, int64_t *mantissa)
{
    int count = 0;

    for (; is_digit(*reader->at); reader->at++, count++)
        if (*mantissa < INT64_C(1000000000000000000) / 10)
            *mantissa = *mantissa * 10 + (*reader->at - '0');
    return count;
}

static double power_of_ten(int exponent)
{
    double power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

static int exponent_read(struct json_reader *reader, int64_t *exponent)
{
    int sign = reader->at[1] == '-' ? -1 : 1;

    reader->at += reader->at[1] == '-' || reader->at[1] == '+' ? 2 : 1;
    if (!digits_read(reader, exponent))
        return json_expected(reader, "invalid number");
    *exponent *= sign;
    return 0;
}

int json_read_number(struct json_reader *reader, struct json *value)
{
    int64_t mantissa = 0, exponent = 0;
    bool negative = *reader->at == '-';
    int fraction = 0;

    reader->at += negative;
    const char *first = reader->at;
    int digits = digits_read(reader, &mantissa);
    value->kind = JSON_INTEGER;
    if (digits == 0 || (digits > 1 && *first == '0'))
        return json_expected(reader, "invalid number");
    if (*reader->at == '.') {
        reader->at++;
        value->kind = JSON_REAL;
        fraction = digits_read(reader, &mantissa);
        if (fraction == 0)
            return json_expected(reader, "invalid number");
    }
    if (*reader->at == 'e' || *reader->at == 'E') {
        value->kind = JSON_REAL;
        if (exponent_read(reader, &exponent))
            return -1;
    }
    exponent -= fraction;
    if (digits + fraction > MAX_DIGITS || exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT)
        return json_fail(reader, "number out of range");
    value->number = exponent < 0 ? (double)mantissa / power_of_ten((int)-exponent)
                                 : (double)mantissa * power_of_ten((int)exponent);
    value->number = negative ? -value->number : value->number;
    return 0;
}
