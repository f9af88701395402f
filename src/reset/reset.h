/* One reset event: the first RST of a connection, what was known of the connection at that moment,
 * and what followed. It says what happened, never why. */
#ifndef WHYRST_RESET_RESET_H
#define WHYRST_RESET_RESET_H

#include "flow/conn.h"
#include "flow/trace.h"
#include "reset/facts.h"
#include "reset/services.h"
#include "whyrst/whyrst.h"

enum rst_shape {
    SHAPE_REFUSAL,   /* RST,ACK answering a segment without ACK: seq 0, ack one past it */
    SHAPE_ACTIVE,    /* RST,ACK at the resetter's own snd_nxt: a socket aborted */
    SHAPE_REPLY,     /* RST alone, its seq copied from the ACK it answers */
    SHAPE_BARE,      /* RST alone at snd_nxt that answers nothing */
    SHAPE_REWRITTEN, /* RST,ACK made out of the offending packet: its numbers swapped, payload not
                        counted */
    SHAPE_ODD,       /* none of these: numbers that fit nothing captured */
};

enum rst_timestamps { TIMESTAMPS_PRESENT, TIMESTAMPS_MISSING, TIMESTAMPS_NOT_NEGOTIATED };
enum rst_ip_id { IP_ID_CONTINUES, IP_ID_ZERO, IP_ID_UNRELATED };
enum trigger_kind {
    TRIGGER_NONE,
    TRIGGER_SYN,
    TRIGGER_SYN_ACK,
    TRIGGER_ACK,
    TRIGGER_DATA,
    TRIGGER_FIN,
    TRIGGER_PROBE,
};
enum handshake { HANDSHAKE_NONE, HANDSHAKE_SYN, HANDSHAKE_SYN_ACK, HANDSHAKE_COMPLETE };
enum stack { STACK_LINUX, STACK_WINDOWS, STACK_OTHER };

#define RESET_FOLLOWUPS 16 /* frames of later RSTs that are kept */

/* What came on the connection after the RST. "Resetter" and "peer" by address, whoever sent it. */
struct sequel {
    uint32_t resetter_rsts, peer_rsts;       /* further RSTs */
    uint32_t copies;                         /* RSTs captured twice */
    uint32_t resetter_packets, peer_packets; /* others */
    int32_t seq_step;         /* first non-zero distance of another RST within 50 ms */
    uint32_t syn_retry_ticks; /* from the RST to the same SYN again, valid with syn_retried */
    uint32_t continues_frame; /* first packet that proves the resetter went on, low half; 0 none,
                                 or in another input than the RST */
    bool resetter_continues, peer_continues, peer_rst_answers;
    bool mixed, surplus, both_ways, syn_retried, accepted;
    uint8_t followup_count;              /* frames kept */
    uint32_t followups[RESET_FOLLOWUPS]; /* frame numbers in the RST's input, low half */
};

#define RESET_NOTES 28 /* packets kept for the report: handshake and last ones */

/* What only a full report shows of an event. */
struct reset_detail {
    uint8_t payload[WHYRST_MAX_RST_PAYLOAD]; /* the RST's own */
    uint16_t payload_bytes;
    uint16_t note_count; /* packets before the RST in notes, oldest first */
    uint16_t note_gap; /* how many of them come before packets that are left out; 0 none left out */
    bool truncated;    /* the trace log no longer held the connection's start */
    struct trace_record notes[RESET_NOTES];
};

struct reset {
    uint64_t id;
    struct segment rst;
    struct conn conn; /* as it was before the RST */
    struct conn_cold cold;
    uint32_t conn_index;           /* while the event is open */
    uint8_t side;                  /* the resetter's end of the key */
    bool shape_known;              /* else too little was captured to tell */
    uint8_t shape;                 /* enum rst_shape */
    uint8_t trigger_kind;          /* enum trigger_kind */
    int64_t trigger_delay_nsec;    /* from the trigger to the RST; -1 no trigger */
    uint32_t service_near;         /* where services had the service */
    uint32_t service_accepted;     /* connections the service had accepted before */
    uint32_t service_accept_ticks; /* time of the last of them */
    uint8_t host_ttl;              /* of the resetter's address in other connections, 0 unknown */
    bool host_labels;              /* there it gave its packets IPv6 flow labels */
    uint32_t host_rtt_usec;        /* 0 unknown */
    uint32_t burst;                /* see services_burst */
    struct sequel sequel;
    const struct services *services;
    struct reset_detail *detail; /* NULL when only counts are wanted */
};

static inline const struct endpoint *reset_resetter(const struct reset *reset)
{
    return &reset->conn.end[reset->side];
}

static inline const struct endpoint *reset_peer(const struct reset *reset)
{
    return &reset->conn.end[!reset->side];
}

/* Fills conn, cold, trigger and shape from the connection as it was before the RST. */
void reset_observe(struct reset *reset, const struct conn *conn, const struct conn_cold *cold,
                   const struct segment *rst, unsigned side, const struct trace_log *log);

/* How many packets the peer sent since the resetter last spoke: a stack sends no more RSTs than
 * that in answer. Merged segments count as many, since a capture may hold them before they are
 * split. UINT32_MAX where repeats were not counted. */
static inline uint32_t reset_answerable(const struct reset *reset)
{
    const struct endpoint *resetter = reset_resetter(reset), *peer = reset_peer(reset);
    uint64_t history = reset->conn.history;
    uint32_t repeated = reset->conn.repeated, count = 0;
    for (; history != 0 && !!(history & HISTORY_HIGH) != reset->side;
         history >>= 4, repeated >>= 1) {
        if (repeated & 1)
            return UINT32_MAX;
        count++;
    }
    if (resetter->flags & ENDPOINT_ACKED && seq_after(peer->snd_nxt, resetter->rcv_nxt))
        count += (peer->snd_nxt - resetter->rcv_nxt) / 536; /* smallest usual segment */
    return count > 0 ? count : 1;
}

/* Whether the numbers of a RST from the end `side` are those of a reply to a recent packet of the
 * other end: its acknowledgment and, where the RST has the ACK flag, the number behind its last
 * byte. newest: the connection's newest trace record. */
bool reset_finds_answered(const struct trace_log *log, uint32_t newest, unsigned side,
                          const struct segment *rst);

/* An event whose packets are still to be copied: it was opened when the log's next number was
 * `then`, no longer ago than trace_patience(). */
struct reset_walk {
    struct reset *reset;
    uint64_t then;
};

#define RESET_WALKS 16 /* at once */

/* Copies the handshake's and the last packets before each RST out of the trace log into detail. A
 * walk waits for memory at every step, so many of them take little longer than one. */
void reset_note_sequences(const struct reset_walk *walks, unsigned count,
                          const struct trace_log *log);

/* All facts of a decided event. */
void reset_measure(const struct reset *reset, struct facts *facts);

/* The facts of one group only. */
typedef void reset_measure_fn(const struct reset *reset, struct facts *facts);
extern reset_measure_fn *const reset_measures[GROUP_COUNT];

/* The packet line up to and including the RST. */
void reset_packet_line(const struct reset *reset, struct packet_line *line);

enum whyrst_stage reset_stage(const struct reset *reset);
enum handshake reset_handshake(const struct reset *reset);

#endif
