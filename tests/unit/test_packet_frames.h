/* Builds frames for the tests of the packet layer from a line of layer names, outermost first:
 * "eth vlan ip4 tcp". Each layer is put in front of what is there already, so it knows the length
 * and the protocol number of what it encloses. */
#ifndef TEST_PACKET_FRAMES_H
#define TEST_PACKET_FRAMES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_ROOM    1024
#define FRAME_PAYLOAD "hello"

struct frame {
    uint8_t room[FRAME_ROOM];
    uint8_t *bytes;      /* the frame, at the end of room */
    uint32_t size;       /* of the frame */
    uint32_t behind_tcp; /* TCP header and payload, bytes */
    unsigned networks;   /* IP headers so far: the innermost is 10.0.0.1 -> 10.0.0.2 */
    uint16_t ethertype;  /* of what is there, as each kind of header below it would say */
    uint16_t ppp;
    uint8_t protocol;
};

static inline void frame_put(struct frame *frame, const void *bytes, size_t size)
{
    frame->bytes -= size;
    frame->size += (uint32_t)size;
    memcpy(frame->bytes, bytes, size);
}

#define FRAME_PUT(frame, ...)                                                                      \
    do {                                                                                           \
        const uint8_t put_[] = {__VA_ARGS__};                                                      \
        frame_put(frame, put_, sizeof put_);                                                       \
    } while (0)

#define BE16(value) (uint8_t)((value) >> 8), (uint8_t)(value)
#define LE16(value) (uint8_t)(value), (uint8_t)((value) >> 8)
#define ZERO4       0, 0, 0, 0
#define MAC_PAIR    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2

static inline void frame_tcp(struct frame *frame, const uint8_t *options, size_t size)
{
    frame_put(frame, FRAME_PAYLOAD, 5);
    if (size > 0)
        frame_put(frame, options, size);
    FRAME_PUT(frame, 0x30, 0x39, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, (uint8_t)((20 + size) / 4 << 4),
              0x18, 2, 0, ZERO4);
    frame->behind_tcp = frame->size;
    frame->protocol = 6;
}

static inline void frame_ip4(struct frame *frame, size_t options)
{
    static const uint8_t nops[40] = {1, 1, 1, 1, 1, 1, 1, 1};
    uint8_t net = (uint8_t)frame->networks++;
    size_t total = frame->size + 20 + options;
    frame_put(frame, nops, options);
    FRAME_PUT(frame, (uint8_t)(0x45 + options / 4), 0x10, BE16(total), 0x12, 0x34, 0x40, 0, 61,
              frame->protocol, 0, 0, 10, 0, net, 1, 10, 0, net, 2);
    frame->ethertype = 0x0800;
    frame->protocol = 4;
    frame->ppp = 0x21;
}

static inline void frame_ip6(struct frame *frame)
{
    uint8_t net = (uint8_t)frame->networks++;
    FRAME_PUT(frame, 0x62, 0x01, 0x23, 0x45, BE16(frame->size), frame->protocol, 59, 0x20, 1, ZERO4,
              ZERO4, 0, 0, 0, 0, net, 1, 0x20, 1, ZERO4, ZERO4, 0, 0, 0, 0, net, 2);
    frame->ethertype = 0x86dd;
    frame->protocol = 41;
    frame->ppp = 0x57;
}

static inline void frame_udp(struct frame *frame, uint16_t port)
{
    FRAME_PUT(frame, 0xc0, 1, BE16(port), BE16(frame->size + 8), 0, 0);
    frame->protocol = 17;
}

