/* Link types have two numbers: the one in files (LINKTYPE_, the registry's, the same everywhere)
 * and libpcap's own in memory (DLT_, which differs between systems for a few old ones). */
#include "capture/internal.h"

#include <pcap.h>

static const struct {
    uint16_t link_type;
    int dlt;
} differing[] = {
    {101, DLT_RAW}, /* LINKTYPE_RAW */
    {100, DLT_ATM_RFC1483}, {102, DLT_SLIP_BSDOS}, {103, DLT_PPP_BSDOS}, {104, DLT_C_HDLC},
    {106, DLT_ATM_CLIP},    {50, DLT_PPP_SERIAL},  {51, DLT_PPP_ETHER},  {10, DLT_FDDI},
};

/* Raw IP, as DLT_ values that found their way into files: 12 (most systems), 14 (OpenBSD). */
#define LINK_TYPE_RAW 101

uint16_t link_type_from_file(uint32_t header_value)
{
    /* The upper half tells of frame check sequences, not of the type. */
    uint16_t link_type = header_value & 0xffff;
    return link_type == 12 || link_type == 14 ? LINK_TYPE_RAW : link_type;
}

uint16_t link_type_from_dlt(int dlt)
{
    for (size_t i = 0; i < sizeof differing / sizeof *differing; i++) {
        if (differing[i].dlt == dlt)
            return differing[i].link_type;
    }
    return link_type_from_file((uint32_t)dlt);
}

int link_type_to_dlt(uint16_t link_type)
{
    for (size_t i = 0; i < sizeof differing / sizeof *differing; i++) {
        if (differing[i].link_type == link_type)
            return differing[i].dlt;
    }
    return link_type;
}

const char *capture_link_name(uint16_t link_type, char buf[32])
{
    const char *name = pcap_datalink_val_to_name(link_type_to_dlt(link_type));
    if (name)
        return name;
    snprintf(buf, 32, "LINKTYPE_%u", link_type);
    return buf;
}
