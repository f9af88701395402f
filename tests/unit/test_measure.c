#include "reset/reset.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reset_run.h"
#include "suite.h"

#define SYN "0.000 < S 0:0(0) <mss 1460,sackOK,TS,wscale 7>\n"
#define HANDSHAKE                                                                                  \
    SYN "0.010 > S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS,wscale 7>\n"                        \
        "0.020 < . 1:1(0) ack 1 win 502 <TS>\n"
#define SCALED_0_7                                                                                 \
    "0 < S 0:0(0) <mss 1460,wscale 0>\n0.01 > S. 0:0(0) ack 1 <mss 1460,wscale 7>\n"               \
    "0.02 < . 1:1(0)\n"

#define TWO_CODES "+.01 > P. 1:2(1)\n+.01 > .\n"
#define EIGHT     TWO_CODES TWO_CODES TWO_CODES TWO_CODES

static const struct {
    const char *name, *script, *expected;
    unsigned event; /* which of the script's, from 0 */
} traces[] = {
    {"a refusal", "0 < S 0:0(0)\n0.01 > R. =0:0(0) ack 1 id 0\n",
     "rst.shape=refusal rst.ack_flag=true rst.window=0 rst.timestamps=unknown rst.ip_id=zero "
     "rst.ip_id_step=unknown rst.ttl_change=unknown rst.initial_ttl=64 "
     "rst.ttl_class_switch=unknown rst.dscp_dropped=false rst.seq_offset=unknown "
     "rst.ack_offset=0 rst.payload_bytes=0 rst.mptcp_reason=-1 rst.contradictions=unknown "
     "rst.plain=true rst.window_echo=false rst.ack_copies_seq=false "
     "resetter.seen=false resetter.hops=unknown resetter.syn_seen=false resetter.fin_seen=false "
     "resetter.stack=unknown "
     "resetter.bytes_sent=unknown resetter.retransmissions=unknown "
     "resetter.keepalive_probes=unknown resetter.since_last_msec=unknown "
     "resetter.since_data_msec=unknown resetter.since_fin_msec=unknown "
     "resetter.fin_acked=unknown resetter.window_reopened_ratio=unknown "
     "resetter.window_depressed_ratio=unknown resetter.bytes_unacknowledged=unknown "
     "resetter.probe_intervals=unknown resetter.probes_answered=unknown "
     "peer.seen=true peer.syn_seen=true peer.fin_seen=false peer.bytes_sent=0 "
     "peer.bytes_unacknowledged=unknown peer.since_data_msec=unknown peer.last_payload=unknown "
     "peer.retransmissions=0 conn.handshake=syn conn.midstream=false conn.both_ways=false "
     "conn.synacks=0 conn.idle_sec=0.01 conn.rtt_msec=unknown conn.age_msec=unknown "
     "trigger.delay_rtts=unknown trigger.idle_sec=unknown host.rtt_ratio=unknown "
     "host.ttl_change=unknown host.burst=1 service.accepted_before=false "
     "service.accepted_after=false service.accept_gap_sec=unknown",
     0},
    {"a lone RST", "0 > R. 1:1(0) ack 1 win 5 id 7\n",
     "trigger.kind=unknown trigger.delay_msec=unknown trigger.idle_timer=unknown "
     "rst.ip_id=unknown rst.dscp_dropped=unknown rst.window_echo=unknown rst.ack_offset=unknown "
     "peer.fin_seen=unknown peer.bytes_sent=unknown peer.bytes_unanswered=unknown "
     "peer.retransmissions=unknown conn.handshake=unknown conn.midstream=true "
     "conn.idle_sec=unknown conn.idle_timer=unknown resetter.fin_seen=unknown",
     0},
    {"a lone RST without a window", "0 > R. 1:1(0) ack 1\n", "rst.shape=unknown", 0},
    {"a RST whose options were not captured", HANDSHAKE "1 > R. 1:1(0) <TS> cut 8\n",
     "rst.timestamps=unknown rst.mptcp_reason=unknown rst.plain=unknown", 0},
    {"timestamps present", HANDSHAKE "1 > R. 1:1(0) <TS>\n",
     "rst.timestamps=present rst.plain=false", 0},
    {"timestamps missing", HANDSHAKE "1 > R. 1:1(0)\n", "rst.timestamps=missing", 0},
    {"timestamps not negotiated", SCALED_0_7 "1 > R. 1:1(0)\n", "rst.timestamps=not_negotiated", 0},
    {"identification continues", HANDSHAKE "1 > P. 1:2(1)\n2 > R. 2:2(0) id +2\n",
     "rst.ip_id=continues rst.ip_id_step=2 rst.contradictions=2", 0},
    {"identification unrelated", HANDSHAKE "1 > P. 1:2(1)\n2 > R. 2:2(0) id -900 <TS> win 9\n",
     "rst.ip_id=unrelated rst.ip_id_step=-900 rst.contradictions=1", 0},
    {"identification of zero", HANDSHAKE "1 > P. 1:2(1)\n2 > R. 2:2(0) id 0 <TS> win 9\n",
     "rst.ip_id=zero rst.ip_id_step=unknown rst.contradictions=1", 0},
    {"no identification in IPv6",
     "client fd00::1 40000\nserver fd00::2 80\n0 < S 0:0(0)\n1 > S. 0:0(0) label 77\n"
     "2 < . 1:1(0)\n3 > R. 1:1(0)\n",
     "rst.ip_id=unknown rst.flow_label_dropped=true", 0},
    {"the flow label kept",
     "client fd00::1 40000\nserver fd00::2 80\n0 < S 0:0(0)\n1 > S. 0:0(0) label 77\n"
     "2 < . 1:1(0)\n3 > R. 1:1(0) label 77\n",
     "rst.flow_label_dropped=false rst.flow_label=true resetter.stack=linux", 0},
    {"a refusal without the flow label of its host",
     "client fd00::1 40000\nserver fd00::2 80\n0 < S 0:0(0)\n1 > S. 0:0(0) label 77\n"
     "2 < . 1:1(0)\nclient fd00::1 40001\n3 < S 0:0(0)\n3.1 > R. =0:0(0) ack 1\n",
     "host.flow_label_dropped=true rst.flow_label=false", 0},
    {"a refusal labelled like its host",
     "client fd00::1 40000\nserver fd00::2 80\n0 < S 0:0(0)\n1 > S. 0:0(0) label 77\n"
     "2 < . 1:1(0)\nclient fd00::1 40001\n3 < S 0:0(0)\n3.1 > R. =0:0(0) ack 1 label 9\n",
     "host.flow_label_dropped=false rst.flow_label=true", 0},
    {"IPv4 has no flow label", HANDSHAKE "1 > R. 1:1(0)\n",
     "rst.flow_label_dropped=unknown rst.flow_label=unknown host.flow_label_dropped=unknown", 0},
    {"another distance", "ttl 64 57\n" HANDSHAKE "1 > R. 1:1(0) ttl 61 <TS> win 9\n",
     "rst.ttl_change=4 rst.initial_ttl=64 rst.hops=3 rst.hops_change=-4 rst.ttl_class_switch=false "
     "rst.contradictions=1",
     0},
    {"another initial TTL over the same distance",
     "ttl 64 57\n" HANDSHAKE "1 > R. 1:1(0) ttl 248\n",
     "rst.ttl_change=191 rst.initial_ttl=255 rst.ttl_class_switch=true", 0},
    {"a Windows host", "ttl 64 120\n" HANDSHAKE "1 > R. 1:1(0)\n",
     "rst.initial_ttl=128 resetter.stack=windows resetter.hops=8", 0},
    {"a Linux host", HANDSHAKE "1 > R. 1:1(0)\n", "resetter.stack=linux", 0},
    {"another host", "ttl 64 255\n" HANDSHAKE "1 > R. 1:1(0)\n",
     "resetter.stack=other resetter.hops=0", 0},
    {"DSCP dropped", HANDSHAKE "1 < P. 1:2(1) tos 184\n2 > R. 1:1(0) tos 3\n",
     "rst.dscp_dropped=true rst.dscp=false", 0},
    {"DSCP kept", HANDSHAKE "1 < P. 1:2(1) tos 184\n2 > R. 1:1(0) tos 184\n",
     "rst.dscp_dropped=false rst.dscp=true", 0},
    {"Windows' acknowledgment field", HANDSHAKE "1 < P. 1:2(1)\n2 > R 1:1(0) ack =5000001\n",
     "rst.ack_flag=false rst.ack_copies_seq=true rst.ack_offset=unknown", 0},
    {"the offender's window", HANDSHAKE "1 < P. 1:2(1) win 777\n2 > R. 1:1(0) win 777\n",
     "rst.window_echo=true rst.window=777", 0},
    {"an acknowledgment that leaves data out",
     HANDSHAKE "1 < P. 1:11(10)\n2 > R. 1:1(0) ack 1 win 9\n", "rst.ack_offset=-10", 0},
    {"a RST with payload", HANDSHAKE "1 > R. 1:9(8)\n", "rst.payload_bytes=8", 0},
    {"MP_TCPRST", HANDSHAKE "1 > R. 1:1(0) <mptcp_rst 3>\n", "rst.mptcp_reason=3", 0},
    {"header fields of somebody else",
     "ttl 64 57\n" HANDSHAKE "1 > P. 1:2(1)\n1.1 > R. 2:2(0) ttl 243 id 4\n",
     "rst.contradictions=4", 0}, /* TTL, identification, timestamps, window */
    {"and of its own", HANDSHAKE "1 > P. 1:2(1)\n1.1 > R. 2:2(0) <TS> win 9\n",
     "rst.contradictions=0", 0},

    {"an idle timer before the packet answered",
     HANDSHAKE "1 < P. 1:2(1)\n301 < P. 2:3(1)\n301.01 > R 1:1(0)\n",
     "trigger.idle_sec=300 trigger.idle_timer=true conn.idle_sec=0.01 conn.idle_timer=false", 0},
    {"no idle timer", HANDSHAKE "1 < P. 1:2(1)\n201 < P. 2:3(1)\n201.01 > R 1:1(0)\n",
     "trigger.idle_sec=200 trigger.idle_timer=false", 0},
    {"an idle timer before the RST", HANDSHAKE "1 < P. 1:2(1)\n61 > R. 1:1(0)\n",
     "conn.idle_sec=60 conn.idle_timer=true trigger.idle_sec=0.98", 0},
    {"nothing that is still remembered was the peer's", HANDSHAKE EIGHT EIGHT "+.01 > R.\n",
     "trigger.kind=none trigger.delay_msec=unknown", 0},
    {"round trips", HANDSHAKE "1 < P. 1:2(1)\n1.1 > R 1:1(0)\n",
     "trigger.delay_rtts=5 conn.rtt_msec=20.002 conn.age_msec=1100~", 0},

    {"a half-closed resetter", HANDSHAKE "1 > F. 1:1(0)\n1.1 < P. 1:2(1)\n1.11 > R 2:2(0)\n",
     "resetter.fin_seen=true resetter.fin_acked=true resetter.since_fin_msec=110~ "
     "resetter.bytes_sent=0 peer.fin_seen=false conn.handshake=complete",
     0},
    {"a FIN not acknowledged", HANDSHAKE "1 > F. 1:1(0)\n1.1 < P. 1:2(1) ack 1\n1.11 > R 1:1(0)\n",
     "resetter.fin_acked=false", 0},
    {"data after the resetter's FIN", HANDSHAKE "1 > F. 1:1(0)\n1.1 < P. 1:2(1)\n1.2 > R. 2:2(0)\n",
     "peer.data_after_fin=true", 0},
    {"data before the resetter's FIN",
     HANDSHAKE "1 < P. 1:2(1)\n1.1 > F. 1:1(0)\n1.2 < . 2:2(0)\n1.3 > R. 2:2(0)\n",
     "peer.data_after_fin=false", 0},
    {"no FIN it could come after", HANDSHAKE "1 < P. 1:2(1)\n2 > R. 1:1(0)\n",
     "peer.data_after_fin=unknown", 0},
    {"an answer", HANDSHAKE "1 < P. 1:2(1)\n1.001 > P. 1:2(1)\n2 < R. 2:2(0)\n",
     "peer.data_answers=true peer.bytes_unanswered=1", 0},
    {"data on its own", HANDSHAKE "1 < P. 1:2(1)\n1.9 > P. 1:2(1)\n2 < R. 2:2(0)\n",
     "peer.data_answers=false", 0},
    {"data that asks", HANDSHAKE "1 > P. 1:2(1)\n1.001 < P. 1:2(1)\n2 < R. 2:2(0)\n",
     "peer.data_answers=false", 0},
    {"nothing asked", HANDSHAKE "1 < P. 1:2(1)\n2 > R. 1:1(0)\n", "peer.data_answers=unknown", 0},
    {"a FIN of the peer", HANDSHAKE "1 < F. 1:2(1)\n1.1 > R. 1:1(0)\n",
     "peer.fin_seen=true peer.bytes_sent=1 peer.bytes_unanswered=1", 0},
    {"a FIN may be among what is lost", HANDSHAKE "1 < . 1:1(0) ack 500\n1.1 > R. 500:500(0)\n",
     "resetter.fin_seen=unknown conn.loss=true", 0},
    {"data of both",
     HANDSHAKE "1 < P. 1:101(100)\n2 > P. 1:51(50)\n3 < . 101:101(0)\n"
               "4 < P. 101:131(30)\n5 > R. 51:51(0)\n",
     "resetter.bytes_sent=50 resetter.since_data_msec=3000~ resetter.since_last_msec=3000~ "
     "resetter.bytes_unacknowledged=0 peer.bytes_sent=130 peer.bytes_unanswered=30 "
     "peer.bytes_unacknowledged=30 peer.since_data_msec=1000~ conn.loss=false "
     "conn.both_ways=true resetter.seen=true resetter.syn_seen=true conn.synacks=1",
     0},
    {"a send window",
     SCALED_0_7 "1 > P. 1:101(100)\n1.1 < . 1:1(0) ack 101 win 300\n2 > R. 101:101(0)\n",
     "resetter.send_window_left=300", 0},
    {"a send window used up",
     SCALED_0_7 "1 > P. 1:101(100)\n1.1 < . 1:1(0) ack 101 win 0\n2 > R. 101:101(0)\n",
     "resetter.send_window_left=0", 0},
    {"data not acknowledged", HANDSHAKE "1 > P. 1:51(50)\n1.1 > R. 51:51(0)\n",
     "resetter.bytes_unacknowledged=50 resetter.since_last_msec=100", 0},
    {"retransmissions",
     HANDSHAKE "1 > P. 1:51(50)\n2 > P. 1:51(50)\n4 > P. 1:51(50)\n8 > R. 51:51(0)\n",
     "resetter.retransmissions=2 resetter.keepalive_probes=0 resetter.probe_intervals=2", 0},
    {"retransmissions of the peer", HANDSHAKE "1 < P. 1:51(50)\n2 < P. 1:51(50)\n3 > R 1:1(0)\n",
     "peer.retransmissions=1 resetter.retransmissions=0", 0},
    {"keep-alive", HANDSHAKE "10 > . 0:0(0)\n20 > . 0:0(0)\n30 > . 0:0(0)\n40 > R. 1:1(0)\n",
     "resetter.keepalive_probes=3 resetter.probe_intervals=1 resetter.retransmissions=0 "
     "resetter.probes_answered=false",
     0},
    {"keep-alive answered",
     HANDSHAKE "10 > . 0:0(0)\n20 > . 0:0(0)\n20.01 < . 1:1(0)\n30 > R. 1:1(0)\n",
     "resetter.keepalive_probes=2 resetter.probes_answered=true", 0},

    /* 502 << 7 offered, all of it filled; the RST offers it again. */
    {"a window that opens with the RST",
     HANDSHAKE "1 < P. 1:30001(30000)\n1.1 > . 1:1(0) win 100\n1.2 < P. 30001:42801(12800)\n"
               "1.3 > . 1:1(0) win 100\n2 > R. 1:1(0) win 400\n",
     "resetter.window_reopened_ratio=4 resetter.window_depressed_ratio=1", 0},
    {"a window that had shrunk",
     HANDSHAKE "1 > . 1:1(0) win 400\n2 > . 1:1(0) win 100\n3 > R. 1:1(0) win 100\n",
     "resetter.window_reopened_ratio=1 resetter.window_depressed_ratio=0.25", 0},
    {"a window that was shut",
     HANDSHAKE "1 > . 1:1(0) win 400\n2 > . 1:1(0) win 0\n3 > R. 1:1(0) win 100\n",
     "resetter.window_reopened_ratio=1000 resetter.window_depressed_ratio=0", 0},
    {"a window whose scale is not known",
     "0 < . 1:1(0)\n1 > . 1:1(0) win 5\n2 > R. 1:1(0) win 10\n",
     "resetter.window_reopened_ratio=unknown resetter.window_depressed_ratio=1", 0},

    {"payload: HTTP request", HANDSHAKE "1 < P. 1:21(20) data \"GET / HTTP/1.1 \"\n2 > R. 1:1(0)\n",
     "peer.last_payload=http_request", 0},
    {"payload: HTTP response",
     HANDSHAKE "1 > P. 1:21(20) data \"HTTP/1.1 200 OK\"\n2 < R. 1:1(0)\n",
     "peer.last_payload=http_response", 0},
    {"payload: something", HANDSHAKE "1 < P. 1:21(20)\n2 > R. 1:1(0)\n", "peer.last_payload=other",
     0},
    {"payload: not captured", HANDSHAKE "1 < P. 1:21(20) cut 20\n2 > R. 1:1(0)\n",
     "peer.last_payload=unseen", 0},

    {"joined midstream", "0 < P. 101:111(10)\n0.1 > . 1:1(0)\n1 > R. 1:1(0)\n",
     "conn.midstream=true conn.handshake=unknown conn.rtt_msec=unknown peer.syn_seen=false "
     "peer.bytes_unanswered=10 resetter.bytes_sent=0 resetter.fin_seen=unknown "
     "peer.fin_seen=false",
     0},
    {"refused at the SYN-ACK", "0 < S 0:0(0)\n1 > S. 0:0(0)\n1.1 < R 1:1(0)\n",
     "conn.handshake=synack resetter.role=client conn.synacks=1 conn.idle_sec=0.1", 0},
    {"three SYN-ACKs", "0 < S 0:0(0)\n1 > S. 0:0(0)\n2 > S. 0:0(0)\n4 > S. 0:0(0)\n5 < R 1:1(0)\n",
     "conn.synacks=3", 0},
    {"ports used again over a living connection",
     HANDSHAKE "isn 7 8\n1 < S 0:0(0)\n1.1 > R. =0:0(0) ack 1\n", "conn.on_old_tuple=true", 0},
    {"ports used again over a closed one",
     HANDSHAKE "1 < F. 1:1(0)\n2 > F. 1:1(0)\nisn 7 8\n9 < S 0:0(0)\n9.1 > R. =0:0(0) ack 1\n",
     "conn.on_old_tuple=false", 0},
    {"half-open: an ACK of something else",
     "0 < S 0:0(0)\n0.1 > . 500:500(0) ack 77\n0.2 < R 77:77(0)\n",
     "conn.syn_answered_by_ack=true resetter.role=client", 0},
    {"no such ACK", HANDSHAKE "1 > R. 1:1(0)\n", "conn.syn_answered_by_ack=false", 0},

    {"the service accepted before",
     HANDSHAKE "client 10.0.0.1 40001\n7.01 < S 0:0(0)\n7.03 > R. =0:0(0) ack 1 ttl 60\n",
     "service.accepted_before=true service.accepted_after=false service.accept_gap_sec=7.02 "
     "host.ttl_change=-4 rst.hops_change=4 host.rtt_ratio=2",
     0},
    {"the service accepts afterwards",
     "0.01 < S 0:0(0)\n0.02 > R. =0:0(0) ack 1\nclient 10.0.0.1 40001\n3 < S 0:0(0)\n"
     "3.02 > S. 0:0(0) ack 1\n",
     "service.accepted_before=false service.accepted_after=true service.accept_gap_sec=3", 0},
    {"a burst",
     "0 < S 0:0(0)\n0.01 > R. =0:0(0) ack 1\nclient 10.0.0.1 40001\n0.05 < S 0:0(0)\n"
     "0.06 > R. =0:0(0) ack 1\nclient 10.0.0.1 40002\n9 < S 0:0(0)\n9.1 > R. =0:0(0) ack 1\n",
     "host.burst=2", 0},
};

