#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/conn_feed.h"
#include "suite.h"
#include "trace_script.h"

/* The paths for the SYN that opens a connection and for usual packets must leave it exactly as the
 * general one does. */

#define STEPS 400

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

/* Mostly what comes next in order; now and then anything. */
static void draw_segment(struct segment *segment, const struct conn *conn, unsigned side,
                         int64_t now)
{
    const struct endpoint *me = &conn->end[side], *other = &conn->end[!side];
    static const uint16_t flags[] = {
        TCP_ACK,           TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN, TCP_SYN,
        TCP_SYN | TCP_ACK, TCP_RST,           TCP_RST | TCP_ACK, 0};
    memset(segment, 0, sizeof(*segment));
    segment->address[0][0] = segment->address[1][0] = 10;
    segment->address[0][3] = 1;
    segment->address[1][3] = 2;
    segment->port[0] = 40000;
    segment->port[1] = 80;
    segment->input_side = (uint8_t)side;
    segment->time_nsec = now;
    segment_set_flags(segment, flags[draw(8) == 0 ? draw(8) : draw(2)]);
    segment_set_payload(segment, draw(2) * draw(2000));
    if (conn->history == 0 && draw(2)) {
        segment_set_flags(segment, TCP_SYN);
        segment_set_payload(segment, 0);
    }
    segment->seq = me->snd_nxt + (draw(6) == 0 ? draw(5) - 2 : 0);
    segment->ack = segment->flags & TCP_ACK ? other->snd_nxt + (draw(6) == 0 ? draw(9) - 4 : 0) : 0;
    segment->payload_kind = segment->payload_bytes ? (uint8_t)draw(8) : 0;
    segment->window = (uint16_t)draw(3) * 500;
    segment->ip_id = (uint16_t)(draw(4) == 0 ? draw(65536) : (uint32_t)me->ip_id + 1);
    segment->ttl = (uint8_t)(60 + draw(5));

    segment->options = (uint8_t)(draw(2) * OPTION_TIMESTAMPS + draw(9) / 8 * OPTION_WSCALE);
    segment->tsval = draw(1000);
    segment->wscale = (uint8_t)draw(16);
    segment->marks = (uint8_t)(draw(2) * MARK_DF + draw(2) * MARK_LABEL + draw(3) / 2 * MARK_DSCP);
}

/* One connection, fed by each way there is. */
struct pair {
    struct conn one, two;
    struct conn_cold one_colds[2], two_cold; /* the first is of no connection */
    unsigned usual;                          /* packets that took the path for usual ones */
    unsigned opened;                         /* by a SYN */
};

static void pair_compare(const struct pair *pair, const char *what)
{
    ck_assert_msg(memcmp(&pair->one, &pair->two, sizeof(pair->one)) == 0,
                  "%s: the hot half differs", what);
    ck_assert_msg(memcmp(&pair->one_colds[1], &pair->two_cold, sizeof(pair->two_cold)) == 0,
                  "%s: the cold half differs", what);
}

static void pair_feed(struct pair *pair, const struct segment *segment, const char *what)
{
    unsigned side = segment_side(segment);
    if (pair->one.history == 0) {
        conn_init(&pair->two, &pair->two_cold, segment);
        if (conn_is_opened_by(segment)) {
            conn_open(&pair->one, &pair->one_colds[1], segment);
            conn_feed(&pair->two, &pair->two_cold, segment, side);
            pair_compare(pair, what);
            pair->opened++;
            return;
        }
        conn_init(&pair->one, &pair->one_colds[1], segment);
    }
    uint32_t print = conn_print(segment);
    bool usual = conn_is_usual(&pair->one, segment, side, print);
    enum conn_result result = conn_feed(&pair->two, &pair->two_cold, segment, side);
    if (usual) {
        ck_assert_int_eq(result, CONN_FED);
        conn_feed_usual(&pair->one, pair->one_colds, 1, segment, side, print);
        pair->usual++;
    } else {
        conn_feed(&pair->one, &pair->one_colds[1], segment, side);
    }
    pair_compare(pair, what);
}

START_TEST(usual_and_any_agree)
{
    struct pair pair = {0};
    struct segment segment;
    int64_t now = 1000000000;
    char what[40];
    random_state = (uint64_t)_i + 1;
    for (unsigned step = 0; step < STEPS; step++) {
        now += draw(10) == 0 ? (int64_t)draw(900) * 1000000 : (int64_t)draw(300000);
        draw_segment(&segment, &pair.one, draw(2), now);
        snprintf(what, sizeof what, "seed %d, step %u", _i, step);
        pair_feed(&pair, &segment, what);
    }
    ck_assert_uint_gt(pair.usual, STEPS / 20);
}
END_TEST

/* The answer to a SYN, too, has a path of its own, which a SYN sent twice does not take: that is
 * all that the mark on one of these connections says. */
START_TEST(answer_and_any_agree)
{
    struct pair pair = {0};
    struct segment syn, answer;
    int64_t now = 1000000000;
    random_state = (uint64_t)_i + 1000;
    unsigned client = draw(2);
    draw_segment(&syn, &pair.one, client, now);
    segment_set_flags(&syn, TCP_SYN);
    segment_set_payload(&syn, 0);
    pair_feed(&pair, &syn, "SYN");
    ck_assert_uint_eq(pair.opened, 1);
    draw_segment(&answer, &pair.one, !client, now + (int64_t)draw(2000) * 1000000);
    segment_set_flags(&answer, TCP_SYN | TCP_ACK);
    segment_set_payload(&answer, 0);
    answer.ack = syn.seq + 1;
    answer.mss = (uint16_t)draw(9000);
    pair.two.repeated = 1;
    conn_feed(&pair.one, &pair.one_colds[1], &answer, !client);
    conn_feed(&pair.two, &pair.two_cold, &answer, !client);
    ck_assert_uint_eq(pair.two.repeated, 2);
    pair.two.repeated = 0;
    pair_compare(&pair, "SYN-ACK");
}
END_TEST

/* From the handshake's last ACK on, an orderly connection has only usual packets. */
START_TEST(orderly_connection_is_usual)
{
    struct script *script = script_new("0.000 < S 0:0(0)\n"
                                       "0.010 > S. 0:0(0) ack 1\n"
                                       "0.020 < . 1:1(0) ack 1\n"
                                       "0.021 < P. 1:101(100)\n"
                                       "0.030 > . 1:1(0)\n"
                                       "0.031 > P. 1:51(50)\n"
                                       "0.040 < F. 101:101(0)\n"
                                       "0.041 > F. 51:61(10)\n"
                                       "0.050 < . 102:102(0)\n");
    struct pair pair = {0};
    for (size_t n = 0; n < script->count; n++) {
        struct segment segment = script_segment(script, n);
        pair_feed(&pair, &segment, "orderly");
    }
    ck_assert_uint_eq(script->count, 9);
    ck_assert_uint_eq(pair.usual, 7);
    ck_assert_uint_eq(pair.opened, 1);
    ck_assert_uint_gt(pair.one_colds[1].rtt_usec, 0);
    ck_assert_uint_ne(pair.one.end[0].flags & ENDPOINT_FIN, 0);
    script_free(script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn_feed");
    TCase *tests = tcase_create("conn_feed");
    tcase_add_loop_test(tests, usual_and_any_agree, 0, 200);
    tcase_add_loop_test(tests, answer_and_any_agree, 0, 200);
    tcase_add_test(tests, orderly_connection_is_usual);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
