#include "flow/table.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "trace_script.h"

#define COUNT 20000

static unsigned evicted;
static int64_t newest_evicted_nsec;

static void note_eviction(void *user, uint32_t index)
{
    const struct table *table = user;
    evicted++;
    if (table->conns[index].last_nsec > newest_evicted_nsec)
        newest_evicted_nsec = table->conns[index].last_nsec;
}

/* A packet of connection `number`; every other number is IPv6. `back`: from its server. */
static struct segment packet_of(unsigned number, bool back)
{
    static struct script *script[2];
    bool ipv6 = number & 1;
    if (script[ipv6] == NULL)
        script[ipv6] = script_new(ipv6 ? "client fd00::1 1\nserver fd00::2 2\n0 < . 1:1(0)\n"
                                       : "client 10.0.0.1 1\nserver 10.0.0.2 2\n0 < . 1:1(0)\n");
    uint8_t bytes[60];
    struct whyrst_packet packet = script[ipv6]->packets[0];
    memcpy(bytes, packet.bytes, packet.caplen);
    uint8_t *source = bytes + (ipv6 ? 8 : 12), *tcp = bytes + (ipv6 ? 40 : 20);
    unsigned length = ipv6 ? 16 : 4, from = back ? length : 0, to = length - from;
    uint8_t client[16] = {0xfd, 1}, server[16] = {0xfd, 2};
    for (unsigned n = 0; n < 3; n++)
        client[length - 1 - n] = (uint8_t)(number >> (8 * n));
    memcpy(source + from, client, length);
    memcpy(source + to, server, length);
    tcp[back ? 2 : 0] = 0x80;
    tcp[back ? 0 : 2] = 0;
    tcp[back ? 3 : 1] = 5;
    tcp[back ? 1 : 3] = 80;
    packet.bytes = bytes;
    struct segment segment;
    const uint8_t *payload;
    uint32_t payload_caplen;
    ck_assert_int_eq(decode_packet(&script_key, &packet, &segment, &payload, &payload_caplen), -1);
    return segment;
}

static uint32_t insert(struct table *table, const struct segment *segment, int64_t time_nsec)
{
    uint32_t index = table_insert(table, segment, note_eviction, table);
    if (index != 0) {
        conn_init(&table->conns[index], &table->colds[index], segment);
        table->conns[index].last_nsec = time_nsec;
    }
    return index;
}

static struct table table;

static void setup(void)
{
    evicted = 0;
    newest_evicted_nsec = INT64_MIN;
}

static void teardown(void)
{
    table_clear(&table);
}

START_TEST(finds_what_was_inserted)
{
    uint32_t *index_of = calloc(COUNT, sizeof *index_of);
    ck_assert_int_eq(table_init(&table, COUNT, &script_key, NULL), 0);
    for (unsigned n = 0; n < COUNT; n++) {
        struct segment segment = packet_of(n, false);
        ck_assert_uint_eq(table_find(&table, &segment), 0);
        index_of[n] = insert(&table, &segment, n);
        ck_assert_uint_gt(index_of[n], 0);
        ck_assert_uint_le(index_of[n], COUNT);
    }
    ck_assert_uint_gt(table.bucket_count, 1); /* it did split */
    for (unsigned n = 0; n < COUNT; n++) {
        struct segment there = packet_of(n, false), back = packet_of(n, true);
        ck_assert_uint_eq(table_find(&table, &there), index_of[n]);
        ck_assert_uint_eq(table_find(&table, &back), index_of[n]);
        ck_assert_uint_ne(segment_side(&there), segment_side(&back));
    }
    struct segment stranger = packet_of(COUNT + 1, false);
    ck_assert_uint_eq(table_find(&table, &stranger), 0);
    ck_assert_uint_eq(table.evicted, 0);
    free(index_of);
}
END_TEST

/* Small tables have room to spare in every line; large ones use more of what they have. */
START_TEST(large_table_is_filled_further)
{
    enum { small = 320000, large = 1200000, slots = TABLE_BUCKET_LINES * TABLE_LINE_SLOTS };
    ck_assert_int_eq(table_init(&table, large, &script_key, NULL), 0);
    for (unsigned n = 0; n < large; n++) {
        struct segment segment = packet_of(n, false);
        ck_assert_uint_eq(insert(&table, &segment, n), n + 1);
        if (n == small)
            for (unsigned bucket = 0; bucket < table.bucket_count; bucket++)
                ck_assert_uint_le(table.filled[bucket], slots * 7 / 10);
    }
    for (unsigned bucket = 0; bucket < table.bucket_count; bucket++)
        ck_assert_uint_le(table.filled[bucket], slots * 13 / 16);
    ck_assert_uint_gt(large, (uint64_t)table.bucket_count * slots * 2 / 3);
    for (unsigned n = 0; n < large; n += 97) {
        struct segment segment = packet_of(n, true);
        ck_assert_uint_eq(table_find(&table, &segment), n + 1);
    }
}
END_TEST

