#include "report/anonymize.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "report/output.h"

struct pseudonym {
    uint8_t ip[16];
    uint8_t version; /* 0 = free slot */
    uint32_t number;
};

struct anonymizer {
    struct pseudonym *slots; /* open addressing, at most half full */
    size_t slot_count;       /* a power of two */
    size_t used;
    uint32_t last_number[2]; /* IPv4, IPv6 */
    struct output text;
    bool failed;
};

struct anonymizer *anonymizer_new(void)
{
    struct anonymizer *anonymizer = calloc(1, sizeof(*anonymizer));
    if (!anonymizer)
        return NULL;
    anonymizer->slot_count = 256;
    anonymizer->slots = calloc(anonymizer->slot_count, sizeof(*anonymizer->slots));
    if (!anonymizer->slots || output_init(&anonymizer->text) != 0) {
        free(anonymizer->slots);
        free(anonymizer);
        return NULL;
    }
    return anonymizer;
}

void anonymizer_free(struct anonymizer *anonymizer)
{
    if (!anonymizer)
        return;
    output_clear(&anonymizer->text);
    free(anonymizer->slots);
    free(anonymizer);
}

bool anonymizer_failed(const struct anonymizer *anonymizer)
{
    return anonymizer->failed || anonymizer->text.failed;
}

static size_t slot_hash(const uint8_t ip[16])
{
    uint64_t low, high;
    memcpy(&low, ip, 8);
    memcpy(&high, ip + 8, 8);
    uint64_t mixed = low * 0x9e3779b97f4a7c15u ^ (high + 0x632be59bd9b4e019u) * 0xd6e8feb86659fd93u;
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
    return (size_t)(mixed ^ mixed >> 32);
}

/* The address's slot, or the free one it belongs in. */
static struct pseudonym *slot_find(struct pseudonym *slots, size_t slot_count, const uint8_t ip[16],
                                   uint8_t version)
{
    size_t i = slot_hash(ip) & (slot_count - 1);
    while (slots[i].version && (slots[i].version != version || memcmp(slots[i].ip, ip, 16)))
        i = (i + 1) & (slot_count - 1);
    return &slots[i];
}

static void slots_double(struct anonymizer *anonymizer)
{
    size_t slot_count = anonymizer->slot_count * 2;
    struct pseudonym *slots = calloc(slot_count, sizeof(*slots));
    if (!slots) {
        anonymizer->failed = true;
        return;
    }
    for (size_t i = 0; i < anonymizer->slot_count; i++) {
        const struct pseudonym *old = &anonymizer->slots[i];
        if (old->version)
            *slot_find(slots, slot_count, old->ip, old->version) = *old;
    }
    free(anonymizer->slots);
    anonymizer->slots = slots;
    anonymizer->slot_count = slot_count;
}

static struct whyrst_address pseudonym_address(uint8_t version, uint16_t port, uint32_t number)
{
    struct whyrst_address address = {.version = version, .port = port};
    uint8_t *last = version == 6 ? address.ip + 12 : address.ip;
    if (version == 6)
        address.ip[0] = 1; /* 100::/64 */
    else
        number |= 0xf0000000; /* 240.0.0.0/4 */
    for (int i = 0; i < 4; i++)
        last[i] = (uint8_t)(number >> (24 - 8 * i));
    return address;
}

struct whyrst_address anonymizer_address(struct anonymizer *anonymizer,
                                         const struct whyrst_address *address)
{
    uint8_t version = address->version == 6 ? 6 : 4, ip[16] = {0};
    memcpy(ip, address->ip, version == 6 ? 16 : 4);
    struct pseudonym *slot = slot_find(anonymizer->slots, anonymizer->slot_count, ip, version);
    if (!slot->version) {
        if (2 * (anonymizer->used + 1) > anonymizer->slot_count) {
            slots_double(anonymizer);
            if (anonymizer->failed)
                return (struct whyrst_address){.version = version, .port = address->port};
            slot = slot_find(anonymizer->slots, anonymizer->slot_count, ip, version);
        }
        anonymizer->used++;
        memcpy(slot->ip, ip, 16);
        slot->version = version;
        slot->number = ++anonymizer->last_number[version == 6];
    }
    return pseudonym_address(version, address->port, slot->number);
}

static bool names_nobody(const struct whyrst_address *address)
{
    static const uint8_t zero[16];
    if (address->version == 4)
        return address->ip[0] == 127 || !memcmp(address->ip, zero, 4);
    return !memcmp(address->ip, zero, 15) && address->ip[15] <= 1;
}

/* Reads `length` characters as an address, with or without a prefix length behind it. */
static bool literal_parse(const char *text, size_t length, struct whyrst_address *address)
{
    char literal[INET6_ADDRSTRLEN];
    if (length < 2 || length >= sizeof(literal))
        return false;
    memcpy(literal, text, length);
    literal[length] = '\0';
    *address = (struct whyrst_address){0};
    address->version = memchr(literal, ':', length) ? 6 : 4;
    return inet_pton(address->version == 6 ? AF_INET6 : AF_INET, literal, address->ip) == 1;
}

/* The literal may stand between these characters. IPv4 is found even inside a word
 * ("host10.0.0.5a"): better a version number with a pseudonym than an address that got away. */
static bool literal_stands(const struct whyrst_address *address, char before, char after)
{
    if (address->version == 4)
        return !isdigit((unsigned char)before) && !isdigit((unsigned char)after);
    return !isalnum((unsigned char)before) && !isalnum((unsigned char)after) && before != ':';
}

/* The length of the address literal at `text`, 0 when there is none. The longest run of its
 * characters that parses counts, so that "10.0.0.5:80", "::1." and "10.0.0.5." come apart well. */
static size_t literal_find(const char *text, char before, struct whyrst_address *address)
{
    size_t run = strspn(text, "0123456789abcdefABCDEF:.");
    if (strcspn(text, ".:") >= run)
        return 0;
    size_t length = run < INET6_ADDRSTRLEN ? run : INET6_ADDRSTRLEN;
    for (; length >= 2; length--)
        if (literal_parse(text, length, address) && literal_stands(address, before, text[length]))
            return length;
    return 0;
}

static void text_address(struct anonymizer *anonymizer, const struct whyrst_address *address,
                         const char *literal, size_t length)
{
    bool seen = slot_find(anonymizer->slots, anonymizer->slot_count, address->ip, address->version)
                    ->version != 0;
    if (!seen && names_nobody(address)) {
        output_bytes(&anonymizer->text, literal, length);
        return;
    }
    struct whyrst_address shown = anonymizer_address(anonymizer, address);
    output_end(&anonymizer->text,
               format_ip(output_room(&anonymizer->text, FORMAT_IP_ROOM), &shown));
}

const char *anonymizer_text(struct anonymizer *anonymizer, const char *text)
{
    struct output *shown = &anonymizer->text;
    char before = ' ';
    shown->count = 0;
    while (*text) {
        struct whyrst_address address;
        size_t length = isxdigit((unsigned char)*text) || *text == ':'
                            ? literal_find(text, before, &address)
                            : 0;
        if (length)
            text_address(anonymizer, &address, text, length);
        else
            output_bytes(shown, text, length = 1);
        text += length;
        before = text[-1];
    }
    output_bytes(shown, "", 1);
    return shown->failed ? "" : shown->bytes;
}
