#include "rules/text.h"

#include "rules/append.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A placeholder is whose it is, then what of it: $PEER_PORT. */
enum text_owner { OF_CLIENT, OF_SERVER, OF_RESETTER, OF_PEER, OWNER_COUNT };
enum text_kind { KIND_ENDPOINT, KIND_IP, KIND_PORT, KIND_ROLE, KIND_COUNT };

#define WORD(owner, kind) (1u + (owner)*KIND_COUNT + (kind))

_Static_assert(TEXT_WORD_COUNT == WORD(OWNER_COUNT, 0), "a word for every placeholder");

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

/* The words of one end: the address alone and the port are within "[address]:port". */
static void end_set(struct text_words *words, const struct rule_values *values,
                    enum whyrst_side side)
{
    static const char *const roles[2][2] = {{"client", "server"}, {"客户端", "服务器"}};
    const char *ip = values->ip[side] ? values->ip[side] : "?";
    const char *role = roles[values->language == WHYRST_ZH][side];
    size_t ip_count = strlen(ip);
    bool is_ipv6 = memchr(ip, ':', ip_count) != NULL;
    struct text_word *word = &words->word[WORD(side == WHYRST_SERVER ? OF_SERVER : OF_CLIENT, 0)];
    struct append append = append_start(words->ends[side], sizeof words->ends[side]);

    if (is_ipv6)
        append_bytes(&append, "[", 1);
    append_bytes(&append, ip, ip_count);
    append_bytes(&append, is_ipv6 ? "]:" : ":", is_ipv6 ? 2 : 1);
    const char *port = append.at;
    append_unsigned(&append, values->port[side]);
    append_end(&append);
    word[KIND_ENDPOINT] =
        (struct text_word){words->ends[side], (size_t)(append.at - words->ends[side])};
    word[KIND_IP] = (struct text_word){ip, ip_count};
    word[KIND_PORT] = (struct text_word){port, (size_t)(append.at - port)};
    word[KIND_ROLE] = (struct text_word){role, strlen(role)};
}

void text_words_set(struct text_words *words, const struct rule_values *values)
{
    bool by_server = values->resetter == WHYRST_SERVER;
    const struct text_word *client = &words->word[WORD(OF_CLIENT, 0)];
    const struct text_word *server = &words->word[WORD(OF_SERVER, 0)];
    size_t bytes = KIND_COUNT * sizeof *client;

    words->word[TEXT_WORD_NONE] = (struct text_word){"", 0};
    end_set(words, values, WHYRST_CLIENT);
    end_set(words, values, WHYRST_SERVER);
    memcpy(&words->word[WORD(OF_RESETTER, 0)], by_server ? server : client, bytes);
    memcpy(&words->word[WORD(OF_PEER, 0)], by_server ? client : server, bytes);
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
    output_add(output, word->bytes, word->count);
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
