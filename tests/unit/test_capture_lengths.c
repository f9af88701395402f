/* How long a packet may be, and what a record may claim of its length on the wire. */
#include "suite.h"
#include "test_capture_bytes.h"

enum { PCAP, PCAPNG, FORMATS };

static struct bytes start;
static struct whyrst_packet packet;

/* A file of one packet, so long as captured, that claims another length on the wire. */
static struct capture *open_with(int format, uint32_t snaplen, uint32_t caplen, uint32_t wirelen,
                                 uint8_t **file)
{
    struct whyrst_error error = {{0}};
    const uint32_t padded = (caplen + 3) & ~3u;
    start.count = 0;
    if (format == PCAP) {
        put_pcap_header(&start, 0xa1b2c3d4, snaplen, 1);
        put32(&start, 0);
        put32(&start, 0);
    } else {
        put_section(&start, UINT64_MAX);
        put_interface(&start, 1, snaplen, 0, 0);
        put32(&start, 6);
        put32(&start, 32 + padded);
        put32(&start, 0);
        put32(&start, 0);
        put32(&start, 0);
    }
    put32(&start, caplen);
    put32(&start, wirelen);
    const size_t count = start.count + padded + 4;
    *file = calloc(1, count);
    ck_assert_ptr_nonnull(*file);
    memcpy(*file, start.data, start.count);
    memcpy(*file + count - 4, &(uint32_t){32 + padded}, 4); /* what ends a block */
    struct capture *capture =
        capture_open_memory(*file, format == PCAP ? start.count + caplen : count, 0, NULL, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    return capture;
}

static const struct {
    uint32_t snaplen, caplen;
    bool fits;
} cases[] = {
    {96, 96, true},     {96, 200, true}, /* a snaplen that is not kept to: Wireshark takes these,
                                            too */
    {0, 262144, true},  {65535, 262144, true},  {65535, 262145, false},
    {0, 262145, false}, {300000, 300000, true}, {300000, 300001, false},
};

START_TEST(captured_length_has_a_limit)
{
    for (int format = 0; format < FORMATS; format++) {
        uint8_t *file;
        struct whyrst_error error = {{0}};
        struct capture_info info;
        struct capture *capture =
            open_with(format, cases[_i].snaplen, cases[_i].caplen, cases[_i].caplen, &file);
        ck_assert_int_eq(capture_read(capture, &packet, 1, &error), cases[_i].fits);
        if (cases[_i].fits)
            ck_assert_uint_eq(packet.caplen, cases[_i].caplen);
        capture_info(capture, &info);
        ck_assert_int_eq(info.truncated, !cases[_i].fits);
        capture_close(capture);
        free(file);
    }
}
END_TEST

START_TEST(wire_length_is_never_less)
{
    static const uint32_t claimed[] = {0, 59, 60, 61, UINT32_MAX};
    for (unsigned i = 0; i < FORMATS * sizeof claimed / sizeof *claimed; i++) {
        uint8_t *file;
        struct whyrst_error error = {{0}};
        uint32_t wirelen = claimed[i / FORMATS];
        struct capture *capture = open_with((int)(i % FORMATS), 96, 60, wirelen, &file);
        ck_assert_int_eq(capture_read(capture, &packet, 1, &error), 1);
        ck_assert_uint_eq(packet.caplen, 60);
        ck_assert_uint_eq(packet.wirelen, wirelen < 60 ? 60 : wirelen);
        capture_close(capture);
        free(file);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_lengths");
    TCase *tcase = tcase_create("lengths");
    ADD_LOOP(captured_length_has_a_limit, cases);
    tcase_add_test(tcase, wire_length_is_never_less);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
