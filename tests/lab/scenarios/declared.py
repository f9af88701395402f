"""declared-reason: the RST says why itself."""
import asyncio
import struct

import box as boxes
import wire
from scenarios import scenario, side, size
from scenarios.handshake import raw_syn

CAUSE = "declared-reason"


def payload(rng):
    """What diagnostic resets carry: the IETF draft's 8 bytes, or text."""
    if rng.random() < 0.5:
        return struct.pack("!HHI", 0x33AA, rng.randrange(1, 18), 0)
    return rng.choice((b"Access Denied", b"No listener", b"idle timeout", b"connection limit reached (pool 3)",
                       b"policy: category blocked, rule 112"))


@scenario(CAUSE, weight=2)
async def declared_on_request(lab, conn, rng, v):
    """A device in the path answers a request with an RST that carries its reason."""
    text = payload(rng)
    ttl = rng.choice((64, 128, 255))

    def rule(box, flow, sender, segment, packet):
        boxes.answer(box, flow, sender, segment, CAUSE, ttl, with_ack=True, payload=text)
        return True
    await lab.pair_through_box(conn, v)
    await lab.chat(conn, rounds=rng.choice((0, 0, 1)))
    conn.params["payload"] = text.hex()
    conn.box_flow.rule = rule
    lab.send_now(conn.c, rng.randrange(10, 1400))
    await lab.round_trip()


@scenario(CAUSE)
async def declared_on_idle(lab, conn, rng, v):
    """A load balancer's idle timer fires; its RSTs to both ends say so."""
    await lab.pair_through_box(conn, v)
    await lab.chat(conn, rounds=1)
    await asyncio.sleep(rng.uniform(0.5, lab.settings.get("idle", 4)))
    text = payload(rng)
    conn.params["payload"] = text.hex()
    conn.box_flow.drop["c"] = conn.box_flow.drop["s"] = True
    boxes.reset_both(lab.box, conn.box_flow, CAUSE, rng.choice((64, 255)), payload=text)
    await lab.round_trip()


@scenario(CAUSE, weight=1.5)
async def mptcp_stray_join(lab, conn, rng, v):
    """An MP_JOIN for a connection the server does not have: its RST carries MP_TCPRST with the reason."""
    conn.params.update(resetter="s", mptcp=True)
    port = lab.server_port()
    lab.keep.append(lab.listen(v, port, mptcp=True))
    join = b"\x1e\x0c\x10\x01" + bytes(rng.randrange(256) for _ in range(8))
    raw_syn(lab, conn, rng, v, port, options=b"\x02\x04\x05\xb4" + join, window=64240)
    await lab.round_trip()


async def mptcp(lab, conn, rng, v):
    """An MPTCP connection after an exchange; the kernel gives every abort of it one reason, so what was done decides."""
    who, peer = side(conn, rng)
    conn.params["mptcp"] = True
    conn.group = ["so-linger-zero", "unread-receive-buffer"]
    await lab.pair(conn, v, mptcp=True)
    await lab.chat(conn)
    return who, peer


@scenario("unread-receive-buffer", weight=0.7)
async def mptcp_unread(lab, conn, rng, v):
    """An MPTCP connection is closed with unread data: the RST carries MP_FASTCLOSE, and MP_TCPRST without a reason."""
    who, peer = await mptcp(lab, conn, rng, v)
    lab.send_now(conn.socks[peer], size(conn, rng, 1, 20000))
    await lab.unread(conn.socks[who], 1, 1)
    conn.socks[who].close()
    await lab.round_trip()


@scenario("so-linger-zero", weight=0.7)
async def mptcp_linger_zero(lab, conn, rng, v):
    """An MPTCP connection is closed with SO_LINGER {1, 0}: the RST carries MP_FASTCLOSE, and MP_TCPRST without a reason."""
    who, _ = await mptcp(lab, conn, rng, v)
    conn.reasons[who, "TCP_ABORT_ON_CLOSE"] = "so-linger-zero"
    lab.abort(conn.socks[who])
    await lab.round_trip()
