#include "rules/pattern.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* A line of packets from the patterns' own notation, without repeats. */
static void line_parse(struct packet_line *line, const char *text, bool from_start)
{
    static const char *const words[] = {"", "S", "S.", ".", "D", "F.", "R", "R."};
    unsigned side = 0;
    char copy[200], *rest = copy, *word;

    memset(line, 0, sizeof *line);
    line->from_start = from_start;
    ck_assert(strlen(text) < sizeof copy);
    strcpy(copy, text);
    while ((word = strsep(&rest, " "))) {
        if (strcmp(word, "<") == 0 || strcmp(word, ">") == 0) {
            side = *word == '<' ? PACKET_FROM_PEER : 0;
            continue;
        }
        unsigned kind = PACKET_SYN;
        while (kind <= PACKET_RST_ACK && strcmp(words[kind], word) != 0)
            kind++;
        ck_assert_msg(kind <= PACKET_RST_ACK, "no packet: %s", word);
        line->packets[line->count++] = (uint8_t)(kind | side);
    }
}

static const struct {
    const char *pattern, *line;
    enum rule_answer whole, cut; /* the line is the connection's start, or joins it midway */
} matches[] = {
    {"< S > R.", "< S > R.", RULE_YES, RULE_MAYBE},
    {"< S > R.", "< S > R", RULE_NO, RULE_NO},
    {"< S > R.", "> S < R.", RULE_NO, RULE_NO},
    {"< S > R.", "< S S > R.", RULE_NO, RULE_NO},
    {"< S+ > R.", "< S S > R.", RULE_YES, RULE_MAYBE},
    {"... < S > R.", "< S S > R.", RULE_YES, RULE_YES},
    {"< S > R.", "> R.", RULE_NO, RULE_MAYBE},
    {"... < D > .* > R.", "< S > S. < . < D > R.", RULE_YES, RULE_YES},
    {"... < D > .* > R.", "< S > S. < . < D > . > R.", RULE_YES, RULE_YES},
    {"... < D > .* > R.", "< S > S. < . < D > . . > R.", RULE_YES, RULE_YES},
    {"... < D > .* > R.", "< S > S. < . < D > D > R.", RULE_NO, RULE_NO},
    {"... < D > .* > R.", "> . > R.", RULE_NO, RULE_MAYBE},
    {"... < D > .+ > R.", "< D > R.", RULE_NO, RULE_NO},
    {"... < D > .? > R.", "< D > . . > R.", RULE_NO, RULE_NO},
    {"... > .* . R.", "> . R.", RULE_YES, RULE_YES},
    {"... < F. > .* D* R.", "< F. > . D R.", RULE_YES, RULE_YES},
    {"... < F. > .* D* R.", "< F. > D . R.", RULE_NO, RULE_NO},
    {"... < F. > .* D* R.", "< F. > R.", RULE_YES, RULE_YES},
    /* A greedy matcher without a way back would take both D for D* and fail. */
    {"< S > S. < .? D* . > R", "< S > S. < D D . > R", RULE_YES, RULE_MAYBE},
    {"... < D? D > R", "< D > R", RULE_YES, RULE_YES},
    {"... < D? D > R", "< D D > R", RULE_YES, RULE_YES},
    {"> S < S. > . R.", "> S < S. > . R.", RULE_YES, RULE_MAYBE},
    {"> S < S. > . R.", "< S. > . R.", RULE_NO, RULE_MAYBE},
    {"> S < S. > . R.", "> . R.", RULE_NO, RULE_MAYBE},
    {"> S < S. > . R.", "< . > . R.", RULE_NO, RULE_NO},
    {"... > R", "> R", RULE_YES, RULE_YES},
    {"> R", "> R", RULE_YES, RULE_MAYBE},
    {"> D* > R", "> D > R", RULE_YES, RULE_MAYBE},
    {"> D* > R", "< S > D > R", RULE_NO, RULE_NO},
};

START_TEST(pattern_answers)
{
    struct pattern pattern;
    struct packet_line line;
    struct whyrst_error error;

    ck_assert_msg(pattern_compile(&pattern, matches[_i].pattern, &error) == 0, "%s: %s",
                  matches[_i].pattern, error.text);
    line_parse(&line, matches[_i].line, true);
    ck_assert_msg(pattern_match(&pattern, &line) == matches[_i].whole, "%s on %s",
                  matches[_i].pattern, matches[_i].line);
    line_parse(&line, matches[_i].line, false);
    ck_assert_msg(pattern_match(&pattern, &line) == matches[_i].cut, "%s on the end of %s",
                  matches[_i].pattern, matches[_i].line);
}
END_TEST

