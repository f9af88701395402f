#include "capture/digest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

struct digest {
    EVP_MD_CTX *context;
    bool failed;
};

struct digest *digest_new(void)
{
    struct digest *digest = calloc(1, sizeof *digest);
    if (!digest)
        return NULL;
    digest->context = EVP_MD_CTX_new();
    if (!digest->context) {
        free(digest);
        return NULL;
    }
    digest_restart(digest);
    return digest;
}

void digest_restart(struct digest *digest)
{
    digest->failed = EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1;
}

void digest_feed(struct digest *digest, const void *bytes, size_t count)
{
    if (!digest->failed && count > 0)
        digest->failed = EVP_DigestUpdate(digest->context, bytes, count) != 1;
}

void digest_finish(struct digest *digest, char hex[65])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    hex[0] = '\0';
    if (digest->failed || EVP_DigestFinal_ex(digest->context, sum, &length) != 1 || length != 32)
        return;
    for (unsigned i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void digest_free(struct digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}
