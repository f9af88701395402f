#include "flow/memory.h"

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define POPULATE_BYTES ((size_t)2 << 20) /* at once, a huge page; half of it is kept ready */
#define HUGE_FROM      ((size_t)8 << 20) /* what is small would mostly waste them */

void *memory_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (bytes >= HUGE_FROM)
        madvise(memory, bytes, MADV_HUGEPAGE); /* only an optimisation: failure is fine */
    return memory;
}

void memory_unmap(void *memory, size_t bytes)
{
    if (memory != NULL)
        munmap(memory, bytes);
}

void memory_populate(void *memory, size_t bytes, size_t used, size_t *populated)
{
    size_t left = bytes - *populated;
    if (used + POPULATE_BYTES / 2 < *populated || left == 0)
        return;
    left = left < POPULATE_BYTES ? left : POPULATE_BYTES;
    /* only an optimisation: older systems refuse */
    madvise((char *)memory + *populated, left, MADV_POPULATE_WRITE);
    *populated += left;
}
