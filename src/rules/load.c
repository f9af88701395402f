/* The low-level calls find SHA-256 without setting up all of the library, which would take longer
 * than reading the rules; they are deprecated since OpenSSL 3.0. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "rules/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* All of an open file with a NUL behind it, or NULL with errno set; EFBIG beyond FILE_MAX_BYTES. */
static char *file_read_all(int fd, size_t *size)
{
    struct stat status;
    size_t room = FILE_MAX_BYTES + 1; /* one more than may be there */
    ssize_t count = 0;

    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < FILE_MAX_BYTES)
        room = (size_t)status.st_size + 1;
    char *text = malloc(room + 1);
    *size = 0;
    while (text && *size < room && (count = read(fd, text + *size, room - *size)) != 0) {
        if (count < 0 && errno != EINTR)
            break;
        *size += count > 0 ? (size_t)count : 0;
    }
    if (text && count >= 0 && *size < room) {
        text[*size] = '\0';
        return text;
    }
    if (text && count >= 0)
        errno = EFBIG;
    free(text);
    return NULL;
}

/* The bytes of a file with a NUL behind them, to be freed; NULL with the reason reported. */
static char *file_read(const char *path, size_t *size, struct problems *problems)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd >= 0 ? file_read_all(fd, size) : NULL;

    if (!text && errno == EFBIG)
        problems_add(problems, path, 0, "larger than 1 MiB, which no rule file is");
    else if (!text)
        problems_add(problems, path, 0, "cannot read: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return text;
}

/* Name and bytes, each ended by a NUL: neither can contain one. */
static void digest_add(SHA256_CTX *digest, const char *name, const char *text, size_t size)
{
    SHA256_Update(digest, name, strlen(name) + 1);
    SHA256_Update(digest, text, size + 1);
}

static void digest_finish(SHA256_CTX *digest, char hex[2 * SHA256_DIGEST_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[SHA256_DIGEST_LENGTH];

    SHA256_Final(bytes, digest);
    for (unsigned i = 0; i < sizeof bytes; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * sizeof bytes] = '\0';
}

static int rule_load(struct whyrst_rules *rules, const char *directory, const char *name,
                     SHA256_CTX *digest, struct problems *problems)
{
    struct rule_entry *entry = &rules->rules[rules->rule_count];
    char path[PATH_MAX_BYTES];
    struct reader reader = {.path = path, .problems = problems};
    struct json_error error;
    size_t size = 0;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    char *text = file_read(path, &size, problems);
    if (!text)
        return 0;
    rules->rule_count++;
    entry->file = strdup(name);
    if (!entry->file) {
        free(text);
        return -1;
    }
    digest_add(digest, name, text, size);
    if (json_parse(&entry->document, text, size, &error)) {
        problems_add(problems, path, error.line, "%s", error.text);
        return 0;
    }
    reader.root = entry->document.root;
    int result = rule_parse(&reader, entry);
    if (entry->rule.cause < WHYRST_CAUSE_COUNT)
        rules->by_cause[entry->rule.cause] = &entry->rule;
    return result;
}

static int directory_load(struct whyrst_rules *rules, const char *directory,
                          struct problems *problems)
{
    struct dirent **names = NULL;
    SHA256_CTX digest;
    int result = 0;
    int count = scandir(directory, &names, is_rule_file, by_name);

    if (count <= 0) {
        problems_add(problems, directory, 0, "%s; expected a directory with rule files (*.json)",
                     count < 0 ? strerror(errno) : "no rule file in it");
        free(names);
        return 0;
    }
    rules->rules = calloc((size_t)count, sizeof *rules->rules);
    SHA256_Init(&digest);
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = rules->rules ? rule_load(rules, directory, names[i]->d_name, &digest, problems)
                                  : -1;
        free(names[i]);
    }
    free(names);
    digest_finish(&digest, rules->sha256);
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