/* Layers that are a constant header around the EtherType of what they enclose. */
static inline int frame_link(struct frame *frame, const char *name)
{
    uint16_t type = frame->ethertype;
    uint32_t size = frame->size;
    if (strcmp(name, "eth") == 0) {
        FRAME_PUT(frame, MAC_PAIR, BE16(type));
        frame->ethertype = 0x6558;
    } else if (strcmp(name, "eth802.3") == 0) {
        FRAME_PUT(frame, MAC_PAIR, BE16(size));
    } else if (strcmp(name, "snap") == 0) {
        FRAME_PUT(frame, 0xaa, 0xaa, 3, 0, 0, 0, BE16(type));
    } else if (strcmp(name, "bridged") == 0) {
        FRAME_PUT(frame, 0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0);
    } else if (strcmp(name, "llc") == 0) {
        FRAME_PUT(frame, 6, 6, 3);
    } else if (strcmp(name, "sll") == 0) {
        FRAME_PUT(frame, 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, BE16(type));
    } else if (strcmp(name, "sll2") == 0) {
        FRAME_PUT(frame, BE16(type), 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0);
    } else if (strcmp(name, "chdlc") == 0) {
        FRAME_PUT(frame, 0x0f, 0, BE16(type));
    } else if (strcmp(name, "null2") == 0) {
        FRAME_PUT(frame, 2, 0, 0, 0);
    } else if (strcmp(name, "null30") == 0) {
        FRAME_PUT(frame, 30, 0, 0, 0);
    } else if (strcmp(name, "loop24") == 0) {
        FRAME_PUT(frame, 0, 0, 0, 24);
    } else if (strcmp(name, "nflog") == 0) {
        FRAME_PUT(frame, 7, 0, 0, 1, LE16(8), LE16(1), BE16(type), 3, 0, LE16(6), LE16(10), 'x', 0,
                  0, 0, LE16(size + 4), LE16(9));
    } else {
        return -1;
    }
    return 0;
}

static inline int frame_wlan(struct frame *frame, const char *name)
{
    if (strcmp(name, "wlan") == 0)
        FRAME_PUT(frame, 0x08, 1, 0, 0, MAC_PAIR, 2, 0, 0, 0, 0, 3, 0x10, 0);
    else if (strcmp(name, "wlan-qos4") == 0) /* QoS, four addresses */
        FRAME_PUT(frame, 0x88, 3, 0, 0, MAC_PAIR, 2, 0, 0, 0, 0, 3, 0x10, 0, 2, 0, 0, 0, 0, 4, 0,
                  0);
    else if (strcmp(name, "wlan-order") == 0) /* QoS, HT control */
        FRAME_PUT(frame, 0x88, 0x81, 0, 0, MAC_PAIR, 2, 0, 0, 0, 0, 3, 0x10, 0, 0, 0, ZERO4);
    else if (strcmp(name, "wlan-padded") == 0) /* QoS, padded to four */
        FRAME_PUT(frame, 0x88, 1, 0, 0, MAC_PAIR, 2, 0, 0, 0, 0, 3, 0x10, 0, 0, 0, 0, 0);
    else if (strcmp(name, "radiotap") == 0)
        FRAME_PUT(frame, 0, 0, 8, 0, ZERO4);
    else if (strcmp(name, "radiotap-pad") == 0) /* time stamp, flags: padded */
        FRAME_PUT(frame, 0, 0, 17, 0, 3, 0, 0, 0, ZERO4, ZERO4, 0x20);
    else
        return -1;
    return 0;
}

