#include "rules/digits.h"

char *digits_long(char *at, uint64_t value)
{
    if (value >= 100000000) {
        at = digits_write(at, value / 100000000);
        return digits_store(at, digits_of((uint32_t)(value % 100000000)));
    }
    uint64_t digits = digits_of((uint32_t)value);
    unsigned zeros = (unsigned)__builtin_ctzll(digits) / 8; /* value is not 0 */
    return digits_store(at, digits >> 8 * zeros) - zeros;
}

#define ONES(n) (char)('0' + (n) % 10)
#define TENS(n) (char)('0' + (n) / 10 % 10)
#define OCTET(n)                                                                                   \
    {                                                                                              \
        (n) > 99  ? '0' + (n) / 100                                                                \
        : (n) > 9 ? TENS(n)                                                                        \
                  : ONES(n),                                                                       \
            (n) > 99 ? TENS(n) : ONES(n), ONES(n),                                                 \
            (n) > 99  ? 3                                                                          \
            : (n) > 9 ? 2                                                                          \
                      : 1                                                                          \
    }
#define OCTETS4(n)  OCTET(n), OCTET((n) + 1), OCTET((n) + 2), OCTET((n) + 3)
#define OCTETS16(n) OCTETS4(n), OCTETS4((n) + 4), OCTETS4((n) + 8), OCTETS4((n) + 12)
#define OCTETS64(n) OCTETS16(n), OCTETS16((n) + 16), OCTETS16((n) + 32), OCTETS16((n) + 48)

const char digits_octets[256][4] = {OCTETS64(0), OCTETS64(64), OCTETS64(128), OCTETS64(192)};
