#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

enum { /* long options without a letter */
       OPTION_RULES = 256,
       OPTION_LIST_RULES,
       OPTION_CHECK_RULES,
       OPTION_EXPLAIN,
       OPTION_LANG,
       OPTION_SUMMARY,
       OPTION_FAIL_ON,
       OPTION_ANONYMIZE,
       OPTION_DURATION,
       OPTION_THREADS,
       OPTION_TRACE_MIB,
       OPTION_CONNECTIONS,
};

static const char options_letters[] = ":r:i:f:c:s:pB:DnT:o:w:Z:lqvVh";

static const struct option options_long[] = {
    {"read", required_argument, NULL, 'r'},
    {"interface", required_argument, NULL, 'i'},
    {"filter", required_argument, NULL, 'f'},
    {"format", required_argument, NULL, 'T'},
    {"output", required_argument, NULL, 'o'},
    {"write", required_argument, NULL, 'w'},
    {"list-interfaces", no_argument, NULL, 'D'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {"rules", required_argument, NULL, OPTION_RULES},
    {"list-rules", no_argument, NULL, OPTION_LIST_RULES},
    {"check-rules", no_argument, NULL, OPTION_CHECK_RULES},
    {"explain", required_argument, NULL, OPTION_EXPLAIN},
    {"lang", required_argument, NULL, OPTION_LANG},
    {"summary", no_argument, NULL, OPTION_SUMMARY},
    {"fail-on", required_argument, NULL, OPTION_FAIL_ON},
    {"anonymize", no_argument, NULL, OPTION_ANONYMIZE},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"trace-mib", required_argument, NULL, OPTION_TRACE_MIB},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {NULL, 0, NULL, 0},
};

void options_cause_names(char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (int cause = 0; cause < WHYRST_CAUSE_COUNT && used < size; cause++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", cause ? ", " : "",
                                 whyrst_cause_name((enum whyrst_cause)cause));
}

static int options_number(const char *name, const char *text, uint64_t least, uint64_t most,
                          uint64_t *value, struct whyrst_error *error)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number < least || number > most)
        return message_set(error, "option %s: '%s' is not a number from %llu to %llu", name, text,
                           (unsigned long long)least, (unsigned long long)most);
    *value = number;
    return 0;
}

static int options_cause(const char *name, const char *text, size_t length,
                         struct whyrst_error *error)
{
    char cause_name[64], known[600];
    int cause = -1;
    if (length < sizeof cause_name) {
        memcpy(cause_name, text, length);
        cause_name[length] = '\0';
        cause = whyrst_cause_find(cause_name);
    }
    if (cause >= 0)
        return cause;
    options_cause_names(known, sizeof known);
    return message_set(error, "option %s: no cause is called '%.*s'; there are %s", name,
                       (int)(length < 64 ? length : 64), text, known);
}

static int options_fail_on(struct options *options, const char *text, struct whyrst_error *error)
{
    if (!strcmp(text, "any")) {
        options->fail_on = (1u << WHYRST_CAUSE_COUNT) - 1;
        return 0;
    }
    for (;;) {
        size_t length = strcspn(text, ",");
        int cause = options_cause("--fail-on", text, length, error);
        if (cause < 0)
            return -1;
        options->fail_on |= 1u << cause;
        if (!text[length])
            return 0;
        text += length + 1;
    }
}

static int options_add_file(struct options *options, const char *file, struct whyrst_error *error)
{
    if (options->file_count == OPTIONS_MAX_FILES)
        return message_set(error,
                           "more than %d files: merge some of them first, for instance "
                           "with mergecap",
                           OPTIONS_MAX_FILES);
    options->files[options->file_count++] = file;
    return 0;
}

static int options_once(const char *name, const char **slot, const char *value,
                        struct whyrst_error *error)
{
    if (*slot)
        return message_set(error, "option %s: given twice ('%s' and '%s'); give it once", name,
                           *slot, value);
    if (!value[0])
        return message_set(error, "option %s: its value is empty", name);
    *slot = value;
    return 0;
}

