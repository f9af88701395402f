/* Where a capture's bytes come from: files in windows and blocks, gzip, pipes. */
#include "test_capture_bytes.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#include <nettle/sha2.h>
#include <zlib.h>

#include "suite.h"

static struct bytes bytes;
static struct result result;

static size_t packet_ends[200]; /* of the packets in bytes */

static void fill_pcap(unsigned packets)
{
    bytes.count = 0;
    put_pcap_header(&bytes, 0xa1b2c3d4, 65535, 1);
    for (unsigned i = 0; i < packets; i++) {
        put_pcap_packet(&bytes, 1000 + i, i, 37 + i * 11 % 300);
        packet_ends[i] = bytes.count;
    }
}

static void check_filled(unsigned packets)
{
    ck_assert_uint_eq(result.count, packets);
    ck_assert(!result.info.truncated);
    for (unsigned i = 0; i < packets; i++) {
        ck_assert_uint_eq(result.packets[i].caplen, 37 + i * 11 % 300);
        ck_assert_int_eq(result.packets[i].time_nsec, (1000 + i) * 1000000000ll + i * 1000);
        check_payload(&result.packets[i]);
    }
}

/* Blocks smaller than a packet, so that records cross them everywhere. */
static const struct source_options ways[] = {
    {.block_bytes = 1},    {.block_bytes = 100, .sha256 = true}, {.block_bytes = 100},
    {.block_bytes = 4096}, {.block_bytes = 0, .sha256 = true},
};

