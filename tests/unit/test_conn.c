#include "flow/conn_feed.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "trace_script.h"

/* One connection after a script, ends by role: what conn_feed made of its packets. */
struct run {
    struct conn conn;
    struct conn_cold cold;
    unsigned fed, duplicates, reopened;
};

static struct run feed(const char *text)
{
    struct script *script = script_new(text);
    struct run run = {0};
    for (size_t n = 0; n < script->count; n++) {
        struct segment segment = script_segment(script, n);
        unsigned side = segment_side(&segment);
        bool reopened = n > 0 && conn_is_reopened_by(&run.conn, &segment, side);
        if (n == 0 || reopened)
            conn_init(&run.conn, &run.cold, &segment);
        run.reopened += reopened;
        if (conn_feed(&run.conn, &run.cold, &segment, side) == CONN_DUPLICATE)
            run.duplicates++;
        else
            run.fed++;
    }
    script_free(script);
    return run;
}

/* The client's end has the lower address in every script, so it is end 0. */
#define CLIENT 0
#define SERVER 1

#define HANDSHAKE                                                                                  \
    "0.000 < S 0:0(0) <mss 1460,sackOK,TS,wscale 7>\n"                                             \
    "0.010 > S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS,wscale 7>\n"                            \
    "0.020 < . 1:1(0) ack 1 win 502 <TS>\n"

START_TEST(handshake)
{
    struct run run = feed(HANDSHAKE);
    const struct endpoint *client = &run.conn.end[CLIENT], *server = &run.conn.end[SERVER];
    ck_assert_uint_eq(conn_client_side(&run.conn), CLIENT);
    ck_assert(run.conn.flags & CONN_ROLES_KNOWN);
    ck_assert_uint_eq(client->isn, SCRIPT_CLIENT_ISN);
    ck_assert_uint_eq(client->snd_nxt, SCRIPT_CLIENT_ISN + 1);
    ck_assert_uint_eq(server->isn, SCRIPT_SERVER_ISN);
    ck_assert_uint_eq(server->snd_nxt, SCRIPT_SERVER_ISN + 1);
    ck_assert_uint_eq(client->rcv_nxt, SCRIPT_SERVER_ISN + 1);
    ck_assert_uint_eq(server->rcv_nxt, SCRIPT_CLIENT_ISN + 1);
    uint16_t common = ENDPOINT_SEEN | ENDPOINT_BASE | ENDPOINT_SYN | ENDPOINT_ACKED |
                      ENDPOINT_TIMESTAMPS | ENDPOINT_WSCALE | ENDPOINT_ID | ENDPOINT_DF;
    ck_assert_uint_eq(client->flags, common);
    ck_assert_uint_eq(server->flags, common | ENDPOINT_SYN_ACKING);
    ck_assert_uint_eq(client->syns, 1);
    ck_assert_uint_eq(client->ttl, 64);
    ck_assert_uint_eq(client->window, 502);
    ck_assert_uint_eq(client->max_window, 502); /* the SYN's does not count */
    ck_assert_uint_eq(run.conn.history, 0x1a3); /* < S > S. < . */
    ck_assert_uint_eq(run.conn.repeated, 0);
    ck_assert_uint_ge(run.cold.rtt_usec, 20000);
    ck_assert_uint_le(run.cold.rtt_usec, 20002);
    ck_assert_uint_eq(run.cold.end[SERVER].mss_units, 1460 / 16);
}
END_TEST

START_TEST(sequence_numbers_wrap)
{
    struct run run = feed("isn 4294967290 4294967295\n" HANDSHAKE "0.1 < P. 1:101(100)\n"
                          "0.2 > P. 1:11(10)\n"
                          "0.3 < . 101:101(0) ack 11\n"
                          "0.4 < F. 101:101(0) ack 11\n");
    ck_assert_uint_eq(run.conn.end[CLIENT].snd_nxt, 96); /* 4294967290 + 102 */
    ck_assert_uint_eq(run.conn.end[SERVER].snd_nxt, 10);
    ck_assert_uint_eq(run.conn.end[CLIENT].rcv_nxt, 10);
    ck_assert_uint_eq(run.conn.end[SERVER].rcv_nxt, 95);
    ck_assert_uint_eq(run.cold.end[CLIENT].retransmissions, 0);
    ck_assert(!(run.conn.end[CLIENT].flags & ENDPOINT_LOST));
    ck_assert_int_eq(seq_diff(5, 4294967290u), 11);
    ck_assert(seq_after(5, 4294967290u) && !seq_after(4294967290u, 5) && !seq_after(7, 7));
}
END_TEST