/* Options whose value is a number. 1: not one of them. */
static int options_take_number(struct options *options, int option, const char *value,
                               struct whyrst_error *error)
{
    uint64_t number = 0;
    int result = 0;
    switch (option) {
    case 'c':
        return options_number("-c", value, 1, INT64_MAX, &options->packet_limit, error);
    case 's':
        result = options_number("-s", value, 0, 262144, &number, error);
        options->snaplen = (int)number;
        return result;
    case 'B':
        result = options_number("-B", value, 1, 4 * 1024 * 1024, &number, error);
        options->buffer_kib = (int)number;
        return result;
    case OPTION_DURATION:
        result = options_number("--duration", value, 1, 366u * 86400u, &number, error);
        options->duration_sec = (unsigned)number;
        return result;
    case OPTION_THREADS:
        result = options_number("--threads", value, 1, 64, &number, error);
        options->threads = number > 2 ? 2 : (unsigned)number; /* no more to share out */
        return result;
    case OPTION_TRACE_MIB:
        result = options_number("--trace-mib", value, 1, 65536, &number, error);
        options->trace_mib = (unsigned)number;
        return result;
    case OPTION_CONNECTIONS:
        result = options_number("--connections", value, 1, 1u << 30, &number, error);
        options->max_connections = (uint32_t)number;
        return result;
    default:
        return 1;
    }
}

/* Options that only set a flag or a command. 1: not one of them. */
static int options_take_flag(struct options *options, int option)
{
    switch (option) {
    case 'p':
        options->no_promiscuous = true;
        return 0;
    case 'n':
        return 0; /* nothing is ever resolved */
    case 'l':
        options->line_buffered = true;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case 'v':
        options->verbose = true;
        return 0;
    case OPTION_SUMMARY:
        options->summary = true;
        return 0;
    case OPTION_ANONYMIZE:
        options->anonymize = true;
        return 0;
    case 'D':
        options->command = COMMAND_LIST_INTERFACES;
        return 0;
    case OPTION_LIST_RULES:
        options->command = COMMAND_LIST_RULES;
        return 0;
    case OPTION_CHECK_RULES:
        options->command = COMMAND_CHECK_RULES;
        return 0;
    case 'V':
        options->command = COMMAND_VERSION;
        return 0;
    default:
        return 1;
    }
}

static int options_take_text(struct options *options, int option, const char *value,
                             struct whyrst_error *error)
{
    int cause;
    switch (option) {
    case 'r':
        return options_add_file(options, value, error);
    case 'i':
        return options_once("-i", &options->interface, value, error);
    case 'f':
        return options_once("-f", &options->filter, value, error);
    case 'o':
        return options_once("-o", &options->output_file, value, error);
    case 'w':
        return options_once("-w", &options->extract_file, value, error);
    case 'Z':
        return options_once("-Z", &options->user, value, error);
    case OPTION_RULES:
        return options_once("--rules", &options->rules, value, error);
    case OPTION_FAIL_ON:
        return options_fail_on(options, value, error);
    case 'T':
        options->format = report_format_find(value);
        if (options->format < 0)
            return message_set(error,
                               "option -T: no format is called '%s'; there are json, "
                               "ndjson, text, markdown, html",
                               value);
        return 0;
    case OPTION_LANG:
        if (strcmp(value, "en") && strcmp(value, "zh"))
            return message_set(error, "option --lang: no texts in '%s'; there are en, zh", value);
        options->language = value[0] == 'z' ? WHYRST_ZH : WHYRST_EN;
        return 0;
    case OPTION_EXPLAIN:
        cause = options_cause("--explain", value, strlen(value), error);
        options->command = COMMAND_EXPLAIN;
        options->explain = cause < 0 ? WHYRST_UNKNOWN : (enum whyrst_cause)cause;
        return cause < 0 ? -1 : 0;
    default:
        return message_set(error, "an option is listed but not implemented");
    }
}

