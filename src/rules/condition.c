#include "rules/internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int name_index(const struct reader *reader, const struct position *at,
                      const struct fact_info *info, const struct json *value)
{
    const char *word = json_string(value);
    char hint[80], list[256] = "";

    for (int i = 0; word && info->names[i]; i++)
        if (strcmp(info->names[i], word) == 0)
            return i;
    for (int i = 0; info->names[i]; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), " %s", info->names[i]);
    if (word)
        reader_problem(reader, at, "\"%s\" is no value of this fact%s; values are%s", word,
                       closest_name(word, info->names, hint, sizeof hint), list);
    else
        reader_problem(reader, at, "expected one of these names, or a list of them:%s", list);
    return -1;
}

/* "active", or ["data", "fin"]: any of them. */
static void enum_parse(const struct reader *reader, const struct position *at,
                       const struct json *value, struct fact_test *test)
{
    bool is_list = json_is(value, JSON_ARRAY);
    size_t count = is_list ? value->count : 1;

    if (count == 0)
        reader_problem(reader, at, "an empty list can never be true");
    for (size_t i = 0; i < count; i++) {
        struct position element = {at, NULL, i};
        int index = name_index(reader, is_list ? &element : at, &fact_table[test->fact],
                               is_list ? json_at(value, i) : value);
        if (index < 0)
            return;
        if (test->names & UINT32_C(1) << index) {
            reader_problem(reader, &element, "named twice");
            return;
        }
        test->names |= UINT32_C(1) << index;
    }
}

static bool compare_apply(struct fact_test *test, const char *operator, double number)
{
    double low = -INFINITY, high = INFINITY;

    if (strcmp(operator, "<") == 0)
        high = nextafter(number, -INFINITY);
    else if (strcmp(operator, "<=") == 0)
        high = number;
    else if (strcmp(operator, ">") == 0)
        low = nextafter(number, INFINITY);
    else if (strcmp(operator, ">=") == 0)
        low = number;
    else if (strcmp(operator, "==") == 0)
        low = high = number;
    else
        return false;
    test->low = low > test->low ? low : test->low;
    test->high = high < test->high ? high : test->high;
    return true;
}

/* 3, or { ">=": 1, "<": 5 }: both of them. */
static void number_parse(const struct reader *reader, const struct position *at,
                         const struct json *value, struct fact_test *test)
{
    static const char expected[] =
        "expected a number, or one or two of < <= > >= == with a number each";

    test->low = -INFINITY;
    test->high = INFINITY;
    if (json_is_number(value)) {
        compare_apply(test, "==", value->number);
        return;
    }
    if (!json_is(value, JSON_OBJECT) || value->count < 1 || value->count > 2) {
        reader_problem(reader, at, "%s", expected);
        return;
    }
    for (const struct json *number = value->first; number; number = number->next) {
        struct position member = {at, number->key, 0};
        if (!json_is_number(number) || !compare_apply(test, number->key, number->number)) {
            reader_problem(reader, &member, "%s", expected);
            return;
        }
    }
    if (test->low > test->high)
        reader_problem(reader, at, "no number fits both comparisons");
}

static void condition_parse(const struct reader *reader, const struct position *at,
                            const struct json *value, struct fact_test *test)
{
    switch (fact_table[test->fact].type) {
    case FACT_BOOL:
        if (!json_is_boolean(value))
            reader_problem(reader, at, "expected true or false");
        test->names = json_is(value, JSON_TRUE) ? 2 : 1;
        break;
    case FACT_ENUM:
        enum_parse(reader, at, value, test);
        break;
    case FACT_NUMBER:
        number_parse(reader, at, value, test);
        break;
    }
}

static void text_add(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void text_add(char *buf, size_t size, const char *format, ...)
{
    size_t used = strlen(buf);
    va_list args;

    va_start(args, format);
    vsnprintf(buf + used, size - used, format, args);
    va_end(args);
}

void condition_text(enum fact_id fact, const struct json *value, char *buf, size_t size)
{
    const char *operator, * before = "";
    const struct json *first =
        json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT) ? value->first : value;

    snprintf(buf, size, "%s%s", fact_table[fact].name,
             fact_table[fact].type == FACT_NUMBER ? "" : " is");
    for (; first; first = first == value ? NULL : first->next) {
        if (json_is_number(first)) {
            operator= first == value ? "==" : first->key;
            text_add(buf, size, "%s %s %.15g", before, operator, first->number);
            before = " and";
        } else if (json_is_boolean(first)) {
            text_add(buf, size, json_is(first, JSON_TRUE) ? " true" : " false");
        } else {
            text_add(buf, size, "%s %s", before, json_string(first));
            before = " or";
        }
    }
}

static void unknown_fact(const struct reader *reader, const struct position *at)
{
    const char *names[FACT_COUNT + 1] = {NULL};
    char hint[80];

    for (int i = 0; i < FACT_COUNT; i++)
        names[i] = fact_table[i].name;
    reader_problem(reader, at, "unknown fact%s", closest_name(at->key, names, hint, sizeof hint));
}

void conditions_parse(const struct reader *reader, const struct position *position,
                      const struct json *object, struct signature_entry *entry)
{
    struct position at = {position, "facts", 0};
    unsigned count = 0;

    if (!json_is(object, JSON_OBJECT)) {
        reader_problem(reader, &at, "expected facts and what they have to be");
        return;
    }
    for (const struct json *value = object->first; value; value = value->next) {
        struct position member = {&at, value->key, 0};
        int fact = fact_find(value->key);
        if (fact < 0) {
            unknown_fact(reader, &member);
            continue;
        }
        if (count == RULE_MAX_CONDITIONS) {
            reader_problem(reader, &member, "more than %d conditions", RULE_MAX_CONDITIONS);
            break;
        }
        entry->facts[count] = (uint8_t)fact;
        entry->conditions[count] = value;
        entry->tests[count].fact = (uint8_t)fact;
        entry->test_of[fact] = (uint8_t)(count + 1);
        condition_parse(reader, &member, value, &entry->tests[count]);
        count++;
    }
    entry->signature.facts = entry->facts;
    entry->signature.fact_count = count;
}