static const struct {
    const char *name, *script;
    unsigned duplicates;
    unsigned client_retransmissions, client_probes;
    bool train;
} repeats[] = {
    {"the same packet within 100 ms by its IP identification", "0.1 < P. 1:11(10)\n0.19 < copy\n",
     1, 0, 0, false},
    {"equal identification, but later: sent again by a stack that reuses it",
     "0.1 < P. 1:11(10)\n0.9 < copy\n", 0, 1, 0, true},
    {"a copy by another way has another TTL", "0.1 < P. 1:11(10)\n0.1001 < copy ttl 63\n", 1, 0, 0,
     false},
    {"data without identification, within 1 ms", "id 0 0\n0.1 < P. 1:11(10)\n0.1005 < copy\n", 1, 0,
     0, false},
    {"data without identification, later than 2 ms: a retransmission",
     "id 0 0\n0.1 < P. 1:11(10)\n0.104 < copy\n", 0, 1, 0, true},
    {"duplicate ACKs with other identifications are packets of their own",
     "0.1 < . 1:1(0)\n+.00001 < . 1:1(0)\n+.00001 < . 1:1(0)\n", 0, 0, 0, false},
    {"a copied RST", "0.1 < R. 1:1(0)\n+.0001 < copy\n", 1, 0, 0, false},
    {"a copied RST without identification", "id 0 0\n0.1 < R. 1:1(0)\n+.0001 < copy\n", 1, 0, 0,
     false},
    {"two RSTs with identifications of their own", "0.1 < R. 1:1(0)\n+.0001 < R. 1:1(0)\n", 0, 0, 0,
     false},
    {"a RST that comes again after a second", "id 0 0\n0.1 < R. 1:1(0)\n1.1 < copy\n", 0, 0, 0,
     false},
    {"retransmission: higher identification", "0.1 < P. 1:11(10)\n0.3 < P. 1:11(10)\n", 0, 1, 0,
     true},
    {"three retransmissions",
     "0.1 < P. 1:11(10)\n0.3 < P. 1:11(10)\n0.7 < P. 1:11(10)\n1.5 < P. 1:11(10)\n", 0, 3, 0, true},
    {"reordered: the older identification comes later",
     "0.1 < P. 11:21(10) id 502\n0.1001 < P. 1:11(10) id 501\n", 0, 0, 0, false},
    {"new data ends a series",
     "0.1 < P. 1:11(10)\n0.3 < P. 1:11(10)\n0.4 > . 1:1(0)\n0.5 < P. 11:21(10)\n", 0, 0, 0, false},
    {"the peer's ACK does not: it may have come too late",
     "0.1 < P. 1:11(10)\n0.3 < P. 1:11(10)\n0.4 > . 1:1(0) ack 1\n", 0, 1, 0, true},
    {"keep-alive probes without payload",
     "0.1 < P. 1:11(10)\n0.11 > . 1:1(0)\n9 < . 10:10(0)\n10 < . 10:10(0)\n", 0, 0, 2, true},
    {"keep-alive probes with one byte of garbage",
     "0.1 < P. 1:11(10)\n0.11 > . 1:1(0)\n9 < . 10:11(1)\n10 < . 10:11(1)\n", 0, 0, 2, true},
    {"new data of the peer ends probing",
     "0.1 < P. 1:11(10)\n0.11 > . 1:1(0)\n9 < . 10:10(0)\n9.01 > P. 1:11(10)\n", 0, 0, 0, false},
    {"probes of a shut window are none",
     "0.1 < P. 1:11(10)\n0.11 > . 1:1(0) win 0\n9 < . 10:10(0)\n10 < . 10:10(0)\n", 0, 0, 0, false},
    {"the SYN again is not a probe", "5 < S 0:0(0)\n", 0, 1, 0, true},
};

START_TEST(repeated_packets)
{
    char text[1000];
    snprintf(text, sizeof text, "%s%s", HANDSHAKE, repeats[_i].script);
    struct run run = feed(text);
    ck_assert_msg(run.duplicates == repeats[_i].duplicates, "%s: %u duplicates", repeats[_i].name,
                  run.duplicates);
    bool train = run.conn.end[CLIENT].flags & ENDPOINT_TRAIN;
    ck_assert_msg(train == repeats[_i].train, "%s: train %d", repeats[_i].name, train);
    if (!train)
        return; /* the counts are only valid in a series */
    const struct endpoint_cold *cold = &run.cold.end[CLIENT];
    ck_assert_msg(cold->retransmissions == repeats[_i].client_retransmissions &&
                      cold->probes == repeats[_i].client_probes,
                  "%s: %u retransmissions, %u probes", repeats[_i].name, cold->retransmissions,
                  cold->probes);
}
END_TEST

