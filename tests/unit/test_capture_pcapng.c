#include "suite.h"
#include "test_capture_bytes.h"

static struct bytes bytes;
static struct result result;

static void start_bytes(bool swap)
{
    bytes.count = 0;
    bytes.swap = swap;
}

static void read_memory(void)
{
    struct whyrst_error error = {{0}};
    struct capture *capture = capture_open_memory(bytes.data, bytes.count, 0, NULL, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    read_all(capture, &result, 64);
}

/* ---- Time --------------------------------------------------------------------------------------
 */

static const struct {
    uint8_t tsresol;
    int64_t offset_sec;
    uint64_t ticks;
    int64_t time_nsec;
} time_cases[] = {
    {0, 0, 1405525534494439, 1405525534494439000}, /* no option: microseconds */
    {6, 0, 1405525534494439, 1405525534494439000},
    {9, 0, 1405525534494439123, 1405525534494439123},
    {3, 0, 1405525534494, 1405525534494000000},
    {9, 3600, 5, 3600000000005},
    {6, -3600, 3601000001, 1000001000},
    {6, 1405525534, 494439, 1405525534494439000},
    {12, 0, 1405525534494439, 1405525534494},   /* picoseconds, cut */
    {0x80 | 10, 0, 1024 * 7 + 512, 7500000000}, /* 2^-10 s */
    {0x80 | 32, 0, (9ull << 32) + (1ull << 31), 9500000000},
    {0x80, 0, 77, 77000000000},    /* 2^0: seconds */
    {6, 0, UINT64_MAX, INT64_MAX}, /* beyond what 64 bits hold */
    {9, INT64_MIN, 0, INT64_MIN},
    {0x80 | 127, 0, 1000000, 1000000000}, /* no such resolution: the default */
};

START_TEST(resolutions_and_offsets)
{
    for (int swap = 0; swap < 2; swap++) {
        start_bytes(swap);
        put_section(&bytes, UINT64_MAX);
        put_interface(&bytes, 1, 0, time_cases[_i].tsresol, time_cases[_i].offset_sec);
        put_enhanced(&bytes, 0, time_cases[_i].ticks, 61);
        read_memory();
        ck_assert_uint_eq(result.count, 1);
        ck_assert_int_eq(result.packets[0].time_nsec, time_cases[_i].time_nsec);
        ck_assert_uint_eq(result.packets[0].caplen, 61);
        ck_assert_uint_eq(result.packets[0].wirelen, 66);
        check_payload(&result.packets[0]);
        ck_assert_str_eq(result.info.format, "pcapng");
    }
}
END_TEST

/* ---- Sections and interfaces -------------------------------------------------------------------
 */

START_TEST(sections_of_both_byte_orders_and_mixed_links)
{
    start_bytes(false);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 1500, 0, 0);
    put_interface(&bytes, 113, 96, 9, 0);
    put_enhanced(&bytes, 1, 5000, 20);
    put_enhanced(&bytes, 0, 7, 40);
    bytes.swap = true;
    put_section(&bytes, 68 + 20);
    put_interface(&bytes, 12, 0, 0, 0); /* raw IP, under its old number */
    put_enhanced(&bytes, 0, 9, 30);
    read_memory();
    ck_assert_uint_eq(result.count, 3);
    ck_assert_uint_eq(result.packets[0].link_type, 113);
    ck_assert_int_eq(result.packets[0].time_nsec, 5000);
    ck_assert_uint_eq(result.packets[1].link_type, 1);
    ck_assert_int_eq(result.packets[1].time_nsec, 7000);
    ck_assert_uint_eq(result.packets[2].link_type, 101);
    ck_assert_uint_eq(result.packets[2].frame_no, 3);
    ck_assert_uint_eq(result.info.link_type_count, 3);
    ck_assert_uint_eq(result.info.link_types[1], 113);
    ck_assert_uint_eq(result.info.snaplen, 0);
    for (int i = 0; i < 3; i++)
        check_payload(&result.packets[i]);
}
END_TEST

