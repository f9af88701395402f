#include "reset/reset.h"

#define NOTES_FIRST 4                           /* of a long connection: the handshake … */
#define NOTES_USUAL 12                          /* most connections have no more */
#define NOTES_LAST  (RESET_NOTES - NOTES_FIRST) /* … and the last packets */

/* The details of thousands of events left the cache, or were never in it: the way there is as long
 * as that to the records, and may be gone at the same time. */
static void prefetch_notes(const struct reset_detail *detail)
{
    for (unsigned n = 0; n < NOTES_USUAL; n += 2)
        __builtin_prefetch(&detail->notes[n], 1);
}

void reset_note_sequence(struct reset *reset, const struct trace_log *log)
{
    struct reset_detail *detail = reset->detail;
    const struct trace_record *last[NOTES_LAST], *record; /* newest first */
    const struct trace_record *first[NOTES_FIRST];        /* ring of the oldest met so far */
    unsigned last_count = 0, first_total = 0;
    prefetch_notes(detail);
    uint32_t number = reset->conn.trace;
    while ((record = trace_find(log, number)) != NULL) {
        if (last_count < NOTES_LAST)
            last[last_count++] = record;
        else
            first[first_total++ % NOTES_FIRST] = record;
        number = record->previous;
    }
    detail->truncated = number != 0;

    unsigned count = 0, first_count = first_total < NOTES_FIRST ? first_total : NOTES_FIRST;
    for (unsigned n = 0; n < first_count; n++)
        detail->notes[count++] = *first[(first_total - 1 - n) % NOTES_FIRST];
    detail->note_gap = (uint16_t)(first_total > NOTES_FIRST ? count : 0);
    while (last_count > 0)
        detail->notes[count++] = *last[--last_count];
    detail->note_count = (uint16_t)count;
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
