#include <arpa/inet.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/community.h"
#include "report/format.h"
#include "report/output.h"
#include "report/wrap.h"

#include "suite.h"

static char text[400];

#define SHOW(call) (*(call) = '\0', text)

static const uint64_t naturals[] = {0,
                                    1,
                                    9,
                                    10,
                                    11,
                                    99,
                                    100,
                                    101,
                                    999,
                                    1000,
                                    9999,
                                    10000,
                                    65535,
                                    99999,
                                    100000,
                                    4294967295,
                                    4294967296,
                                    9999999999999999999u,
                                    10000000000000000000u,
                                    UINT64_MAX};

START_TEST(naturals_as_printf)
{
    char wanted[40];
    snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)naturals[_i]);
    ck_assert_str_eq(SHOW(format_u64(text, naturals[_i])), wanted);
    int64_t value = (int64_t)naturals[_i];
    snprintf(wanted, sizeof(wanted), "%lld", (long long)value);
    ck_assert_str_eq(SHOW(format_i64(text, value)), wanted);
    value = value == INT64_MIN ? value : -value;
    snprintf(wanted, sizeof(wanted), "%lld", (long long)value);
    ck_assert_str_eq(SHOW(format_i64(text, value)), wanted);
}
END_TEST

START_TEST(smallest_integer)
{
    ck_assert_str_eq(SHOW(format_i64(text, INT64_MIN)), "-9223372036854775808");
}
END_TEST

static const struct {
    double value;
    const char *shown;
} numbers[] = {
    {0, "0"},
    {-0.0, "0"},
    {1, "1"},
    {-1, "-1"},
    {61, "61"},
    {2.1, "2.1"},
    {2.125, "2.125"},
    {0.5, "0.5"},
    {0.029, "0.029"},
    {0.0294, "0.029"},
    {1.0005, "1.001"},
    {1.9999, "2"},
    {0.9996, "1"},
    {0.0004, "0.0004"},
    {0.000412, "0.000412"},
    {1e-9, "0"},
    {-1e-9, "0"},
    {-2.5, "-2.5"},
    {10.01, "10.01"},
    {123456789, "123456789"},
    {4294967295.0, "4294967295"},
    {4294967295.5, "4294967295.5"},
    {1e15, "1000000000000000"},
    {1e12 + 0.5, "1000000000001"},
    {1e18, "1000000000000000000"},
    {1e22, "10000000000000000000000"},
    {NAN, "0"},
    {INFINITY, "0"},
};

START_TEST(number)
{
    ck_assert_str_eq(SHOW(format_number(text, numbers[_i].value)), numbers[_i].shown);
}
END_TEST

START_TEST(largest_number_fits)
{
    char *end = format_number(text, -1.7976931348623157e308);
    ck_assert_int_le(end - text, FORMAT_NUMBER_ROOM);
}
END_TEST

static const struct {
    double value;
    const char *rounded, *floored;
} confidences[] = {
    {0, "0.00", "0.00"},       {1, "1.00", "1.00"},       {0.97, "0.97", "0.97"},
    {0.29, "0.29", "0.29"},    {0.975, "0.975", "0.975"}, {0.6666, "0.667", "0.666"},
    {0.9996, "1.00", "0.999"}, {0.0004, "0.00", "0.00"},  {-3, "0.00", "0.00"},
    {7, "1.00", "1.00"},       {NAN, "0.00", "0.00"},     {0.005, "0.005", "0.005"},
};

START_TEST(confidence)
{
    double value = confidences[_i].value;
    ck_assert_str_eq(SHOW(format_thousandths(text, format_round_thousandths(value))),
                     confidences[_i].rounded);
    ck_assert_str_eq(SHOW(format_thousandths(text, format_floor_thousandths(value))),
                     confidences[_i].floored);
}
END_TEST

/* Rounding never makes a sum of at most 1 exceed it. */
START_TEST(confidences_sum)
{
    for (unsigned i = 0; i <= 100000; i++) {
        double verdict = i / 100000.0, rest = 1 - verdict;
        ck_assert_uint_le(
            format_round_thousandths(verdict) + 2 * format_floor_thousandths(rest / 2), 1000);
    }
}
END_TEST

