"""unknown: resets of real stacks that none of the causes describes."""
import struct

import net
import wire
from lab import Missing
from scenarios import scenario
from scenarios.handshake import raw_syn

CAUSE = "unknown"


def probe(lab, conn, rng, v, port, flags, payload=b""):
    conn.params["resetter"] = "s"
    conn.mark("s", CAUSE)
    client, server = (lab.network.ip["c", v], lab.client_port()), (lab.network.ip["s", v], port)
    conn.add_tuple(client, server)
    lab.raw("c", wire.tcp_packet(wire.pack_ip(client[0]), client[1], wire.pack_ip(server[0]), port, rng.randrange(2 ** 32),
                                 rng.randrange(2 ** 32) if flags & wire.ACK else 0, flags, 1024, payload, ip_id=rng.randrange(65536)))


@scenario(CAUSE)
async def scan_flags(lab, conn, rng, v):
    """A scanner's FIN, FIN-PSH-URG, or data without ACK to a closed port."""
    conn.group = ["port-not-listening"]     # nobody listens there, though nobody tried to connect either
    flags, data = rng.choice(((wire.FIN, b""), (wire.FIN | wire.PSH | wire.URG, b""), (wire.PSH, b"data"), (0, b"")))
    probe(lab, conn, rng, v, lab.server_port(), flags, data)
    await lab.round_trip()


@scenario(CAUSE)
async def scan_ack(lab, conn, rng, v):
    """A scanner's lone ACK to a port nobody has a connection on."""
    conn.group = ["half-open-connection"]
    port = lab.server_port()
    if rng.random() < 0.5:
        lab.keep.append(lab.listen(v, port))
    probe(lab, conn, rng, v, port, wire.ACK)
    await lab.round_trip()


@scenario(CAUSE)
async def second_syn(lab, conn, rng, v):
    """A second SYN with another number while the first waits in SYN_RECV."""
    conn.params["resetter"] = "s"
    conn.reasons["s", "INVALID_SYN"] = CAUSE
    conn.mark("c", "handshake-abandoned")
    port = lab.server_port(net.TUN_PORTS)
    lab.keep.append(lab.listen(v, port))
    client, server = (lab.network.ip["c", v], lab.client_port()), (lab.network.ip["s", v], port)
    conn.add_tuple(client, server)
    conn.box_flow = lab.box.flow(client, server)
    conn.box_flow.drop["s"] = True
    isn = rng.randrange(2 ** 31)
    for number, wait in ((isn, True), (isn + 100, False)):
        lab.raw("c", wire.tcp_packet(wire.pack_ip(client[0]), client[1], wire.pack_ip(server[0]), port, number, 0, wire.SYN, 1024))
        if wait:
            await lab.round_trip()
            conn.box_flow.drop["s"] = False
    await lab.round_trip()


@scenario(CAUSE, weight=0.5)
async def impossible_timestamp(lab, conn, rng, v):
    """The SYN is answered with a SYN-ACK that echoes a timestamp never sent; the client resets that and dials on."""
    if not lab.settings.get("sysctl", {}).get("net/ipv4/tcp_timestamps", 1):
        raise Missing("needs timestamps")
    conn.params["resetter"] = "c"
    conn.group = ["handshake-abandoned", "half-open-connection"]

    def forge(box, flow, side, segment, packet):
        if side == "c" and segment.flags & wire.SYN and not flow.state:
            flow.state["done"] = True
            stamps = struct.pack("!BBIIBB", 8, 10, rng.randrange(2 ** 32), rng.randrange(2 ** 32), 1, 1)
            box.write(wire.tcp_packet(flow.server[0], flow.server[1], flow.client[0], flow.client[1], rng.randrange(2 ** 32),
                                      segment.end, wire.SYN | wire.ACK, 64240, options=b"\x02\x04\x05\xb4" + stamps, ttl=62))
            return True
        return False
    await lab.pair_through_box(conn, v, rule=forge)
    await lab.chat(conn)
