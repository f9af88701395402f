#include "reset/reset.h"

#define NOTES_FIRST 4                           /* of a long connection: the handshake … */
#define NOTES_USUAL 12                          /* most connections have no more */
#define NOTES_LAST  (RESET_NOTES - NOTES_FIRST) /* … and the last packets */

/* What one walk has met so far. */
struct walked {
    const struct trace_record *record;             /* next step, on its way into the cache */
    const struct trace_record *last[NOTES_LAST];   /* newest first */
    const struct trace_record *first[NOTES_FIRST]; /* ring of the oldest */
    unsigned last_count, first_total;
    uint32_t number; /* where the walk ended; 0 is the connection's start */
};

static void walked_find(struct walked *walked, const struct reset_walk *walk, uint32_t number,
                        const struct trace_log *log)
{
    walked->number = number;
    walked->record = trace_find_then(log, number, walk->then);
    if (walked->record != NULL)
        __builtin_prefetch(walked->record);
}

/* The details of thousands of events left the cache too, or were never in it. */
static void walked_start(struct walked *walked, const struct reset_walk *walk,
                         const struct trace_log *log)
{
    const struct reset_detail *detail = walk->reset->detail;
    for (unsigned n = 0; n < NOTES_USUAL; n += 2)
        __builtin_prefetch(&detail->notes[n], 1);
    walked->last_count = walked->first_total = 0;
    walked_find(walked, walk, walk->reset->conn.trace, log);
}

static void walked_step(struct walked *walked, const struct reset_walk *walk,
                        const struct trace_log *log)
{
    if (walked->last_count < NOTES_LAST)
        walked->last[walked->last_count++] = walked->record;
    else
        walked->first[walked->first_total++ % NOTES_FIRST] = walked->record;
    walked_find(walked, walk, walked->record->previous, log);
}

static void walked_copy(const struct walked *walked, struct reset_detail *detail)
{
    unsigned count = 0, total = walked->first_total;
    unsigned first_count = total < NOTES_FIRST ? total : NOTES_FIRST;
    detail->truncated = walked->number != 0;
    for (unsigned n = 0; n < first_count; n++)
        detail->notes[count++] = *walked->first[(total - 1 - n) % NOTES_FIRST];
    detail->note_gap = (uint16_t)(total > NOTES_FIRST ? count : 0);
    for (unsigned n = walked->last_count; n-- > 0;)
        detail->notes[count++] = *walked->last[n];
    detail->note_count = (uint16_t)count;
}

void reset_note_sequences(const struct reset_walk *walks, unsigned count,
                          const struct trace_log *log)
{
    struct walked walked[RESET_WALKS];
    bool going = true;
    for (unsigned n = 0; n < count; n++)
        walked_start(&walked[n], &walks[n], log);
    while (going) {
        going = false;
        for (unsigned n = 0; n < count; n++) {
            if (walked[n].record == NULL)
                continue;
            walked_step(&walked[n], &walks[n], log);
            going = true;
        }
    }
    for (unsigned n = 0; n < count; n++)
        walked_copy(&walked[n], walks[n].reset->detail);
}

void reset_packet_line(const struct reset *reset, struct packet_line *line)
{
    const struct conn *conn = &reset->conn;
    unsigned count = 0;
    uint8_t packets[2 * HISTORY_LENGTH]; /* newest first */
    unsigned entries = 0;
    for (uint64_t history = conn->history; history != 0; history >>= 4, entries++) {
        bool from_peer = !!(history & HISTORY_HIGH) != reset->side;
        uint8_t packet = (uint8_t)((history & 7) | (from_peer ? PACKET_FROM_PEER : 0));
        packets[count++] = packet;
        if (conn->repeated >> entries & 1)
            packets[count++] = packet;
    }
    for (unsigned n = 0; n < count; n++)
        line->packets[n] = packets[count - 1 - n];
    unsigned oldest = count > 0 ? packets[count - 1] & 7 : PACKET_NONE;
    line->packets[count] = reset->rst.flags & TCP_ACK ? PACKET_RST_ACK : PACKET_RST;
    line->count = count + 1;
    line->from_start = entries < HISTORY_LENGTH && oldest == PACKET_SYN;
}
