#include "rules/internal.h"

#include <math.h>
#include <stdlib.h>

struct asked {
    const struct fact_test *test;
    unsigned entry; /* index in filter.entries */
};

/* A filter under construction: what its signatures ask of each fact. */
struct plan {
    struct asked *asked;
    unsigned asked_count;
    unsigned tests[FACT_COUNT];
    double *bounds[FACT_COUNT]; /* numbers: room for two of each test */
    unsigned bound_count[FACT_COUNT];
    uint64_t *rows[FACT_COUNT];
    unsigned row_count[FACT_COUNT]; /* the last one, "not captured", rules nothing out */
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

/* Puts a bound in its place unless it is there. Returns how many there are then. */
static unsigned bounds_add(double *bounds, unsigned count, double bound)
{
    unsigned at = count;

    while (at > 0 && bounds[at - 1] > bound)
        at--;
    if (at > 0 && bounds[at - 1] == bound)
        return count;
    memmove(bounds + at + 1, bounds + at, (count - at) * sizeof *bounds);
    bounds[at] = bound;
    return count + 1;
}

/* Lists the tests of the filter's signatures on facts that are not decided. -1 without memory. */
static int plan_tests(struct plan *plan, const struct filter *filter, const uint8_t decided[2])
{
    plan->asked = malloc(((size_t)filter->count * RULE_MAX_CONDITIONS + 1) * sizeof *plan->asked);
    if (!plan->asked)
        return -1;
    for (unsigned i = 0; i < filter->count; i++) {
        const struct signature_entry *entry = filter->entries[i];
        for (unsigned j = 0; j < entry->signature.fact_count; j++) {
            const struct fact_test *test = &entry->tests[j];
            if (test->fact == decided[0] || test->fact == decided[1])
                continue;
            plan->asked[plan->asked_count++] = (struct asked){test, i};
            plan->tests[test->fact]++;
        }
    }
    return 0;
}

/* How many bounds a number's filter has room for, so that comparing with all of them is no loop of
 * a length that differs from fact to fact. */
static unsigned bounds_padded(unsigned count)
{
    return count <= FILTER_NARROW ? FILTER_NARROW
                                  : (count + FILTER_WIDE - 1) / FILTER_WIDE * FILTER_WIDE;
}

/* The bounds of a fact's intervals: of each test the first value that passes and the first behind
 * those that pass; then infinity up to the padded count. -1 without memory. */
static int plan_bounds(struct plan *plan, struct filter *filter)
{
    size_t room = 0;

    for (unsigned fact = 0; fact < FACT_COUNT; fact++)
        room += is_number(fact) ? bounds_padded(2 * plan->tests[fact]) : 0;
    double *bounds = filter->bounds = calloc(room + 1, sizeof *bounds);
    if (!bounds)
        return -1;
    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        plan->bounds[fact] = bounds;
        bounds += is_number(fact) ? bounds_padded(2 * plan->tests[fact]) : 0;
    }
    for (unsigned i = 0; i < plan->asked_count; i++) {
        const struct fact_test *test = plan->asked[i].test;
        double *found = plan->bounds[test->fact];
        unsigned *count = &plan->bound_count[test->fact];
        if (!is_number(test->fact))
            continue;
        if (isfinite(test->low))
            *count = bounds_add(found, *count, test->low);
        if (isfinite(test->high))
            *count = bounds_add(found, *count, nextafter(test->high, INFINITY));
    }
    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        unsigned count = plan->bound_count[fact];
        plan->bound_count[fact] = bounds_padded(count);
        for (unsigned at = count; is_number(fact) && at < plan->bound_count[fact]; at++)
            plan->bounds[fact][at] = INFINITY;
    }
    return 0;
}

/* Sets up the facts that are asked for, with rows that rule nothing out. -1 without memory. */
static int plan_rows(struct plan *plan, struct filter *filter)
{
    size_t row_count = 0;

    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        if (!plan->tests[fact])
            continue;
        plan->row_count[fact] =
            is_number(fact) ? plan->bound_count[fact] + 2 : slot_unknown(fact) + 1u;
        row_count += plan->row_count[fact];
        filter->narrow_count += is_number(fact) && plan->bound_count[fact] == FILTER_NARROW;
        filter->number_count += is_number(fact);
        filter->name_count += !is_number(fact);
    }
    filter->rows = calloc(row_count * filter->words + 1, sizeof *filter->rows);
    filter->names = calloc(filter->name_count + 1, sizeof *filter->names);
    filter->numbers = calloc(filter->number_count + 1, sizeof *filter->numbers);
    if (!filter->rows || !filter->names || !filter->numbers)
        return -1;
    uint64_t *rows = filter->rows;
    struct name_filter *name = filter->names;
    struct number_filter *narrow = filter->numbers, *wide = narrow + filter->narrow_count;
    for (unsigned fact = 0; fact < FACT_COUNT; fact++) {
        plan->rows[fact] = rows;
        if (plan->tests[fact] && is_number(fact)) {
            unsigned bounds = plan->bound_count[fact];
            struct number_filter **next = bounds == FILTER_NARROW ? &narrow : &wide;
            *(*next)++ = (struct number_filter){(uint8_t)fact, bounds, plan->bounds[fact], rows};
        } else if (plan->tests[fact])
            *name++ = (struct name_filter){(uint8_t)fact, slot_unknown(fact), rows};
        rows += plan->row_count[fact] * filter->words;
    }
    return 0;
}

static bool interval_fits(const struct fact_test *test, const double *bounds, unsigned interval)
{
    if (interval == 0)
        return !isfinite(test->low);
    return bounds[interval - 1] >= test->low && bounds[interval - 1] <= test->high;
}

/* Marks the signatures in the rows of values that they do not allow. */
static void plan_fill(const struct plan *plan, const struct filter *filter)
{
    for (unsigned i = 0; i < plan->asked_count; i++) {
        const struct asked *asked = &plan->asked[i];
        const struct fact_test *test = asked->test;
        unsigned fact = test->fact;
        uint64_t *rows = plan->rows[fact] + asked->entry / 64;
        for (unsigned row = 0; row + 1 < plan->row_count[fact]; row++)
            if (is_number(fact) ? !interval_fits(test, plan->bounds[fact], row)
                                : !(test->names >> row & 1))
                rows[row * filter->words] |= UINT64_C(1) << asked->entry % 64;
    }
}

/* The filter of its .entries; `decided` are facts not to be looked at again. -1 without memory. */
static int filter_build(struct filter *filter, const uint8_t decided[2])
{
    struct plan plan = {.asked = NULL};
    int result = -1;

    filter->words = (filter->count + 63) / 64;
    if (plan_tests(&plan, filter, decided) || plan_bounds(&plan, filter) ||
        plan_rows(&plan, filter))
        goto out;
    plan_fill(&plan, filter);
    result = 0;
out:
    free(plan.asked);
    return result;
}

/* Whether a signature allows a slot of a fact. */
static bool slot_allows(const struct signature_entry *entry, unsigned fact, unsigned slot)
{
    unsigned test = entry->test_of[fact];
    return test == 0 || slot == FILTER_SLOTS - 1 || (entry->tests[test - 1].names >> slot & 1);
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
