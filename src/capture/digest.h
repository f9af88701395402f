/* SHA-256 of a stream of bytes. Private to src/capture. */
#ifndef WHYRST_CAPTURE_DIGEST_H
#define WHYRST_CAPTURE_DIGEST_H

#include <stddef.h>

struct digest;

struct digest *digest_new(void); /* NULL without memory; free with digest_free */
void digest_restart(struct digest *digest);
void digest_feed(struct digest *digest, const void *bytes, size_t count);
/* 64 hex digits of everything fed since the restart. Call once. */
void digest_finish(struct digest *digest, char hex[65]);
void digest_free(struct digest *digest); /* NULL is allowed */

#endif
