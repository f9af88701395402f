/* The connection key: both ends put in order, so that it is the same for both directions, and
 * hashed. Only then are they mixed with the secret: a sum or exclusive or of the bare ends would
 * let anyone choose colliding ones. The first round is the NH function of UMAC (RFC 4418, 5.2) in
 * 64-bit words, of which no pair of inputs collides for more than 2^-64 of the secrets; the second
 * spreads its 128 bits.
 *
 * Any order will do, so it is that of the bytes as this machine reads them, and which end is source
 * makes no branch: it is as good as random from packet to packet. */
#ifndef WHYRST_PACKET_KEY_H
#define WHYRST_PACKET_KEY_H

#include "packet/decode_internal.h"

__extension__ typedef unsigned __int128 key_wide;

static inline uint64_t key_fold(uint64_t left, uint64_t right)
{
    key_wide product = (key_wide)left * right;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t key_finish(const struct decode_key *key, uint64_t low, uint64_t high)
{
    return key_fold(low + key->secret[2], high ^ key->secret[3]);
}

/* An IPv4 end: address, then port. */
static inline uint64_t key_ipv4_end(uint32_t address, uint16_t port)
{
    return (uint64_t)address << 16 | port;
}

/* Hash of two IPv4 ends. */
static inline uint32_t key_hash_ipv4(const struct decode_key *key, uint64_t lower, uint64_t higher)
{
    uint64_t left = lower + key->secret[0], right = higher + key->secret[1];
    uint64_t high = (uint64_t)((key_wide)left * right >> 64);
    return (uint32_t)(key_finish(key, left * right, high) >> 32);
}

static inline uint32_t key_hash_ipv6(const struct decode_key *key, const uint64_t lower[2],
                                     const uint64_t higher[2], uint64_t ports)
{
    const uint64_t *secret = key->secret;
    key_wide sum = (key_wide)(lower[0] + secret[0]) * (lower[1] + secret[1]) +
                   (key_wide)(higher[0] + secret[2]) * (higher[1] + secret[3]);
    /* the ports get a round of their own, keyed by what the secret made of the addresses */
    uint64_t addresses = key_finish(key, (uint64_t)sum, (uint64_t)(sum >> 64));
    return (uint32_t)(key_fold(addresses ^ secret[0], ports + secret[1]) >> 32);
}

/* Hash of ends that are in order already. */
static inline uint32_t key_hash(const struct decode_key *key, const uint8_t address[2][16],
                                const uint16_t port[2], bool ipv6)
{
    uint64_t lower[2], higher[2];
    memcpy(lower, address[0], 16);
    memcpy(higher, address[1], 16);
    if (ipv6)
        return key_hash_ipv6(key, lower, higher, (uint64_t)port[0] << 16 | port[1]);
    return key_hash_ipv4(key, key_ipv4_end(load_word32(address[0]), port[0]),
                         key_ipv4_end(load_word32(address[1]), port[1]));
}

/* Sets both ends, tag and which of them is the source. addresses: source, then destination, as they
 * follow each other in the header; ports the same. */
static inline void key_set_ipv4(struct segment *segment, const struct decode_key *key,
                                const uint8_t *addresses, const uint8_t *ports)
{
    uint64_t source = key_ipv4_end(load_word32(addresses), load_be16(ports));
    uint64_t destination = key_ipv4_end(load_word32(addresses + 4), load_be16(ports + 2));
    uint64_t lower = source > destination ? destination : source;
    uint64_t higher = source > destination ? source : destination;
    uint32_t first = (uint32_t)(lower >> 16), second = (uint32_t)(higher >> 16);
    memset(segment->address, 0, sizeof segment->address);
    memcpy(segment->address[0], &first, 4);
    memcpy(segment->address[1], &second, 4);
    segment->port[0] = (uint16_t)lower;
    segment->port[1] = (uint16_t)higher;
    segment->input_side = source > destination;
    segment->tag = key_hash_ipv4(key, lower, higher);
}

static inline void key_set_ipv6(struct segment *segment, const struct decode_key *key,
                                const uint8_t *addresses, const uint8_t *ports)
{
    uint64_t ends[2][2];
    memcpy(ends, addresses, sizeof ends);
    key_wide source = (key_wide)ends[0][1] << 64 | ends[0][0];
    key_wide destination = (key_wide)ends[1][1] << 64 | ends[1][0];
    uint16_t source_port = load_be16(ports), destination_port = load_be16(ports + 2);
    size_t swapped = source > destination;
    if (source == destination)
        swapped = source_port > destination_port;
    memcpy(segment->address[swapped], ends[0], 16);
    memcpy(segment->address[swapped ^ 1], ends[1], 16);
    segment->port[swapped] = source_port;
    segment->port[swapped ^ 1] = destination_port;
    segment->input_side = (uint8_t)swapped;
    segment->tag = key_hash_ipv6(key, ends[swapped], ends[swapped ^ 1],
                                 (uint64_t)segment->port[0] << 16 | segment->port[1]);
}

#endif
