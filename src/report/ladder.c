#include "report/ladder.h"

#include "packet/segment.h"
#include "report/wrap.h"

enum column {
    COLUMN_FRAME,
    COLUMN_TIME,
    COLUMN_ARROW,
    COLUMN_SEQ,
    COLUMN_ACK,
    COLUMN_LEN,
    COLUMN_WIN,
    COLUMN_TTL,
    COLUMN_COUNT
};

static const char *const titles[COLUMN_COUNT] = {"Frame", "Time", "",    "Seq",
                                                 "Ack",   "Len",  "Win", "TTL"};

#define CELL_SIZE  32
#define ARROW_MIN  14
#define ARROW_MAX  30
#define COLUMN_GAP 2

bool ladder_is_rst(const struct whyrst_reset *reset, const struct whyrst_packet_note *packet)
{
    return packet->frame == reset->frame && packet->input == reset->input;
}

bool ladder_ttl_matters(const struct whyrst_reset *reset)
{
    for (unsigned i = 1; i < reset->sequence_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (reset->sequence[i].from == reset->sequence[j].from &&
                reset->sequence[i].ttl != reset->sequence[j].ttl)
                return true;
    return false;
}

static void cell_format(char cell[CELL_SIZE], const struct whyrst_packet_note *packet,
                        enum column column)
{
    char *at = cell;
    switch (column) {
    case COLUMN_FRAME:
        at = format_u64(at, packet->frame);
        break;
    case COLUMN_TIME:
        at = format_seconds_usec(at, packet->offset_nsec);
        break;
    case COLUMN_SEQ:
        at = format_u64(at, packet->seq);
        break;
    case COLUMN_ACK:
        if (packet->flags & TCP_ACK || packet->ack)
            at = format_u64(at, packet->ack);
        break;
    case COLUMN_LEN:
        at = format_u64(at, packet->len);
        break;
    case COLUMN_WIN:
        at = format_u64(at, packet->window);
        break;
    case COLUMN_TTL:
        at = format_u64(at, packet->ttl);
        break;
    default:
        break;
    }
    *at = '\0';
}

static void columns_measure(const struct whyrst_reset *reset, const struct ladder_style *style,
                            unsigned columns[COLUMN_COUNT])
{
    unsigned total = style->indent;
    for (int column = 0; column < COLUMN_COUNT; column++) {
        columns[column] = wrap_columns(titles[column]);
        if (column == COLUMN_ARROW)
            continue;
        for (unsigned i = 0; i < reset->sequence_count; i++) {
            char cell[CELL_SIZE];
            cell_format(cell, &reset->sequence[i], (enum column)column);
            if (strlen(cell) > columns[column])
                columns[column] = (unsigned)strlen(cell);
        }
        if (column != COLUMN_TTL || ladder_ttl_matters(reset))
            total += columns[column] + COLUMN_GAP;
    }
    if (!ladder_ttl_matters(reset))
        columns[COLUMN_TTL] = 0;
    total += 10; /* the mark behind the RST */
    columns[COLUMN_ARROW] = style->width > total + ARROW_MIN ? style->width - total : ARROW_MIN;
    if (columns[COLUMN_ARROW] > ARROW_MAX)
        columns[COLUMN_ARROW] = ARROW_MAX;
}

/* "---- S. ---------->" in exactly `columns`; the flags stand next to the sender. */
static void arrow_render(struct output *output, const struct whyrst_packet_note *packet,
                         const struct ladder_style *style, unsigned columns)
{
    bool server = packet->from == WHYRST_SERVER, rst = packet->flags & TCP_RST;
    const char *line = style->utf8 ? (rst ? "━" : "─") : (rst ? "=" : "-");
    const char *left = style->utf8 ? "◀" : "<", *right = style->utf8 ? "▶" : ">";
    char flags[FORMAT_FLAGS_ROOM + 1];
    *format_flags(flags, packet->flags) = '\0';
    unsigned rest = columns - 1 - 2 - (unsigned)strlen(flags);
    unsigned near = 2, far = rest > near ? rest - near : 0;
    if (server)
        output_string(output, left);
    output_repeat(output, line, server ? far : near);
    output_literal(output, " ");
    output_string(output, flags);
    output_literal(output, " ");
    output_repeat(output, line, server ? near : far);
    if (!server)
        output_string(output, right);
}

static void header_render(const struct report *report, const struct ladder_style *style,
                          const unsigned columns[COLUMN_COUNT], struct output *output)
{
    const char *client = label(report, LABEL_CLIENT), *server = label(report, LABEL_SERVER);
    output_repeat(output, " ", style->indent);
    for (int column = 0; column < COLUMN_COUNT; column++) {
        if (!columns[column])
            continue;
        if (column > 0)
            output_repeat(output, " ", COLUMN_GAP);
        if (column == COLUMN_ARROW) {
            output_string(output, client);
            wrap_cell(output, server, columns[column] - wrap_columns(client), true);
        } else {
            wrap_cell(output, titles[column], columns[column], true);
        }
    }
    output_literal(output, "\n");
}

static void row_render(const struct report *report, const struct whyrst_reset *reset,
                       const struct whyrst_packet_note *packet, const struct ladder_style *style,
                       const unsigned columns[COLUMN_COUNT], struct output *output)
{
    bool is_rst = ladder_is_rst(reset, packet);
    output_repeat(output, " ", style->indent);
    if (style->color && packet->flags & TCP_RST)
        output_string(output, is_rst ? "\x1b[1;31m" : "\x1b[31m");
    for (int column = 0; column < COLUMN_COUNT; column++) {
        char cell[CELL_SIZE];
        if (!columns[column])
            continue;
        if (column > 0)
            output_repeat(output, " ", COLUMN_GAP);
        cell_format(cell, packet, (enum column)column);
        if (column == COLUMN_ARROW)
            arrow_render(output, packet, style, columns[column]);
        else
            wrap_cell(output, cell, columns[column], true);
    }
    if (is_rst) {
        output_literal(output, "  ");
        output_string(output, label(report, LABEL_THIS_RST));
    }
    if (packet->input != reset->input) {
        output_literal(output, "  ");
        output_string(output, label(report, LABEL_IN_INPUT));
        output_literal(output, " ");
        output_u64(output, packet->input);
    }
    if (style->color && packet->flags & TCP_RST)
        output_literal(output, "\x1b[0m");
    output_literal(output, "\n");
}

void ladder_render(const struct report *report, const struct whyrst_reset *reset,
                   const struct ladder_style *style, struct output *output)
{
    unsigned columns[COLUMN_COUNT];
    columns_measure(reset, style, columns);
    header_render(report, style, columns, output);
    for (unsigned i = 0; i < reset->sequence_count; i++) {
        if (i && i == reset->sequence_gap_after) {
            output_repeat(output, " ", style->indent);
            wrap_cell(output, style->utf8 ? "⋮" : ":", columns[COLUMN_FRAME], true);
            output_literal(output, "  ");
            output_string(output, label(report, LABEL_LEFT_OUT));
            output_literal(output, "\n");
        }
        row_render(report, reset, &reset->sequence[i], style, columns, output);
    }
}
