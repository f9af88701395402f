/* Numbers as decimal digits: many to a verdict, so without loops and with few branches. Every
 * function writes at `at`, where a short number may leave bytes behind its end, and returns the
 * end. */
#ifndef WHYRST_RULES_DIGITS_H
#define WHYRST_RULES_DIGITS_H

#include <stdint.h>
#include <string.h>

#define DIGITS_ROOM 20 /* of the longest number */

/* Eight decimal digits as a number of eight bytes, the first digit lowest; value < 10^8. Halves,
 * quarters and digits are split side by side: no branch that depends on a number's length, which
 * would cost more when guessed wrong. */
static inline uint64_t digits_of(uint32_t value)
{
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f; /* fours / 100 */
    uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f; /* twos / 10 */
    return tens | (twos - tens * 10) << 8;
}

/* The same for four digits; value < 10000. */
static inline uint32_t digits_of_four(uint32_t value)
{
    uint32_t hundreds = value * 10486 >> 20;
    uint32_t twos = hundreds | (value - hundreds * 100) << 16;
    uint32_t tens = (twos * 103 >> 10) & 0x000f000f;
    return tens | (twos - tens * 10) << 8;
}

static inline char *digits_store(char *at, uint64_t digits)
{
    digits |= 0x3030303030303030;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    digits = __builtin_bswap64(digits);
#endif
    memcpy(at, &digits, sizeof(digits));
    return at + sizeof(digits);
}

/* Below 10000, without leading zeros. */
static inline char *digits_short(char *at, uint32_t value)
{
    uint32_t digits = digits_of_four(value);
    unsigned zeros = (unsigned)__builtin_ctz(digits | 1u << 24) / 8; /* one digit is left of 0 */
    digits = (digits | 0x30303030) >> 8 * zeros;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    digits = __builtin_bswap32(digits);
#endif
    memcpy(at, &digits, sizeof(digits));
    return at + sizeof(digits) - zeros;
}

/* From 10000 on. */
char *digits_long(char *at, uint64_t value);

/* Any number, without leading zeros. */
static inline char *digits_write(char *at, uint64_t value)
{
    return value < 10000 ? digits_short(at, (uint32_t)value) : digits_long(at, value);
}

/* A number below 256 as characters, then how many they are. */
extern const char digits_octets[256][4];

static inline char *digits_octet(char *at, uint8_t value)
{
    memcpy(at, digits_octets[value], 4);
    return at + digits_octets[value][3];
}

#endif
