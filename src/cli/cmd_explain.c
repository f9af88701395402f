#include "cli/commands.h"

#include <stdio.h>

#include "cli/rules_dir.h"
#include "rules/ruleset.h"

enum label {
    LABEL_SIGNATURES,
    LABEL_WHY,
    LABEL_RIGHT,
    LABEL_CONFIRM,
    LABEL_REMEDY,
    LABEL_KERNEL,
    LABEL_REFERENCES,
    LABEL_PLACEHOLDERS
};

static const char *const labels[][2] = {
    [LABEL_SIGNATURES] = {"How it is recognised", "识别特征"},
    [LABEL_WHY] = {"why", "原因"},
    [LABEL_RIGHT] = {"right in", "正确率"},
    [LABEL_CONFIRM] = {"How to confirm it on the host", "如何在主机上确认"},
    [LABEL_REMEDY] = {"What to do about it", "处理建议"},
    [LABEL_KERNEL] = {"What the Linux kernel calls it", "Linux 内核中的名称"},
    [LABEL_REFERENCES] = {"References", "参考资料"},
    [LABEL_PLACEHOLDERS] =
        {"In a report, addresses take the place of $CLIENT, $SERVER, $RESETTER (who sent the "
         "RST) and $PEER (the other end).",
         "在报告中，$CLIENT、$SERVER、$RESETTER（发送 RST 的一端）和 "
         "$PEER（另一端）由实际地址代替。"},
};

static void explain_list(const char *label, const char *const *lines)
{
    if (!lines[0])
        return;
    printf("\n%s\n", label);
    for (; *lines; lines++)
        printf("  - %s\n", *lines);
}

static void explain_signature(const struct signature *signature, enum whyrst_language language)
{
    char condition[240];
    printf("\n  %s  (rank %d)\n", signature->name, signature->rank);
    if (signature->packets)
        printf("    %s\n", signature->packets);
    for (unsigned i = 0; !ruleset_condition_text(signature, i, condition, sizeof condition); i++)
        printf("    %s\n", condition);
    if (signature->why)
        printf("    %s: %s\n", labels[LABEL_WHY][language], signature->why);
    if (signature->complete.of)
        printf("    %s %u/%u\n", labels[LABEL_RIGHT][language], signature->complete.right,
               signature->complete.of);
}

static void explain_rule(const struct whyrst_rules *rules, const struct rule *rule,
                         enum whyrst_language language)
{
    printf("%s%s%s%s: %s\n\n%s\n", whyrst_cause_name(rule->cause), rule->scenario ? " (" : "",
           rule->scenario ? rule->scenario : "", rule->scenario ? ")" : "",
           rule->title.text[language], rule->explain.text[language]);
    if (rule->impact.text[language])
        printf("\n%s\n", rule->impact.text[language]);
    printf("\n%s\n", labels[LABEL_PLACEHOLDERS][language]);
    bool first = true;
    for (unsigned i = 0; i < ruleset_signature_count(rules); i++) {
        const struct signature *signature = ruleset_signature(rules, i);
        if (signature->rule != rule)
            continue;
        if (first)
            printf("\n%s\n", labels[LABEL_SIGNATURES][language]);
        first = false;
        explain_signature(signature, language);
    }
    explain_list(labels[LABEL_CONFIRM][language], rule->confirm);
    explain_list(labels[LABEL_REMEDY][language], rule->remedy[language]);
    explain_list(labels[LABEL_KERNEL][language], rule->kernel);
    explain_list(labels[LABEL_REFERENCES][language], rule->references);
}

int cmd_explain(const struct options *options)
{
    struct whyrst_error error = {.text = ""};
    struct whyrst_rules *rules = rules_dir_load(options, &error);
    if (!rules)
        return message_error(&error);
    const struct rule *rule = ruleset_rule(rules, options->explain);
    int code = EXIT_ANALYSED;
    if (rule) {
        explain_rule(rules, rule, options->language);
    } else {
        message_set(&error,
                    "option --explain: the rules say nothing about '%s'; add its file to "
                    "the rules directory",
                    whyrst_cause_name(options->explain));
        code = message_error(&error);
    }
    whyrst_rules_free(rules);
    return code;
}
