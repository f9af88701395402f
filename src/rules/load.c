/* The low-level SHA-256 calls: before the first EVP one OpenSSL reads its configuration and looks
 * up all its algorithms, which takes longer than loading the rules. They are deprecated since
 * OpenSSL 3.0. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "rules/internal.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (1 << 20)
#define PATH_MAX_BYTES 4096

static int is_rule_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Byte order, whatever the locale: the digest depends on it. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The bytes of a file with a NUL behind them, to be freed; NULL with the reason reported. */
static char *file_read(const char *path, size_t *size, struct problems *problems)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(FILE_MAX_BYTES + 2) : NULL;

    if (!text) {
        problems_add(problems, path, 0, "cannot read: %s", strerror(errno));
    } else {
        errno = 0;
        *size = fread(text, 1, FILE_MAX_BYTES + 1, file);
        text[*size] = 0;
        if (ferror(file))
            problems_add(problems, path, 0, "cannot read: %s", strerror(errno ? errno : EIO));
        else if (*size > FILE_MAX_BYTES)
            problems_add(problems, path, 0, "larger than 1 MiB, which no rule file is");
        if (ferror(file) || *size > FILE_MAX_BYTES) {
            free(text);
            text = NULL;
        }
    }
    if (file)
        fclose(file);
    return text;
}

/* Name and bytes, each ended by a NUL: neither can contain one. */
static void digest_add(SHA256_CTX *digest, const char *name, const char *text, size_t size)
{
    SHA256_Update(digest, name, strlen(name) + 1);
    SHA256_Update(digest, text, size + 1);
}

static void digest_finish(SHA256_CTX *digest, char hex[65])
{
    unsigned char bytes[SHA256_DIGEST_LENGTH];

    SHA256_Final(bytes, digest);
    for (unsigned i = 0; i < sizeof bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static int rule_load(struct whyrst_rules *rules, const char *directory, const char *name,
                     SHA256_CTX *digest, struct problems *problems)
{
    struct rule_entry *entry = &rules->rules[rules->rule_count];
    char path[PATH_MAX_BYTES];
    struct reader reader = {.path = path, .problems = problems};
    json_error_t error;
    size_t size = 0;
    int result = -1;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    char *text = file_read(path, &size, problems);
    if (!text)
        return 0;
    rules->rule_count++;
    entry->file = strdup(name);
    if (!entry->file)
        goto out;
    digest_add(digest, name, text, size);
    reader.text = text;
    entry->document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (entry->document) {
        result = rule_parse(&reader, entry);
        if (entry->rule.cause < WHYRST_CAUSE_COUNT)
            rules->by_cause[entry->rule.cause] = &entry->rule;
    } else {
        problems_add(problems, path, error.line > 0 ? (unsigned)error.line : 1, "%s", error.text);
        result = 0;
    }
out:
    free(text);
    return result;
}

static int directory_load(struct whyrst_rules *rules, const char *directory,
                          struct problems *problems)
{
    struct dirent **names = NULL;
    SHA256_CTX digest;
    int result = -1;
    int count = scandir(directory, &names, is_rule_file, by_name);

    if (count <= 0) {
        problems_add(problems, directory, 0, "%s; expected a directory with rule files (*.json)",
                     count < 0 ? strerror(errno) : "no rule file in it");
        free(names);
        return 0;
    }
    rules->rules = calloc((size_t)count, sizeof *rules->rules);
    if (!rules->rules)
        goto out;
    SHA256_Init(&digest);
    for (int i = 0; i < count; i++)
        if (rule_load(rules, directory, names[i]->d_name, &digest, problems))
            goto out;
    digest_finish(&digest, rules->sha256);
    result = 0;
out:
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return result;
}

struct whyrst_rules *whyrst_rules_load(const char *directory, struct whyrst_error *error)
{
    struct whyrst_error ignored;
    struct problems problems = {.error = error ? error : &ignored};
    struct whyrst_rules *rules = calloc(1, sizeof *rules);

    problems.error->text[0] = 0;
    if (!rules || directory_load(rules, directory, &problems)) {
        problems_add(&problems, directory, 0, "cannot load the rules: out of memory");
    } else if (problems.count == 0 && ruleset_compile(rules, problems.error) == 0) {
        return rules;
    }
    whyrst_rules_free(rules);
    return NULL;
}
