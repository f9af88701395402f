/* Frames decoded, for tests of what stands in them. */
#ifndef WHYRST_TESTS_TEST_PACKET_DECODE_H
#define WHYRST_TESTS_TEST_PACKET_DECODE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "packet/decode.h"
#include "test_packet_frames.h"

static const struct decode_key test_key = {
    {0x0123456789abcdef, 0x23456789abcdef01, 0x456789abcdef0123, 0x6789abcdef012345}};

static struct whyrst_packet packet_of(const uint8_t *bytes, uint32_t size)
{
    return (struct whyrst_packet){
        .bytes = bytes, .caplen = size, .wirelen = size, .frame_no = 1, .link_type = 1};
}

static struct segment decode_frame(const struct frame *frame)
{
    struct segment segment;
    const uint8_t *payload;
    uint32_t payload_caplen;
    uint8_t *copy = malloc(frame->size);
    memcpy(copy, frame->bytes, frame->size);
    struct whyrst_packet packet = packet_of(copy, frame->size);
    ck_assert_int_eq(decode_packet(&test_key, &packet, &segment, &payload, &payload_caplen), -1);
    free(copy);
    return segment;
}

#endif
