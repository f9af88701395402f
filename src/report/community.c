/* The low-level SHA-1 calls cost a third of the EVP ones on 40 bytes; they are deprecated since
 * OpenSSL 3.0, which is no reason to be told so at every build. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "report/community.h"

#include <openssl/sha.h>
#include <string.h>

#define PROTOCOL_TCP 6

static bool ends_in_order(const struct whyrst_address *one, const struct whyrst_address *other,
                          size_t ip_bytes)
{
    int order = memcmp(one->ip, other->ip, ip_bytes);
    return order < 0 || (order == 0 && one->port <= other->port);
}

static char *base64(char *at, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0);
        *at++ = digits[group >> 18];
        *at++ = digits[group >> 12 & 63];
        *at++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *at++ = left > 2 ? digits[group & 63] : '=';
    }
    return at;
}

/* seed (2 bytes), lower end's address, other address, protocol, 0, lower end's port, other port */
char *community_id(char *at, const struct whyrst_address *one, const struct whyrst_address *other)
{
    size_t ip_bytes = one->version == 6 ? 16 : 4;
    bool in_order = ends_in_order(one, other, ip_bytes);
    const struct whyrst_address *low = in_order ? one : other, *high = in_order ? other : one;
    uint8_t tuple[40] = {0}, digest[SHA_DIGEST_LENGTH];
    uint8_t *end = tuple + 2;
    memcpy(end, low->ip, ip_bytes);
    memcpy(end + ip_bytes, high->ip, ip_bytes);
    end += 2 * ip_bytes;
    *end++ = PROTOCOL_TCP;
    *end++ = 0;
    *end++ = (uint8_t)(low->port >> 8);
    *end++ = (uint8_t)low->port;
    *end++ = (uint8_t)(high->port >> 8);
    *end++ = (uint8_t)high->port;

    SHA_CTX context;
    SHA1_Init(&context);
    SHA1_Update(&context, tuple, (size_t)(end - tuple));
    SHA1_Final(digest, &context);
    *at++ = '1';
    *at++ = ':';
    return base64(at, digest, sizeof(digest));
}
