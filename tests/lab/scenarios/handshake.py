"""handshake-abandoned and accept-queue-overflow."""
import asyncio
import socket

import net
import wire
from lab import TCP_DEFER_ACCEPT, TCP_QUICKACK
from scenarios import scenario

ABANDONED, OVERFLOW = "handshake-abandoned", "accept-queue-overflow"


def raw_syn(lab, conn, rng, v, port, source="c", options=b"\x02\x04\x05\xb4", window=1024, isn=None):
    """A SYN no socket of the client knows of."""
    client, server = (lab.network.ip[source, v], lab.client_port()), (lab.network.ip["s", v], port)
    conn.add_tuple(client, server)
    isn = rng.randrange(2 ** 32) if isn is None else isn
    lab.raw("c", wire.tcp_packet(wire.pack_ip(client[0]), client[1], wire.pack_ip(server[0]), port, isn, 0, wire.SYN,
                                 window, options=options, ip_id=rng.randrange(65536), df=rng.random() < 0.5))
    return isn


@scenario(ABANDONED, weight=2)
async def half_open_scan(lab, conn, rng, v):
    """A scanner or health probe sends a SYN of its own; its kernel resets the SYN-ACK."""
    conn.params["resetter"] = "c"
    port = lab.server_port()
    lab.keep.append(lab.listen(v, port))
    conn.mark("c", ABANDONED)
    raw_syn(lab, conn, rng, v, port, window=rng.choice((1024, 5840, 64240)))
    await lab.round_trip()


@scenario(ABANDONED, versions=(4,))
async def spoofed_syn(lab, conn, rng, v):
    """A SYN with somebody else's address; that host resets the SYN-ACK it never asked for."""
    conn.params["resetter"] = "c"
    port = lab.server_port()
    lab.keep.append(lab.listen(v, port))
    conn.mark("c", ABANDONED)
    raw_syn(lab, conn, rng, v, port, source="c2", options=rng.choice((b"", b"\x02\x04\x05\xb4")))
    await lab.round_trip()


@scenario(ABANDONED, weight=2)
async def late_syn_ack(lab, conn, rng, v):
    """The client gives up connecting; the SYN-ACK arrives later."""
    conn.params["resetter"] = "c"
    port = lab.server_port(net.TUN_PORTS)
    lab.keep.append(lab.listen(v, port))
    sock = lab.client(conn, v)
    conn.box_flow = lab.box.flow(sock.getsockname(), (lab.network.ip["s", v], port))
    conn.box_flow.hold["s"] = rng.uniform(0.3, 2)
    conn.mark("c", ABANDONED)
    try:
        await lab.dial(conn, v, port, timeout=conn.box_flow.hold["s"] * 0.6)
    except asyncio.TimeoutError:
        pass
    sock.close()
    await asyncio.sleep(2.5)


@scenario(ABANDONED, weight=0.5)
async def wrong_syn_ack(lab, conn, rng, v):
    """The SYN is answered by somebody with a SYN-ACK for another SYN; the client resets that and dials on."""
    conn.params["resetter"] = "c"
    conn.reasons["c", "TCP_INVALID_ACK_SEQUENCE"] = ABANDONED
    conn.group = ["half-open-connection", "unknown"]

    def forge(box, flow, side, segment, packet):
        if side == "c" and segment.flags & wire.SYN and not flow.state:
            flow.state["done"] = True
            box.write(wire.tcp_packet(flow.server[0], flow.server[1], flow.client[0], flow.client[1], rng.randrange(2 ** 32),
                                      segment.seq + 5000, wire.SYN | wire.ACK, 64240, options=b"\x02\x04\x05\xb4", ttl=62))
            return True
        return False
    await lab.pair_through_box(conn, v, rule=forge)
    await lab.chat(conn)


def slow_client(lab, conn, v):
    """A client whose handshake ACK waits for the delayed-ACK timer or its first data."""
    sock = lab.client(conn, v)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_QUICKACK, 0)
    return sock


@scenario(OVERFLOW, weight=2)
async def overflow(lab, conn, rng, v):
    """The accept queue is full and tcp_abort_on_overflow is set."""
    port, backlog = lab.server_port(), rng.choice((2, 4, 6))
    listener = lab.listen(v, port, backlog=backlog)
    lab.keep.append(listener)
    fill = [lab.conn(conn.scenario + ":fill") for _ in range(backlog)]
    for one in fill:
        lab.client(one, v)
        await lab.dial(one, v, port)
    await lab.round_trip()
    late = [conn] + [lab.conn(conn.scenario) for _ in range(backlog - 1)]
    talk = rng.random() < 0.5
    await asyncio.gather(*(late_dial(lab, one, v, port, talk and rng.randrange(1, 900)) for one in late))
    await asyncio.sleep(0.4)


async def late_dial(lab, conn, v, port, request):
    conn.params["resetter"] = "s"
    slow_client(lab, conn, v)
    try:
        await lab.dial(conn, v, port)
        if request:
            lab.send_now(conn.c, request)
    except OSError:
        pass
    except asyncio.TimeoutError:
        conn.note = "the SYN was dropped"


@scenario(OVERFLOW)
async def overflow_deferred(lab, conn, rng, v):
    """TCP_DEFER_ACCEPT keeps the handshakes open until the first data; then the queue is full."""
    port, backlog = lab.server_port(), rng.choice((2, 4))
    listener = lab.listen(v, port, backlog=backlog)
    lab.keep.append(listener)
    for _ in range(backlog):
        one = lab.conn(conn.scenario + ":fill")
        lab.client(one, v)
        await lab.dial(one, v, port)
    await lab.round_trip()
    listener.setsockopt(socket.IPPROTO_TCP, TCP_DEFER_ACCEPT, 5)
    late = [conn] + [lab.conn(conn.scenario) for _ in range(backlog - 1)]
    for one in late:
        one.params["resetter"] = "s"
        lab.client(one, v)
        await lab.dial(one, v, port)
    for one in late:
        lab.send_now(one.c, rng.randrange(1, 2000))
    await lab.round_trip()


@scenario(OVERFLOW)
async def backend_swapped(lab, conn, rng, v):
    """The listener is gone (or another one there) when the handshake's last ACK arrives."""
    conn.params["resetter"] = "s"
    port = lab.server_port()
    listener = lab.listen(v, port)
    conn.mark("s", OVERFLOW)
    slow_client(lab, conn, v)
    await lab.dial(conn, v, port)
    listener.close()
    if rng.random() < 0.5:
        lab.keep.append(lab.listen(v, port))
    if rng.random() < 0.5:
        lab.send_now(conn.c, rng.randrange(1, 900))
    await asyncio.sleep(0.4)
