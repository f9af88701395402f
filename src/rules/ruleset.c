#include "rules/ruleset.h"

#include "rules/internal.h"

#include <stdlib.h>

unsigned whyrst_rules_count(const struct whyrst_rules *rules)
{
    return rules->rule_count;
}

const char *whyrst_rules_sha256(const struct whyrst_rules *rules)
{
    return rules->sha256;
}

const struct rule *ruleset_rule(const struct whyrst_rules *rules, enum whyrst_cause cause)
{
    return (unsigned)cause < WHYRST_CAUSE_COUNT ? rules->by_cause[cause] : NULL;
}

unsigned ruleset_signature_count(const struct whyrst_rules *rules)
{
    return rules->signature_count;
}

const struct signature *ruleset_signature(const struct whyrst_rules *rules, unsigned index)
{
    return index < rules->signature_count ? &rules->signatures[index]->signature : NULL;
}

int ruleset_condition_text(const struct signature *signature, unsigned index, char *buf,
                           size_t size)
{
    const struct signature_entry *entry = (const struct signature_entry *)signature;
    const struct rule_entry *rule = (const struct rule_entry *)signature->rule;

    if (index >= signature->fact_count || size == 0)
        return -1;
    condition_text(entry, index, rule->texts, buf, size);
    return 0;
}

static void signature_free(struct signature_entry *entry)
{
    for (unsigned i = 0; i < RULE_MAX_CONDITIONS; i++)
        json_decref(entry->values[i]);
    free(entry);
}

static void rule_clear(struct rule_entry *entry)
{
    for (unsigned i = 0; entry->signatures && entry->signatures[i]; i++)
        signature_free(entry->signatures[i]);
    free(entry->signatures);
    for (int i = WHYRST_EN; i <= WHYRST_ZH; i++) {
        free(entry->rule.explain.parts[i]);
        free(entry->rule.impact.parts[i]);
    }
    free(entry->strings.bytes);
    free(entry->file);
}

void whyrst_rules_free(struct whyrst_rules *rules)
{
    if (!rules)
        return;
    for (unsigned i = 0; i < rules->rule_count; i++)
        rule_clear(&rules->rules[i]);
    selector_clear(&rules->selector);
    free(rules->rules);
    free(rules->signatures);
    free(rules);
}
