/* whyrst [OPTIONS] [FILE...]: why was this TCP connection reset? */
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "cli/commands.h"

static int main_dispatch(const struct options *options)
{
    switch (options->command) {
    case COMMAND_ANALYSE:
        return run_analysis(options);
    case COMMAND_LIST_INTERFACES:
        return cmd_interfaces(options);
    case COMMAND_LIST_RULES:
        return cmd_list_rules(options);
    case COMMAND_CHECK_RULES:
        return cmd_check_rules(options);
    case COMMAND_EXPLAIN:
        return cmd_explain(options);
    case COMMAND_HELP:
        fputs(options_help, stdout);
        return EXIT_ANALYSED;
    case COMMAND_VERSION:
        printf("whyrst %s, report schema %s\n", whyrst_version(), WHYRST_SCHEMA_VERSION);
        return EXIT_ANALYSED;
    }
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct options options;
    struct whyrst_error error = {.text = ""};
    int code;

    setlocale(LC_CTYPE, "");
    /* a reader that goes away is seen as EPIPE, and nothing is said about it */
    signal(SIGPIPE, SIG_IGN);
    if (options_parse(&options, argc, argv, &error))
        code = message_error(&error);
    else
        code = main_dispatch(&options);
    options_clear(&options);
    return code;
}
