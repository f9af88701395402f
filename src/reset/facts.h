/* The facts about one reset: a flat table of named values, each known or not captured. Rules
 * compare them with constants; nothing here says why. */
#ifndef WHYRST_RESET_FACTS_H
#define WHYRST_RESET_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fact_id {
#define FACT(id, name, type, group, anchor, sentence) FACT_##id,
#include "reset/facts.def"
#undef FACT
    FACT_COUNT
};

enum fact_type { FACT_BOOL, FACT_NUMBER, FACT_ENUM };

/* Facts that come from the same fields are measured together: reset_measures. */
enum fact_group {
    GROUP_HEADER,
    GROUP_OPTIONS,
    GROUP_IDS,
    GROUP_HOPS,
    GROUP_NUMBERS,
    GROUP_CONTRADICTIONS, /* asks for GROUP_IDS and GROUP_HOPS */
    GROUP_TRIGGER,
    GROUP_DELAY,
    GROUP_RESETTER,
    GROUP_RESETTER_FIN,
    GROUP_RESETTER_SENT,
    GROUP_TRAIN,
    GROUP_WINDOW,
    GROUP_STACK,
    GROUP_PEER,
    GROUP_PEER_SENT,
    GROUP_ANSWER,
    GROUP_CONN,
    GROUP_TIMES,
    GROUP_SEQUEL,
    GROUP_SERVICE,
    GROUP_HOST,
    GROUP_AFTER,  /* of HABIT_AFTER */
    GROUP_COURSE, /* of HABIT_COURSE */
    GROUP_COUNT
};

/* What so many resets have in common that it is worth one look: a value other than 0 says what all
 * facts of some groups are. No rule asks for it. They stand behind the facts. */
enum habit {
    HABIT_AFTER = FACT_COUNT, /* 1 nothing came after the RST: GROUP_SEQUEL */
    HABIT_COURSE,             /* 1 a whole connection that nobody had closed, 2 a SYN that was
                                 refused: GROUP_RESETTER, _RESETTER_FIN, _TRAIN, _PEER, _CONN */
    HABIT_END
};

/* The groups of facts that a habit decides, as a set of bits. */
extern const uint32_t habit_groups[HABIT_END - FACT_COUNT];

/* Which packets prove a fact. */
enum anchor {
    ANCHOR_NONE,
    ANCHOR_RST,
    ANCHOR_TRIGGER,
    ANCHOR_HANDSHAKE,
    ANCHOR_RESETTER_LAST, /* the resetter's last packets before the RST */
    ANCHOR_RESETTER_DATA,
    ANCHOR_RESETTER_FIN,
    ANCHOR_PEER_LAST,
    ANCHOR_PEER_DATA,
    ANCHOR_PEER_FIN,
    ANCHOR_SEQUEL,
};

struct fact_info {
    const char *name;
    enum fact_type type;
    enum fact_group group;
    enum anchor anchor;
    const char *sentence;
    size_t sentence_bytes;
    const char *const *names; /* FACT_ENUM: NULL-terminated; a value is an index into it */
};

/* Indexed by enum fact_id. */
extern const struct fact_info fact_table[FACT_COUNT];

/* The fact of that name, or -1. */
int fact_find(const char *name);

struct facts {
    double value[HABIT_END]; /* bool as 0/1, enum as index */
    bool known[HABIT_END];
};

/* One packet of the line a rule's pattern is matched against. */
enum packet_kind {
    PACKET_NONE,
    PACKET_SYN,           /* S  */
    PACKET_SYN_ACK,       /* S. */
    PACKET_ACK,           /* .  no payload */
    PACKET_DATA,          /* D  with payload */
    PACKET_FIN,           /* F. with or without payload */
    PACKET_RST,           /* R  */
    PACKET_RST_ACK,       /* R. */
    PACKET_FROM_PEER = 8, /* or-ed in: sent by the resetter's peer, '<' */
};

#define PACKET_LINE_MAX 34

/* The packets of the connection up to and including the RST, oldest first. Runs of the same kind
 * from the same side are kept as two packets however long they were, which no pattern can tell from
 * longer ones: x, x* and x+ are all a pattern has. */
struct packet_line {
    uint8_t packets[PACKET_LINE_MAX]; /* enum packet_kind | PACKET_FROM_PEER */
    unsigned count;
    bool from_start; /* the first entry is the connection's first packet, and it was captured */
};

#endif
