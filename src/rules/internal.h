/* What the files of the rule layer share: the ruleset, and how it is read. */
#ifndef WHYRST_RULES_INTERNAL_H
#define WHYRST_RULES_INTERNAL_H

#include "rules/pattern.h"
#include "rules/position.h"
#include "rules/ruleset.h"

#include <jansson.h>
#include <string.h>

#define RULE_MAX_CONDITIONS 16
#define FILTER_SLOTS        16 /* values of a bool or enum fact; one stands for "not captured" */

/* A fact compared with a constant. Every comparison comes down to one of two forms. */
struct fact_test {
    uint32_t names;   /* bool and enum facts: bit set of the values asked for */
    double low, high; /* numbers: both ends belong to it */
    uint8_t fact;
};

struct signature_entry {
    struct signature signature; /* first: the public pointer is also the entry's */
    struct pattern pattern;     /* when signature.packets is set */
    struct fact_test tests[RULE_MAX_CONDITIONS];
    uint8_t facts[RULE_MAX_CONDITIONS];
    uint8_t test_of[FACT_COUNT];         /* 1 + index of the fact's test, 0 none */
    json_t *values[RULE_MAX_CONDITIONS]; /* as written: what a condition's text is made from */
};

/* The strings of a rule, each ended by a NUL. */
struct strings {
    char *bytes;
    size_t used, size;
};

struct rule_entry {
    struct rule rule; /* first: a signature's pointer to it is also the entry's */
    char *file;
    struct strings strings; /* of rule and signatures */
    const char *texts;      /* what references in the document lead to, or NULL: there are none */
    struct signature_entry **signatures;
    unsigned signature_count;
};

/* A bool or enum fact that is asked for. */
struct name_filter {
    uint8_t fact;
    uint8_t unknown; /* the slot of "not captured": a power of two less one, beyond all values */
    const uint64_t *excluded; /* .unknown + 1 rows, one for each value */
};

/* Bounds are padded to the first number, or else to a multiple of the second. */
#define FILTER_NARROW 2u
#define FILTER_WIDE   4u

/* A number fact that is asked for. The constants it is compared with cut the numbers into
 * intervals, inside of which all values get the same answers. */
struct number_filter {
    uint8_t fact;
    unsigned bound_count;
    const double *bounds;     /* where a new interval begins, ascending; padded with infinity */
    const uint64_t *excluded; /* bound_count + 1 rows, and one for "not captured" */
};

/* What facts rule out, for many signatures at once. Rows are sets of bits, `words` of 64 each, by
 * index in .entries. */
struct filter {
    const struct signature_entry **entries; /* best rank first, then file and place */
    unsigned count, words;
    struct name_filter *names;
    unsigned name_count;
    struct number_filter *numbers;
    unsigned number_count, narrow_count; /* the first have FILTER_NARROW bounds each */
    uint64_t *rows;                      /* of all names and numbers */
    double *bounds;                      /* of all numbers */
};

/* The two facts that most signatures ask for decide at once which filter is looked at further: it
 * has only signatures that both allow, and only facts that these ask for. */
struct selector {
    uint8_t facts[2];
    struct filter *filters; /* filter_count of them */
    unsigned filter_count;
    uint16_t filter_of[FILTER_SLOTS][FILTER_SLOTS]; /* by the slots of both facts */
};

struct whyrst_rules {
    struct rule_entry *rules;
    unsigned rule_count;
    const struct rule *by_cause[WHYRST_CAUSE_COUNT];
    const struct signature_entry **signatures; /* best rank first, then file and place */
    unsigned signature_count;
    struct selector selector;
    char sha256[65];
};

/* Everything found wrong, one line each. */
struct problems {
    struct whyrst_error *error; /* never NULL */
    size_t used;
    unsigned count, left_out; /* left_out: no room for them in error */
};

/* Adds "path:line: message"; line 0 is left away. */
__attribute__((format(printf, 4, 5))) void problems_add(struct problems *problems, const char *path,
                                                        unsigned line, const char *format, ...);

