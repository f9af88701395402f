#include "packet/decode.h"

#include "packet/key.h"
#include "packet/tcp.h"

#define ETHERNET_HEADER_BYTES 14
#define VLAN_TAG_BYTES        4
#define IPV4_HEADER_BYTES     20
#define IPV6_HEADER_BYTES     40
#define DECODE_MAX_BYTES      INT32_MAX /* so that lengths fit sequence arithmetic */
#define FAST_BYTES            54        /* Ethernet, IPv4 and TCP: no fast path for less */

/* Everything that is not plain: out of line, so that the fast path stays small. */
static __attribute__((noinline)) int decode_slow(const struct decode_key *key,
                                                 const struct whyrst_packet *packet,
                                                 struct segment *segment, struct slice *payload)
{
    struct decode_state state = {.key = key, .segment = segment};
    uint32_t captured = packet->caplen < DECODE_MAX_BYTES ? packet->caplen : DECODE_MAX_BYTES;
    uint32_t wire = packet->wirelen < DECODE_MAX_BYTES ? packet->wirelen : DECODE_MAX_BYTES;
    struct slice slice = {packet->bytes, captured, wire > captured ? wire : captured};
    segment->marks = 0;
    int result = link_decode(&state, packet->link_type, slice);
    if (result != DECODE_TCP)
        return result;
    *payload = state.payload;
    return DECODE_TCP;
}

/* A TCP header on the fast path: captured whole, and what follows it. */
struct fast_tcp {
    const uint8_t *header;
    uint32_t header_bytes;
    uint32_t payload_bytes; /* on the wire */
    uint32_t captured;      /* of the payload */
};

/* False when a header of size `tcp->header_bytes` cannot be, or was not captured whole. wire and
 * captured are what there is of it and its payload. */
static inline bool fast_measure(struct fast_tcp *tcp, uint32_t wire, uint32_t captured)
{
    captured = captured > wire ? wire : captured; /* the rest is padding */
    int32_t payload_bytes = (int32_t)(wire - tcp->header_bytes);
    int32_t seen = (int32_t)(captured - tcp->header_bytes);
    int32_t options_bytes = (int32_t)(tcp->header_bytes - TCP_HEADER_BYTES);
    tcp->payload_bytes = (uint32_t)payload_bytes & 0xffff;
    tcp->captured = (uint32_t)seen;
    return (payload_bytes | seen | options_bytes) >= 0;
}

/* IPv4 without options and not fragmented, then TCP; false leaves everything to the slow path. ip
 * is behind two bytes that say IPv4. */
static inline bool fast_ipv4(const struct decode_key *key, const uint8_t *ip, uint32_t captured,
                             struct segment *segment, struct fast_tcp *tcp)
{
    /* what is read at once: EtherType, version and length, TOS, total length, identification;
     * fragment, TTL, protocol */
    uint64_t head = load_be64(ip - 2);
    uint32_t middle = load_be32(ip + 6);
    tcp->header = ip + IPV4_HEADER_BYTES;
    tcp->header_bytes = tcp_header_bytes(tcp->header);
    if ((head >> 40 & 0xff) != 0x45 || (middle & 0x3fff00ff) != 6 ||
        !fast_measure(tcp, (uint32_t)(head >> 16 & 0xffff) - IPV4_HEADER_BYTES,
                      captured - IPV4_HEADER_BYTES))
        return false;
    segment->ip_id = (uint16_t)head;
    segment->ttl = (uint8_t)(middle >> 8);
    segment->marks = (uint8_t)((middle >> 29 & MARK_DF) | ((ip[1] & 0xfc) != 0) * MARK_DSCP);
    key_set_ipv4(segment, key, ip + 12, tcp->header);
    return true;
}

_Static_assert(MARK_DF == 2, "shifted into place");

/* The same for IPv6 without extension headers. */
static inline bool fast_ipv6(const struct decode_key *key, const uint8_t *ip, uint32_t captured,
                             struct segment *segment, struct fast_tcp *tcp)
{
    /* version, traffic class, flow label, payload length, next header, hop limit */
    uint64_t head = load_be64(ip);
    if (head >> 60 != 6 || (head >> 8 & 0xff) != 6 ||
        captured < IPV6_HEADER_BYTES + TCP_HEADER_BYTES)
        return false;
    tcp->header = ip + IPV6_HEADER_BYTES;
    tcp->header_bytes = tcp_header_bytes(tcp->header);
    if (!fast_measure(tcp, (uint32_t)(head >> 16 & 0xffff), captured - IPV6_HEADER_BYTES))
        return false;
    segment->ip_id = 0;
    segment->ttl = (uint8_t)head;
    segment->marks = (uint8_t)(MARK_IPV6 | ((head & 0xfffff00000000) != 0) * MARK_LABEL |
                               ((head & 0xfc0000000000000) != 0) * MARK_DSCP);
    key_set_ipv6(segment, key, ip + 8, tcp->header);
    return true;
}

/* Ethernet with at most one VLAN tag, then plain IPv4 or IPv6. */
static inline bool fast_network(const struct decode_key *key, const struct whyrst_packet *packet,
                                struct segment *segment, struct fast_tcp *tcp)
{
    const uint8_t *ip = packet->bytes + ETHERNET_HEADER_BYTES;
    uint32_t captured = packet->caplen - ETHERNET_HEADER_BYTES;
    if (packet->caplen < FAST_BYTES)
        return false;
    uint16_t type = load_be16(ip - 2);
    if (type == ETHERTYPE_VLAN) {
        type = load_be16(ip + 2);
        ip += VLAN_TAG_BYTES;
        captured -= VLAN_TAG_BYTES;
        if (captured < FAST_BYTES - ETHERNET_HEADER_BYTES)
            return false;
    }
    if (type == ETHERTYPE_IPV4)
        return fast_ipv4(key, ip, captured, segment, tcp);
    return type == ETHERTYPE_IPV6 && fast_ipv6(key, ip, captured, segment, tcp);
}

