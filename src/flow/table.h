/* The connection table: an extendible hash of small buckets over two parallel arrays of
 * connections. Buckets split one at a time, so growth never stalls; nothing is allocated per packet
 * or connection: all arrays are address space that becomes memory when first touched.
 *
 * A bucket is made of cache lines of eight slots, filled from their start; a connection is in the
 * line its hash names or, when that is full, in the next that is not. So a lookup compares a whole
 * line at once and hardly ever goes on: no loop whose length differs from packet to packet. */
#ifndef WHYRST_FLOW_TABLE_H
#define WHYRST_FLOW_TABLE_H

#include <stddef.h>
#include <string.h>

#include "flow/conn.h"
#include "packet/decode.h"
#include "whyrst/whyrst.h"

#define TABLE_LINE_SLOTS   8u
#define TABLE_BUCKET_LINES 128u
#define TABLE_MAX_DEPTH    20u
#define TABLE_EVICT_SHARE  64u /* connections dropped at a time when the table is full */

struct table_line {
    _Alignas(64) uint32_t tags[TABLE_LINE_SLOTS]; /* upper halves of the connections' hashes */
    uint32_t indexes[TABLE_LINE_SLOTS];           /* of the connections, 0 = empty slot */
};

_Static_assert(sizeof(struct table_line) == 64, "one cache line");

struct table_bucket {
    struct table_line lines[TABLE_BUCKET_LINES];
};

struct table {
    struct table_bucket *buckets;
    uint32_t bucket_limit, bucket_count;
    uint32_t *directory; /* bucket numbers, 1 << depth entries */
    uint16_t *filled;    /* slots in use, by bucket number */
    uint8_t *depths;     /* upper hash bits a bucket's entries share, by bucket number */
    unsigned depth;
    struct conn *conns;                /* 1 … used; index 0 is none */
    struct conn_cold *colds;           /* same index */
    uint32_t used;                     /* highest index handed out so far */
    uint32_t limit;                    /* most connections */
    uint32_t hand;                     /* where the next search for idle connections starts */
    uint32_t freed[TABLE_EVICT_SHARE]; /* stack of indexes given back */
    uint32_t freed_count;
    uint64_t evicted;      /* connections dropped because of the limit */
    struct decode_key key; /* of the hash, to find a connection's slot again */
};

/* Told of every connection that is dropped, while its state is still whole. */
typedef void table_evict_fn(void *user, uint32_t index);

/* -1 without memory. */
int table_init(struct table *table, uint32_t limit, const struct decode_key *key,
               struct whyrst_error *error);
void table_clear(struct table *table);

/* Index of the connection of the segment's key, 0 when there is none. */
uint32_t table_find(const struct table *table, const struct segment *segment);

/* A connection for the segment's key, which must not be in the table; conn_init is the caller's. At
 * the limit the longest idle connections make room first. 0 without memory. */
uint32_t table_insert(struct table *table, const struct segment *segment, table_evict_fn *on_evict,
                      void *user);

static inline uint32_t table_tag(const struct segment *segment)
{
    return (uint32_t)(segment->hash >> 32);
}

/* The place of a tag in the directory: its first `depth` bits. */
static inline uint32_t table_entry(const struct table *table, uint32_t tag)
{
    return (uint32_t)((uint64_t)tag << table->depth >> 32);
}

static inline struct table_line *table_home(const struct table *table, uint32_t tag)
{
    uint32_t number = table->directory[table_entry(table, tag)];
    return &table->buckets[number].lines[tag % TABLE_BUCKET_LINES];
}

/* Bit set of the eight words that equal `word`. */
static inline unsigned line_equal(const uint32_t words[TABLE_LINE_SLOTS], uint32_t word)
{
    typedef uint32_t lanes __attribute__((vector_size(16)));
    lanes low, high, wanted = {word, word, word, word};
    memcpy(&low, words, sizeof(low));
    memcpy(&high, words + 4, sizeof(high));
    lanes equal = ((lanes)(low == wanted) & (lanes){1, 2, 4, 8}) |
                  ((lanes)(high == wanted) & (lanes){16, 32, 64, 128});
    return equal[0] | equal[1] | equal[2] | equal[3];
}

/* First step ahead of a lookup: brings the home line into the cache. */
static inline void table_prefetch(const struct table *table, const struct segment *segment)
{
    uint32_t tag = table_tag(segment);
    __builtin_prefetch(table_home(table, tag));
}

/* Second step: the connection the lookup will most likely find, whose lines it brings, or 0. */
static inline uint32_t table_guess(const struct table *table, const struct segment *segment)
{
    uint32_t tag = table_tag(segment);
    const struct table_line *line = table_home(table, tag);
    unsigned hits = line_equal(line->tags, tag);
    uint32_t index = hits ? line->indexes[__builtin_ctz(hits)] : 0;
    const char *conn = (const char *)&table->conns[index];
    __builtin_prefetch(conn, 1);
    __builtin_prefetch(conn + 64, 1);
    __builtin_prefetch(&table->colds[index], 1);
    return index;
}

/* Whether the connection has the segment's key. All of it is compared at once: which end is which
 * differs from packet to packet, the result hardly ever does. */
static inline bool table_has_key(const struct table *table, uint32_t index,
                                 const struct segment *segment)
{
    typedef uint64_t lanes __attribute__((vector_size(16)));
    const struct conn *conn = &table->conns[index];
    unsigned high = !!(segment->marks & MARK_SWAPPED);
    lanes mine[2], theirs[2];
    memcpy(&mine[0], conn->address[high], 16);
    memcpy(&mine[1], conn->address[high ^ 1], 16);
    memcpy(theirs, segment->src, 32); /* and dst */
    lanes other = (mine[0] ^ theirs[0]) | (mine[1] ^ theirs[1]);
    unsigned ports = (unsigned)(conn->port[high] ^ segment->src_port) |
                     (unsigned)(conn->port[high ^ 1] ^ segment->dst_port) |
                     ((conn->flags ^ segment->marks) & CONN_IPV6);
    return (other[0] | other[1] | ports) == 0;
}

_Static_assert(offsetof(struct segment, dst) == 16, "read together");
_Static_assert((int)CONN_IPV6 == (int)MARK_IPV6, "compared as they are");

#endif
