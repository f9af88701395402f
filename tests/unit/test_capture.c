#include "suite.h"
#include "test_capture_bytes.h"

static struct bytes bytes;
static struct result result;

static void read_memory(void)
{
    struct whyrst_error error = {{0}};
    struct capture *capture = capture_open_memory(bytes.data, bytes.count, 3, NULL, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    read_all(capture, &result, 64);
}

static void expect_refused(const char *part)
{
    struct whyrst_error error = {{0}};
    ck_assert_ptr_null(capture_open_memory(bytes.data, bytes.count, 0, NULL, &error));
    ck_assert_msg(strstr(error.text, part) != NULL, "\"%s\" lacks \"%s\"", error.text, part);
    ck_assert_ptr_null(strchr(error.text, '\n'));
}

static void start_bytes(bool swap)
{
    bytes.count = 0;
    bytes.swap = swap;
}

/* ---- pcap --------------------------------------------------------------------------------------
 */

static const struct {
    uint32_t magic;
    bool swap;
    uint32_t fraction;
    int64_t time_nsec;
} pcap_cases[] = {
    {0xa1b2c3d4, false, 999999, 1405525534999999000},
    {0xa1b2c3d4, true, 494439, 1405525534494439000},
    {0xa1b23c4d, false, 999999999, 1405525534999999999},
    {0xa1b23c4d, true, 1, 1405525534000000001},
};

START_TEST(pcap_orders_and_resolutions)
{
    start_bytes(pcap_cases[_i].swap);
    put_pcap_header(&bytes, pcap_cases[_i].magic, 65535, 0xf0000001);
    put_pcap_packet(&bytes, 1405525534, pcap_cases[_i].fraction, 60);
    put_pcap_packet(&bytes, 4294967295u, 0, 0);
    read_memory();
    ck_assert_uint_eq(result.count, 2);
    ck_assert_int_eq(result.packets[0].time_nsec, pcap_cases[_i].time_nsec);
    ck_assert_int_eq(result.packets[1].time_nsec, 4294967295000000000);
    ck_assert_uint_eq(result.packets[0].caplen, 60);
    ck_assert_uint_eq(result.packets[0].wirelen, 65);
    ck_assert_uint_eq(result.packets[0].link_type, 1);
    ck_assert_uint_eq(result.packets[0].input, 3);
    ck_assert_uint_eq(result.packets[1].frame_no, 2);
    check_payload(&result.packets[0]);
    ck_assert_str_eq(result.info.format, "pcap");
    ck_assert_uint_eq(result.info.snaplen, 65535);
    ck_assert(!result.info.truncated && !result.info.dropped_known);
}
END_TEST

static const struct {
    uint16_t minor;
    uint32_t first, second, caplen, wirelen;
} length_cases[] = {
    {4, 20, 30, 20, 30},
    {2, 30, 20, 20, 30},
    {3, 30, 20, 20, 30},
    {3, 20, 30, 20, 30},
};

START_TEST(pcap_old_versions_swap_lengths)
{
    start_bytes(false);
    put_pcap_header(&bytes, 0xa1b2c3d4, 65535, 1);
    memcpy(bytes.data + 6, &length_cases[_i].minor, 2);
    for (int i = 0; i < 2; i++) {
        put32(&bytes, 1);
        put32(&bytes, 2);
        put32(&bytes, length_cases[_i].first);
        put32(&bytes, length_cases[_i].second);
        put_payload(&bytes, 20, 1);
    }
    read_memory();
    ck_assert_uint_eq(result.count, 2);
    ck_assert_uint_eq(result.packets[1].caplen, length_cases[_i].caplen);
    ck_assert_uint_eq(result.packets[1].wirelen, length_cases[_i].wirelen);
    check_payload(&result.packets[1]);
}
END_TEST

static const struct {
    uint32_t header_value;
    uint16_t link_type;
    const char *name;
} link_cases[] = {
    {1, 1, "EN10MB"},
    {12, 101, "RAW"},
    {14, 101, "RAW"},
    {101, 101, "RAW"},
    {113, 113, "LINUX_SLL"},
    {276, 276, "LINUX_SLL2"},
    {0, 0, "NULL"},
    {228, 228, "IPV4"},
    {9, 9, "PPP"},
    {104, 104, "C_HDLC"},
    {65000, 65000, "LINKTYPE_65000"},
};

START_TEST(link_types_are_normalised)
{
    char buf[32];
    start_bytes(false);
    put_pcap_header(&bytes, 0xa1b2c3d4, 0, link_cases[_i].header_value);
    read_memory();
    ck_assert_uint_eq(result.info.link_types[0], link_cases[_i].link_type);
    ck_assert_str_eq(capture_link_name(link_cases[_i].link_type, buf), link_cases[_i].name);
}
END_TEST

START_TEST(pcap_damaged_record_ends_the_capture)
{
    start_bytes(false);
    put_pcap_header(&bytes, 0xa1b2c3d4, 96, 1);
    put_pcap_packet(&bytes, 1, 0, 60);
    put32(&bytes, 1);
    put32(&bytes, 0);
    put32(&bytes, 0x10000000); /* captured bytes, impossibly many */
    put32(&bytes, 60);
    put_payload(&bytes, 60, 1);
    read_memory();
    ck_assert_uint_eq(result.count, 1);
    ck_assert(result.info.truncated);
    ck_assert_str_eq(result.info.truncated_text, "damaged record: it claims 268435456 captured "
                                                 "bytes, at byte 100, after packet 1");
}
END_TEST

/* ---- Files that are refused --------------------------------------------------------------------
 */

static const struct {
    const char *bytes;
    size_t count;
    const char *part;
} refused_cases[] = {
    {"", 0, "is empty"},
    {"\xd4\xc3", 2, "only 2 bytes"},
    {"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8, "header is cut: 8 of 24"},
    {"\xd4\xc3\xb2\xa1\x09\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0", 24, "version 9.4"},
    {"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a", 12, "inside a section header"},
    {"\x34\xcd\xb2\xa1\x02\x00\x04\x00", 8, "Kuznetzov"},
    {"\xa1\xb2\xcd\x34\x02\x00\x04\x00", 8, "editcap -F pcap"},
    {"\x1c\x00\x01\xac\x02\x00\x04\x00", 8, "IXIA"},
    {"snoop\0\0\0\0\0\0\2", 12, "snoop"},
    {"\x28\xb5\x2f\xfd....", 8, "zstd -dc"},
    {"\x04\x22\x4d\x18....", 8, "lz4 -dc"},
    {"\xfd\x37\x7a\x58\x5a\0..", 8, "xz -dc"},
    {"BZh91AY&", 8, "bzip2 -dc"},
    {"0.000 < S 0:0(0)\n", 17, "text file"},
    {"\x7f"
     "ELF\2\1\1\0",
     8, "not a pcap or pcapng file (it begins with 7f454c46)"},
};

START_TEST(refused_with_one_clear_line)
{
    start_bytes(false);
    put(&bytes, refused_cases[_i].bytes, refused_cases[_i].count);
    expect_refused(refused_cases[_i].part);
}
END_TEST

START_TEST(missing_file_and_directory)
{
    struct whyrst_error error = {{0}};
    ck_assert_ptr_null(capture_open("/nonexistent.pcap", 0, NULL, &error));
    ck_assert_str_eq(error.text, "/nonexistent.pcap: cannot open: No such file or directory");
    ck_assert_ptr_null(capture_open("/", 0, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "is a directory"));
    ck_assert_ptr_null(capture_open("/", 0, NULL, NULL));
}
END_TEST

START_TEST(cut_at_every_byte)
{
    size_t ends[4]; /* of the header and of each packet */
    start_bytes(_i != 0);
    put_pcap_header(&bytes, 0xa1b2c3d4, 65535, 1);
    ends[0] = bytes.count;
    for (unsigned i = 1; i < 4; i++) {
        put_pcap_packet(&bytes, 10, i, i * 13);
        ends[i] = bytes.count;
    }
    size_t whole = bytes.count;
    for (size_t cut = ends[0]; cut <= whole; cut++) {
        unsigned packets = 0;
        while (packets < 3 && ends[packets + 1] <= cut)
            packets++;
        bytes.count = cut;
        read_memory();
        ck_assert_uint_eq(result.count, packets);
        ck_assert_uint_eq(result.info.packets, packets);
        ck_assert_int_eq(result.info.truncated, cut != ends[packets]);
        ck_assert_int_eq(result.info.truncated_text[0] != '\0', result.info.truncated);
    }
    for (size_t cut = 0; cut < ends[0]; cut++) {
        bytes.count = cut;
        expect_refused("memory: ");
    }
}
END_TEST

/* ---- Filter ------------------------------------------------------------------------------------
 */

START_TEST(filter_keeps_frame_numbers)
{
    struct whyrst_error error = {{0}};
    const struct capture_options options = {.filter = "len = 55"};
    start_bytes(false);
    put_pcap_header(&bytes, 0xa1b2c3d4, 65535, 1);
    for (uint32_t i = 0; i < 10; i++)
        put_pcap_packet(&bytes, i, 0, i == 2 || i == 7 ? 50 : 40);
    struct capture *capture = capture_open_memory(bytes.data, bytes.count, 0, &options, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    read_all(capture, &result, 3);
    ck_assert_uint_eq(result.count, 2);
    ck_assert_uint_eq(result.packets[0].frame_no, 3);
    ck_assert_uint_eq(result.packets[1].frame_no, 8);
    ck_assert_uint_eq(result.info.packets, 10);
    const struct capture_options wrong = {.filter = "tcp prot 80"};
    ck_assert_ptr_null(capture_open_memory(bytes.data, bytes.count, 0, &wrong, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "filter \"tcp prot 80\": "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture");
    TCase *tcase = tcase_create("pcap");
    ADD_LOOP(pcap_orders_and_resolutions, pcap_cases);
    ADD_LOOP(pcap_old_versions_swap_lengths, length_cases);
    ADD_LOOP(link_types_are_normalised, link_cases);
    ADD_LOOP(refused_with_one_clear_line, refused_cases);
    tcase_add_test(tcase, pcap_damaged_record_ends_the_capture);
    tcase_add_test(tcase, missing_file_and_directory);
    tcase_add_loop_test(tcase, cut_at_every_byte, 0, 2);
    tcase_add_test(tcase, filter_keeps_frame_numbers);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
