/* Strings that stay where they are and what they are as long as a report is open: of its rules, and
 * the names of facts and of their values. They are made ready for JSON once, and known again by
 * where they are. */
#ifndef WHYRST_REPORT_KNOWN_H
#define WHYRST_REPORT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "whyrst/whyrst.h"

#define KNOWN_SLOTS   1024u /* a power of two; one in four stays free, to end a search */
#define KNOWN_LONGEST 1000  /* longer strings are not worth it */

struct known_string {
    const char *string; /* where the original is; NULL: the slot is free */
    uint32_t start;     /* of its JSON in .bytes, quotes included */
    uint32_t count;
};

struct known {
    struct known_string *slots; /* NULL: nothing is known */
    unsigned count;
    char *bytes; /* may be read in blocks of sixteen */
    bool tried;
};

/* All zero is a valid start. rules may be NULL. Without memory, or beyond its slots, a string is
 * not known, which only takes longer. */
void known_init(struct known *known, const struct whyrst_rules *rules);
void known_clear(struct known *known);

static inline unsigned known_slot(const char *string)
{
    return (unsigned)((uint64_t)(uintptr_t)string * 0x9e3779b97f4a7c15u >> 54);
}

/* The string's JSON, or NULL. string may be NULL too. */
static inline const struct known_string *known_find(const struct known *known, const char *string)
{
    if (known->slots == NULL)
        return NULL;
    for (unsigned slot = known_slot(string);; slot = (slot + 1) % KNOWN_SLOTS) {
        const struct known_string *found = &known->slots[slot];
        if (found->string == string)
            return string ? found : NULL;
        if (found->string == NULL)
            return NULL;
    }
}

#endif
