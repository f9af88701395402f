/* One constructed reset with every member filled, a document around it, and a sink into memory. */
#ifndef TESTS_REPORT_SAMPLE_H
#define TESTS_REPORT_SAMPLE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/segment.h"
#include "report/report.h"

#define SAMPLE_HOSTILE                                                                             \
    "quote \" back \\ tab \t bell \a bad \xff\xc0\xaf <script>alert(1)</script> & | ` esc "        \
    "\x1b[31m end"

static const char *const sample_confirm[] = {"ss -ltn 'sport = :$SERVER_PORT'",
                                             "nstat -az TcpExtTCPAbortOnClose", NULL};
static const char *const sample_remedy[] = {"Read until the end before closing.", NULL};

static inline struct whyrst_address sample_ip4(uint8_t last, uint16_t port)
{
    return (struct whyrst_address){.ip = {192, 0, 2, last}, .version = 4, .port = port};
}

static inline void sample_packet(struct whyrst_reset *reset, uint64_t frame, int from,
                                 unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    unsigned index = reset->sequence_count++;
    reset->sequence[index] = (struct whyrst_packet_note){.frame = frame,
                                                         .from = (uint8_t)from,
                                                         .ttl = 64,
                                                         .flags = (uint16_t)flags,
                                                         .offset_nsec = (int64_t)index * 29017,
                                                         .seq = seq,
                                                         .ack = ack,
                                                         .len = len,
                                                         .window = 64240};
}

static inline void sample_verdict(struct whyrst_reset *reset)
{
    struct whyrst_verdict *verdict = &reset->verdict;
    verdict->cause = WHYRST_UNREAD_RECEIVE_BUFFER;
    verdict->scenario = "1.4";
    verdict->signature = "window-reopened";
    verdict->complete = true;
    verdict->certainty = WHYRST_LIKELY;
    verdict->confidence = 0.6666;
    verdict->title = "Closed with unread data in the receive buffer";
    strcpy(verdict->explanation,
           "The server 192.0.2.2:8080 closed its socket while 61 bytes of the client were unread.");
    reset->alternatives[0] = (struct whyrst_alternative){
        WHYRST_SO_LINGER_ZERO, 0.3334, "close() with SO_LINGER zero looks the same."};
    reset->alternative_count = 1;
}

static inline void sample_evidence(struct whyrst_reset *reset)
{
    reset->evidence[0] = (struct whyrst_evidence){.fact = "peer.bytes_unanswered",
                                                  .kind = WHYRST_VALUE_NUMBER,
                                                  .number = 61,
                                                  .frames = {4},
                                                  .frame_count = 1,
                                                  .text = "192.0.2.1 sent 61 bytes unanswered"};
    reset->evidence[1] = (struct whyrst_evidence){.fact = "rst.shape",
                                                  .kind = WHYRST_VALUE_STRING,
                                                  .string = "active",
                                                  .frames = {4, 6},
                                                  .frame_count = 2,
                                                  .text = "form of the RST: active"};
    reset->evidence[2] = (struct whyrst_evidence){.fact = "peer.fin_seen",
                                                  .kind = WHYRST_VALUE_BOOL,
                                                  .number = 0,
                                                  .text = "the peer had sent a FIN: no"};
    reset->evidence[3] =
        (struct whyrst_evidence){.fact = "resetter.window_reopened_ratio",
                                 .kind = WHYRST_VALUE_NUMBER,
                                 .number = 2.125,
                                 .text = "window offered by the RST over what was left: 2.125"};
    reset->evidence_count = 4;
    reset->caveats[0].code = "snaplen";
    strcpy(reset->caveats[0].text, "Payload was cut by the capture.");
    reset->caveat_count = 1;
}

