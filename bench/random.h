/* Reproducible pseudo-random numbers in integers only: the same seed gives the same capture on
 * every machine, which neither rand() nor floating-point logarithms promise. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* Mixes all bits of x (the finaliser of splitmix64). */
static inline uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t random_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    return random_mix(*state);
}

/* Uniform in [0, bound); bound below 2^32 and not 0. */
static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(((random_next(state) >> 32) * bound) >> 32);
}

/* Uniform in [low, high]. */
static inline uint32_t random_between(uint64_t *state, uint32_t low, uint32_t high)
{
    return low + random_below(state, high - low + 1);
}

static inline bool random_chance(uint64_t *state, uint32_t per_mille)
{
    return random_below(state, 1000) < per_mille;
}

/* The index-th element of a pseudo-random order of 0 … count-1; another order for each key. */
static inline uint32_t random_order(uint32_t index, uint32_t count, uint64_t key)
{
    unsigned bits = 2;
    while (bits < 32 && (1u << bits) < count)
        bits++;
    uint32_t mask = bits == 32 ? UINT32_MAX : (1u << bits) - 1;
    uint32_t x = index;
    do { /* each step is a bijection of [0, mask]; walk until the value falls into the range */
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t draw = random_mix(key + round * 0x9e3779b97f4a7c15u);
            x = (x * ((uint32_t)draw | 1) + (uint32_t)(draw >> 32)) & mask;
            x ^= x >> ((bits + 1) / 2);
        }
    } while (x >= count);
    return x;
}

#endif
