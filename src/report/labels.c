#include "report/labels.h"

#include "rules/ruleset.h"

static const char *const labels[LABEL_COUNT][2] = {
#define LABEL(id, english, chinese) [LABEL_##id] = {english, chinese},
#include "report/labels.def"
#undef LABEL
};

const char *label(const struct report *report, enum label which)
{
    return labels[which][report->options.language == WHYRST_ZH];
}

const char *label_counted(const struct report *report, uint64_t count, enum label many)
{
    static const enum label singulars[LABEL_COUNT] = {
        [LABEL_PACKETS] = LABEL_ONE_PACKET,         [LABEL_DUPLICATES] = LABEL_ONE_DUPLICATE,
        [LABEL_CONNECTIONS] = LABEL_ONE_CONNECTION, [LABEL_RESETS] = LABEL_ONE_RESET,
        [LABEL_RST_PACKETS] = LABEL_ONE_RST_PACKET,
    };
    return label(report, count == 1 && singulars[many] ? singulars[many] : many);
}

enum label label_culprit(const struct whyrst_reset *reset)
{
    bool server = reset->sent_by == WHYRST_SERVER;
    switch (reset->origin) {
    case WHYRST_ORIGIN_CLIENT:
        return LABEL_BY_CLIENT;
    case WHYRST_ORIGIN_SERVER:
        return LABEL_BY_SERVER;
    case WHYRST_ORIGIN_MIDDLEBOX:
        return server ? LABEL_BY_MIDDLEBOX_SERVER : LABEL_BY_MIDDLEBOX_CLIENT;
    default:
        return server ? LABEL_BY_UNKNOWN_SERVER : LABEL_BY_UNKNOWN_CLIENT;
    }
}

enum label label_certainty(enum whyrst_certainty certainty)
{
    return certainty == WHYRST_CERTAIN  ? LABEL_CERTAIN
           : certainty == WHYRST_LIKELY ? LABEL_LIKELY
                                        : LABEL_POSSIBLE;
}

const char *label_cause_title(const struct report *report, const struct whyrst_rules *rules,
                              enum whyrst_cause cause)
{
    const struct rule *rule = rules ? ruleset_rule(rules, cause) : NULL;
    return rule ? rule->title.text[report->options.language == WHYRST_ZH] : "";
}

const char *label_cause_scenario(enum whyrst_cause cause)
{
    static const char *const scenarios[WHYRST_CAUSE_COUNT] = {
        [WHYRST_PORT_NOT_LISTENING] = "1.1",
        [WHYRST_SO_LINGER_ZERO] = "1.2",
        [WHYRST_HALF_OPEN_CONNECTION] = "1.3",
        [WHYRST_UNREAD_RECEIVE_BUFFER] = "1.4",
    };
    return (unsigned)cause < WHYRST_CAUSE_COUNT && scenarios[cause] ? scenarios[cause] : "";
}

unsigned label_causes_sorted(const uint64_t by_cause[WHYRST_CAUSE_COUNT],
                             enum whyrst_cause sorted[WHYRST_CAUSE_COUNT])
{
    unsigned count = 0;
    for (unsigned cause = 0; cause < WHYRST_CAUSE_COUNT; cause++) {
        if (!by_cause[cause])
            continue;
        unsigned place = count++;
        for (; place > 0 && by_cause[sorted[place - 1]] < by_cause[cause]; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = (enum whyrst_cause)cause;
    }
    return count;
}

unsigned label_percent(double confidence)
{
    unsigned thousandths = format_round_thousandths(confidence);
    unsigned percent = (thousandths + 5) / 10;
    return percent || !thousandths ? percent : 1;
}
