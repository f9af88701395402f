/* Which connections were reset and what was said about which frame: sorted arrays, so that no
 * capture can make a look-up slow. */
#ifndef WHYRST_CLI_EXTRACT_INDEX_H
#define WHYRST_CLI_EXTRACT_INDEX_H

#include "packet/segment.h"
#include "whyrst/whyrst.h"

struct extract_connection {
    uint8_t key[37]; /* lower end's address and port, higher end's, version */
};

struct extract_comment {
    uint64_t frame;
    uint64_t reset; /* id */
    uint16_t input;
    bool is_followup;
    uint32_t stream;
    double confidence;
    enum whyrst_cause cause;
    enum whyrst_certainty certainty;
    const char *scenario, *signature, *title; /* live as long as the rules */
    char *explanation;                        /* own copy, or NULL */
};

struct extract_index {
    struct extract_connection *connections;
    size_t connection_count, connection_room;
    struct extract_comment *comments;
    size_t comment_count, comment_room;
    size_t explanation_bytes;
};

/* Starts from zeros. -1 without memory. */
int extract_index_add(struct extract_index *index, const struct whyrst_reset *reset,
                      struct whyrst_error *error);
/* Once, after the last add and before the look-ups. */
void extract_index_sort(struct extract_index *index);
bool extract_index_has(const struct extract_index *index, const struct segment *segment);
/* The comment of that frame; false when it has none. */
bool extract_index_comment(const struct extract_index *index, const struct whyrst_packet *packet,
                           char *buf, size_t size);
void extract_index_clear(struct extract_index *index);

#endif
