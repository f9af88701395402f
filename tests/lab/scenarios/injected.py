"""injected-reset: a third party on the path forges resets when it sees a word it does not like."""
import wire
import box as boxes
from scenarios import pick, scenario

CAUSE = "injected-reset"
BAD = b"blocked.example"


def hello(rng):
    """A request, or the start of a TLS ClientHello, that names the blocked host."""
    if rng.random() < 0.5:
        return b"GET / HTTP/1.1\r\nHost: " + BAD + b"\r\n\r\n"
    name = b"\0\0" + (len(BAD) + 5).to_bytes(2, "big") + (len(BAD) + 3).to_bytes(2, "big") + b"\0" + len(BAD).to_bytes(2, "big") + BAD
    body = b"\x03\x03" + bytes(rng.randrange(256) for _ in range(32)) + b"\0\0\x02\x13\x01\x01\0" + len(name).to_bytes(2, "big") + name
    body = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(body).to_bytes(2, "big") + body


class Injector:
    """A flow rule: on the trigger it forges; drop says whether it is in the path (swallows) or beside it."""

    def __init__(self, rng, pattern, sides, drop, on="word"):
        self.rng, self.pattern, self.sides, self.drop, self.on = rng, pattern, sides, drop, on
        self.fired = False
        self.ttl = rng.choice((40, 47, 55, 90, 110, 128, 200, 250, None))
        self.ip_id = rng.choice((0, 64, 256, None))

    def __call__(self, box, flow, side, segment, packet):
        if self.fired:
            return self.drop
        if self.on == "word" and not (side == "c" and BAD in packet):
            return False
        if self.on == "syn" and not (side == "c" and segment.flags & wire.SYN):
            return False
        if self.on == "synack" and not (side == "s" and segment.flags & wire.SYN):
            return False
        self.fired = True
        for claimed in self.sides:
            self.forge(box, flow, side, segment, claimed)
        return self.drop

    def fields(self, flow, claimed, index=0, varying=False):
        ttl = self.ttl if self.ttl is not None else flow.ttl[claimed]
        ip_id = self.ip_id if self.ip_id is not None else self.rng.randrange(65536)
        if varying:
            return {"ttl": min(255, ttl + 3 * index), "window": 900 + 79 * index + self.rng.randrange(30), "ip_id": self.rng.randrange(65536)}
        return {"ttl": ttl, "ip_id": ip_id, "df": self.rng.random() < 0.5}

    def forge(self, box, flow, side, segment, claimed):
        """claimed: in whose name. The numbers come from the triggering segment, as a device beside the path has them."""
        if claimed == side:
            seq, ack = segment.end, segment.ack
        else:
            seq, ack = (segment.ack if segment.flags & wire.ACK else 0), segment.end
        both, bare, ra = wire.RST | wire.ACK, [(0, wire.RST)], [(0, wire.RST | wire.ACK)]
        steps = {"r": bare, "ra": ra, "r3_same": bare * 3, "ra3_same": ra * 3,
                 "ra3_steps": [(0, both), (1460, both), (4380, both)],
                 "r_ra3": [(0, wire.RST), (0, both), (1460, both), (4380, both)],
                 "r_ra": bare + ra, "stale": [(0, wire.RST)]}[self.pattern]
        if self.pattern == "stale":
            seq = (segment.ack - self.rng.randrange(1, 600)) if claimed != side else segment.seq
        for index, (step, flags) in enumerate(steps):
            box.reset(flow, claimed, seq + step, ack if flags & wire.ACK else 0, flags, CAUSE,
                      **self.fields(flow, claimed, index, self.pattern in ("ra3_steps", "r_ra3")))


async def play(lab, conn, rng, v, pattern, on="word"):
    sides = pick(conn, rng, "sides", ("s", "s", "sc", "c") if on == "word" else ("s",))
    injector = Injector(rng, pattern, sides, pick(conn, rng, "in_path", (True, False, False)), on)
    conn.params.update(pattern=pattern, trigger=on, box_ttl=injector.ttl, box_id=injector.ip_id)
    try:
        await lab.pair_through_box(conn, v, rule=injector)
    except (OSError, TimeoutError):
        return
    await lab.chat(conn, rounds=rng.choice((0, 0, 0, 1)))
    conn.c.send(hello(rng))
    try:
        if await lab.receive(conn.s, 10, timeout=1):
            await lab.send(conn.s, rng.randrange(10, 6000))
    except (OSError, TimeoutError):
        pass
    await lab.round_trip()


@scenario(CAUSE, weight=2)
async def injected_single(lab, conn, rng, v):
    """One forged RST or RST-ACK."""
    await play(lab, conn, rng, v, pick(conn, rng, "pattern", ("r", "ra", "ra")))


@scenario(CAUSE, weight=3)
async def injected_steps(lab, conn, rng, v):
    """Several forged RSTs whose sequence numbers step ahead of the data."""
    await play(lab, conn, rng, v, pick(conn, rng, "pattern", ("ra3_steps", "r_ra3")))


@scenario(CAUSE, weight=2)
async def injected_same(lab, conn, rng, v):
    """Several forged RSTs with the same numbers, or an RST and an RST-ACK."""
    await play(lab, conn, rng, v, pick(conn, rng, "pattern", ("r3_same", "ra3_same", "r_ra")))


@scenario(CAUSE, weight=0.7)
async def injected_stale(lab, conn, rng, v):
    """A forged RST whose sequence number is behind the stream."""
    await play(lab, conn, rng, v, "stale")


@scenario(CAUSE, weight=0.7)
async def injected_handshake(lab, conn, rng, v):
    """The handshake itself is answered with forged resets."""
    await play(lab, conn, rng, v, rng.choice(("ra", "ra3_same", "r_ra3")), on=rng.choice(("syn", "synack")))
