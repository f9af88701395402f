"""unread-receive-buffer: close() or exit while received data was unread."""
import asyncio
import socket

from scenarios import scenario, side, size

CAUSE = "unread-receive-buffer"


async def fill(lab, conn, rng, who, peer, high=90000):
    """The peer sends what `who` will not read."""
    amount = size(conn, rng, 1, high, "unread")
    lab.send_now(conn.socks[peer], amount)
    conn.params["queued"] = await lab.unread(conn.socks[who], amount, rng.choice((0.5, 2)))


@scenario(CAUSE, weight=3)
async def close_unread(lab, conn, rng, v):
    """Data arrives, nothing of it is read, close()."""
    who, peer = side(conn, rng)
    small = rng.choice((None, None, 8192, 40000))
    await lab.pair(conn, v, **({"rcvbuf" if who == "s" else "c_rcvbuf": small} if small else {}))
    conn.params["rcvbuf"] = small
    await lab.chat(conn)
    await fill(lab, conn, rng, who, peer)
    await lab.think()
    conn.socks[who].close()


@scenario(CAUSE)
async def founding(lab, conn, rng, v):
    """The server accepts and reads nothing, the client sends "Hello world.", the server sleeps and closes."""
    conn.params["resetter"] = "s"
    await lab.pair(conn, v, port=lab.server_port())
    conn.c.send(b"Hello world.\n")
    await asyncio.sleep(rng.uniform(0.2, 3))
    conn.s.close()


@scenario(CAUSE, weight=2)
async def reply_unread(lab, conn, rng, v):
    """The server answers without reading the request, then closes."""
    await lab.pair(conn, v)
    conn.params["resetter"] = "s"
    await lab.chat(conn)
    await fill(lab, conn, rng, "s", "c", 20000)
    await lab.send(conn.s, rng.randrange(20, 4000))
    conn.s.close()
    await lab.round_trip()


@scenario(CAUSE, weight=1.5)
async def close_partly_read(lab, conn, rng, v):
    """Part of what arrived is read, then close()."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    await fill(lab, conn, rng, who, peer)
    waiting = conn.params["queued"]
    if waiting > 1:
        await lab.receive(conn.socks[who], rng.randrange(1, waiting))
    conn.socks[who].close()


@scenario(CAUSE)
async def close_unread_after_fin(lab, conn, rng, v):
    """The peer sends and closes; nothing of it is read, close()."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    await fill(lab, conn, rng, who, peer)
    conn.socks[peer].shutdown(socket.SHUT_WR)
    await lab.round_trip()
    conn.socks[who].close()


@scenario(CAUSE)
async def shutdown_then_unread(lab, conn, rng, v):
    """shutdown(SHUT_WR), the peer goes on sending, then close() with that unread."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.socks[who].shutdown(socket.SHUT_WR)
    await lab.round_trip()
    await fill(lab, conn, rng, who, peer)
    conn.socks[who].close()


@scenario(CAUSE, weight=0.5)
async def shutdown_read_then_close(lab, conn, rng, v):
    """shutdown(SHUT_RD), the peer sends, close()."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    conn.socks[who].shutdown(socket.SHUT_RD)
    await fill(lab, conn, rng, who, peer, 5000)
    conn.socks[who].close()


@scenario(CAUSE, weight=0.7)
async def killed_unread(lab, conn, rng, v):
    """The process that holds the socket is killed with SIGKILL while data waits."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v)
    await lab.chat(conn)
    await fill(lab, conn, rng, who, peer, 60000)
    lab.kill_holder(conn, who)


@scenario(CAUSE, weight=1.5)
async def cancelled_download(lab, conn, rng, v):
    """The client closes in the middle of a download; what was on the way is answered by more resets."""
    conn.params["resetter"] = "c"
    await lab.pair(conn, v)
    await lab.chat(conn, rounds=rng.choice((0, 1)))
    await lab.send(conn.c, 200)
    await lab.receive(conn.s, 200)
    total = size(conn, rng, 30000, 1500000)
    sender = lab.loop.create_task(lab.send(conn.s, total))
    sender.add_done_callback(lambda task: task.cancelled() or task.exception())
    await lab.receive(conn.c, rng.randrange(1, 20000))
    await asyncio.sleep(rng.uniform(0, 0.1))
    conn.c.close()
    await lab.round_trip()
    sender.cancel()


@scenario(CAUSE)
async def refused_upload(lab, conn, rng, v):
    """An upload is answered early and the connection closed while the body still comes."""
    conn.params["resetter"] = "s"
    await lab.pair(conn, v)
    total = size(conn, rng, 30000, 1000000)
    sender = lab.loop.create_task(lab.send(conn.c, total))
    sender.add_done_callback(lambda task: task.cancelled() or task.exception())
    await lab.receive(conn.s, rng.randrange(100, 1500))
    await lab.send(conn.s, 300)
    conn.s.close()
    await lab.round_trip()
    sender.cancel()


@scenario(CAUSE)
async def upstream_dead(lab, conn, rng, v):
    """A proxy accepts, its upstream refuses, it closes without reading the request."""
    conn.params["resetter"] = "s"
    await lab.pair(conn, v)
    lab.send_now(conn.c, size(conn, rng, 20, 3000, "unread"))
    await lab.unread(conn.s, 1)
    conn.s.close()


@scenario(CAUSE, weight=0.5)
async def zero_window_close(lab, conn, rng, v):
    """The receiver lets its window fill up, then closes."""
    who, peer = side(conn, rng)
    await lab.pair(conn, v, **{"rcvbuf" if who == "s" else "c_rcvbuf": rng.choice((8192, 20000))})
    await lab.chat(conn, rounds=0)
    lab.send_now(conn.socks[peer], 200000)
    await asyncio.sleep(rng.uniform(0.1, 0.6))
    conn.socks[who].close()


@scenario(CAUSE)
async def answer_unread(lab, conn, rng, v):
    """The client asks, the answer comes whole, close() with all of it or its end unread."""
    conn.params["resetter"] = "c"
    await lab.pair(conn, v)
    await lab.chat(conn)
    await lab.send(conn.c, size(conn, rng, 20, 2000, "request"))
    await lab.receive(conn.s, conn.params["request"])
    if rng.random() < 0.5:
        await lab.think()
    await lab.send(conn.s, size(conn, rng, 20, 20000))
    conn.params["queued"] = await lab.unread(conn.c, conn.params["size"], 2)
    if conn.params["queued"] > 1 and rng.random() < 0.3:
        await lab.receive(conn.c, rng.randrange(1, conn.params["queued"]))
    await lab.think()
    conn.c.close()
