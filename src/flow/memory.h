/* Large lazily touched arrays. */
#ifndef WHYRST_FLOW_MEMORY_H
#define WHYRST_FLOW_MEMORY_H

#include <stddef.h>

/* Maps zeroed memory that costs nothing until touched, in huge pages where the system has them.
 * NULL without address space. */
void *memory_map(size_t bytes);
void memory_unmap(void *memory, size_t bytes);

/* Touches what will be used next of such memory without changing it: for another thread than the
 * one that uses it, which then does not wait for the system to clear it. used: how much is in use
 * by now. *populated: how far this has come, 0 at first. */
void memory_populate(void *memory, size_t bytes, size_t used, size_t *populated);

#endif
