/* Stable pseudonyms for addresses: the first address of a report is 240.0.0.1 or 100::1, the next
 * one 240.0.0.2 …. Both ranges (RFC 1112 class E, RFC 6666 discard prefix) never occur on a
 * network, so a pseudonym is never mistaken for somebody's address. Ports stay. */
#ifndef WHYRST_REPORT_ANONYMIZE_H
#define WHYRST_REPORT_ANONYMIZE_H

#include "whyrst/whyrst.h"

struct anonymizer;

/* NULL without memory. */
struct anonymizer *anonymizer_new(void);
void anonymizer_free(struct anonymizer *anonymizer);
/* The pseudonym, same version and port. Without memory the address is 0.0.0.0 or :: and
 * anonymizer_failed says so from then on; a real address never comes back. */
struct whyrst_address anonymizer_address(struct anonymizer *anonymizer,
                                         const struct whyrst_address *address);
/* The text with the address literals in it replaced; valid until the next call. Loopback and
 * unspecified addresses, which name nobody, stay unless they are an end of a connection. */
const char *anonymizer_text(struct anonymizer *anonymizer, const char *text);
bool anonymizer_failed(const struct anonymizer *anonymizer);

#endif