static void read_file(const void *data, size_t count, const struct source_options *way)
{
    char path[64];
    struct whyrst_error error = {{0}};
    int fd = bytes_file(data, count, path);
    struct capture *capture = capture_open_with(path, 0, NULL, way, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    read_all(capture, &result, 5);
    close(fd);
}

static void check_sha256(const void *data, size_t count, const char *got)
{
    unsigned char sum[32];
    char hex[65];
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, count, data);
    sha256_digest(&context, sizeof sum, sum);
    for (unsigned i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    ck_assert_str_eq(got, hex);
}

START_TEST(blocks_are_crossed)
{
    fill_pcap(200);
    read_file(bytes.data, bytes.count, &ways[_i]);
    check_filled(200);
    ck_assert_uint_eq(result.info.file_bytes, bytes.count);
    ck_assert_uint_eq(result.info.read_bytes, bytes.count);
    if (ways[_i].sha256)
        check_sha256(bytes.data, bytes.count, result.info.sha256);
    else
        ck_assert_str_eq(result.info.sha256, "");
}
END_TEST

static size_t compress_member(const uint8_t *data, size_t count, uint8_t *out, size_t max)
{
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)count;
    stream.next_out = out;
    stream.avail_out = (uInt)max;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

START_TEST(gzip_of_several_members)
{
    static uint8_t packed[65536];
    fill_pcap(200);
    size_t half = bytes.count / 2;
    size_t count = compress_member(bytes.data, half, packed, sizeof packed);
    count += compress_member(bytes.data + half, bytes.count - half, packed + count,
                             sizeof packed - count);
    read_file(packed, count, &ways[_i]);
    check_filled(200);
    if (ways[_i].sha256)
        check_sha256(packed, count, result.info.sha256);
    /* Cut in the second member: what is there is read, and it is said. */
    read_file(packed, count - 20, &ways[_i]);
    ck_assert_uint_gt(result.count, 90);
    ck_assert(result.info.truncated);
    ck_assert_ptr_nonnull(strstr(result.info.truncated_text, "the gzip data is cut"));
    packed[half / 8] ^= 0x55;
    read_file(packed, count, &ways[_i]);
    ck_assert_uint_lt(result.count, 200);
    ck_assert(result.info.truncated);
}
END_TEST

struct feed {
    int fd;
    size_t chunk;
};

static void *feed_pipe(void *user)
{
    const struct feed *feed = user;
    for (size_t done = 0; done < bytes.count;) {
        size_t left = bytes.count - done;
        ptrdiff_t count =
            write(feed->fd, bytes.data + done, left < feed->chunk ? left : feed->chunk);
        if (count <= 0)
            break;
        done += (size_t)count;
    }
    close(feed->fd);
    return NULL;
}

START_TEST(pipe_in_chunks)
{
    static const size_t chunks[] = {1, 7, 23, 4096, 65536};
    int ends[2];
    char path[64];
    pthread_t thread;
    struct whyrst_error error = {{0}};
    const struct capture_options options = {.sha256 = true};
    fill_pcap(100);
    ck_assert_int_eq(pipe(ends), 0);
    struct feed feed = {.fd = ends[1], .chunk = chunks[_i]};
    ck_assert_int_eq(pthread_create(&thread, NULL, feed_pipe, &feed), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    struct capture *capture = capture_open(path, 0, &options, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    read_all(capture, &result, 64);
    pthread_join(thread, NULL);
    close(ends[0]);
    check_filled(100);
    ck_assert_uint_eq(result.info.file_bytes, 0);
    check_sha256(bytes.data, bytes.count, result.info.sha256);
}
END_TEST

/* The same packets as Enhanced Packet Blocks. */
static void fill_pcapng(unsigned packets)
{
    bytes.count = 0;
    put_section(&bytes, UINT64_MAX);
    put_interface(&bytes, 1, 0, 0, 0);
    for (unsigned i = 0; i < packets; i++) {
        put_enhanced(&bytes, 0, i, 37 + i * 11 % 300);
        packet_ends[i] = bytes.count;
    }
}

/* Opens bytes with blocks and windows of four pages and reads so many packets. */
static struct capture *open_partly_read(int *fd, unsigned packets)
{
    char path[64];
    struct whyrst_error error = {{0}};
    struct whyrst_packet packet;
    const struct source_options way = {.block_bytes = 16384};
    *fd = bytes_file(bytes.data, bytes.count, path);
    struct capture *capture = capture_open_with(path, 0, NULL, &way, &error);
    ck_assert_ptr_nonnull(capture);
    for (unsigned i = 0; i < packets; i++)
        ck_assert_int_eq(capture_read(capture, &packet, 1, &error), 1);
    return capture;
}

/* Where the file is cut, and after how many packets. */
static const struct {
    unsigned seen;
    size_t cut;
} cuts[] = {
    {90, 32768},  /* behind the window at hand */
    {90, 24576},  /* between two of its pages */
    {90, 20480},  /* the same, sooner */
    {90, 20000},  /* in a page: few zeros before the next one */
    {90, 20680},  /* in a page: zeros for more packets than are read at once */
    {170, 37000}, /* in the last page */
    {90, 4096},   /* in what was read before */
    {90, 0},
};

static void check_cut(void (*fill)(unsigned packets), unsigned seen, size_t cut)
{
    char where[64];
    int fd;
    unsigned whole = 0;
    fill(200);
    while (packet_ends[whole] <= cut)
        whole++;
    struct capture *capture = open_partly_read(&fd, seen);
    ck_assert_int_eq(ftruncate(fd, (off_t)cut), 0);
    read_all(capture, &result, 64);
    ck_assert(result.info.truncated);
    ck_assert_ptr_nonnull(strstr(result.info.truncated_text, "shortened while it was read"));
    ck_assert_uint_eq(result.count, whole > seen ? whole - seen : 0);
    ck_assert_uint_eq(result.info.packets, whole > seen ? whole : seen);
    snprintf(where, sizeof where, "after packet %llu", (unsigned long long)result.info.packets);
    ck_assert_ptr_nonnull(strstr(result.info.truncated_text, where));
    for (unsigned i = 0; i < result.count; i++)
        check_payload(&result.packets[i]);
    close(fd);
}

START_TEST(file_cut_while_it_is_read)
{
    check_cut(fill_pcap, cuts[_i].seen, cuts[_i].cut);
    check_cut(fill_pcapng, cuts[_i].seen, cuts[_i].cut);
}
END_TEST

/* What was read as zeros is not taken for packets, even when the file has its bytes again and what
 * comes behind them looks right: records begin at multiples of 64 bytes here, and so do pages. */
START_TEST(file_cut_and_written_again)
{
    static struct whyrst_packet packets[MAX_READ];
    struct whyrst_packet packet;
    struct whyrst_error error = {{0}};
    int fd;
    bytes.count = 0;
    put_pcap_header(&bytes, 0xa1b2c3d4, 65535, 1);
    put_pcap_packet(&bytes, 0, 0, 24);
    while (bytes.count < 32768)
        put_pcap_packet(&bytes, 0, 0, 48);
    struct capture *capture = open_partly_read(&fd, 256);
    ck_assert_int_eq(capture_read(capture, &packet, 1, &error), 1);
    ck_assert_int_eq(ftruncate(fd, 16384), 0);
    ck_assert_uint_eq(packet.bytes[0], 0); /* its page went */
    ck_assert_int_eq(pwrite(fd, bytes.data, bytes.count, 0), (ssize_t)bytes.count);
    ck_assert_int_eq(capture_read(capture, packets, MAX_READ, &error), 0);
    ck_assert_ptr_nonnull(strstr(capture->truncated_text, "shortened while it was read"));
    capture_close(capture);
    close(fd);
}
END_TEST

/* Packets of no bytes are nothing suspect in a file that is whole. */
START_TEST(empty_packets)
{
    struct whyrst_packet packet;
    struct whyrst_error error = {{0}};
    unsigned count = 0;
    int fd;
    bytes.count = 0;
    put_pcap_header(&bytes, 0xa1b2c3d4, 65535, 1);
    for (unsigned i = 0; i < 2000; i++)
        put_pcap_packet(&bytes, 0, 0, 0);
    struct capture *capture = open_partly_read(&fd, 1000);
    while (capture_read(capture, &packet, 1, &error) == 1)
        count++;
    ck_assert_uint_eq(count, 1000);
    ck_assert(!capture->truncated);
    capture_close(capture);
    close(fd);
}
END_TEST

/* One packet, while there is no address space for a window. */
static int read_without_space(struct capture *capture, struct whyrst_packet *packet)
{
    struct whyrst_error error = {{0}};
    struct rlimit usual, none;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &usual), 0);
    none = usual;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_AS, &none);
    int count = capture_read(capture, packet, 1, &error);
    setrlimit(RLIMIT_AS, &usual);
    return count;
}

