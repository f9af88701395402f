#include "reset/services.h"

#include <check.h>
#include <string.h>

#include "flow/conn.h"
#include "suite.h"
#include "trace_script.h"

static struct services services;

static void setup(void)
{
    ck_assert_int_eq(services_init(&services, 12345, NULL), 0);
}

static void teardown(void)
{
    services_clear(&services);
}

static const uint8_t host[16] = {10, 0, 0, 2};

static void accept_at(const char *text, int64_t rtt_nsec)
{
    struct script *script = script_new(text);
    struct segment segment = script_segment(script, 0);
    services_accept(&services, &segment, rtt_nsec);
    script_free(script);
}

START_TEST(accept_is_remembered)
{
    ck_assert_ptr_null(services_find(&services, host, 80, 4));
    accept_at("0 > S. 0:0(0) ack 1 ttl 57\n", 20000000);
    accept_at("1 > S. 0:0(0) ack 1 ttl 58\n", 10000000);
    accept_at("server 10.0.0.2 81\n2 > S. 0:0(0) ack 1 ttl 59\n", -1);
    const struct service *service = services_find(&services, host, 80, 4);
    const struct service *all = services_find(&services, host, 0, 4);
    ck_assert_uint_eq(service->accepted, 2);
    ck_assert_uint_eq(service->ttl, 58);
    ck_assert_uint_eq(service->last_accept_ticks, conn_ticks(INT64_C(1500000001000000000)));
    ck_assert_uint_eq(service->rtt_usec, 10001); /* the fastest */
    ck_assert(!service->accepted_again);
    ck_assert_uint_eq(all->accepted, 3);
    ck_assert_uint_eq(all->ttl, 59);
    ck_assert_uint_eq(services_find(&services, host, 81, 4)->rtt_usec, 0);
    ck_assert_ptr_null(services_find(&services, host, 80, 6));
    ck_assert_ptr_null(services_find(&services, host, 82, 4));
    /* A handshake of more than ten seconds says nothing about the path. */
    accept_at("server 10.0.0.2 83\n2 > S. 0:0(0) ack 1 ttl 59\n", INT64_C(11000000000));
    ck_assert_uint_eq(services_find(&services, host, 83, 4)->rtt_usec, 0);
}
END_TEST

START_TEST(accept_after_refusal)
{
    services_add(&services, host, 80, 4)->refused = 1;
    accept_at("5 > S. 0:0(0) ack 1\n", -1);
    accept_at("6 > S. 0:0(0) ack 1\n", -1);
    const struct service *service = services_find(&services, host, 80, 4);
    ck_assert(service->accepted_again);
    ck_assert_uint_eq(service->accept_after_refusal_ticks,
                      conn_ticks(INT64_C(1500000005000000000)));
}
END_TEST

START_TEST(grows)
{
    uint8_t ip[16] = {0};
    for (unsigned n = 0; n < 20000; n++) {
        memcpy(ip, &n, sizeof n);
        struct service *entry = services_add(&services, ip, (uint16_t)(n % 7), n % 2 ? 4 : 6);
        ck_assert_ptr_nonnull(entry);
        ck_assert_ptr_eq(services_add(&services, ip, (uint16_t)(n % 7), n % 2 ? 4 : 6), entry);
        entry->accepted = n;
    }
    ck_assert_uint_eq(services.count, 20000);
    ck_assert(!services.full);
    for (unsigned n = 0; n < 20000; n++) {
        memcpy(ip, &n, sizeof n);
        const struct service *entry =
            services_find(&services, ip, (uint16_t)(n % 7), n % 2 ? 4 : 6);
        ck_assert_ptr_nonnull(entry);
        ck_assert_uint_eq(entry->accepted, n);
        ck_assert_ptr_null(services_find(&services, ip, (uint16_t)(n % 7 + 1), n % 2 ? 4 : 6));
    }
}
END_TEST

