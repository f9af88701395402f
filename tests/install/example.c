#include <stdio.h>
#include <whyrst/whyrst.h>

static void on_reset(const struct whyrst_reset *reset, void *user)
{
    (void)user;
    printf("frame %llu: %s\n", (unsigned long long)reset->frame,
           whyrst_cause_name(reset->verdict.cause));
}

int main(int argc, char **argv)
{
    struct whyrst_options options = {0};
    struct whyrst_error error = {""};
    struct whyrst_rules *rules = whyrst_rules_load(argc > 1 ? argv[1] : "rules", &error);
    struct whyrst_analyser *analyser =
        rules ? whyrst_new(&options, rules, on_reset, NULL, &error) : NULL;
    struct whyrst_packet packet = {0}; /* bytes, lengths, time, link type: from where you capture */
    if (!analyser || whyrst_feed(analyser, &packet, 1, &error) || whyrst_finish(analyser, &error))
        fprintf(stderr, "%s\n", error.text);
    whyrst_free(analyser);
    whyrst_rules_free(rules);
    return error.text[0] != '\0';
}
