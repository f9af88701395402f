#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rules_dir.h"
#include "rules/ruleset.h"

/* "118/118", or "-" when never measured. */
static void measure_text(char *buf, size_t size, const struct rule_measure *measure)
{
    if (measure->of)
        snprintf(buf, size, "%u/%u", measure->right, measure->of);
    else
        snprintf(buf, size, "-");
}

static int width_of(const struct whyrst_rules *rules, bool names)
{
    size_t width = 9;
    for (unsigned i = 0; i < ruleset_signature_count(rules); i++) {
        const struct signature *signature = ruleset_signature(rules, i);
        const char *text = names ? signature->name : signature->packets;
        if (text && strlen(text) > width)
            width = strlen(text);
    }
    return (int)width;
}

int cmd_list_rules(const struct options *options)
{
    struct whyrst_error error = {.text = ""};
    struct whyrst_rules *rules = rules_dir_load(options, &error);
    if (!rules)
        return message_error(&error);
    int name_width = width_of(rules, true), packets_width = width_of(rules, false);
    printf("%-23s %-4s %4s  %-*s  %-*s  %-9s %s\n", "CAUSE", "SCEN", "RANK", name_width,
           "SIGNATURE", packets_width, "PACKETS", "RIGHT", "RIGHT, PARTLY CAPTURED");
    for (unsigned i = 0; i < ruleset_signature_count(rules); i++) {
        const struct signature *signature = ruleset_signature(rules, i);
        const struct rule *rule = signature->rule;
        char complete[32], partial[32];
        measure_text(complete, sizeof complete, &signature->complete);
        measure_text(partial, sizeof partial, &signature->partial);
        printf("%-23s %-4s %4d  %-*s  %-*s  %-9s %s\n", whyrst_cause_name(rule->cause),
               rule->scenario ? rule->scenario : "-", signature->rank, name_width, signature->name,
               packets_width, signature->packets ? signature->packets : "(any)", complete, partial);
    }
    whyrst_rules_free(rules);
    return EXIT_ANALYSED;
}

int cmd_check_rules(const struct options *options)
{
    char directory[RULES_DIR_MAX];
    struct whyrst_error error = {.text = ""};
    if (rules_dir_find(options, directory, &error))
        return message_error(&error);
    struct whyrst_rules *rules = whyrst_rules_load(directory, &error);
    if (!rules)
        return message_error(&error);
    printf("%s: %u rules, %u signatures OK, sha256 %s\n", directory, whyrst_rules_count(rules),
           ruleset_signature_count(rules), whyrst_rules_sha256(rules));
    whyrst_rules_free(rules);
    return EXIT_ANALYSED;
}
