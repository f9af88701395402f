/* The pcapng blocks around the packets: sections, interfaces, statistics, options. */
#include "capture/pcapng.h"

#include <stdlib.h>

enum {
    OPTION_END = 0,
    OPTION_IF_TSRESOL = 9,
    OPTION_IF_TSOFFSET = 14,
    OPTION_EPB_DROPCOUNT = 4,
    OPTION_ISB_IFDROP = 5,
    OPTION_ISB_OSDROP = 7,
};

bool pcapng_option(const uint8_t **cursor, const uint8_t *end, bool swap, uint16_t *code,
                   const uint8_t **value, uint16_t *length)
{
    if (end - *cursor < 4)
        return false;
    *code = load16(*cursor, swap);
    *length = load16(*cursor + 2, swap);
    if (*code == OPTION_END || end - *cursor - 4 < *length)
        return false;
    *value = *cursor + 4;
    size_t padded = ((size_t)*length + 3) & ~(size_t)3;
    size_t left = (size_t)(end - *value);
    *cursor = *value + (padded < left ? padded : left);
    return true;
}

/* ---- Time --------------------------------------------------------------------------------------
 */

static uint64_t power_of_10(unsigned exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* if_tsresol: 10^-n, or with the top bit set 2^-n seconds. False when no 64 bits of such ticks
 * reach a nanosecond. */
static bool interface_set_resolution(struct pcapng_interface *interface, uint8_t tsresol)
{
    unsigned exponent = tsresol & 0x7f;
    if (tsresol & 0x80) {
        if (exponent > 63)
            return false;
        interface->resolution = RESOLUTION_BINARY;
        interface->shift = (uint8_t)exponent;
    } else if (exponent <= 9) {
        interface->resolution = RESOLUTION_COARSER;
        interface->factor = power_of_10(9 - exponent);
    } else {
        if (exponent > 28)
            return false;
        interface->resolution = RESOLUTION_FINER;
        interface->factor = power_of_10(exponent - 9);
    }
    return true;
}

static int64_t saturate(__int128 nsec)
{
    if (nsec > INT64_MAX)
        return INT64_MAX;
    return nsec < INT64_MIN ? INT64_MIN : (int64_t)nsec;
}

int64_t pcapng_time_slow(const struct pcapng_interface *interface, uint64_t ticks)
{
    __int128 nsec;
    if (interface->resolution == RESOLUTION_BINARY)
        nsec = ((__int128)ticks * 1000000000) >> interface->shift;
    else if (interface->resolution == RESOLUTION_FINER)
        nsec = ticks / interface->factor;
    else
        nsec = (__int128)ticks * interface->factor;
    return saturate(nsec + (__int128)interface->offset_sec * 1000000000);
}

/* ---- Interfaces --------------------------------------------------------------------------------
 */

static void interface_read_options(struct pcapng_interface *interface, const uint8_t *cursor,
                                   const uint8_t *end, bool swap)
{
    uint16_t code, length;
    const uint8_t *value;
    while (pcapng_option(&cursor, end, swap, &code, &value, &length)) {
        if (code == OPTION_IF_TSRESOL && length >= 1) {
            /* A resolution nothing can have is taken for the default, microseconds. */
            if (!interface_set_resolution(interface, value[0]))
                interface_set_resolution(interface, 6);
        } else if (code == OPTION_IF_TSOFFSET && length >= 8) {
            interface->offset_sec = (int64_t)load64(value, swap);
        }
    }
    if (interface->resolution == RESOLUTION_COARSER && interface->offset_sec == 0)
        interface->direct_ticks = INT64_MAX / interface->factor;
}

int pcapng_add_interface(struct capture *capture, const uint8_t *block, uint32_t length,
                         struct whyrst_error *error)
{
    struct pcapng *pcapng = capture->state;
    if (length < BLOCK_FRAME_BYTES + 8 || pcapng->count == PCAPNG_MAX_INTERFACES)
        return 0;
    if (pcapng->count == pcapng->room) {
        unsigned room = pcapng->room ? pcapng->room * 2 : 4;
        void *interfaces = realloc(pcapng->interfaces, room * sizeof *pcapng->interfaces);
        if (!interfaces)
            return capture_fail(error, "%s: no memory for interface %u", capture->name,
                                pcapng->count);
        pcapng->interfaces = interfaces;
        pcapng->room = room;
    }
    struct pcapng_interface *interface = &pcapng->interfaces[pcapng->count++];
    memset(interface, 0, sizeof *interface);
    interface->link_type = link_type_from_file(load16(block + 8, pcapng->swap));
    interface->snaplen = load32(block + 12, pcapng->swap);
    interface_set_resolution(interface, 6);
    interface_read_options(interface, block + 16, block + length - 4, pcapng->swap);
    return capture_see_link(capture, interface->link_type, interface->snaplen, error) < 0 ? -1 : 1;
}

/* ---- Lost packets ------------------------------------------------------------------------------
 */

int pcapng_take_statistics(struct pcapng *pcapng, const uint8_t *block, uint32_t length)
{
    if (length < BLOCK_FRAME_BYTES + 12)
        return 0;
    uint32_t number = load32(block + 8, pcapng->swap);
    if (number >= pcapng->count)
        return 1; /* statistics of an interface never described: nothing hangs on them */
    struct pcapng_interface *interface = &pcapng->interfaces[number];
    const uint8_t *cursor = block + 20, *end = block + length - 4, *value;
    uint16_t code, option_length;
    uint64_t drops = 0;
    bool known = false;
    while (pcapng_option(&cursor, end, pcapng->swap, &code, &value, &option_length)) {
        if ((code == OPTION_ISB_IFDROP || code == OPTION_ISB_OSDROP) && option_length >= 8) {
            drops += load64(value, pcapng->swap);
            known = true;
        }
    }
    if (known) {
        interface->statistics_drops = drops;
        interface->has_statistics = true;
    }
    return 1;
}

void pcapng_packet_drops(struct pcapng_interface *interface, const uint8_t *options,
                         const uint8_t *end, bool swap)
{
    uint16_t code, length;
    const uint8_t *value;
    while (pcapng_option(&options, end, swap, &code, &value, &length)) {
        if (code == OPTION_EPB_DROPCOUNT && length >= 8) {
            interface->packet_drops += load64(value, swap);
            interface->has_packet_drops = true;
        }
    }
}

/* The statistics block counts everything; the packets' own counts are what there is without it. */
static bool section_drops(const struct pcapng *pcapng, uint64_t *drops)
{
    bool known = false;
    *drops = 0;
    for (unsigned i = 0; i < pcapng->count; i++) {
        const struct pcapng_interface *interface = &pcapng->interfaces[i];
        if (interface->has_statistics)
            *drops += interface->statistics_drops;
        else
            *drops += interface->packet_drops;
        known |= interface->has_statistics || interface->has_packet_drops;
    }
    return known;
}

void pcapng_new_section(struct pcapng *pcapng, bool swap)
{
    uint64_t drops;
    pcapng->earlier_known |= section_drops(pcapng, &drops);
    pcapng->earlier_drops += drops;
    pcapng->count = 0;
    pcapng->swap = swap;
}

bool pcapng_dropped(struct capture *capture, uint64_t *dropped)
{
    const struct pcapng *pcapng = capture->state;
    bool known = section_drops(pcapng, dropped);
    *dropped += pcapng->earlier_drops;
    return known || pcapng->earlier_known;
}
