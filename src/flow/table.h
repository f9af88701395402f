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

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "flow/conn.h"
#include "packet/decode.h"
#include "whyrst/whyrst.h"

/* Of 128 lines, where counting would be easier, a table of 8 million connections would be half
 * empty. */
#define TABLE_LINE_SLOTS   8u
#define TABLE_BUCKET_LINES 104u
#define TABLE_MAX_DEPTH    20u
#define TABLE_STRAYS       2048u
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
    uint32_t strays[TABLE_STRAYS];     /* by tag: the last opened, or not found in its home line */
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
uint32_t table_find(struct table *table, const struct segment *segment);

/* A connection for the segment's key, which must not be in the table; conn_init is the caller's. At
 * the limit the longest idle connections make room first. 0 without memory. */
uint32_t table_insert(struct table *table, const struct segment *segment, table_evict_fn *on_evict,
                      void *user);

/* The place of a tag in the directory: its first `depth` bits. */
static inline uint32_t table_entry(const struct table *table, uint32_t tag)
{
    return (uint32_t)((uint64_t)tag << table->depth >> 32);
}

/* The line of a bucket that a tag names, by bits that its bucket's entries do not share. */
static inline uint32_t table_line_of(uint32_t tag)
{
    return (tag & 0xfff) * TABLE_BUCKET_LINES >> 12;
}

_Static_assert(TABLE_MAX_DEPTH <= 32 - 12,
               "a tag's upper bits name the bucket, its lower ones the line");

static inline struct table_line *table_home(const struct table *table, uint32_t tag)
{
    uint32_t number = table->directory[table_entry(table, tag)];
    return &table->buckets[number].lines[table_line_of(tag)];
}

/* Bit set of the eight words that equal `word`. */
static inline unsigned line_equal(const uint32_t words[TABLE_LINE_SLOTS], uint32_t word)
{
#ifdef __SSE2__
    __m128i wanted = _mm_set1_epi32((int)word);
    __m128i low = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)words), wanted);
    __m128i high = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)(words + 4)), wanted);
    __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128());
    return (unsigned)_mm_movemask_epi8(bytes);
#else
    unsigned hits = 0;
    for (unsigned n = 0; n < TABLE_LINE_SLOTS; n++)
        hits |= (unsigned)(words[n] == word) << n;
    return hits;
#endif
}

/* First step ahead of a lookup: the home line, on its way into the cache. */
static inline const struct table_line *table_prefetch_line(const struct table *table, uint32_t tag)
{
    const struct table_line *line = table_home(table, tag);
    __builtin_prefetch(line);
    return line;
}

/* Second step: the connection in the home line that the lookup will most likely find, or 0. Whether
 * there is one is as good as random, so it makes no branch. */
static inline uint32_t table_guess(const struct table_line *line, uint32_t tag)
{
    unsigned hits = line_equal(line->tags, tag);
    uint32_t none = hits == 0;
    return line->indexes[(unsigned)__builtin_ctz(hits | none)] & (none - 1);
}

/* Third step: the connection, on its way into the cache. */
static inline void table_prefetch_conn(const struct table *table, size_t index)
{
    __builtin_prefetch((const char *)&table->conns[index], 1);
    __builtin_prefetch((const char *)&table->conns[index] + 64, 1);
    __builtin_prefetch(&table->colds[index], 1);
}

/* For a guess of 0: the connection may have been opened since, or not be in its home line. */
static inline uint32_t table_stray(const struct table *table, uint32_t tag)
{
    return table->strays[tag % TABLE_STRAYS];
}

/* Whether 32 bytes are the same. */
static inline bool same_32(const void *left, const void *right)
{
#ifdef __SSE2__
    const __m128i *a = left, *b = right;
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128(a), _mm_loadu_si128(b));
    __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128(a + 1), _mm_loadu_si128(b + 1));
    return _mm_movemask_epi8(_mm_and_si128(low, high)) == 0xffff;
#else
    return memcmp(left, right, 32) == 0;
#endif
}

/* Whether the connection has the segment's key; all of it is compared at once. */
static inline bool table_has_key(const struct table *table, size_t index,
                                 const struct segment *segment)
{
    const struct conn *conn = &table->conns[index];
    uint32_t mine, theirs;
    memcpy(&mine, conn->port, sizeof(mine));
    memcpy(&theirs, segment->port, sizeof(theirs));
    uint32_t other = (mine ^ theirs) | ((conn->flags ^ segment->marks) & CONN_IPV6);
    return (other == 0) & same_32(conn->address, segment->address);
}

_Static_assert((int)CONN_IPV6 == (int)MARK_IPV6, "compared as they are");

/* Whether a guess was right: the connection is in the table, and under the segment's key. */
static inline bool table_holds(const struct table *table, size_t index,
                               const struct segment *segment)
{
    return (table->conns[index].flags & CONN_IN_USE) && table_has_key(table, index, segment);
}

#endif
