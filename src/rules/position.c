#include "rules/position.h"

#include <stdio.h>
#include <string.h>

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at ? at + 1 : at;
}

/* Past one value. The text is known to be valid, so counting brackets is enough. */
static const char *skip_value(const char *at)
{
    int depth = 0;

    do {
        at = skip_space(at);
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            at += strcspn(at, " \t\r\n,:{}[]\"");
        }
    } while (*at && depth > 0);
    return at;
}

/* The member's key in the object at `at`, or NULL. */
static const char *find_member(const char *at, const char *key)
{
    size_t length = strlen(key);

    if (*at != '{')
        return NULL;
    at = skip_space(at + 1);
    while (*at == '"') {
        const char *start = at;
        at = skip_string(at);
        if ((size_t)(at - start) == length + 2 && memcmp(start + 1, key, length) == 0)
            return start;
        at = skip_space(at);
        at = skip_space(skip_value(at + (*at == ':')));
        at = skip_space(at + (*at == ','));
    }
    return NULL;
}

static const char *find_element(const char *at, size_t index)
{
    if (*at != '[')
        return NULL;
    at = skip_space(at + 1);
    while (*at && *at != ']') {
        if (index-- == 0)
            return at;
        at = skip_space(skip_value(at));
        at = skip_space(at + (*at == ','));
    }
    return NULL;
}

/* *value is left at the value of the way's last step that exists, *line at its key or element. */
static void descend(const struct position *position, const char **value, const char **line)
{
    if (!position->up)
        return;
    descend(position->up, value, line);
    if (!*value)
        return;

    const char *found =
        position->key ? find_member(*value, position->key) : find_element(*value, position->index);
    *value = found;
    if (!found)
        return;
    *line = found;
    if (position->key) {
        const char *colon = skip_space(skip_string(found));
        *value = skip_space(colon + (*colon == ':'));
    }
}

unsigned position_line(const char *text, const struct position *position)
{
    const char *value = skip_space(text), *found = value;
    unsigned line = 1;

    descend(position, &value, &found);
    for (const char *at = text; (at = memchr(at, '\n', (size_t)(found - at))); at++)
        line++;
    return line;
}

void position_format(const struct position *position, char *buf, size_t size)
{
    size_t used;

    if (size == 0)
        return;
    buf[0] = 0;
    if (!position->up)
        return;
    position_format(position->up, buf, size);
    used = strlen(buf);
    if (!position->key)
        snprintf(buf + used, size - used, "[%zu]", position->index);
    else if (strchr(position->key, '.'))
        snprintf(buf + used, size - used, "[\"%s\"]", position->key);
    else
        snprintf(buf + used, size - used, "%s%s", used ? "." : "", position->key);
}
