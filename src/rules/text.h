/* Placeholders in the texts of rules, and what they stand for. */
#ifndef WHYRST_RULES_TEXT_H
#define WHYRST_RULES_TEXT_H

#include "rules/ruleset.h"

/* What a placeholder stands for: 1 + 4 * whose it is (client, server, resetter, peer) + what of it
 * (address with port, address, port, role). */
#define TEXT_WORD_NONE        0u
#define TEXT_WORD_CLIENT_IP   2u
#define TEXT_WORD_CLIENT_PORT 3u
#define TEXT_WORD_SERVER_IP   6u
#define TEXT_WORD_SERVER_PORT 7u
#define TEXT_WORD_COUNT       17u
#define TEXT_WORD_ROOM        54 /* the longest: an IPv6 address in brackets and a port */

/* A stretch of a text as it stands, then a word. A text that was cut is an array of these, closed
 * by the one without a word. */
struct text_part {
    const char *bytes;
    uint32_t count;
    uint32_t word; /* TEXT_WORD_NONE in the last part */
};

/* Its bytes may be copied in blocks of sixteen. */
struct text_word {
    const char *bytes;
    size_t count;
};

/* All words of one reset. They point into it. */
struct text_words {
    struct text_word word[TEXT_WORD_COUNT];
    char ends[2][TEXT_WORD_ROOM + 10]; /* by enum whyrst_side: address with port, NUL-terminated */
};

void text_words_set(struct text_words *words, const struct rule_values *values);

/* The parts of a text, which must outlive them; freed with free(). NULL without memory. */
struct text_part *text_cut(const char *text);
/* rule_text_fill with the words at hand, for a text as it is and for one cut beforehand. */
int text_fill_line(const char *text, const struct text_words *words, char *buf, size_t size);
int text_fill(const struct text_part *parts, const struct text_words *words, char *buf,
              size_t size);

/* The first placeholder in text that does not exist, with its length; NULL when all do. */
const char *text_bad_placeholder(const char *text, size_t *length);

#endif