static inline int frame_tagged(struct frame *frame, const char *name)
{
    uint16_t type = frame->ethertype;
    if (strcmp(name, "vlan") == 0) {
        FRAME_PUT(frame, 0, 5, BE16(type));
        frame->ethertype = 0x8100;
    } else if (strcmp(name, "stag") == 0) {
        FRAME_PUT(frame, 0, 6, BE16(type));
        frame->ethertype = 0x88a8;
    } else if (strcmp(name, "9100") == 0) {
        FRAME_PUT(frame, 0, 7, BE16(type));
        frame->ethertype = 0x9100;
    } else if (strcmp(name, "cmd") == 0) {
        FRAME_PUT(frame, 1, 1, 0, 1, 0, 9, BE16(type));
        frame->ethertype = 0x8909;
    } else if (strcmp(name, "mpls") == 0) {
        FRAME_PUT(frame, 0, 1, 0x01, 64);
        frame->ethertype = 0x8847;
        frame->ppp = 0x0281;
        frame->protocol = 137;
    } else if (strcmp(name, "mpls2") == 0) {
        FRAME_PUT(frame, 0, 1, 0x00, 64, 0, 2, 0x01, 64);
        frame->ethertype = 0x8848;
    } else if (strcmp(name, "control-word") == 0) {
        FRAME_PUT(frame, ZERO4);
    } else if (strcmp(name, "ppp") == 0) {
        FRAME_PUT(frame, 0xff, 3, BE16(frame->ppp));
    } else if (strcmp(name, "ppp-bare") == 0) {
        FRAME_PUT(frame, (uint8_t)frame->ppp); /* only the low byte of an odd number */
    } else if (strcmp(name, "pppoe") == 0) {
        FRAME_PUT(frame, 0x11, 0, 0, 1, BE16(frame->size + 2), BE16(frame->ppp));
        frame->ethertype = 0x8864;
    } else {
        return -1;
    }
    return 0;
}

static inline int frame_ip(struct frame *frame, const char *name)
{
    uint8_t next = frame->protocol;
    if (strcmp(name, "ip4") == 0) {
        frame_ip4(frame, 0);
    } else if (strcmp(name, "ip4-options") == 0) {
        frame_ip4(frame, 8);
    } else if (strcmp(name, "ip6") == 0) {
        frame_ip6(frame);
    } else if (strcmp(name, "hop-by-hop") == 0) {
        FRAME_PUT(frame, next, 0, 1, 4, ZERO4);
        frame->protocol = 0;
    } else if (strcmp(name, "routing") == 0) {
        FRAME_PUT(frame, next, 2, 0, 0, ZERO4, ZERO4, ZERO4, ZERO4, ZERO4);
        frame->protocol = 43;
    } else if (strcmp(name, "destination") == 0) {
        FRAME_PUT(frame, next, 0, 1, 4, ZERO4);
        frame->protocol = 60;
    } else if (strcmp(name, "fragment") == 0) { /* an atomic one */
        FRAME_PUT(frame, next, 0, 0, 0, ZERO4);
        frame->protocol = 44;
    } else if (strcmp(name, "ah") == 0) {
        FRAME_PUT(frame, next, 4, 0, 0, ZERO4, ZERO4, ZERO4, ZERO4, ZERO4);
        frame->protocol = 51;
    } else if (strcmp(name, "etherip") == 0) {
        FRAME_PUT(frame, 0x30, 0);
        frame->protocol = 97;
    } else {
        return -1;
    }
    return 0;
}

static inline int frame_gre(struct frame *frame, const char *name)
{
    uint16_t type = frame->ethertype;
    if (strcmp(name, "gre") == 0)
        FRAME_PUT(frame, 0, 0, BE16(type));
    else if (strcmp(name, "gre-ksc") == 0) /* checksum, key, sequence number */
        FRAME_PUT(frame, 0xb0, 0, BE16(type), ZERO4, ZERO4, ZERO4);
    else if (strcmp(name, "gre-routing") == 0)
        FRAME_PUT(frame, 0x40, 0, BE16(type), ZERO4, 0, 2, 0, 4, ZERO4, ZERO4);
    else if (strcmp(name, "wccp") == 0)
        FRAME_PUT(frame, 0, 0, 0x88, 0x3e, ZERO4);
    else if (strcmp(name, "pptp") == 0)
        FRAME_PUT(frame, 0x30, 0x81, 0x88, 0x0b, BE16(frame->size), 0, 1, ZERO4, ZERO4);
    else if (strcmp(name, "erspan1") == 0)
        FRAME_PUT(frame, 0, 0, 0x88, 0xbe);
    else if (strcmp(name, "erspan2") == 0)
        FRAME_PUT(frame, 0x10, 0, 0x88, 0xbe, ZERO4, 0x10, 0, 0, 0, ZERO4);
    else if (strcmp(name, "erspan3") == 0)
        FRAME_PUT(frame, 0x10, 0, 0x22, 0xeb, ZERO4, 0x20, 0, 0, 0, ZERO4, ZERO4);
    else if (strcmp(name, "erspan3-platform") == 0)
        FRAME_PUT(frame, 0x10, 0, 0x22, 0xeb, ZERO4, 0x20, 0, 0, 0, ZERO4, 0, 0, 0, 1, ZERO4,
                  ZERO4);
    else
        return -1;
    frame->protocol = 47;
    return 0;
}

