/* Touching a mapped file beyond its end raises SIGBUS, and a file may become shorter while it is
 * read. Pages of guarded mappings that have gone then read as zeros instead. Private to
 * src/capture; the one place of the program with process-wide state, because signals have it. */
#ifndef WHYRST_CAPTURE_SIGBUS_H
#define WHYRST_CAPTURE_SIGBUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sigbus_guard {
    uintptr_t start, end; /* page aligned */
    atomic_bool hit;      /* a page of it was gone */
    _Atomic(struct sigbus_guard *) next;
};

/* Guards a mapping until sigbus_unguard; the guard must stay where it is. */
void sigbus_guard(struct sigbus_guard *guard, const void *map, size_t bytes);
void sigbus_unguard(struct sigbus_guard *guard);

#endif
