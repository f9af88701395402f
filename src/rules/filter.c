#include "rules/internal.h"

#include <math.h>
#include <stdlib.h>

/* A filter under construction: which facts its signatures ask for. */
struct plan {
    bool asked[FACT_COUNT];
    unsigned names, numbers;
    unsigned bounds, rows; /* at most so many */
};

static bool is_number(unsigned fact)
{
    return fact_table[fact].type == FACT_NUMBER;
}

/* How many values a bool or enum fact has. */
static unsigned slot_values(unsigned fact)
{
    unsigned values = 0;

    if (fact_table[fact].type != FACT_ENUM)
        return 2;
    while (fact_table[fact].names[values])
        values++;
    return values;
}

/* The slot of "not captured": the first power of two less one that is no value. */
static uint8_t slot_unknown(unsigned fact)
{
    unsigned values = slot_values(fact), unknown = 1;

    while (unknown < values)
        unknown = unknown * 2 + 1;
    return (uint8_t)unknown;
}

static int compare_bounds(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static inline const struct fact_test *test_find(const struct signature_entry *entry, unsigned fact)
{
    return entry->test_of[fact] ? &entry->tests[entry->test_of[fact] - 1] : NULL;
}

/* The bounds of a fact's intervals: of each test the first value that passes and the first behind
 * those that pass. Returns how many. */
static unsigned bounds_collect(const struct filter *filter, unsigned fact, double *bounds)
{
    unsigned count = 0, kept = 0;

    for (unsigned i = 0; i < filter->count; i++) {
        const struct fact_test *test = test_find(filter->entries[i], fact);
        if (test && isfinite(test->low))
            bounds[count++] = test->low;
        if (test && isfinite(test->high))
            bounds[count++] = nextafter(test->high, INFINITY);
    }
    if (count > 1)
        qsort(bounds, count, sizeof *bounds, compare_bounds);
    for (unsigned i = 0; i < count; i++)
        if (kept == 0 || bounds[i] > bounds[kept - 1])
            bounds[kept++] = bounds[i];
    return kept;
}

static bool interval_fits(const struct fact_test *test, const double *bounds, unsigned interval)
{
    if (interval == 0)
        return !isfinite(test->low);
    return bounds[interval - 1] >= test->low && bounds[interval - 1] <= test->high;
}

/* Fills the rows of a fact; the last one, "not captured", rules nothing out. Returns their end. */
static uint64_t *rows_fill(const struct filter *filter, unsigned fact, const double *bounds,
                           unsigned row_count, uint64_t *rows)
{
    for (unsigned i = 0; i < filter->count; i++) {
        const struct fact_test *test = test_find(filter->entries[i], fact);
        for (unsigned row = 0; test && row + 1 < row_count; row++)
            if (is_number(fact) ? !interval_fits(test, bounds, row) : !(test->names >> row & 1))
                rows[row * filter->words + i / 64] |= UINT64_C(1) << i % 64;
    }
    return rows + row_count * filter->words;
}

static void plan_make(const struct filter *filter, const uint8_t decided[2], struct plan *plan)
{
    memset(plan, 0, sizeof *plan);
    for (unsigned i = 0; i < filter->count; i++) {
        const struct signature_entry *entry = filter->entries[i];
        for (unsigned j = 0; j < entry->signature.fact_count; j++) {
            unsigned fact = entry->tests[j].fact;
            if (fact == decided[0] || fact == decided[1])
                continue;
            plan->bounds += is_number(fact) ? 2 : 0;
            if (plan->asked[fact])
                continue;
            plan->asked[fact] = true;
            plan->names += !is_number(fact);
            plan->numbers += is_number(fact);
            plan->rows += is_number(fact) ? 2 : slot_unknown(fact) + 1u;
        }
    }
    plan->rows += plan->bounds;
}

/* The filter of entries that are chosen; `decided` are facts not to be looked at again. */
static int filter_build(struct filter *filter, const uint8_t decided[2])
{
    struct plan plan;

    filter->words = (filter->count + 63) / 64;
    plan_make(filter, decided, &plan);
    filter->rows = calloc((size_t)plan.rows * filter->words + 1, sizeof *filter->rows);
    filter->bounds = calloc(plan.bounds + 1, sizeof *filter->bounds);
    filter->names = calloc(plan.names + 1, sizeof *filter->names);
    filter->numbers = calloc(plan.numbers + 1, sizeof *filter->numbers);
    if (!filter->rows || !filter->bounds || !filter->names || !filter->numbers)
        return -1;
    uint64_t *rows = filter->rows;
    double *bounds = filter->bounds;
    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        if (!plan.asked[fact])
            continue;
        if (is_number(fact)) {
            unsigned count = bounds_collect(filter, fact, bounds);
            filter->numbers[filter->number_count++] =
                (struct number_filter){(uint8_t)fact, count, bounds, rows};
            rows = rows_fill(filter, fact, bounds, count + 2, rows);
            bounds += count;
        } else {
            uint8_t unknown = slot_unknown(fact);
            filter->names[filter->name_count++] =
                (struct name_filter){(uint8_t)fact, unknown, rows};
            rows = rows_fill(filter, fact, NULL, unknown + 1u, rows);
        }
    }
    return 0;
}

