"""firewall-reject: netfilter answers in the host's name (REJECT --reject-with tcp-reset)."""
import asyncio

import net
from scenarios import pick, scenario

CAUSE = "firewall-reject"


async def refuse(lab, conn, v, span):
    conn.params["resetter"], conn.reject_cause = "s", CAUSE
    port = lab.server_port(span)
    if lab.rng.random() < 0.5 and (v, port) not in lab.listeners:
        lab.listeners[v, port] = lab.listen(v, port)
        lab.keep.append(lab.listeners[v, port])
    lab.client(conn, v)
    try:
        await lab.dial(conn, v, port)
    except OSError:
        pass


@scenario(CAUSE, weight=2)
async def reject_syn_host(lab, conn, rng, v):
    """The host's own INPUT chain rejects the SYN."""
    await refuse(lab, conn, v, net.REJECT_SYN_HOST)


@scenario(CAUSE, weight=2)
async def reject_syn_router(lab, conn, rng, v):
    """A router's FORWARD chain rejects the SYN."""
    await refuse(lab, conn, v, net.REJECT_SYN_BOX)


@scenario(CAUSE)
async def reject_syn_beside_service(lab, conn, rng, v):
    """A router's FORWARD chain rejects the SYN to one port of a host whose other port it lets through."""
    other = lab.conn(conn.scenario + ":service")
    await lab.pair(other, v)
    await lab.chat(other, rounds=1)
    await refuse(lab, conn, v, net.REJECT_SYN_BOX)


async def word(lab, conn, rng, v, span):
    conn.params["resetter"], conn.reject_cause = "s", CAUSE
    port = lab.server_port(span)
    while (v, port) in lab.listeners:
        port = lab.server_port(span)
    listener = lab.listeners[v, port] = lab.listen(v, port)
    lab.keep.append(listener)
    accepted = lab.loop.create_task(lab.loop.sock_accept(listener))
    lab.client(conn, v)
    try:
        await lab.dial(conn, v, port)
        conn.socks["s"] = (await asyncio.wait_for(accepted, 8))[0]
    finally:
        accepted.cancel()
    conn.s.setblocking(False)
    await lab.chat(conn)
    lab.loop.call_later(10, lab.listeners.pop, (v, port), None)
    if rng.random() < 0.3 and "after" not in conn.params:
        lab.send_now(conn.s, rng.randrange(1, 20000))
    conn.c.send(b"GET /" + net.WORD + b" HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    await lab.round_trip()
    after = pick(conn, rng, "after", ("speaks", "speaks", "closes", "nothing", "nothing"))
    if after == "speaks":
        await lab.think()
        lab.send_now(conn.s, rng.randrange(1, 2000))
    elif after == "closes":
        conn.s.close()


@scenario(CAUSE, weight=2)
async def reject_word_host(lab, conn, rng, v):
    """The host's INPUT chain rejects a forbidden word in mid-stream; the server's socket lives on."""
    await word(lab, conn, rng, v, net.REJECT_WORD_HOST)


@scenario(CAUSE, weight=2)
async def reject_word_router(lab, conn, rng, v):
    """A router's FORWARD chain rejects a forbidden word in mid-stream; the server's socket lives on."""
    await word(lab, conn, rng, v, net.REJECT_WORD_BOX)
