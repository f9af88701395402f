#include "test_capture_bytes.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "suite.h"

/* What packet.input and .frame_no must be, in order, for files of packets at the given seconds. */
#define MAX_FILES 4

static const struct {
    const char *name;
    int seconds[MAX_FILES][8]; /* ended by 0 */
    unsigned files;
    const char *order; /* input of each packet handed out */
} cases[] = {
    {"one file", {{5, 4, 6, 0}}, 1, "000"},
    {"rotated files", {{1, 2, 3, 0}, {4, 5, 0}, {6, 7, 0}}, 3, "0001122"},
    {"in the wrong order on the command line", {{6, 7, 0}, {1, 2, 3, 0}, {4, 5, 0}}, 3, "1112200"},
    {"interleaved", {{1, 3, 5, 7, 0}, {2, 4, 6, 8, 0}}, 2, "01010101"},
    {"one inside the other", {{1, 2, 8, 9, 0}, {3, 4, 5, 0}}, 2, "0011100"},
    {"equal times keep the order of the files", {{1, 2, 2, 3, 0}, {2, 3, 0}}, 2, "000101"},
    {"an empty file", {{0}, {2, 3, 0}, {1, 0}}, 3, "211"},
    {"out of order within a file", {{5, 1, 9, 0}, {4, 6, 0}}, 2, "10010"},
};

static struct bytes bytes;

static void put_file(const int *seconds)
{
    bytes.count = 0;
    put_pcap_header(&bytes, 0xa1b2c3d4, 65535, 1);
    for (; *seconds; seconds++)
        put_pcap_packet(&bytes, (uint32_t)*seconds, 0, 30 + (uint32_t)*seconds);
}

static struct capture *file_capture(const int *seconds, uint16_t input, bool seekable)
{
    char path[64];
    struct whyrst_error error = {{0}};
    put_file(seconds);
    if (!seekable) {
        int ends[2];
        ck_assert_int_eq(pipe(ends), 0);
        ck_assert_int_eq(write(ends[1], bytes.data, bytes.count), (ssize_t)bytes.count);
        close(ends[1]);
        snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        struct capture *capture = capture_open(path, input, NULL, &error);
        close(ends[0]);
        return capture;
    }
    int fd = bytes_file(bytes.data, bytes.count, path);
    struct capture *capture = capture_open(path, input, NULL, &error);
    close(fd);
    return capture;
}

START_TEST(merged_in_time_order)
{
    for (size_t batch = 1; batch <= 64; batch += 7) {
        for (int seekable = 0; seekable < 2; seekable++) {
            struct capture *captures[MAX_FILES];
            struct whyrst_packet packets[64];
            struct whyrst_error error = {{0}};
            uint64_t frames[MAX_FILES] = {0};
            const char *order = cases[_i].order;
            for (unsigned i = 0; i < cases[_i].files; i++)
                captures[i] = file_capture(cases[_i].seconds[i], (uint16_t)i, seekable);
            struct capture_set *set = capture_set_open(captures, cases[_i].files, &error);
            ck_assert_msg(set != NULL, "%s", error.text);
            int count;
            while ((count = capture_set_read(set, packets, batch, &error)) > 0) {
                for (int i = 0; i < count; i++) {
                    ck_assert_msg(*order == '0' + packets[i].input, "%s: %s", cases[_i].name,
                                  order);
                    order++;
                    ck_assert_uint_eq(packets[i].frame_no, ++frames[packets[i].input]);
                    /* All of the call are valid together. */
                    check_payload(&packets[i]);
                }
            }
            ck_assert_msg(count == 0, "%s", error.text);
            ck_assert_msg(*order == '\0', "%s: %s", cases[_i].name, order);
            for (unsigned i = 0; i < cases[_i].files; i++) {
                struct capture_info info;
                capture_info(captures[i], &info);
                ck_assert_uint_eq(info.packets, frames[i]);
            }
            capture_set_close(set);
        }
    }
}
END_TEST

#define LAST_SECOND 1000

/* A file with a packet at the given second and one at the last, in a directory of its own. */
static void named_file(char path[64], const char *directory, int number, int second)
{
    const int seconds[] = {second, LAST_SECOND, 0};
    snprintf(path, 64, "%s/%d", directory, number);
    put_file(seconds);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, bytes.data, bytes.count), (ssize_t)bytes.count);
    close(fd);
}

/* Files of which each begins a second after the one before. */
static void open_named(struct capture **captures, int count, char *directory)
{
    char path[64];
    struct whyrst_error error = {{0}};
    ck_assert_ptr_nonnull(mkdtemp(directory));
    for (int i = 0; i < count; i++) {
        named_file(path, directory, i, 1 + i);
        captures[i] = capture_open(path, (uint16_t)i, NULL, &error);
        ck_assert_msg(captures[i] != NULL, "%s", error.text);
    }
}

static void remove_named(int count, const char *directory)
{
    char path[64];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%d", directory, i);
        unlink(path);
    }
    rmdir(directory);
}

/* Files that are all under way at the end. */
START_TEST(thousands_of_files_need_few_descriptors)
{
    enum { FILES = 300, LIMIT = 40 };
    char directory[] = "/tmp/whyrst-merge-XXXXXX";
    static struct capture *captures[FILES];
    struct whyrst_packet packets[64];
    struct whyrst_error error = {{0}};
    struct rlimit limit = {LIMIT, LIMIT};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    open_named(captures, FILES, directory);
    struct capture_set *set = capture_set_open(captures, FILES, &error);
    ck_assert_msg(set != NULL, "%s", error.text);
    int count, total = 0;
    while ((count = capture_set_read(set, packets, 64, &error)) > 0) {
        for (int i = 0; i < count; i++, total++)
            ck_assert_int_eq(packets[i].input, total % FILES);
    }
    ck_assert_int_eq(count, 0);
    ck_assert_int_eq(total, 2 * FILES);
    capture_set_close(set);
    remove_named(FILES, directory);
}
END_TEST

