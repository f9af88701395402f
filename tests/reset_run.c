#include "reset_run.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Resets with the same habit have the same facts of its groups: the rules' tree looks no further.
 */
static void expect_habits(const struct facts *facts)
{
    static struct facts first[HABIT_END - FACT_COUNT][3];
    for (unsigned habit = FACT_COUNT; habit < HABIT_END; habit++) {
        struct facts *like = &first[habit - FACT_COUNT][(unsigned)facts->value[habit]];
        if (facts->value[habit] == 0)
            continue;
        if (!like->known[habit])
            *like = *facts;
        for (unsigned fact = 0; fact < FACT_COUNT; fact++)
            if (habit_groups[habit - FACT_COUNT] >> fact_table[fact].group & 1)
                ck_assert_msg(facts->known[fact] == like->known[fact] &&
                                  (!facts->known[fact] || facts->value[fact] == like->value[fact]),
                              "habit %u does not decide %s", habit, fact_table[fact].name);
    }
}

static void keep(void *user, const struct reset *reset)
{
    struct reset_run *run = user;
    if (run->count == run->capacity) {
        run->capacity = run->capacity ? 2 * run->capacity : 4;
        run->decided = realloc(run->decided, run->capacity * sizeof *run->decided);
        ck_assert_ptr_nonnull(run->decided);
    }
    struct decided *decided = &run->decided[run->count++];
    decided->reset = *reset;
    if (reset->detail != NULL)
        decided->detail = *reset->detail;
    reset_measure(reset, &decided->facts);
    expect_habits(&decided->facts);
    reset_packet_line(reset, &decided->line);
}

void reset_run_init(struct reset_run *run, const struct whyrst_options *options)
{
    struct whyrst_options used = options ? *options : (struct whyrst_options){0};
    struct whyrst_error error;
    used.threads = 1;
    if (used.max_connections == 0)
        used.max_connections = 10000;
    if (used.trace_bytes == 0)
        used.trace_bytes = 1 << 20;
    memset(run, 0, sizeof *run);
    run->analyser = whyrst_new(&used, NULL, NULL, NULL, &error);
    ck_assert_msg(run->analyser != NULL, "%s", error.text);
    run->analyser->events.on_decide = keep;
    run->analyser->events.user = run;
}

void reset_run_feed(struct reset_run *run, const struct script *script)
{
    ck_assert_int_eq(whyrst_feed(run->analyser, script->packets, script->count, NULL), 0);
}

void reset_run_finish(struct reset_run *run)
{
    ck_assert_int_eq(whyrst_finish(run->analyser, NULL), 0);
    for (unsigned n = 0; n < run->count; n++)
        if (run->decided[n].reset.detail != NULL)
            run->decided[n].reset.detail = &run->decided[n].detail;
}

void reset_run_clear(struct reset_run *run)
{
    whyrst_free(run->analyser);
    free(run->decided);
}

void reset_run_script(struct reset_run *run, const char *text)
{
    struct script *script = script_new(text);
    reset_run_init(run, NULL);
    reset_run_feed(run, script);
    reset_run_finish(run);
    script_free(script);
}

void reset_run_value(const struct decided *decided, enum fact_id id, char *buf, size_t size)
{
    const struct fact_info *info = &fact_table[id];
    double value = decided->facts.value[id];
    if (!decided->facts.known[id]) {
        snprintf(buf, size, "unknown");
    } else if (info->type == FACT_BOOL) {
        ck_assert(value == 0 || value == 1);
        snprintf(buf, size, value != 0 ? "true" : "false");
    } else if (info->type == FACT_ENUM) {
        snprintf(buf, size, "%s", info->names[(int)value]);
    } else {
        snprintf(buf, size, "%.3f", fabs(value) < 0.0005 ? 0 : value);
        for (size_t used = strlen(buf); buf[used - 1] == '0' || buf[used - 1] == '.'; used--) {
            bool point = buf[used - 1] == '.';
            buf[used - 1] = '\0';
            if (point)
                break;
        }
    }
}

void reset_run_expect(const struct decided *decided, const char *expected, const char *name)
{
    while (*(expected += strspn(expected, " "))) {
        char fact[64], value[64], found[64];
        int used = 0;
        ck_assert_msg(sscanf(expected, "%63[^=]=%63s%n", fact, value, &used) == 2, "%s: %s", name,
                      expected);
        int id = fact_find(fact);
        ck_assert_msg(id >= 0, "%s: no fact %s", name, fact);
        reset_run_value(decided, (enum fact_id)id, found, sizeof found);
        bool holds = strcmp(found, value) == 0;
        if (value[strlen(value) - 1] == '~' && decided->facts.known[id])
            holds = fabs(decided->facts.value[id] - strtod(value, NULL)) < TICK_NSEC * 2e-6;
        ck_assert_msg(holds, "%s: %s is %s, not %s", name, fact, found, value);
        expected += used;
    }
}
