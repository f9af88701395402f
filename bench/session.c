#include "session.h"

#include <string.h>

#include "frame.h"
#include "random.h"
#include "script.h"

#define USEC ((int64_t)1000)
#define MSEC ((int64_t)1000000)

/* What a transfer still owes before its next segment. */
enum { OWES_REPEAT = 1, OWES_ACK = 2, OWES_UPDATE = 4 };

void session_start(struct world *world, struct session *session)
{
    static const uint16_t PORTS[][4] = {
        {443, 443, 443, 8443}, {80, 80, 8080, 8000}, {50001, 50001, 50002, 50003}};
    static const uint16_t CLOSED_PORTS[] = {23, 3389, 5900, 8888, 8081};
    uint64_t *random = &world->random;
    struct end *client = &session->end[CLIENT], *server = &session->end[SERVER];
    int64_t due_nsec = session->due_nsec;
    memset(session, 0, sizeof(*session));
    session->due_nsec = due_nsec;
    session->step = script_draw(random, random_chance(random, world->reset_per_mille));
    session->ipv6 = random_chance(random, world->ipv6_per_mille);
    client->host = &world->clients[random_below(random, world->client_count)];
    uint32_t popular =
        random_below(random, SESSION_SERVERS); /* the smaller of two: some serve more */
    uint32_t other = random_below(random, SESSION_SERVERS);
    server->host = &world->servers[popular < other ? popular : other];
    client->port = client->host->next_port++;
    if (client->host->next_port == 61000)
        client->host->next_port = 32768;
    uint32_t draw = random_below(random, 100);
    session->protocol = draw < 60 ? PROTOCOL_TLS : draw < 85 ? PROTOCOL_HTTP : PROTOCOL_RAW;
    server->port = PORTS[session->protocol][random_below(random, 4)];
    if (session->step[1] == 'N')
        server->port = CLOSED_PORTS[random_below(random, 5)];
    for (int side = 0; side < 2; side++) {
        session->end[side].isn = (uint32_t)random_next(random);
        session->end[side].nxt = session->end[side].isn;
        session->end[side].id = (uint16_t)random_next(random);
    }
    session->timestamps =
        host_system(client->host)->timestamps && host_system(server->host)->timestamps;
    session->mss = session->ipv6 ? 1440 : 1460;
    session->full = (uint16_t)(session->mss - (session->timestamps ? 12 : 0));
}

static uint16_t session_window(struct world *world, const struct end *from, uint8_t flags,
                               bool busy)
{
    const struct system *system = host_system(from->host);
    if (flags & SYN)
        return flags & ACK && from->host->os == LINUX ? 65160 : system->syn_window;
    if (flags & RST && from->host->os == WINDOWS)
        return 0;
    return busy ? (uint16_t)(system->window - 1 - random_below(&world->random, system->window / 8))
                : system->window;
}

static uint16_t session_id(struct end *from, uint8_t flags)
{
    if (from->host->os == WINDOWS)
        return from->host->id++;
    if (from->host->os == MACOS || (flags & (SYN | ACK)) == (SYN | ACK))
        return 0;
    return from->id++;
}

static void session_options(const struct session *session, struct frame *frame, enum side side,
                            int64_t now_nsec)
{
    const struct end *from = &session->end[side];
    uint32_t tsval = from->host->clock_msec + (uint32_t)(now_nsec / MSEC);
    if (!(frame->flags & SYN)) {
        if (session->timestamps)
            frame_options(frame, "NNT", 0, 0, tsval, from->ts_recent);
        return;
    }
    const char *order = host_system(from->host)->syn_options;
    if (side == SERVER && !session->timestamps)
        order = from->host->os == LINUX ? "MNNSNW" : "MNWNNS";
    frame_options(frame, order, session->mss, host_system(from->host)->wscale, tsval,
                  from->ts_recent);
}

/* A segment of the connection, before its numbers are settled. */
static struct frame session_frame(const struct session *session, enum side side, uint8_t flags)
{
    const struct end *from = &session->end[side], *to = &session->end[!side];
    struct frame frame = {.ipv6 = session->ipv6, .inbound = side == CLIENT, .flags = flags};
    frame.src = session->ipv6 ? from->host->ipv6 : from->host->ipv4;
    frame.dst = session->ipv6 ? to->host->ipv6 : to->host->ipv4;
    frame.src_port = from->port;
    frame.dst_port = to->port;
    frame.ttl = from->host->ttl;
    frame.seq = from->nxt;
    frame.ack = flags & ACK ? to->nxt : 0;
    return frame;
}

