#include "packet/decode.h"

#include "packet/hash.h"
#include "packet/tcp.h"

#define ETHERNET_HEADER_BYTES 14
#define VLAN_TAG_BYTES        4
#define IPV4_HEADER_BYTES     20
#define IPV6_HEADER_BYTES     40
#define FAST_BYTES            54 /* Ethernet, IPv4 and TCP: no fast path for less */
#define PREFETCH_AHEAD        8  /* packets; a miss takes about as long as decoding this many */

/* Everything that is not plain: out of line, so that the fast path stays small. */
static __attribute__((noinline)) int decode_slow(const struct decode_key *key,
                                                 const struct whyrst_packet *packet,
                                                 struct segment *segment, struct slice *payload)
{
    struct decode_state state = {.key = key, .segment = segment};
    struct slice slice = {packet->bytes, packet->caplen, packet->wirelen};
    if (slice.wire < slice.captured)
        slice.wire = slice.captured;
    segment->marks = 0;
    int result = link_decode(&state, packet->link_type, slice);
    if (result != DECODE_TCP)
        return result;
    *payload = state.payload;
    return DECODE_TCP;
}

/* Ethernet and at most one VLAN tag: where the network header is, what it is (0: none of these),
 * and how much was captured from it on. */
static inline const uint8_t *fast_ethernet(const struct whyrst_packet *packet, uint32_t *captured,
                                           uint16_t *type)
{
    const uint8_t *ip = packet->bytes + ETHERNET_HEADER_BYTES;
    *type = 0;
    if (packet->link_type != LINK_ETHERNET || packet->caplen < FAST_BYTES)
        return ip;
    *captured = packet->caplen - ETHERNET_HEADER_BYTES;
    *type = load_be16(ip - 2);
    if (*type == ETHERTYPE_VLAN) {
        *type = load_be16(ip + 2);
        ip += VLAN_TAG_BYTES;
        *captured -= VLAN_TAG_BYTES;
        if (*captured < FAST_BYTES - ETHERNET_HEADER_BYTES)
            *type = 0;
    }
    return ip;
}

/* IPv4 without options and not fragmented, TCP captured up to its payload; false leaves everything
 * to the slow path. */
static inline bool fast_ipv4(const struct decode_key *key, const uint8_t *ip, uint32_t captured,
                             struct segment *segment, struct slice *payload)
{
    /* version and length, TOS, total length, identification, fragment: read at once */
    uint64_t head = load_be64(ip);
    if (head >> 56 != 0x45 || ip[9] != 6 || head & 0x3fff)
        return false;
    const uint8_t *tcp = ip + IPV4_HEADER_BYTES;
    uint32_t header_bytes = tcp_header_bytes(tcp), total = head >> 32 & 0xffff;
    if (header_bytes < TCP_HEADER_BYTES || total < IPV4_HEADER_BYTES + header_bytes)
        return false;
    captured = captured > total ? total : captured; /* the rest is padding */
    if (captured < IPV4_HEADER_BYTES + header_bytes)
        return false;
    captured -= IPV4_HEADER_BYTES;

    uint64_t addresses = load_be64(ip + 12);
    uint32_t ports = load_be32(tcp);
    uint64_t source = hash_ipv4_end((uint32_t)(addresses >> 32), (uint16_t)(ports >> 16));
    uint64_t destination = hash_ipv4_end((uint32_t)addresses, (uint16_t)ports);
    memset(segment->src, 0, sizeof segment->src);
    memset(segment->dst, 0, sizeof segment->dst);
    memcpy(segment->src, ip + 12, 4);
    memcpy(segment->dst, ip + 16, 4);
    segment->flow_label = 0;
    segment->ip_id = (uint16_t)(head >> 16);
    segment->ttl = ip[8];
    segment->tos = (uint8_t)(head >> 48);
    segment->marks =
        (uint8_t)((head & 0x4000 ? MARK_DF : 0) | (source > destination) * MARK_SWAPPED);
    tcp_fill(segment, tcp, captured, total - IPV4_HEADER_BYTES, header_bytes);
    segment->hash = hash_ipv4(key, source, destination);
    *payload = (struct slice){tcp + header_bytes, captured - header_bytes, 0};
    return true;
}