#define TRACES (sizeof traces / sizeof *traces)

START_TEST(facts_of_a_trace)
{
    struct reset_run run;
    reset_run_script(&run, traces[_i].script);
    ck_assert_msg(run.count > traces[_i].event, "%s: %u events", traces[_i].name, run.count);
    reset_run_expect(&run.decided[traces[_i].event], traces[_i].expected, traces[_i].name);
    reset_run_clear(&run);
}
END_TEST

/* Whatever the trace: known numbers are finite, booleans 0 or 1, names exist. */
START_TEST(values_are_sound)
{
    struct reset_run run;
    reset_run_script(&run, traces[_i].script);
    for (unsigned n = 0; n < run.count; n++) {
        const struct facts *facts = &run.decided[n].facts;
        for (int id = 0; id < FACT_COUNT; id++) {
            const char *const *names = fact_table[id].names;
            unsigned count = 0;
            while (names != NULL && names[count] != NULL)
                count++;
            if (!facts->known[id])
                continue;
            ck_assert_msg(isfinite(facts->value[id]), "%s", fact_table[id].name);
            if (fact_table[id].type == FACT_BOOL)
                ck_assert_msg(facts->value[id] == 0 || facts->value[id] == 1, "%s is %f",
                              fact_table[id].name, facts->value[id]);
            if (fact_table[id].type == FACT_ENUM)
                ck_assert_msg(facts->value[id] >= 0 && facts->value[id] < count, "%s is %f",
                              fact_table[id].name, facts->value[id]);
        }
    }
    reset_run_clear(&run);
}
END_TEST

