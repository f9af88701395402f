/* Large lazily touched arrays. */
#ifndef WHYRST_FLOW_MEMORY_H
#define WHYRST_FLOW_MEMORY_H

#include <stddef.h>

/* Maps zeroed memory that costs nothing until touched, in huge pages where the system has them.
 * NULL without address space. */
void *memory_map(size_t bytes);
void memory_unmap(void *memory, size_t bytes);

#endif
