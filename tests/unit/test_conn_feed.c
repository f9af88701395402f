#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "flow/conn_feed.h"

/* The inline path for usual packets must leave a connection exactly as the general one does. */

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
    segment_set_payload(segment, flags[draw(8) == 0 ? draw(8) : draw(2)], draw(2) * draw(2000));
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

START_TEST(usual_and_any_agree)
{
    struct conn one, two;
    struct conn_cold one_cold, two_cold;
    struct segment segment;
    int64_t now = 1000000000;
    unsigned usual = 0;
    random_state = (uint64_t)_i + 1;
    memset(&one, 0, sizeof(one));
    memset(&one_cold, 0, sizeof(one_cold));
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned side = draw(2);
        now += draw(10) == 0 ? (int64_t)draw(900) * 1000000 : (int64_t)draw(300000);
        draw_segment(&segment, &one, side, now);
        if (step == 0) {
            conn_init(&one, &one_cold, &segment);
            two = one;
            two_cold = one_cold;
        }
        uint32_t print = conn_print(&segment);
        bool is_usual = conn_is_usual(&one, &segment, side, print);
        enum conn_result result = conn_feed(&two, &two_cold, &segment, side);
        if (is_usual) {
            ck_assert_int_eq(result, CONN_FED);
            conn_feed_usual(&one, &one_cold, &segment, side, print);
            usual++;
        } else {
            conn_feed(&one, &one_cold, &segment, side);
        }
        ck_assert_msg(memcmp(&one, &two, sizeof(one)) == 0,
                      "seed %d, step %u: the hot half differs", _i, step);
        ck_assert_msg(memcmp(&one_cold, &two_cold, sizeof(one_cold)) == 0,
                      "seed %d, step %u: the cold half differs", _i, step);
    }
    ck_assert_uint_gt(usual, STEPS / 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn_feed");
    TCase *tests = tcase_create("conn_feed");
    tcase_add_loop_test(tests, usual_and_any_agree, 0, 200);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
