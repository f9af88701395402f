/* Every directory of tests/bad-rules has a rule.json that must be refused, and in `error` what is
 * said about it: the message is what is tested. The rule is loaded as so-linger-zero.json. */
#include "whyrst/whyrst.h"

#include "rule_files.h"
#include "suite.h"

static char *names[200];
static int name_count;

static void file_read(const char *name, const char *file, char *buf, size_t size)
{
    char path[300];

    snprintf(path, sizeof path, SOURCE_DIR "/tests/bad-rules/%s/%s", name, file);
    FILE *stream = fopen(path, "r");
    ck_assert_msg(stream != NULL, "%s is missing", path);
    buf[fread(buf, 1, size - 1, stream)] = 0;
    fclose(stream);
}

/* Takes the directory out of the messages: it has another name each time. */
static void strip_directory(char *text)
{
    size_t length = strlen(rule_directory) + 1;

    for (char *at = text; (at = strstr(at, rule_directory));)
        memmove(at, at + length, strlen(at + length) + 1);
}

START_TEST(rule_is_refused)
{
    struct whyrst_error error;
    char rule[8000], expected[2000];

    file_read(names[_i], "rule.json", rule, sizeof rule);
    file_read(names[_i], "error", expected, sizeof expected);
    rule_files_add("so-linger-zero.json", rule);
    ck_assert_msg(whyrst_rules_load(rule_directory, &error) == NULL, "%s was accepted", names[_i]);
    strip_directory(error.text);
    strcat(error.text, "\n");
    ck_assert_msg(strcmp(error.text, expected) == 0, "%s: expected\n%sgot\n%s", names[_i], expected,
                  error.text);
}
END_TEST

static int find_names(void)
{
    struct dirent **entries;
    int count = scandir(SOURCE_DIR "/tests/bad-rules", &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.' && name_count < 200)
            names[name_count++] = strdup(entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return name_count;
}

int main(void)
{
    Suite *suite = suite_create("rules_bad");
    TCase *tests = tcase_create("rules_bad");

    if (find_names() < 40) {
        fprintf(stderr, "bad rules not found in " SOURCE_DIR "/tests/bad-rules\n");
        return 1;
    }
    tcase_add_checked_fixture(tests, rule_files_setup, rule_files_teardown);
    tcase_add_loop_test(tests, rule_is_refused, 0, name_count);
    suite_add_tcase(suite, tests);
    int status = suite_run(suite);
    while (name_count)
        free(names[--name_count]);
    return status;
}
