#include "rules/internal.h"

#include "rules/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const languages[] = {[WHYRST_EN] = "en", [WHYRST_ZH] = "zh", NULL};

/* enum sk_rst_reason of the Linux kernel, as its tracepoint prints it. */
static const char *const kernel_reasons[] = {"NOT_SPECIFIED",
                                             "NO_SOCKET",
                                             "TCP_INVALID_ACK_SEQUENCE",
                                             "TCP_RFC7323_PAWS",
                                             "TCP_TOO_OLD_ACK",
                                             "TCP_ACK_UNSENT_DATA",
                                             "TCP_FLAGS",
                                             "TCP_OLD_ACK",
                                             "TCP_ABORT_ON_DATA",
                                             "TCP_TIMEWAIT_SOCKET",
                                             "INVALID_SYN",
                                             "TCP_ABORT_ON_CLOSE",
                                             "TCP_ABORT_ON_LINGER",
                                             "TCP_ABORT_ON_MEMORY",
                                             "TCP_STATE",
                                             "TCP_KEEPALIVE_TIMEOUT",
                                             "TCP_DISCONNECT_WITH_DATA",
                                             "MPTCP_RST_EUNSPEC",
                                             "MPTCP_RST_EMPTCP",
                                             "MPTCP_RST_ERESOURCE",
                                             "MPTCP_RST_EPROHIBIT",
                                             "MPTCP_RST_EWQ2BIG",
                                             "MPTCP_RST_EBADPERF",
                                             "MPTCP_RST_EMIDDLEBOX",
                                             "ERROR",
                                             NULL};

/* The object at key that holds a member for each language, or NULL. */
static const json_t *by_language(const struct reader *reader, const struct position *root,
                                 const json_t *document, const char *key, struct position *at)
{
    const json_t *object = json_object_get(document, key);

    *at = (struct position){root, key, 0};
    if (!object)
        reader_problem(reader, root, "missing \"%s\"", key);
    else if (!json_is_object(object))
        reader_problem(reader, at, "expected { \"en\": ..., \"zh\": ... }");
    else
        reader_keys(reader, at, object, languages);
    return json_is_object(object) ? object : NULL;
}

static void text_parse(const struct reader *reader, const struct position *root,
                       const json_t *document, const char *key, struct rule_text *text)
{
    struct position at;
    const json_t *object = by_language(reader, root, document, key, &at);

    for (int i = 0; object && languages[i]; i++)
        text->text[i] = reader_string(reader, &at, object, languages[i], true);
}

/* -1 without memory. */
static int text_prepare(struct rule_text *text)
{
    for (int i = 0; languages[i]; i++)
        if (text->text[i] && !(text->parts[i] = text_cut(text->text[i])))
            return -1;
    return 0;
}

static void remedy_parse(const struct reader *reader, const struct position *root,
                         const json_t *document, struct rule *rule)
{
    struct position at;
    const json_t *object = by_language(reader, root, document, "remedy", &at);

    for (int i = 0; object && languages[i]; i++)
        reader_lines(reader, &at, object, languages[i], rule->remedy[i]);
}

static void cause_parse(const struct reader *reader, const struct position *root,
                        const json_t *document, struct rule_entry *entry)
{
    struct position at = {root, "cause", 0};
    const char *name = reader_string(reader, root, document, "cause", true);
    const char *names[WHYRST_CAUSE_COUNT + 1] = {NULL};
    char hint[80];
    int cause;

    entry->rule.cause = WHYRST_CAUSE_COUNT; /* none: no complaint shall build on a wrong one */
    if (!name)
        return;
    cause = whyrst_cause_find(name);
    if (cause < 0) {
        for (int i = 0; i < WHYRST_CAUSE_COUNT; i++)
            names[i] = whyrst_cause_name((enum whyrst_cause)i);
        reader_problem(reader, &at, "unknown cause \"%s\"%s", name,
                       closest_name(name, names, hint, sizeof hint));
        return;
    }
    entry->rule.cause = (enum whyrst_cause)cause;
    size_t length = strlen(name);
    if (strncmp(entry->file, name, length) != 0 || strcmp(entry->file + length, ".json") != 0)
        reader_problem(reader, &at, "the rule of \"%s\" belongs in a file %s.json", name, name);
}

