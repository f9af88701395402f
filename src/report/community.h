/* Community ID v1: one string for a connection, the same in every tool that prints it. */
#ifndef WHYRST_REPORT_COMMUNITY_H
#define WHYRST_REPORT_COMMUNITY_H

#include "whyrst/whyrst.h"

#define COMMUNITY_ROOM 30 /* "1:" and 28 characters of base64, no NUL */

/* Writes the TCP flow's ID (seed 0) at `at`; returns the end. */
char *community_id(char *at, const struct whyrst_address *one, const struct whyrst_address *other);

#endif
