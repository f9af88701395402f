"""so-linger-zero: a live socket is aborted on purpose."""
import asyncio
import ctypes
import socket

import net
from lab import TCP_LINGER2
from scenarios import scenario, side, size

CAUSE = "so-linger-zero"


@scenario(CAUSE, weight=4)
async def linger_zero(lab, conn, rng, v):
    """After an exchange that was read to the end, close() with SO_LINGER {1, 0}."""
    who, _ = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn, big=True)
    lab.abort(conn.socks[who])


@scenario(CAUSE, weight=1.5)
async def linger_zero_reply(lab, conn, rng, v):
    """The server answers and at once aborts with SO_LINGER {1, 0}."""
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.choice((0, 0, 1)))
    await lab.send(conn.c, size(conn, rng, 10, 2000))
    await lab.receive(conn.s, conn.params["size"])
    await lab.send(conn.s, rng.randrange(1, 3000))
    lab.abort(conn.s)
    await lab.round_trip()


@scenario(CAUSE)
async def linger_zero_unanswered(lab, conn, rng, v):
    """The server reads what the client sent, a request or the start of one, and aborts in place of an answer."""
    conn.params["resetter"] = "s"
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.choice((0, 0, 1, 3)))
    await lab.send(conn.c, size(conn, rng, 1, 20000))
    await lab.receive(conn.s, conn.params["size"])
    await asyncio.sleep(rng.choice((0, 0, rng.uniform(0.05, 3))))
    lab.abort(conn.s)
    await lab.round_trip()


@scenario(CAUSE)
async def linger_zero_fin_wait2(lab, conn, rng, v):
    """shutdown(SHUT_WR), the FIN is acknowledged, then close() with SO_LINGER {1, 0}."""
    who, _ = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.socks[who].shutdown(socket.SHUT_WR)
    await lab.round_trip()
    lab.abort(conn.socks[who])


@scenario(CAUSE)
async def linger_zero_close_wait(lab, conn, rng, v):
    """The peer closes first; its FIN is read, then close() with SO_LINGER {1, 0}."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.socks[peer].shutdown(socket.SHUT_WR)
    await lab.receive(conn.socks[who], 1)
    await lab.think()
    lab.abort(conn.socks[who])


@scenario(CAUSE)
async def linger_zero_unsent(lab, conn, rng, v):
    """Much is written that the peer does not read, then close() with SO_LINGER {1, 0}."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v, c_rcvbuf=20000 if who == "s" else None, rcvbuf=20000 if who == "c" else None)
    await lab.chat(conn)
    lab.send_now(conn.socks[who], size(conn, rng, 20000, 400000))
    await lab.round_trip()
    lab.abort(conn.socks[who])


@scenario(CAUSE)
async def disconnect(lab, conn, rng, v):
    """connect(AF_UNSPEC) on a live socket."""
    who, _ = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    net.LIBC.connect(conn.socks[who].fileno(), ctypes.create_string_buffer(16), 16)


@scenario(CAUSE)
async def destroyed(lab, conn, rng, v):
    """SOCK_DESTROY, as `ss -K` does."""
    who, _ = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    lab.destroy(conn, who)


@scenario(CAUSE, weight=0.5)
async def destroyed_unread(lab, conn, rng, v):
    """SOCK_DESTROY while received data waits; the kernel does not purge the queue first."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    lab.send_now(conn.socks[peer], size(conn, rng, 10, 60000))
    await lab.unread(conn.socks[who], conn.params["size"], 1)
    lab.destroy(conn, who)


@scenario(CAUSE)
async def listener_closed(lab, conn, rng, v):
    """A listener is closed while connections it never accepted wait, some with a request."""
    port = lab.server_port()
    listener = lab.listen(v, port)
    conns = [conn] + [lab.conn(conn.scenario) for _ in range(rng.choice((0, 0, 1, 3)))]
    with_data = rng.random() < 0.5
    for one in conns:
        one.params.update(resetter="s", siblings=len(conns))
        lab.client(one, v)
        await lab.dial(one, v, port)
        if with_data:
            lab.send_now(one.c, rng.randrange(10, 2000))
    await lab.round_trip()
    listener.close()


@scenario(CAUSE, weight=0.5)
async def linger2_negative(lab, conn, rng, v):
    """TCP_LINGER2 -1: shutdown(SHUT_WR), the FIN is acknowledged, close() resets."""
    who, _ = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    sock = conn.socks[who]
    sock.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    sock.shutdown(socket.SHUT_WR)
    await asyncio.sleep(0.2)    # the FIN's acknowledgement may be a delayed one
    await lab.round_trip()
    sock.close()


@scenario(CAUSE)
async def pool_reaped(lab, conn, rng, v):
    """A pooled connection is idle for a while, then its owner aborts it."""
    who, _ = side(conn, rng, server=0.3)
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 5))
    await asyncio.sleep(rng.uniform(0.5, lab.settings.get("idle", 4)))
    lab.abort(conn.socks[who])


@scenario(CAUSE, weight=0.7)
async def pool_reaped_kept_alive(lab, conn, rng, v):
    """As pool_reaped, and keep-alive probes run on the connection; all of them are answered."""
    who, _ = side(conn, rng, server=0.5)
    conn.group = ["keepalive-timeout"]      # whether the answers arrived only its own end can tell
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 5))
    sock, seconds = conn.socks[who], rng.choice((1, 1, 2))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, seconds)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    await asyncio.sleep(rng.uniform(1.2, 6))
    lab.abort(sock)
