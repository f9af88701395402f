"""port-not-listening: the SYN itself is refused by the host."""
from scenarios import scenario

CAUSE = "port-not-listening"


async def attempt(lab, conn, v, port):
    conn.params["resetter"] = "s"
    conn.mark("s", CAUSE)
    lab.client(conn, v)
    try:
        await lab.dial(conn, v, port)
    except OSError:
        pass


@scenario(CAUSE, weight=3)
async def closed_port(lab, conn, rng, v):
    """Nothing ever listened on the port."""
    await attempt(lab, conn, v, lab.server_port())


@scenario(CAUSE)
async def closed_port_retried(lab, conn, rng, v):
    """Several attempts on a closed port, each from a new client port."""
    port = lab.server_port()
    for one in [conn] + [lab.conn(conn.scenario) for _ in range(rng.choice((1, 2)))]:
        await attempt(lab, one, v, port)
        await lab.think()


@scenario(CAUSE)
async def listener_gone(lab, conn, rng, v):
    """A service that worked has stopped."""
    port = lab.server_port()
    before = lab.conn(conn.scenario + ":before")
    await lab.pair(before, v, port=port, close_listener=True)
    await lab.chat(before, rounds=1)
    before.c.close()
    before.s.close()
    await attempt(lab, conn, v, port)


@scenario(CAUSE, weight=0.5)
async def bound_not_listening(lab, conn, rng, v):
    """A socket is bound to the port but does not listen."""
    port = lab.server_port()
    sock = lab.socket("s", v)
    sock.bind((lab.network.ip["s", v], port))
    lab.keep.append(sock)
    await attempt(lab, conn, v, port)