static const struct {
    int64_t nsec;
    const char *time, *seconds;
} times[] = {
    {0, "1970-01-01T00:00:00.000000000Z", "0.000000000"},
    {29000, "1970-01-01T00:00:00.000029000Z", "0.000029000"},
    {-1, "1969-12-31T23:59:59.999999999Z", "-0.000000001"},
    {-1000000000, "1969-12-31T23:59:59.000000000Z", "-1.000000000"},
    {1405525534494439000, "2014-07-16T15:45:34.494439000Z", "1405525534.494439000"},
    {951782400000000000, "2000-02-29T00:00:00.000000000Z", "951782400.000000000"},
    {951868799999999999, "2000-02-29T23:59:59.999999999Z", "951868799.999999999"},
    {4107542400000000000, "2100-03-01T00:00:00.000000000Z", "4107542400.000000000"},
    {-2203891200000000000, "1900-03-01T00:00:00.000000000Z", "-2203891200.000000000"},
    {INT64_MAX, "2262-04-11T23:47:16.854775807Z", "9223372036.854775807"},
    {INT64_MIN, "1677-09-21T00:12:43.145224192Z", "-9223372036.854775808"},
};

START_TEST(time_and_seconds)
{
    struct format_clock clock = {0};
    for (int again = 0; again < 2; again++) /* the second time from the cached second */
        ck_assert_str_eq(SHOW(format_time(text, times[_i].nsec, &clock)), times[_i].time);
    ck_assert_str_eq(SHOW(format_seconds(text, times[_i].nsec)), times[_i].seconds);
}
END_TEST

/* Every day of the range against gmtime. */
START_TEST(days)
{
    struct format_clock clock = {0};
    for (int64_t day = -106700; day < 106700; day++) {
        time_t second = (time_t)(day * 86400 + (day % 86400 + 86400) % 86400);
        struct tm tm;
        char wanted[40];
        gmtime_r(&second, &tm);
        strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
        ck_assert_str_eq(SHOW(format_time(text, (int64_t)second * 1000000000, &clock)), wanted);
    }
}
END_TEST