/* Sends what a live socket sends; `back` is how far before nxt it starts (a repetition). */
static void session_send(struct world *world, struct session *session, enum side side,
                         uint8_t flags, uint32_t bytes, uint32_t back, bool busy)
{
    struct end *from = &session->end[side];
    int64_t now_nsec = session->due_nsec;
    struct frame frame = session_frame(session, side, flags);
    frame.seq -= back;
    frame.window = session_window(world, from, flags, busy);
    frame.id = session_id(from, flags);
    session_options(session, &frame, side, now_nsec);
    frame.payload_bytes = bytes;
    if (bytes) {
        struct content content = {session->protocol,
                                  side == CLIENT,
                                  session->exchange,
                                  session->total,
                                  session->total - session->left - bytes,
                                  session->full,
                                  frame_room(&frame, world->writer->snaplen),
                                  frame.seq};
        frame.payload = content_make(&content, world->scratch);
    }
    frame_write(world->writer, &frame, now_nsec);
    from->nxt += bytes - back + !!(flags & (SYN | FIN));
    session->end[!side].ts_recent = from->host->clock_msec + (uint32_t)(now_nsec / MSEC);
}

/* Sends the RST of a host that has no such connection (or of something that speaks in its name). */
static void session_reply(struct world *world, struct session *session, enum side side,
                          uint8_t flags, bool forged)
{
    struct end *from = &session->end[side];
    struct frame frame = session_frame(session, side, flags);
    if (forged) {
        frame.ttl = (uint8_t)(frame.ttl / 2 + 71);
        frame.id = (uint16_t)random_next(&world->random);
        frame.window = (uint16_t)random_below(&world->random, 8192);
    } else if (from->host->os == WINDOWS) {
        frame.id = from->host->id++;
    }
    if (flags & ACK && !from->speaking)
        frame.seq = 0;
    frame_write(world->writer, &frame, session->due_nsec);
}

static void exchange_begin(struct world *world, struct session *session, enum side sender)
{
    uint64_t *random = &world->random;
    uint32_t mean = world->response_bytes;
    session->sender = sender;
    session->unacked = 0;
    if (sender == CLIENT) {
        session->total = random_between(random, 150, 900);
        if (session->protocol == PROTOCOL_TLS && session->exchange == 0)
            session->total = CONTENT_HELLO_BYTES;
        else if (random_chance(random, 60))
            session->total = random_between(random, 1500, 12000);
    } else {
        session->total = random_between(random, 200, 2 * mean);
        if (session->protocol == PROTOCOL_TLS && session->exchange == 0)
            session->total = random_between(random, 2500, 5000);
        else if (random_chance(random, 40))
            session->total *= 4;
    }
    session->left = session->total;
}

/* Sends the next packet of requests and responses. Returns false when they are through. */
static bool exchange_step(struct world *world, struct session *session)
{
    uint64_t *random = &world->random;
    enum side sender = session->sender;
    if (session->owes & OWES_REPEAT) {
        session->owes &= (uint8_t)~OWES_REPEAT;
        uint32_t bytes = session->end[sender].last_bytes;
        session_send(world, session, sender, PSH | ACK, bytes, bytes, false);
    } else if (session->owes & OWES_ACK) {
        session->owes &= (uint8_t)~OWES_ACK;
        session->unacked = 0;
        session_send(world, session, !sender, ACK, 0, 0, session->left > 0 || session->owes);
    } else if (session->owes & OWES_UPDATE) {
        session->owes = 0;
        session_send(world, session, !sender, ACK, 0, 0, false);
    } else {
        uint32_t bytes = session->left < session->full ? session->left : session->full;
        session->left -= bytes;
        session_send(world, session, sender, session->left ? ACK : PSH | ACK, bytes, 0, false);
        session->end[sender].last_bytes = bytes;
        session->unacked++;
        if (random_chance(random, 4))
            session->owes |= OWES_REPEAT;
        if (session->unacked == 2 ||
            (!session->left && random_chance(random, sender == SERVER ? 850 : 500)))
            session->owes |= OWES_ACK;
        if (!session->left && session->owes & OWES_ACK && sender == SERVER &&
            random_chance(random, 150))
            session->owes |= OWES_UPDATE;
    }
    if (session->left || session->owes)
        return true;
    if (sender == SERVER) {
        session->exchange++;
        if (session->exchanges_left-- == 1)
            return false;
    }
    exchange_begin(world, session, sender == CLIENT ? SERVER : CLIENT);
    return true;
}

