#include "rules/shorten.h"

#include <check.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define ROOM 65536

#define LONG "a text that is long enough to be taken out"

static char json[ROOM], texts[ROOM];

static const struct {
    const char *document, *expected; /* NULL: read as it is */
} documents[] = {
    {"{ \"a\": [ 1, true ] }", "{\"a\":[1,true ]}"},
    {"[1 2, 3\n\t4]", "[1 2,3 4]"},
    {"[\"short  text\"]", "[\"short  text\"]"},
    {"[\"" LONG "\"]", "[\"\x7f\"]"},
    {"[\"" LONG "\", \"" LONG "\"]", "[\"\x7f\",\"\x7flc\"]"},
    {"{\"" LONG "\" : 1}", "{\"" LONG "\":1}"},
    {"[\"" LONG "\\n\"]", "[\"" LONG "\\n\"]"},
    {"[\"" LONG "\t\"]", "[\"" LONG "\t\"]"},
    {"[\"" LONG " 中\"]", "[\"\x7f\"]"},
    {"[\"" LONG "\xff\"]", "[\"" LONG "\xff\"]"},
    {"[\"" LONG "\xed\xa0\x80\"]", "[\"" LONG "\xed\xa0\x80\"]"},
    {"[\"" LONG "\xe4\xb8\"]", "[\"" LONG "\xe4\xb8\"]"},
    {"[\"" LONG, "[\"" LONG},
    {"[\"\x7f\"]", NULL},
    {"[\"\\u007fa\"]", NULL},
    {" ", ""},
    {"", ""},
};

START_TEST(document_is_shortened)
{
    const char *document = documents[_i].document;
    struct shortening shortening = {document, strlen(document), json, 0, texts, 0};

    ck_assert_int_eq(shorten(&shortening), documents[_i].expected != NULL);
    if (documents[_i].expected) {
        json[shortening.json_size] = '\0';
        ck_assert_str_eq(json, documents[_i].expected);
    }
}
END_TEST

START_TEST(references_lead_to_their_texts)
{
    static const char document[] = "[\"" LONG "\", \"" LONG ", too\"]";
    struct shortening shortening = {document, strlen(document), json, 0, texts, 0};

    ck_assert(shorten(&shortening));
    ck_assert_str_eq(shorten_text(texts, "\x7f"), LONG);
    ck_assert_str_eq(shorten_text(texts, "\x7flc"), LONG ", too");
    ck_assert_str_eq(shorten_text(texts, "short"), "short");
    ck_assert_str_eq(shorten_text(NULL, "\x7flc"), "\x7flc");
    ck_assert_ptr_null(shorten_text(texts, NULL));
}
END_TEST

static bool means_the_same(json_t *one, json_t *other)
{
    const char *key;
    json_t *value;
    size_t i;

    if (json_typeof(one) != json_typeof(other) || json_array_size(one) != json_array_size(other) ||
        json_object_size(one) != json_object_size(other))
        return false;
    if (json_is_string(one))
        return strcmp(json_string_value(one), shorten_text(texts, json_string_value(other))) == 0;
    json_object_foreach(
        one, key, value) if (!json_object_get(other, key) ||
                             !means_the_same(value, json_object_get(other, key))) return false;
    json_array_foreach(one, i,
                       value) if (!means_the_same(value, json_array_get(other, i))) return false;
    return json_is_object(one) || json_is_array(one) || json_equal(one, other);
}

/* Whether a document that is not refused is valid. */
static bool compare(const char *document, size_t size, const char *name)
{
    struct shortening shortening = {document, size, json, 0, texts, 0};

    if (!shorten(&shortening))
        return false;
    ck_assert_uint_le(shortening.json_size, size);
    ck_assert_uint_le(shortening.texts_size, size);
    json_t *whole = json_loadb(document, size, JSON_REJECT_DUPLICATES, NULL);
    json_t *parsed = json_loadb(json, shortening.json_size, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(!whole == !parsed && (!whole || means_the_same(whole, parsed)), "%s: %.*s", name,
                  (int)size, document);
    bool valid = whole != NULL;
    json_decref(whole);
    json_decref(parsed);
    return valid;
}

/* Replaces up to two bytes somewhere by what means something in JSON, or must not be there. */
static size_t damage(char *document, size_t size)
{
    static const char *const pieces[] = {
        "\"", "\\",   "\x7f", "\n",           ":",   ",",       "{", "}", "[", "]", "1",
        "中", "\x01", "\xff", "\xed\xa0\x80", "\"x", "\" : \"", " "};
    const char *piece = pieces[random() % (long)(sizeof pieces / sizeof *pieces)];
    size_t length = strlen(piece), at = (size_t)random() % size;
    size_t gone = (size_t)random() % 3;

    gone = gone < size - at ? gone : 0;
    memmove(document + at + length, document + at + gone, size - at - gone);
    memcpy(document + at, piece, length);
    return size + length - gone;
}

START_TEST(rules_mean_the_same_and_stay_as_wrong)
{
    static char document[ROOM], damaged[ROOM];
    struct dirent **names;
    int count = scandir(SOURCE_DIR "/rules", &names, NULL, alphasort), valid = 0, invalid = 0;

    for (int i = 0; i < count; i++) {
        char path[400];
        snprintf(path, sizeof path, SOURCE_DIR "/rules/%s", names[i]->d_name);
        FILE *file = fopen(path, "rb");
        size_t size = file ? fread(document, 1, sizeof document, file) : 0;
        if (file)
            fclose(file);
        ck_assert(size < ROOM - 64);
        ck_assert(size == 0 || compare(document, size, names[i]->d_name));
        for (int times = 0; size > 0 && times < 200; times++) {
            memcpy(damaged, document, size);
            if (compare(damaged, damage(damaged, size), names[i]->d_name))
                valid++;
            else
                invalid++;
        }
        free(names[i]);
    }
    free(names);
    ck_assert_int_gt(valid, 100);
    ck_assert_int_gt(invalid, 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shorten");
    TCase *tests = tcase_create("shorten");

    tcase_add_loop_test(tests, document_is_shortened, 0, sizeof documents / sizeof *documents);
    tcase_add_test(tests, references_lead_to_their_texts);
    tcase_add_test(tests, rules_mean_the_same_and_stay_as_wrong);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
