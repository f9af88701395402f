#include "rules/text.h"

#include "rules/append.h"
#include "rules/ruleset.h"

#include <stdbool.h>
#include <string.h>

/* A placeholder is whose it is, then what of it: $PEER_PORT. */
enum text_part { PART_ENDPOINT, PART_IP, PART_PORT, PART_ROLE };

struct placeholder {
    enum { OF_CLIENT, OF_SERVER, OF_RESETTER, OF_PEER } owner;
    enum text_part part;
};

static const char *const owner_names[] = {"CLIENT", "SERVER", "RESETTER", "PEER"};
static const char *const part_names[] = {"", "_IP", "_PORT", "_ROLE"};

/* The length of the placeholder's name at `at` (behind the $); 0 when there is none: "$1", "$(". */
static size_t name_length(const char *at)
{
    size_t length = 0;

    while ((at[length] >= 'A' && at[length] <= 'Z') || (length > 0 && at[length] == '_'))
        length++;
    return length;
}

/* The four owners differ in their first letter, the parts in length and first letter. */
static bool name_find(const char *name, size_t length, struct placeholder *found)
{
    unsigned owner = *name == 'C'   ? OF_CLIENT
                     : *name == 'S' ? OF_SERVER
                     : *name == 'R' ? OF_RESETTER
                                    : OF_PEER;
    size_t head = owner == OF_PEER ? 4 : owner == OF_RESETTER ? 8 : 6;

    if (length < head || memcmp(name, owner_names[owner], head) != 0)
        return false;
    const char *tail = name + head;
    size_t rest = length - head;
    unsigned part = rest == 0   ? PART_ENDPOINT
                    : rest == 3 ? PART_IP
                    : rest == 5 ? (tail[1] == 'P' ? PART_PORT : PART_ROLE)
                                : PART_ROLE + 1;
    if (part > PART_ROLE || memcmp(tail, part_names[part], rest) != 0)
        return false;
    if (part == PART_ROLE && owner < OF_RESETTER) /* the client's role says nothing */
        return false;
    found->owner = owner;
    found->part = part;
    return true;
}

const char *text_bad_placeholder(const char *text, size_t *length)
{
    struct placeholder found;

    for (const char *at = strchr(text, '$'); at; at = strchr(at + 1, '$')) {
        *length = name_length(at + 1);
        if (*length && !name_find(at + 1, *length, &found)) {
            ++*length;
            return at;
        }
    }
    return NULL;
}

static void value_format(const struct placeholder *what, const struct rule_values *values,
                         char *buf, size_t size)
{
    static const char *const roles[2][2] = {{"client", "server"}, {"客户端", "服务器"}};
    enum whyrst_side resetter = values->resetter == WHYRST_SERVER ? WHYRST_SERVER : WHYRST_CLIENT;
    enum whyrst_side peer = resetter == WHYRST_SERVER ? WHYRST_CLIENT : WHYRST_SERVER;
    enum whyrst_side side = what->owner == OF_CLIENT     ? WHYRST_CLIENT
                            : what->owner == OF_SERVER   ? WHYRST_SERVER
                            : what->owner == OF_RESETTER ? resetter
                                                         : peer;
    const char *ip = values->ip[side] ? values->ip[side] : "?";
    bool is_ipv6 = strchr(ip, ':') != NULL;

    struct append append = append_start(buf, size);

    switch (what->part) {
    case PART_ENDPOINT:
        append_text(&append, is_ipv6 ? "[" : "");
        append_text(&append, ip);
        append_text(&append, is_ipv6 ? "]:" : ":");
        append_unsigned(&append, values->port[side]);
        break;
    case PART_IP:
        append_text(&append, ip);
        break;
    case PART_PORT:
        append_unsigned(&append, values->port[side]);
        break;
    case PART_ROLE:
        append_text(&append, roles[values->language == WHYRST_ZH][side]);
        break;
    }
    append_end(&append);
}

struct output {
    char *buf;
    size_t used, size;
    bool cut;
};

static void output_add(struct output *output, const char *bytes, size_t length)
{
    if (output->cut || output->size == 0)
        return;
    size_t room = output->size - 1 - output->used;
    if (length > room) {
        length = room;
        while (length > 0 && ((unsigned char)bytes[length] & 0xc0) == 0x80)
            length--; /* not within a character of UTF-8 */
        output->cut = true;
    }
    memcpy(output->buf + output->used, bytes, length);
    output->used += length;
}

int rule_text_fill(const char *text, const struct rule_values *values, char *buf, size_t size)
{
    struct output output = {.buf = buf, .size = size};

    if (size == 0)
        return -1;
    while (*text) {
        size_t plain = (size_t)(strchrnul(text, '$') - text);
        output_add(&output, text, plain);
        text += plain;
        if (!*text)
            break;
        size_t length = name_length(text + 1);
        struct placeholder what;
        if (length && name_find(text + 1, length, &what)) {
            char value[80];
            value_format(&what, values, value, sizeof value);
            output_add(&output, value, strlen(value));
            text += 1 + length;
        } else {
            output_add(&output, text++, 1);
        }
    }
    buf[output.used] = 0;
    return output.cut ? -1 : 0;
}
