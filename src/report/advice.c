#include "report/advice.h"

#include <stdlib.h>
#include <string.h>

#include "rules/append.h"
#include "rules/ruleset.h"

#define LINE_ROOM 1024 /* of a line with its placeholders filled in */

static void lines_json(const struct shown_reset *shown, const char *const *lines,
                       struct output *output)
{
    char filled[LINE_ROOM];
    for (unsigned i = 0; lines && lines[i]; i++) {
        if (i)
            output_literal(output, ",");
        output_json(output,
                    shown ? report_fill(shown, lines[i], filled, sizeof(filled)) : lines[i]);
    }
}

/* shown is NULL for the lines with their placeholders. */
static void both_json(const struct shown_reset *shown, const char *const *confirm,
                      const char *const *remedy, struct output *output)
{
    output_literal(output, ",\"confirm\":[");
    lines_json(shown, confirm, output);
    output_literal(output, "],\"remedy\":[");
    lines_json(shown, remedy, output);
    output_literal(output, "]");
}

/* No line can get so long that it would have to be cut. */
static bool lines_fit(const char *const *lines)
{
    for (; *lines; lines++) {
        size_t longest = strlen(*lines);
        for (const char *at = *lines; (at = strchr(at, '$')); at++)
            longest += TEXT_WORD_ROOM;
        if (longest >= LINE_ROOM)
            return false;
    }
    return true;
}

/* Escaping changes nothing but the quotes around it; the words put into it are plain. */
static bool text_is_plain(const char *text, struct output *scratch)
{
    scratch->count = 0;
    output_json(scratch, text);
    return scratch->count == strlen(text) + 2 &&
           memcmp(scratch->bytes + 1, text, strlen(text)) == 0;
}

/* Placeholders stay what they are when escaped, and so do the words they stand for. */
static void advice_prepare(struct report *report, const struct rule *rule, struct advice *advice)
{
    const char *const *confirm = rule->confirm;
    const char *const *remedy = rule->remedy[report->options.language];
    struct output json;
    advice->tried = true;
    if (!lines_fit(confirm) || !lines_fit(remedy) || output_init(&json) != 0)
        return;
    advice->plain = text_is_plain(rule->explain.text[report->options.language], &json) &&
                    text_is_plain(rule->impact.text[report->options.language], &json);
    json.count = 0;
    both_json(NULL, confirm, remedy, &json);
    output_bytes(&json, "", 1);
    if (json.failed || !(advice->parts = text_cut(json.bytes))) {
        output_clear(&json);
        return;
    }
    advice->json = json.bytes;
    advice->room = json.count + 16; /* words are written in blocks */
    for (const struct text_part *part = advice->parts; part->word != TEXT_WORD_NONE; part++)
        advice->room += TEXT_WORD_ROOM;
    advice->confirm = confirm;
    advice->remedy = remedy;
}

void advice_clear(struct advice advices[WHYRST_CAUSE_COUNT])
{
    for (int cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        free(advices[cause].parts);
        free(advices[cause].json);
    }
}

/* What was prepared for the lines of this reset, or NULL. They are known by their place, so only
 * the rules' own will do, which stay the same. */
static const struct advice *advice_find(struct report *report, const struct whyrst_reset *reset)
{
    enum whyrst_cause cause = reset->verdict.cause;
    const struct rule *rule =
        report->options.rules ? ruleset_rule(report->options.rules, cause) : NULL;
    if (!rule)
        return NULL;
    struct advice *advice = &report->advices[cause];
    if (!advice->tried)
        advice_prepare(report, rule, advice);
    bool same = reset->confirm == advice->confirm && reset->remedy == advice->remedy;
    return advice->parts && same && advice->room <= OUTPUT_MAX_ROOM ? advice : NULL;
}

bool advice_is_plain(struct report *report, const struct whyrst_reset *reset)
{
    const struct advice *advice = advice_find(report, reset);
    return advice && advice->plain && !report->anonymizer;
}

void advice_json(struct report *report, const struct shown_reset *shown, struct output *output)
{
    const struct advice *advice = advice_find(report, shown->reset);
    if (!advice) {
        both_json(shown, shown->reset->confirm, shown->reset->remedy, output);
        return;
    }
    char *at = output_room(output, advice->room);
    for (const struct text_part *part = advice->parts;; part++) {
        const struct text_word *word = &shown->words.word[part->word];
        at = format_bytes(at, part->bytes, part->count);
        at = append_blocks(at, word->bytes, word->count);
        if (part->word == TEXT_WORD_NONE)
            break;
    }
    output_end(output, at);
}
