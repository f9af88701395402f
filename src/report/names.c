#include "report/render.h"

#include <string.h>

#include "rules/ruleset.h"

#define NAME(literal)                                                                              \
    {                                                                                              \
        sizeof(literal) - 1, literal                                                               \
    }

const struct name *side_named(enum whyrst_side side)
{
    static const struct name names[] = {NAME("client"), NAME("server")};
    return &names[side == WHYRST_SERVER];
}

const struct name *origin_named(enum whyrst_origin origin)
{
    static const struct name names[] = {NAME("client"), NAME("server"), NAME("middlebox"),
                                        NAME("unknown")};
    return &names[(unsigned)origin < 4 ? origin : WHYRST_ORIGIN_UNKNOWN];
}

const struct name *stage_named(enum whyrst_stage stage)
{
    static const struct name names[WHYRST_STAGE_COUNT] = {
        NAME("post_syn"), NAME("post_ack"), NAME("post_psh"), NAME("later"),
        NAME("closing"),  NAME("closed"),   NAME("midstream")};
    return &names[(unsigned)stage < WHYRST_STAGE_COUNT ? stage : WHYRST_MIDSTREAM];
}

const struct name *certainty_named(enum whyrst_certainty certainty)
{
    static const struct name names[] = {NAME("certain"), NAME("likely"), NAME("possible")};
    return &names[(unsigned)certainty < 3 ? certainty : WHYRST_POSSIBLE];
}

void report_payload_text(const struct whyrst_reset *reset, char *buf)
{
    uint32_t count = reset->rst_payload_bytes;
    if (count > WHYRST_MAX_RST_PAYLOAD)
        count = WHYRST_MAX_RST_PAYLOAD;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t byte = reset->rst_payload[i];
        buf[i] = (char)(byte >= 0x20 && byte < 0x7f ? byte : '.');
    }
    buf[count] = '\0';
}

const char *report_fill(const struct shown_reset *shown, const char *line, char *buf, size_t size)
{
    if (!strchr(line, '$'))
        return line;
    text_fill_line(line, &shown->words, buf, size);
    return buf;
}
