#include "capture/sigbus.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic(struct sigbus_guard *) guards; /* walked by the handler */
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction earlier; /* who handled SIGBUS before */
static uintptr_t page_bytes;     /* 0 until the handler is installed */

static void sigbus_handle(int signal_number, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    (void)context;
    for (struct sigbus_guard *guard = guards; guard; guard = guard->next) {
        if (info->si_code != BUS_ADRERR || address < guard->start || address >= guard->end)
            continue;
        void *page = (void *)(address & ~(page_bytes - 1));
        if (mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
            MAP_FAILED)
            break;
        guard->hit = true;
        return;
    }
    /* Not ours: the access is tried again and meets whoever was there before. */
    sigaction(signal_number, &earlier, NULL);
}

void sigbus_guard(struct sigbus_guard *guard, const void *map, size_t bytes)
{
    pthread_mutex_lock(&change);
    if (page_bytes == 0) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = sigbus_handle;
        action.sa_flags = SA_SIGINFO;
        sigemptyset(&action.sa_mask);
        page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
        sigaction(SIGBUS, &action, &earlier);
    }
    guard->start = (uintptr_t)map;
    guard->end = (guard->start + bytes + page_bytes - 1) & ~(page_bytes - 1);
    guard->hit = false;
    guard->next = guards;
    guards = guard;
    pthread_mutex_unlock(&change);
}

void sigbus_unguard(struct sigbus_guard *guard)
{
    pthread_mutex_lock(&change);
    for (_Atomic(struct sigbus_guard *) *link = &guards; *link; link = &(*link)->next) {
        if (*link == guard) {
            *link = guard->next;
            break;
        }
    }
    pthread_mutex_unlock(&change);
}