static const struct {
    const char *pattern, *message; /* its beginning */
} refused[] = {
    {"", "empty pattern"},
    {"...", "empty pattern"},
    {"... <", "empty pattern"},
    {"S > R.", "the first packet needs a direction"},
    {"... < X > R.", "unknown packet \"X\""},
    {"... < D. > R.", "unknown packet \"D.\""},
    {"... <D > R.", "unknown packet \"<D\""},
    {"... < D** > R.", "unknown packet \"D**\""},
    {"... < * > R.", "unknown packet \"*\""},
    {"< S ... > R.", "\"...\" stands for what came before"},
    {"... ... > R.", "\"...\" stands for what came before"},
    {"... < D > .", "a pattern ends with the reset"},
    {"... < D > R?", "a pattern ends with the reset"},
    {"... > D < R", "a pattern ends with the reset"},
    {"... > R < D", "a pattern ends with the reset"},
    {"... < D* D+ > R", "two repeats in a row"},
    {"... < D* < D* > R", "two repeats in a row"},
    {"... < D D D > R", "three of the same packet"},
    {"... < D D+ D > R", "three of the same packet"},
    {"< S > S. < . > D < . > D < . > D < . > D < . > D < . > D < . > D < . > D < . > D < . > D < . "
     "> D "
     "< . > D < . > D < . > D < . > D < . > R",
     "more than 31 packets"},
};

START_TEST(pattern_refuses)
{
    struct pattern pattern;
    struct whyrst_error error = {""};

    ck_assert_msg(pattern_compile(&pattern, refused[_i].pattern, &error) == -1, "%s accepted",
                  refused[_i].pattern);
    ck_assert_msg(strncmp(error.text, refused[_i].message, strlen(refused[_i].message)) == 0,
                  "%s: %s", refused[_i].pattern, error.text);
    ck_assert_int_eq(pattern_compile(&pattern, refused[_i].pattern, NULL), -1);
}
END_TEST

/* The plain definition of a match, by trying every way, which is what the machine has to agree
 * with. */
struct item {
    uint8_t packet;
    char suffix;
};

static bool slow_match(const struct item *items, int count, const uint8_t *packets, unsigned left,
                       bool anchored)
{
    if (count == 0)
        return !anchored || left == 0;
    const struct item *last = &items[count - 1];
    bool optional = last->suffix == '?' || last->suffix == '*';
    bool repeated = last->suffix == '+' || last->suffix == '*';

    if (optional && slow_match(items, count - 1, packets, left, anchored))
        return true;
    for (unsigned used = 1; used <= left && packets[left - used] == last->packet; used++) {
        if (slow_match(items, count - 1, packets, left - used, anchored))
            return true;
        if (!repeated)
            break;
    }
    return false;
}

START_TEST(pattern_agrees_with_its_definition)
{
    static const char suffixes[] = {0, 0, '?', '*', '+'};
    static const char *const words[] = {".", "D"};
    unsigned compared = 0, matched = 0;

    srandom(7);
    for (int round = 0; round < 20000; round++) {
        struct item items[6];
        struct pattern pattern;
        struct packet_line line = {.from_start = true};
        bool anchored = random() % 2;
        int count = 1 + (int)(random() % 5);
        char text[100] = "";

        strcat(text, anchored ? "" : "...");
        for (int i = 0; i < count; i++) {
            unsigned kind = (unsigned)random() % 2, side = (unsigned)random() % 2;
            items[i].packet =
                (uint8_t)((kind ? PACKET_DATA : PACKET_ACK) | (side ? PACKET_FROM_PEER : 0));
            items[i].suffix = suffixes[random() % 5];
            snprintf(text + strlen(text), sizeof text - strlen(text), " %s %s%c", side ? "<" : ">",
                     words[kind], items[i].suffix ? items[i].suffix : ' ');
        }
        items[count++] = (struct item){PACKET_RST, 0};
        strcat(text, " > R");
        if (pattern_compile(&pattern, text, NULL))
            continue; /* two repeats in a row and the like */
        line.count = (unsigned)random() % 7;
        for (unsigned i = 0; i < line.count; i++)
            line.packets[i] = (uint8_t)((random() % 2 ? PACKET_DATA : PACKET_ACK) |
                                        (random() % 2 ? PACKET_FROM_PEER : 0));
        line.packets[line.count++] = PACKET_RST;
        bool expected = slow_match(items, count, line.packets, line.count, anchored);
        ck_assert_msg((pattern_match(&pattern, &line) == RULE_YES) == expected, "%s", text);
        compared++;
        matched += expected;
    }
    ck_assert_uint_gt(compared, 10000);
    ck_assert_uint_gt(matched, 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pattern");
    TCase *tests = tcase_create("pattern");

    tcase_add_loop_test(tests, pattern_answers, 0, sizeof matches / sizeof *matches);
    tcase_add_loop_test(tests, pattern_refuses, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tests, pattern_agrees_with_its_definition);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
