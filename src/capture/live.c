/* A live interface through libpcap. Packets are copied out of the kernel's ring into one block,
 * because libpcap lends them for the length of a callback only. */
#include "capture/internal.h"

#include <net/if.h>
#include <poll.h>
#include <stdlib.h>

#include <pcap.h>

#define LIVE_BUFFER_KIB  65536
#define LIVE_TIMEOUT_MS  100
#define LIVE_BLOCK_BYTES (2u << 20) /* of packets handed out at once, at least one snaplen more */

struct live {
    pcap_t *pcap;
    int fd;         /* to wait on; -1 where there is none */
    unsigned index; /* of the interface; 0 for "any" */
    uint16_t link_type;
    int fraction_nsec; /* of the timestamp's second part: 1 or 1000 */
    uint32_t snaplen;
    size_t block_bytes;
    uint8_t *block;

    /* of the read in progress */
    size_t used; /* of block */
    struct whyrst_packet *packets;
    size_t count;
    struct capture *capture;
};

/* ---- Opening -----------------------------------------------------------------------------------
 */

static int live_refuse(pcap_t *pcap, const char *interface, int status, struct whyrst_error *error)
{
    const char *detail = pcap_geterr(pcap);
    switch (status) {
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return capture_fail(error,
                            "%s: no permission to capture; run as root or give the program "
                            "CAP_NET_RAW (setcap cap_net_raw,cap_net_admin=ep)",
                            interface);
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return capture_fail(error, "%s: no such interface; -D lists those there are", interface);
    case PCAP_ERROR_IFACE_NOT_UP:
        return capture_fail(error, "%s: the interface is down; bring it up first", interface);
    default:
        return capture_fail(error, "%s: cannot capture: %s%s%s", interface,
                            pcap_statustostr(status), detail[0] ? ": " : "", detail);
    }
}

static int live_activate(struct live *live, const char *interface,
                         const struct live_options *options, struct whyrst_error *error)
{
    pcap_t *pcap = live->pcap;
    int snaplen = options && options->snaplen > 0 ? options->snaplen : (int)CAPTURE_MAX_CAPLEN;
    int kib = options && options->buffer_kib > 0 ? options->buffer_kib : LIVE_BUFFER_KIB;
    if (snaplen > (int)CAPTURE_MAX_CAPLEN)
        snaplen = (int)CAPTURE_MAX_CAPLEN;
    if (kib > INT32_MAX / 1024)
        kib = INT32_MAX / 1024;
    pcap_set_snaplen(pcap, snaplen);
    pcap_set_promisc(pcap, !(options && options->no_promiscuous));
    pcap_set_timeout(pcap, LIVE_TIMEOUT_MS);
    pcap_set_buffer_size(pcap, kib * 1024);
    pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO); /* micro where not offered */
    int status = pcap_activate(pcap);
    /* Positive values are warnings; that an interface cannot be promiscuous ("any") is no harm. */
    if (status < 0)
        return live_refuse(pcap, interface, status, error);
    /* In blocking mode Linux rings wait for the first packet however long it takes; a caller that
     * has a clock to watch needs the calls to end, so the waiting is done here. */
    char text[PCAP_ERRBUF_SIZE] = "";
    if (pcap_setnonblock(pcap, 1, text) < 0)
        return capture_fail(error, "%s: cannot capture: %s", interface, text);
    live->fd = pcap_get_selectable_fd(pcap);
    live->index = if_nametoindex(interface);
    live->fraction_nsec = pcap_get_tstamp_precision(pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
    live->link_type = link_type_from_dlt(pcap_datalink(pcap));
    live->snaplen = (uint32_t)pcap_snapshot(pcap);
    return 0;
}

