#include "rules/position.h"

#include <stdio.h>
#include <string.h>

/* The value there, or NULL; *line becomes that of the last step that exists. */
static const struct json *descend(const struct json *root, const struct position *position,
                                  unsigned *line)
{
    const struct json *value = root;

    if (position->up) {
        const struct json *parent = descend(root, position->up, line);
        value = position->key ? json_get(parent, position->key) : json_at(parent, position->index);
    }
    if (value)
        *line = value->line;
    return value;
}

unsigned position_line(const struct json *root, const struct position *position)
{
    unsigned line = 1;

    descend(root, position, &line);
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
