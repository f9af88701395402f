/* Reset events under way: a RST opens one, what follows on the connection is noted in it, and after
 * the settle time, or when room is needed, it is decided: oldest first, so in order of frame. */
#ifndef WHYRST_RESET_EVENTS_H
#define WHYRST_RESET_EVENTS_H

#include "flow/table.h"
#include "reset/reset.h"

typedef void events_decide_fn(void *user, const struct reset *reset);

struct events {
    struct reset *ring;
    struct reset_detail *details; /* one a slot, NULL when only counts are wanted */
    uint32_t capacity;            /* a power of two */
    uint64_t opened, decided;     /* event n is in slot n % capacity; ids start at 1 */
    int64_t settle_nsec;          /* 0: only when room is needed */
    struct table *table;
    const struct trace_log *log;
    struct services *services;
    events_decide_fn *on_decide;
    void *user;
    struct reset_walk walks[RESET_WALKS]; /* of the newest events, not made yet */
    unsigned walk_count;
    uint64_t rst_packets; /* RSTs seen, duplicates included */
};

/* table, log and services must outlive it. -1 without memory. */
int events_init(struct events *events, uint32_t capacity, bool with_details,
                struct whyrst_error *error);
void events_clear(struct events *events);

/* A RST of connection `index`, which was `before` and `cold` before it (the RST itself is already
 * fed). payload: the RST's own captured payload, may be NULL. */
void events_feed_rst(struct events *events, uint32_t index, const struct conn *before,
                     const struct conn_cold *cold, const struct segment *rst, unsigned side,
                     const uint8_t *payload, uint16_t payload_bytes);

/* A RST equal to the one before it: captured twice, or one of a volley. */
void events_feed_copy(struct events *events, uint32_t index, const struct segment *rst,
                      unsigned side);

/* Another packet on a connection with CONN_RESET, before it is fed to the connection. */
void events_feed_sequel(struct events *events, uint32_t index, const struct segment *segment,
                        unsigned side);

/* Decides what has waited long enough at this time. */
void events_settle(struct events *events, int64_t now_nsec);
/* Decides everything. */
void events_finish(struct events *events);

#endif
