/* The low-level calls: before the first EVP one OpenSSL reads its configuration and looks up all
 * its algorithms. They are deprecated since OpenSSL 3.0. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "capture/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/sha.h>

struct digest {
    SHA256_CTX context;
};

struct digest *digest_new(void)
{
    struct digest *digest = malloc(sizeof *digest);
    if (digest)
        digest_restart(digest);
    return digest;
}

void digest_restart(struct digest *digest)
{
    SHA256_Init(&digest->context);
}

void digest_feed(struct digest *digest, const void *bytes, size_t count)
{
    SHA256_Update(&digest->context, bytes, count);
}

void digest_finish(struct digest *digest, char hex[65])
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    SHA256_Final(sum, &digest->context);
    for (unsigned i = 0; i < sizeof sum; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void digest_free(struct digest *digest)
{
    free(digest);
}
