#include "capture/window.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* ---- Pages that went ---------------------------------------------------------------------------
 */

static _Atomic(struct window *) windows; /* walked by the handler */
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction earlier; /* who handled SIGBUS before */
static uintptr_t page_bytes;     /* 0 until the handler is installed */

static void sigbus_handle(int signal_number, siginfo_t *info, void *context)
{
    uint8_t *page = (uint8_t *)((uintptr_t)info->si_addr & ~(page_bytes - 1));
    (void)context;
    for (struct window *window = windows; window; window = window->next) {
        if (info->si_code != BUS_ADRERR || page < window->pages ||
            page >= window->pages + window->size)
            continue;
        if (mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
            MAP_FAILED)
            break;
        if (!window->gone || page < window->gone)
            window->gone = page;
        return;
    }
    /* Not ours: the access is tried again and meets whoever was there before. */
    sigaction(signal_number, &earlier, NULL);
}

static void sigbus_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = sigbus_handle;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigaction(SIGBUS, &action, &earlier);
}

static void window_watch(struct window *window, uint8_t *pages, size_t size)
{
    pthread_mutex_lock(&change);
    if (page_bytes == 0)
        sigbus_install();
    window->pages = pages;
    window->size = size;
    window->gone = NULL;
    window->next = windows;
    windows = window;
    pthread_mutex_unlock(&change);
}

static void window_unwatch(struct window *window)
{
    pthread_mutex_lock(&change);
    for (_Atomic(struct window *) *link = &windows; *link; link = &(*link)->next) {
        if (*link == window) {
            *link = window->next;
            break;
        }
    }
    pthread_mutex_unlock(&change);
}

/* ---- Mapping -----------------------------------------------------------------------------------
 */

const uint8_t *window_move(struct window *window, int fd, uint64_t offset, size_t size)
{
    size_t before = (size_t)(offset % (uint64_t)sysconf(_SC_PAGESIZE));
    window_close(window); /* first: not to hold two at a time */
    uint8_t *pages = mmap(NULL, before + size, PROT_READ, MAP_SHARED, fd, (off_t)(offset - before));
    if (pages == MAP_FAILED)
        return NULL;
    /* Asking for memory ahead does nothing where pages are not present. It also fails, as touching
     * them would, where the file cannot be read, and before Linux 5.14. */
    if (madvise(pages, before + size, MADV_POPULATE_READ) != 0) {
        munmap(pages, before + size);
        return NULL;
    }
    window_watch(window, pages, before + size);
    return pages + before;
}

void window_close(struct window *window)
{
    if (window->pages == NULL)
        return;
    window_unwatch(window);
    munmap(window->pages, window->size);
    window->pages = NULL;
    window->size = 0;
    window->gone = NULL;
}
