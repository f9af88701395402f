/* What pcapng.c (the walk) and pcapng_blocks.c (everything but packets) share. */
#ifndef WHYRST_CAPTURE_PCAPNG_H
#define WHYRST_CAPTURE_PCAPNG_H

#include "capture/internal.h"

enum {
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_STATISTICS = 5,
    BLOCK_ENHANCED_PACKET = 6,
    BLOCK_JOURNAL = 9, /* systemd */
    BLOCK_SYSDIG_EVENT = 0x204,
    BLOCK_SYSDIG_EVENT_2 = 0x216,
    BLOCK_SYSDIG_EVENT_2_LARGE = 0x221,
    BLOCK_CUSTOM = 0x0bad,
    BLOCK_CUSTOM_NO_COPY = 0x40000bad,
    BLOCK_SECTION = 0x0a0d0d0a,
};

#define PCAPNG_BYTE_ORDER 0x1a2b3c4du
#define BLOCK_FRAME_BYTES 12 /* type, length, and the length again at the end */

/* Only packets and the blocks that describe them are held in memory as a whole; the bound is
 * Wireshark's for any block. */
#define BLOCK_MAX_BYTES       (16u << 20)
#define PCAPNG_MAX_INTERFACES (1u << 20) /* of a section; more is damage, not a capture */

enum resolution { RESOLUTION_COARSER, RESOLUTION_FINER, RESOLUTION_BINARY };

/* An interface of the current section. */
struct pcapng_interface {
    uint16_t link_type;
    uint8_t resolution;        /* enum resolution */
    uint8_t shift;             /* RESOLUTION_BINARY: a tick is 2^-shift s */
    uint32_t snaplen;          /* 0 = no limit */
    uint64_t factor;           /* RESOLUTION_COARSER: ns a tick; RESOLUTION_FINER: ticks a ns */
    int64_t offset_sec;        /* added to every timestamp */
    uint64_t direct_ticks;     /* below it a multiplication with factor does; 0 = never */
    uint64_t packet_drops;     /* sum of the packets' own drop counts */
    uint64_t statistics_drops; /* of the last statistics block */
    bool has_packet_drops, has_statistics;
};

struct pcapng {
    bool swap;
    struct pcapng_interface *interfaces;
    unsigned count, room;
    uint64_t earlier_drops; /* of sections before this one */
    bool earlier_known;
};

/* One option: its value at *value, in the section's byte order. Moves *cursor on; false at the
 * end of the options, or where they are damaged. */
bool pcapng_option(const uint8_t **cursor, const uint8_t *end, bool swap, uint16_t *code,
                   const uint8_t **value, uint16_t *length);

/* Take over what a whole block at `block` of `length` bytes says. -1 without memory or when the
 * filter does not compile; 0 when the block is damaged; 1 otherwise. */
int pcapng_add_interface(struct capture *capture, const uint8_t *block, uint32_t length,
                         struct whyrst_error *error);
int pcapng_take_statistics(struct pcapng *pcapng, const uint8_t *block, uint32_t length);
/* A new section begins: its interfaces are counted from 0 again. */
void pcapng_new_section(struct pcapng *pcapng, bool swap);
/* Sums up what is known of lost packets. */
bool pcapng_dropped(struct capture *capture, uint64_t *dropped);

/* Adds the drop counts in the options of an Enhanced Packet Block. */
void pcapng_packet_drops(struct pcapng_interface *interface, const uint8_t *options,
                         const uint8_t *end, bool swap);

/* Nanoseconds since the epoch; beyond what 64 bits hold it sticks to the end. */
int64_t pcapng_time_slow(const struct pcapng_interface *interface, uint64_t ticks);

static inline int64_t pcapng_time(const struct pcapng_interface *interface, uint64_t ticks)
{
    if (ticks < interface->direct_ticks)
        return (int64_t)(ticks * interface->factor);
    return pcapng_time_slow(interface, ticks);
}

#endif
