#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void message_print(const char *text)
{
    /* one line, one write: another process may share the terminal */
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (length)
            fprintf(stderr, "whyrst: %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

void message_printf(const char *format, ...)
{
    char text[sizeof(struct whyrst_error)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    message_print(text);
}

int message_error(const struct whyrst_error *error)
{
    message_print(error->text[0] ? error->text : "failed, and nothing says why");
    return EXIT_FAILED;
}

int message_set(struct whyrst_error *error, const char *format, ...)
{
    if (!error || error->text[0])
        return -1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}
