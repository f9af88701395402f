#include "flow/memory.h"
#include "rules/internal.h"
#include "rules/shorten.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* A directory being loaded: what its files are read with, one after the other. */
struct loader {
    struct whyrst_rules *rules;
    const char *directory;
    struct problems *problems;
    struct sha256_ctx digest;
    char *text; /* the file's bytes, and a NUL behind them */
    char *json; /* the same shortened */
};

/* Into loader->text. The file's size, or -1 with the reason reported. */
static ssize_t file_read(struct loader *loader, const char *path)
{
    ssize_t size = 0, count = -1;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    while (file >= 0 && size <= FILE_MAX_BYTES) {
        count = read(file, loader->text + size, (size_t)(FILE_MAX_BYTES + 1 - size));
        if (count <= 0 && !(count < 0 && errno == EINTR))
            break;
        size += count > 0 ? count : 0;
    }
    loader->text[size] = '\0';
    if (count < 0)
        problems_add(loader->problems, path, 0, "cannot read: %s", strerror(errno));
    else if (size > FILE_MAX_BYTES)
        problems_add(loader->problems, path, 0, "larger than 1 MiB, which no rule file is");
    if (file >= 0)
        close(file);
    return count < 0 || size > FILE_MAX_BYTES ? -1 : size;
}

/* Name and bytes, each ended by a NUL: neither can contain one. */
static void digest_add(struct sha256_ctx *digest, const char *name, const char *text, size_t size)
{
    sha256_update(digest, strlen(name) + 1, (const uint8_t *)name);
    sha256_update(digest, size + 1, (const uint8_t *)text);
}

static void digest_finish(struct sha256_ctx *digest, char hex[65])
{
    unsigned char bytes[SHA256_DIGEST_SIZE];

    sha256_digest(digest, sizeof bytes, bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* The document in loader->text, or NULL. What is wrong with it is asked of the text itself. */
static json_t *document_parse(struct loader *loader, const char *path, size_t size,
                              struct rule_entry *entry)
{
    struct shortening shortening = {.document = loader->text,
                                    .size = size,
                                    .json = loader->json,
                                    .texts = entry->strings.bytes};
    json_t *document = NULL;
    json_error_t error;

    if (shorten(&shortening))
        document = json_loadb(shortening.json, shortening.json_size, JSON_REJECT_DUPLICATES, NULL);
    if (document) {
        entry->texts = entry->strings.bytes;
        entry->strings.used = shortening.texts_size;
        return document;
    }
    document = json_loadb(loader->text, size, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        problems_add(loader->problems, path, error.line > 0 ? (unsigned)error.line : 1, "%s",
                     error.text);
    return document;
}

static int rule_load(struct loader *loader, const char *name)
{
    struct whyrst_rules *rules = loader->rules;
    struct rule_entry *entry = &rules->rules[rules->rule_count];
    char path[PATH_MAX_BYTES];

    snprintf(path, sizeof path, "%s/%s", loader->directory, name);
    ssize_t size = file_read(loader, path);
    if (size < 0)
        return 0;
    rules->rule_count++;
    entry->file = strdup(name);
    entry->strings.size = (size_t)size + 1;
    entry->strings.bytes = malloc(entry->strings.size);
    if (!entry->file || !entry->strings.bytes)
        return -1;
    digest_add(&loader->digest, name, loader->text, (size_t)size);
    json_t *document = document_parse(loader, path, (size_t)size, entry);
    if (!document)
        return 0;
    const struct reader reader = {path, loader->text, entry->texts, &entry->strings,
                                  loader->problems};
    int result = rule_parse(&reader, document, entry);
    json_decref(document); /* at once: the next file's takes the same memory */
    if (entry->rule.cause < WHYRST_CAUSE_COUNT)
        rules->by_cause[entry->rule.cause] = &entry->rule;
    return result;
}

static int files_load(struct loader *loader, struct dirent *const *names, int count)
{
    struct whyrst_rules *rules = loader->rules;
    int result = 0;

    rules->rules = calloc((size_t)count, sizeof *rules->rules);
    /* not from malloc: once it got so much back, it would hand out less as memory to be zeroed */
    loader->text = memory_map(FILE_MAX_BYTES + 2);
    loader->json = memory_map(FILE_MAX_BYTES + 2);
    if (!rules->rules || !loader->text || !loader->json)
        result = -1;
    sha256_init(&loader->digest);
    for (int i = 0; i < count && result == 0; i++)
        result = rule_load(loader, names[i]->d_name);
    digest_finish(&loader->digest, rules->sha256);
    memory_unmap(loader->text, FILE_MAX_BYTES + 2);
    memory_unmap(loader->json, FILE_MAX_BYTES + 2);
    return result;
}

static int directory_load(struct whyrst_rules *rules, const char *directory,
                          struct problems *problems)
{
    struct loader loader = {.rules = rules, .directory = directory, .problems = problems};
    struct dirent **names = NULL;
    int result = 0;
    int count = scandir(directory, &names, is_rule_file, by_name);

    if (count <= 0)
        problems_add(problems, directory, 0, "%s; expected a directory with rule files (*.json)",
                     count < 0 ? strerror(errno) : "no rule file in it");
    else
        result = files_load(&loader, names, count);
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
