/* A temporary directory of rule files for the tests of the rule layer. */
#ifndef WHYRST_TESTS_RULE_FILES_H
#define WHYRST_TESTS_RULE_FILES_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char rule_directory[64];

static inline void rule_files_setup(void)
{
    snprintf(rule_directory, sizeof rule_directory, "%s/whyrst-rules-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(rule_directory));
}

static inline void rule_files_teardown(void)
{
    DIR *directory = opendir(rule_directory);
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(rule_directory);
}

static inline void rule_files_add(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", rule_directory, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* A rule with these signatures (the inside of the list) and no text worth reading. */
static inline void rule_files_add_rule(const char *cause, int rank, const char *signatures)
{
    char name[64], *text;

    ck_assert_int_gt(
        asprintf(&text,
                 "{\"cause\": \"%s\", \"rank\": %d,\n"
                 "\"title\": {\"en\": \"title\", \"zh\": \"题\"},\n"
                 "\"explain\": {\"en\": \"$RESETTER\", \"zh\": \"$PEER\"},\n"
                 "\"impact\": {\"en\": \"impact\", \"zh\": \"影响\"},\n"
                 "\"confirm\": [\"ss\"], \"remedy\": {\"en\": [\"do\"], \"zh\": [\"做\"]},\n"
                 "\"references\": [\"RFC 9293\"],\n"
                 "\"signatures\": [%s]}\n",
                 cause, rank, signatures),
        0);
    snprintf(name, sizeof name, "%s.json", cause);
    rule_files_add(name, text);
    free(text);
}

#endif
