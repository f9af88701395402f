#include "report/known.h"

#include <stdlib.h>
#include <string.h>

#include "report/output.h"
#include "rules/ruleset.h"

_Static_assert(KNOWN_SLOTS == 1u << (64 - 54), "known_slot gives a slot");

static void known_add(struct known *known, struct output *json, const char *string)
{
    if (string == NULL || known->count == KNOWN_SLOTS / 4 * 3 || known_find(known, string) ||
        strlen(string) > KNOWN_LONGEST)
        return;
    size_t start = json->count;
    output_json(json, string);
    unsigned slot = known_slot(string);
    while (known->slots[slot].string != NULL)
        slot = (slot + 1) % KNOWN_SLOTS;
    known->slots[slot] =
        (struct known_string){string, (uint32_t)start, (uint32_t)(json->count - start)};
    known->count++;
}

static void known_add_facts(struct known *known, struct output *json)
{
    for (unsigned id = 0; id < FACT_COUNT; id++) {
        known_add(known, json, fact_table[id].name);
        for (unsigned n = 0; fact_table[id].names != NULL && fact_table[id].names[n] != NULL; n++)
            known_add(known, json, fact_table[id].names[n]);
    }
}

static void known_add_rules(struct known *known, struct output *json,
                            const struct whyrst_rules *rules)
{
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        const struct rule *rule = rules ? ruleset_rule(rules, (enum whyrst_cause)cause) : NULL;
        known_add(known, json, whyrst_cause_name((enum whyrst_cause)cause));
        if (rule == NULL)
            continue;
        known_add(known, json, rule->scenario);
        known_add(known, json, rule->title.text[WHYRST_EN]);
        known_add(known, json, rule->title.text[WHYRST_ZH]);
    }
    unsigned count = rules ? ruleset_signature_count(rules) : 0;
    for (unsigned n = 0; n < count; n++) {
        known_add(known, json, ruleset_signature(rules, n)->name);
        known_add(known, json, ruleset_signature(rules, n)->why);
    }
}

void known_init(struct known *known, const struct whyrst_rules *rules)
{
    static const char block[16];
    struct output json;
    *known = (struct known){.slots = calloc(KNOWN_SLOTS, sizeof(*known->slots)), .tried = true};
    if (known->slots == NULL || output_init(&json) != 0) {
        known_clear(known);
        return;
    }
    known_add_facts(known, &json);
    known_add_rules(known, &json, rules);
    output_bytes(&json, block, sizeof(block));
    known->bytes = json.bytes;
    if (json.failed)
        known_clear(known);
}

void known_clear(struct known *known)
{
    free(known->slots);
    free(known->bytes);
    known->slots = NULL;
    known->bytes = NULL;
}
