#include "flow/memory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define HUGE_BYTES     ((size_t)2 << 20)
#define HUGE_FROM      ((size_t)3 << 20) /* what is smaller would mostly waste them */
#define POPULATE_BYTES HUGE_BYTES        /* at once; half of it is kept ready */

static char *memory_map_any(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* Beginning with a huge page: what comes before the first one would be made of small ones. */
static char *memory_map_huge(size_t bytes)
{
    char *memory = memory_map_any(bytes + HUGE_BYTES);
    if (memory == NULL)
        return NULL;
    size_t before = (HUGE_BYTES - (uintptr_t)memory % HUGE_BYTES) % HUGE_BYTES;
    if (before > 0)
        munmap(memory, before);
    munmap(memory + before + bytes, HUGE_BYTES - before);
    madvise(memory + before, bytes, MADV_HUGEPAGE); /* only an optimisation: failure is fine */
    return memory + before;
}

/* Whole pages, for a mapping is given back by them. */
static size_t memory_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

void *memory_map(size_t bytes)
{
    bytes = memory_pages(bytes);
    return bytes >= HUGE_FROM ? memory_map_huge(bytes) : memory_map_any(bytes);
}

void memory_unmap(void *memory, size_t bytes)
{
    if (memory != NULL)
        munmap(memory, bytes);
}

void memory_populate(void *memory, size_t bytes, size_t used, size_t *populated)
{
    size_t reached = used < bytes ? used / POPULATE_BYTES * POPULATE_BYTES : bytes;
    if (*populated < reached) /* the one that uses it was ahead */
        *populated = reached;
    size_t left = bytes - *populated;
    if (used + POPULATE_BYTES / 2 < *populated || left == 0)
        return;
    left = left < POPULATE_BYTES ? left : POPULATE_BYTES;
    /* only an optimisation: older systems refuse */
    madvise((char *)memory + *populated, left, MADV_POPULATE_WRITE);
    *populated += left;
}