static const struct {
    const char *address, *shown;
} addresses[] = {
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"10.100.9.0", "10.100.9.0"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"2001:db8:0:0:0:0:0:5", "2001:db8::5"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* one group is not compressed */
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* the longest run */
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* the first of equal ones */
    {"0:0:0:1:2:3:4:5", "::1:2:3:4:5"},
    {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
    {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
    {"FE80::ABCD:0ef0", "fe80::abcd:ef0"},
    {"::ffff:192.0.2.7", "::ffff:192.0.2.7"},
    {"::ffff:0:1", "::ffff:0.0.0.1"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static struct whyrst_address parse(const char *address, uint16_t port)
{
    struct whyrst_address parsed = {.version = strchr(address, ':') ? 6 : 4, .port = port};
    ck_assert_int_eq(inet_pton(parsed.version == 6 ? AF_INET6 : AF_INET, address, parsed.ip), 1);
    return parsed;
}

START_TEST(address)
{
    struct whyrst_address parsed = parse(addresses[_i].address, 65535);
    char wanted[80];
    ck_assert_str_eq(SHOW(format_ip(text, &parsed)), addresses[_i].shown);
    ck_assert_uint_le(strlen(text), FORMAT_IP_ROOM);
    snprintf(wanted, sizeof(wanted), parsed.version == 6 ? "[%s]:65535" : "%s:65535",
             addresses[_i].shown);
    ck_assert_str_eq(SHOW(format_endpoint(text, &parsed)), wanted);
    ck_assert_uint_le(strlen(text), FORMAT_ENDPOINT_ROOM);
}
END_TEST

static const struct {
    unsigned flags;
    const char *shown;
} flag_sets[] = {{0x000, "none"}, {0x002, "S"},   {0x012, "S."},   {0x010, "."},
                 {0x018, "P."},   {0x011, "F."},  {0x004, "R"},    {0x014, "R."},
                 {0x0c2, "SEW"},  {0x029, "FPU"}, {0xf00, "none"}, {0xfff, "FSRP.UEW"}};

START_TEST(flags)
{
    ck_assert_str_eq(SHOW(format_flags(text, flag_sets[_i].flags)), flag_sets[_i].shown);
}
END_TEST

/* The first two are the flow records published with the Community ID specification. */
static const struct {
    const char *one;
    uint16_t one_port;
    const char *other;
    uint16_t other_port;
    const char *id;
} communities[] = {
    {"128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {"2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25,
     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
};

START_TEST(community)
{
    struct whyrst_address one = parse(communities[_i].one, communities[_i].one_port);
    struct whyrst_address other = parse(communities[_i].other, communities[_i].other_port);
    ck_assert_str_eq(SHOW(community_id(text, &one, &other)), communities[_i].id);
    ck_assert_str_eq(SHOW(community_id(text, &other, &one)), communities[_i].id);
}
END_TEST

START_TEST(community_same_address)
{
    struct whyrst_address one = parse("127.0.0.1", 80), other = parse("127.0.0.1", 50000);
    char first[COMMUNITY_ROOM + 1];
    *community_id(first, &one, &other) = '\0';
    ck_assert_str_eq(SHOW(community_id(text, &other, &one)), first);
}
END_TEST

static const struct {
    const char *bytes, *json, *html, *markdown, *terminal;
} escapes[] = {
    {"plain", "plain", "plain", "plain", "plain"},
    {"exactly8", "exactly8", "exactly8", "exactly8", "exactly8"},
    {"a \"b\" \\", "a \\\"b\\\" \\\\", "a &quot;b&quot; \\", "a \"b\" \\\\", "a \"b\" \\"},
    {"1234567\"", "1234567\\\"", "1234567&quot;", "1234567\"", "1234567\""},
    {"\n\t\r\b\f", "\\n\\t\\r\\b\\f", "\n\t\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "     ", "?????"},
    {"\x01\x1f\x7f", "\\u0001\\u001f\x7f", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "   ", "???"},
    {"<b>&'", "<b>&'", "&lt;b&gt;&amp;&#39;", "&lt;b&gt;&amp;'", "<b>&'"},
    {"|*_`[x]#", "|*_`[x]#", "|*_`[x]#", "\\|\\*\\_\\`\\[x\\]\\#", "|*_`[x]#"},
    {"接收缓存 é 😀", "接收缓存 é 😀", "接收缓存 é 😀", "接收缓存 é 😀", "接收缓存 é 😀"},
    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd",
     "??"}, /* overlong */
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "???"}, /* surrogate */
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "????"}, /* past U+10FFFF */
    {"cut \xe6\x8e", "cut \xef\xbf\xbd\xef\xbf\xbd", "cut \xef\xbf\xbd\xef\xbf\xbd",
     "cut \xef\xbf\xbd\xef\xbf\xbd", "cut ??"},
    {"c1 \xc2\x9b"
     "31m",
     "c1 \xc2\x9b"
     "31m",
     "c1 \xc2\x9b"
     "31m",
     "c1 \xc2\x9b"
     "31m",
     "c1 ?31m"},
    {"bidi \xe2\x80\xae", "bidi \xe2\x80\xae", "bidi \xe2\x80\xae", "bidi \xe2\x80\xae", "bidi ?"},
};

static const char *escaped(void (*escape)(struct output *, const char *), const char *bytes)
{
    struct output output;
    ck_assert_int_eq(output_init(&output), 0);
    escape(&output, bytes);
    ck_assert_uint_lt(output.count, sizeof(text));
    memcpy(text, output.bytes, output.count);
    text[output.count] = '\0';
    output_clear(&output);
    return text;
}

START_TEST(escape)
{
    char wanted[400];
    snprintf(wanted, sizeof(wanted), "\"%s\"", escapes[_i].json);
    ck_assert_str_eq(escaped(output_json, escapes[_i].bytes), wanted);
    ck_assert_str_eq(escaped(output_html, escapes[_i].bytes), escapes[_i].html);
    ck_assert_str_eq(escaped(output_markdown, escapes[_i].bytes), escapes[_i].markdown);
    ck_assert_str_eq(escaped(output_terminal, escapes[_i].bytes), escapes[_i].terminal);
}
END_TEST

/* Strings of every length around the steps of eight and the chunks, with each byte at each end and
 * in between. */
START_TEST(escape_everywhere)
{
    static const size_t lengths[] = {1, 2, 7, 8, 9, 15, 16, 17, 40, 1023, 1024, 1025, 9000};
    static char long_text[9001];
    char wanted[20];
    struct output output;
    ck_assert_int_eq(output_init(&output), 0);
    for (unsigned byte = 1; byte < 256; byte++) {
        const char single[2] = {(char)byte, '\0'};
        strcpy(wanted, escaped(output_json, single) + 1);
        size_t width = strlen(wanted) - 1, length = lengths[_i];
        for (size_t place = 0; place<length; place += length> 60 ? 499 : 1) {
            memset(long_text, 'x', length);
            long_text[length] = '\0';
            long_text[place] = (char)byte;
            output.count = 0;
            output_json(&output, long_text);
            ck_assert_uint_eq(output.count, length + 1 + width);
            ck_assert_int_eq(output.bytes[0], '"');
            ck_assert_mem_eq(output.bytes + 1 + place, wanted, width);
            ck_assert_int_eq(output.bytes[output.count - 1], '"');
            size_t rest = strspn(output.bytes + 1 + place + width, "x");
            ck_assert_uint_eq(rest, length - place - 1);
        }
    }
    output_clear(&output);
}
END_TEST

static const struct {
    const char *text;
    unsigned column, indent, width;
    const char *shown;
} paragraphs[] = {
    {"one two three", 0, 0, 80, "one two three\n"},
    {"one two three", 0, 2, 8, "one two\n  three\n"},
    {"one two three", 7, 2, 9, "\n  one two\n  three\n"},
    {"  spaces \n and\tlines  ", 0, 0, 80, "spaces and lines\n"},
    {"longerthanwide", 0, 0, 5, "longerthanwide\n"},
    {"接收缓存不为空。", 0, 0, 8, "接收缓存\n不为空。\n"},
    {"接收缓存。不", 0, 0, 8, "接收缓\n存。不\n"},
    {"", 0, 0, 8, "\n"},
};

START_TEST(paragraph)
{
    struct output output;
    ck_assert_int_eq(output_init(&output), 0);
    wrap_text(&output, paragraphs[_i].text, paragraphs[_i].column, paragraphs[_i].indent,
              paragraphs[_i].width);
    output_bytes(&output, "", 1);
    ck_assert_str_eq(output.bytes, paragraphs[_i].shown);
    output_clear(&output);
}
END_TEST

#define ADD(tests, function, table)                                                                \
    tcase_add_loop_test(tests, function, 0, (int)(sizeof(table) / sizeof(table[0])))

int main(void)
{
    TCase *tests = tcase_create("format");
    tcase_set_timeout(tests, 60);
    ADD(tests, naturals_as_printf, naturals);
    tcase_add_test(tests, smallest_integer);
    ADD(tests, number, numbers);
    tcase_add_test(tests, largest_number_fits);
    ADD(tests, confidence, confidences);
    tcase_add_test(tests, confidences_sum);
    ADD(tests, time_and_seconds, times);
    tcase_add_test(tests, days);
    ADD(tests, address, addresses);
    ADD(tests, flags, flag_sets);
    ADD(tests, community, communities);
    tcase_add_test(tests, community_same_address);
    ADD(tests, escape, escapes);
    tcase_add_loop_test(tests, escape_everywhere, 0, 13);
    ADD(tests, paragraph, paragraphs);
    Suite *suite = suite_create("report_format");
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
