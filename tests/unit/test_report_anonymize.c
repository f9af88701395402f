#include <check.h>

#include "report/anonymize.h"
#include "report/format.h"
#include "report_sample.h"
#include "suite.h"

static const struct {
    const char *text, *shown;
} texts[] = {
    {"", ""},
    {"no address in 1.4 or 12:30:15, nor in beef", "no address in 1.4 or 12:30:15, nor in beef"},
    {"10.0.0.5", "240.0.0.1"},
    {"10.0.0.5:8080 and 10.0.0.6:8080, again 10.0.0.5.",
     "240.0.0.1:8080 and 240.0.0.2:8080, again 240.0.0.1."},
    {"trace-10.0.0.5.pcap host10.0.0.6a", "trace-240.0.0.1.pcap host240.0.0.2a"},
    {"net 10.0.0.0/8", "net 240.0.0.1/8"},
    {"[2001:db8::5]:443 from 2001:DB8::5: 3 bytes", "[100::1]:443 from 100::1: 3 bytes"},
    {"fe80::1%eth0", "100::1%eth0"},
    {"::ffff:10.0.0.5", "100::1"},
    {"2001:db8:1:2:3:4:5:6", "100::1"},
    {"listening on 127.0.0.1 or 0.0.0.0, ::1 or ::",
     "listening on 127.0.0.1 or 0.0.0.0, ::1 or ::"},
    {"999.1.1.1 and 1.2.3", "999.1.1.1 and 1.2.3"},
    {"std::add a::b", "std::add 100::1"},
    {"no bytes of \xff"
     "10.0.0.5\xff",
     "no bytes of \xff"
     "240.0.0.1\xff"},
};

START_TEST(text)
{
    struct anonymizer *anonymizer = anonymizer_new();
    ck_assert_str_eq(anonymizer_text(anonymizer, texts[_i].text), texts[_i].shown);
    anonymizer_free(anonymizer);
}
END_TEST

/* An end of a connection is replaced everywhere, loopback or not. */
START_TEST(known_loopback)
{
    struct anonymizer *anonymizer = anonymizer_new();
    struct whyrst_address loopback = {.ip = {127, 0, 0, 1}, .version = 4, .port = 80};
    anonymizer_address(anonymizer, &loopback);
    ck_assert_str_eq(anonymizer_text(anonymizer, "127.0.0.1 and 127.0.0.2"),
                     "240.0.0.1 and 127.0.0.2");
    anonymizer_free(anonymizer);
}
END_TEST

/* The same pseudonym for the same address, another for another, over several doublings. */
START_TEST(stable_and_distinct)
{
    struct anonymizer *anonymizer = anonymizer_new();
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 70000; i++) {
            struct whyrst_address address = {.version = i & 1 ? 6 : 4, .port = (uint16_t)i};
            uint32_t wanted = i / 2 + 1;
            memcpy(address.ip, &i, sizeof(i));
            struct whyrst_address shown = anonymizer_address(anonymizer, &address);
            const uint8_t *last = shown.ip + (i & 1 ? 12 : 0);
            ck_assert_uint_eq(shown.version, address.version);
            ck_assert_uint_eq(shown.port, address.port);
            ck_assert_uint_eq((uint32_t)last[1] << 16 | (uint32_t)last[2] << 8 | last[3], wanted);
            ck_assert_uint_eq(last[0], i & 1 ? 0 : 0xf0);
            ck_assert_uint_eq(shown.ip[0], i & 1 ? 1 : 0xf0);
        }
    }
    ck_assert(!anonymizer_failed(anonymizer));
    anonymizer_free(anonymizer);
}
END_TEST

/* IPv4 lives in the first four bytes; what follows them makes no other address. */
START_TEST(version_four_ignores_the_rest)
{
    struct anonymizer *anonymizer = anonymizer_new();
    struct whyrst_address one = sample_ip4(1, 1), other = sample_ip4(1, 2);
    other.ip[9] = 7;
    struct whyrst_address a = anonymizer_address(anonymizer, &one);
    struct whyrst_address b = anonymizer_address(anonymizer, &other);
    ck_assert_mem_eq(a.ip, b.ip, 16);
    anonymizer_free(anonymizer);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("anonymize");
    tcase_add_loop_test(tests, text, 0, (int)(sizeof(texts) / sizeof(texts[0])));
    tcase_add_test(tests, known_loopback);
    tcase_add_test(tests, stable_and_distinct);
    tcase_add_test(tests, version_four_ignores_the_rest);
    Suite *suite = suite_create("report_anonymize");
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