/* Refused before the first window, and after it. */
START_TEST(refused_window_is_read)
{
    static const unsigned seen[] = {10, 90};
    struct whyrst_packet packet;
    int fd;
    fill_pcap(200);
    struct capture *capture = open_partly_read(&fd, seen[_i]);
    for (unsigned i = seen[_i]; i < 200; i++) {
        ck_assert_int_eq(read_without_space(capture, &packet), 1);
        ck_assert_uint_eq(packet.frame_no, i + 1);
        ck_assert_uint_eq(packet.caplen, 37 + i * 11 % 300);
        check_payload(&packet);
    }
    ck_assert_ptr_null(capture->source.window.pages); /* the last packet was read */
    ck_assert_int_eq(read_without_space(capture, &packet), 0);
    ck_assert(!capture->truncated);
    capture_close(capture);
    close(fd);
}
END_TEST

START_TEST(damage_in_the_middle_is_not_called_a_cut)
{
    const struct source_options way = {.block_bytes = 4096};
    size_t at = 24;
    fill_pcap(200);
    for (unsigned i = 0; i < 100; i++)
        at += 16 + 37 + i * 11 % 300;
    memset(bytes.data + at + 8, 0x7f, 4);
    read_file(bytes.data, bytes.count, &way);
    ck_assert_uint_eq(result.count, 100);
    ck_assert(result.info.truncated);
    ck_assert_ptr_nonnull(strstr(result.info.truncated_text, "damaged record"));
}
END_TEST

/* Many open files: what is opened now is closed between two blocks. */
START_TEST(one_of_many)
{
    static uint8_t packed[65536];
    int others[40];
    for (unsigned i = 0; i < 40; i++)
        others[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(others[39], 40);
    fill_pcap(200);
    read_file(bytes.data, bytes.count, &ways[_i]);
    check_filled(200);
    if (ways[_i].sha256)
        check_sha256(bytes.data, bytes.count, result.info.sha256);
    read_file(packed, compress_member(bytes.data, bytes.count, packed, sizeof packed), &ways[_i]);
    check_filled(200);
    for (unsigned i = 0; i < 40; i++)
        close(others[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_source");
    TCase *tcase = tcase_create("source");
    ADD_LOOP(blocks_are_crossed, ways);
    ADD_LOOP(gzip_of_several_members, ways);
    ADD_LOOP(one_of_many, ways);
    tcase_add_loop_test(tcase, pipe_in_chunks, 0, 5);
    ADD_LOOP(file_cut_while_it_is_read, cuts);
    tcase_add_test(tcase, file_cut_and_written_again);
    tcase_add_test(tcase, empty_packets);
    tcase_add_loop_test(tcase, refused_window_is_read, 0, 2);
    tcase_add_test(tcase, damage_in_the_middle_is_not_called_a_cut);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
