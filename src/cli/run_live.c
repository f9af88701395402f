/* A live interface: until a signal, --duration, or -c. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/message.h"
#include "cli/session.h"

#define NSEC_PER_SEC INT64_C(1000000000)

static int64_t run_wall_nsec(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int run_live(struct session *session, struct whyrst_error *error)
{
    struct whyrst_packet packets[SESSION_BATCH];
    int64_t end_nsec = INT64_MAX;
    size_t wanted;
    if (session->options->duration_sec)
        end_nsec = progress_now() + (int64_t)session->options->duration_sec * NSEC_PER_SEC;
    if (!session->options->quiet)
        message_printf("listening on %s, Ctrl-C ends", session->options->interface);
    while ((wanted = session_wanted(session)) > 0) {
        int count = capture_set_read(session->set, packets, wanted, &session->read_error);
        if (count < 0) {
            session->read_failed = !session_signal;
            return 0;
        }
        if (count && session_feed(session, packets, (size_t)count, error))
            return -1;
        /* without packets nothing else tells the analyser that time passes */
        if (!count && whyrst_tick(session->analyser, run_wall_nsec(), error))
            return -1;
        if (session_should_stop(session) || progress_now() >= end_nsec)
            return 0;
    }
    return 0;
}
