/* Values to characters, by hand: no locale, no format strings, no allocation. Every function writes
 * at `at`, which must have room for the largest value stated (a short one may leave bytes behind
 * its end), and returns the end; nothing is terminated with a NUL. */
#ifndef WHYRST_REPORT_FORMAT_H
#define WHYRST_REPORT_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rules/digits.h"
#include "whyrst/whyrst.h"

#define FORMAT_U64_ROOM      DIGITS_ROOM
#define FORMAT_I64_ROOM      20
#define FORMAT_NUMBER_ROOM   330 /* the largest double has 309 digits */
#define FORMAT_SECONDS_ROOM  24
#define FORMAT_IP_ROOM       46
#define FORMAT_ENDPOINT_ROOM 56
#define FORMAT_TIME_ROOM     30
#define FORMAT_FLAGS_ROOM    9

/* The last second formatted: resets come in time order, many to a second. All zero is a valid
 * start. */
struct format_clock {
    int64_t second; /* since the epoch */
    char text[20];  /* "2014-07-16T15:45:34." of it; text[0] is NUL when nothing is cached */
};

static inline char *format_bytes(char *at, const char *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

#define format_literal(at, literal) format_bytes(at, literal, sizeof(literal) - 1)

static inline char *format_u64(char *at, uint64_t value)
{
    return digits_write(at, value);
}

char *format_i64(char *at, int64_t value);
/* A fact's number: integers as such, else three decimals without trailing zeros, six when the value
 * would otherwise vanish. The caller keeps NaN and infinities out; they come out as 0. */
char *format_number(char *at, double value);
/* 0 to 1 in thousandths, with two or three decimals: "0.97", "0.975". */
char *format_thousandths(char *at, unsigned thousandths);
/* Seconds with nine decimals. */
char *format_seconds(char *at, int64_t nsec);
/* Seconds with six decimals, rounded down, as packet lists show them. */
char *format_seconds_usec(char *at, int64_t nsec);
/* RFC 3339, UTC, nanoseconds: 30 characters whatever the time. */
char *format_time(char *at, int64_t time_nsec, struct format_clock *clock);
/* The address alone; IPv6 as RFC 5952 wants it. Version 4 unless address->version is 6. */
char *format_ip(char *at, const struct whyrst_address *address);
/* "10.0.0.5:8080", "[2001:db8::5]:8080" */
char *format_endpoint(char *at, const struct whyrst_address *address);
/* As tcpdump prints them: "S", "S.", "P.", "none". */
char *format_flags(char *at, unsigned flags);

/* A confidence as integer thousandths, clamped to 0..1000. Rounded for the verdict, rounded down
 * for the alternatives, so that what sums to at most 1 still does in print. */
unsigned format_round_thousandths(double confidence);
unsigned format_floor_thousandths(double confidence);

#endif