START_TEST(duplicate_changes_nothing)
{
    struct run once = feed(HANDSHAKE "0.1 < P. 1:11(10)\n");
    struct run twice = feed(HANDSHAKE "0.1 < P. 1:11(10)\n0.1001 < copy\n+.0001 < copy ttl 60\n");
    ck_assert_uint_eq(twice.duplicates, 2);
    ck_assert_mem_eq(&once.conn, &twice.conn, sizeof once.conn);
    ck_assert_mem_eq(&once.cold, &twice.cold, sizeof once.cold);
}
END_TEST

START_TEST(probe_interval)
{
    struct run run = feed(HANDSHAKE "1 < . 0:0(0)\n11 < . 0:0(0)\n21 < . 0:0(0)\n");
    double interval = (double)run.cold.end[CLIENT].train_interval * TICK_NSEC / 1e9;
    ck_assert_double_eq_tol(interval, 10, 0.001);
    ck_assert_uint_eq(run.cold.end[CLIENT].probes, 3);
}
END_TEST

START_TEST(closing)
{
    struct run run = feed(HANDSHAKE "1 < F. 1:11(10)\n1.01 > . 1:1(0)\n");
    const struct endpoint *client = &run.conn.end[CLIENT], *server = &run.conn.end[SERVER];
    ck_assert(client->flags & ENDPOINT_FIN && !(server->flags & ENDPOINT_FIN));
    ck_assert_uint_eq(client->snd_nxt, SCRIPT_CLIENT_ISN + 12);
    ck_assert_uint_eq(server->rcv_nxt, SCRIPT_CLIENT_ISN + 12);
    ck_assert_uint_eq(client->data_segments, 1);
    ck_assert_uint_eq(run.conn.history & 0xff, HISTORY_FIN << 4 | HISTORY_ACK | HISTORY_HIGH);
    uint32_t fin_ticks = run.cold.end[CLIENT].fin_ticks;

    run = feed(HANDSHAKE "1 < F. 1:11(10)\n2 < F. 1:11(10)\n2.5 > F. 1:1(0)\n");
    ck_assert(run.conn.end[SERVER].flags & ENDPOINT_FIN);
    ck_assert_uint_eq(run.cold.end[CLIENT].fin_ticks, fin_ticks); /* the first one's */
    ck_assert_uint_eq(run.conn.end[CLIENT].snd_nxt, SCRIPT_CLIENT_ISN + 12);

    /* A FIN that repeats data already seen is still a FIN. */
    run = feed(HANDSHAKE "1 < . 1:12(11)\n1.5 < F. 2:11(9)\n");
    ck_assert(run.conn.end[CLIENT].flags & ENDPOINT_FIN);
}
END_TEST

START_TEST(lost_packets)
{
    struct run run = feed(HANDSHAKE "1 < P. 1:11(10)\n1.1 > . 1:1(0) ack 5000\n");
    ck_assert(run.conn.end[CLIENT].flags & ENDPOINT_LOST);
    ck_assert_uint_eq(run.conn.end[CLIENT].snd_nxt, SCRIPT_CLIENT_ISN + 5000);
    /* Far beyond any window: not of this connection. */
    run = feed(HANDSHAKE "1 < P. 1:11(10)\n1.1 > . 1:1(0) ack 1000000000\n");
    ck_assert(!(run.conn.end[CLIENT].flags & ENDPOINT_LOST));
    ck_assert_uint_eq(run.conn.end[CLIENT].snd_nxt, SCRIPT_CLIENT_ISN + 11);
}
END_TEST

