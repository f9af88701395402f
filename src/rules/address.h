/* An address as text: the one place that knows how. */
#ifndef WHYRST_RULES_ADDRESS_H
#define WHYRST_RULES_ADDRESS_H

#include "whyrst/whyrst.h"

#define ADDRESS_ROOM 46 /* the longest, with the NUL that the writer leaves to the caller */

/* Writes the address alone at `at`, IPv6 as RFC 5952 wants it; returns the end. Version 4 unless
 * address->version is 6. */
char *address_format(char *at, const struct whyrst_address *address);

#endif
