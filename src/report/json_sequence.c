#include "report/json.h"

static char *json_packet(char *at, const struct whyrst_packet_note *packet, uint16_t input)
{
    PUT("{\"frame\":");
    at = format_u64(at, packet->frame);
    if (packet->input != input) {
        PUT(",\"input\":");
        at = format_u64(at, packet->input);
    }
    PUT(",\"offset\":");
    at = format_seconds(at, packet->offset_nsec);
    if (packet->from == WHYRST_SERVER)
        PUT(",\"from\":\"server\",\"flags\":\"");
    else
        PUT(",\"from\":\"client\",\"flags\":\"");
    at = format_flags(at, packet->flags);
    PUT("\",\"seq\":");
    at = format_u64(at, packet->seq);
    PUT(",\"ack\":");
    at = format_u64(at, packet->ack);
    PUT(",\"len\":");
    at = format_u64(at, packet->len);
    PUT(",\"win\":");
    at = format_u64(at, packet->window);
    PUT(",\"ttl\":");
    at = digits_octet(at, packet->ttl);
    *at++ = '}';
    return at;
}

void json_sequence(const struct whyrst_reset *reset, struct output *output)
{
    output_literal(output, ",\"sequence\":[");
    for (unsigned i = 0; i < reset->sequence_count; i++) {
        char *at = output_room(output, 320);
        if (i)
            *at++ = ',';
        output_end(output, json_packet(at, &reset->sequence[i], reset->input));
    }
    output_literal(output, "],\"notation\":");
    output_json_array(output, reset->notation, sizeof(reset->notation));
    char *at = output_room(output, 256 + WHYRST_MAX_FOLLOWUPS * (FORMAT_U64_ROOM + 1));
    PUT(",\"followups\":{\"count\":");
    at = format_u64(at, reset->followup_count);
    PUT(",\"frames\":");
    at = json_frames(at, reset->followup_frames, reset->followup_frame_count);
    PUT("},\"wireshark_filter\":\"tcp.stream == ");
    at = format_u64(at, reset->stream);
    PUT("\"");
    output_end(output, at);
}
