#include "report/wrap.h"

static unsigned code_columns(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf}, {0xac00, 0xd7a3},
                {0xf900, 0xfaff},   {0xfe30, 0xfe6f},  {0xff01, 0xff60}, {0xffe0, 0xffe6},
                {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
    if (code < 0x300)
        return 1;
    if (code < 0x370)
        return 0; /* combining */
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (code >= wide[i].first && code <= wide[i].last)
            return 2;
    return 1;
}

unsigned wrap_columns(const char *text)
{
    unsigned columns = 0;
    while (*text)
        columns += code_columns(utf8_next(&text));
    return columns;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Closing punctuation that must not begin a line. */
static bool closes(uint32_t code)
{
    return (code >= 0x3001 && code <= 0x3002) || code == 0x300b || code == 0x300d ||
           code == 0x300f || code == 0xff01 || code == 0xff09 || code == 0xff0c || code == 0xff1a ||
           code == 0xff1b || code == 0xff1f;
}

/* The end of the piece at `text` that no line break may part: a word, or one wide character, with
 * the closing punctuation behind it. */
static const char *piece_end(const char *text, unsigned *columns)
{
    const char *next = text;
    uint32_t code = utf8_next(&next);
    bool wide = code_columns(code) == 2;
    *columns = code_columns(code);
    while (*next && !is_space(*next)) {
        const char *after = next;
        code = utf8_next(&after);
        if (!closes(code) && (wide || code_columns(code) == 2))
            break;
        *columns += code_columns(code);
        next = after;
    }
    return next;
}

void wrap_text(struct output *output, const char *text, unsigned column, unsigned indent,
               unsigned width)
{
    char piece[512];
    bool gap = false;
    while (*text) {
        if (is_space(*text)) {
            gap = true;
            text++;
            continue;
        }
        unsigned columns;
        const char *end = piece_end(text, &columns);
        if (column > indent && column + gap + columns > width) {
            output_literal(output, "\n");
            output_repeat(output, " ", indent);
            column = indent;
            gap = false;
        }
        if (gap && column > indent) {
            output_literal(output, " ");
            column++;
        }
        gap = false;
        column += columns;
        while (text < end) { /* words longer than the buffer go out in parts */
            size_t length = 0;
            while (text + length < end && length < sizeof(piece) - 8) {
                const char *next = text + length;
                utf8_next(&next);
                length = (size_t)(next - text);
            }
            memcpy(piece, text, length);
            piece[length] = '\0';
            output_terminal(output, piece);
            text += length;
        }
    }
    output_literal(output, "\n");
}

void wrap_cell(struct output *output, const char *text, unsigned columns, bool right)
{
    unsigned taken = wrap_columns(text), spaces = taken < columns ? columns - taken : 0;
    if (right)
        output_repeat(output, " ", spaces);
    output_terminal(output, text);
    if (!right)
        output_repeat(output, " ", spaces);
}
