/* libFuzzer target: bytes -> packets of a few connections -> the analyser with the real rules,
 * which nothing may crash and whose verdicts have to be sound. The first byte chooses the options;
 * then a packet takes seven bytes:
 *
 *   0  connection (2 bits), direction, input, how the time goes on (3 bits), sequence number at
 * will 1  flags 2  sequence number: distance from the sender's next one, signed 3  acknowledgment:
 * distance from the other's next one, signed 4  payload bytes, 0 to 15 of them, and how they are
 * multiplied 5  window; its low bits choose options 6  TTL and identification */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "whyrst/whyrst.h"

#define PACKET_BYTES 7
#define MAX_PACKETS  2000
#define HEADER_BYTES 72 /* IP, TCP and options */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct state {
    uint32_t next[4][2]; /* by connection and side */
    uint64_t frames[2];
    uint16_t id;
    int64_t time_nsec;
    uint64_t last_id; /* of the reset before */
    uint8_t bytes[MAX_PACKETS][HEADER_BYTES];
    struct whyrst_packet packets[MAX_PACKETS];
};

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "not true: %s\n", what);
    abort();
}

static void check_texts(const struct whyrst_reset *reset)
{
    require(strlen(reset->verdict.explanation) < sizeof reset->verdict.explanation, "explanation");
    require(strlen(reset->notation) < sizeof reset->notation, "notation");
    require(reset->verdict.title != NULL && reset->verdict.signature != NULL, "title, signature");
    require(reset->confirm != NULL && reset->remedy != NULL, "advice");
    require(reset->evidence_count <= WHYRST_MAX_EVIDENCE, "evidence count");
    for (unsigned n = 0; n < reset->evidence_count; n++) {
        const struct whyrst_evidence *evidence = &reset->evidence[n];
        require(isfinite(evidence->number), evidence->fact);
        require(strlen(evidence->text) < sizeof evidence->text, "evidence text");
        require((evidence->kind == WHYRST_VALUE_STRING) == (evidence->string != NULL), "string");
        for (unsigned at = 0; at < evidence->frame_count; at++)
            require(evidence->frames[at] - 1 < MAX_PACKETS, "evidence frame");
    }
}

static void check_reset(const struct whyrst_reset *reset, void *user)
{
    struct state *state = user;
    double sum = reset->verdict.confidence;
    require(reset->id == ++state->last_id, "ids count up");
    require(reset->frame - 1 < state->frames[reset->input], "frame");
    require((unsigned)reset->verdict.cause < WHYRST_CAUSE_COUNT, "cause");
    for (unsigned n = 0; n < reset->alternative_count; n++) {
        require(reset->alternatives[n].cause != reset->verdict.cause, "an alternative is another");
        require(n == 0 ||
                    reset->alternatives[n].confidence <= reset->alternatives[n - 1].confidence,
                "alternatives are sorted");
        sum += reset->alternatives[n].confidence;
    }
    require(sum >= 0 && sum <= 1 + 1e-9, "confidences sum to at most 1");
    if (reset->sequence_count == 0)
        return; /* only counts were asked for */
    check_texts(reset);
    require(reset->sequence_count <= WHYRST_MAX_SEQUENCE, "sequence count");
    require(reset->sequence[reset->sequence_count - 1].frame == reset->frame, "the RST comes last");
    require(reset->followup_frame_count <= reset->followup_count, "follow-ups");
}

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned n = 0; n < 4; n++)
        at[n] = (uint8_t)(value >> (24 - 8 * n));
}

static unsigned put_options(uint8_t *at, unsigned choice, int64_t time_nsec)
{
    static const uint8_t syn[12] = {2, 4, 5, 180, 3, 3, 7, 4, 2, 1, 1, 1};
    static const uint8_t mptcp[4] = {30, 4, 0x80, 3};
    switch (choice) {
    case 1:
        memcpy(at, syn, sizeof syn);
        return sizeof syn;
    case 2:
        memcpy(at, (const uint8_t[]){1, 1, 8, 10}, 4);
        put32(at + 4, (uint32_t)(time_nsec / 1000000));
        put32(at + 8, 1);
        return 12;
    case 3:
        memcpy(at, mptcp, sizeof mptcp);
        return sizeof mptcp;
    default:
        return 0;
    }
}

/* IPv4 for connections 0 and 1, IPv6 for 2 and 3; returns the length. */
static unsigned put_ip(uint8_t *bytes, unsigned connection, bool back, const uint8_t *data,
                       uint16_t id, uint32_t tcp_bytes)
{
    uint8_t ends[2] = {(uint8_t)(1 + connection % 2), 9};
    uint8_t ttl = (uint8_t)((data[6] & 3) == 3 ? 255 : 60 + (data[6] & 3));
    if (connection < 2) {
        const uint8_t header[20] = {0x45,
                                    0,
                                    (uint8_t)((20 + tcp_bytes) >> 8),
                                    (uint8_t)(20 + tcp_bytes),
                                    (uint8_t)(id >> 8),
                                    (uint8_t)id,
                                    0x40,
                                    0,
                                    ttl,
                                    6,
                                    0,
                                    0,
                                    10,
                                    0,
                                    0,
                                    ends[back],
                                    10,
                                    0,
                                    0,
                                    ends[!back]};
        memcpy(bytes, header, sizeof header);
        return 20;
    }
    memset(bytes, 0, 40);
    bytes[0] = 0x60;
    bytes[3] = data[6] >> 6;
    bytes[4] = (uint8_t)(tcp_bytes >> 8);
    bytes[5] = (uint8_t)tcp_bytes;
    bytes[6] = 6;
    bytes[7] = ttl;
    bytes[8] = bytes[24] = 0xfd;
    bytes[23] = ends[back];
    bytes[39] = ends[!back];
    return 40;
}

