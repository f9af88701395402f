#include "cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC INT64_C(1000000000)

int64_t progress_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

void progress_init(struct progress *progress, bool wanted)
{
    progress->enabled = wanted && isatty(STDERR_FILENO);
    atomic_init(&progress->shown, false);
    progress->start_nsec = progress_now();
    progress->last_nsec = progress->start_nsec + NSEC_PER_SEC * 9 / 10;
}

double progress_seconds(const struct progress *progress)
{
    return (double)(progress_now() - progress->start_nsec) / NSEC_PER_SEC;
}

bool progress_is_due(struct progress *progress)
{
    if (!progress->enabled)
        return false;
    int64_t now = progress_now();
    if (now - progress->last_nsec < NSEC_PER_SEC / 10)
        return false;
    progress->last_nsec = now;
    return true;
}

void progress_text(char *buf, unsigned long size, uint64_t packets, uint64_t read_bytes,
                   uint64_t total_bytes, double seconds)
{
    double rate = seconds > 0 ? (double)packets / seconds / 1e6 : 0;
    if (!total_bytes || !read_bytes || read_bytes > total_bytes) {
        snprintf(buf, size, "%.1f M packets  %.1f M packets/s", (double)packets / 1e6, rate);
        return;
    }
    double share = (double)read_bytes / (double)total_bytes;
    unsigned long left = (unsigned long)(seconds / share * (1 - share) + 0.5);
    snprintf(buf, size, "%3.0f %%  %.1f M packets/s  %lu:%02lu left", share * 100, rate, left / 60,
             left % 60);
}

void progress_draw(struct progress *progress, uint64_t packets, uint64_t read_bytes,
                   uint64_t total_bytes)
{
    char text[120];
    progress_text(text, sizeof text, packets, read_bytes, total_bytes, progress_seconds(progress));
    fprintf(stderr, "\r\033[K%s", text);
    atomic_store(&progress->shown, true);
}

void progress_clear(struct progress *progress)
{
    if (atomic_exchange(&progress->shown, false))
        fputs("\r\033[K", stderr);
}
