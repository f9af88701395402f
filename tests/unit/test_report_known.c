/* Strings made ready for JSON beforehand, and the digits and words they stand between. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/known.h"
#include "report/output.h"
#include "rules/ruleset.h"
#include "rules/text.h"

#include "suite.h"

static void assert_same_json(const struct known *known, const char *string)
{
    struct output output;
    const struct known_string *found = known_find(known, string);
    ck_assert_msg(found != NULL, "\"%s\" is not known", string);
    ck_assert_int_eq(output_init(&output), 0);
    output_json(&output, string);
    ck_assert_uint_eq(found->count, output.count);
    ck_assert_mem_eq(known->bytes + found->start, output.bytes, output.count);
    output_clear(&output);
}

START_TEST(rules_and_facts_are_known)
{
    struct whyrst_error error;
    struct whyrst_rules *rules = whyrst_rules_load(SOURCE_DIR "/rules", &error);
    struct known known = {0};
    ck_assert_msg(rules != NULL, "%s", error.text);
    known_init(&known, rules);
    for (int cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        const struct rule *rule = ruleset_rule(rules, (enum whyrst_cause)cause);
        assert_same_json(&known, whyrst_cause_name((enum whyrst_cause)cause));
        assert_same_json(&known, rule->title.text[WHYRST_EN]);
        assert_same_json(&known, rule->title.text[WHYRST_ZH]);
    }
    for (unsigned n = 0; n < ruleset_signature_count(rules); n++) {
        assert_same_json(&known, ruleset_signature(rules, n)->name);
        assert_same_json(&known, ruleset_signature(rules, n)->why);
    }
    for (unsigned id = 0; id < FACT_COUNT; id++)
        assert_same_json(&known, fact_table[id].name);
    known_clear(&known);
    whyrst_rules_free(rules);
}
END_TEST

/* Equal bytes elsewhere are another string. */
START_TEST(a_string_is_known_by_its_place)
{
    char copy[64];
    struct known known = {0};
    ck_assert_ptr_null(known_find(&known, fact_table[0].name));
    known_init(&known, NULL);
    assert_same_json(&known, fact_table[0].name);
    snprintf(copy, sizeof(copy), "%s", fact_table[0].name);
    ck_assert_ptr_null(known_find(&known, copy));
    ck_assert_ptr_null(known_find(&known, NULL));
    known_clear(&known);
    ck_assert_ptr_null(known_find(&known, fact_table[0].name));
}
END_TEST

static void assert_digits(uint64_t value)
{
    char wanted[DIGITS_ROOM + 1], digits[DIGITS_ROOM + 1];
    snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)value);
    memset(digits, 'x', sizeof(digits));
    *digits_write(digits, value) = '\0';
    ck_assert_str_eq(digits, wanted);
}

START_TEST(digits_of_every_length)
{
    for (uint64_t value = 0; value < 100100; value++)
        assert_digits(value);
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
        for (uint64_t step = 0; step < 3; step++) {
            assert_digits(power * 10 - step);
            assert_digits(power * 10 + step);
            assert_digits(power * 7 + step);
        }
    for (unsigned value = 0; value < 256; value++) {
        char wanted[8], octet[8];
        snprintf(wanted, sizeof(wanted), "%u", value);
        *digits_octet(octet, (uint8_t)value) = '\0';
        ck_assert_str_eq(octet, wanted);
    }
}
END_TEST

/* The longest words fit, and a buffer of any size is never left behind its end. */
START_TEST(longest_words)
{
    static const struct whyrst_address longest = {.ip = {0x20, 0x01, 0x1d, 0xb8, 0x12, 0x34, 0x56,
                                                         0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34,
                                                         0x56, 0x78},
                                                  .version = 6,
                                                  .port = 65535};
    static const struct rule_values values = {{&longest, &longest}, WHYRST_SERVER, WHYRST_ZH};
    static const char wanted[] = "a[2001:1db8:1234:5678:9abc:def0:1234:5678]:65535"
                                 "2001:1db8:1234:5678:9abc:def0:1234:5678|65535客户端";
    struct text_words words;
    struct text_part *parts = text_cut("a$CLIENT$SERVER_IP|$PEER_PORT$PEER_ROLE");
    ck_assert_ptr_nonnull(parts);
    text_words_set(&words, &values);
    for (size_t size = 1; size <= sizeof(wanted) + 20; size++) {
        char *buf = malloc(size); /* of just this size, for the sanitizer */
        ck_assert_int_eq(text_fill(parts, &words, buf, size), size < sizeof(wanted) ? -1 : 0);
        ck_assert(strncmp(buf, wanted, strlen(buf)) == 0);
        ck_assert_uint_ge(strlen(buf) + 3, size < sizeof(wanted) ? size : sizeof(wanted));
        free(buf);
    }
    free(parts);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("report_known");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, rules_and_facts_are_known);
    tcase_add_test(tests, a_string_is_known_by_its_place);
    tcase_add_test(tests, digits_of_every_length);
    tcase_add_test(tests, longest_words);
    Suite *suite = suite_create("report_known");
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
