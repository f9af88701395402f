/* Several captures as one, in time order: a heap of captures by the time of their next packet. */
#include "capture/internal.h"

#include <stdlib.h>

#define MERGE_WAITING 256 /* packets read ahead of a capture that is not first */

struct merged {
    struct capture *capture;
    int64_t next_nsec;             /* time of its next packet */
    unsigned rank;                 /* order of equal times: that of the command line */
    uint64_t last_call;            /* that handed out packets of it; reading on would spoil them */
    struct whyrst_packet *waiting; /* read, not handed out; NULL until needed */
    unsigned waiting_first, waiting_count;
};

struct capture_set {
    struct capture **captures; /* all, to be closed */
    unsigned capture_count;
    struct merged *merged;
    struct merged **heap; /* those with packets left, earliest first */
    unsigned heap_count;
    uint64_t call; /* number of the capture_set_read */
    bool failed;   /* failure is to be reported by the next call */
    struct whyrst_error failure;
};

/* ---- The heap ----------------------------------------------------------------------------------
 */

static bool is_before(const struct merged *a, const struct merged *b)
{
    return a->next_nsec != b->next_nsec ? a->next_nsec < b->next_nsec : a->rank < b->rank;
}

static void heap_sink(struct capture_set *set, unsigned at)
{
    struct merged **heap = set->heap;
    for (;;) {
        unsigned least = at, child = 2 * at + 1;
        if (child < set->heap_count && is_before(heap[child], heap[least]))
            least = child;
        if (child + 1 < set->heap_count && is_before(heap[child + 1], heap[least]))
            least = child + 1;
        if (least == at)
            return;
        struct merged *moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
        at = least;
    }
}

static void heap_drop_first(struct capture_set *set)
{
    set->heap[0] = set->heap[--set->heap_count];
    heap_sink(set, 0);
}

/* The capture that comes after the first one; NULL when it is the only one left. */
static const struct merged *heap_second(const struct capture_set *set)
{
    if (set->heap_count < 2)
        return NULL;
    if (set->heap_count > 2 && is_before(set->heap[2], set->heap[1]))
        return set->heap[2];
    return set->heap[1];
}

/* ---- Opening -----------------------------------------------------------------------------------
 */

/* Learns the time of the first packet. 1, 0 when there is none, -1 on error. A file is put back to
 * its beginning, so that of thousands of rotated files only those being read hold memory. */
static int merged_look(struct merged *merged, struct whyrst_error *error)
{
    struct whyrst_packet first;
    int count = capture_read(merged->capture, &first, 1, error);
    if (count <= 0)
        return count;
    merged->next_nsec = first.time_nsec;
    if (capture_rewind(merged->capture))
        return 1;
    merged->waiting = malloc(MERGE_WAITING * sizeof *merged->waiting);
    if (!merged->waiting)
        return capture_fail(error, "no memory to merge captures");
    merged->waiting[0] = first;
    merged->waiting_count = 1;
    return 1;
}

static int set_start(struct capture_set *set, struct whyrst_error *error)
{
    if (set->capture_count == 1)
        return 0; /* handed through */
    for (unsigned i = 0; i < set->capture_count; i++) {
        struct merged *merged = &set->merged[i];
        merged->capture = set->captures[i];
        merged->rank = i;
        if (capture_is_live(merged->capture))
            return capture_fail(error, "an interface cannot be combined with other captures; "
                                       "give either -i or files");
        int found = merged_look(merged, error);
        if (found < 0)
            return -1;
        if (found > 0)
            set->heap[set->heap_count++] = merged;
    }
    for (unsigned i = set->heap_count / 2; i-- > 0;)
        heap_sink(set, i);
    return 0;
}

struct capture_set *capture_set_open(struct capture **captures, unsigned count,
                                     struct whyrst_error *error)
{
    struct capture_set *set = calloc(1, sizeof *set);
    struct capture **copy = calloc(count + 1u, sizeof(struct capture *));
    if (!set || !copy) {
        capture_fail(error, "no memory to merge captures");
        for (unsigned i = 0; i < count; i++)
            capture_close(captures[i]);
        free(copy);
        free(set);
        return NULL;
    }
    memcpy(copy, captures, count * sizeof(struct capture *));
    set->captures = copy;
    set->capture_count = count;
    set->merged = calloc(count + 1u, sizeof *set->merged);
    set->heap = calloc(count + 1u, sizeof(struct merged *));
    int started = set->merged && set->heap ? set_start(set, error)
                                           : capture_fail(error, "no memory to merge captures");
    if (started == 0)
        return set;
    capture_set_close(set);
    return NULL;
}

