#include "cli/rules_dir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"

static bool rules_dir_exists(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static int rules_dir_use(const char *path, char directory[RULES_DIR_MAX],
                         struct whyrst_error *error)
{
    if (strlen(path) >= RULES_DIR_MAX)
        return message_set(error, "rules: the name of the directory is too long");
    strcpy(directory, path);
    return 0;
}

/* The program's own place + the way from there to the rules; empty when unknown. */
static void rules_dir_beside_program(char directory[RULES_DIR_MAX])
{
    char program[RULES_DIR_MAX];
    directory[0] = '\0';
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return;
    *slash = '\0';
    int wanted = snprintf(directory, RULES_DIR_MAX, "%s/%s", program, WHYRST_RULES_FROM_PROGRAM);
    if (wanted < 0 || wanted >= RULES_DIR_MAX)
        directory[0] = '\0';
}

int rules_dir_find(const struct options *options, char directory[RULES_DIR_MAX],
                   struct whyrst_error *error)
{
    const char *named = options->rules;
    if (!named || !named[0])
        named = getenv("WHYRST_RULES");
    if (named && named[0])
        return rules_dir_use(named, directory, error);
    rules_dir_beside_program(directory);
    if (directory[0] && rules_dir_exists(directory))
        return 0;
    if (rules_dir_exists(WHYRST_RULES_SOURCE))
        return rules_dir_use(WHYRST_RULES_SOURCE, directory, error);
    if (rules_dir_exists(WHYRST_RULES_INSTALLED))
        return rules_dir_use(WHYRST_RULES_INSTALLED, directory, error);
    return message_set(error,
                       "rules: there are none in %s, %s or %s; name their directory with "
                       "--rules",
                       directory, WHYRST_RULES_SOURCE, WHYRST_RULES_INSTALLED);
}

struct whyrst_rules *rules_dir_load(const struct options *options, struct whyrst_error *error)
{
    char directory[RULES_DIR_MAX];
    if (rules_dir_find(options, directory, error))
        return NULL;
    struct whyrst_rules *rules = whyrst_rules_load(directory, error);
    if (!rules)
        message_set(error, "rules: %.900s: cannot be loaded", directory);
    return rules;
}
