/* -w: the packets of the reset connections, as pcapng, with the verdict as a comment on each RST.
 *
 * Which packets those are is known only at the end. Files are read a second time; what cannot be
 * read twice is kept in a temporary file meanwhile, up to EXTRACT_SPOOL_BYTES. */
#ifndef WHYRST_CLI_EXTRACT_H
#define WHYRST_CLI_EXTRACT_H

#include "capture/capture.h"
#include "cli/options.h"

#define EXTRACT_SPOOL_BYTES   (4ull << 30)
#define EXTRACT_COMMENT_BYTES (64u << 20) /* of explanations; verdicts after that come without */

struct extract;

/* NULL on failure. Free with extract_free. */
struct extract *extract_new(const struct options *options, struct whyrst_error *error);
void extract_free(struct extract *extract); /* NULL is allowed */

/* Remembers a reset: its connection and its frames. -1 without memory. */
int extract_reset(struct extract *extract, const struct whyrst_reset *reset,
                  struct whyrst_error *error);
/* Keeps packets that cannot be read again; does nothing for regular files. */
int extract_spool(struct extract *extract, const struct whyrst_packet *packets, size_t count,
                  struct whyrst_error *error);
/* Writes the file from the first packet_count packets of the inputs. *note says what is missing
 * from it, empty when nothing is. */
int extract_write(struct extract *extract, uint64_t packet_count, struct whyrst_error *note,
                  struct whyrst_error *error);

#endif
