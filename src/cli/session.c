#include "cli/session.h"

#include <langinfo.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/message.h"
#include "cli/privileges.h"
#include "cli/rules_dir.h"

volatile sig_atomic_t session_signal;

static void session_on_signal(int number)
{
    session_signal = number;
}

/* The first signal asks for the end, the second one ends the process. */
static void session_catch_signals(void)
{
    struct sigaction action = {.sa_handler = session_on_signal,
                               .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* May run on a thread of the library, but never on two at once. */
static void session_on_reset(const struct whyrst_reset *reset, void *user)
{
    struct session *session = user;
    if (session->options->fail_on >> reset->verdict.cause & 1)
        session->matched = true;
    if (atomic_load(&session->report_failed))
        return;
    if (report_reset(session->report, reset, &session->report_error) ||
        (session->extract && extract_reset(session->extract, reset, &session->report_error)))
        atomic_store(&session->report_failed, true);
}

static int session_open_captures(struct session *session, struct whyrst_error *error)
{
    const struct options *options = session->options;
    const struct capture_options capture_options = {
        .filter = options->filter,
        .sha256 = session->format == REPORT_JSON && !options->summary && !options->interface,
    };
    const struct live_options live = {.snaplen = options->snaplen,
                                      .buffer_kib = options->buffer_kib,
                                      .no_promiscuous = options->no_promiscuous};
    unsigned count = options->interface ? 1 : options->file_count;
    session->captures = calloc(count, sizeof(struct capture *));
    if (!session->captures)
        return message_set(error, "no memory for %u inputs", count);
    for (unsigned i = 0; i < count; i++) {
        struct capture *capture =
            options->interface ? capture_open_live(options->interface, 0, &capture_options, &live,
                                                   error)
                               : capture_open(options->files[i], (uint16_t)i, &capture_options,
                                              error);
        if (!capture)
            return -1;
        session->captures[session->capture_count++] = capture;
    }
    return 0;
}

static unsigned session_terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static int session_open_report(struct session *session, bool is_terminal,
                               struct whyrst_error *error)
{
    const struct options *options = session->options;
    bool live = options_is_live(options);
    bool grows = session->format == REPORT_NDJSON || session->format == REPORT_TEXT;
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    const struct report_options report_options = {
        .format = session->format,
        .language = options->language,
        .rules = session->rules,
        .summary = options->summary,
        .anonymize = options->anonymize,
        .color = is_terminal && !(no_color && *no_color) && terminal && strcmp(terminal, "dumb"),
        .line_flush = live || options->line_buffered,
        .width = is_terminal ? session_terminal_columns() : 0,
        /* a file is UTF-8 whatever the terminal can show */
        .utf8 = !is_terminal || !strcmp(nl_langinfo(CODESET), "UTF-8"),
    };
    if (destination_open(&session->destination, options->output_file, live && grows, error))
        return -1;
    if (is_terminal)
        session->destination.progress = &session->progress;
    session->report = report_open(
        &report_options, (struct report_sink){destination_write, &session->destination}, error);
    return session->report ? 0 : -1;
}

/* Of all inputs together; what cannot be known, as of a pipe, counts as 0. */
static uint64_t session_input_bytes(const struct session *session)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < session->capture_count; i++) {
        struct capture_info info;
        capture_info(session->captures[i], &info);
        bytes += info.file_bytes;
    }
    return bytes;
}