/* The same for IPv6 without extension headers. */
static inline bool fast_ipv6(const struct decode_key *key, const uint8_t *ip, uint32_t captured,
                             struct segment *segment, struct slice *payload)
{
    /* version, traffic class, flow label, payload length, next header, hop limit */
    uint64_t head = load_be64(ip);
    const uint8_t *tcp = ip + IPV6_HEADER_BYTES;
    if (head >> 60 != 6 || (head >> 8 & 0xff) != 6 ||
        captured < IPV6_HEADER_BYTES + TCP_HEADER_BYTES)
        return false;
    uint32_t header_bytes = tcp_header_bytes(tcp), wire = head >> 16 & 0xffff;
    captured -= IPV6_HEADER_BYTES;
    captured = captured > wire ? wire : captured;
    if (header_bytes < TCP_HEADER_BYTES || captured < header_bytes)
        return false;
    memcpy(segment->src, ip + 8, sizeof segment->src);
    memcpy(segment->dst, ip + 24, sizeof segment->dst);
    segment->flow_label = (uint32_t)(head >> 32) & 0xfffff;
    segment->ip_id = 0;
    segment->ttl = (uint8_t)head;
    segment->tos = (uint8_t)(head >> 52);
    segment->marks = MARK_IPV6;
    tcp_fill(segment, tcp, captured, wire, header_bytes);
    hash_ipv6(segment, key);
    *payload = (struct slice){tcp + header_bytes, captured - header_bytes, 0};
    return true;
}

static inline int decode_one(const struct decode_key *key, const struct whyrst_packet *packet,
                             struct segment *segment, struct slice *payload)
{
    uint32_t captured;
    uint16_t type;
    const uint8_t *ip = fast_ethernet(packet, &captured, &type);
    bool done = type == ETHERTYPE_IPV4   ? fast_ipv4(key, ip, captured, segment, payload)
                : type == ETHERTYPE_IPV6 ? fast_ipv6(key, ip, captured, segment, payload)
                                         : false;
    if (!done) {
        int result = decode_slow(key, packet, segment, payload);
        if (result != DECODE_TCP)
            return result;
    }
    segment->time_nsec = packet->time_nsec;
    segment->frame_no = packet->frame_no;
    segment->input = packet->input;
    return DECODE_TCP;
}

int decode_packet(const struct decode_key *key, const struct whyrst_packet *packet,
                  struct segment *segment, const uint8_t **payload, uint32_t *payload_caplen)
{
    struct slice found = {0};
    int result = decode_one(key, packet, segment, &found);
    if (result == DECODE_TCP) {
        *payload = found.bytes;
        *payload_caplen = found.captured;
    }
    return result;
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

/* The first two lines hold all headers of a plain packet and the first bytes of its payload. */
static inline void batch_prefetch(const struct whyrst_packet *packet)
{
    __builtin_prefetch(packet->bytes);
    __builtin_prefetch(packet->bytes + 64);
}

size_t batch_decode(struct segment_batch *batch, const struct decode_key *key,
                    const struct whyrst_packet *packets, size_t count)
{
    size_t room = DECODE_BATCH - batch->packets, taken = 0;
    int64_t first = batch->first_time_nsec, last = batch->last_time_nsec;
    struct segment *segment = &batch->segments[batch->count];
    if (count > room)
        count = room;
    if (count > 0 && batch->packets == 0)
        batch->input = packets[0].input;
    for (size_t i = 0; i < count && i < PREFETCH_AHEAD; i++)
        batch_prefetch(&packets[i]);
    for (; taken < count && packets[taken].input == batch->input; taken++) {
        const struct whyrst_packet *packet = &packets[taken];
        struct slice payload;
        if (taken + PREFETCH_AHEAD < count)
            batch_prefetch(&packets[taken + PREFETCH_AHEAD]);
        first = packet->time_nsec < first ? packet->time_nsec : first;
        last = packet->time_nsec > last ? packet->time_nsec : last;
        int result = decode_one(key, packet, segment, &payload);
        if (result != DECODE_TCP) {
            batch->undecoded[result]++;
            continue;
        }
        if (segment->flags & TCP_RST && payload.captured > 0)
            batch_keep_payload(batch, segment, payload.bytes, payload.captured);
        segment++;
    }
    batch->first_time_nsec = first;
    batch->last_time_nsec = last;
    batch->count = (unsigned)(segment - batch->segments);
    batch->packets += (unsigned)taken;
    return taken;
}
