#include "rules/internal.h"
#include "rules/verdict.h"

#include <stdio.h>
#include <stdlib.h>

/* Best rank first; equal ranks in the order of file names and places, which is how they come. */
static void sort_signatures(struct whyrst_rules *rules)
{
    unsigned sorted = 0;

    for (unsigned i = 0; i < rules->rule_count; i++)
        for (unsigned j = 0; j < rules->rules[i].signature_count; j++) {
            struct signature_entry *entry = rules->rules[i].signatures[j];
            verdict_prepare(&entry->signature);
            unsigned at = sorted++;
            for (; at > 0 && rules->signatures[at - 1]->signature.rank < entry->signature.rank;
                 at--)
                rules->signatures[at] = rules->signatures[at - 1];
            rules->signatures[at] = entry;
        }
}

int ruleset_compile(struct whyrst_rules *rules, struct whyrst_error *error)
{
    for (unsigned i = 0; i < rules->rule_count; i++)
        rules->signature_count += rules->rules[i].signature_count;
    rules->signatures = calloc(rules->signature_count + 1, sizeof *rules->signatures);
    if (rules->signatures)
        sort_signatures(rules);
    if (!rules->signatures ||
        selector_build(&rules->selector, rules->signatures, rules->signature_count)) {
        snprintf(error->text, sizeof error->text, "cannot load the rules: out of memory");
        return -1;
    }
    return 0;
}
