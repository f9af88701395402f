#include "rules/address.h"

#include <string.h>

#include "rules/digits.h"

static char *address_ip4(char *at, const uint8_t ip[4])
{
    for (int i = 0; i < 3; i++) {
        at = digits_octet(at, ip[i]);
        *at++ = '.';
    }
    return digits_octet(at, ip[3]);
}

static char *address_hex16(char *at, unsigned value)
{
    static const char digits[] = "0123456789abcdef";
    for (int shift = value >> 12 ? 12 : value >> 8 ? 8 : value >> 4 ? 4 : 0; shift >= 0; shift -= 4)
        *at++ = digits[value >> shift & 15];
    return at;
}

/* RFC 5952, 4: lower case, no leading zeros, the first longest run of at least two zero groups as
 * "::"; 5: an IPv4-mapped address ends dotted. */
static char *address_ip6(char *at, const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (!memcmp(ip, mapped, sizeof(mapped)))
        return address_ip4((char *)mempcpy(at, "::ffff:", 7), ip + 12);
    unsigned groups[8], run = 0, best = 8, best_length = 1;
    for (unsigned i = 0; i < 8; i++) {
        groups[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
        run = groups[i] ? 0 : run + 1;
        if (run > best_length) {
            best = i + 1 - run;
            best_length = run;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == best) {
            *at++ = ':';
            i += best_length - 1;
            if (i == 7)
                *at++ = ':';
            continue;
        }
        if (i)
            *at++ = ':';
        at = address_hex16(at, groups[i]);
    }
    return at;
}

char *address_format(char *at, const struct whyrst_address *address)
{
    return address->version == 6 ? address_ip6(at, address->ip) : address_ip4(at, address->ip);
}
