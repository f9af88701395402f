/* The connection table: an extendible hash of small buckets over two parallel arrays of connections.
 * Buckets split one at a time, so growth never stalls; nothing is allocated per packet or
 * connection: all arrays are address space that becomes memory when first touched. */
#ifndef WHYRST_FLOW_TABLE_H
#define WHYRST_FLOW_TABLE_H

#include "flow/conn.h"
#include "packet/decode.h"
#include "whyrst/whyrst.h"

#define TABLE_BUCKET_SLOTS 1024u
#define TABLE_MAX_DEPTH    20u
#define TABLE_EVICT_SHARE  64u /* connections dropped at a time when the table is full */

struct table_slot {
    uint32_t tag;   /* upper half of the connection's hash */
    uint32_t index; /* of the connection, 0 = empty slot */
};

struct table_bucket {
    struct table_slot slots[TABLE_BUCKET_SLOTS];
};

struct table {
    struct table_bucket *buckets;
    uint32_t bucket_limit, bucket_count;
    uint32_t *directory;     /* bucket numbers, 1 << depth entries */
    uint16_t *filled;        /* slots in use, by bucket number */
    uint8_t *depths;         /* upper hash bits a bucket's entries share, by bucket number */
    unsigned depth;
    struct conn *conns;      /* 1 … used; index 0 is none */
    struct conn_cold *colds; /* same index */
    uint32_t used;           /* highest index handed out so far */
    uint32_t limit;          /* most connections */
    uint32_t hand;           /* where the next search for idle connections starts */
    uint32_t freed[TABLE_EVICT_SHARE]; /* stack of indexes given back */
    uint32_t freed_count;
    uint64_t evicted;        /* connections dropped because of the limit */
    struct decode_key key;   /* of the hash, to find a connection's slot again */
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

static inline struct table_slot *table_slots(const struct table *table, uint32_t tag)
{
    uint32_t number = table->directory[table->depth ? tag >> (32 - table->depth) : 0];
    return table->buckets[number].slots;
}

/* First step ahead of a lookup: brings the slot's cache line. */
static inline void table_prefetch_slot(const struct table *table, const struct segment *segment)
{
    uint32_t tag = (uint32_t)(segment->hash >> 32);
    __builtin_prefetch(&table_slots(table, tag)[tag % TABLE_BUCKET_SLOTS]);
}

/* Second step: brings the lines of the connection the lookup will most likely find. */
static inline void table_prefetch_conn(const struct table *table, const struct segment *segment)
{
    uint32_t tag = (uint32_t)(segment->hash >> 32);
    const struct table_slot *slots = table_slots(table, tag);
    for (uint32_t at = tag % TABLE_BUCKET_SLOTS; slots[at].index != 0;
         at = (at + 1) % TABLE_BUCKET_SLOTS) {
        if (slots[at].tag != tag)
            continue;
        const char *conn = (const char *)&table->conns[slots[at].index];
        __builtin_prefetch(conn, 1);
        __builtin_prefetch(conn + 64, 1);
        __builtin_prefetch(&table->colds[slots[at].index], 1);
        return;
    }
}

#endif
