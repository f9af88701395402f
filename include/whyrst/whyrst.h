/* whyrst: why was this TCP connection reset?
 *
 * The library is push-only and does no capture I/O: packets go in with whyrst_feed(), one verdict
 * per reset event comes out through a callback. It never prints, exits or keeps globals.
 *
 * Ownership: whatever a _new or _load function returns belongs to the caller until the matching
 * _free. Everything passed *to* a callback belongs to the library and is valid only during the
 * call. Everything passed to whyrst_feed() may be reused as soon as it returns.
 *
 * Errors: functions that can fail return -1 or NULL and fill the caller's struct whyrst_error (may
 * be NULL), which comes last. Malformed packets are not errors; they are counted.
 *
 * Threads: one analyser may be used by one thread at a time. With options.threads > 1 the callback
 * runs on a thread of the library, never on two at once. Ruleset objects are immutable after load.
 */
#ifndef WHYRST_WHYRST_H
#define WHYRST_WHYRST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WHYRST_API __attribute__((visibility("default")))
#else
#define WHYRST_API
#endif

#define WHYRST_SCHEMA_VERSION "1.0"

/* Version of the library, "MAJOR.MINOR.PATCH"; static. */
WHYRST_API const char *whyrst_version(void);

/* What went wrong, one line: what, where, what to do. The first error wins. */
struct whyrst_error {
    char text[1024];
};

/* ---- Causes ---------------------------------------------------------------------------------- */

enum whyrst_cause {
    WHYRST_PORT_NOT_LISTENING,     /* 1.1 the SYN itself was refused by the host */
    WHYRST_SO_LINGER_ZERO,         /* 1.2 deliberate abort by a live socket, nothing unread */
    WHYRST_HALF_OPEN_CONNECTION,   /* 1.3 the resetter no longer knew the connection */
    WHYRST_UNREAD_RECEIVE_BUFFER,  /* 1.4 close() while received data was unread */
    WHYRST_FIREWALL_REJECT,        /* a firewall answered in the host's name */
    WHYRST_ACCEPT_QUEUE_OVERFLOW,  /* handshake done for the client, refused at the listener */
    WHYRST_HANDSHAKE_ABANDONED,    /* the RST answers a SYN-ACK */
    WHYRST_DATA_AFTER_CLOSE,       /* the resetter had closed and its peer still sent */
    WHYRST_KEEPALIVE_TIMEOUT,      /* unanswered keep-alive probes, then the abort */
    WHYRST_RETRANSMISSION_TIMEOUT, /* the resetter gave up retransmitting */
    WHYRST_MIDDLEBOX_TIMEOUT,      /* NAT, load balancer or firewall forgot an idle connection */
    WHYRST_INJECTED_RESET,         /* forged by a third party on the path */
    WHYRST_DECLARED_REASON,        /* the RST says why itself: payload or MP_TCPRST */
    WHYRST_UNKNOWN,                /* none of these */
    WHYRST_CAUSE_COUNT
};

/* The cause's name as in reports and rule files ("port-not-listening"); static, never NULL. */
WHYRST_API const char *whyrst_cause_name(enum whyrst_cause cause);
/* The cause of that name, or -1. */
WHYRST_API int whyrst_cause_find(const char *name);

/* ---- Rules ----------------------------------------------------------------------------------- */

struct whyrst_rules;

/* Loads every *.json of a directory. Every bad rule is reported (all lines, newline-separated, in
 * the error text, cut at its size), then NULL comes back. Free with whyrst_rules_free. */
WHYRST_API struct whyrst_rules *whyrst_rules_load(const char *directory,
                                                  struct whyrst_error *error);
WHYRST_API void whyrst_rules_free(struct whyrst_rules *rules);
/* Number of rules (causes) loaded. */
WHYRST_API unsigned whyrst_rules_count(const struct whyrst_rules *rules);
/* SHA-256 over the rule files' names and bytes in name order, 64 hex digits; lives as long as
 * rules. */
WHYRST_API const char *whyrst_rules_sha256(const struct whyrst_rules *rules);

enum whyrst_language { WHYRST_EN, WHYRST_ZH };

/* ---- One reset, explained -------------------------------------------------------------------- */

enum whyrst_side { WHYRST_CLIENT, WHYRST_SERVER };
enum whyrst_origin {
    WHYRST_ORIGIN_CLIENT,
    WHYRST_ORIGIN_SERVER,
    WHYRST_ORIGIN_MIDDLEBOX,
    WHYRST_ORIGIN_UNKNOWN
};
enum whyrst_stage {
    WHYRST_POST_SYN,  /* only the SYN was seen before the RST */
    WHYRST_POST_ACK,  /* handshake (or its SYN-ACK) seen, no data */
    WHYRST_POST_PSH,  /* the client had sent one data segment */
    WHYRST_LATER,     /* after more data */
    WHYRST_CLOSING,   /* a FIN had been seen from one side */
    WHYRST_CLOSED,    /* FINs from both sides, or an earlier reset */
    WHYRST_MIDSTREAM, /* the handshake is not in the capture */
    WHYRST_STAGE_COUNT
};
enum whyrst_certainty { WHYRST_CERTAIN, WHYRST_LIKELY, WHYRST_POSSIBLE };

