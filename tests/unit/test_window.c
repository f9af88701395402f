/* Parts of a file in memory, and what happens when the file loses them. */
#include "capture/window.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <check.h>

#include "suite.h"

#define PAGES 8

static size_t page;
static struct window window;

static uint8_t byte_at(size_t offset)
{
    return (uint8_t)(1 + offset % 251);
}

static int file_of_pages(void)
{
    int fd = memfd_create("window", MFD_CLOEXEC);
    page = (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < PAGES * page; i++) {
        uint8_t byte = byte_at(i);
        ck_assert_int_eq(write(fd, &byte, 1), 1);
    }
    return fd;
}

static const uint8_t *move(int fd, size_t offset, size_t size)
{
    const uint8_t *bytes = window_move(&window, fd, offset, size);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i++)
        ck_assert_uint_eq(bytes[i], byte_at(offset + i));
    return bytes;
}

START_TEST(any_part_of_a_file)
{
    int fd = file_of_pages();
    move(fd, 0, 1);
    move(fd, page - 1, 2);
    move(fd, 3 * page + 17, 2 * page);
    move(fd, 0, PAGES * page);
    ck_assert_ptr_null(window.gone);
    window_close(&window);
    window_close(&window);
    ck_assert_ptr_null(window.pages);
}
END_TEST

START_TEST(refused_it_is_closed)
{
    int ends[2], fd = file_of_pages();
    ck_assert_int_eq(pipe(ends), 0);
    move(fd, 5, 100);
    ck_assert_ptr_null(window_move(&window, ends[0], 0, 1));
    ck_assert_ptr_null(window.pages);
    move(fd, 5, 100);
    ck_assert_ptr_null(window_move(&window, fd, (PAGES + 1) * page, 1)); /* nothing there */
    ck_assert_ptr_null(window.pages);
    window_close(&window);
}
END_TEST

START_TEST(pages_that_went_are_zeros)
{
    int fd = file_of_pages();
    const uint8_t *bytes = move(fd, 2 * page + 3, 5 * page);
    ck_assert_int_eq(ftruncate(fd, (off_t)(4 * page)), 0);
    ck_assert_uint_eq(bytes[page], byte_at(3 * page + 3));
    ck_assert_ptr_null(window.gone);
    ck_assert_uint_eq(bytes[4 * page], 0);
    ck_assert_ptr_eq(window.gone, bytes - 3 + 4 * page);
    ck_assert_uint_eq(bytes[2 * page], 0);
    ck_assert_uint_eq(bytes[3 * page], 0);
    ck_assert_ptr_eq(window.gone, bytes - 3 + 2 * page); /* the lowest */
    move(fd, 0, page);
    ck_assert_ptr_null(window.gone);
    window_close(&window);
}
END_TEST

/* Several windows at a time: the right one tells. */
START_TEST(each_for_itself)
{
    static struct window other;
    int fd = file_of_pages();
    const uint8_t *bytes = move(fd, 0, page);
    ck_assert_ptr_nonnull(window_move(&other, fd, 0, 2 * page));
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_uint_eq(bytes[0], 0);
    ck_assert_ptr_nonnull(window.gone);
    ck_assert_ptr_null(other.gone);
    window_close(&window);
    window_close(&other);
}
END_TEST

static void exit_with_7(int signal_number)
{
    (void)signal_number;
    _exit(7);
}

START_TEST(others_keep_their_handler)
{
    int fd = file_of_pages();
    signal(SIGBUS, exit_with_7);
    move(fd, 0, page);
    const uint8_t *own = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_uint_eq(own[0], 1); /* not reached */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("window");
    TCase *tcase = tcase_create("window");
    tcase_add_test(tcase, any_part_of_a_file);
    tcase_add_test(tcase, refused_it_is_closed);
    tcase_add_test(tcase, pages_that_went_are_zeros);
    tcase_add_test(tcase, each_for_itself);
    tcase_add_exit_test(tcase, others_keep_their_handler, 7);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
