/* libFuzzer target: decodes the same bytes alone and as a batch. The first two bytes choose the
 * link type, the next two how much longer the packet was on the wire. */
#include <stdlib.h>
#include <string.h>

#include "packet/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t link_types[] = {1,   0,   9,   12,  14,  50,  51,  101, 104,
                                          105, 108, 113, 127, 228, 229, 239, 276};
    static struct segment_batch batch;
    static const struct decode_key key = {{1, 2, 3, 4}};
    if (size < 4)
        return 0;
    struct whyrst_packet packet = {
        .bytes = data + 4,
        .caplen = (uint32_t)size - 4,
        .wirelen = (uint32_t)size - 4 + (uint32_t)(data[2] << 8 | data[3]),
        .frame_no = 1,
        .link_type = link_types[data[0] % (sizeof link_types / sizeof link_types[0])],
    };
    struct segment segment;
    const uint8_t *payload;
    uint32_t payload_caplen;
    int result = decode_packet(&key, &packet, &segment, &payload, &payload_caplen);
    batch_clear(&batch);
    if (batch_decode(&batch, &key, &packet, 1, (struct ahead){0}) != 1 ||
        batch.count != (result == -1))
        abort();
    if (result >= WHYRST_UNDECODED_COUNT || (result != -1 && batch.undecoded[result] != 1))
        abort();
    if (result == -1) {
        if (payload < packet.bytes || payload + payload_caplen > packet.bytes + packet.caplen)
            abort();
        if (payload_caplen > segment.payload_bytes)
            abort();
        if (batch.segments[0].tag != segment.tag)
            abort();
    }
    return 0;
}