/* The traces above, and those of the shapes and sequels elsewhere, show every fact in every value
 * it can have: found by running them all. */
START_TEST(every_fact_is_shown)
{
    /* What is always known, whatever was captured. */
    static const char always[] =
        " rst.ack_flag rst.window rst.initial_ttl rst.hops rst.dscp rst.ack_copies_seq "
        "rst.payload_bytes "
        "resetter.role resetter.seen resetter.syn_seen peer.seen peer.syn_seen conn.midstream "
        "conn.loss conn.synacks conn.on_old_tuple conn.syn_answered_by_ack conn.both_ways "
        "service.accepted_before service.accepted_after host.burst ";
    bool unknown[FACT_COUNT] = {false}, low[FACT_COUNT] = {false}, high[FACT_COUNT] = {false};
    for (unsigned n = 0; n < TRACES; n++) {
        struct reset_run run;
        reset_run_script(&run, traces[n].script);
        for (unsigned event = 0; event < run.count; event++) {
            const struct facts *facts = &run.decided[event].facts;
            for (int id = 0; id < FACT_COUNT; id++) {
                unknown[id] |= !facts->known[id];
                low[id] |= facts->known[id] && facts->value[id] == 0;
                high[id] |= facts->known[id] && facts->value[id] != 0;
            }
        }
        reset_run_clear(&run);
    }
    for (int id = 0; id < FACT_COUNT; id++) {
        const char *name = fact_table[id].name;
        char word[80];
        if (strncmp(name, "sequel.", 7) == 0)
            continue; /* in test_events.c */
        snprintf(word, sizeof word, " %s ", name);
        ck_assert_msg(unknown[id] == !strstr(always, word), "%s is %s unknown", name,
                      unknown[id] ? "also" : "never");
        ck_assert_msg(high[id], "%s is never anything but 0", name);
        bool has_zero = fact_table[id].type != FACT_NUMBER && id != FACT_PEER_LAST_PAYLOAD &&
                        id != FACT_CONN_HANDSHAKE; /* "none" of these is unknown */
        ck_assert_msg(low[id] || !has_zero, "%s is never 0", name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measure");
    TCase *tests = tcase_create("measure");
    tcase_add_loop_test(tests, facts_of_a_trace, 0, TRACES);
    tcase_add_loop_test(tests, values_are_sound, 0, TRACES);
    tcase_add_test(tests, every_fact_is_shown);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