static void scenario_parse(const struct reader *reader, const struct position *root,
                           const json_t *document, struct rule *rule)
{
    struct position at = {root, "scenario", 0};

    if (!json_object_get(document, "scenario") ||
        json_is_null(json_object_get(document, "scenario")))
        return;
    rule->scenario = reader_string(reader, root, document, "scenario", false);
    if (rule->scenario && rule->scenario[strspn(rule->scenario, "0123456789.")])
        reader_problem(reader, &at, "expected a number such as \"1.4\", or null");
}

static void kernel_parse(const struct reader *reader, const struct position *root,
                         const json_t *document, struct rule *rule)
{
    struct position at = {root, "kernel", 0};
    const json_t *array = json_object_get(document, "kernel");
    char hint[80];

    if (!array)
        return;
    reader_lines(reader, root, document, "kernel", rule->kernel);
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct position element = {&at, NULL, i};
        const char *reason = reader_value(reader, json_array_get(array, i));
        int known = 0;
        while (reason && kernel_reasons[known] && strcmp(kernel_reasons[known], reason) != 0)
            known++;
        if (reason && !kernel_reasons[known])
            reader_problem(reader, &element, "unknown kernel reset reason \"%s\"%s", reason,
                           closest_name(reason, kernel_reasons, hint, sizeof hint));
    }
}

static int signatures_parse(const struct reader *reader, const struct position *root,
                            const json_t *document, struct rule_entry *entry)
{
    struct position at = {root, "signatures", 0};
    const json_t *array = json_object_get(document, "signatures");
    size_t count = json_array_size(array);

    if (entry->rule.cause == WHYRST_UNKNOWN && !array)
        return 0;
    if (!json_is_array(array))
        reader_problem(reader, array ? &at : root, "%s",
                       array ? "expected a list of signatures" : "missing \"signatures\"");
    else if (entry->rule.cause != WHYRST_UNKNOWN && !count)
        reader_problem(reader, &at, "no signature: this rule can never match");

    entry->signatures = calloc(count + 1, sizeof *entry->signatures);
    if (!entry->signatures)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct position element = {&at, NULL, i};
        struct signature_entry *signature = calloc(1, sizeof *signature);
        if (!signature)
            return -1;
        entry->signatures[i] = signature;
        signature_parse(reader, &element, json_array_get(array, i), entry, signature);
        entry->signature_count++;
    }
    return 0;
}

int rule_parse(const struct reader *reader, const json_t *document, struct rule_entry *entry)
{
    static const char *const keys[] = {"cause",      "scenario",   "rank",   "kernel",  "benign",
                                       "title",      "explain",    "impact", "confirm", "remedy",
                                       "references", "signatures", NULL};
    const struct position root = {NULL, NULL, 0};
    const json_t *benign = json_object_get(document, "benign");
    struct rule *rule = &entry->rule;

    rule->file = entry->file;
    if (!json_is_object(document)) {
        reader_problem(reader, &root, "expected a rule: { \"cause\": ... }");
        return 0;
    }
    reader_keys(reader, &root, document, keys);
    cause_parse(reader, &root, document, entry);
    scenario_parse(reader, &root, document, rule);
    if (!json_object_get(document, "rank"))
        reader_problem(reader, &root, "missing \"rank\"");
    reader_integer(reader, &root, document, "rank", 0, 1000, &rule->rank);
    kernel_parse(reader, &root, document, rule);
    if (benign && !json_is_boolean(benign)) {
        struct position at = {&root, "benign", 0};
        reader_problem(reader, &at, "expected true or false");
    }
    rule->benign = json_is_true(benign);
    text_parse(reader, &root, document, "title", &rule->title);
    text_parse(reader, &root, document, "explain", &rule->explain);
    text_parse(reader, &root, document, "impact", &rule->impact);
    if (text_prepare(&rule->explain) || text_prepare(&rule->impact))
        return -1;
    reader_lines(reader, &root, document, "confirm", rule->confirm);
    remedy_parse(reader, &root, document, rule);
    reader_lines(reader, &root, document, "references", rule->references);
    return signatures_parse(reader, &root, document, entry);
}
