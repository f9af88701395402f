/* Connection hash: keyed, equal for both directions. The two ends are put in order first (byte
 * order of address, then port) and only then mixed with the secret: a sum or exclusive or of the
 * bare ends would let anyone choose colliding ones. The first round is the NH function of UMAC
 * (RFC 4418, 5.2) in 64-bit words, of which no pair of inputs collides for more than 2^-64 of the
 * secrets; the second spreads its 128 bits. */
#ifndef WHYRST_PACKET_HASH_H
#define WHYRST_PACKET_HASH_H

#include "packet/decode_internal.h"

__extension__ typedef unsigned __int128 hash_wide;

static inline uint64_t hash_fold(hash_wide wide)
{
    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

static inline uint64_t hash_finish(const struct decode_key *key, hash_wide sum, uint64_t tail)
{
    uint64_t low = (uint64_t)sum, high = (uint64_t)(sum >> 64);
    return hash_fold((hash_wide)(low + (tail ^ key->secret[2])) * (high ^ key->secret[3]));
}

/* An IPv4 end: address, then port; the numbers compare as the bytes do. */
static inline uint64_t hash_ipv4_end(uint32_t address, uint16_t port)
{
    return (uint64_t)address << 16 | port;
}

/* Which end is source makes no branch: it is as good as random from packet to packet. */
static inline uint64_t hash_ipv4(const struct decode_key *key, uint64_t source,
                                 uint64_t destination)
{
    uint64_t lower = source > destination ? destination : source;
    uint64_t higher = source > destination ? source : destination;
    return hash_finish(key, (hash_wide)(lower + key->secret[0]) * (higher + key->secret[1]), 0);
}

/* Sets hash and MARK_SWAPPED. */
static inline void hash_ipv6(struct segment *segment, const struct decode_key *key)
{
    uint64_t source[2] = {load_be64(segment->src), load_be64(segment->src + 8)};
    uint64_t destination[2] = {load_be64(segment->dst), load_be64(segment->dst + 8)};
    bool swapped = source[0] != destination[0]   ? source[0] > destination[0]
                   : source[1] != destination[1] ? source[1] > destination[1]
                                                 : segment->src_port > segment->dst_port;
    const uint64_t *lower = swapped ? destination : source;
    const uint64_t *higher = swapped ? source : destination;
    uint64_t ports = swapped ? (uint64_t)segment->dst_port << 16 | segment->src_port
                             : (uint64_t)segment->src_port << 16 | segment->dst_port;
    const uint64_t *secret = key->secret;
    hash_wide sum = (hash_wide)(lower[0] + secret[0]) * (lower[1] + secret[1]) +
                    (hash_wide)(higher[0] + secret[2]) * (higher[1] + secret[3]);
    segment->marks |= (uint8_t)(swapped * MARK_SWAPPED);
    /* the ports get a round of their own, keyed by what the secret made of the addresses */
    uint64_t addresses = hash_finish(key, sum, 0);
    segment->hash = hash_fold((hash_wide)(addresses ^ secret[0]) * (ports + secret[1]));
}

#endif