/* A rule file being read. */
struct reader {
    const char *path; /* as opened, for messages */
    const char *text;
    const char *texts;       /* the rule entry's */
    struct strings *strings; /* the rule entry's */
    struct problems *problems;
};

/* Reports what is wrong at `position`: "path:line: position: message". */
__attribute__((format(printf, 3, 4))) void reader_problem(const struct reader *reader,
                                                          const struct position *position,
                                                          const char *format, ...);

/* json_string_value of a value that may stand for one of the reader's texts. */
const char *reader_value(const struct reader *reader, const json_t *value);
/* The same string where it outlives the document. To be called once for each value: so there is
 * room for all of them. */
const char *reader_keep(const struct reader *reader, const char *string);
/* Reports every key of object that is not in known (NULL-terminated). */
void reader_keys(const struct reader *reader, const struct position *position, const json_t *object,
                 const char *const *known);
/* The non-empty string at key, its placeholders checked; NULL when missing or wrong, which is
 * reported (missing only if required). */
const char *reader_string(const struct reader *reader, const struct position *position,
                          const json_t *object, const char *key, bool required);
/* An integer from low to high into *value, which stays as it is when key is missing. */
void reader_integer(const struct reader *reader, const struct position *position,
                    const json_t *object, const char *key, long low, long high, int *value);
/* Up to RULE_MAX_LINES - 1 strings, NULL-terminated. */
void reader_lines(const struct reader *reader, const struct position *position,
                  const json_t *object, const char *key, const char *lines[RULE_MAX_LINES]);

/* " (did you mean "x"?)" in buf if one of the names is close to the word, else "". */
const char *closest_name(const char *word, const char *const *names, char *buf, size_t size);

/* Reads one rule file's document into rule. What is wrong goes to the reader's problems. -1 only
 * without memory. */
int rule_parse(const struct reader *reader, const json_t *document, struct rule_entry *rule);
void signature_parse(const struct reader *reader, const struct position *position,
                     const json_t *object, struct rule_entry *rule, struct signature_entry *entry);
/* The "facts" map of a signature. */
void conditions_parse(const struct reader *reader, const struct position *position,
                      const json_t *object, struct signature_entry *entry);
/* Condition number `index` as text. texts: of the document the signature was read from. */
void condition_text(const struct signature_entry *entry, unsigned index, const char *texts,
                    char *buf, size_t size);

/* Builds the filters of sorted signatures. -1 without memory. */
int selector_build(struct selector *selector, const struct signature_entry *const *signatures,
                   unsigned count);
void selector_clear(struct selector *selector);

/* The slot of a bool or enum fact: its value, or `unknown` when it was not captured, which is a
 * power of two less one. Taken from the lowest bits of a sum, so that the garbage in place of an
 * unknown value cannot overflow a conversion; without a branch, which would often be guessed wrong.
 */
static inline unsigned fact_slot(const struct facts *facts, unsigned fact, unsigned unknown)
{
    double sum = facts->value[fact] + 0x1p52;
    uint64_t bits;

    memcpy(&bits, &sum, sizeof bits);
    return ((unsigned)bits | (facts->known[fact] - 1U)) & unknown;
}

/* The interval of a number fact's value: how many bounds it reaches, or one more than there are
 * when it was not captured. bound_count: a constant where it is the same for many. */
static inline unsigned number_interval(const struct facts *facts, unsigned fact,
                                       const double *bounds, unsigned bound_count)
{
    double value = facts->value[fact];
    unsigned interval = 0, unknown = bound_count + 1;

    for (unsigned bound = 0; bound < bound_count; bound++)
        interval += value >= bounds[bound];
    return interval + ((unknown - interval) & (facts->known[fact] - 1U));
}

/* Sorts all signatures and builds their filters. -1 without memory. */
int ruleset_compile(struct whyrst_rules *rules, struct whyrst_error *error);

#endif
