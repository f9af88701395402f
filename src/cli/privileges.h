/* Giving up root once the inputs are open. */
#ifndef WHYRST_CLI_PRIVILEGES_H
#define WHYRST_CLI_PRIVILEGES_H

#include "whyrst/whyrst.h"

/* Becomes the user, for good. -1 when that is not possible; the process must not go on then. */
int privileges_drop(const char *user, struct whyrst_error *error);

#endif
