#include "cli/commands.h"

#include <stdio.h>

#include "capture/capture.h"

static void interface_print(const char *name, const char *description, void *user)
{
    (void)user;
    printf("%s%s%s\n", name, description ? "  " : "", description ? description : "");
}

int cmd_interfaces(const struct options *options)
{
    (void)options;
    struct whyrst_error error = {.text = ""};
    if (capture_interfaces(interface_print, NULL, &error) < 0)
        return message_error(&error);
    return EXIT_ANALYSED;
}
