/* A part of a file mapped into memory. A file may become shorter while it is read, and touching
 * what has gone raises SIGBUS: such pages read as zeros instead, and the window tells. Private to
 * src/capture; the one place of the program with process-wide state, because signals have it. */
#ifndef WHYRST_CAPTURE_WINDOW_H
#define WHYRST_CAPTURE_WINDOW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing mapped. It must stay where it is while something is. */
struct window {
    uint8_t *pages;
    size_t size;             /* mapped, from there */
    _Atomic(uint8_t *) gone; /* the lowest page found gone, NULL none */
    _Atomic(struct window *) next;
};

/* Moves the window to `size` bytes of the file at offset, present and ready to be read; they must
 * not reach beyond its end. Returns the byte at offset, or NULL when the system refuses; either way
 * what it showed before is gone. */
const uint8_t *window_move(struct window *window, int fd, uint64_t offset, size_t size);
void window_close(struct window *window);

#endif
