"""middlebox-timeout: NAT, load balancer or firewall forgot an idle connection and reset it."""
import asyncio

import box as boxes
import net
import wire
from scenarios import pick, scenario

CAUSE = "middlebox-timeout"


def shape(conn, rng):
    """How this device builds its packets."""
    ttl = rng.choice((64, 64, 128, 255))
    conn.params["box_ttl"] = ttl
    return ttl


def idle_seconds(lab, conn, rng):
    conn.params["idle"] = rng.uniform(1.0, max(1.5, lab.settings.get("idle", 4)))
    return conn.params["idle"]


@scenario(CAUSE, weight=2)
async def idle_reset_both(lab, conn, rng, v):
    """A load balancer's idle timer fires: it sends an RST to both ends."""
    await lab.pair_through_box(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 4))
    ttl = shape(conn, rng)
    await asyncio.sleep(idle_seconds(lab, conn, rng))
    conn.box_flow.drop["c"] = conn.box_flow.drop["s"] = True
    flags = rng.choice((wire.RST | wire.ACK, wire.RST))
    boxes.reset_both(lab.box, conn.box_flow, CAUSE, ttl, flags, sides=pick(conn, rng, "sides", ("sc", "sc", "s", "c")))
    await lab.round_trip()


@scenario(CAUSE, weight=2)
async def idle_then_answered(lab, conn, rng, v):
    """A load balancer has forgotten the idle connection and answers the next packet with an RST."""
    await lab.pair_through_box(conn, v)
    await lab.chat(conn, rounds=rng.randrange(1, 4))
    ttl, with_ack = shape(conn, rng), rng.random() < 0.3
    conn.group = ["half-open-connection"]

    def rule(box, flow, side, segment, packet):
        boxes.answer(box, flow, side, segment, CAUSE, ttl, with_ack=with_ack)
        return True
    await asyncio.sleep(idle_seconds(lab, conn, rng))
    conn.box_flow.rule = rule
    who = pick(conn, rng, "speaker", "ccs")
    lab.send_now(conn.socks[who], rng.randrange(1, 3000))
    await lab.round_trip()


async def through(lab, conn, rng, v, span, server="s", listen_on="s"):
    """A connection on one of the ports the box's netfilter treats specially, with both its tuples."""
    port = lab.server_port(span)
    while (v, port) in lab.listeners:
        port = lab.server_port(span)
    listener = lab.listeners[v, port] = lab.listen(v, port)
    lab.keep.append(listener)
    accepted = lab.loop.create_task(lab.loop.sock_accept(listener))
    lab.client(conn, v)
    try:
        await lab.dial(conn, v, port, server=server)
        conn.socks["s"], peer = await asyncio.wait_for(accepted, 8)
    finally:
        accepted.cancel()
    conn.add_tuple(peer, conn.s.getsockname())
    conn.add_tuple(conn.c.getsockname(), conn.s.getsockname())
    conn.s.setblocking(False)
    await lab.chat(conn, rounds=rng.randrange(1, 3))
    await asyncio.sleep(lab.settings.get("conntrack_idle", 2) + 1.2 + rng.uniform(0, 2))
    conn.params["idle"] = lab.settings.get("conntrack_idle", 2)


@scenario(CAUSE, weight=2)
async def conntrack_expired(lab, conn, rng, v):
    """A stateful firewall's entry expires; the next packet is INVALID and rejected with an RST."""
    conn.reject_cause = CAUSE
    conn.group = ["firewall-reject", "half-open-connection"]
    await through(lab, conn, rng, v, net.CONNTRACK_REJECT)
    lab.send_now(conn.socks[pick(conn, rng, "speaker", "cs")], rng.randrange(1, 2000))
    await lab.round_trip()


@scenario(CAUSE, lan_only=True, versions=(4,))
async def masquerade_expired(lab, conn, rng, v):
    """A NAT's entry expires; the server sends, and the NAT's own stack, which owns the address, resets it."""
    conn.params["resetter"] = "c"
    conn.group = ["half-open-connection"]
    await through(lab, conn, rng, v, net.MASQUERADE)
    conn.mark("b", CAUSE)
    conn.mark("s", CAUSE)
    lab.send_now(conn.s, rng.randrange(1, 2000))
    await lab.round_trip()


@scenario(CAUSE, weight=0.6, lan_only=True, versions=(4,))
async def dnat_expired(lab, conn, rng, v):
    """The NAT before a service forgot the connection; the server's data reaches the client from an address it never met."""
    conn.params["resetter"] = "c"
    conn.group = ["half-open-connection", "unknown"]
    conn.note = "the reset is sent by the client's stack to the server's real address"
    await through(lab, conn, rng, v, net.DNAT, server="vip")
    conn.mark("c", CAUSE)
    lab.send_now(conn.s, rng.randrange(1, 2000))
    await lab.round_trip()