static int options_complain(int option, char **argv, struct whyrst_error *error)
{
    /* a letter is in optopt; a long option is the argument just passed */
    char letter[3] = {'-', (char)optopt, '\0'};
    bool is_letter = optopt > 0 && optopt < 256;
    const char *name = is_letter ? letter : argv[optind - 1];
    if (option == ':')
        return message_set(error, "option %s: its value is missing; see whyrst -h", name);
    if (!is_letter && strchr(name, '='))
        return message_set(error, "option %s: unknown, ambiguous, or takes no value; see whyrst -h",
                           name);
    return message_set(error, "option %s: unknown; see whyrst -h", name);
}

/* What options mean together. */
static int options_check(const struct options *options, struct whyrst_error *error)
{
    unsigned stdin_count = 0;
    for (unsigned i = 0; i < options->file_count; i++)
        stdin_count += !strcmp(options->files[i], "-");
    bool has_input = options->file_count || options->interface;
    if (options->command != COMMAND_ANALYSE) {
        if (has_input)
            return message_set(error,
                               "%s: not used by -D, --list-rules, --check-rules and "
                               "--explain; leave it out",
                               options->interface ? "option -i" : options->files[0]);
        return 0;
    }
    if (!has_input)
        return message_set(error, "nothing to analyse: name a capture file, - for standard input, "
                                  "or -i INTERFACE; see whyrst -h");
    if (options->interface && options->file_count)
        return message_set(error,
                           "option -i: cannot be combined with %s; analyse either an "
                           "interface or files",
                           options->files[0]);
    if (options->duration_sec && !options->interface)
        return message_set(error, "option --duration: needs -i; use -c to stop early in a file");
    if (stdin_count > 1)
        return message_set(error, "standard input: given twice; it can be read only once");
    if (options->extract_file && !strcmp(options->extract_file, "-"))
        return message_set(error, "option -w: needs the name of a file; standard output is for "
                                  "the report");
    if (options->extract_file && options->anonymize)
        return message_set(error, "option -w: contradicts --anonymize, packets keep their "
                                  "addresses; leave one out");
    if (options->extract_file && options->output_file &&
        !strcmp(options->extract_file, options->output_file))
        return message_set(error, "options -w and -o: both name '%s'; give two files",
                           options->output_file);
    if (options->quiet && options->verbose)
        return message_set(error, "options -q and -v: contradict each other; leave one out");
    return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct whyrst_error *error)
{
    *options = (struct options){.format = -1};
    options->files = malloc(OPTIONS_MAX_FILES * sizeof *options->files);
    if (!options->files)
        return message_set(error, "no memory for the command line");
    int option;
    optind = 0; /* glibc: start anew, also in tests that parse twice */
    opterr = 0;
    while ((option = getopt_long(argc, argv, options_letters, options_long, NULL)) != -1) {
        if (option == 'h') { /* help whatever else is wrong */
            options->command = COMMAND_HELP;
            return 0;
        }
        if (option == '?' || option == ':')
            return options_complain(option, argv, error);
        int taken = options_take_flag(options, option);
        if (taken == 1)
            taken = options_take_number(options, option, optarg, error);
        if (taken == 1)
            taken = options_take_text(options, option, optarg, error);
        if (taken)
            return -1;
    }
    while (optind < argc)
        if (options_add_file(options, argv[optind++], error))
            return -1;
    if (options->command == COMMAND_VERSION)
        return 0;
    return options_check(options, error);
}

void options_clear(struct options *options)
{
    free(options->files);
    options->files = NULL;
}

enum report_format options_format(const struct options *options, bool is_terminal)
{
    if (options->format >= 0)
        return (enum report_format)options->format;
    if (is_terminal)
        return REPORT_TEXT;
    return options_is_live(options) ? REPORT_NDJSON : REPORT_JSON;
}

/* A second thread saves a quarter to a third of the time for a tenth as much work again
 * (bench/results.md): right where somebody waits and a processor has nothing to do. */
#define LARGE_BYTES     ((uint64_t)128 << 20)
#define MANY_PROCESSORS 4

unsigned options_thread_count(const struct options *options, uint64_t bytes, int processors)
{
    if (options->threads != 0)
        return options->threads;
    return bytes >= LARGE_BYTES && processors >= MANY_PROCESSORS ? 2 : 1;
}
