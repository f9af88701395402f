/* Where the rules are. */
#ifndef WHYRST_CLI_RULES_DIR_H
#define WHYRST_CLI_RULES_DIR_H

#include "cli/options.h"

#define RULES_DIR_MAX 4096

/* The directory of the rules: --rules, else $WHYRST_RULES, else beside the program as installed,
 * else the source tree it was built from, else where it was meant to be installed. -1 when none of
 * the last three is there; a directory named by the user is not checked here. */
int rules_dir_find(const struct options *options, char directory[RULES_DIR_MAX],
                   struct whyrst_error *error);

/* Finds and loads them. NULL on failure; free with whyrst_rules_free. */
struct whyrst_rules *rules_dir_load(const struct options *options, struct whyrst_error *error);

#endif
