/* What the program can do, one file each; all return an exit code. */
#ifndef WHYRST_CLI_COMMANDS_H
#define WHYRST_CLI_COMMANDS_H

#include "cli/message.h"
#include "cli/options.h"

int run_analysis(const struct options *options);    /* session.c, run_file.c, run_live.c */
int cmd_interfaces(const struct options *options);  /* -D */
int cmd_list_rules(const struct options *options);  /* cmd_rules.c */
int cmd_check_rules(const struct options *options); /* cmd_rules.c */
int cmd_explain(const struct options *options);

#endif
