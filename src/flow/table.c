#include "flow/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/memory.h"
#include "packet/key.h"

#define BUCKET_SLOTS (TABLE_BUCKET_LINES * TABLE_LINE_SLOTS)
#define BUCKETS_MANY 2048 /* from there on it is memory that counts */
#define FULL_OF_FEW  (BUCKET_SLOTS * 11 / 16)
#define FULL_OF_MANY (BUCKET_SLOTS * 13 / 16)
#define EVICT_WINDOW 1024 /* connections looked at to drop the longest idle of them */

int table_init(struct table *table, uint32_t limit, const struct decode_key *key,
               struct whyrst_error *error)
{
    memset(table, 0, sizeof(*table));
    table->limit = limit < 2 * TABLE_EVICT_SHARE ? 2 * TABLE_EVICT_SHARE : limit;
    table->key = *key;
    table->hand = 1;
    size_t entries = (size_t)table->limit + 1;
    /* twice as many as when all have just been split: address space, not memory */
    table->bucket_limit = (uint32_t)(entries / (FULL_OF_FEW / 4)) + 64;
    table->buckets = memory_map(table->bucket_limit * sizeof(*table->buckets));
    table->conns = memory_map(entries * sizeof(*table->conns));
    table->colds = memory_map(entries * sizeof(*table->colds));
    /* not in huge pages: hardly any of it is ever used */
    table->directory = calloc((size_t)1 << TABLE_MAX_DEPTH, sizeof(*table->directory));
    table->filled = calloc(table->bucket_limit, sizeof(*table->filled));
    table->depths = calloc(table->bucket_limit, sizeof(*table->depths));
    if (table->buckets && table->conns && table->colds && table->directory && table->filled &&
        table->depths) {
        table->bucket_count = 1;
        return 0;
    }
    if (error != NULL)
        snprintf(error->text, sizeof(error->text),
                 "no address space for %u connections: ask for fewer", limit);
    table_clear(table);
    return -1;
}

void table_clear(struct table *table)
{
    size_t entries = (size_t)table->limit + 1;
    memory_unmap(table->buckets, table->bucket_limit * sizeof(*table->buckets));
    memory_unmap(table->conns, entries * sizeof(*table->conns));
    memory_unmap(table->colds, entries * sizeof(*table->colds));
    free(table->directory);
    free(table->filled);
    free(table->depths);
    memset(table, 0, sizeof(*table));
}

uint32_t table_find(struct table *table, const struct segment *segment)
{
    uint32_t tag = segment->tag;
    const struct table_bucket *bucket = &table->buckets[table->directory[table_entry(table, tag)]];
    for (uint32_t at = table_line_of(tag);; at = (at + 1) % TABLE_BUCKET_LINES) {
        const struct table_line *line = &bucket->lines[at];
        for (unsigned hits = line_equal(line->tags, tag); hits != 0; hits &= hits - 1) {
            uint32_t index = line->indexes[__builtin_ctz(hits)];
            if (index != 0 && table_has_key(table, index, segment)) {
                table->strays[tag % TABLE_STRAYS] = index;
                return index;
            }
        }
        if (line->indexes[TABLE_LINE_SLOTS - 1] == 0)
            return 0;
    }
}

/* Slots in use. */
static unsigned line_count(const struct table_line *line)
{
    unsigned empty = line_equal(line->indexes, 0);
    return empty != 0 ? (unsigned)__builtin_ctz(empty) : TABLE_LINE_SLOTS;
}

static void bucket_put(struct table_bucket *bucket, uint32_t tag, uint32_t index)
{
    uint32_t at = table_line_of(tag);
    unsigned count;
    while ((count = line_count(&bucket->lines[at])) == TABLE_LINE_SLOTS)
        at = (at + 1) % TABLE_BUCKET_LINES;
    bucket->lines[at].tags[count] = tag;
    bucket->lines[at].indexes[count] = index;
}

/* Points the half of the directory entries of bucket `number` with the next bit set at `sibling`.
 */
static void directory_split(struct table *table, uint32_t tag, unsigned depth, uint32_t sibling)
{
    uint32_t span = 1u << (table->depth - depth); /* entries that led to the old bucket */
    uint32_t first = table_entry(table, tag) & ~(span - 1);
    for (uint32_t at = first + span / 2; at < first + span; at++)
        table->directory[at] = sibling;
}

/* Doubles the directory: each entry becomes two. Filled from the top, so that it can be in place.
 */
static void directory_double(struct table *table)
{
    for (uint32_t at = 1u << table->depth; at-- > 0;) {
        table->directory[2 * at + 1] = table->directory[at];
        table->directory[2 * at] = table->directory[at];
    }
    table->depth++;
}

/* How many slots of a bucket are used before it is split. In fuller ones more lines overflow, which
 * takes time; emptier ones take memory, of which a large table has most to save. */
static unsigned bucket_full(const struct table *table)
{
    return table->bucket_count < BUCKETS_MANY ? FULL_OF_FEW : FULL_OF_MANY;
}

