/* Placeholders, positions in a file, and the rules as they are shipped. */
#include "rules/position.h"
#include "rules/ruleset.h"
#include "rules/text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static const struct whyrst_address client = {.ip = {192, 0, 2, 1}, .version = 4, .port = 50000};
static const struct whyrst_address server = {
    .ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .version = 6, .port = 443};
static const struct rule_values by_server = {{&client, &server}, WHYRST_SERVER, WHYRST_EN};
static const struct rule_values by_client_zh = {{&client, &server}, WHYRST_CLIENT, WHYRST_ZH};

static const struct {
    const char *text;
    const struct rule_values *values;
    const char *filled;
} fills[] = {
    {"", &by_server, ""},
    {"no placeholder", &by_server, "no placeholder"},
    {"$CLIENT $SERVER", &by_server, "192.0.2.1:50000 [2001:db8::2]:443"},
    {"$CLIENT_IP,$CLIENT_PORT,$SERVER_IP,$SERVER_PORT", &by_server,
     "192.0.2.1,50000,2001:db8::2,443"},
    {"$RESETTER and $PEER", &by_server, "[2001:db8::2]:443 and 192.0.2.1:50000"},
    {"$RESETTER_IP $RESETTER_PORT $PEER_IP $PEER_PORT", &by_client_zh,
     "192.0.2.1 50000 2001:db8::2 443"},
    {"the $RESETTER_ROLE, not the $PEER_ROLE", &by_server, "the server, not the client"},
    {"$RESETTER_ROLE与$PEER_ROLE", &by_client_zh, "客户端与服务器"},
    {"$CLIENT发送", &by_client_zh, "192.0.2.1:50000发送"},
    {"cost: 5$, $1, $(x), $", &by_server, "cost: 5$, $1, $(x), $"},
    {"'$SERVER_PORT'", &by_server, "'443'"},
};

