#include "cli/extract_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/extract.h"
#include "cli/message.h"

static const char *const certainty_names[] = {"certain", "likely", "possible"};

static struct extract_connection connection_key(const uint8_t *ip_a, uint16_t port_a,
                                                const uint8_t *ip_b, uint16_t port_b, bool is_ipv6)
{
    struct extract_connection connection;
    uint8_t *key = connection.key;
    int order = memcmp(ip_a, ip_b, 16);
    bool swapped = order > 0 || (!order && port_a > port_b);
    const uint8_t *low_ip = swapped ? ip_b : ip_a, *high_ip = swapped ? ip_a : ip_b;
    uint16_t low_port = swapped ? port_b : port_a, high_port = swapped ? port_a : port_b;
    memcpy(key, low_ip, 16);
    key[16] = (uint8_t)(low_port >> 8);
    key[17] = (uint8_t)low_port;
    memcpy(key + 18, high_ip, 16);
    key[34] = (uint8_t)(high_port >> 8);
    key[35] = (uint8_t)high_port;
    key[36] = is_ipv6;
    return connection;
}

/* Room for one element more; NULL without memory, the array stays as it was. */
static void *array_grow(void *array, size_t count, size_t *room, size_t element_bytes)
{
    if (count < *room)
        return array;
    size_t wanted = *room ? *room * 2 : 64;
    void *grown = reallocarray(array, wanted, element_bytes);
    if (grown)
        *room = wanted;
    return grown;
}

static int index_add_comment(struct extract_index *index, const struct whyrst_reset *reset,
                             uint64_t frame, bool is_followup)
{
    struct extract_comment *grown =
        array_grow(index->comments, index->comment_count, &index->comment_room, sizeof *grown);
    if (!grown)
        return -1;
    index->comments = grown;
    struct extract_comment *comment = &grown[index->comment_count++];
    *comment = (struct extract_comment){
        .frame = frame,
        .reset = reset->id,
        .input = reset->input,
        .is_followup = is_followup,
        .stream = reset->stream,
        .confidence = reset->verdict.confidence,
        .cause = reset->verdict.cause,
        .certainty = reset->verdict.certainty,
        .scenario = reset->verdict.scenario,
        .signature = reset->verdict.signature,
        .title = reset->verdict.title,
    };
    size_t length = strlen(reset->verdict.explanation);
    if (!is_followup && index->explanation_bytes + length <= EXTRACT_COMMENT_BYTES) {
        comment->explanation = strdup(reset->verdict.explanation);
        index->explanation_bytes += length;
    }
    return 0;
}

int extract_index_add(struct extract_index *index, const struct whyrst_reset *reset,
                      struct whyrst_error *error)
{
    struct extract_connection *grown = array_grow(index->connections, index->connection_count,
                                                  &index->connection_room, sizeof *grown);
    if (!grown)
        return message_set(error, "option -w: no memory for the list of reset connections");
    index->connections = grown;
    grown[index->connection_count++] =
        connection_key(reset->client.ip, reset->client.port, reset->server.ip, reset->server.port,
                       reset->client.version == 6);
    int result = index_add_comment(index, reset, reset->frame, false);
    for (unsigned i = 0; !result && i < reset->followup_frame_count; i++)
        result = index_add_comment(index, reset, reset->followup_frames[i], true);
    return result ? message_set(error, "option -w: no memory for the comments") : 0;
}

static int connection_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct extract_connection));
}

static int comment_order(const void *left, const void *right)
{
    const struct extract_comment *a = left, *b = right;
    if (a->input != b->input)
        return a->input < b->input ? -1 : 1;
    return a->frame < b->frame ? -1 : a->frame > b->frame;
}

void extract_index_sort(struct extract_index *index)
{
    if (!index->connection_count)
        return;
    qsort(index->connections, index->connection_count, sizeof *index->connections,
          connection_order);
    qsort(index->comments, index->comment_count, sizeof *index->comments, comment_order);
    size_t kept = 1;
    for (size_t i = 1; i < index->connection_count; i++)
        if (connection_order(&index->connections[i], &index->connections[kept - 1]))
            index->connections[kept++] = index->connections[i];
    index->connection_count = kept;
}

bool extract_index_has(const struct extract_index *index, const struct segment *segment)
{
    if (!index->connection_count)
        return false;
    struct extract_connection key =
        connection_key(segment->address[0], segment->port[0], segment->address[1], segment->port[1],
                       segment_is_ipv6(segment));
    return bsearch(&key, index->connections, index->connection_count, sizeof key, connection_order);
}

bool extract_index_comment(const struct extract_index *index, const struct whyrst_packet *packet,
                           char *buf, size_t size)
{
    if (!index->comment_count)
        return false;
    struct extract_comment key = {.input = packet->input, .frame = packet->frame_no};
    const struct extract_comment *comment =
        bsearch(&key, index->comments, index->comment_count, sizeof key, comment_order);
    if (!comment)
        return false;
    const char *cause = whyrst_cause_name(comment->cause);
    if (comment->is_followup) {
        snprintf(buf, size, "whyrst: follows reset %llu (%s)", (unsigned long long)comment->reset,
                 cause);
        return true;
    }
    snprintf(buf, size, "whyrst: reset %llu: %s%s%s%s, %s (%.2f), signature %s\n%s%s%s",
             (unsigned long long)comment->reset, cause, comment->scenario ? " (" : "",
             comment->scenario ? comment->scenario : "", comment->scenario ? ")" : "",
             certainty_names[comment->certainty], comment->confidence, comment->signature,
             comment->title ? comment->title : "", comment->explanation ? "\n" : "",
             comment->explanation ? comment->explanation : "");
    return true;
}

void extract_index_clear(struct extract_index *index)
{
    for (size_t i = 0; i < index->comment_count; i++)
        free(index->comments[i].explanation);
    free(index->comments);
    free(index->connections);
    *index = (struct extract_index){0};
}