void capture_set_close(struct capture_set *set)
{
    if (!set)
        return;
    for (unsigned i = 0; i < set->capture_count; i++)
        capture_close(set->captures[i]);
    for (unsigned i = 0; set->merged && i < set->capture_count; i++)
        free(set->merged[i].waiting);
    free(set->captures);
    free(set->merged);
    free(set->heap);
    free(set);
}

/* ---- Reading -----------------------------------------------------------------------------------
 */

/* How many of the packets come before the other captures' next one. */
static unsigned run_length(const struct merged *merged, const struct merged *second,
                           const struct whyrst_packet *packets, unsigned count)
{
    if (!second)
        return count;
    int64_t limit = second->next_nsec;
    bool wins_ties = merged->rank < second->rank;
    unsigned run = 0;
    while (run < count &&
           (packets[run].time_nsec < limit || (packets[run].time_nsec == limit && wins_ties)))
        run++;
    return run;
}

static int merged_keep(struct merged *merged, const struct whyrst_packet *packets, unsigned count,
                       struct whyrst_error *error)
{
    if (!merged->waiting) {
        merged->waiting = malloc(MERGE_WAITING * sizeof *merged->waiting);
        if (!merged->waiting)
            return capture_fail(error, "no memory to merge captures");
    }
    memcpy(merged->waiting, packets, count * sizeof *packets);
    merged->waiting_first = 0;
    merged->waiting_count = count;
    return 0;
}

/* Takes the run of waiting packets of the first capture. */
static unsigned take_waiting(struct merged *merged, const struct merged *second,
                             struct whyrst_packet *packets, size_t max)
{
    const struct whyrst_packet *from = merged->waiting + merged->waiting_first;
    unsigned count = merged->waiting_count < max ? merged->waiting_count : (unsigned)max;
    unsigned run = run_length(merged, second, from, count);
    memcpy(packets, from, run * sizeof *packets);
    merged->waiting_first += run;
    merged->waiting_count -= run;
    return run;
}

/* Reads the first capture straight into the caller's array, which costs a sequence of rotated files
 * nothing; what comes after another capture's next packet waits. Returns the run, -1 on error, and
 * *ended when there is nothing left. */
static int take_read(struct merged *merged, const struct merged *second,
                     struct whyrst_packet *packets, size_t max, bool *ended,
                     struct whyrst_error *error)
{
    int count =
        capture_read(merged->capture, packets, max < MERGE_WAITING ? max : MERGE_WAITING, error);
    *ended = count == 0;
    if (count <= 0)
        return count;
    unsigned run = run_length(merged, second, packets, (unsigned)count);
    if (run < (unsigned)count &&
        merged_keep(merged, packets + run, (unsigned)count - run, error) < 0)
        return -1;
    return (int)run;
}

/* One run of the first capture. Returns how many packets, 0 when the call has to end here (the
 * capture must be read on but the caller holds its packets), -1 on error. */
static int set_read_run(struct capture_set *set, struct whyrst_packet *packets, size_t max,
                        struct whyrst_error *error)
{
    while (set->heap_count > 0) {
        struct merged *merged = set->heap[0];
        const struct merged *second = heap_second(set);
        bool ended = false;
        int run;
        if (merged->waiting_count > 0)
            run = (int)take_waiting(merged, second, packets, max);
        else if (merged->last_call == set->call)
            return 0;
        else
            run = take_read(merged, second, packets, max, &ended, error);
        if (run < 0)
            return -1;
        if (run > 0)
            merged->last_call = set->call;
        if (ended) {
            free(merged->waiting);
            merged->waiting = NULL;
            heap_drop_first(set);
        } else if (merged->waiting_count > 0)
            merged->next_nsec = merged->waiting[merged->waiting_first].time_nsec;
        else if (run > 0)
            merged->next_nsec = packets[run - 1].time_nsec; /* the next is not known yet */
        if (!ended)
            heap_sink(set, 0);
        if (run > 0)
            return run;
    }
    return 0;
}

int capture_set_read(struct capture_set *set, struct whyrst_packet *packets, size_t max,
                     struct whyrst_error *error)
{
    if (set->capture_count == 1)
        return capture_read(set->captures[0], packets, max, error);
    set->call++;
    size_t count = 0;
    if (max > INT32_MAX)
        max = INT32_MAX;
    while (count < max && !set->failed) {
        int run = set_read_run(set, packets + count, max - count, &set->failure);
        if (run == 0)
            break;
        set->failed = run < 0;
        count += run > 0 ? (size_t)run : 0;
    }
    if (count > 0 || !set->failed)
        return (int)count;
    return capture_fail(error, "%s", set->failure.text);
}