START_TEST(evicts_the_longest_idle)
{
    enum { limit = 500 };
    uint32_t guesses[limit];
    ck_assert_int_eq(table_init(&table, limit, &script_key, NULL), 0);
    /* Even numbers were busy lately, odd ones are idle. */
    for (unsigned n = 0; n < limit; n++) {
        struct segment segment = packet_of(n, false);
        guesses[n] = insert(&table, &segment, n % 2 ? n : 1000000 + n);
        ck_assert_uint_gt(guesses[n], 0);
    }
    ck_assert_uint_eq(evicted, 0);
    struct segment one_more = packet_of(limit, false);
    ck_assert_uint_gt(insert(&table, &one_more, 2000000), 0);
    ck_assert_uint_eq(evicted, TABLE_EVICT_SHARE);
    ck_assert_uint_eq(table.evicted, TABLE_EVICT_SHARE);
    ck_assert_int_eq(newest_evicted_nsec, 2 * TABLE_EVICT_SHARE - 1);
    for (unsigned n = 0; n < limit; n++) {
        struct segment segment = packet_of(n, n & 2);
        bool gone = n % 2 && n < 2 * TABLE_EVICT_SHARE;
        uint32_t index = table_find(&table, &segment);
        ck_assert_msg((index == 0) == gone, "connection %u: %u", n, index);
        ck_assert_uint_eq(table_holds(&table, guesses[n], &segment), !gone);
        if (index != 0)
            ck_assert_int_eq(table.conns[index].last_nsec, n % 2 ? n : 1000000 + n);
    }
    ck_assert_uint_ne(table_find(&table, &one_more), 0);
}
END_TEST

/* Ten times as many connections as there is room for. */
START_TEST(stays_right_when_full)
{
    const unsigned limit = 2000;
    ck_assert_int_eq(table_init(&table, limit, &script_key, NULL), 0);
    unsigned found = 0;
    for (unsigned n = 0; n < COUNT; n++) {
        struct segment segment = packet_of(n, false);
        uint32_t index = insert(&table, &segment, n);
        ck_assert_uint_gt(index, 0);
        ck_assert_uint_le(index, limit);
        ck_assert_uint_eq(table_find(&table, &segment), index);
    }
    for (unsigned n = 0; n < COUNT; n++) {
        struct segment segment = packet_of(n, true);
        uint32_t index = table_find(&table, &segment);
        if (index == 0)
            continue;
        found++;
        ck_assert_int_eq(table.conns[index].last_nsec, n);
    }
    ck_assert_uint_eq(found + evicted, COUNT);
    ck_assert_uint_eq(table.evicted, evicted);
    ck_assert_uint_le(found, limit);
    ck_assert_uint_gt(found, limit - TABLE_EVICT_SHARE);
    struct segment last = packet_of(COUNT - 1, false);
    ck_assert_uint_ne(table_find(&table, &last), 0);
}
END_TEST

START_TEST(smallest_table)
{
    ck_assert_int_eq(table_init(&table, 1, &script_key, NULL), 0);
    for (unsigned n = 0; n < 1000; n++) {
        struct segment segment = packet_of(n, false);
        uint32_t index = insert(&table, &segment, n);
        ck_assert_uint_gt(index, 0);
        ck_assert_uint_le(index, table.limit);
        ck_assert_uint_eq(table_find(&table, &segment), index);
    }
}
END_TEST

/* Hashes an attacker cannot choose, should he one day: the table refuses, it does not hang or lose
 * what it has. */
START_TEST(equal_tags)
{
    const unsigned limit = 10000;
    unsigned inserted = 0;
    ck_assert_int_eq(table_init(&table, limit, &script_key, NULL), 0);
    struct segment other = packet_of(100, false);
    uint32_t other_index = insert(&table, &other, 0);
    for (unsigned n = 0; n < 3000; n++) {
        struct segment segment = packet_of(1000 + n, false);
        segment.tag = 0x12345678;
        ck_assert_uint_eq(table_find(&table, &segment), 0);
        if (insert(&table, &segment, n) == 0)
            break;
        inserted++;
    }
    ck_assert_uint_lt(inserted, 3000);
    ck_assert_uint_ge(inserted, 100);
    for (unsigned n = 0; n < inserted; n++) {
        struct segment segment = packet_of(1000 + n, true);
        segment.tag = 0x12345678;
        uint32_t index = table_find(&table, &segment);
        ck_assert_uint_ne(index, 0);
        ck_assert_int_eq(table.conns[index].last_nsec, n);
    }
    ck_assert_uint_eq(table_find(&table, &other), other_index);
    struct segment fresh = packet_of(101, false);
    uint32_t fresh_index = insert(&table, &fresh, 7);
    ck_assert_uint_ne(fresh_index, 0);
    ck_assert_uint_eq(table_find(&table, &fresh), fresh_index);
}
END_TEST

START_TEST(too_large)
{
    struct whyrst_error error = {""};
    int result = table_init(&table, UINT32_MAX - 1, &script_key, &error);
    if (result != 0) { /* this machine's address space decides */
        ck_assert(strstr(error.text, "ask for fewer") != NULL);
        ck_assert_int_eq(table_init(&table, UINT32_MAX - 1, &script_key, NULL), -1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, finds_what_was_inserted);
    tcase_add_test(tests, large_table_is_filled_further);
    tcase_add_test(tests, evicts_the_longest_idle);
    tcase_add_test(tests, stays_right_when_full);
    tcase_add_test(tests, smallest_table);
    tcase_add_test(tests, equal_tags);
    tcase_add_test(tests, too_large);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