static void session_data(struct world *world, struct session *session, enum side side)
{
    session->total = random_between(&world->random, 150, 700);
    session->left = 0;
    if (session->exchange == 0 && session->protocol == PROTOCOL_TLS) {
        session->total = CONTENT_HELLO_BYTES;
        session->exchange = side == SERVER ? 2 : 0;
    }
    session->end[side].last_bytes = session->total;
    session_send(world, session, side, PSH | ACK, session->total, 0, false);
}

/* Sends the packet of a letter of the script. */
static void session_step(struct world *world, struct session *session, char step)
{
    enum side side = script_from_server(step) ? SERVER : CLIENT;
    struct end *from = &session->end[side];
    switch (step) {
    case 's':
    case 'S':
        world->connections += side == CLIENT && !from->speaking;
        session_send(world, session, side, side == SERVER ? SYN | ACK : SYN, 0, from->speaking,
                     false);
        from->speaking = true;
        break;
    case 'd':
    case 'D':
        session_data(world, session, side);
        break;
    case 't':
        session_send(world, session, side, PSH | ACK, from->last_bytes, from->last_bytes, false);
        break;
    case 'f':
    case 'F':
        session_send(world, session, side, FIN | ACK, 0, 0, false);
        break;
    case 'x':
    case 'X':
        session_send(world, session, side, RST | ACK, 0, 0, false);
        break;
    case 'k':
        session_send(world, session, side, ACK, 0, 1, false);
        from->nxt++; /* the probe starts one before, and takes nothing */
        break;
    case 'I':
        session_reply(world, session, CLIENT, RST | ACK, true);
        session_reply(world, session, SERVER, RST | ACK, true);
        break;
    case 'N':
    case 'M':
        session_reply(world, session, SERVER, step == 'N' ? RST | ACK : RST, step == 'M');
        break;
    case 'r':
    case 'R':
        session_reply(world, session, side, RST, false);
        break;
    default: /* a A K */
        session_send(world, session, side, ACK, 0, 0, step == 'A' && session->step[1] == 'X');
        break;
    }
}

/* The silence before the packet that comes next, after one from `last`. */
static int64_t session_pause(struct world *world, struct session *session, enum side last,
                             char done)
{
    uint64_t *random = &world->random;
    int64_t pause = 0;
    while (*session->step == 'W') {
        pause += random_between(random, 3000, 20000) * MSEC;
        session->step++;
    }
    char step = *session->step;
    enum side next = script_from_server(step) ? SERVER : CLIENT;
    if (step == 'E') {
        next = session->owes & (OWES_ACK | OWES_UPDATE) && !(session->owes & OWES_REPEAT)
                   ? (enum side) !session->sender
                   : session->sender;
        if (session->owes & OWES_REPEAT)
            pause += 200 * MSEC + session->end[CLIENT].host->rtt_usec * USEC;
        else if (session->left == session->total && session->sender == SERVER)
            pause += random_between(random, 100, 9000) * USEC;
        else if (session->left == session->total && session->exchange)
            pause += random_between(random, 10, 2000) * random_between(random, 500, 1500) * USEC;
    } else if (step == 'k') {
        pause += 10000 * MSEC;
    } else if (step == 't' || (step == 's' && done == 's') || done == 't') {
        pause += (step == 's' ? 1000 * MSEC : 250 * MSEC) << session->patience++;
    } else if (step == 'f' || step == 'F' || step == 'x' || step == 'd') {
        pause += random_between(random, 0, 300) * MSEC;
    }
    if (next == last)
        return pause + random_between(random, 4, 24) * USEC;
    if (next == SERVER)
        return pause + random_between(random, 40, 300) * USEC;
    return pause + session->end[CLIENT].host->rtt_usec * USEC + random_below(random, 500) * USEC;
}

void session_advance(struct world *world, struct session *session)
{
    char step = *session->step;
    enum side last = script_from_server(step) ? SERVER : CLIENT;
    if (step == 'E') {
        if (session->exchanges_left == 0) {
            session->exchanges_left = 1;
            while (session->exchanges_left < 8 && random_chance(&world->random, 420))
                session->exchanges_left++;
            exchange_begin(world, session, CLIENT);
        }
        last = session->owes && !(session->owes & OWES_REPEAT) ? (enum side) !session->sender
                                                               : session->sender;
        if (!exchange_step(world, session))
            session->step++;
    } else {
        session_step(world, session, step);
        session->step++;
    }
    if (*session->step) {
        session->due_nsec += session_pause(world, session, last, step);
    } else {
        session->due_nsec += random_between(&world->random, 1, 800) * MSEC;
        session_start(world, session);
    }
}