START_TEST(joined_midstream)
{
    struct run run = feed("0 > P. 1001:1011(10) ack 501 win 300\n");
    const struct endpoint *client = &run.conn.end[CLIENT], *server = &run.conn.end[SERVER];
    ck_assert_uint_eq(conn_client_side(&run.conn), CLIENT); /* the lower port serves */
    ck_assert(!(run.conn.flags & CONN_ROLES_KNOWN));
    ck_assert_uint_eq(server->isn, SCRIPT_SERVER_ISN + 1000);
    ck_assert_uint_eq(server->snd_nxt, SCRIPT_SERVER_ISN + 1011);
    ck_assert_uint_eq(client->flags, ENDPOINT_BASE); /* only from the server's ACK */
    ck_assert_uint_eq(client->snd_nxt, SCRIPT_CLIENT_ISN + 501);
    ck_assert_uint_eq(client->isn, SCRIPT_CLIENT_ISN + 500);
    /* A SYN with that base's number does not open a new connection, any other does. */
    ck_assert_uint_eq(feed("0 > P. 1001:1011(10) ack 501\n1 < S 500:500(0)\n").reopened, 0);
    ck_assert_uint_eq(feed("0 > P. 1001:1011(10) ack 501\n1 < S 0:0(0)\n").reopened, 1);
}
END_TEST

START_TEST(roles)
{
    /* SYN-ACK alone: its receiver is the client, whatever the ports. */
    struct run run = feed("client 10.0.0.1 80\nserver 10.0.0.2 50000\n0 > S. 0:0(0) ack 1\n");
    ck_assert_uint_eq(conn_client_side(&run.conn), CLIENT);
    ck_assert(run.conn.flags & CONN_ROLES_KNOWN);
    /* Ports tell without a handshake, and a refusal comes from the server. */
    run = feed("client 10.0.0.1 80\nserver 10.0.0.2 50000\n0 > . 1:1(0) ack 1\n");
    ck_assert_uint_eq(conn_client_side(&run.conn), SERVER);
    run = feed("client 10.0.0.1 80\nserver 10.0.0.2 50000\n0 > R. =0:0(0) ack 1\n");
    ck_assert_uint_eq(conn_client_side(&run.conn), CLIENT);
    run = feed("client 10.0.0.1 5000\nserver 10.0.0.2 5000\n0 < . 1:1(0) ack 1\n");
    ck_assert_uint_eq(conn_client_side(&run.conn), CLIENT); /* who speaks first */
    /* The client may be the higher end of the key. */
    run = feed("client 10.0.0.9 40000\n" HANDSHAKE);
    ck_assert_uint_eq(conn_client_side(&run.conn), 1);
    run = feed("client 2001:db8::9 40000\nserver 2001:db8::8 80\n" HANDSHAKE);
    ck_assert_uint_eq(conn_client_side(&run.conn), 1);
    ck_assert(run.conn.flags & CONN_IPV6);
}
END_TEST

START_TEST(reused_ports)
{
    struct run run = feed(HANDSHAKE "1 < S 0:0(0)\n"); /* the same SYN once more */
    ck_assert_uint_eq(run.reopened, 0);
    ck_assert_uint_eq(run.conn.end[CLIENT].syns, 2);
    run = feed(HANDSHAKE "9 < S 70000:70000(0)\n");
    ck_assert_uint_eq(run.reopened, 1);
    ck_assert_uint_eq(run.conn.end[CLIENT].isn, SCRIPT_CLIENT_ISN + 70000);
    ck_assert_uint_eq(run.conn.end[SERVER].flags, 0);
    ck_assert_uint_eq(run.cold.rtt_usec, 0);
    ck_assert_uint_eq(run.cold.end[SERVER].mss_units, 0);
    /* A SYN-ACK with another number, or a RST with SYN, opens nothing. */
    ck_assert_uint_eq(feed(HANDSHAKE "9 > S. 70000:70000(0) ack 1\n").reopened, 0);
    ck_assert_uint_eq(feed(HANDSHAKE "9 < SR 70000:70000(0)\n").reopened, 0);
}
END_TEST

START_TEST(stray_ack)
{
    struct run run = feed("0 < S 0:0(0)\n0.01 > . 7000:7000(0) ack 900\n");
    ck_assert(run.conn.flags & CONN_STRAY_ACK);
    ck_assert(!(run.conn.end[SERVER].flags & ENDPOINT_ACKED));
    ck_assert_uint_eq(run.conn.end[CLIENT].snd_nxt, SCRIPT_CLIENT_ISN + 1);
    ck_assert(!(run.conn.end[CLIENT].flags & ENDPOINT_LOST));
    run = feed(HANDSHAKE);
    ck_assert(!(run.conn.flags & CONN_STRAY_ACK));
}
END_TEST

