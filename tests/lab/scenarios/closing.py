"""data-after-close: the resetter had closed and its peer still sent."""
import asyncio
import socket

from lab import TCP_LINGER2
from scenarios import scenario, side, size

CAUSE = "data-after-close"


async def talk_on(lab, conn, rng, peer):
    for _ in range(rng.choice((1, 1, 2, 4))):
        if not lab.send_now(conn.socks[peer], rng.randrange(1, 3000)):
            break
        await asyncio.sleep(rng.choice((0, 0.001, 0.05)))


@scenario(CAUSE, weight=3)
async def closed_then_data(lab, conn, rng, v):
    """close() with everything read, the FIN is acknowledged, the peer sends."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.socks[who].close()
    conn.mark(who, CAUSE)
    await lab.round_trip()
    await lab.think()
    await talk_on(lab, conn, rng, peer)


@scenario(CAUSE, weight=2)
async def keepalive_race(lab, conn, rng, v):
    """The server closes the idle connection while the client's next request is on the way."""
    conn.params["resetter"] = "s"
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 4))
    await asyncio.sleep(rng.uniform(0.2, lab.settings.get("idle", 4)))
    conn.s.close()
    conn.mark("s", CAUSE)
    lab.send_now(conn.c, rng.randrange(50, 2000))


@scenario(CAUSE)
async def shut_down_then_data(lab, conn, rng, v):
    """shutdown(SHUT_RDWR) with the socket kept, the peer sends."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.socks[who].shutdown(socket.SHUT_RDWR)
    conn.mark(who, CAUSE)
    await lab.think()
    await talk_on(lab, conn, rng, peer)


@scenario(CAUSE)
async def fin_lost(lab, conn, rng, v):
    """close(), the path loses the FIN, the peer sends."""
    who, peer = side(conn, rng)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn)
    conn.box_flow.drop_fin = True
    conn.socks[who].close()
    conn.mark(who, CAUSE)
    await lab.round_trip()
    conn.box_flow.drop_fin = False
    await talk_on(lab, conn, rng, peer)


@scenario(CAUSE)
async def closed_unsent(lab, conn, rng, v):
    """close() with much still unsent and unacknowledged, the peer sends instead of reading."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v, **{"c_rcvbuf" if who == "s" else "rcvbuf": 8192})
    await lab.chat(conn, rounds=0)
    lab.send_now(conn.socks[who], size(conn, rng, 30000, 300000))
    await lab.round_trip()
    conn.socks[who].close()
    conn.mark(who, CAUSE)
    await asyncio.sleep(rng.uniform(0.01, 0.3))
    await talk_on(lab, conn, rng, peer)


@scenario(CAUSE)
async def fin_wait_over(lab, conn, rng, v):
    """close(), FIN_WAIT_2 ends (tcp_fin_timeout), then the peer sends."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.socks[who].close()
    conn.mark(who, CAUSE)
    await asyncio.sleep(rng.uniform(3, 6))
    await talk_on(lab, conn, rng, peer)


@scenario(CAUSE, weight=0.4)
async def linger2_negative_close(lab, conn, rng, v):
    """TCP_LINGER2 -1 and close(): the acknowledgement of the FIN is answered with a reset."""
    who, _ = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.group = ["so-linger-zero", "half-open-connection"]
    conn.note = "the FIN_WAIT_2 timeout was set below zero; the kernel calls this reset TCP_ABORT_ON_DATA"
    conn.socks[who].setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    conn.socks[who].close()
    conn.mark(who, CAUSE)
    await lab.round_trip()


@scenario(CAUSE)
async def browser_leaves(lab, conn, rng, v):
    """The client reads what came, closes, and the server's stream goes on."""
    conn.params["resetter"] = "c"
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.choice((0, 1)))
    chunk = rng.randrange(100, 5000)
    for _ in range(rng.randrange(1, 5)):
        reader = lab.loop.create_task(lab.receive(conn.c, chunk))
        await lab.send(conn.s, chunk)
        await reader
    conn.c.close()
    conn.mark("c", CAUSE)
    for _ in range(rng.randrange(1, 5)):
        lab.send_now(conn.s, chunk)
        await asyncio.sleep(0.01)
