#include "rules/internal.h"

#include <string.h>

static int cause_parse(const struct reader *reader, const struct position *at, const char *name)
{
    const char *names[WHYRST_CAUSE_COUNT + 1] = {NULL};
    char hint[80];
    int cause = name ? whyrst_cause_find(name) : -1;

    if (cause >= 0)
        return cause;
    for (int i = 0; i < WHYRST_CAUSE_COUNT; i++)
        names[i] = whyrst_cause_name((enum whyrst_cause)i);
    reader_problem(reader, at, "unknown cause%s",
                   closest_name(name ? name : "", names, hint, sizeof hint));
    return -1;
}

/* { "right": 118, "of": 120, "instead": { "so-linger-zero": 2 } } */
static void measure_parse(const struct reader *reader, const struct position *position,
                          const json_t *object, const char *key, const struct rule *rule,
                          struct rule_measure *measure)
{
    static const char *const keys[] = {"right", "of", "instead", NULL};
    struct position at = {position, key, 0};
    const json_t *value = json_object_get(object, key);
    const json_t *instead = json_object_get(value, "instead");
    int right = -1, of = -1;
    unsigned long others = 0;
    const char *name;
    json_t *times;

    if (!value)
        return;
    if (!json_is_object(value) || (instead && !json_is_object(instead))) {
        reader_problem(reader, &at,
                       "expected { \"right\": N, \"of\": N, \"instead\": { cause: N } }");
        return;
    }
    reader_keys(reader, &at, value, keys);
    reader_integer(reader, &at, value, "right", 0, 1000000000, &right);
    reader_integer(reader, &at, value, "of", 0, 1000000000, &of);
    struct position inside = {&at, "instead", 0};
    json_object_foreach((json_t *)instead, name, times)
    {
        struct position member = {&inside, name, 0};
        int count = 0, cause = cause_parse(reader, &member, name);
        reader_integer(reader, &inside, instead, name, 0, 1000000000, &count);
        if (cause == (int)rule->cause)
            reader_problem(reader, &member, "the rule's own cause counts as right");
        else if (cause >= 0)
            measure->instead[cause] = (unsigned)count;
        others += (unsigned long)count;
    }
    if (!json_object_get(value, "right") || !json_object_get(value, "of"))
        reader_problem(reader, &at, "needs both \"right\" and \"of\"");
    else if (right > of && of >= 0)
        reader_problem(reader, &at, "\"right\" is more than \"of\"");
    else if (right >= 0 && of >= 0 && (unsigned long)right + others > (unsigned long)of)
        reader_problem(reader, &at, "\"right\" and \"instead\" are together more than \"of\"");
    measure->right = right > 0 ? (unsigned)right : 0;
    measure->of = of > 0 ? (unsigned)of : 0;
}

static void origin_parse(const struct reader *reader, const struct position *position,
                         const json_t *object, struct signature *signature)
{
    static const char *const names[] = {"client", "server", "middlebox", "unknown", NULL};
    struct position at = {position, "origin", 0};
    const char *text = reader_string(reader, position, object, "origin", false);

    signature->origin = -1;
    if (!text)
        return;
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            signature->origin = i;
    if (signature->origin < 0)
        reader_problem(reader, &at, "expected client, server, middlebox or unknown");
}

static void cannot_exclude_parse(const struct reader *reader, const struct position *position,
                                 const json_t *object, const struct rule *rule,
                                 struct signature *signature)
{
    struct position at = {position, "cannot_exclude", 0};
    const json_t *list = json_object_get(object, "cannot_exclude");

    if (list && !json_is_array(list))
        reader_problem(reader, &at, "expected a list of causes");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct position element = {&at, NULL, i};
        int cause = cause_parse(reader, &element, reader_value(reader, json_array_get(list, i)));
        if (cause == (int)rule->cause)
            reader_problem(reader, &element, "that is the rule's own cause");
        else if (cause >= 0)
            signature->cannot_exclude |= UINT32_C(1) << cause;
    }
}

static void name_parse(const struct reader *reader, const struct position *position,
                       const json_t *object, const struct rule_entry *rule,
                       struct signature *signature)
{
    struct position at = {position, "name", 0};

    signature->name = reader_string(reader, position, object, "name", true);
    if (!signature->name)
        return;
    if (signature->name[strspn(signature->name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        reader_problem(reader, &at, "expected a name of a-z, 0-9 and -");
    for (unsigned i = 0; i < rule->signature_count; i++)
        if (rule->signatures[i]->signature.name &&
            strcmp(rule->signatures[i]->signature.name, signature->name) == 0)
            reader_problem(reader, &at, "another signature of this rule is also named \"%s\"",
                           signature->name);
}

static void packets_parse(const struct reader *reader, const struct position *position,
                          const json_t *object, struct signature_entry *entry)
{
    struct position at = {position, "packets", 0};
    struct whyrst_error error;

    if (!json_object_get(object, "packets"))
        return;
    const char *packets = reader_value(reader, json_object_get(object, "packets"));
    entry->signature.packets = packets ? reader_keep(reader, packets) : NULL;
    if (!packets)
        reader_problem(reader, &at, "expected a packet pattern");
    else if (pattern_compile(&entry->pattern, packets, &error))
        reader_problem(reader, &at, "%s", error.text);
}

void signature_parse(const struct reader *reader, const struct position *position,
                     const json_t *object, struct rule_entry *rule, struct signature_entry *entry)
{
    static const char *const keys[] = {"name",           "packets", "facts",    "why",
                                       "rank",           "origin",  "measured", "measured_partial",
                                       "cannot_exclude", NULL};
    struct signature *signature = &entry->signature;
    const json_t *facts = json_object_get(object, "facts");

    signature->rule = &rule->rule;
    if (!json_is_object(object)) {
        reader_problem(reader, position, "expected a signature: name, packets, facts, why");
        return;
    }
    reader_keys(reader, position, object, keys);
    name_parse(reader, position, object, rule, signature);
    packets_parse(reader, position, object, entry);
    if (facts)
        conditions_parse(reader, position, facts, entry);
    if (!entry->signature.packets && !json_object_size(facts))
        reader_problem(reader, position,
                       "needs \"packets\" or \"facts\", or it matches every reset");
    signature->why = reader_string(reader, position, object, "why", true);
    signature->rank = rule->rule.rank;
    reader_integer(reader, position, object, "rank", 0, 1000, &signature->rank);
    origin_parse(reader, position, object, signature);
    cannot_exclude_parse(reader, position, object, &rule->rule, signature);
    measure_parse(reader, position, object, "measured", &rule->rule, &signature->complete);
    measure_parse(reader, position, object, "measured_partial", &rule->rule, &signature->partial);
}