/* The signatures that a slot of a fact allows. */
static bool slot_allows(const struct signature_entry *entry, unsigned fact, unsigned slot)
{
    const struct fact_test *test = test_find(entry, fact);
    return !test || slot == FILTER_SLOTS - 1 || (test->names >> slot & 1);
}

/* The two bool or enum facts asked for most; of none, some that rule nothing out. */
static void facts_choose(uint8_t chosen[2], const struct signature_entry *const *signatures,
                         unsigned count)
{
    unsigned times[FACT_COUNT] = {0};

    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < signatures[i]->signature.fact_count; j++)
            times[signatures[i]->tests[j].fact]++;
    chosen[0] = FACT_RST_SHAPE;
    chosen[1] = FACT_TRIGGER_KIND;
    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        if (is_number(fact) || slot_values(fact) >= FILTER_SLOTS || fact == chosen[0] ||
            fact == chosen[1])
            continue;
        unsigned rarer = times[chosen[1]] < times[chosen[0]];
        if (times[fact] > times[chosen[rarer]])
            chosen[rarer] = (uint8_t)fact;
    }
}

/* Whether a slot can occur: a value of the fact, or the last one, which is "not captured". */
static bool slot_occurs(unsigned fact, unsigned slot)
{
    return slot == FILTER_SLOTS - 1 || slot < slot_values(fact);
}

/* The filter of the signatures that both slots allow: one that is there already, or a new one.
 * Returns its index, or -1 without memory. */
static int filter_of_slots(struct selector *selector, const unsigned slots[2],
                           const struct signature_entry *const *signatures, unsigned count)
{
    struct filter *filter = &selector->filters[selector->filter_count];

    filter->count = 0;
    if (!filter->entries)
        filter->entries = calloc(count + 1, sizeof *filter->entries);
    if (!filter->entries)
        return -1;
    for (unsigned i = 0; i < count; i++)
        if (slot_allows(signatures[i], selector->facts[0], slots[0]) &&
            slot_allows(signatures[i], selector->facts[1], slots[1]))
            filter->entries[filter->count++] = signatures[i];
    for (unsigned i = 0; i < selector->filter_count; i++)
        if (selector->filters[i].count == filter->count &&
            memcmp(selector->filters[i].entries, filter->entries,
                   filter->count * sizeof *filter->entries) == 0)
            return (int)i;
    if (filter_build(filter, selector->facts))
        return -1;
    return (int)selector->filter_count++;
}

int selector_build(struct selector *selector, const struct signature_entry *const *signatures,
                   unsigned count)
{
    unsigned slots[2];

    facts_choose(selector->facts, signatures, count);
    selector->filters = calloc(FILTER_SLOTS * FILTER_SLOTS + 1, sizeof *selector->filters);
    if (!selector->filters)
        return -1;
    /* From the last to the first: filter 0, of "not captured", is there for slots that never occur.
     */
    for (slots[0] = FILTER_SLOTS; slots[0]-- > 0;)
        for (slots[1] = FILTER_SLOTS; slots[1]-- > 0;) {
            if (!slot_occurs(selector->facts[0], slots[0]) ||
                !slot_occurs(selector->facts[1], slots[1]))
                continue;
            int index = filter_of_slots(selector, slots, signatures, count);
            if (index < 0)
                return -1;
            selector->filter_of[slots[0]][slots[1]] = (uint16_t)index;
        }
    return 0;
}

void selector_clear(struct selector *selector)
{
    /* one more than counted: it may have been begun */
    for (unsigned i = 0; selector->filters && i <= selector->filter_count; i++) {
        struct filter *filter = &selector->filters[i];
        free(filter->entries);
        free(filter->rows);
        free(filter->bounds);
        free(filter->names);
        free(filter->numbers);
    }
    free(selector->filters);
}