START_TEST(text_is_filled)
{
    char buf[200];

    ck_assert_int_eq(rule_text_fill(fills[_i].text, fills[_i].values, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, fills[_i].filled);
}
END_TEST

START_TEST(text_is_cut_between_characters)
{
    static const char text[] = "a客户$CLIENT";
    char whole[64], buf[64];

    ck_assert_int_eq(rule_text_fill(text, &by_server, whole, sizeof whole), 0);
    for (size_t size = 1; size <= strlen(whole) + 1; size++) {
        memset(buf, 'x', sizeof buf);
        int result = rule_text_fill(text, &by_server, buf, size);
        ck_assert_int_eq(result, size == strlen(whole) + 1 ? 0 : -1);
        ck_assert_uint_lt(strlen(buf), size);
        ck_assert(strncmp(buf, whole, strlen(buf)) == 0);
        ck_assert_uint_ne((unsigned char)whole[strlen(buf)] & 0xc0, 0x80);
    }
    ck_assert_int_eq(rule_text_fill(text, &by_server, buf, 0), -1);
}
END_TEST

START_TEST(bad_placeholders_are_found)
{
    size_t length = 0;

    ck_assert_ptr_null(text_bad_placeholder("$CLIENT $PEER_ROLE $1 $ $(x)", &length));
    ck_assert_str_eq(text_bad_placeholder("a $CLIENTS b", &length), "$CLIENTS b");
    ck_assert_uint_eq(length, 8);
    ck_assert_ptr_nonnull(text_bad_placeholder("$CLIENT_ROLE", &length));
    ck_assert_ptr_nonnull(text_bad_placeholder("$PEER $PEER_", &length));
    ck_assert_ptr_nonnull(text_bad_placeholder("$HOME", &length));
}
END_TEST

START_TEST(positions_are_found)
{
    static const char text[] = "{ \"a\": \"} ] \\\" {\",\n"
                               "  \"b\": [1, {\"x\": [[], {}]},\n"
                               "    \"b\",\n"
                               "    {\"c.d\" : null,\n"
                               "     \"e\": -1.5e3}\n"
                               "  ], \"f\":\n"
                               "  true }\n";
    struct position root = {NULL, NULL, 0}, a = {&root, "a", 0}, b = {&root, "b", 0};
    struct position b1 = {&b, NULL, 1}, b2 = {&b, NULL, 2}, b3 = {&b, NULL, 3}, b4 = {&b, NULL, 4};
    struct position cd = {&b3, "c.d", 0}, e = {&b3, "e", 0}, f = {&root, "f", 0};
    struct position none = {&root, "none", 0}, under = {&none, "x", 0}, in_string = {&a, "x", 0};
    char buf[64], small[8];

    ck_assert_uint_eq(position_line(text, &root), 1);
    ck_assert_uint_eq(position_line(text, &a), 1);
    ck_assert_uint_eq(position_line(text, &b), 2);
    ck_assert_uint_eq(position_line(text, &b1), 2);
    ck_assert_uint_eq(position_line(text, &b2), 3);
    ck_assert_uint_eq(position_line(text, &cd), 4);
    ck_assert_uint_eq(position_line(text, &e), 5);
    ck_assert_uint_eq(position_line(text, &f), 6);
    ck_assert_uint_eq(position_line(text, &b4), 2);
    ck_assert_uint_eq(position_line(text, &under), 1);
    ck_assert_uint_eq(position_line(text, &in_string), 1);
    position_format(&cd, buf, sizeof buf);
    ck_assert_str_eq(buf, "b[3][\"c.d\"]");
    position_format(&e, buf, sizeof buf);
    ck_assert_str_eq(buf, "b[3].e");
    position_format(&root, buf, sizeof buf);
    ck_assert_str_eq(buf, "");
    position_format(&cd, small, sizeof small);
    ck_assert_str_eq(small, "b[3][\"c");
}
END_TEST

/* Every cause has its rule, and its texts fit the public structs with the longest addresses. */
START_TEST(shipped_rules_are_complete)
{
    static const struct whyrst_address longest = {.ip = "\x20\x01\x1d\xb8\x12\x34\x56\x78"
                                                        "\x9a\xbc\xde\xf0\x12\x34\x56\x78",
                                                  .version = 6,
                                                  .port = 65535};
    static const char *const scenarios[WHYRST_CAUSE_COUNT] = {[WHYRST_PORT_NOT_LISTENING] = "1.1",
                                                              [WHYRST_SO_LINGER_ZERO] = "1.2",
                                                              [WHYRST_HALF_OPEN_CONNECTION] = "1.3",
                                                              [WHYRST_UNREAD_RECEIVE_BUFFER] =
                                                                  "1.4"};
    struct rule_values values = {{&longest, &longest}, WHYRST_CLIENT, WHYRST_EN};
    struct whyrst_error error;
    struct whyrst_rules *rules = whyrst_rules_load(SOURCE_DIR "/rules", &error);
    struct whyrst_verdict verdict;
    struct whyrst_reset *reset = calloc(1, sizeof *reset);

    ck_assert_msg(rules != NULL, "%s", error.text);
    ck_assert_uint_eq(whyrst_rules_count(rules), WHYRST_CAUSE_COUNT);
    for (int cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        const struct rule *rule = ruleset_rule(rules, (enum whyrst_cause)cause);
        const char *name = whyrst_cause_name((enum whyrst_cause)cause);
        ck_assert_msg(rule != NULL, "no rule for %s", name);
        ck_assert_pstr_eq(rule->scenario, scenarios[cause]);
        ck_assert_msg(rule->confirm[0] && rule->references[0], "%s: nothing to confirm it", name);
        for (int language = WHYRST_EN; language <= WHYRST_ZH; language++) {
            values.language = (enum whyrst_language)language;
            ck_assert_ptr_nonnull(rule->remedy[language][0]);
            ck_assert_msg(rule_text_fill(rule->explain.text[language], &values, verdict.explanation,
                                         sizeof verdict.explanation) == 0,
                          "%s: explanation too long", name);
            ck_assert_msg(rule_text_fill(rule->impact.text[language], &values, reset->impact,
                                         sizeof reset->impact) == 0,
                          "%s: impact too long", name);
        }
    }
    for (unsigned i = 0; i < ruleset_signature_count(rules); i++)
        ck_assert_ptr_nonnull(ruleset_signature(rules, i)->why);
    free(reset);
    whyrst_rules_free(rules);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rules_texts");
    TCase *tests = tcase_create("rules_texts");

    tcase_add_loop_test(tests, text_is_filled, 0, sizeof fills / sizeof *fills);
    tcase_add_test(tests, text_is_cut_between_characters);
    tcase_add_test(tests, bad_placeholders_are_found);
    tcase_add_test(tests, positions_are_found);
    tcase_add_test(tests, shipped_rules_are_complete);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
