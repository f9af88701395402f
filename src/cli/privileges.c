#include "cli/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"

int privileges_drop(const char *user, struct whyrst_error *error)
{
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        return message_set(error, "option -Z: there is no user '%s'", user);
    uid_t uid = entry->pw_uid;
    gid_t gid = entry->pw_gid;
    if (geteuid() == uid && getuid() == uid)
        return 0;
    if (initgroups(user, gid) || setgid(gid) || setuid(uid))
        return message_set(error, "option -Z: cannot become '%s': %s; only root can", user,
                           strerror(errno));
    /* setuid by root sets all three ids; if root could come back, it did not */
    if (uid && (!setuid(0) || (gid && !setgid(0)) || getuid() != uid || geteuid() != uid))
        return message_set(error, "option -Z: '%s' could become root again", user);
    return 0;
}