START_TEST(simple_packets)
{
    start_bytes(_i != 0);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 40, 0, 0);
    put32(&bytes, 3); /* wire length below the snaplen */
    put32(&bytes, 16 + 20);
    put32(&bytes, 20);
    put_payload(&bytes, 20, 4);
    put32(&bytes, 16 + 20);
    put32(&bytes, 3); /* and above it */
    put32(&bytes, 16 + 40);
    put32(&bytes, 1000);
    put_payload(&bytes, 40, 4);
    put32(&bytes, 16 + 40);
    read_memory();
    ck_assert_uint_eq(result.count, 2);
    ck_assert_uint_eq(result.packets[0].caplen, 20);
    ck_assert_uint_eq(result.packets[1].caplen, 40);
    ck_assert_uint_eq(result.packets[1].wirelen, 1000);
    ck_assert_int_eq(result.packets[1].time_nsec, 0);
    check_payload(&result.packets[1]);
}
END_TEST

static void put_obsolete(uint16_t interface, uint16_t drops, uint64_t ticks, uint32_t caplen)
{
    uint32_t length = 32 + ((caplen + 3) & ~3u);
    put32(&bytes, 2);
    put32(&bytes, length);
    put16(&bytes, interface);
    put16(&bytes, drops);
    put32(&bytes, (uint32_t)(ticks >> 32));
    put32(&bytes, (uint32_t)ticks);
    put32(&bytes, caplen);
    put32(&bytes, caplen);
    put_payload(&bytes, caplen, 4);
    put32(&bytes, length);
}

START_TEST(obsolete_packets_and_their_drops)
{
    start_bytes(_i != 0);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 0, 0, 0);
    put_interface(&bytes, 113, 0, 0, 0);
    put_obsolete(1, 0xffff, 3, 25);
    read_memory();
    ck_assert_uint_eq(result.packets[0].link_type, 113);
    ck_assert_int_eq(result.packets[0].time_nsec, 3000);
    ck_assert(!result.info.dropped_known);
    put_obsolete(0, 4, 3, 24);
    put_obsolete(1, 3, 3, 24);
    read_memory();
    ck_assert_uint_eq(result.count, 3);
    ck_assert(result.info.dropped_known);
    ck_assert_uint_eq(result.info.dropped, 7);
}
END_TEST

/* Blocks that are no packets; frame numbers are Wireshark's, which counts some of them. */
static const struct {
    uint32_t type;
    unsigned bytes;
    uint64_t next_frame;
} block_cases[] = {
    {4, 4, 2},           {10, 12, 2},    {0x77, 4, 2},   {0x80000001, 100, 2},
    {0x77, 0, 2},        {0x77, 13, 2},  {9, 33, 3},     {0x0bad, 12, 3},
    {0x40000bad, 12, 3}, {0x204, 64, 3}, {0x216, 64, 3}, {0x221, 64, 3},
};

START_TEST(other_blocks_are_passed_over)
{
    start_bytes(false);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 0, 0, 0);
    put_enhanced(&bytes, 0, 1, 20);
    put_block(&bytes, block_cases[_i].type, block_cases[_i].bytes);
    put_enhanced(&bytes, 0, 2, 20);
    read_memory();
    ck_assert_uint_eq(result.count, 2);
    ck_assert_uint_eq(result.packets[1].frame_no, block_cases[_i].next_frame);
    ck_assert(!result.info.truncated);
}
END_TEST

/* ---- Lost packets ------------------------------------------------------------------------------
 */

static void put_statistics(uint32_t interface, uint64_t ifdrop, uint64_t osdrop)
{
    put32(&bytes, 5);
    put32(&bytes, 52);
    put32(&bytes, interface);
    put64(&bytes, 0);
    put16(&bytes, 5);
    put16(&bytes, 8);
    put64(&bytes, ifdrop);
    put16(&bytes, 7);
    put16(&bytes, 8);
    put64(&bytes, osdrop);
    put32(&bytes, 0);
    put32(&bytes, 52);
}

