#include "rules/text.h"

#include "rules/address.h"
#include "rules/append.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A placeholder is whose it is, then what of it: $PEER_PORT. */
enum text_owner { OF_CLIENT, OF_SERVER, OF_RESETTER, OF_PEER, OWNER_COUNT };
enum text_kind { KIND_ENDPOINT, KIND_IP, KIND_PORT, KIND_ROLE, KIND_COUNT };

#define WORD(owner, kind) (1u + (owner)*KIND_COUNT + (kind))

_Static_assert(TEXT_WORD_COUNT == WORD(OWNER_COUNT, 0), "a word for every placeholder");
_Static_assert(TEXT_WORD_CLIENT_IP == WORD(OF_CLIENT, KIND_IP) &&
                   TEXT_WORD_CLIENT_PORT == WORD(OF_CLIENT, KIND_PORT) &&
                   TEXT_WORD_SERVER_IP == WORD(OF_SERVER, KIND_IP) &&
                   TEXT_WORD_SERVER_PORT == WORD(OF_SERVER, KIND_PORT),
               "words with a name of their own");

static const char *const owner_names[] = {"CLIENT", "SERVER", "RESETTER", "PEER"};
static const char *const kind_names[] = {"", "_IP", "_PORT", "_ROLE"};

/* The length of the placeholder's name at `at` (behind the $); 0 when there is none: "$1", "$(". */
static size_t name_length(const char *at)
{
    size_t length = 0;

    while ((at[length] >= 'A' && at[length] <= 'Z') || (length > 0 && at[length] == '_'))
        length++;
    return length;
}

/* The word a name stands for, or TEXT_WORD_NONE. The four owners differ in their first letter, the
 * kinds in length and first letter. */
static unsigned name_find(const char *name, size_t length)
{
    unsigned owner = *name == 'C'   ? OF_CLIENT
                     : *name == 'S' ? OF_SERVER
                     : *name == 'R' ? OF_RESETTER
                                    : OF_PEER;
    size_t head = owner == OF_PEER ? 4 : owner == OF_RESETTER ? 8 : 6;

    if (length < head || memcmp(name, owner_names[owner], head) != 0)
        return TEXT_WORD_NONE;
    const char *tail = name + head;
    size_t rest = length - head;
    unsigned kind = rest == 0   ? KIND_ENDPOINT
                    : rest == 3 ? KIND_IP
                    : rest == 5 ? (tail[1] == 'P' ? KIND_PORT : KIND_ROLE)
                                : KIND_COUNT;
    if (kind == KIND_COUNT || memcmp(tail, kind_names[kind], rest) != 0)
        return TEXT_WORD_NONE;
    if (kind == KIND_ROLE && owner < OF_RESETTER) /* the client's role says nothing */
        return TEXT_WORD_NONE;
    return WORD(owner, kind);
}

const char *text_bad_placeholder(const char *text, size_t *length)
{
    for (const char *at = strchr(text, '$'); at; at = strchr(at + 1, '$')) {
        *length = name_length(at + 1);
        if (*length && !name_find(at + 1, *length)) {
            ++*length;
            return at;
        }
    }
    return NULL;
}

/* The next part of a text; returns what is left of it. */
static const char *part_next(const char *text, struct text_part *part)
{
    const char *at = strchrnul(text, '$');

    part->bytes = text;
    part->word = TEXT_WORD_NONE;
    for (; *at; at = strchrnul(at + 1, '$')) {
        size_t length = name_length(at + 1);
        part->word = length ? name_find(at + 1, length) : TEXT_WORD_NONE;
        if (part->word != TEXT_WORD_NONE) {
            part->count = (uint32_t)(at - text);
            return at + 1 + length;
        }
    }
    part->count = (uint32_t)(at - text);
    return at;
}

struct text_part *text_cut(const char *text)
{
    size_t count = 1;

    for (const char *at = text; (at = strchr(at, '$')); at++)
        count++;
    struct text_part *parts = calloc(count, sizeof *parts);
    for (struct text_part *part = parts; parts; part++) {
        text = part_next(text, part);
        if (part->word == TEXT_WORD_NONE)
            break;
    }
    return parts;
}

