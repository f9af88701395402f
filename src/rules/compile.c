#include "rules/internal.h"
#include "rules/verdict.h"

#include <math.h>
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

static unsigned name_fact_index(struct filter *filter, uint8_t fact)
{
    unsigned i = 0;

    while (i < filter->name_fact_count && filter->name_facts[i] != fact)
        i++;
    if (i == filter->name_fact_count)
        filter->name_facts[filter->name_fact_count++] = fact;
    return i;
}

static void filter_add(struct filter *filter, unsigned signature, const struct fact_test *test)
{
    uint64_t bit = UINT64_C(1) << signature % 64;
    unsigned word = signature / 64;

    if (fact_table[test->fact].type == FACT_NUMBER)
        return; /* see numbers_build */
    unsigned i = name_fact_index(filter, test->fact);
    for (unsigned value = 0; value < FILTER_SLOTS - 1; value++)
        if (!(test->names >> value & 1))
            filter->excluded[(i * FILTER_SLOTS + value) * filter->words + word] |= bit;
}

static int compare_bounds(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The bounds of a fact's intervals: of each test the first value that passes and the first behind
 * those that pass. Returns how many. */
static unsigned bounds_collect(const struct whyrst_rules *rules, int fact, double *bounds)
{
    unsigned count = 0, kept = 0;

    for (unsigned i = 0; i < rules->signature_count; i++)
        for (unsigned j = 0; j < rules->signatures[i]->signature.fact_count; j++) {
            const struct fact_test *test = &rules->signatures[i]->tests[j];
            if (test->fact != fact)
                continue;
            if (isfinite(test->low))
                bounds[count++] = test->low;
            if (isfinite(test->high))
                bounds[count++] = nextafter(test->high, INFINITY);
        }
    if (count > 1)
        qsort(bounds, count, sizeof *bounds, compare_bounds);
    for (unsigned i = 0; i < count; i++)
        if (kept == 0 || bounds[i] > bounds[kept - 1])
            bounds[kept++] = bounds[i];
    return kept;
}

static void number_exclude(const struct number_filter *number, const struct fact_test *test,
                           unsigned words, unsigned signature)
{
    for (unsigned i = 0; i <= number->bound_count; i++) {
        bool fits = i == 0
                        ? !isfinite(test->low)
                        : number->bounds[i - 1] >= test->low && number->bounds[i - 1] <= test->high;
        if (!fits)
            number->excluded[i * words + signature / 64] |= UINT64_C(1) << signature % 64;
    }
}

static int numbers_build(struct whyrst_rules *rules)
{
    struct filter *filter = &rules->filter;
    size_t most = 2 * (size_t)rules->signature_count * RULE_MAX_CONDITIONS + 1;

    for (int fact = 0; fact < FACT_COUNT; fact++) {
        struct number_filter *number = &filter->numbers[filter->number_count];
        if (fact_table[fact].type != FACT_NUMBER)
            continue;
        free(number->bounds);
        number->bounds = calloc(most, sizeof *number->bounds);
        if (!number->bounds)
            return -1;
        number->fact = (uint8_t)fact;
        number->bound_count = bounds_collect(rules, fact, number->bounds);
        if (number->bound_count == 0)
            continue;
        filter->number_count++;
        number->excluded =
            calloc((number->bound_count + 2) * (size_t)filter->words, sizeof *number->excluded);
        if (!number->excluded)
            return -1;
        for (unsigned i = 0; i < rules->signature_count; i++)
            for (unsigned j = 0; j < rules->signatures[i]->signature.fact_count; j++)
                if (rules->signatures[i]->tests[j].fact == fact)
                    number_exclude(number, &rules->signatures[i]->tests[j], filter->words, i);
    }
    return 0;
}

void filter_clear(struct filter *filter)
{
    free(filter->excluded);
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        free(filter->numbers[i].bounds);
        free(filter->numbers[i].excluded);
    }
}

static int filter_build(struct whyrst_rules *rules)
{
    struct filter *filter = &rules->filter;

    filter->words = (rules->signature_count + 127) / 128 * 2;
    filter->excluded =
        calloc((size_t)FACT_COUNT * FILTER_SLOTS * (filter->words + 1), sizeof *filter->excluded);
    if (!filter->excluded)
        return -1;
    for (unsigned i = 0; i < rules->signature_count; i++)
        for (unsigned j = 0; j < rules->signatures[i]->signature.fact_count; j++)
            filter_add(filter, i, &rules->signatures[i]->tests[j]);
    return numbers_build(rules);
}

int ruleset_compile(struct whyrst_rules *rules, struct whyrst_error *error)
{
    for (unsigned i = 0; i < rules->rule_count; i++)
        rules->signature_count += rules->rules[i].signature_count;
    rules->signatures = calloc(rules->signature_count + 128, sizeof *rules->signatures);
    if (rules->signatures)
        sort_signatures(rules);
    if (!rules->signatures || filter_build(rules)) {
        snprintf(error->text, sizeof error->text, "cannot load the rules: out of memory");
        return -1;
    }
    return 0;
}
