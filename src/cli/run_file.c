/* Files and standard input: read to the end, with a progress line. */
#include "cli/session.h"

static void run_show_progress(struct session *session)
{
    uint64_t read_bytes = 0, total_bytes = 0;
    bool all_known = true;
    for (unsigned i = 0; i < session->capture_count; i++) {
        struct capture_info info;
        capture_info(session->captures[i], &info);
        read_bytes += info.read_bytes;
        total_bytes += info.file_bytes;
        all_known &= info.file_bytes > 0;
    }
    progress_draw(&session->progress, session->packets, read_bytes, all_known ? total_bytes : 0);
}

int run_files(struct session *session, struct whyrst_error *error)
{
    struct whyrst_packet packets[SESSION_BATCH];
    size_t wanted;
    while ((wanted = session_wanted(session)) > 0) {
        int count = capture_set_read(session->set, packets, wanted, &session->read_error);
        session->read_failed = count < 0;
        if (count <= 0)
            return 0;
        if (session_feed(session, packets, (size_t)count, error))
            return -1;
        if (session_should_stop(session)) {
            session->interrupted = session_signal;
            return 0;
        }
        if (progress_is_due(&session->progress))
            run_show_progress(session);
    }
    return 0;
}
