#include "rules/internal.h"

#include "rules/append.h"
#include "rules/shorten.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int name_index(const struct reader *reader, const struct position *at,
                      const struct fact_info *info, const json_t *value)
{
    const char *word = reader_value(reader, value);
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
static void enum_parse(const struct reader *reader, const struct position *at, const json_t *value,
                       struct fact_test *test)
{
    const struct fact_info *info = &fact_table[test->fact];
    bool is_list = json_is_array(value);
    size_t count = is_list ? json_array_size(value) : 1;

    if (count == 0)
        reader_problem(reader, at, "an empty list can never be true");
    for (size_t i = 0; i < count; i++) {
        struct position element = {at, NULL, i};
        int index = name_index(reader, is_list ? &element : at, info,
                               is_list ? json_array_get(value, i) : value);
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
                         const json_t *value, struct fact_test *test)
{
    static const char expected[] =
        "expected a number, or one or two of < <= > >= == with a number each";
    const char *operator;
    json_t *number;

    test->low = -INFINITY;
    test->high = INFINITY;
    if (json_is_number(value)) {
        compare_apply(test, "==", json_number_value(value));
        return;
    }
    if (!json_is_object(value) || json_object_size(value) < 1 || json_object_size(value) > 2) {
        reader_problem(reader, at, "%s", expected);
        return;
    }
    json_object_foreach((json_t *)value, operator, number)
    {
        struct position member = {at, operator, 0 };
        if (!json_is_number(number) || !compare_apply(test, operator, json_number_value(number))) {
            reader_problem(reader, &member, "%s", expected);
            return;
        }
    }
    if (test->low > test->high)
        reader_problem(reader, at, "no number fits both comparisons");
}

static void condition_parse(const struct reader *reader, const struct position *at,
                            const json_t *value, struct fact_test *test)
{
    const struct fact_info *info = &fact_table[test->fact];

    switch (info->type) {
    case FACT_BOOL:
        if (!json_is_boolean(value))
            reader_problem(reader, at, "expected true or false");
        test->names = json_is_true(value) ? 2 : 1;
        break;
    case FACT_ENUM:
        enum_parse(reader, at, value, test);
        break;
    case FACT_NUMBER:
        number_parse(reader, at, value, test);
        break;
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
                      const json_t *object, struct signature_entry *entry)
{
    struct position at = {position, "facts", 0};
    const char *name;
    json_t *value;
    unsigned count = 0;

    if (!json_is_object(object)) {
        reader_problem(reader, &at, "expected facts and what they have to be");
        return;
    }
    json_object_foreach((json_t *)object, name, value)
    {
        struct position member = {&at, name, 0};
        int fact = fact_find(name);
        if (fact < 0) {
            unknown_fact(reader, &member);
            continue;
        }
        if (count == RULE_MAX_CONDITIONS) {
            reader_problem(reader, &member, "more than %d conditions", RULE_MAX_CONDITIONS);
            break;
        }
        entry->facts[count] = (uint8_t)fact;
        entry->tests[count].fact = (uint8_t)fact;
        entry->test_of[fact] = (uint8_t)(count + 1);
        entry->values[count] = json_incref(value);
        condition_parse(reader, &member, value, &entry->tests[count]);
        count++;
    }
    entry->signature.facts = entry->facts;
    entry->signature.fact_count = count;
}

static void append_value(struct append *append, const json_t *value, const char *texts)
{
    char number[32];

    if (json_is_string(value)) {
        append_text(append, shorten_text(texts, json_string_value(value)));
    } else if (json_is_boolean(value)) {
        append_text(append, json_is_true(value) ? "true" : "false");
    } else {
        snprintf(number, sizeof number, "%.15g", json_number_value(value));
        append_text(append, number);
    }
}

void condition_text(const struct signature_entry *entry, unsigned index, const char *texts,
                    char *buf, size_t size)
{
    json_t *value = entry->values[index], *part;
    const struct fact_info *info = &fact_table[entry->facts[index]];
    struct append append = append_start(buf, size);
    const char *operator;
    size_t i;

    append_text(&append, info->name);
    json_array_foreach(value, i, part)
    {
        append_text(&append, i ? " or " : " is ");
        append_value(&append, part, texts);
    }
    bool first = true;
    json_object_foreach(value, operator, part)
    {
        append_text(&append, first ? " " : " and ");
        append_text(&append, operator);
        append_text(&append, " ");
        append_value(&append, part, texts);
        first = false;
    }
    if (!json_is_array(value) && !json_is_object(value)) {
        append_text(&append, json_is_number(value) ? " == " : " is ");
        append_value(&append, value, texts);
    }
    append_end(&append);
}
