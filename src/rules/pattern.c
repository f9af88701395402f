#include "rules/pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct token {
    uint8_t packet; /* enum packet_kind | PACKET_FROM_PEER */
    bool repeated, optional;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct whyrst_error *error,
                                                        const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
    }
    return -1;
}

static uint8_t packet_of(const char *word, size_t length)
{
    static const struct {
        const char *word;
        uint8_t packet;
    } words[] = {{"S", PACKET_SYN},     {"S.", PACKET_SYN_ACK}, {".", PACKET_ACK},
                 {"D", PACKET_DATA},    {"F.", PACKET_FIN},     {"R", PACKET_RST},
                 {"R.", PACKET_RST_ACK}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0)
            return words[i].packet;
    return PACKET_NONE;
}

static int token_parse(struct token *token, const char *word, size_t length,
                       struct whyrst_error *error)
{
    char suffix = length > 1 ? word[length - 1] : 0;
    bool has_suffix = suffix == '?' || suffix == '*' || suffix == '+';

    token->packet = packet_of(word, length - has_suffix);
    if (token->packet == PACKET_NONE)
        return refuse(error, "unknown packet \"%.*s\"; packets are S S. . D F. R R. with ? * +",
                      (int)(length > 40 ? 40 : length), word);
    token->repeated = has_suffix && suffix != '?';
    token->optional = has_suffix && suffix != '+';
    return 0;
}

/* Splits the text into tokens, oldest packet first. Returns how many, or -1. */
static int tokenize(const char *text, struct token tokens[PATTERN_MAX_TOKENS], bool *anchored,
                    struct whyrst_error *error)
{
    int count = 0, side = -1;
    bool first = true;

    *anchored = true;
    for (;; first = false) {
        text += strspn(text, " ");
        size_t length = strcspn(text, " ");
        if (length == 0)
            return count;
        if (length == 3 && memcmp(text, "...", 3) == 0) {
            if (!first)
                return refuse(error, "\"...\" stands for what came before and can only be first");
            *anchored = false;
        } else if (length == 1 && (*text == '<' || *text == '>')) {
            side = *text == '<' ? PACKET_FROM_PEER : 0;
        } else {
            if (count == PATTERN_MAX_TOKENS)
                return refuse(error, "more than %d packets", PATTERN_MAX_TOKENS);
            if (token_parse(&tokens[count], text, length, error))
                return -1;
            if (side < 0)
                return refuse(error, "the first packet needs a direction: < from the peer, "
                                     "> from the resetter");
            tokens[count++].packet |= (uint8_t)side;
        }
        text += length;
    }
}

static int tokens_check(const struct token *tokens, int count, struct whyrst_error *error)
{
    if (count == 0)
        return refuse(error, "empty pattern");

    const struct token *last = &tokens[count - 1];
    if ((last->packet != PACKET_RST && last->packet != PACKET_RST_ACK) || last->repeated ||
        last->optional)
        return refuse(error, "a pattern ends with the reset: \"> R\" or \"> R.\"");

    int run = 0; /* packets of one kind and side in a row that must be there */
    for (int i = 0; i < count; i++) {
        bool same = i > 0 && tokens[i].packet == tokens[i - 1].packet;
        if (same && tokens[i].repeated && tokens[i - 1].repeated)
            return refuse(error, "two repeats in a row match the same packet; one is enough");
        run = (same ? run : 0) + !tokens[i].optional;
        if (run > 2)
            return refuse(error, "three of the same packet in a row can never match: longer runs "
                                 "are kept as two; use +");
    }
    return 0;
}

int pattern_compile(struct pattern *pattern, const char *text, struct whyrst_error *error)
{
    struct token tokens[PATTERN_MAX_TOKENS];

    memset(pattern, 0, sizeof *pattern);
    int count = tokenize(text, tokens, &pattern->anchored, error);
    if (count < 0 || tokens_check(tokens, count, error))
        return -1;
    for (int i = 0; i < count; i++) {
        const struct token *token = &tokens[count - 1 - i];
        uint32_t bit = UINT32_C(1) << i;
        pattern->fits[token->packet] |= bit;
        pattern->repeated |= token->repeated ? bit : 0;
        pattern->optional |= token->optional ? bit : 0;
    }
    pattern->accept = UINT32_C(1) << count;
    return 0;
}

/* Tokens that may stay out are passed over: their successors can be next as well. */
static inline uint32_t with_skips(const struct pattern *pattern, uint32_t next)
{
    uint32_t skipped;

    while ((skipped = ((next & pattern->optional) << 1) & ~next))
        next |= skipped;
    return next;
}

enum rule_answer pattern_match(const struct pattern *pattern, const struct packet_line *line)
{
    uint32_t next = with_skips(pattern, 1); /* tokens the packet at hand may fit */

    for (unsigned i = line->count; i-- > 0;) {
        uint32_t fit = next & pattern->fits[line->packets[i] % PATTERN_PACKETS];
        next = with_skips(pattern, fit << 1 | (fit & pattern->repeated));
        if (!next)
            return RULE_NO;
        if (!pattern->anchored && (next & pattern->accept))
            return RULE_YES;
    }
    if (!line->from_start)
        return RULE_MAYBE;
    return pattern->anchored && (next & pattern->accept) ? RULE_YES : RULE_NO;
}
