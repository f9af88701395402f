#include "cli/commands.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* The flags of an interface; getifaddrs lists it once for every address. */
static unsigned interface_flags(const struct ifaddrs *list, const char *name)
{
    for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
        if (!strcmp(entry->ifa_name, name))
            return entry->ifa_flags;
    return 0;
}

int cmd_interfaces(const struct options *options)
{
    (void)options;
    struct whyrst_error error = {.text = ""};
    struct ifaddrs *list = NULL;
    struct if_nameindex *names = if_nameindex();
    if (!names || getifaddrs(&list)) {
        message_set(&error, "option -D: the interfaces cannot be listed: %s", strerror(errno));
        if (names)
            if_freenameindex(names);
        return message_error(&error);
    }
    for (const struct if_nameindex *entry = names; entry->if_name; entry++) {
        unsigned flags = interface_flags(list, entry->if_name);
        printf("%s%s%s%s\n", entry->if_name, flags & IFF_UP ? " up" : " down",
               flags & IFF_RUNNING ? " running" : "", flags & IFF_LOOPBACK ? " loopback" : "");
    }
    puts("any up (all of them)");
    freeifaddrs(list);
    if_freenameindex(names);
    return EXIT_ANALYSED;
}
