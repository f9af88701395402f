#include "report/community.h"

#include <nettle/sha1.h>
#include <string.h>

#define PROTOCOL_TCP 6

static bool ends_in_order(const struct whyrst_address *one, const struct whyrst_address *other,
                          size_t ip_bytes)
{
    int order = memcmp(one->ip, other->ip, ip_bytes);
    return order < 0 || (order == 0 && one->port <= other->port);
}

/* The 160 bits as 26 groups of six and one of four, which two zeros fill up. */
static char *base64(char *at, const uint32_t words[5])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint64_t high = (uint64_t)words[0] << 32 | words[1];
    const uint64_t middle = (uint64_t)words[2] << 32 | words[3];
    for (int shift = 58; shift >= 4; shift -= 6)
        *at++ = digits[high >> shift & 63];
    *at++ = digits[(high << 2 | middle >> 62) & 63];
    for (int shift = 56; shift >= 2; shift -= 6)
        *at++ = digits[middle >> shift & 63];
    const uint64_t low = middle << 32 | words[4];
    for (int shift = 28; shift >= 0; shift -= 6)
        *at++ = digits[low >> shift & 63];
    *at++ = digits[low << 2 & 63];
    *at++ = '=';
    return at;
}

/* The tuple is one block of SHA-1 with its padding: 0x80, zeros, its length in bits. */
static void tuple_digest(uint8_t block[SHA1_BLOCK_SIZE], size_t bytes, uint32_t words[5])
{
    struct sha1_ctx context;
    block[bytes] = 0x80;
    block[SHA1_BLOCK_SIZE - 2] = (uint8_t)(bytes * 8 >> 8);
    block[SHA1_BLOCK_SIZE - 1] = (uint8_t)(bytes * 8);
    sha1_init(&context);
    nettle_sha1_compress(context.state, block);
    memcpy(words, context.state, sizeof(context.state));
}

/* seed (2 bytes), lower end's address, other address, protocol, 0, lower end's port, other port */
char *community_id(char *at, const struct whyrst_address *one, const struct whyrst_address *other)
{
    size_t ip_bytes = one->version == 6 ? 16 : 4;
    bool in_order = ends_in_order(one, other, ip_bytes);
    const struct whyrst_address *low = in_order ? one : other, *high = in_order ? other : one;
    uint8_t block[SHA1_BLOCK_SIZE] = {0};
    uint32_t words[5];
    uint8_t *end = block + 2;
    memcpy(end, low->ip, ip_bytes);
    memcpy(end + ip_bytes, high->ip, ip_bytes);
    end += 2 * ip_bytes;
    *end++ = PROTOCOL_TCP;
    *end++ = 0;
    *end++ = (uint8_t)(low->port >> 8);
    *end++ = (uint8_t)low->port;
    *end++ = (uint8_t)(high->port >> 8);
    *end++ = (uint8_t)high->port;

    tuple_digest(block, (size_t)(end - block), words);
    *at++ = '1';
    *at++ = ':';
    return base64(at, words);
}
