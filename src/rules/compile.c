#include "rules/internal.h"

#include <stdlib.h>
#include <string.h>

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

/* The number of the test (64 to a word), added if it is new; -1 without memory or room. */
static int table_number(struct test_table *table, unsigned first_word, const struct fact_test *test)
{
    unsigned word;

    for (word = first_word; word < table->words; word++)
        for (unsigned i = 0; i < table->counts[word]; i++)
            if (test_equal(&table->tests[word][i], test))
                return (int)(word * 64 + i);
    if (table->words == first_word || table->counts[table->words - 1] == 64) {
        if (table->words == TEST_MAX_WORDS)
            return -1;
        table->tests[table->words] = calloc(64, sizeof *test);
        if (!table->tests[table->words])
            return -1;
        table->words++;
    }
    word = table->words - 1;
    table->tests[word][table->counts[word]] = *test;
    return (int)(word * 64 + table->counts[word]++);
}

/* Numbers the tests of names, or those of numbers, from a fresh word on. numbers[] has a row of
 * RULE_MAX_CONDITIONS for each signature. */
static int number_tests(struct whyrst_rules *rules, bool of_names,
                        int (*numbers)[RULE_MAX_CONDITIONS])
{
    unsigned first_word = rules->table.words;

    for (unsigned i = 0; i < rules->signature_count; i++) {
        const struct signature_entry *entry = rules->signatures[i];
        for (unsigned j = 0; j < entry->signature.fact_count; j++) {
            if ((fact_table[entry->facts[j]].type != FACT_NUMBER) != of_names)
                continue;
            numbers[i][j] = table_number(&rules->table, first_word, &entry->tests[j]);
            if (numbers[i][j] < 0)
                return -1;
        }
    }
    return 0;
}

int ruleset_compile(struct whyrst_rules *rules, struct whyrst_error *error)
{
    int(*numbers)[RULE_MAX_CONDITIONS] = NULL;
    int result = -1;

    for (unsigned i = 0; i < rules->rule_count; i++)
        rules->signature_count += rules->rules[i].signature_count;
    rules->signatures = calloc(rules->signature_count + 1, sizeof *rules->signatures);
    numbers = calloc(rules->signature_count + 1, sizeof *numbers);
    if (!rules->signatures || !numbers)
        goto out;
    sort_signatures(rules);
    if (number_tests(rules, true, numbers))
        goto out;
    rules->table.name_words = rules->table.words;
    if (number_tests(rules, false, numbers))
        goto out;

    rules->needs =
        calloc((size_t)rules->signature_count * rules->table.words + 1, sizeof *rules->needs);
    if (!rules->needs)
        goto out;
    for (unsigned i = 0; i < rules->signature_count; i++)
        for (unsigned j = 0; j < rules->signatures[i]->signature.fact_count; j++)
            rules->needs[i * rules->table.words + (unsigned)numbers[i][j] / 64] |=
                UINT64_C(1) << numbers[i][j] % 64;
    result = 0;
out:
    if (result)
        strcpy(error->text, rules->table.words == TEST_MAX_WORDS
                                ? "more than 1000 different conditions in the rules"
                                : "out of memory");
    free(numbers);
    return result;
}