static int session_processors(void)
{
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

static int session_open_analyser(struct session *session, struct whyrst_error *error)
{
    const struct options *options = session->options;
    bool as_it_comes = options_is_live(options) || options->line_buffered;
    const struct whyrst_options analyser_options = {
        .max_connections = options->max_connections,
        .trace_bytes = (size_t)options->trace_mib << 20,
        .settle_nsec = as_it_comes ? SESSION_SETTLE_NSEC : 0,
        .threads =
            options_thread_count(options, session_input_bytes(session), session_processors()),
        .counts_only = options->summary && !options->extract_file,
        .language = options->language,
    };
    session->analyser =
        whyrst_new(&analyser_options, session->rules, session_on_reset, session, error);
    return session->analyser ? 0 : -1;
}

int session_open(struct session *session, const struct options *options, struct whyrst_error *error)
{
    bool is_terminal = !options->output_file && isatty(STDOUT_FILENO);
    memset(session, 0, sizeof *session);
    session->options = options;
    session->format = options_format(options, is_terminal);
    session->destination.fd = -1;
    atomic_init(&session->report_failed, false);
    progress_init(&session->progress, !options->quiet && !options->interface);
    if (session_open_captures(session, error))
        return -1;
    session->rules = rules_dir_load(options, error);
    if (!session->rules)
        return -1;
    if (options->user && privileges_drop(options->user, error))
        return -1;
    if (options->extract_file && !(session->extract = extract_new(options, error)))
        return -1;
    session->set = capture_set_open(session->captures, session->capture_count, error);
    if (!session->set) {
        session->capture_count = 0; /* closed already */
        return -1;
    }
    if (session_open_report(session, is_terminal, error))
        return -1;
    return session_open_analyser(session, error);
}

void session_close(struct session *session)
{
    whyrst_free(session->analyser);
    destination_close(&session->destination);
    if (session->report) { /* something failed: what it still holds has nowhere to go */
        const struct report_document nothing = {.rules = session->rules};
        report_close(session->report, &nothing, NULL);
    }
    if (session->set)
        capture_set_close(session->set);
    else
        while (session->capture_count)
            capture_close(session->captures[--session->capture_count]);
    free(session->captures);
    extract_free(session->extract);
    if (session->rules)
        whyrst_rules_free(session->rules);
}

int session_feed(struct session *session, const struct whyrst_packet *packets, size_t count,
                 struct whyrst_error *error)
{
    session->packets += count;
    if (session->extract && extract_spool(session->extract, packets, count, error))
        return -1;
    return whyrst_feed(session->analyser, packets, count, error);
}

bool session_should_stop(const struct session *session)
{
    return session_signal || atomic_load(&session->report_failed);
}

size_t session_wanted(const struct session *session)
{
    uint64_t limit = session->options->packet_limit;
    if (!limit || limit - session->packets > SESSION_BATCH)
        return SESSION_BATCH;
    return (size_t)(limit - session->packets);
}

/* Everything after the last packet. */
static int session_conclude(struct session *session, struct whyrst_error *error)
{
    struct whyrst_error note = {.text = ""};
    if (whyrst_finish(session->analyser, error))
        return -1;
    progress_clear(&session->progress);
    if (atomic_load(&session->report_failed)) {
        *error = session->report_error;
        return -1;
    }
    if (document_write(session, error) || destination_commit(&session->destination, error))
        return -1;
    if (!session->extract)
        return 0;
    /* the second pass opens the inputs itself */
    capture_set_close(session->set);
    session->set = NULL;
    session->capture_count = 0;
    if (extract_write(session->extract, session->packets, &note, error))
        return -1;
    if (note.text[0] && !session->options->quiet)
        message_print(note.text);
    return 0;
}

static bool session_has_stdin(const struct options *options)
{
    for (unsigned i = 0; i < options->file_count; i++)
        if (!strcmp(options->files[i], "-"))
            return true;
    return false;
}

int run_analysis(const struct options *options)
{
    struct session session;
    struct whyrst_error error = {.text = ""};
    int code = EXIT_FAILED;

    session_catch_signals();
    if (session_open(&session, options, &error))
        goto out;
    if (options_is_live(options) ? run_live(&session, &error) : run_files(&session, &error))
        goto out;
    if (session_conclude(&session, &error))
        goto out;
    code = session.matched ? EXIT_MATCHED : EXIT_ANALYSED;
    if (session.read_failed)
        code = message_error(&session.read_error);
    else if (session.interrupted && !session_has_stdin(options))
        code = EXIT_FAILED; /* a pipe is as good as live: stopping it is no failure */
out:
    progress_clear(&session.progress);
    if (session.destination.reader_gone)
        code = session.matched ? EXIT_MATCHED : EXIT_ANALYSED;
    else if (error.text[0])
        code = message_error(&error);
    session_close(&session);
    return code;
}
