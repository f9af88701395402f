/* Inflates gzip input, several members in a row included. Private to src/capture. */
#ifndef WHYRST_CAPTURE_GUNZIP_H
#define WHYRST_CAPTURE_GUNZIP_H

#include "capture/source.h"

/* NULL without memory. first: raw bytes already taken from the source, one block at most; copied.
 */
struct gunzip *gunzip_new(const uint8_t *first, size_t count, struct whyrst_error *error);
void gunzip_free(struct gunzip *gunzip); /* NULL is allowed */

/* Inflates into space: 1 to max bytes; 0 at the end of the data, also when the gzip stream is cut
 * or damaged (see gunzip_damage); -1 on a read error. */
ptrdiff_t gunzip_read(struct gunzip *gunzip, struct source *source, uint8_t *space, size_t max,
                      struct whyrst_error *error);
/* What ended the stream too early; NULL when it ended as it should. */
const char *gunzip_damage(const struct gunzip *gunzip);

#endif
