"""keepalive-timeout and retransmission-timeout."""
import asyncio
import socket

from lab import TCP_USER_TIMEOUT
from scenarios import scenario, side


async def keepalive(lab, conn, rng, v, cut_both):
    who, peer = side(conn, rng)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn)
    await lab.quiet()      # what is unacknowledged would be retransmitted instead
    sock, probes = conn.socks[who], rng.choice((1, 2, 3))
    idle, interval = rng.choice((1, 1, 2)), rng.choice((1, 1, 2))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, probes)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    conn.params.update(keepidle=idle, keepintvl=interval, keepcnt=probes)
    conn.box_flow.drop[peer] = True
    conn.box_flow.drop[who] = cut_both
    await asyncio.sleep(idle + interval * probes + 1.0)
    if rng.random() < 0.3:
        conn.box_flow.drop[peer] = conn.box_flow.drop[who] = False
        lab.send_now(conn.socks[peer], 100)
        await lab.round_trip()


@scenario("keepalive-timeout", weight=2)
async def keepalive_answers_lost(lab, conn, rng, v):
    """Keep-alive probes arrive but their answers are lost; the sender gives up."""
    await keepalive(lab, conn, rng, v, False)


@scenario("keepalive-timeout", weight=2)
async def keepalive_path_cut(lab, conn, rng, v):
    """The path is cut both ways; keep-alive gives up."""
    await keepalive(lab, conn, rng, v, True)


@scenario("keepalive-timeout")
async def keepalive_user_timeout(lab, conn, rng, v):
    """The path is cut; TCP_USER_TIMEOUT ends keep-alive after the first probe."""
    who, peer = side(conn, rng)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn)
    await lab.quiet()
    sock = conn.socks[who]
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 9)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, rng.choice((2500, 3500)))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    conn.box_flow.drop[peer] = True
    conn.box_flow.drop[who] = rng.random() < 0.5
    await asyncio.sleep(6)


async def gave_up(sock, limit):
    """Waits until the kernel has given the connection up; whether it has."""
    waited = 0.0
    while waited < limit:
        if sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\x07":
            return True
        await asyncio.sleep(0.05)
        waited += 0.05
    return False


async def retransmission(lab, conn, rng, v, lose_data):
    who, peer = side(conn, rng)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn)
    await lab.round_trip()
    sock = conn.socks[who]
    sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, rng.choice((1000, 1500, 3000, 6000)))
    conn.box_flow.drop[who], conn.box_flow.drop[peer] = lose_data, True
    lab.send_now(sock, rng.randrange(1, 5000))
    conn.params["gave_up"] = await gave_up(sock, 20)
    if conn.params["gave_up"]:
        conn.mark(who, "retransmission-timeout")
    await asyncio.sleep(rng.uniform(0, 2))
    conn.box_flow.drop[who] = conn.box_flow.drop[peer] = False
    for _ in range(rng.choice((1, 1, 2))):
        lab.send_now(conn.socks[peer], rng.randrange(1, 2000))
        await asyncio.sleep(0.05)


@scenario("retransmission-timeout", weight=2)
async def retransmission_cut(lab, conn, rng, v):
    """Data is sent into a cut path until TCP_USER_TIMEOUT; the path returns and the peer sends."""
    await retransmission(lab, conn, rng, v, True)


@scenario("retransmission-timeout", weight=2)
async def retransmission_acks_lost(lab, conn, rng, v):
    """Data arrives but no acknowledgement comes back until TCP_USER_TIMEOUT; then the peer sends."""
    await retransmission(lab, conn, rng, v, False)
