#include "trace_script.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINK_RAW 101

const struct decode_key script_key = {
    {0x0f1e2d3c4b5a6978, 0x8796a5b4c3d2e1f0, 0x13579bdf02468ace, 0xfdb97531eca86420}};

/* One packet line while it is read. */
struct line {
    const char *at; /* what is left of it */
    const char *whole;
    struct script_end *from, *to;
    uint32_t seq, ack, length, label;
    uint16_t window, id, flags;
    uint8_t ttl, tos, options[40];
    unsigned option_bytes, cut;
    bool has_seq, has_ack, no_df;
    const char *data;
    size_t data_length;
};

static void script_error(const struct line *line, const char *what)
{
    ck_abort_msg("script: %s at \"%.30s\" in \"%.100s\"", what, line->at, line->whole);
}

static void skip_space(struct line *line)
{
    line->at += strspn(line->at, " \t");
}

/* Takes the word if it is next, followed by no letter. */
static bool take(struct line *line, const char *word)
{
    size_t length = strlen(word);
    skip_space(line);
    if (strncmp(line->at, word, length) != 0 || strspn(line->at + length, "abcdefghijklmnop_"))
        return false;
    line->at += length;
    skip_space(line);
    return true;
}

static uint32_t number(struct line *line)
{
    char *end;
    skip_space(line);
    unsigned long value = strtoul(line->at, &end, 0);
    if (end == line->at || value > UINT32_MAX)
        script_error(line, "no number");
    line->at = end;
    return (uint32_t)value;
}

static void option_bytes(struct line *line, unsigned count, const uint8_t *bytes)
{
    if (line->option_bytes + count > sizeof line->options)
        script_error(line, "too many options");
    memcpy(line->options + line->option_bytes, bytes, count);
    line->option_bytes += count;
}

static void option_timestamps(struct line *line, int64_t time_nsec)
{
    uint32_t value = (uint32_t)(time_nsec / 1000000) + 1, echo = line->to->tsval;
    uint8_t bytes[12] = {1, 1, 8, 10};
    for (unsigned n = 0; n < 4; n++) {
        bytes[4 + n] = (uint8_t)(value >> (24 - 8 * n));
        bytes[8 + n] = (uint8_t)(echo >> (24 - 8 * n));
    }
    option_bytes(line, 12, bytes);
    line->from->tsval = value;
}

static void take_option(struct line *line, int64_t time_nsec)
{
    if (take(line, "mss")) {
        uint32_t mss = number(line);
        option_bytes(line, 4, (uint8_t[]){2, 4, (uint8_t)(mss >> 8), (uint8_t)mss});
    } else if (take(line, "wscale")) {
        option_bytes(line, 3, (uint8_t[]){3, 3, (uint8_t)number(line)});
    } else if (take(line, "sackOK")) {
        option_bytes(line, 2, (uint8_t[]){4, 2});
    } else if (take(line, "sack")) {
        option_bytes(line, 10, (uint8_t[]){5, 10, 0, 0, 0, 1, 0, 0, 0, 2});
    } else if (take(line, "TS")) {
        option_timestamps(line, time_nsec);
    } else if (take(line, "mptcp_rst")) {
        option_bytes(line, 4, (uint8_t[]){30, 4, 0x80, (uint8_t)number(line)});
    } else if (take(line, "md5")) {
        option_bytes(line, 18, (uint8_t[18]){19, 18});
    } else if (take(line, "kind")) {
        option_bytes(line, 2, (uint8_t[]){(uint8_t)number(line), 2});
    } else {
        script_error(line, "unknown option");
    }
}

static void take_options(struct line *line, int64_t time_nsec)
{
    line->at++;
    for (;;) {
        take_option(line, time_nsec);
        skip_space(line);
        if (*line->at++ == '>')
            break;
        if (line->at[-1] != ',')
            script_error(line, "expected , or >");
    }
    while (line->option_bytes % 4 != 0)
        line->options[line->option_bytes++] = 1;
}

static void take_flags(struct line *line)
{
    static const char letters[] = "FSRP.UEC";
    const char *found;
    skip_space(line);
    if (*line->at == '\0' || strchr(letters, *line->at) == NULL)
        script_error(line, "expected flags");
    for (; *line->at && (found = strchr(letters, *line->at)) != NULL; line->at++)
        line->flags |= (uint16_t)(1u << (found - letters));
}

/* 1:11(10) */
static void take_sequence(struct line *line)
{
    bool raw = *line->at == '=';
    line->at += raw;
    line->seq = number(line);
    if (*line->at++ != ':')
        script_error(line, "expected :");
    uint32_t end = number(line);
    if (*line->at++ != '(')
        script_error(line, "expected (");
    line->length = number(line);
    if (*line->at++ != ')' || end - line->seq != line->length)
        script_error(line, "the numbers do not agree");
    line->seq += raw ? 0 : line->from->isn;
    line->has_seq = true;
}

