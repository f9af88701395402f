/* The cheapest thing a program built on libpcap can do with a file: look at every packet and count
 * it. What whyrst costs beyond reading is measured against this. */
#include <pcap.h>
#include <stdint.h>
#include <stdio.h>

struct loop_totals {
    uint64_t packets, bytes;
};

static void loop_count(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct loop_totals *totals = (void *)user;
    (void)bytes;
    totals->packets++;
    totals->bytes += header->len;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    struct loop_totals totals = {0, 0};
    if (argc != 2) {
        fprintf(stderr, "usage: bench-pcap-loop FILE\n");
        return 2;
    }
    pcap_t *pcap = pcap_open_offline(argv[1], error);
    if (!pcap) {
        fprintf(stderr, "bench-pcap-loop: %s\n", error);
        return 2;
    }
    int status = pcap_loop(pcap, -1, loop_count, (u_char *)&totals);
    if (status < 0)
        fprintf(stderr, "bench-pcap-loop: %s: %s\n", argv[1], pcap_geterr(pcap));
    printf("%llu packets, %llu bytes on the wire\n", (unsigned long long)totals.packets,
           (unsigned long long)totals.bytes);
    pcap_close(pcap);
    return status < 0 ? 2 : 0;
}
