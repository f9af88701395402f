#include "frame.h"

#include <string.h>

#define ETHERNET_BYTES 14
#define TCP_PROTOCOL   6

static const uint8_t ROUTER_MAC[6] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01};
static const uint8_t SERVER_MAC[6] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x02};

static uint8_t *put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
    return to + 2;
}

static uint8_t *put32(uint8_t *to, uint32_t value)
{
    return put16(put16(to, value >> 16), value & 0xffff);
}

/* Adds bytes to an Internet checksum (RFC 1071) in the machine's own byte order. */
static uint64_t sum_add(uint64_t sum, const uint8_t *bytes, uint32_t count)
{
    for (; count >= 4; bytes += 4, count -= 4) {
        uint32_t word;
        memcpy(&word, bytes, sizeof(word));
        sum += word;
    }
    uint8_t rest[4] = {0, 0, 0, 0};
    uint32_t word;
    memcpy(rest, bytes, count);
    memcpy(&word, rest, sizeof(word));
    return sum + word;
}

static void sum_store(uint8_t *to, uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    uint16_t folded = (uint16_t)~sum;
    memcpy(to, &folded, sizeof(folded));
}

static uint32_t frame_header_bytes(const struct frame *frame)
{
    return ETHERNET_BYTES + (frame->ipv6 ? 40u : 20u) + 20u + frame->option_bytes;
}

uint32_t frame_room(const struct frame *frame, uint32_t snaplen)
{
    uint32_t header_bytes = frame_header_bytes(frame);
    uint32_t room = snaplen > header_bytes ? snaplen - header_bytes : 0;
    return room < frame->payload_bytes ? room : frame->payload_bytes;
}

static uint8_t *frame_put_ethernet(uint8_t *to, const struct frame *frame)
{
    memcpy(to, frame->inbound ? SERVER_MAC : ROUTER_MAC, 6);
    memcpy(to + 6, frame->inbound ? ROUTER_MAC : SERVER_MAC, 6);
    return put16(to + 12, frame->ipv6 ? 0x86dd : 0x0800);
}

static uint8_t *frame_put_ip(uint8_t *to, const struct frame *frame, uint32_t tcp_bytes)
{
    if (frame->ipv6) {
        to = put32(to, 0x60000000u | ((frame->src_port * 2654435761u) & 0xfffff));
        to = put16(to, tcp_bytes);
        *to++ = TCP_PROTOCOL;
        *to++ = frame->ttl;
        memcpy(to, frame->src, 16);
        memcpy(to + 16, frame->dst, 16);
        return to + 32;
    }
    uint8_t *start = to;
    to = put16(to, 0x4500);
    to = put16(to, 20 + tcp_bytes);
    to = put16(to, frame->id);
    to = put16(to, 0x4000); /* don't fragment */
    *to++ = frame->ttl;
    *to++ = TCP_PROTOCOL;
    to = put16(to, 0);
    memcpy(to, frame->src, 4);
    memcpy(to + 4, frame->dst, 4);
    sum_store(start + 10, sum_add(0, start, 20));
    return to + 8;
}

static void frame_put_checksum(uint8_t *tcp, const struct frame *frame, uint32_t tcp_bytes)
{
    uint8_t pseudo[4];
    uint32_t address_bytes = frame->ipv6 ? 16 : 4;
    put16(put16(pseudo, TCP_PROTOCOL), tcp_bytes);
    uint64_t sum = sum_add(0, pseudo, 4);
    sum = sum_add(sum, frame->src, address_bytes);
    sum = sum_add(sum, frame->dst, address_bytes);
    sum_store(tcp + 16, sum_add(sum, tcp, tcp_bytes));
}

void frame_write(struct writer *writer, const struct frame *frame, int64_t time_nsec)
{
    uint32_t header_bytes = frame_header_bytes(frame);
    uint32_t wirelen = header_bytes + frame->payload_bytes;
    uint32_t caplen = wirelen < writer->snaplen ? wirelen : writer->snaplen;
    uint32_t tcp_bytes = 20u + frame->option_bytes + frame->payload_bytes;
    uint8_t headers[ETHERNET_BYTES + 40 + 60];
    uint8_t *tcp = frame_put_ip(frame_put_ethernet(headers, frame), frame, tcp_bytes);
    uint8_t *to = put16(put16(tcp, frame->src_port), frame->dst_port);
    to = put32(put32(to, frame->seq), frame->ack);
    *to++ = (uint8_t)((5 + frame->option_bytes / 4) << 4);
    *to++ = frame->flags;
    to = put16(to, frame->window);
    to = put32(to, 0); /* checksum, urgent pointer */
    memcpy(to, frame->options, frame->option_bytes);

    uint8_t *out = writer_record(writer, time_nsec, caplen, wirelen);
    if (caplen < header_bytes) {
        memcpy(out, headers, caplen);
    } else {
        memcpy(out, headers, header_bytes);
        if (caplen > header_bytes)
            memcpy(out + header_bytes, frame->payload, caplen - header_bytes);
        if (caplen == wirelen)
            frame_put_checksum(out + (tcp - headers), frame, tcp_bytes);
    }
    writer->resets += (frame->flags & RST) != 0;
}

void frame_options(struct frame *frame, const char *order, uint16_t mss, uint8_t wscale,
                   uint32_t tsval, uint32_t tsecr)
{
    uint8_t *to = frame->options + frame->option_bytes;
    for (; *order; order++) {
        switch (*order) {
        case 'M':
            to = put16(put16(to, 0x0204), mss);
            break;
        case 'S':
            to = put16(to, 0x0402);
            break;
        case 'T':
            to = put32(put32(put16(to, 0x080a), tsval), tsecr);
            break;
        case 'W':
            to = put16(to, 0x0303);
            *to++ = wscale;
            break;
        default:
            *to++ = *order == 'N'; /* 1 no-operation, 0 end of list */
            break;
        }
    }
    frame->option_bytes = (uint8_t)(to - frame->options);
}