START_TEST(is_bounded)
{
    uint8_t ip[16] = {0};
    uint32_t number = 0;
    for (; number < 2u << 20; number++) {
        memcpy(ip, &number, sizeof number);
        if (services_add(&services, ip, 1, 4) == NULL)
            break;
    }
    ck_assert_uint_lt(number, 2u << 20);
    ck_assert(services.full);
    ck_assert_ptr_null(services_find(&services, ip, 1, 4));
    number = 0;
    memcpy(ip, &number, sizeof number);
    ck_assert_ptr_nonnull(services_add(&services, ip, 1, 4)); /* what is there stays */
    /* Resets of services that are not remembered are no failure. */
    struct whyrst_address stranger = {.ip = {255, 255, 255, 255}, .version = 6, .port = 9};
    ck_assert_int_eq(services_count(&services, 0, &stranger, WHYRST_UNKNOWN), 0);
    ck_assert_uint_ne(services_burst(&services, stranger.ip, 6, 1), 0); /* needs no entry */
}
END_TEST

static uint32_t burst_at(unsigned msec)
{
    return services_burst(&services, host, 4, conn_ticks(INT64_C(1000000) * msec));
}

START_TEST(bursts)
{
    uint32_t first = burst_at(1000);
    ck_assert_uint_ne(first, 0);
    ck_assert_uint_eq(services_burst_size(&services, first), 1);
    ck_assert_uint_eq(burst_at(1090), first);
    ck_assert_uint_eq(burst_at(1180), first); /* near the one before, not the first */
    ck_assert_uint_eq(services_burst_size(&services, first), 3);
    uint32_t second = burst_at(1300);
    ck_assert_uint_ne(second, first);
    ck_assert_uint_eq(services_burst_size(&services, second), 1);
    ck_assert_uint_eq(services_burst_size(&services, first), 3);
    uint8_t other[16] = {10, 0, 0, 3};
    uint32_t third = services_burst(&services, other, 4, conn_ticks(1300000000));
    ck_assert_uint_ne(third, second);
    ck_assert_uint_eq(services_burst_size(&services, 0), 0);
}
END_TEST

START_TEST(old_bursts_are_forgotten)
{
    uint32_t first = burst_at(1000), last = 0;
    for (unsigned n = 1; n <= SERVICES_BURSTS; n++)
        last = burst_at(1000 + 200 * n);
    ck_assert_uint_eq(services_burst_size(&services, first), 0);
    ck_assert_uint_eq(services_burst_size(&services, last), 1);
}
END_TEST

START_TEST(huge_bursts_saturate)
{
    uint32_t burst = 0;
    for (unsigned n = 0; n < 70000; n++)
        burst = burst_at(1000);
    ck_assert_uint_eq(services_burst_size(&services, burst), UINT16_MAX);
}
END_TEST

START_TEST(resets_by_cause)
{
    struct whyrst_address address = {.ip = {10, 0, 0, 2}, .version = 4};
    for (unsigned n = 0; n < 500; n++) {
        address.port = (uint16_t)(n % 200 + 1);
        ck_assert_int_eq(
            services_count(&services, n, &address, n % 2 ? WHYRST_UNKNOWN : WHYRST_SO_LINGER_ZERO),
            0);
    }
    const struct service *entry = services_find(&services, address.ip, 100, 4);
    ck_assert_uint_eq(entry->resets, 3);
    ck_assert_uint_ne(entry->causes, 0);
    ck_assert_uint_eq(services.by_cause[entry->causes - 1][WHYRST_UNKNOWN], 3);
    ck_assert_uint_eq(services.by_cause[entry->causes - 1][WHYRST_SO_LINGER_ZERO], 0);
    entry = services_find(&services, address.ip, 101, 4);
    ck_assert_uint_eq(services.by_cause[entry->causes - 1][WHYRST_SO_LINGER_ZERO], 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("services");
    TCase *tests = tcase_create("services");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, accept_is_remembered);
    tcase_add_test(tests, accept_after_refusal);
    tcase_add_test(tests, grows);
    tcase_add_test(tests, is_bounded);
    tcase_add_test(tests, bursts);
    tcase_add_test(tests, old_bursts_are_forgotten);
    tcase_add_test(tests, huge_bursts_saturate);
    tcase_add_test(tests, resets_by_cause);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
