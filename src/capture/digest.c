#include "capture/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include <nettle/sha2.h>

struct digest {
    struct sha256_ctx context;
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
    sha256_init(&digest->context);
}

void digest_feed(struct digest *digest, const void *bytes, size_t count)
{
    sha256_update(&digest->context, count, bytes);
}

void digest_finish(struct digest *digest, char hex[65])
{
    unsigned char sum[SHA256_DIGEST_SIZE];
    sha256_digest(&digest->context, sizeof sum, sum);
    for (unsigned i = 0; i < sizeof sum; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void digest_free(struct digest *digest)
{
    free(digest);
}
