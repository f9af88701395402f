#include "rules/internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Best rank first; equal ranks in the order of file names and places, which is how they come. */
static void sort_signatures(struct whyrst_rules *rules)
{
    unsigned sorted = 0;

    for (unsigned i = 0; i < rules->rule_count; i++)
        for (unsigned j = 0; j < rules->rules[i].signature_count; j++) {
            const struct signature_entry *entry = rules->rules[i].signatures[j];
            unsigned at = sorted++;
            for (; at > 0 && rules->signatures[at - 1]->signature.rank < entry->signature.rank;
                 at--)
                rules->signatures[at] = rules->signatures[at - 1];
            rules->signatures[at] = entry;
        }
}

static bool test_equal(const struct fact_test *a, const struct fact_test *b)
{
    return a->fact == b->fact && a->names == b->names && !(a->low < b->low) && !(a->low > b->low) &&
           !(a->high < b->high) && !(a->high > b->high);
}

static unsigned name_fact_index(struct filter *filter, uint8_t fact)
{
    unsigned i = 0;

    while (i < filter->name_fact_count && filter->name_facts[i] != fact)
        i++;
    if (i == filter->name_fact_count)
        filter->name_facts[filter->name_fact_count++] = fact;
    return i;
}

static unsigned number_index(struct filter *filter, const struct fact_test *test)
{
    unsigned i = 0;

    while (i < filter->number_count && !test_equal(&filter->numbers[i], test))
        i++;
    if (i == filter->number_count)
        filter->numbers[filter->number_count++] = *test;
    return i;
}

static void filter_add(struct filter *filter, unsigned signature, const struct fact_test *test)
{
    uint64_t bit = UINT64_C(1) << signature % 64;
    unsigned word = signature / 64, i;

    if (fact_table[test->fact].type == FACT_NUMBER) {
        i = number_index(filter, test);
        filter->users[i * filter->words + word] |= bit;
        return;
    }
    i = name_fact_index(filter, test->fact);
    for (unsigned value = 0; value < FILTER_SLOTS - 1; value++)
        if (!(test->names >> value & 1))
            filter->excluded[(i * FILTER_SLOTS + value) * filter->words + word] |= bit;
}

static int filter_build(struct whyrst_rules *rules)
{
    struct filter *filter = &rules->filter;
    size_t conditions = 0;

    for (unsigned i = 0; i < rules->signature_count; i++)
        conditions += rules->signatures[i]->signature.fact_count;
    filter->words = (rules->signature_count + 63) / 64;
    filter->excluded =
        calloc((size_t)FACT_COUNT * FILTER_SLOTS * (filter->words + 1), sizeof *filter->excluded);
    filter->numbers = calloc(conditions + 1, sizeof *filter->numbers);
    filter->users = calloc((conditions + 1) * (filter->words + 1), sizeof *filter->users);
    if (!filter->excluded || !filter->numbers || !filter->users)
        return -1;
    for (unsigned i = 0; i < rules->signature_count; i++)
        for (unsigned j = 0; j < rules->signatures[i]->signature.fact_count; j++)
            filter_add(filter, i, &rules->signatures[i]->tests[j]);
    return 0;
}

int ruleset_compile(struct whyrst_rules *rules, struct whyrst_error *error)
{
    for (unsigned i = 0; i < rules->rule_count; i++)
        rules->signature_count += rules->rules[i].signature_count;
    rules->signatures = calloc(rules->signature_count + 1, sizeof *rules->signatures);
    if (rules->signatures)
        sort_signatures(rules);
    if (!rules->signatures || filter_build(rules)) {
        snprintf(error->text, sizeof error->text, "cannot load the rules: out of memory");
        return -1;
    }
    return 0;
}