static const struct {
    const char *client, *server;
    uint32_t bytes;
} scales[] = {
    {"<mss 1460,wscale 7>", "<mss 1460,wscale 3>", 100 << 7},
    {"<mss 1460,wscale 14>", "<mss 1460,wscale 3>", 100 << 14},
    {"<mss 1460,wscale 15>", "<mss 1460,wscale 3>", 100 << 14}, /* RFC 7323, 2.3 */
    {"<mss 1460,wscale 200>", "<mss 1460,wscale 3>", 100 << 14},
    {"<mss 1460,wscale 0>", "<mss 1460,wscale 3>", 100},
    {"<mss 1460,wscale 7>", "<mss 1460>", 100},
    {"<mss 1460>", "<mss 1460,wscale 7>", 100},
};

START_TEST(window_scale)
{
    char text[300];
    snprintf(text, sizeof text,
             "0 < S 0:0(0) %s\n0.1 > S. 0:0(0) ack 1 %s\n0.2 < . 1:1(0) win 100\n",
             scales[_i].client, scales[_i].server);
    struct run run = feed(text);
    ck_assert_uint_eq(conn_window_bytes(&run.conn, CLIENT, run.conn.end[CLIENT].window),
                      scales[_i].bytes);
}
END_TEST

START_TEST(pauses)
{
    struct run run = feed(HANDSHAKE "0.1 < P. 1:11(10)\n0.59 > . 1:1(0)\n");
    ck_assert_uint_eq(run.cold.pause_msec, 0); /* think time */
    run = feed(HANDSHAKE "0.1 < P. 1:11(10)\n60.1 > P. 1:11(10)\n60.2 < . 11:11(0)\n"
                         "60.3 < P. 11:21(10)\n");
    ck_assert_uint_eq(run.cold.pause_msec, 60000);
    ck_assert_uint_eq(run.conn.since_pause, 2);
    run = feed(HANDSHAKE "60.1 < P. 1:11(10)\n63.1 > . 1:1(0)\n");
    ck_assert_uint_eq(run.cold.pause_msec, 3000); /* the last one */
    ck_assert_uint_eq(run.conn.since_pause, 0);
}
END_TEST

START_TEST(history_of_runs)
{
    struct run run = feed(HANDSHAKE "+.1 < P. 1:2(1)\n+.1 < P. 2:3(1)\n+.1 < P. 3:4(1)\n"
                                    "+.1 > . 1:1(0)\n+.1 > . 1:1(0)\n+.1 < F. 4:4(0)\n"
                                    "+.1 > R 1:1(0)\n");
    ck_assert_uint_eq(run.conn.history, 0x1a34b5eu); /* S S. . D+ .+ F R */
    ck_assert_uint_eq(run.conn.repeated, 0x0c);      /* entries 2 and 3 from the newest */

    /* More than HISTORY_LENGTH changes: the newest stay. */
    struct script *script = script_new(HANDSHAKE);
    struct conn conn = {0};
    struct conn_cold cold = {0};
    for (unsigned n = 0; n < 20; n++) {
        char line[60];
        snprintf(line, sizeof line, "+.1 < P. %u:%u(1)\n+.1 > . 1:1(0)\n", 1 + n, 2 + n);
        script_append(script, line);
    }
    for (size_t n = 0; n < script->count; n++) {
        struct segment segment = script_segment(script, n);
        if (n == 0)
            conn_init(&conn, &cold, &segment);
        conn_feed(&conn, &cold, &segment, segment_side(&segment));
    }
    script_free(script);
    ck_assert_uint_eq(conn.history, 0x4b4b4b4b4b4b4b4bu);
    ck_assert_uint_eq(conn.repeated, 0);
    ck_assert_uint_eq(conn.end[CLIENT].data_segments, 20);
}
END_TEST

START_TEST(counters_saturate)
{
    struct script *script = script_new(HANDSHAKE);
    struct conn conn = {0};
    struct conn_cold cold = {0};
    char line[60];
    for (unsigned n = 1; n <= 300; n++) {
        snprintf(line, sizeof line, "+.1 < P. %u:%u(1)\n", n, n + 1);
        script_append(script, line);
    }
    for (unsigned n = 0; n < 300; n++)
        script_append(script, "+1 < P. 290:301(11)\n+1 < S 0:0(0)\n+.1 < . 300:300(0)\n");
    for (size_t n = 0; n < script->count; n++) {
        struct segment segment = script_segment(script, n);
        if (n == 0)
            conn_init(&conn, &cold, &segment);
        conn_feed(&conn, &cold, &segment, segment_side(&segment));
    }
    script_free(script);
    ck_assert_uint_eq(conn.end[CLIENT].data_segments, 255);
    ck_assert_uint_eq(conn.end[CLIENT].syns, 255);
    ck_assert_uint_eq(cold.end[CLIENT].retransmissions, 255);
    ck_assert_uint_eq(cold.end[CLIENT].probes, 255);
}
END_TEST

