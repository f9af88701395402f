/* Where packets come from: pcap and pcapng files (also gzip), standard input, live interfaces.
 *
 * A capture hands out blocks of packets without copying them: the bytes stay where they were read
 * and are valid until the next capture_read() on the same capture.
 */
#ifndef WHYRST_CAPTURE_CAPTURE_H
#define WHYRST_CAPTURE_CAPTURE_H

#include "whyrst/whyrst.h"

struct capture;

enum capture_kind { CAPTURE_FILE, CAPTURE_STDIN, CAPTURE_INTERFACE };

#define CAPTURE_MAX_LINK_TYPES 16

/* What is known of a capture; complete once capture_read returned 0. */
struct capture_info {
    const char *name; /* as the user gave it; lives as long as the capture */
    enum capture_kind kind;
    const char *format;                          /* "pcap" or "pcapng", static */
    uint16_t link_types[CAPTURE_MAX_LINK_TYPES]; /* in order of appearance */
    unsigned link_type_count;
    uint32_t snaplen;         /* largest of the interfaces; 0 = no limit */
    uint64_t packets;         /* handed out or filtered away: the last frame number */
    bool truncated;           /* the file ends inside a record or block */
    char truncated_text[200]; /* where, for the warning; empty unless truncated */
    bool dropped_known;
    uint64_t dropped;                /* packets the capturing system says it lost */
    uint64_t file_bytes, read_bytes; /* for the progress line; file_bytes 0 = unknown */
    char sha256[65];                 /* of the file's bytes, only when asked for; else empty */
};

struct capture_options {
    const char *filter; /* BPF expression, NULL = none; compiled per link type */
    bool sha256;        /* hash the input's bytes */
};

/* Opens a capture file, "-" is standard input. The format and gzip are recognised by content.
 * NULL on failure. Free with capture_close. */
struct capture *capture_open(const char *path, uint16_t input,
                             const struct capture_options *options, struct whyrst_error *error);

struct live_options {
    int snaplen;    /* bytes, 0 = 262144 */
    int buffer_kib; /* kernel buffer, 0 = 65536 (64 MiB) */
    bool no_promiscuous;
};

/* Opens an interface ("any" included). capture_read then returns within about 100 ms, with 0
 * packets when none came (see capture_is_live). */
struct capture *capture_open_live(const char *interface, uint16_t input,
                                  const struct capture_options *options,
                                  const struct live_options *live, struct whyrst_error *error);

/* Calls found for each interface that can be captured from; description may be NULL, both are
 * valid during the call only. Returns how many, -1 on failure. */
int capture_interfaces(void (*found)(const char *name, const char *description, void *user),
                       void *user, struct whyrst_error *error);

/* Fills up to max packets; returns how many. 0: end of a file (or no packet yet, live). -1: error;
 * everything handed out before stays valid. A truncated file is not an error but an end. */
int capture_read(struct capture *capture, struct whyrst_packet *packets, size_t max,
                 struct whyrst_error *error);

bool capture_is_live(const struct capture *capture);
/* Whether path names the very file this capture reads, which -w must not overwrite. */
bool capture_is_file(const struct capture *capture, const char *path);
void capture_info(struct capture *capture, struct capture_info *info);
void capture_close(struct capture *capture); /* NULL is allowed */

/* "EN10MB" for 1, …; "LINKTYPE_<n>" in buf for those without a name. */
const char *capture_link_name(uint16_t link_type, char buf[32]);

/* ---- Several captures as one, in time order ---------------------------------------------------
 */

struct capture_set;

/* Takes over the captures in the array (closed by capture_set_close, also on failure). */
struct capture_set *capture_set_open(struct capture **captures, unsigned count,
                                     struct whyrst_error *error);
/* As capture_read, merged by time; a run of packets of one capture comes without copying. With one
 * capture it costs nothing. Packets carry the .input they were opened with. */
int capture_set_read(struct capture_set *set, struct whyrst_packet *packets, size_t max,
                     struct whyrst_error *error);
void capture_set_close(struct capture_set *set);

/* ---- Writing pcapng (-w) -----------------------------------------------------------------------
 */

struct capture_writer;

/* Creates the file. NULL on failure. */
struct capture_writer *capture_writer_open(const char *path, struct whyrst_error *error);
/* Appends a packet as an Enhanced Packet Block, interfaces (one per link type and input) are
 * written when first needed; comment may be NULL. */
int capture_writer_packet(struct capture_writer *writer, const struct whyrst_packet *packet,
                          const char *comment, struct whyrst_error *error);
/* Flushes and closes; -1 when what was written did not reach the file. */
int capture_writer_close(struct capture_writer *writer, struct whyrst_error *error);

#endif