static void put_enhanced_dropping(uint32_t interface, uint64_t drops)
{
    put32(&bytes, 6);
    put32(&bytes, 32 + 20 + 16);
    put32(&bytes, interface);
    put32(&bytes, 0);
    put32(&bytes, 0);
    put32(&bytes, 20);
    put32(&bytes, 20);
    put_payload(&bytes, 20, 4);
    put16(&bytes, 4);
    put16(&bytes, 8);
    put64(&bytes, drops);
    put32(&bytes, 0);
    put32(&bytes, 32 + 20 + 16);
}

START_TEST(drops_are_summed_over_interfaces_and_sections)
{
    start_bytes(_i != 0);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 0, 0, 0);
    put_interface(&bytes, 1, 0, 0, 0);
    put_enhanced(&bytes, 0, 1, 20);
    read_memory();
    ck_assert(!result.info.dropped_known);
    put_statistics(0, 1, 2);
    put_statistics(1, 10, 20);
    put_statistics(0, 100, 200);   /* the last one of an interface counts */
    put_statistics(7, 1000, 1000); /* of no interface */
    put_enhanced_dropping(1, 5);   /* part of what the statistics say */
    read_memory();
    ck_assert(result.info.dropped_known);
    ck_assert_uint_eq(result.info.dropped, 330);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 0, 0, 0);
    put_enhanced_dropping(0, 6);
    put_enhanced_dropping(0, 7);
    read_memory();
    ck_assert_uint_eq(result.count, 4);
    ck_assert_uint_eq(result.info.dropped, 343);
}
END_TEST

/* ---- Damage ------------------------------------------------------------------------------------
 */

static const struct {
    size_t at; /* byte of the second packet's block */
    uint8_t value;
    const char *part;
} damage_cases[] = {
    {4, 8, "less than 12 bytes"},
    {7, 0x40, "damaged block: type 6"},
    {8, 9, "interface that is not described"},
    {20, 200, "longer than its Enhanced Packet Block"},
    {32 + 20 - 4, 56, "its two lengths differ"},
    {0, 1, "described"}, /* becomes an interface, and the packet after it is of another one */
};

START_TEST(damage_ends_the_capture)
{
    start_bytes(false);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 0, 0, 0);
    put_enhanced(&bytes, 0, 1, 20);
    size_t second = bytes.count;
    put_enhanced(&bytes, 0, 2, 20);
    put_enhanced(&bytes, 5, 2, 20);
    bytes.data[second + damage_cases[_i].at] = damage_cases[_i].value;
    read_memory();
    ck_assert_uint_eq(result.count, 1);
    ck_assert(result.info.truncated);
    ck_assert_msg(strstr(result.info.truncated_text, damage_cases[_i].part) != NULL, "%s",
                  result.info.truncated_text);
    ck_assert_ptr_nonnull(strstr(result.info.truncated_text, ", after packet 1"));
}
END_TEST

START_TEST(cut_at_every_byte)
{
    size_t ends[8];
    unsigned packets_before[8];
    start_bytes(_i != 0);
    put_section(&bytes, UINT64_MAX);
    ends[0] = bytes.count, packets_before[0] = 0;
    put_interface(&bytes, 1, 0, 9, 0);
    ends[1] = bytes.count, packets_before[1] = 0;
    put_enhanced(&bytes, 0, 1, 21);
    ends[2] = bytes.count, packets_before[2] = 1;
    put_block(&bytes, 4, 10);
    ends[3] = bytes.count, packets_before[3] = 1;
    put_enhanced(&bytes, 0, 2, 30);
    ends[4] = bytes.count, packets_before[4] = 2;
    put_statistics(0, 1, 1);
    ends[5] = bytes.count, packets_before[5] = 2;
    put_section(&bytes, 0);
    ends[6] = bytes.count, packets_before[6] = 2;
    for (size_t cut = ends[0]; cut <= ends[6]; cut++) {
        unsigned block = 0;
        while (block < 6 && ends[block + 1] <= cut)
            block++;
        bytes.count = cut;
        read_memory();
        ck_assert_uint_eq(result.count, packets_before[block]);
        ck_assert_int_eq(result.info.truncated, cut != ends[block]);
        ck_assert_int_eq(result.info.dropped_known, block >= 5);
    }
    for (size_t cut = 0; cut < ends[0]; cut++) {
        struct whyrst_error error = {{0}};
        ck_assert_ptr_null(capture_open_memory(bytes.data, cut, 0, NULL, &error));
        ck_assert_str_ne(error.text, "");
    }
}
END_TEST

