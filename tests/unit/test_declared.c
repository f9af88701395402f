#include "rules/verdict.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static const struct {
    size_t bytes;
    const char *payload, *text;
} payloads[] = {
    {8, "\x33\xaa\x00\x03\x00\x00\x00\x00",
     "the RST carries a diagnostic payload: reason 3, new data after CLOSE"},
    {8, "\x33\xaa\x00\x11\x00\x00\x00\x00",
     "the RST carries a diagnostic payload: reason 17, middlebox interference"},
    {8, "\x33\xaa\x00\x00\x00\x00\x00\x00",
     "the RST carries a diagnostic payload: reason 0 of enterprise 0"},
    {8, "\x33\xaa\x00\x12\x00\x00\x00\x00",
     "the RST carries a diagnostic payload: reason 18 of enterprise 0"},
    {8, "\x33\xaa\xff\xff\xff\xff\xff\xff",
     "the RST carries a diagnostic payload: reason 65535 of enterprise 4294967295"},
    {8, "\x33\xaa\x00\x03\x00\x00\x7f\xd9",
     "the RST carries a diagnostic payload: reason 3 of enterprise 32729"},
    {7, "\x33\xaa\x00\x03\x00\x00\x00", "the RST carries 7 bytes that are no text"},
    {9, "\x33\xaa\x00\x03\x00\x00\x00\x00\x00", "the RST carries 9 bytes that are no text"},
    {8, "\xaa\x33\x00\x03\x00\x00\x00\x00", "the RST carries 8 bytes that are no text"},
    {9, "BIG-IP: x", "the RST carries text: \"BIG-IP: x\""},
    {5, "Go!\r\n", "the RST carries text: \"Go!\" and more"},
    {4, "abc\0", "the RST carries text: \"abc\" and more"},
    {3, "a\177b", "the RST carries 3 bytes that are no text"},
    {2, "ab", "the RST carries 2 bytes that are no text"},
    {1, "\0", "the RST carries 1 bytes that are no text"},
    {0, "", "the RST carries 0 bytes that are no text"},
};

START_TEST(payload_text)
{
    char text[240], small[20];
    /* Of exactly that size, so that a sanitizer sees any byte read beyond it. */
    uint8_t *copy = malloc(payloads[_i].bytes ? payloads[_i].bytes : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, payloads[_i].payload, payloads[_i].bytes);
    declared_payload_text(copy, payloads[_i].bytes, text, sizeof text);
    ck_assert_str_eq(text, payloads[_i].text);
    memset(small, 1, sizeof small);
    declared_payload_text(copy, payloads[_i].bytes, small, sizeof small);
    ck_assert_uint_eq(strlen(small), sizeof small - 1);
    ck_assert(strncmp(text, small, sizeof small - 1) == 0);
    free(copy);
}
END_TEST

START_TEST(longest_text_fits)
{
    uint8_t payload[WHYRST_MAX_RST_PAYLOAD];
    char text[sizeof((struct whyrst_evidence *)0)->text];
    memset(payload, 'x', sizeof payload);
    declared_payload_text(payload, sizeof payload, text, sizeof text);
    ck_assert_uint_eq(strlen(text), strlen("the RST carries text: \"\"") + sizeof payload);
}
END_TEST

START_TEST(mptcp_reasons)
{
    ck_assert_str_eq(declared_mptcp_text(0), "unspecified error");
    ck_assert_str_eq(declared_mptcp_text(3), "administratively prohibited");
    ck_assert_str_eq(declared_mptcp_text(6), "middlebox interference");
    for (unsigned reason = 7; reason < 300; reason++)
        ck_assert_str_eq(declared_mptcp_text(reason), "unassigned reason code");
    ck_assert_str_eq(declared_mptcp_text(UINT32_MAX), "unassigned reason code");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("declared");
    TCase *tests = tcase_create("declared");
    tcase_add_loop_test(tests, payload_text, 0, sizeof payloads / sizeof *payloads);
    tcase_add_test(tests, longest_text_fits);
    tcase_add_test(tests, mptcp_reasons);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
