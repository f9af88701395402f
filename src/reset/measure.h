/* Facts by group: what measure.c is made of. */
#ifndef WHYRST_RESET_MEASURE_H
#define WHYRST_RESET_MEASURE_H

#include "reset/reset.h"

#define NSEC_PER_SEC  1e9
#define NSEC_PER_MSEC 1e6

static inline void set(struct facts *facts, enum fact_id id, double value)
{
    facts->value[id] = value;
    facts->known[id] = true;
}

static inline void set_if(struct facts *facts, enum fact_id id, bool known, double value)
{
    facts->value[id] = value;
    facts->known[id] = known;
}

static inline double ticks_msec(uint32_t from, uint32_t to)
{
    return (double)(to - from) * TICK_NSEC / NSEC_PER_MSEC;
}

static inline uint8_t initial_ttl(uint8_t ttl)
{
    return ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

/* IPv6 never fragments on the way: as if DF were set. */
static inline enum stack measure_stack_of(const struct reset *reset, const struct endpoint *end)
{
    bool whole = (end->flags & ENDPOINT_DF) || (reset->conn.flags & CONN_IPV6);
    if (initial_ttl(end->ttl) == 128)
        return STACK_WINDOWS;
    if (initial_ttl(end->ttl) == 64 && whole)
        return STACK_LINUX;
    return STACK_OTHER;
}

/* Whether it is one of the idle timers in common use. */
bool measure_idle_timer(double seconds, double slack);

/* measure_rst.c: the RST and what it answers. */
void measure_header(const struct reset *reset, struct facts *facts);
void measure_options(const struct reset *reset, struct facts *facts);
void measure_ids(const struct reset *reset, struct facts *facts);
void measure_hops(const struct reset *reset, struct facts *facts);
void measure_numbers(const struct reset *reset, struct facts *facts);
void measure_contradictions(const struct reset *reset, struct facts *facts);
void measure_trigger(const struct reset *reset, struct facts *facts);
void measure_delay(const struct reset *reset, struct facts *facts);

/* measure_ends.c: resetter and peer before the RST. */
void measure_resetter(const struct reset *reset, struct facts *facts);
void measure_resetter_fin(const struct reset *reset, struct facts *facts);
void measure_resetter_sent(const struct reset *reset, struct facts *facts);
void measure_train(const struct reset *reset, struct facts *facts);
void measure_window(const struct reset *reset, struct facts *facts);
void measure_stack(const struct reset *reset, struct facts *facts);
void measure_peer(const struct reset *reset, struct facts *facts);
void measure_peer_sent(const struct reset *reset, struct facts *facts);
void measure_answer(const struct reset *reset, struct facts *facts);

#endif
