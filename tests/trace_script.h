/* Packets written as text, close to packetdrill's notation, so that a test reads like the wire:
 *
 *   0.000 < S 0:0(0) win 64240 <mss 1460,wscale 7,sackOK,TS>
 *   0.010 > S. 0:0(0) ack 1 <mss 1460>
 *   +.001 < . 1:1(0) ack 1
 *   0.500 > R. 1:1(0) ack 14 win 510 id +1 ttl 64
 *
 * TIME      seconds, or +seconds after the packet before
 * < or >    sent by the client, by the server
 * flags     S F R P . U E C; `.` is ACK. `copy` instead of them: the packet before once more
 * seq:end(length)  relative to the sender's ISN; =seq:end(length) as on the wire. Left out: the
 * next one, no payload ack N     relative to the other end's ISN, =N as on the wire; left out with
 * `.`: all it has sent then      win N, id N (+N after the sender's last one, default +1), ttl N,
 * tos N, label N, nodf, data "text" (the payload, repeated), cut N (captured without the last N
 * bytes) <options> mss N, wscale N, sackOK, sack, TS, mptcp_rst N, md5, kind N
 *
 * Lines that set what later packets have, in any place:
 *   client ADDRESS PORT   server ADDRESS PORT   isn CLIENT SERVER   ttl CLIENT SERVER
 *   id CLIENT SERVER (next IPv4 identifications; 0 = always 0)   input N   # comment
 *
 * A mistake in a script fails the test that uses it. */
#ifndef WHYRST_TESTS_TRACE_SCRIPT_H
#define WHYRST_TESTS_TRACE_SCRIPT_H

#include "packet/decode.h"
#include "packet/segment.h"
#include "whyrst/whyrst.h"

#define SCRIPT_INPUTS     200
#define SCRIPT_CLIENT_ISN 1000000u
#define SCRIPT_SERVER_ISN 5000000u

struct script_end {
    uint8_t ip[16];
    uint16_t port;
    uint32_t isn, next; /* next is relative */
    uint16_t id;        /* of its last packet */
    bool no_id;
    uint8_t ttl;
    uint32_t tsval; /* of its last packet with timestamps */
};

struct script {
    struct whyrst_packet *packets; /* raw IP; bytes are the script's */
    size_t count, capacity;
    struct script_end end[2]; /* client, server */
    bool ipv6;
    uint16_t input;
    uint64_t frames[SCRIPT_INPUTS]; /* so far, by input */
    int64_t time_nsec;              /* of the last packet */
};

/* Freed with script_free. */
struct script *script_new(const char *text);
/* More lines, in the state the ones before left. */
void script_append(struct script *script, const char *text);
void script_free(struct script *script);

/* Secret of the hash in everything below. */
extern const struct decode_key script_key;

/* Packet number `index` decoded. */
struct segment script_segment(const struct script *script, size_t index);

#endif
