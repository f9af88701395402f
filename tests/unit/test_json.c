/* The JSON of rule files: what is read, what is refused, and on which line. */
#include "rules/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_document document;
static struct json_error error;

static int parse(const char *text)
{
    return json_parse(&document, strdup(text), strlen(text), &error);
}

static const struct {
    const char *text, *string;
} strings[] = {
    {"[\"\"]", ""},
    {"[\"plain\"]", "plain"},
    {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "\"\\/\b\f\n\r\t"},
    {"[\"a\\u0041\\u00e9\\u4e2d\\ud83d\\ude00z\"]", "aA\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80z"},
    {"[\"中文 \\u4E2d文\"]", "中文 中文"},
    {"[\"\x7f\"]", "\x7f"},
};

START_TEST(strings_are_decoded)
{
    ck_assert_int_eq(parse(strings[_i].text), 0);
    ck_assert_str_eq(json_string(json_at(document.root, 0)), strings[_i].string);
    json_clear(&document);
}
END_TEST

static const struct {
    const char *text;
    enum json_kind kind;
    double number;
} numbers[] = {
    {"[0]", JSON_INTEGER, 0},
    {"[-12]", JSON_INTEGER, -12},
    {"[999999999999999]", JSON_INTEGER, 999999999999999.0},
    {"[0.8]", JSON_REAL, 0.8},
    {"[1.5e3]", JSON_REAL, 1500},
    {"[25E-3]", JSON_REAL, 0.025},
    {"[-0.000001]", JSON_REAL, -0.000001},
    {"[1e+22]", JSON_REAL, 1e22},
};

START_TEST(numbers_are_exact)
{
    ck_assert_int_eq(parse(numbers[_i].text), 0);
    const struct json *value = json_at(document.root, 0);
    ck_assert_int_eq(value->kind, numbers[_i].kind);
    ck_assert(value->number == numbers[_i].number);
    json_clear(&document);
}
END_TEST

START_TEST(structure_and_lines)
{
    ck_assert_int_eq(parse("\n{ \"a\": [true, false,\n null, {}, []],\n\"b\"\n:\n{\"c\":1}}\n"), 0);
    const struct json *a = json_get(document.root, "a"), *b = json_get(document.root, "b");
    static const enum json_kind kinds[] = {JSON_TRUE, JSON_FALSE, JSON_NULL, JSON_OBJECT,
                                           JSON_ARRAY};
    ck_assert_uint_eq(document.root->line, 2);
    ck_assert_uint_eq(json_count(a, JSON_ARRAY), 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(json_at(a, i)->kind, kinds[i]);
    ck_assert_ptr_null(json_at(a, 5));
    ck_assert_uint_eq(json_at(a, 1)->line, 2);
    ck_assert_uint_eq(json_at(a, 2)->line, 3);
    ck_assert_uint_eq(b->line, 4);
    ck_assert_str_eq(json_first(document.root, JSON_OBJECT)->key, "a");
    ck_assert_ptr_eq(json_first(document.root, JSON_OBJECT)->next, b);
    ck_assert(json_get(b, "c")->number == 1);
    /* what is not there or of another kind has nothing in it */
    ck_assert_ptr_null(json_get(a, "a"));
    ck_assert_ptr_null(json_get(NULL, "a"));
    ck_assert_ptr_null(json_at(b, 0));
    ck_assert_ptr_null(json_string(b));
    ck_assert_uint_eq(json_count(b, JSON_ARRAY), 0);
    ck_assert_ptr_null(json_first(NULL, JSON_ARRAY));
    json_clear(&document);
}
END_TEST

static const struct {
    const char *text;
    unsigned line;
    const char *message;
} mistakes[] = {
    {"", 1, "'[' or '{' expected near end of file"},
    {"  \n 5", 2, "'[' or '{' expected near '5'"},
    {"[1\n2]", 2, "']' expected near '2'"},
    {"[1,]", 1, "invalid token near ']'"},
    {"[1,\n", 2, "value expected near end of file"},
    {"[1] x", 1, "end of file expected near 'x'"},
    {"{\"a\":1,\n\"b\" 2}", 2, "':' expected near '2'"},
    {"{\"a\":1 \"b\":2}", 1, "'}' expected near '\"b\"'"},
    {"{a:1}", 1, "string or '}' expected near 'a'"},
    {"{\"a\":1,\n\"a\":2}", 2, "duplicate object key near '\"a\"'"},
    {"[truth]", 1, "invalid token near 'truth'"},
    {"[nul]", 1, "invalid token near 'nul'"},
    {"[\"abc", 1, "premature end of input near '\"abc'"},
    {"[\"a\nb\"]", 1, "control character 0xa near '\"a'"},
    {"[\"a\xff\"]", 1, "unable to decode byte 0xff near '\"a'"},
    {"[\"\xe4\xb8\"]", 1, "unable to decode byte 0xe4 near '\"'"},
    {"[\"\\x\"]", 1, "invalid escape near '\"'"},
    {"[\"\\u12g4\"]", 1, "invalid escape near '\"'"},
    {"[\"\\u0000\"]", 1, "\\u0000 is not allowed near '\"'"},
    {"[\"\\ud800\"]", 1, "invalid surrogate pair near '\"'"},
    {"[\"\\ude00\"]", 1, "invalid surrogate pair near '\"'"},
    {"[\"\\ud800\\u0041\"]", 1, "invalid surrogate pair near '\"'"},
    {"[01]", 1, "invalid number near '01'"},
    {"[-]", 1, "invalid number near '-'"},
    {"[1.]", 1, "invalid number near '1.'"},
    {"[1e]", 1, "invalid number near '1e'"},
    {"[1234567890123456]", 1, "number out of range near '1234567890123456'"},
    {"[1e99]", 1, "number out of range near '1e99'"},
    {"[1e99999999999999999999]", 1, "number out of range"},
};

START_TEST(mistakes_are_named)
{
    ck_assert_int_eq(parse(mistakes[_i].text), -1);
    ck_assert_str_eq(error.text, mistakes[_i].message);
    ck_assert_uint_eq(error.line, mistakes[_i].line);
    json_clear(&document);
}
END_TEST

START_TEST(bounds_hold)
{
    char text[4096];
    size_t used = 0;

    memset(text, '[', 64);
    text[64] = '\0';
    ck_assert_int_eq(parse(text), -1);
    ck_assert_str_eq(error.text, "nested too deeply near ''");
    json_clear(&document);
    text[used++] = '{';
    for (int i = 0; i <= 256; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "\"%d\":1,", i);
    ck_assert_int_eq(parse(text), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "too many members"));
    json_clear(&document);
    ck_assert_int_eq(json_parse(&document, calloc(1, 3), 2, &error), -1); /* two NULs */
    json_clear(&document);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, strings_are_decoded, 0, sizeof strings / sizeof *strings);
    tcase_add_loop_test(tests, numbers_are_exact, 0, sizeof numbers / sizeof *numbers);
    tcase_add_test(tests, structure_and_lines);
    tcase_add_loop_test(tests, mistakes_are_named, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, bounds_hold);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
