/* Wireshark's tcp.stream numbers: connections counted per input, in order of first appearance. */
#ifndef WHYRST_STREAMS_H
#define WHYRST_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

struct stream_entry {
    uint64_t key; /* number of the connection << 16 | input, plus 1; 0 = empty */
    uint32_t stream;
};

struct streams {
    uint32_t *next;      /* by input: the number of the next connection */
    bool several;        /* more than one input was seen; else nothing below is used */
    uint16_t *input_of;  /* by connection index: the input its stream number is of */
    uint32_t *number_of; /* by connection index: which connection it is, counted from 1 */
    uint32_t limit;      /* entries of both */
    uint32_t opened;
    struct stream_entry *entries; /* earlier numbers of connections that span inputs */
    uint32_t capacity, count;
};

/* -1 without memory. */
int streams_init(struct streams *streams, uint32_t connection_limit);
void streams_clear(struct streams *streams);

/* Number for a connection that opens. */
uint32_t streams_open(struct streams *streams, uint32_t index, uint16_t input);

/* Number, in `input`, of a connection whose last number was `stream`. */
uint32_t streams_in(struct streams *streams, uint32_t index, uint32_t stream, uint16_t input);

#endif
