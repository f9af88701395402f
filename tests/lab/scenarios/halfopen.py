"""half-open-connection: the resetter no longer knew the connection when its peer spoke."""
import asyncio
import socket
import struct

import net
from scenarios import scenario, side

CAUSE = "half-open-connection"


@scenario(CAUSE, weight=3)
async def vanished_then_data(lab, conn, rng, v):
    """One end loses the connection without a packet; the other sends data."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    await lab.round_trip()
    lab.vanish(conn, who)
    await asyncio.sleep(rng.uniform(0.01, lab.settings.get("idle", 4)))
    for _ in range(rng.choice((1, 1, 2, 3))):
        lab.send_now(conn.socks[peer], rng.randrange(1, 4000))


@scenario(CAUSE)
async def vanished_then_fin(lab, conn, rng, v):
    """One end loses the connection without a packet; the other closes."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    await lab.round_trip()
    lab.vanish(conn, who)
    await lab.think()
    conn.socks[peer].close()


@scenario(CAUSE)
async def vanished_then_probe(lab, conn, rng, v):
    """One end loses the connection without a packet; the other's keep-alive probe finds out."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    sock = conn.socks[peer]
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, rng.choice((1, 2)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    await lab.round_trip()
    lab.vanish(conn, who)
    await asyncio.sleep(3)


@scenario(CAUSE, weight=2)
async def reconnect(lab, conn, rng, v):
    """The client loses the connection and dials again from the same port: SYN, challenge ACK, RST, SYN."""
    conn.params["resetter"] = "c"
    await lab.pair(conn, v, close_listener=False)
    await lab.chat(conn)
    await lab.round_trip()
    (_, port), (_, server_port) = conn.tuples[0]
    lab.vanish(conn, "c")
    conn.socks["old"] = conn.socks["s"]
    await lab.think()
    lab.client(conn, v, port=port)
    if (v, server_port) in lab.listeners:
        waiter = lab.waiting[conn.c.getsockname()[:2]] = lab.loop.create_future()
        await lab.dial(conn, v, server_port)
        conn.socks["s"] = await asyncio.wait_for(waiter, 8)
    else:
        await lab.dial(conn, v, server_port)
    conn.tuples.pop()
    await lab.round_trip()


@scenario(CAUSE)
async def restarted_unplugged(lab, conn, rng, v):
    """The path is cut, the service is aborted so that its reset is lost, and restarts; the path returns and the peer sends."""
    who, peer = side(conn, rng, server=0.9)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn)
    await lab.round_trip()
    flow = conn.box_flow
    flow.drop["c"] = flow.drop["s"] = True
    if rng.random() < 0.5:
        lab.abort(conn.socks[who])
    else:
        lab.vanish(conn, who)
    await asyncio.sleep(0.02)
    conn.mark(who, CAUSE)
    if rng.random() < 0.5:
        conn.listener.close()
    await asyncio.sleep(rng.uniform(0.2, lab.settings.get("idle", 4)))
    flow.drop["c"] = flow.drop["s"] = False
    lab.send_now(conn.socks[peer], rng.randrange(1, 2000))


@scenario(CAUSE)
async def retransmits_into_reboot(lab, conn, rng, v):
    """The peer sends while the path is cut; when it returns, the other end no longer knows the connection."""
    who, peer = side(conn, rng, server=0.8)
    await lab.pair_through_box(conn, v)
    await lab.chat(conn)
    await lab.round_trip()
    flow = conn.box_flow
    flow.drop["c"] = flow.drop["s"] = True
    lab.vanish(conn, who)
    lab.send_now(conn.socks[peer], rng.randrange(1, 3000))
    await asyncio.sleep(rng.uniform(0.3, 2))
    flow.drop["c"] = flow.drop["s"] = False
    await asyncio.sleep(2.5)


@scenario(CAUSE, weight=0, lan_only=True, versions=(4,))
async def founding_restart(lab, conn, rng, v):
    """The server's link goes down, its process is killed and started again, the link comes up, the client sends."""
    conn.params["resetter"] = "s"
    port = lab.server_port()
    await lab.pair(conn, v, port=port, close_listener=True)
    await lab.chat(conn, rounds=1)
    await lab.round_trip()
    box = lab.network.names["b"]
    net.run("ip", "-n", box, "link", "set", "bs", "down")
    conn.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    lab.kill_holder(conn, "s")
    await asyncio.sleep(3.6)    # the reset may wait for ARP that long
    conn.mark("s", CAUSE)
    lab.keep.append(lab.listen(v, port))
    net.run("ip", "-n", box, "link", "set", "bs", "up")
    await asyncio.sleep(1)
    lab.send_now(conn.c, 20)
    await asyncio.sleep(1)
