"""No reset: what must not be reported."""
import asyncio
import socket

from lab import TCP_USER_TIMEOUT
from scenarios import scenario, side

CAUSE = "none"


@scenario(CAUSE, weight=3)
async def clean_close(lab, conn, rng, v):
    """An ordinary exchange and close."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn, big=True)
    conn.socks[who].shutdown(socket.SHUT_WR)
    await lab.receive(conn.socks[peer], 1)
    conn.socks[peer].close()
    await lab.receive(conn.socks[who], 1)
    conn.socks[who].close()


@scenario(CAUSE)
async def killed_clean(lab, conn, rng, v):
    """SIGKILL with nothing unread: an ordinary FIN."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=1)
    await lab.round_trip()
    lab.kill_holder(conn, who)
    await lab.receive(conn.socks[peer], 1)
    conn.socks[peer].close()


@scenario(CAUSE)
async def silent_timeout(lab, conn, rng, v):
    """TCP_USER_TIMEOUT gives up in silence and nobody speaks again."""
    who, peer = side(conn, rng)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn, rounds=1)
    conn.socks[who].setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 1000)
    conn.box_flow.drop["c"] = conn.box_flow.drop["s"] = True
    lab.send_now(conn.socks[who], 500)
    await asyncio.sleep(3)