static void take_data(struct line *line)
{
    if (*line->at++ != '"')
        script_error(line, "expected \"");
    line->data = line->at;
    line->data_length = strcspn(line->at, "\"");
    line->at += line->data_length;
    if (*line->at++ != '"' || line->data_length == 0)
        script_error(line, "expected text and \"");
}

static void take_member(struct line *line, int64_t time_nsec)
{
    if (take(line, "ack")) {
        bool raw = *line->at == '=';
        line->at += raw;
        line->ack = number(line) + (raw ? 0 : line->to->isn);
        line->has_ack = true;
    } else if (take(line, "win")) {
        line->window = (uint16_t)number(line);
    } else if (take(line, "id")) {
        bool step = *line->at == '+' || *line->at == '-', back = *line->at == '-';
        line->at += step;
        uint32_t id = number(line);
        line->id = (uint16_t)(!step ? id : back ? line->from->id - id : line->from->id + id);
    } else if (take(line, "ttl")) {
        line->ttl = (uint8_t)number(line);
    } else if (take(line, "tos")) {
        line->tos = (uint8_t)number(line);
    } else if (take(line, "label")) {
        line->label = number(line);
    } else if (take(line, "nodf")) {
        line->no_df = true;
    } else if (take(line, "data")) {
        take_data(line);
    } else if (take(line, "cut")) {
        line->cut = number(line);
    } else if (*line->at == '<') {
        take_options(line, time_nsec);
    } else if (*line->at == '=' || (*line->at >= '0' && *line->at <= '9')) {
        take_sequence(line);
    } else {
        script_error(line, "unknown word");
    }
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* Fills the IP header; returns its length. */
static unsigned build_ip(const struct script *script, const struct line *line, uint8_t *bytes,
                         uint32_t tcp_bytes)
{
    if (script->ipv6) {
        put32(bytes, 6u << 28 | (uint32_t)line->tos << 20 | line->label);
        put16(bytes + 4, tcp_bytes);
        bytes[6] = 6;
        bytes[7] = line->ttl;
        memcpy(bytes + 8, line->from->ip, 16);
        memcpy(bytes + 24, line->to->ip, 16);
        return 40;
    }
    bytes[0] = 0x45;
    bytes[1] = line->tos;
    put16(bytes + 2, 20 + tcp_bytes);
    put16(bytes + 4, line->id);
    bytes[6] = line->no_df ? 0 : 0x40;
    bytes[8] = line->ttl;
    bytes[9] = 6;
    memcpy(bytes + 12, line->from->ip, 4);
    memcpy(bytes + 16, line->to->ip, 4);
    return 20;
}

static void add_packet(struct script *script, uint8_t *bytes, uint32_t wirelen, uint32_t caplen)
{
    if (script->count == script->capacity) {
        script->capacity = script->capacity ? 2 * script->capacity : 16;
        script->packets = realloc(script->packets, script->capacity * sizeof *script->packets);
        ck_assert_ptr_nonnull(script->packets);
    }
    script->packets[script->count++] = (struct whyrst_packet){
        .bytes = bytes,
        .caplen = caplen,
        .wirelen = wirelen,
        .time_nsec = script->time_nsec,
        .frame_no = ++script->frames[script->input],
        .link_type = LINK_RAW,
        .input = script->input,
    };
}

static void build(struct script *script, const struct line *line)
{
    uint32_t header = 20 + line->option_bytes, tcp_bytes = header + line->length;
    uint8_t *bytes = calloc(1, 40 + tcp_bytes);
    ck_assert_ptr_nonnull(bytes);
    unsigned ip_bytes = build_ip(script, line, bytes, tcp_bytes);
    uint8_t *tcp = bytes + ip_bytes;
    put16(tcp, line->from->port);
    put16(tcp + 2, line->to->port);
    put32(tcp + 4, line->seq);
    put32(tcp + 8, line->ack);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = (uint8_t)line->flags;
    put16(tcp + 14, line->window);
    memcpy(tcp + 20, line->options, line->option_bytes);
    for (uint32_t n = 0; n < line->length; n++)
        tcp[header + n] = line->data ? (uint8_t)line->data[n % line->data_length] : 'x';
    uint32_t wirelen = ip_bytes + tcp_bytes;
    /* Of exactly the captured size, so that a sanitizer sees any byte read beyond it. */
    uint8_t *captured = malloc(wirelen - line->cut);
    ck_assert_ptr_nonnull(captured);
    memcpy(captured, bytes, wirelen - line->cut);
    free(bytes);
    add_packet(script, captured, wirelen, wirelen - line->cut);
}

/* What the packet leaves for later ones. */
static void advance(const struct line *line)
{
    uint32_t span = line->length + !!(line->flags & TCP_SYN) + !!(line->flags & TCP_FIN);
    uint32_t end = line->seq + span - line->from->isn;
    if (!(line->flags & TCP_RST) && (int32_t)(end - line->from->next) > 0)
        line->from->next = end;
    if (line->id != 0)
        line->from->id = line->id;
}

static void read_time(struct script *script, struct line *line)
{
    char *end;
    bool after = *line->at == '+';
    double seconds = strtod(line->at + after, &end);
    if (end == line->at + after)
        script_error(line, "expected a time");
    line->at = end;
    int64_t nsec = (int64_t)(seconds * 1e9 + 0.5);
    script->time_nsec = after ? script->time_nsec + nsec : INT64_C(1500000000000000000) + nsec;
}

static void read_packet(struct script *script, struct line *line)
{
    read_time(script, line);
    skip_space(line);
    bool server = *line->at == '>';
    if (*line->at != '<' && !server)
        script_error(line, "expected < or >");
    line->at++;
    line->from = &script->end[server];
    line->to = &script->end[!server];
    if (take(line, "copy")) {
        ck_assert_uint_gt(script->count, 0);
        const struct whyrst_packet *last = &script->packets[script->count - 1];
        uint8_t *bytes = malloc(last->caplen);
        ck_assert_ptr_nonnull(bytes);
        memcpy(bytes, last->bytes, last->caplen);
        if (take(line, "ttl"))
            bytes[script->ipv6 ? 7 : 8] = (uint8_t)number(line);
        add_packet(script, bytes, last->wirelen, last->caplen);
        return;
    }
    take_flags(line);
    line->ttl = line->from->ttl;
    line->id = (uint16_t)(line->from->no_id ? 0 : line->from->id + 1);
    line->window = line->flags & TCP_SYN ? 64240 : line->flags & TCP_RST ? 0 : 502;
    for (skip_space(line); *line->at; skip_space(line))
        take_member(line, script->time_nsec);
    if (!line->has_seq)
        line->seq = line->from->isn + line->from->next;
    if (!line->has_ack && (line->flags & TCP_ACK))
        line->ack = line->to->isn + line->to->next;
    build(script, line);
    advance(line);
}

static void read_address(struct script *script, struct line *line, struct script_end *end)
{
    char text[64];
    if (sscanf(line->at, "%63s %hu", text, &end->port) != 2)
        script_error(line, "expected an address and a port");
    memset(end->ip, 0, sizeof end->ip);
    script->ipv6 = strchr(text, ':') != NULL;
    if (inet_pton(script->ipv6 ? AF_INET6 : AF_INET, text, end->ip) != 1)
        script_error(line, "no address");
    script->end[0].next = script->end[1].next = 0;
}

static void read_line(struct script *script, struct line *line)
{
    struct script_end *client = &script->end[0], *server = &script->end[1];
    skip_space(line);
    if (*line->at == '\0' || *line->at == '#')
        return;
    if (take(line, "client")) {
        read_address(script, line, client);
    } else if (take(line, "server")) {
        read_address(script, line, server);
    } else if (take(line, "isn")) {
        client->isn = number(line);
        server->isn = number(line);
        client->next = server->next = 0;
    } else if (take(line, "ttl")) {
        client->ttl = (uint8_t)number(line);
        server->ttl = (uint8_t)number(line);
    } else if (take(line, "id")) {
        for (unsigned n = 0; n < 2; n++) {
            uint32_t next = number(line);
            script->end[n].no_id = next == 0;
            script->end[n].id = (uint16_t)(next - 1);
        }
    } else if (take(line, "input")) {
        script->input = (uint16_t)number(line);
        ck_assert_uint_lt(script->input, SCRIPT_INPUTS);
    } else {
        read_packet(script, line);
    }
}

void script_append(struct script *script, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        char *copy = strndup(text, length);
        ck_assert_ptr_nonnull(copy);
        struct line line = {.at = copy, .whole = copy};
        read_line(script, &line);
        free(copy);
        text += length + (text[length] == '\n');
    }
}

struct script *script_new(const char *text)
{
    struct script *script = calloc(1, sizeof *script);
    ck_assert_ptr_nonnull(script);
    script->time_nsec = INT64_C(1500000000000000000);
    script->end[0] = (struct script_end){
        .ip = {10, 0, 0, 1}, .port = 40000, .isn = SCRIPT_CLIENT_ISN, .id = 1000, .ttl = 64};
    script->end[1] = (struct script_end){
        .ip = {10, 0, 0, 2}, .port = 80, .isn = SCRIPT_SERVER_ISN, .id = 30000, .ttl = 64};
    script_append(script, text);
    return script;
}

void script_free(struct script *script)
{
    for (size_t n = 0; n < script->count; n++)
        free((void *)(uintptr_t)script->packets[n].bytes);
    free(script->packets);
    free(script);
}

struct segment script_segment(const struct script *script, size_t index)
{
    struct segment segment = {0};
    const uint8_t *payload;
    uint32_t payload_caplen;
    ck_assert_uint_lt(index, script->count);
    int result =
        decode_packet(&script_key, &script->packets[index], &segment, &payload, &payload_caplen);
    ck_assert_int_eq(result, -1);
    segment.rst_payload = 0;
    return segment;
}