START_TEST(header_fields)
{
    struct run run = feed(HANDSHAKE "1 < . 1:1(0) ttl 55 tos 40\n1.1 > . 1:1(0) id 1\n");
    ck_assert_uint_eq(run.conn.end[CLIENT].ttl, 55);
    ck_assert(run.conn.end[CLIENT].flags & ENDPOINT_DSCP);
    ck_assert(!(run.conn.end[CLIENT].flags & ENDPOINT_ID_JUMPS));
    ck_assert(run.conn.end[SERVER].flags & ENDPOINT_ID_JUMPS);
    run = feed(HANDSHAKE "1 < . 1:1(0) tos 40\n1.1 < . 1:1(0)\n");
    ck_assert(!(run.conn.end[CLIENT].flags & ENDPOINT_DSCP)); /* of the last packet */
    /* Across the end of 16 bits the identifications still count up. */
    run = feed("id 65534 65535\n" HANDSHAKE "1 < . 1:1(0)\n2 < . 1:1(0)\n");
    ck_assert(!(run.conn.end[CLIENT].flags & ENDPOINT_ID_JUMPS));
    /* A RST's fields are not the connection's: it may be somebody else's. */
    run = feed(HANDSHAKE "1 < R. 1:1(0) ttl 5 win 9 id 77\n");
    ck_assert_uint_eq(run.conn.end[CLIENT].ttl, 64);
    ck_assert_uint_eq(run.conn.end[CLIENT].window, 502);
    ck_assert_uint_eq(run.conn.end[CLIENT].ip_id, 1002);
    run = feed("client fd00::1 40000\nserver fd00::2 80\n0 < S 0:0(0) label 4711\n"
               "0.1 > S. 0:0(0) ack 1\n");
    ck_assert(run.conn.end[CLIENT].flags & ENDPOINT_LABEL);
    ck_assert(!(run.conn.end[SERVER].flags & ENDPOINT_LABEL));
    ck_assert(!(run.conn.end[CLIENT].flags & ENDPOINT_ID));
}
END_TEST

START_TEST(payload_is_remembered)
{
    struct run run = feed(HANDSHAKE "1 < P. 1:21(20) data \"GET / HTTP/1.1 \"\n"
                                    "2 > P. 1:11(10)\n3 < P. 21:31(10)\n3.5 > P. 1:11(10)\n");
    ck_assert_uint_eq(run.cold.end[SERVER].peer_nxt_at_data, SCRIPT_CLIENT_ISN + 21);
    ck_assert_uint_eq(run.cold.end[SERVER].data_ticks,
                      conn_ticks(INT64_C(1500000002000000000))); /* new payload only */
    ck_assert_uint_eq(run.cold.end[CLIENT].payload_kind, PAYLOAD_OTHER);
    run = feed(HANDSHAKE "1 < P. 1:21(20) data \"GET / HTTP/1.1 \"\n");
    ck_assert_uint_eq(run.cold.end[CLIENT].payload_kind, PAYLOAD_HTTP_REQUEST);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn");
    TCase *tests = tcase_create("conn");
    tcase_add_test(tests, handshake);
    tcase_add_test(tests, sequence_numbers_wrap);
    tcase_add_loop_test(tests, repeated_packets, 0, sizeof repeats / sizeof *repeats);
    tcase_add_test(tests, duplicate_changes_nothing);
    tcase_add_test(tests, probe_interval);
    tcase_add_test(tests, closing);
    tcase_add_test(tests, lost_packets);
    tcase_add_test(tests, joined_midstream);
    tcase_add_test(tests, roles);
    tcase_add_test(tests, reused_ports);
    tcase_add_test(tests, stray_ack);
    tcase_add_loop_test(tests, window_scale, 0, sizeof scales / sizeof *scales);
    tcase_add_test(tests, pauses);
    tcase_add_test(tests, history_of_runs);
    tcase_add_test(tests, counters_saturate);
    tcase_add_test(tests, header_fields);
    tcase_add_test(tests, payload_is_remembered);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