static inline __attribute__((always_inline)) bool decode_fast(const struct decode_key *key,
                                                              const struct whyrst_packet *packet,
                                                              struct segment *segment,
                                                              struct slice *payload)
{
    struct fast_tcp tcp;
    if (!fast_network(key, packet, segment, &tcp))
        return false;
    tcp_fill(segment, tcp.header, tcp.payload_bytes);
    tcp_fill_options(segment, tcp.header, tcp.header_bytes);
    segment->payload_kind = tcp_kind(tcp.header, tcp.header_bytes, tcp.captured, tcp.payload_bytes);
    *payload = (struct slice){tcp.header + tcp.header_bytes, tcp.captured, 0};
    return true;
}

/* What of a segment is not in its packet's bytes. input: the packet's, at hand. */
static inline void decode_origin(const struct whyrst_packet *packet, uint16_t input,
                                 struct segment *segment)
{
    segment->time_nsec = packet->time_nsec;
    segment_set_frame_no(segment, packet->frame_no);
    segment->input = input;
    segment->input_side |= (uint8_t)(input << 1);
}

int decode_packet(const struct decode_key *key, const struct whyrst_packet *packet,
                  struct segment *segment, const uint8_t **payload, uint32_t *payload_caplen)
{
    struct slice found = {0};
    if (packet->link_type != LINK_ETHERNET || !decode_fast(key, packet, segment, &found)) {
        int result = decode_slow(key, packet, segment, &found);
        if (result != DECODE_TCP)
            return result;
    }
    decode_origin(packet, packet->input, segment);
    *payload = found.bytes;
    *payload_caplen = found.captured;
    return DECODE_TCP;
}

void batch_clear(struct segment_batch *batch)
{
    batch->count = 0;
    batch->packets = 0;
    batch->payload_count = 0;
    batch->input = 0;
    batch->first_time_nsec = INT64_MAX;
    batch->last_time_nsec = INT64_MIN;
    memset(batch->undecoded, 0, sizeof batch->undecoded);
}

static void batch_keep_payload(struct segment_batch *batch, struct segment *segment,
                               const uint8_t *payload, uint32_t captured)
{
    uint16_t length = captured < DECODE_RST_PAYLOAD ? (uint16_t)captured : DECODE_RST_PAYLOAD;
    memcpy(batch->payloads[batch->payload_count].bytes, payload, length);
    batch->payloads[batch->payload_count].length = length;
    segment->rst_payload = (uint16_t)++batch->payload_count;
}

/* What the fast path does not take. Returns how many segments it left: one or none. */
static __attribute__((noinline)) unsigned batch_decode_slow(struct segment_batch *batch,
                                                            const struct decode_key *key,
                                                            const struct whyrst_packet *packet,
                                                            struct segment *segment)
{
    struct slice payload;
    int result = decode_slow(key, packet, segment, &payload);
    if (result != DECODE_TCP) {
        batch->undecoded[result]++;
        return 0;
    }
    decode_origin(packet, batch->input, segment);
    if (segment->flags & TCP_RST && payload.captured > 0)
        batch_keep_payload(batch, segment, payload.bytes, payload.captured);
    return 1;
}

/* Link type and input number in one, for one comparison. */
static inline uint32_t packet_origin(const struct whyrst_packet *packet)
{
    return packet->link_type | (uint32_t)packet->input << 16;
}

/* Decodes packets from *packets on, to `end` or the first of another input. */
static void batch_decode_run(struct segment_batch *batch, const struct decode_key *key,
                             const struct whyrst_packet **packets, const struct whyrst_packet *end,
                             struct ahead ahead)
{
    const struct whyrst_packet *packet = *packets;
    const uint32_t input = batch->input, usual = LINK_ETHERNET | input << 16;
    int64_t first = batch->first_time_nsec, last = batch->last_time_nsec;
    struct segment *segment = &batch->segments[batch->count];
    for (; packet < end; packet++) {
        struct slice payload;
        ahead_step(&ahead);
        if (packet_origin(packet) != usual && packet->input != input)
            break;
        first = packet->time_nsec < first ? packet->time_nsec : first;
        last = packet->time_nsec > last ? packet->time_nsec : last;
        if (packet_origin(packet) != usual || !decode_fast(key, packet, segment, &payload)) {
            segment += batch_decode_slow(batch, key, packet, segment);
            continue;
        }
        decode_origin(packet, (uint16_t)input, segment);
        if (segment->flags & TCP_RST && payload.captured > 0)
            batch_keep_payload(batch, segment, payload.bytes, payload.captured);
        segment++;
    }
    batch->first_time_nsec = first;
    batch->last_time_nsec = last;
    batch->count = (unsigned)(segment - batch->segments);
    *packets = packet;
}

size_t batch_decode(struct segment_batch *batch, const struct decode_key *key,
                    const struct whyrst_packet *packets, size_t count, struct ahead ahead)
{
    const struct whyrst_packet *next = packets;
    size_t room = DECODE_BATCH - batch->packets;
    if (count > room)
        count = room;
    if (count == 0)
        return 0;
    if (batch->packets == 0)
        batch->input = packets[0].input;
    batch_decode_run(batch, key, &next, packets + count, ahead);
    batch->packets += (unsigned)(next - packets);
    return (size_t)(next - packets);
}
