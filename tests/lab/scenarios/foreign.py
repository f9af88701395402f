"""Another stack than Linux: lwIP as the server, behind the server's machine. Played when named (--only foreign).

lwIP has no tracepoint, so the label is what was done. It needs Debian's liblwip0.
"""
import asyncio
import os

import net
from lab import Missing
from lwip_host import ABORT, CLOSE, UNREAD
from scenarios import scenario
from scenarios.programs import Program, running

PORT = 7000
LONGEST = 400   # bytes in a segment to lwIP: Debian's build dies of a broken heap when a frame does not fit one of its buffers
HOST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lwip_host.py")


class Host:
    """One lwIP on a TAP device of its own in the server's namespace."""

    def __init__(self, lab):
        number = lab.next_port["lwip"] = lab.next_port.get("lwip", 0) + 1
        start = lab.network.ip["s", 4].rsplit(".", 2)[0]
        self.lab, self.key, self.device = lab, "lwip%d" % number, "lwip%d" % number
        self.gateway, self.address = "%s.%d.1" % (start, 10 + number), "%s.%d.2" % (start, 10 + number)
        lab.network.ip[self.key, 4] = self.address
        server, box = lab.network.names["s"], lab.network.names["b"]
        net.run("ip", "-n", server, "tuntap", "add", self.device, "mode", "tap")
        net.run("ip", "-n", server, "addr", "add", self.gateway + "/24", "dev", self.device)
        net.run("ip", "-n", server, "link", "set", self.device, "up")
        net.run("ip", "-n", box, "route", "add", "%s/32" % self.address, "via", lab.network.ip["s", 4])
        with lab.network.inside("s"):
            lab.network.sysctl({"net/ipv4/ip_forward": 1})

    async def start(self):
        self.program = Program(self.lab, "s", ("env", "PRECONFIGURED_TAPIF=" + self.device, "python3", HOST, self.address,
                                               self.gateway, str(PORT)))
        for _ in range(100):
            with open(self.program.log) as log:
                text = log.read()
            if "ready" in text:
                return self
            if self.program.process.poll() is not None:
                break
            await asyncio.sleep(0.05)
        raise Missing("lwIP did not start: %s" % text.strip()[-200:])


async def shared(lab):
    return await Host(lab).start()


async def connect(lab, conn, host, cause, how):
    conn.params.update(resetter="s", stack="lwIP")
    conn.foreign_cause = cause
    lab.client(conn, 4)
    await lab.dial(conn, 4, PORT + how, server=host.key)


@scenario("port-not-listening", versions=(4,))
async def lwip_closed_port(lab, conn, rng, v):
    """A SYN to a port where lwIP does not listen."""
    try:
        await connect(lab, conn, await running(lab, shared), "port-not-listening", 100 + rng.randrange(100))
    except OSError:
        pass


@scenario("so-linger-zero", versions=(4,))
async def lwip_linger_zero(lab, conn, rng, v):
    """lwIP answers and closes with SO_LINGER {1, 0} before all of it is acknowledged."""
    await connect(lab, conn, await running(lab, shared), "so-linger-zero", ABORT)
    await lab.send(conn.c, rng.randrange(10, LONGEST))
    await asyncio.sleep(1)


@scenario("unread-receive-buffer", versions=(4,))
async def lwip_unread(lab, conn, rng, v):
    """lwIP closes while the request is unread."""
    await connect(lab, conn, await running(lab, shared), "unread-receive-buffer", UNREAD)
    await lab.send(conn.c, rng.randrange(10, LONGEST))
    await asyncio.sleep(1.2)


@scenario("data-after-close", versions=(4,))
async def lwip_data_after_close(lab, conn, rng, v):
    """lwIP answers and closes; the client sends on."""
    await connect(lab, conn, await running(lab, shared), "data-after-close", CLOSE)
    await lab.send(conn.c, rng.randrange(10, LONGEST))
    await lab.receive(conn.c, 1000)
    await lab.think()
    lab.send_now(conn.c, rng.randrange(10, LONGEST))
    await lab.round_trip()


@scenario("half-open-connection", versions=(4,))
async def lwip_restarted(lab, conn, rng, v):
    """The machine with lwIP loses its power and comes back; the client sends on."""
    host = await Host(lab).start()
    await connect(lab, conn, host, "half-open-connection", CLOSE)
    await lab.quiet()
    host.program.kill()
    await host.start()
    lab.send_now(conn.c, rng.randrange(10, LONGEST))
    await lab.quiet()
