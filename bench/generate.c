/* bench-generate: makes the captures of the benchmark. The same arguments give the same bytes. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simple.h"
#include "simulate.h"
#include "writer.h"

#define HEADERS_SNAPLEN 96
#define FULL_SNAPLEN    65535

static const char USAGE[] =
    "usage: bench-generate KIND [--packets N | --connections N] [--open N]\n"
    "                      [--resets-per-mille N] [--seed N]\n"
    "                      [--format pcap|pcap-ns|pcapng|pcapng-ns] -o FILE\n"
    "\n"
    "KIND  mixed     ordinary traffic, 96 bytes of each packet (1 M packets unless told)\n"
    "      payload   ordinary traffic, whole packets\n"
    "      ipv6      as mixed, all IPv6\n"
    "      resets    as mixed, --resets-per-mille N of 1,000 connections end in a reset (500)\n"
    "      open      all connections open at once, then data, then a reset of each\n"
    "      synflood  one SYN a connection\n"
    "      refused   SYN and RST a connection\n";

struct generate_kind {
    const char *name;
    void (*simple)(struct writer *writer, uint32_t connections, uint64_t seed);
    uint32_t packets_per_connection; /* of the simple kinds */
    uint32_t snaplen;
    uint32_t ipv6_per_mille, reset_per_mille, response_bytes;
};

static const struct generate_kind KINDS[] = {
    {"mixed", NULL, 0, HEADERS_SNAPLEN, 200, 155, 6500},
    {"payload", NULL, 0, FULL_SNAPLEN, 200, 155, 4800},
    {"ipv6", NULL, 0, HEADERS_SNAPLEN, 1000, 155, 6500},
    {"resets", NULL, 0, HEADERS_SNAPLEN, 200, 500, 6500},
    {"open", simple_open, 5, HEADERS_SNAPLEN, 0, 0, 0},
    {"synflood", simple_synflood, 1, HEADERS_SNAPLEN, 0, 0, 0},
    {"refused", simple_refused, 2, HEADERS_SNAPLEN, 0, 0, 0},
};

struct generate_arguments {
    const struct generate_kind *kind;
    uint64_t packets, connections, seed;
    uint32_t open;
    int64_t reset_per_mille; /* -1: the kind's own */
    int format;
    const char *path;
};

static int generate_fail(const char *what, const char *value)
{
    fprintf(stderr, "bench-generate: %s: %s\n", what, value);
    return 2;
}

/* A whole decimal number up to `limit`, or -1. */
static int64_t generate_number(const char *text, int64_t limit)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno || end == text || *end || value < 0 || value > limit ? -1 : value;
}

static int generate_option(struct generate_arguments *arguments, int option, const char *value)
{
    int64_t number = 0;
    if (option == 'o') {
        arguments->path = value;
        return 0;
    }
    if (option == 'f') {
        arguments->format = writer_format_find(value);
        return arguments->format < 0 ? generate_fail("unknown format", value) : 0;
    }
    number = generate_number(value, option == 'r' ? 1000 : option == 'O' ? 1000000 : 1000000000);
    if (number < 0 || (number == 0 && option != 'r' && option != 's'))
        return generate_fail("not a usable number", value);
    if (option == 'p')
        arguments->packets = (uint64_t)number;
    else if (option == 'c')
        arguments->connections = (uint64_t)number;
    else if (option == 'O')
        arguments->open = (uint32_t)number;
    else if (option == 'r')
        arguments->reset_per_mille = number;
    else
        arguments->seed = (uint64_t)number;
    return 0;
}

static int generate_parse(struct generate_arguments *arguments, int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"packets", required_argument, NULL, 'p'},
        {"connections", required_argument, NULL, 'c'},
        {"open", required_argument, NULL, 'O'},
        {"resets-per-mille", required_argument, NULL, 'r'},
        {"seed", required_argument, NULL, 's'},
        {"format", required_argument, NULL, 'f'},
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "o:", OPTIONS, NULL)) != -1)
        if (option == '?' || generate_option(arguments, option, optarg) != 0)
            return -1;
    for (size_t i = 0; optind < argc && i < sizeof(KINDS) / sizeof(*KINDS); i++)
        if (strcmp(argv[optind], KINDS[i].name) == 0)
            arguments->kind = &KINDS[i];
    if (!arguments->kind || !arguments->path || optind + 1 != argc) {
        fputs(USAGE, stderr);
        return -1;
    }
    return 0;
}

static int generate_run(const struct generate_arguments *arguments, struct writer *writer,
                        uint64_t *connections)
{
    const struct generate_kind *kind = arguments->kind;
    uint64_t packets = arguments->packets ? arguments->packets : 1000000;
    if (kind->simple) {
        *connections = packets / kind->packets_per_connection;
        if (arguments->connections)
            *connections = arguments->connections;
        kind->simple(writer, (uint32_t)*connections, arguments->seed);
        return 0;
    }
    if (arguments->connections)
        packets = arguments->connections * 19; /* about what an ordinary connection takes */
    uint64_t open = packets / 200 < 50000 ? packets / 200 + 1 : 50000;
    struct simulate_options options = {
        .packets = packets,
        .seed = arguments->seed,
        .open = arguments->open ? arguments->open : (uint32_t)open,
        .reset_per_mille = arguments->reset_per_mille >= 0 ? (uint32_t)arguments->reset_per_mille
                                                           : kind->reset_per_mille,
        .ipv6_per_mille = kind->ipv6_per_mille,
        .response_bytes = kind->response_bytes,
    };
    return simulate(writer, &options, connections);
}

int main(int argc, char **argv)
{
    struct generate_arguments arguments = {.reset_per_mille = -1, .seed = 1};
    struct writer writer;
    uint64_t connections = 0;
    if (generate_parse(&arguments, argc, argv) != 0)
        return 2;
    if (writer_open(&writer, arguments.path, (enum writer_format)arguments.format,
                    arguments.kind->snaplen) != 0)
        return generate_fail(arguments.path, strerror(errno));
    int status = generate_run(&arguments, &writer, &connections);
    if (writer_close(&writer) != 0 || status != 0)
        return generate_fail(arguments.path, strerror(errno));
    fprintf(stderr,
            "%s: %" PRIu64 " packets, %" PRIu64 " connections, %" PRIu64
            " RSTs, %.0f bytes a packet on the wire\n",
            arguments.path, writer.packets, connections, writer.resets,
            writer.packets ? (double)writer.wire_bytes / (double)writer.packets : 0.0);
    return 0;
}
