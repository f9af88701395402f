/* The lives a connection can lead, as one letter a packet. Lower case is sent by the client, upper
 * case by the server:
 *
 *   s SYN      S SYN,ACK     a A ACK        d D one data segment    f F FIN
 *   x X RST,ACK of a live socket            r R RST in reply, as a host without the connection
 *   N RST,ACK in reply to a SYN             M RST of a middlebox    I the same, forged both ways
 *   k keep-alive probe       K its answer   t retransmission of the last data
 *   E requests and responses, many packets  W a long silence
 */
#ifndef BENCH_SCRIPT_H
#define BENCH_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

/* Draws a life, one that ends in a reset or one that does not. Static. */
const char *script_draw(uint64_t *random, bool reset);

/* Whether the packet of that letter comes from the server's side. */
bool script_from_server(char step);

#endif