/* What is read must be what was looked at first. */
START_TEST(file_replaced_while_it_waits)
{
    enum { FILES = 60 };
    char directory[] = "/tmp/whyrst-merge-XXXXXX", path[64], old[64];
    struct capture *captures[FILES];
    struct whyrst_packet packets[64];
    struct whyrst_error error = {{0}};
    open_named(captures, FILES, directory);
    struct capture_set *set = capture_set_open(captures, FILES, &error);
    ck_assert_msg(set != NULL, "%s", error.text);
    snprintf(path, sizeof path, "%s/%d", directory, FILES - 1);
    snprintf(old, sizeof old, "%s/old", directory);
    ck_assert_int_eq(rename(path, old), 0); /* its inode stays taken */
    named_file(path, directory, FILES - 1, 1);
    int count, total = 0;
    while ((count = capture_set_read(set, packets, 64, &error)) > 0)
        total += count;
    ck_assert_int_eq(count, -1);
    ck_assert_int_eq(total, FILES - 1);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    ck_assert_ptr_nonnull(strstr(error.text, "was replaced by another file"));
    capture_set_close(set);
    unlink(old);
    remove_named(FILES, directory);
}
END_TEST

/* ---- The writer --------------------------------------------------------------------------------
 */

static bool contains(const uint8_t *data, size_t count, const char *text)
{
    return memmem(data, count, text, strlen(text)) != NULL;
}

START_TEST(written_packets_come_back)
{
    static struct result result;
    static uint8_t payload[262144];
    static const struct whyrst_packet packets[] = {
        {payload, 60, 1514, 1405525534494439123, 6, 1, 0},
        {payload, 61, 61, 1405525534494439124, 7, 113, 0},
        {payload, 0, 0, 0, 9, 1, 1},
        {payload, 40000, 262144, 1405525534494439125, 10, 1, 0},
    };
    const unsigned count = sizeof packets / sizeof *packets;
    char path[] = "/tmp/test_capture_writer_XXXXXX", comment[70000];
    struct whyrst_error error = {{0}};
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 31);
    memset(comment, 'x', sizeof comment);
    comment[sizeof comment - 1] = '\0';
    memcpy(comment + 65534, "\xe4\xb8\xba", 3); /* would be cut inside */
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    struct capture_writer *writer = capture_writer_open(path, &error);
    ck_assert_msg(writer != NULL, "%s", error.text);
    for (unsigned i = 0; i < count; i++) {
        const char *note = i == 1 ? "接收缓存不为空" : i == 3 ? comment : NULL;
        ck_assert_int_eq(capture_writer_packet(writer, &packets[i], note, &error), 0);
    }
    ck_assert_int_eq(capture_writer_close(writer, &error), 0);

    struct capture *capture = capture_open(path, 0, NULL, &error);
    ck_assert_msg(capture != NULL, "%s", error.text);
    read_all(capture, &result, 64);
    ck_assert_uint_eq(result.count, count);
    ck_assert(!result.info.truncated);
    ck_assert_uint_eq(result.info.link_type_count, 2);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(result.packets[i].caplen, packets[i].caplen);
        ck_assert_uint_eq(result.packets[i].wirelen, packets[i].wirelen);
        ck_assert_int_eq(result.packets[i].time_nsec, packets[i].time_nsec);
        ck_assert_uint_eq(result.packets[i].link_type, packets[i].link_type);
        ck_assert(memcmp(result.packets[i].bytes, payload, packets[i].caplen) == 0);
    }
    static uint8_t file[200000];
    ssize_t size = read(fd, file, sizeof file);
    ck_assert_int_gt(size, 105000);
    ck_assert(contains(file, 64, "whyrst"));
    ck_assert(contains(file, (size_t)size, "接收缓存不为空"));
    ck_assert(!contains(file, (size_t)size, "x\xe4"));
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(full_disk_is_reported)
{
    static uint8_t payload[60000];
    struct whyrst_error error = {{0}};
    const struct whyrst_packet packet = {payload, sizeof payload, 60000, 1, 1, 1, 0};
    if (access("/dev/full", W_OK) != 0)
        return;
    struct capture_writer *writer = capture_writer_open("/dev/full", &error);
    ck_assert_ptr_nonnull(writer);
    ck_assert_int_eq(capture_writer_packet(writer, &packet, NULL, &error), 0);
    ck_assert_int_eq(capture_writer_packet(writer, &packet, NULL, &error), -1);
    ck_assert_str_eq(error.text, "/dev/full: cannot write: No space left on device; the file is "
                                 "not complete");
    ck_assert_int_eq(capture_writer_close(writer, &error), -1);
    writer = capture_writer_open("/dev/full", &error);
    ck_assert_int_eq(capture_writer_close(writer, &error), -1);
    ck_assert_ptr_null(capture_writer_open("/nonexistent/x.pcapng", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "cannot create"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_merge");
    TCase *tcase = tcase_create("merge");
    tcase_add_loop_test(tcase, merged_in_time_order, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, thousands_of_files_need_few_descriptors);
    tcase_add_test(tcase, file_replaced_while_it_waits);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("writer");
    tcase_add_test(tcase, written_packets_come_back);
    tcase_add_test(tcase, full_disk_is_reported);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