static int live_set_filter(struct live *live, const char *interface, const char *expression,
                           struct whyrst_error *error)
{
    struct bpf_program program;
    if (pcap_compile(live->pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return capture_fail(error, "filter \"%s\": %s; see pcap-filter(7)", expression,
                            pcap_geterr(live->pcap));
    int result = pcap_setfilter(live->pcap, &program);
    pcap_freecode(&program);
    if (result != 0)
        return capture_fail(error, "%s: cannot set the filter: %s", interface,
                            pcap_geterr(live->pcap));
    return 0;
}

struct capture *capture_open_live(const char *interface, uint16_t input,
                                  const struct capture_options *options,
                                  const struct live_options *live_options,
                                  struct whyrst_error *error)
{
    char text[PCAP_ERRBUF_SIZE] = "";
    struct capture *capture = capture_new_live(interface, input, options, error);
    struct live *live = capture ? calloc(1, sizeof *live) : NULL;
    if (!live) {
        if (capture)
            capture_fail(error, "%s: no memory", interface);
        capture_close(capture);
        return NULL;
    }
    capture->state = live;
    live->capture = capture;
    live->pcap = pcap_create(interface, text);
    if (!live->pcap) {
        capture_fail(error, "%s: cannot capture: %s", interface, text);
        goto failed;
    }
    if (live_activate(live, interface, live_options, error) < 0)
        goto failed;
    if (capture->filter &&
        live_set_filter(live, interface, filter_expression(capture->filter), error) < 0)
        goto failed;
    live->block_bytes = LIVE_BLOCK_BYTES + live->snaplen;
    live->block = malloc(live->block_bytes);
    if (!live->block) {
        capture_fail(error, "%s: no memory", interface);
        goto failed;
    }
    if (capture_see_link(capture, live->link_type, live->snaplen, error) == 0)
        return capture;
failed:
    capture_close(capture);
    return NULL;
}

/* ---- Reading -----------------------------------------------------------------------------------
 */

static void live_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct live *live = (struct live *)(void *)user;
    uint32_t caplen = header->caplen < live->snaplen ? header->caplen : live->snaplen;
    struct whyrst_packet *packet = &live->packets[live->count++];
    memcpy(live->block + live->used, bytes, caplen);
    packet->bytes = live->block + live->used;
    packet->caplen = caplen;
    packet->wirelen = header->len;
    packet->time_nsec =
        (int64_t)header->ts.tv_sec * 1000000000 + (int64_t)header->ts.tv_usec * live->fraction_nsec;
    packet->frame_no = ++live->capture->frame_no;
    packet->link_type = live->link_type;
    packet->input = live->capture->input;
    live->used += caplen;
    /* The next packet may need a whole snaplen. */
    if (live->block_bytes - live->used < live->snaplen)
        pcap_breakloop(live->pcap);
}

/* Not blocking, libpcap keeps silent about it when an interface goes down before it goes away. */
static bool live_is_gone(const struct live *live)
{
    char name[IF_NAMESIZE];
    return live->index != 0 && !if_indextoname(live->index, name);
}

static int live_dispatch(struct live *live, size_t max)
{
    return pcap_dispatch(live->pcap, (int)max, live_packet, (u_char *)live);
}

static int live_read(struct capture *capture, struct whyrst_packet *packets, size_t max,
                     struct whyrst_error *error)
{
    struct live *live = capture->state;
    live->used = live->count = 0;
    live->packets = packets;
    int result = live_dispatch(live, max);
    if (live->count == 0 && result == 0) {
        struct pollfd wait = {.fd = live->fd, .events = POLLIN};
        /* Interrupted by a signal: the caller wants to know at once. */
        if (poll(&wait, 1, LIVE_TIMEOUT_MS) > 0)
            result = live_dispatch(live, max);
        else if (live_is_gone(live))
            return capture_fail(error, "%s: capturing stopped: the interface disappeared",
                                capture->name);
    }
    if (live->count > 0 || result >= 0 || result == PCAP_ERROR_BREAK)
        return (int)live->count; /* an error shows again in the next call */
    return capture_fail(error, "%s: capturing stopped: %s", capture->name, pcap_geterr(live->pcap));
}

static bool live_dropped(struct capture *capture, uint64_t *dropped)
{
    const struct live *live = capture->state;
    struct pcap_stat statistics;
    if (pcap_stats(live->pcap, &statistics) != 0)
        return false;
    *dropped = (uint64_t)statistics.ps_drop + statistics.ps_ifdrop;
    return true;
}

static void live_stop(struct capture *capture)
{
    struct live *live = capture->state;
    if (!live)
        return;
    if (live->pcap)
        pcap_close(live->pcap);
    free(live->block);
    free(live);
    capture->state = NULL;
}

const struct capture_format capture_format_live = {
    .name = "pcap", .read = live_read, .dropped = live_dropped, .stop = live_stop};

/* ---- Interfaces --------------------------------------------------------------------------------
 */

int capture_interfaces(void (*found)(const char *name, const char *description, void *user),
                       void *user, struct whyrst_error *error)
{
    char text[PCAP_ERRBUF_SIZE] = "";
    pcap_if_t *all = NULL;
    int count = 0;
    if (pcap_findalldevs(&all, text) != 0)
        return capture_fail(error, "cannot list the interfaces: %s", text);
    for (const pcap_if_t *one = all; one; one = one->next, count++)
        found(one->name, one->description, user);
    if (all)
        pcap_freealldevs(all);
    return count;
}
