#include "report/render.h"

#include <string.h>

#include "rules/ruleset.h"

const char *side_name(enum whyrst_side side)
{
    return side == WHYRST_SERVER ? "server" : "client";
}

const char *origin_name(enum whyrst_origin origin)
{
    static const char *const names[] = {"client", "server", "middlebox", "unknown"};
    return (unsigned)origin < 4 ? names[origin] : "unknown";
}

const char *stage_name(enum whyrst_stage stage)
{
    static const char *const names[WHYRST_STAGE_COUNT] = {
        "post_syn", "post_ack", "post_psh", "later", "closing", "closed", "midstream"};
    return (unsigned)stage < WHYRST_STAGE_COUNT ? names[stage] : "midstream";
}

const char *certainty_name(enum whyrst_certainty certainty)
{
    static const char *const names[] = {"certain", "likely", "possible"};
    return (unsigned)certainty < 3 ? names[certainty] : "possible";
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