static void make_packet(struct state *state, const uint8_t *data, unsigned number)
{
    static const int64_t steps_nsec[8] = {0,         10000,      1000000,     20000000,
                                          400000000, 1000000000, 60000000000, -5000000};
    unsigned connection = data[0] & 3, input = data[0] >> 3 & 1;
    bool back = data[0] >> 2 & 1, wild = data[0] >> 7;
    uint32_t *next = &state->next[connection][back], other = state->next[connection][!back];
    uint32_t seq = *next + (uint32_t)(int32_t)(int8_t)data[2], payload = data[4] & 15;
    uint32_t ack = other + (uint32_t)(int32_t)(int8_t)data[3];
    if (wild)
        seq = (uint32_t)data[2] << 24 | data[3];
    payload *= data[4] & 16 ? 1400 : 1;
    if ((data[1] & 6) == 2 && (data[4] & 32))
        seq = *next += 100000; /* another connection over the same ports */
    state->time_nsec += steps_nsec[data[0] >> 4 & 7];
    state->id = (uint16_t)(data[6] & 4 ? 0 : state->id + 1 + (data[6] & 8 ? 5000 : 0));
    uint8_t *bytes = state->bytes[number], tcp[40] = {0};
    unsigned tcp_bytes = 20 + put_options(tcp + 20, data[5] & 3, state->time_nsec);
    uint16_t ports[2] = {(uint16_t)(40000 + connection), 80};
    tcp[0] = (uint8_t)(ports[back] >> 8);
    tcp[1] = (uint8_t)ports[back];
    tcp[2] = (uint8_t)(ports[!back] >> 8);
    tcp[3] = (uint8_t)ports[!back];
    put32(tcp + 4, data[1] & 4 && data[2] == 0x80 ? 0 : seq);
    put32(tcp + 8, data[1] & 16 ? ack : 0);
    tcp[12] = (uint8_t)(tcp_bytes / 4 << 4);
    tcp[13] = data[1];
    tcp[14] = (uint8_t)(data[5] >> 4);
    tcp[15] = (uint8_t)(data[5] & 0xfc);
    unsigned ip_bytes = put_ip(bytes, connection, back, data, state->id, tcp_bytes + payload);
    memcpy(bytes + ip_bytes, tcp, tcp_bytes);
    uint32_t end = seq + payload + (data[1] & 1) + (data[1] >> 1 & 1);
    if (!(data[1] & 4) && (int32_t)(end - *next) > 0)
        *next = end;
    state->packets[number] = (struct whyrst_packet){
        .bytes = bytes,
        .caplen = ip_bytes + tcp_bytes - (data[4] & 64 ? 4 : 0),
        .wirelen = ip_bytes + tcp_bytes + payload,
        .time_nsec = state->time_nsec,
        .frame_no = ++state->frames[input],
        .link_type = 101, /* raw IP */
        .input = (uint16_t)input,
    };
}

static const struct whyrst_rules *load_rules(void)
{
    static struct whyrst_rules *rules; /* kept: as good as a constant */
    struct whyrst_error error;
    if (rules == NULL)
        rules = whyrst_rules_load(SOURCE_DIR "/rules", &error);
    require(rules != NULL, "rules load");
    return rules;
}

/* Feeds all packets, `portion` at a time, and returns what was counted. */
static struct whyrst_counts analyse(struct state *state, const struct whyrst_options *options,
                                    size_t count, size_t portion, whyrst_reset_fn *on_reset)
{
    struct whyrst_counts counts;
    struct whyrst_analyser *analyser = whyrst_new(options, load_rules(), on_reset, state, NULL);
    require(analyser != NULL, "an analyser");
    for (size_t n = 0; n < count; n += portion) {
        size_t part = count - n < portion ? count - n : portion;
        require(whyrst_feed(analyser, &state->packets[n], part, NULL) == 0, "fed");
    }
    require(whyrst_finish(analyser, NULL) == 0, "finished");
    whyrst_counts(analyser, &counts);
    whyrst_free(analyser);
    return counts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct state state;
    if (size < 1 + PACKET_BYTES)
        return 0;
    struct whyrst_options options = {
        .max_connections = 128,
        .trace_bytes = data[0] & 1 ? 1 : 1 << 16,
        .max_pending = 1,
        .settle_nsec = data[0] & 2 ? 50000000 : 0,
        .threads = data[0] & 4 ? 2 : 1,
        .counts_only = data[0] & 8,
        .language = data[0] & 16 ? WHYRST_ZH : WHYRST_EN,
    };
    size_t portion = data[0] & 32 ? 1 : MAX_PACKETS;
    unsigned count = (unsigned)((size - 1) / PACKET_BYTES);
    count = count < MAX_PACKETS ? count : MAX_PACKETS;
    memset(&state, 0, offsetof(struct state, bytes));
    state.time_nsec = INT64_C(1500000000000000000);
    for (unsigned n = 0; n < 4; n++)
        state.next[n][0] = state.next[n][1] = n % 2 ? 0xfffffff0u : 1000u * n;
    for (unsigned n = 0; n < count; n++)
        make_packet(&state, data + 1 + n * PACKET_BYTES, n);
    struct whyrst_counts counts = analyse(&state, &options, count, portion, check_reset);
    require(counts.resets == state.last_id && counts.resets <= counts.rst_packets, "counts");

    /* counting decides another way than reporting, and with other threads */
    options.counts_only = !options.counts_only;
    options.threads = 3 - options.threads;
    struct whyrst_counts again = analyse(&state, &options, count, portion, NULL);
    require(memcmp(&counts, &again, sizeof counts) == 0, "the same counts");
    return 0;
}