struct whyrst_address {
    uint8_t ip[16];  /* network order; IPv4 in the first four bytes, the rest zero */
    uint8_t version; /* 4 or 6 */
    uint16_t port;   /* host order */
};

/* One packet of the sequence before (and including) the RST. Sequence numbers are relative as in
 * Wireshark: the first byte of a side's SYN is 0; without a SYN its first packet seen is 1. */
struct whyrst_packet_note {
    uint64_t frame;
    uint16_t input;      /* index of the input the frame number belongs to */
    uint8_t from;        /* enum whyrst_side */
    uint8_t ttl;         /* TTL or hop limit */
    uint16_t flags;      /* TCP flags as on the wire, 12 bits */
    int64_t offset_nsec; /* since the first packet of the connection that is listed */
    uint32_t seq, ack;   /* relative; ack is 0 without the ACK flag */
    uint32_t len;        /* payload, bytes */
    uint32_t window;     /* bytes, scaled when the scale is known */
};

#define WHYRST_MAX_FRAMES      8
#define WHYRST_MAX_EVIDENCE    16
#define WHYRST_MAX_SEQUENCE    32
#define WHYRST_MAX_FOLLOWUPS   64
#define WHYRST_MAX_CAVEATS     12
#define WHYRST_MAX_RST_PAYLOAD 128

enum whyrst_value_kind { WHYRST_VALUE_BOOL, WHYRST_VALUE_NUMBER, WHYRST_VALUE_STRING };

struct whyrst_evidence {
    const char *fact; /* name of the fact, static */
    enum whyrst_value_kind kind;
    double number;      /* bool as 0 or 1 */
    const char *string; /* enum facts; static */
    uint64_t frames[WHYRST_MAX_FRAMES];
    unsigned frame_count;
    char text[240]; /* one sentence with the value and its unit */
};

struct whyrst_alternative {
    enum whyrst_cause cause;
    double confidence;
    const char *why; /* lives as long as the rules */
};

struct whyrst_caveat {
    const char *code; /* static, e.g. "handshake_not_captured" */
    char text[200];
};

struct whyrst_verdict {
    enum whyrst_cause cause;
    const char *scenario;  /* "1.1" … "1.4", or NULL */
    const char *signature; /* name of the signature that matched, or "none" */
    bool complete;         /* every fact the signature asks for was captured */
    enum whyrst_certainty certainty;
    double confidence;      /* 0 to 1 */
    const char *title;      /* in the language asked for */
    char explanation[1200]; /* ditto, with this connection's values filled in */
};

/* What the kernel itself said, live on the sending host only. */
struct whyrst_kernel {
    bool known;
    char reason[40], state[24], comm[32];
    int pid; /* -1 unknown */
};

/* One reset event: the first RST of a connection with its duplicates and tails. */
struct whyrst_reset {
    uint64_t id;       /* 1, 2, … in order of frame */
    uint16_t input;    /* index of the input that holds the RST */
    uint64_t frame;    /* first RST, as Wireshark's frame.number in that input */
    int64_t time_nsec; /* since the epoch, UTC */
    uint32_t stream;   /* Wireshark's tcp.stream in that input */
    struct whyrst_address client, server;
    bool roles_inferred;
    enum whyrst_side sent_by; /* whose address the RST carries */
    enum whyrst_origin origin;
    enum whyrst_stage stage;

    struct whyrst_verdict verdict;
    struct whyrst_alternative alternatives[WHYRST_CAUSE_COUNT]; /* best first */
    unsigned alternative_count;
    struct whyrst_evidence evidence[WHYRST_MAX_EVIDENCE];
    unsigned evidence_count;
    struct whyrst_caveat caveats[WHYRST_MAX_CAVEATS];
    unsigned caveat_count;

    bool benign;
    int64_t
        bytes_unacknowledged; /* sent by either side and not acknowledged at the RST; -1 unknown */
    int64_t bytes_unanswered; /* peer's bytes since the resetter's last data; -1 unknown */
    char impact[200];

    const char *const
        *confirm; /* NULL-terminated; placeholders ($SERVER_PORT …) not yet filled in */
    const char *const *remedy; /* NULL-terminated, in the language asked for */

    struct whyrst_packet_note
        sequence[WHYRST_MAX_SEQUENCE]; /* handshake and last packets, RST last */
    unsigned sequence_count;
    unsigned sequence_gap_after; /* packets are left out after this many; 0 = nothing left out */
    char notation[256];          /* the same in rule notation, "< S > R." */

