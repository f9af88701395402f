/* Says what a file is that is not a capture this program reads, and what to do about it. */
#include "capture/internal.h"

#include <ctype.h>

enum remedy { DECOMPRESS, CONVERT };

static const struct {
    const char *bytes;
    uint8_t length;
    enum remedy remedy;
    const char *what; /* of CONVERT: the format; of DECOMPRESS: the compression */
    const char *tool; /* of DECOMPRESS */
} magics[] = {
    {"\x28\xb5\x2f\xfd", 4, DECOMPRESS, "zstd", "zstd -dc"},
    {"\x04\x22\x4d\x18", 4, DECOMPRESS, "lz4", "lz4 -dc"},
    {"\xfd\x37\x7a\x58\x5a\x00", 6, DECOMPRESS, "xz", "xz -dc"},
    {"BZh", 3, DECOMPRESS, "bzip2", "bzip2 -dc"},
    {"PK\x03\x04", 4, DECOMPRESS, "zip", "unzip -p"},
    {"\x1f\x9d", 2, DECOMPRESS, "compress (.Z)", "uncompress -c"},
    {"\xa1\xb2\xcd\x34", 4, CONVERT, "the modified (Kuznetzov) pcap variant", NULL},
    {"\x34\xcd\xb2\xa1", 4, CONVERT, "the modified (Kuznetzov) pcap variant", NULL},
    {"\xa1\xb2\x34\xcd", 4, CONVERT, "the modified (fmesquita) pcap variant", NULL},
    {"\xcd\x34\xb2\xa1", 4, CONVERT, "the modified (fmesquita) pcap variant", NULL},
    {"\xa1\x2b\x3c\x4d", 4, CONVERT, "the Navtel pcap variant", NULL},
    {"\x4d\x3c\x2b\xa1", 4, CONVERT, "the Navtel pcap variant", NULL},
    {"\x1c\x00\x01\xac", 4, CONVERT, "the IXIA (hardware) pcap variant", NULL},
    {"\xac\x01\x00\x1c", 4, CONVERT, "the IXIA (hardware) pcap variant", NULL},
    {"\x1c\x00\x01\xab", 4, CONVERT, "the IXIA (software) pcap variant", NULL},
    {"\xab\x01\x00\x1c", 4, CONVERT, "the IXIA (software) pcap variant", NULL},
    {"snoop\0\0\0", 8, CONVERT, "a snoop capture", NULL},
    {"\x54\x52\x00\x64\x00", 5, CONVERT, "a Novell LANalyzer capture", NULL},
    {"XCP\0", 4, CONVERT, "a NetXRay or Sniffer capture", NULL},
    {"TRSNIFF data", 12, CONVERT, "a Network General Sniffer capture", NULL},
    {"GMBU", 4, CONVERT, "a Microsoft Network Monitor capture", NULL},
    {"RTSS", 4, CONVERT, "a Microsoft Network Monitor 1 capture", NULL},
    {"\xd0\xcf\x11\xe0", 4, CONVERT, "an OLE file (perhaps of another analyser)", NULL},
    {"btsnoop\0", 8, CONVERT, "a Bluetooth btsnoop capture", NULL},
    {"5VNW", 4, CONVERT, "a Network Instruments Observer capture", NULL},
};

/* An ERF record has no magic; its type byte, lengths and flags contradict each other otherwise. */
static bool looks_like_erf(const uint8_t *bytes, size_t count)
{
    if (count < 16)
        return false;
    unsigned type = bytes[8] & 0x7f, record = bytes[10] * 256u + bytes[11];
    unsigned loss = bytes[12] * 256u + bytes[13], wire = bytes[14] * 256u + bytes[15];
    return (type == 1 || type == 2 || type == 5 || type == 11 || type == 16 || type == 22) &&
           record >= 16 && record <= 16384 && loss < 256 && wire > 0 && wire <= 16384 &&
           bytes[7] != 0;
}

static bool looks_like_text(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t' &&
            (bytes[i] < 0x20 || bytes[i] == 0x7f))
            return false;
    }
    return count > 0;
}

int magic_refuse(const char *name, const uint8_t *bytes, size_t count, struct whyrst_error *error)
{
    if (count == 0)
        return capture_fail(error, "%s: is empty; a pcap or pcapng capture is needed", name);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (count < magics[i].length || memcmp(bytes, magics[i].bytes, magics[i].length) != 0)
            continue;
        if (magics[i].remedy == DECOMPRESS)
            return capture_fail(error,
                                "%s: is compressed with %s, which is not read (gzip is); "
                                "decompress it first: %s FILE | whyrst -",
                                name, magics[i].what, magics[i].tool);
        return capture_fail(error,
                            "%s: is %s, which is not read; convert it first: "
                            "editcap -F pcap FILE NEW",
                            name, magics[i].what);
    }
    if (count < 4)
        return capture_fail(error, "%s: is only %zu bytes long, not a capture file", name, count);
    if (looks_like_text(bytes, count))
        return capture_fail(error,
                            "%s: is a text file, not a capture; a pcap or pcapng file is needed "
                            "(tcpdump -w writes one, text2pcap makes one of a hex dump)",
                            name);
    if (looks_like_erf(bytes, count))
        return capture_fail(error,
                            "%s: looks like an ERF capture, which is not read; convert it first: "
                            "editcap -F pcap FILE NEW",
                            name);
    return capture_fail(error,
                        "%s: is not a pcap or pcapng file (it begins with %02x%02x%02x%02x); if "
                        "it is another kind of capture, convert it first: editcap -F pcap FILE NEW",
                        name, bytes[0], bytes[1], bytes[2], bytes[3]);
}