/* Every byte of a small file set to values that break lengths: no crash, and it ends. */
START_TEST(every_byte_disturbed)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    static struct bytes whole;
    start_bytes(_i != 0);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 100, 9, 5);
    put_enhanced_dropping(0, 6);
    put_obsolete(0, 3, 3, 24);
    put_statistics(0, 1, 1);
    put_enhanced(&bytes, 0, 2, 30);
    whole = bytes;
    for (size_t at = 0; at < whole.count; at++) {
        for (size_t i = 0; i < sizeof values; i++) {
            struct whyrst_error error = {{0}};
            bytes = whole;
            bytes.data[at] = values[i];
            struct capture *capture = capture_open_memory(bytes.data, bytes.count, 0, NULL, &error);
            ck_assert_int_eq(capture == NULL, error.text[0] != '\0');
            if (!capture)
                continue;
            read_all(capture, &result, 64);
            ck_assert_uint_le(result.count, 4);
        }
    }
}
END_TEST

START_TEST(filter_of_each_link_type)
{
    struct whyrst_error error = {{0}};
    const struct capture_options options = {.filter = "len = 25"};
    const struct capture_options ethernet = {.filter = "ether host 1:2:3:4:5:6"};
    start_bytes(false);
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 0, 0, 0);
    put_enhanced(&bytes, 0, 1, 20);
    put_enhanced(&bytes, 0, 1, 21);
    put_interface(&bytes, 113, 0, 0, 0);
    put_enhanced(&bytes, 1, 1, 20);
    struct capture *capture = capture_open_memory(bytes.data, bytes.count, 0, &options, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    read_all(capture, &result, 64);
    ck_assert_uint_eq(result.count, 2);
    ck_assert_uint_eq(result.packets[1].frame_no, 3);
    /* An expression that makes no sense for the second link type is an error when it appears. */
    capture = capture_open_memory(bytes.data, bytes.count, 0, &ethernet, &error);
    ck_assert_ptr_nonnull(capture);
    struct whyrst_packet packet;
    int count;
    while ((count = capture_read(capture, &packet, 1, &error)) > 0)
        continue;
    ck_assert_int_eq(count, -1);
    ck_assert_ptr_nonnull(strstr(error.text, "LINUX_SLL"));
    capture_close(capture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_pcapng");
    TCase *tcase = tcase_create("pcapng");
    ADD_LOOP(resolutions_and_offsets, time_cases);
    ADD_LOOP(other_blocks_are_passed_over, block_cases);
    ADD_LOOP(damage_ends_the_capture, damage_cases);
    tcase_add_test(tcase, sections_of_both_byte_orders_and_mixed_links);
    tcase_add_loop_test(tcase, simple_packets, 0, 2);
    tcase_add_loop_test(tcase, obsolete_packets_and_their_drops, 0, 2);
    tcase_add_loop_test(tcase, drops_are_summed_over_interfaces_and_sections, 0, 2);
    tcase_add_loop_test(tcase, cut_at_every_byte, 0, 2);
    tcase_add_loop_test(tcase, every_byte_disturbed, 0, 2);
    tcase_add_test(tcase, filter_of_each_link_type);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
