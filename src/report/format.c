#include "report/format.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "packet/segment.h"
#include "rules/address.h"

#define NSEC_PER_SEC 1000000000

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

static inline char *format_two(char *at, unsigned value)
{
    return format_bytes(at, digit_pairs + 2 * value, 2);
}

/* Exactly `digits` digits, leading zeros kept. */
static char *format_padded(char *at, uint64_t value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *format_nine(char *at, uint32_t value)
{
    *at = (char)('0' + value / 100000000);
    return digits_store(at + 1, digits_of(value % 100000000));
}

char *format_i64(char *at, int64_t value)
{
    if (value >= 0)
        return format_u64(at, (uint64_t)value);
    *at = '-';
    return format_u64(at + 1, 0 - (uint64_t)value);
}

static char *format_decimals(char *at, double value, unsigned decimals)
{
    uint64_t scale = 1;
    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    uint64_t scaled = (uint64_t)(value * (double)scale + 0.5);
    at = format_u64(at, scaled / scale);
    uint64_t fraction = scaled % scale;
    if (!fraction)
        return at;
    *at++ = '.';
    at = format_padded(at, fraction, decimals);
    while (at[-1] == '0')
        at--;
    return at;
}

char *format_number(char *at, double value)
{
    if (!isfinite(value) || value == 0)
        return format_literal(at, "0");
    if (value < 0) {
        char *end = format_number(at + 1, -value);
        if (end == at + 2 && at[1] == '0')
            return format_literal(at, "0"); /* too small to show: no "-0" */
        *at = '-';
        return end;
    }
    if (value >= 9007199254740992.0) /* 2^53: every double beyond is an integer */
        return at + snprintf(at, FORMAT_NUMBER_ROOM - 1, "%.0f", value);
    if (value == floor(value))
        return format_u64(at, (uint64_t)value);
    if (value >= 1e12) /* the fraction is noise, and scaling would overflow */
        return format_u64(at, (uint64_t)(value + 0.5));
    return format_decimals(at, value, value < 0.001 ? 6 : 3);
}

unsigned format_round_thousandths(double confidence)
{
    if (!(confidence > 0))
        return 0;
    return confidence >= 1 ? 1000 : (unsigned)(confidence * 1000 + 0.5);
}

unsigned format_floor_thousandths(double confidence)
{
    if (!(confidence > 0))
        return 0;
    /* 0.29 * 1000 is 289.99…: lift what is an integer but for its last bit */
    return confidence >= 1 ? 1000 : (unsigned)(confidence * 1000 + 1e-6);
}

char *format_thousandths(char *at, unsigned thousandths)
{
    *at++ = (char)('0' + thousandths / 1000 % 10);
    *at++ = '.';
    at = format_two(at, thousandths % 1000 / 10);
    if (thousandths % 10)
        *at++ = (char)('0' + thousandths % 10);
    return at;
}

static char *format_sign(char *at, int64_t nsec, uint64_t *magnitude)
{
    *magnitude = nsec < 0 ? 0 - (uint64_t)nsec : (uint64_t)nsec;
    if (nsec < 0)
        *at++ = '-';
    return at;
}

char *format_seconds(char *at, int64_t nsec)
{
    uint64_t magnitude;
    at = format_sign(at, nsec, &magnitude);
    at = format_u64(at, magnitude / NSEC_PER_SEC);
    *at++ = '.';
    return format_nine(at, (uint32_t)(magnitude % NSEC_PER_SEC));
}

char *format_seconds_usec(char *at, int64_t nsec)
{
    return format_seconds(at, nsec) - 3;
}

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar, over eras of 400 years that
 * begin on 1 March, so that the leap day is the last of its year. */
static void civil_from_days(int64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    days += 719468; /* 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned in_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * in_year + 2) / 153; /* 0 is March */
    *day = in_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = (unsigned)((int64_t)year_of_era + era * 400) + (*month <= 2);
}

static void clock_set(struct format_clock *clock, int64_t second)
{
    int64_t days = second / 86400 - (second % 86400 < 0);
    unsigned of_day = (unsigned)(second - days * 86400);
    unsigned year, month, day;
    civil_from_days(days, &year, &month, &day);
    /* int64_t nanoseconds span 1677 to 2262: four digits always */
    char *at = format_two(clock->text, year / 100 % 100);
    at = format_two(at, year % 100);
    *at++ = '-';
    at = format_two(at, month);
    *at++ = '-';
    at = format_two(at, day);
    *at++ = 'T';
    at = format_two(at, of_day / 3600);
    *at++ = ':';
    at = format_two(at, of_day / 60 % 60);
    *at++ = ':';
    at = format_two(at, of_day % 60);
    *at = '.';
    clock->second = second;
}

char *format_time(char *at, int64_t time_nsec, struct format_clock *clock)
{
    int64_t second = time_nsec / NSEC_PER_SEC, nsec = time_nsec % NSEC_PER_SEC;
    if (nsec < 0) {
        second--;
        nsec += NSEC_PER_SEC;
    }
    if (second != clock->second || !clock->text[0])
        clock_set(clock, second);
    at = format_bytes(at, clock->text, sizeof(clock->text));
    at = format_nine(at, (uint32_t)nsec);
    *at++ = 'Z';
    return at;
}

char *format_ip(char *at, const struct whyrst_address *address)
{
    return address_format(at, address);
}

char *format_endpoint(char *at, const struct whyrst_address *address)
{
    if (address->version == 6)
        *at++ = '[';
    at = format_ip(at, address);
    if (address->version == 6)
        *at++ = ']';
    *at++ = ':';
    return format_u64(at, address->port);
}

/* FIN, SYN, RST, PSH and ACK are the low five bits: nearly all packets have no other. */
#define FLAGS(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
static const struct {
    char text[7];
    uint8_t count;
} usual_flags[32] = {FLAGS("none"), FLAGS("F"),    FLAGS("S"),    FLAGS("FS"),   FLAGS("R"),
                     FLAGS("FR"),   FLAGS("SR"),   FLAGS("FSR"),  FLAGS("P"),    FLAGS("FP"),
                     FLAGS("SP"),   FLAGS("FSP"),  FLAGS("RP"),   FLAGS("FRP"),  FLAGS("SRP"),
                     FLAGS("FSRP"), FLAGS("."),    FLAGS("F."),   FLAGS("S."),   FLAGS("FS."),
                     FLAGS("R."),   FLAGS("FR."),  FLAGS("SR."),  FLAGS("FSR."), FLAGS("P."),
                     FLAGS("FP."),  FLAGS("SP."),  FLAGS("FSP."), FLAGS("RP."),  FLAGS("FRP."),
                     FLAGS("SRP."), FLAGS("FSRP.")};

char *format_flags(char *at, unsigned flags)
{
    const unsigned usual = TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK;
    const unsigned others = flags & (TCP_URG | TCP_ECE | TCP_CWR);
    if (flags & usual || !others) {
        memcpy(at, usual_flags[flags & usual].text, sizeof(usual_flags[0].text));
        at += usual_flags[flags & usual].count;
    }
    if (others & TCP_URG)
        *at++ = 'U';
    if (others & TCP_ECE)
        *at++ = 'E';
    if (others & TCP_CWR)
        *at++ = 'W';
    return at;
}