    uint64_t followup_count; /* later RSTs that belong to this event, duplicates included */
    uint64_t followup_frames[WHYRST_MAX_FOLLOWUPS]; /* the first of them */
    unsigned followup_frame_count;

    uint8_t rst_payload[WHYRST_MAX_RST_PAYLOAD]; /* the RST's own payload, cut at this size */
    uint32_t rst_payload_bytes;                  /* how many of them are here */

    struct whyrst_kernel kernel;
};

/* ---- The analyser ---------------------------------------------------------------------------- */

struct whyrst_analyser;

/* A packet as captured. */
struct whyrst_packet {
    const uint8_t *bytes;
    uint32_t caplen;    /* bytes at .bytes */
    uint32_t wirelen;   /* bytes on the wire */
    int64_t time_nsec;  /* since the epoch, UTC */
    uint64_t frame_no;  /* 1, 2, … in its input */
    uint16_t link_type; /* LINKTYPE_… of the pcap registry */
    uint16_t input;     /* index of its input: 0, 1, … */
};

struct whyrst_options {
    uint32_t max_connections; /* 0 = 8,388,608; the longest idle goes first beyond it */
    size_t trace_bytes;       /* memory of the trace log; 0 = 64 MiB, with counts_only 8 MiB */
    uint32_t max_pending;     /* 0 = 8,192, at least 64: resets held back for what follows them */
    int64_t settle_nsec;      /* how long a reset is held back; 0 = until the end or max_pending */
    unsigned threads;         /* 0 or 1 = none but the caller's, 2 = decode apart */
    bool counts_only;         /* fill cause, confidence and counts only (for --summary) */
    enum whyrst_language language;
};

typedef void whyrst_reset_fn(const struct whyrst_reset *reset, void *user);

/* NULL on failure (no memory, no thread). rules must outlive the analyser. */
WHYRST_API struct whyrst_analyser *whyrst_new(const struct whyrst_options *options,
                                              const struct whyrst_rules *rules,
                                              whyrst_reset_fn *on_reset, void *user,
                                              struct whyrst_error *error);

/* Takes packets in capture order. -1 only when out of memory, which with two threads may show only
 * in a later call, at the latest in whyrst_finish. */
WHYRST_API int whyrst_feed(struct whyrst_analyser *analyser, const struct whyrst_packet *packets,
                           size_t count, struct whyrst_error *error);

/* Live: time has passed without packets; hands out resets whose settle time is over. */
WHYRST_API int whyrst_tick(struct whyrst_analyser *analyser, int64_t now_nsec,
                           struct whyrst_error *error);

/* End of input: hands out every reset still held back. Counts are final afterwards. */
WHYRST_API int whyrst_finish(struct whyrst_analyser *analyser, struct whyrst_error *error);

WHYRST_API void whyrst_free(struct whyrst_analyser *analyser);

/* Counts of one input; valid after whyrst_finish or between feeds. */
struct whyrst_input_counts {
    uint64_t packets, tcp_packets, duplicates;
    int64_t first_time_nsec, last_time_nsec; /* INT64_MIN when there was no packet */
};

enum whyrst_undecoded {                          /* packets that are not TCP, by reason */
                        WHYRST_NOT_TCP,          /* understood, another protocol */
                        WHYRST_FRAGMENT,         /* not the first fragment of an IP datagram */
                        WHYRST_CUT,              /* captured bytes end before the TCP header does */
                        WHYRST_MALFORMED,        /* lengths contradict each other */
                        WHYRST_UNKNOWN_LINK,     /* link type not supported */
                        WHYRST_UNKNOWN_PROTOCOL, /* an encapsulation not supported */
                        WHYRST_UNDECODED_COUNT
};
WHYRST_API const char *whyrst_undecoded_name(enum whyrst_undecoded reason);

struct whyrst_counts {
    uint64_t connections, resets, rst_packets;
    uint64_t evicted; /* connections dropped because of max_connections */
    uint64_t by_cause[WHYRST_CAUSE_COUNT];
    uint64_t undecoded[WHYRST_UNDECODED_COUNT];
};

struct whyrst_service {
    struct whyrst_address address;
    uint64_t resets, accepted, refused; /* accepted: SYN-ACKs seen; refused: SYNs answered by RST */
    uint64_t by_cause[WHYRST_CAUSE_COUNT];
};

WHYRST_API void whyrst_counts(const struct whyrst_analyser *analyser, struct whyrst_counts *counts);
/* Counts of input number `input`; zeros when nothing of it was fed. */
WHYRST_API void whyrst_input_counts(const struct whyrst_analyser *analyser, uint16_t input,
                                    struct whyrst_input_counts *counts);
/* Services with resets, most first, ties by address; *services is freed with free(). Returns how
 * many, or -1 without memory. */
WHYRST_API int whyrst_services(const struct whyrst_analyser *analyser,
                               struct whyrst_service **services, struct whyrst_error *error);

#ifdef __cplusplus
}
#endif
#endif