static inline void sample_reset(struct whyrst_reset *reset)
{
    memset(reset, 0, sizeof(*reset));
    reset->id = 1;
    reset->frame = 6;
    reset->time_nsec = 1405525534494439000; /* 2014-07-16T15:45:34.494439Z */
    reset->client = sample_ip4(1, 51234);
    reset->server = sample_ip4(2, 8080);
    reset->sent_by = WHYRST_SERVER;
    reset->origin = WHYRST_ORIGIN_SERVER;
    reset->stage = WHYRST_POST_PSH;
    sample_verdict(reset);
    sample_evidence(reset);
    reset->bytes_unacknowledged = -1;
    reset->bytes_unanswered = 61;
    strcpy(reset->impact, "The client's request was lost.");
    reset->confirm = sample_confirm;
    reset->remedy = sample_remedy;
    sample_packet(reset, 1, WHYRST_CLIENT, TCP_SYN, 0, 0, 0);
    sample_packet(reset, 2, WHYRST_SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    sample_packet(reset, 3, WHYRST_CLIENT, TCP_ACK, 1, 1, 0);
    sample_packet(reset, 4, WHYRST_CLIENT, TCP_PSH | TCP_ACK, 1, 1, 61);
    sample_packet(reset, 5, WHYRST_SERVER, TCP_ACK, 1, 62, 0);
    sample_packet(reset, 6, WHYRST_SERVER, TCP_RST | TCP_ACK, 1, 62, 0);
    strcpy(reset->notation, "< S > S. < . < D > . > R.");
    reset->followup_count = 2;
    reset->followup_frames[0] = 7;
    reset->followup_frames[1] = 9;
    reset->followup_frame_count = 2;
}

/* Everything a capture can smuggle into text, and the members that are mostly absent. */
static inline void sample_hostile(struct whyrst_reset *reset)
{
    static const char *const confirm[] = {"echo " SAMPLE_HOSTILE, NULL};
    sample_reset(reset);
    reset->id = 2;
    reset->time_nsec = INT64_MIN;
    reset->stream = UINT32_MAX;
    reset->client =
        (struct whyrst_address){.ip = {0x20, 1, 0xd, 0xb8, [15] = 1}, .version = 6, .port = 65535};
    reset->server =
        (struct whyrst_address){.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 7}, .version = 6};
    reset->roles_inferred = true;
    reset->origin = WHYRST_ORIGIN_MIDDLEBOX;
    reset->stage = WHYRST_MIDSTREAM;
    reset->verdict.title = SAMPLE_HOSTILE;
    reset->verdict.scenario = NULL;
    reset->verdict.signature = SAMPLE_HOSTILE;
    reset->verdict.cause = WHYRST_UNKNOWN;
    reset->verdict.confidence = 7.5;
    reset->alternative_count = 0;
    strcpy(reset->verdict.explanation, SAMPLE_HOSTILE);
    strcpy(reset->impact, SAMPLE_HOSTILE);
    strcpy(reset->notation, SAMPLE_HOSTILE);
    strcpy(reset->evidence[0].text, SAMPLE_HOSTILE);
    strcpy(reset->caveats[0].text, SAMPLE_HOSTILE);
    reset->evidence[0].number = (double)INFINITY;
    reset->evidence[1].string = NULL;
    reset->confirm = confirm;
    reset->remedy = NULL;
    reset->sequence[0].input = 1;
    reset->sequence[1].flags = 0;
    reset->sequence[2].flags = 0xfff;
    reset->sequence[2].seq = reset->sequence[2].ack = reset->sequence[2].window = UINT32_MAX;
    reset->sequence[2].offset_nsec = INT64_MIN;
    reset->sequence[5].ttl = 255;
    reset->sequence_gap_after = 3;
    memcpy(reset->rst_payload, "No local\0\xff<b>", 13);
    reset->rst_payload_bytes = 13;
    reset->kernel = (struct whyrst_kernel){true, "TCP_ABORT_ON_CLOSE", "", "\"<x>\"", -1};
}

static inline struct report_document sample_document(const struct whyrst_service services[12])
{
    static const struct report_input inputs[] = {
        {.name = "capture of 192.0.2.1.pcap",
         .kind = "file",
         .format = "pcap",
         .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         .link_types = {"EN10MB"},
         .link_type_count = 1,
         .snaplen = 262144,
         .counts = {1234567, 1200000, 3, 1405525534494439000, 1405525540000000001}},
        {.name = SAMPLE_HOSTILE,
         .kind = "interface",
         .truncated = true,
         .dropped_known = true,
         .dropped = 5,
         .counts = {0, 0, 0, INT64_MIN, INT64_MIN}},
    };
    static const struct report_warning warnings[] = {{"file_cut", SAMPLE_HOSTILE}};
    struct report_document document = {.inputs = inputs,
                                       .input_count = 2,
                                       .counts = {.connections = 12, .resets = 2, .rst_packets = 6},
                                       .services = services,
                                       .service_count = services ? 12 : 0,
                                       .warnings = warnings,
                                       .warning_count = 1};
    document.counts.by_cause[WHYRST_UNREAD_RECEIVE_BUFFER] = 1;
    document.counts.by_cause[WHYRST_UNKNOWN] = 1;
    document.counts.undecoded[WHYRST_NOT_TCP] = 9;
    document.counts.undecoded[WHYRST_CUT] = 4;
    return document;
}

static inline void sample_services(struct whyrst_service services[12])
{
    memset(services, 0, 12 * sizeof(*services));
    for (unsigned i = 0; i < 12; i++) {
        services[i].address = sample_ip4((uint8_t)(i + 2), 8080);
        services[i].resets = 12 - i;
        services[i].accepted = 1000;
        services[i].by_cause[WHYRST_UNREAD_RECEIVE_BUFFER] = 12 - i;
    }
    services[11].address =
        (struct whyrst_address){.ip = {0xfe, 0x80, [15] = 9}, .version = 6, .port = 80};
}

/* A sink into memory; fails after `fail_after` bytes when that is set. */
struct sample_sink {
    char *bytes;
    size_t count;
    size_t fail_after;
    unsigned writes;
};

static inline int sample_write(void *user, const char *bytes, size_t count,
                               struct whyrst_error *error)
{
    struct sample_sink *sink = user;
    sink->writes++;
    if (sink->fail_after && sink->count + count > sink->fail_after) {
        snprintf(error->text, sizeof(error->text), "out.json: No space left on device");
        return -1;
    }
    sink->bytes = realloc(sink->bytes, sink->count + count + 1);
    if (!sink->bytes)
        abort();
    memcpy(sink->bytes + sink->count, bytes, count);
    sink->count += count;
    sink->bytes[sink->count] = '\0';
    return 0;
}

#endif