/* Divides the bucket of `tag` in two by its next hash bit. -1 when it cannot. */
static int bucket_split(struct table *table, uint32_t tag)
{
    uint32_t number = table->directory[table_entry(table, tag)];
    unsigned depth = table->depths[number];
    if (table->bucket_count == table->bucket_limit || depth == TABLE_MAX_DEPTH)
        return -1;
    if (depth == table->depth)
        directory_double(table);
    uint32_t sibling = table->bucket_count++;
    directory_split(table, tag, depth, sibling);
    table->depths[number] = table->depths[sibling] = (uint8_t)(depth + 1);

    struct table_bucket old = table->buckets[number];
    struct table_bucket *halves[2] = {&table->buckets[number], &table->buckets[sibling]};
    memset(halves[0], 0, sizeof(*halves[0]));
    table->filled[number] = 0;
    for (uint32_t at = 0; at < TABLE_BUCKET_LINES; at++) {
        const struct table_line *line = &old.lines[at];
        for (unsigned n = 0; n < TABLE_LINE_SLOTS && line->indexes[n] != 0; n++) {
            unsigned upper = line->tags[n] >> (31 - depth) & 1;
            bucket_put(halves[upper], line->tags[n], line->indexes[n]);
            table->filled[upper ? sibling : number]++;
        }
    }
    return 0;
}

/* How far a search goes from one line of a bucket to another. */
static uint32_t lines_between(uint32_t from, uint32_t to)
{
    return (to + TABLE_BUCKET_LINES - from) % TABLE_BUCKET_LINES;
}

/* Finds an entry behind line `hole`, which was full, that has its home there or before it, so that
 * no lookup for it may stop at the hole. False when there is none. */
static bool bucket_find_displaced(const struct table_bucket *bucket, uint32_t hole, uint32_t *line,
                                  unsigned *slot)
{
    for (uint32_t at = (hole + 1) % TABLE_BUCKET_LINES;; at = (at + 1) % TABLE_BUCKET_LINES) {
        unsigned count = line_count(&bucket->lines[at]);
        for (unsigned n = 0; n < count; n++) {
            uint32_t home = table_line_of(bucket->lines[at].tags[n]);
            if (lines_between(home, at) < lines_between(hole, at))
                continue;
            *line = at;
            *slot = n;
            return true;
        }
        if (count < TABLE_LINE_SLOTS)
            return false;
    }
}

/* Empties a slot; what a full line had pushed on closes up, and each line stays filled from its
 * start. */
static void bucket_take(struct table_bucket *bucket, uint32_t line, unsigned slot)
{
    struct table_line *hole = &bucket->lines[line];
    uint32_t from;
    unsigned n, last = line_count(hole) - 1;
    while (last == TABLE_LINE_SLOTS - 1 && bucket_find_displaced(bucket, line, &from, &n)) {
        hole->tags[slot] = bucket->lines[from].tags[n];
        hole->indexes[slot] = bucket->lines[from].indexes[n];
        line = from;
        slot = n;
        hole = &bucket->lines[line];
        last = line_count(hole) - 1;
    }
    hole->tags[slot] = hole->tags[last];
    hole->indexes[slot] = hole->indexes[last];
    hole->tags[last] = hole->indexes[last] = 0;
}

/* Takes the slot of a connection out. */
static void table_remove(struct table *table, uint32_t index)
{
    const struct conn *conn = &table->conns[index];
    uint32_t tag = key_hash(&table->key, conn->address, conn->port, conn->flags & CONN_IPV6);
    uint32_t number = table->directory[table_entry(table, tag)];
    struct table_bucket *bucket = &table->buckets[number];
    uint32_t line = table_line_of(tag);
    unsigned here;
    while ((here = line_equal(bucket->lines[line].indexes, index)) == 0)
        line = (line + 1) % TABLE_BUCKET_LINES;
    bucket_take(bucket, line, (unsigned)__builtin_ctz(here));
    table->filled[number]--;
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Makes room: of the next EVICT_WINDOW connections the TABLE_EVICT_SHARE that were silent longest
 * go. */
static void table_evict(struct table *table, table_evict_fn *on_evict, void *user)
{
    uint32_t window = table->used < EVICT_WINDOW ? table->used : EVICT_WINDOW;
    int64_t times[EVICT_WINDOW];
    for (uint32_t n = 0; n < window; n++)
        times[n] = table->conns[(table->hand - 1 + n) % table->used + 1].last_nsec;
    qsort(times, window, sizeof(times[0]), compare_times);
    int64_t oldest = times[window < TABLE_EVICT_SHARE ? window - 1 : TABLE_EVICT_SHARE - 1];
    for (uint32_t n = 0; n < window && table->freed_count < TABLE_EVICT_SHARE; n++) {
        uint32_t index = (table->hand - 1 + n) % table->used + 1;
        if (table->conns[index].last_nsec > oldest)
            continue;
        on_evict(user, index);
        table_remove(table, index);
        conn_clear(&table->conns[index], &table->colds[index]); /* guesses may still name it */
        table->conns[index].last_nsec = INT64_MAX;              /* free: never the oldest */
        table->freed[table->freed_count++] = index;
        table->evicted++;
    }
    table->hand = (table->hand - 1 + window) % table->used + 1;
}

#define TABLE_AHEAD 8 /* connections */

uint32_t table_insert(struct table *table, const struct segment *segment, table_evict_fn *on_evict,
                      void *user)
{
    uint32_t tag = segment->tag, number;
    if (table->freed_count == 0 && table->used == table->limit)
        table_evict(table, on_evict, user);
    for (;;) {
        number = table->directory[table_entry(table, tag)];
        if (table->filled[number] < bucket_full(table))
            break;
        if (bucket_split(table, tag) != 0) {
            if (table->filled[number] < BUCKET_SLOTS - 1)
                break;
            return 0;
        }
    }
    uint32_t index = table->freed_count > 0 ? table->freed[--table->freed_count] : ++table->used;
    if (table->used + TABLE_AHEAD <= table->limit) /* for those that will be opened next */
        table_prefetch_conn(table, table->used + TABLE_AHEAD);
    bucket_put(&table->buckets[number], tag, index);
    table->filled[number]++;
    table->strays[tag % TABLE_STRAYS] = index;
    return index;
}