/* The words of one end whose text "[address]:port" is at words->ends: the other two are in it. */
static void end_set(struct text_words *words, enum whyrst_side side, enum whyrst_language language,
                    const char *port, const char *end)
{
    static const char roles[2][2][16] = {{"client", "server"}, {"客户端", "服务器"}};
    const char *role = roles[language == WHYRST_ZH][side];
    const char *start = words->ends[side];
    bool brackets = *start == '[';
    struct text_word *word = &words->word[WORD(side == WHYRST_SERVER ? OF_SERVER : OF_CLIENT, 0)];

    word[KIND_ENDPOINT] = (struct text_word){start, (size_t)(end - start)};
    word[KIND_IP] = (struct text_word){start + brackets, (size_t)(port - start) - 1 - 2 * brackets};
    word[KIND_PORT] = (struct text_word){port, (size_t)(end - port)};
    word[KIND_ROLE] = (struct text_word){role, language == WHYRST_ZH ? 9 : 6};
}

/* The same words again, by who reset. */
static void words_close(struct text_words *words, enum whyrst_side resetter)
{
    const struct text_word *client = &words->word[WORD(OF_CLIENT, 0)];
    const struct text_word *server = &words->word[WORD(OF_SERVER, 0)];
    bool by_server = resetter == WHYRST_SERVER;
    size_t bytes = KIND_COUNT * sizeof *client;

    words->word[TEXT_WORD_NONE] = (struct text_word){"", 0};
    memcpy(&words->word[WORD(OF_RESETTER, 0)], by_server ? server : client, bytes);
    memcpy(&words->word[WORD(OF_PEER, 0)], by_server ? client : server, bytes);
}

void text_words_set(struct text_words *words, const struct rule_values *values)
{
    for (int side = WHYRST_CLIENT; side <= WHYRST_SERVER; side++) {
        const struct whyrst_address *address = values->end[side];
        bool brackets = address->version == 6;
        char *start = words->ends[side];

        *start = '[';
        char *at = address_format(start + brackets, address);
        *at = ']';
        at[brackets] = ':';
        char *port = at + brackets + 1, *end = digits_write(port, address->port);
        *end = '\0';
        end_set(words, (enum whyrst_side)side, values->language, port, end);
    }
    words_close(words, values->resetter);
}

struct output {
    char *buf;
    size_t used, size;
    bool cut;
};

static inline void output_add(struct output *output, const char *bytes, size_t length)
{
    size_t room = output->size - 1 - output->used;
    if (length > room) {
        length = room;
        while (length > 0 && ((unsigned char)bytes[length] & 0xc0) == 0x80)
            length--; /* not within a character of UTF-8 */
        output->cut = true;
        output->size = output->used + length + 1; /* nothing goes behind a cut */
    }
    memcpy(output->buf + output->used, bytes, length);
    output->used += length;
}

static inline void part_add(struct output *output, const struct text_part *part,
                            const struct text_words *words)
{
    const struct text_word *word = &words->word[part->word];
    output_add(output, part->bytes, part->count);
    if (output->size - output->used < word->count + 16) {
        output_add(output, word->bytes, word->count);
        return;
    }
    append_blocks(output->buf + output->used, word->bytes, word->count);
    output->used += word->count;
}

static int output_close(const struct output *output)
{
    output->buf[output->used] = '\0';
    return output->cut ? -1 : 0;
}

int text_fill(const struct text_part *parts, const struct text_words *words, char *buf, size_t size)
{
    struct output output = {.buf = buf, .size = size};

    if (size == 0)
        return -1;
    for (; parts->word != TEXT_WORD_NONE; parts++)
        part_add(&output, parts, words);
    part_add(&output, parts, words);
    return output_close(&output);
}

int text_fill_line(const char *text, const struct text_words *words, char *buf, size_t size)
{
    struct output output = {.buf = buf, .size = size};
    struct text_part part;

    if (size == 0)
        return -1;
    do {
        text = part_next(text, &part);
        part_add(&output, &part, words);
    } while (part.word != TEXT_WORD_NONE);
    return output_close(&output);
}

int rule_text_fill(const char *text, const struct rule_values *values, char *buf, size_t size)
{
    struct text_words words;

    text_words_set(&words, values);
    return text_fill_line(text, &words, buf, size);
}
