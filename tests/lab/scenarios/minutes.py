"""Idle times as real devices have them: minutes, not the seconds of the other modules. Played only when named."""
import asyncio
import socket

import box as boxes
import wire
from scenarios import pick, scenario, side

TIMERS = (60, 120, 240, 300, 350)
LIMIT = 500


def timer(conn, rng, late=True):
    """Waits for a usual idle timer, and for a next packet that comes a while later."""
    seconds = pick(conn, rng, "timer", TIMERS)
    return seconds + (rng.uniform(0.2, 0.08 * seconds) if late else 0)


@scenario("middlebox-timeout", limit=LIMIT)
async def minutes_then_answered(lab, conn, rng, v):
    """A load balancer has forgotten the idle connection and answers the next packet with an RST."""
    await lab.pair_through_box(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 4))
    ttl, with_ack = rng.choice((None, 64, 64, 128, 255)), rng.random() < 0.3
    conn.params["box_ttl"] = ttl
    conn.group = ["half-open-connection"]

    def rule(box, flow, side, segment, packet):
        other = boxes.other(side)
        boxes.answer(box, flow, side, segment, "middlebox-timeout", ttl or flow.ttl[other], with_ack=with_ack)
        return True
    await asyncio.sleep(timer(conn, rng))
    conn.box_flow.rule = rule
    lab.send_now(conn.socks[pick(conn, rng, "speaker", "ccs")], rng.randrange(1, 3000))
    await lab.round_trip()


@scenario("middlebox-timeout", limit=LIMIT)
async def minutes_fired(lab, conn, rng, v):
    """A load balancer's idle timer fires: an RST to both ends, or to one."""
    await lab.pair_through_box(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 4))
    ttl = rng.choice((None, 64, 255))
    conn.params["box_ttl"] = ttl
    conn.group = ["so-linger-zero"] if ttl is None else []
    await asyncio.sleep(timer(conn, rng, late=False))
    conn.box_flow.drop["c"] = conn.box_flow.drop["s"] = True
    boxes.reset_both(lab.box, conn.box_flow, "middlebox-timeout", ttl or conn.box_flow.ttl["s"],
                     rng.choice((wire.RST | wire.ACK, wire.RST)), sides=pick(conn, rng, "sides", ("sc", "sc", "s", "c")))
    await lab.round_trip()


@scenario("half-open-connection", limit=LIMIT)
async def minutes_then_forgotten(lab, conn, rng, v):
    """One end loses the connection; after minutes, of no usual number, the other speaks."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    await lab.round_trip()
    lab.vanish(conn, who)
    await asyncio.sleep(rng.uniform(30, 380))
    lab.send_now(conn.socks[peer], rng.randrange(1, 4000))
    await lab.round_trip()


@scenario("so-linger-zero", limit=LIMIT)
async def minutes_pool_reaped(lab, conn, rng, v):
    """A pool's own idle timer is as round as a device's: it aborts the connection."""
    who, _ = side(conn, rng, server=0.4)
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 5))
    await asyncio.sleep(timer(conn, rng, late=False) + rng.choice((0, 0, rng.uniform(0, 30))))
    lab.abort(conn.socks[who])


@scenario("data-after-close", limit=LIMIT)
async def minutes_then_closed(lab, conn, rng, v):
    """A server's own idle timer closes the connection as the next request is on its way."""
    conn.params["resetter"] = "s"
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 4))
    await asyncio.sleep(timer(conn, rng, late=False))
    conn.s.close()
    conn.mark("s", "data-after-close")
    lab.send_now(conn.c, rng.randrange(50, 2000))
    await lab.round_trip()


@scenario("keepalive-timeout", limit=LIMIT)
async def minutes_keepalive(lab, conn, rng, v):
    """Idle for a minute or two, then keep-alive finds the path cut."""
    who, peer = side(conn, rng)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn)
    await lab.quiet()
    sock, idle = conn.socks[who], rng.choice((60, 120, 240))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, rng.choice((2, 5)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    conn.box_flow.drop["c"] = conn.box_flow.drop["s"] = True
    await asyncio.sleep(idle + 20)