static inline int frame_over_udp(struct frame *frame, const char *name)
{
    uint16_t port;
    if (strcmp(name, "vxlan") == 0) {
        FRAME_PUT(frame, 8, 0, 0, 0, 0, 0, 1, 0);
        port = 4789;
    } else if (strcmp(name, "vxlan-linux") == 0) {
        FRAME_PUT(frame, 8, 0, 0, 0, 0, 0, 1, 0);
        port = 8472;
    } else if (strcmp(name, "vxlan-gpe") == 0) {
        FRAME_PUT(frame, 0x0c, 0, 0, 3, 0, 0, 1, 0);
        port = 4790;
    } else if (strcmp(name, "geneve") == 0) {
        FRAME_PUT(frame, 2, 0, BE16(frame->ethertype), 0, 0, 1, 0, ZERO4, ZERO4);
        port = 6081;
    } else if (strcmp(name, "gtp") == 0) {
        FRAME_PUT(frame, 0x30, 255, BE16(frame->size), ZERO4);
        port = 2152;
    } else if (strcmp(name, "gtp-extended") == 0) {
        FRAME_PUT(frame, 0x34, 255, BE16(frame->size + 12), ZERO4, 0, 0, 0, 0x85, 1, 0, 0, 0x40, 1,
                  0, 0, 0);
        port = 2152;
    } else if (strcmp(name, "gtp-echo") == 0) {
        FRAME_PUT(frame, 0x30, 1, BE16(frame->size), ZERO4);
        port = 2152;
    } else if (strcmp(name, "teredo") == 0) {
        port = 3544;
    } else if (strcmp(name, "teredo-both") == 0) {
        FRAME_PUT(frame, 0, 1, 0, 0, ZERO4, ZERO4, 0, 0, 0, 1, 2, ZERO4);
        port = 3544;
    } else if (strcmp(name, "l2tp") == 0) {
        FRAME_PUT(frame, 0x4a, 2, BE16(frame->size + 16), 0, 1, 0, 2, ZERO4, 0, 2, 0, 0);
        port = 1701;
    } else if (strcmp(name, "lisp") == 0) {
        FRAME_PUT(frame, ZERO4, ZERO4);
        port = 4341;
    } else if (strcmp(name, "dns") == 0) {
        port = 53;
    } else {
        return -1;
    }
    frame_udp(frame, port);
    return 0;
}

static inline void frame_layer(struct frame *frame, const char *name)
{
    if (strcmp(name, "tcp") == 0) {
        frame_tcp(frame, NULL, 0);
    } else if (strcmp(name, "tcp-ts") == 0) {
        static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0};
        frame_tcp(frame, options, sizeof options);
    } else if (frame_link(frame, name) && frame_tagged(frame, name) && frame_ip(frame, name) &&
               frame_gre(frame, name) && frame_over_udp(frame, name) && frame_wlan(frame, name)) {
        fprintf(stderr, "no layer %s\n", name);
        abort();
    }
}

static inline void frame_build(struct frame *frame, const char *layers)
{
    memset(frame, 0, sizeof *frame);
    frame->bytes = frame->room + sizeof frame->room;
    for (const char *end = layers + strlen(layers); end > layers;) {
        const char *start = end;
        char name[32];
        while (start > layers && start[-1] != ' ')
            start--;
        snprintf(name, sizeof name, "%.*s", (int)(end - start), start);
        frame_layer(frame, name);
        end = start > layers ? start - 1 : start;
    }
}

#endif
