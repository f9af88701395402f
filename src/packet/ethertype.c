#include "packet/decode_internal.h"

#define ETHERTYPE_MAX_TAGS 8
#define MPLS_MAX_LABELS    16

/* Tags that stand between an EtherType and the one of what they tag. */
struct ethertype_tag {
    uint16_t type;
    uint8_t size;   /* bytes, the inner EtherType included */
    uint8_t offset; /* of the inner EtherType */
};

static const struct ethertype_tag ethertype_tags[] = {
    {ETHERTYPE_VLAN, 4, 2}, /* IEEE 802.1Q */
    {0x88a8, 4, 2},         /* IEEE 802.1ad */
    {0x9100, 4, 2},         /* stacked tags before 802.1ad */
    {0x8909, 8, 6},         /* Cisco metadata: security group */
    {0x8926, 6, 4},         /* VN-tag */
    {0x892f, 6, 4},         /* HSR, IEC 62439-3 */
    {0x88e7, 18, 16},       /* IEEE 802.1ah: service tag and inner addresses */
};

static const struct ethertype_tag *ethertype_tag_find(uint16_t type)
{
    for (size_t i = 0; i < sizeof ethertype_tags / sizeof ethertype_tags[0]; i++)
        if (ethertype_tags[i].type == type)
            return &ethertype_tags[i];
    return NULL;
}

static bool ethertype_is_usual(const uint8_t *bytes)
{
    uint16_t type = load_be16(bytes);
    return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 || type == ETHERTYPE_VLAN;
}

/* A pseudowire of Ethernet frames; its control word (RFC 4448) is four bytes that start with a zero
 * nibble and may be left out, in which case a frame's destination address can look the same. */
static int ethertype_pseudowire(struct decode_state *state, struct slice slice)
{
    bool bare = slice.captured >= 14 && ethertype_is_usual(slice.bytes + 12);
    if (slice.captured >= 18 && ethertype_is_usual(slice.bytes + 16))
        bare = false;
    if (!bare && slice.captured < 4)
        return slice_shortage(slice, 4);
    state->segment->marks |= MARK_TUNNELLED;
    return link_ethernet(state, bare ? slice : slice_skip(slice, 4));
}

/* RFC 3032: nothing in the label stack says what follows it, so the first nibble has to (RFC 4928).
 */
int ethertype_mpls(struct decode_state *state, struct slice slice)
{
    for (unsigned i = 0; i < MPLS_MAX_LABELS; i++) {
        if (slice.captured < 5)
            return slice_shortage(slice, 5);
        bool bottom = slice.bytes[2] & 1;
        slice = slice_skip(slice, 4);
        if (!bottom)
            continue;
        switch (slice.bytes[0] >> 4) {
        case 4:
        case 6:
            return network_ip(state, slice);
        case 0:
            return ethertype_pseudowire(state, slice);
        default:
            return WHYRST_UNKNOWN_PROTOCOL;
        }
    }
    return WHYRST_UNKNOWN_PROTOCOL;
}

static int ethertype_untagged(struct decode_state *state, uint16_t type, struct slice slice)
{
    switch (type) {
    case ETHERTYPE_IPV4:
    case ETHERTYPE_IPV6:
        return network_ip(state, slice);
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_MULTICAST:
        return ethertype_mpls(state, slice);
    case ETHERTYPE_BRIDGED:
        return link_ethernet(state, slice);
    case ETHERTYPE_PPPOE:
        return link_pppoe(state, slice);
    default:
        if (type > ETHERTYPE_MAX_LENGTH)
            return WHYRST_NOT_TCP;
        return link_llc(state, type < slice.wire ? slice_limit(slice, type) : slice);
    }
}

int ethertype_decode(struct decode_state *state, uint16_t type, struct slice slice)
{
    for (unsigned i = 0; i <= ETHERTYPE_MAX_TAGS; i++) {
        const struct ethertype_tag *tag = ethertype_tag_find(type);
        if (tag == NULL)
            return ethertype_untagged(state, type, slice);
        if (slice.captured < tag->size)
            return slice_shortage(slice, tag->size);
        type = load_be16(slice.bytes + tag->offset);
        slice = slice_skip(slice, tag->size);
    }
    return WHYRST_UNKNOWN_PROTOCOL;
}
