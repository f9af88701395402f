"""How TLS ends: close_notify read, unread, late or never sent. TLS 1.2 shows an alert's record type, 1.3 hides it. Needs the
openssl program for a certificate; played when named (--only tls)."""
import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import tempfile

from lab import Missing
from scenarios import pick, scenario, side, size

UNREAD, LINGER, CLOSED = "unread-receive-buffer", "so-linger-zero", "data-after-close"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def certified(context, name):
    """Gives the context a self-signed certificate made for it."""
    if not shutil.which("openssl"):
        raise Missing("openssl is not installed")
    with tempfile.TemporaryDirectory(prefix="whyrst-tls-") as folder:
        key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                               "-days", "2", "-subj", "/CN=" + name, "-keyout", key, "-out", certificate],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if made.returncode:
            raise Missing("openssl makes no certificate: %s" % made.stderr.strip()[-200:])
        context.load_cert_chain(certificate, key)
    return context


def contexts(lab, version):
    """{side: context} that speak this version only; one certificate for all connections of a batch."""
    if "tls" not in lab.programs:
        if not (ssl.HAS_TLSv1_2 and ssl.HAS_TLSv1_3):
            raise Missing("this Python's ssl lacks TLS 1.2 or 1.3")
        lab.programs["tls"] = certified(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "lab.example")
        lab.programs["tls-client"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lab.programs["tls-client"].check_hostname = False
        lab.programs["tls-client"].verify_mode = ssl.CERT_NONE
    found = {"c": lab.programs["tls-client"], "s": lab.programs["tls"]}
    for context in found.values():      # a session keeps the version it began with
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, VERSIONS[version]
    return found


class Tls:
    """One end. What it has not read off the socket waits in the kernel, as a program's would."""

    def __init__(self, lab, sock, context, server):
        self.lab, self.sock = lab, sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_side=server)

    async def flush(self):
        data = self.outgoing.read()
        if data:
            await asyncio.wait_for(self.lab.loop.sock_sendall(self.sock, data), 20)

    async def until(self, step, *arguments):
        """Repeats a step of the session until it needs no more from the peer; its result."""
        while True:
            try:
                result = step(*arguments)
                await self.flush()
                return result
            except ssl.SSLWantReadError:
                await self.flush()
                data = await asyncio.wait_for(self.lab.loop.sock_recv(self.sock, 65536), 20)
                self.incoming.write(data) if data else self.incoming.write_eof()

    async def send(self, amount):
        self.session.write(b"x" * amount)
        await self.flush()

    async def receive(self, amount):
        while amount > 0:
            amount -= len(await self.until(self.session.read, amount)) or amount

    async def receive_alert(self):
        try:
            return await self.until(self.session.read, 1)
        except ssl.SSLZeroReturnError:
            return b""

    async def notify(self):
        """Sends close_notify and does not wait for the peer's."""
        try:
            self.session.unwrap()
        except ssl.SSLWantReadError:
            pass
        await self.flush()


async def pair(lab, conn, rng, v, version=None):
    """{side: Tls} after the handshake and some exchanges, all read."""
    version = version or pick(conn, rng, "tls", ["1.2", "1.3"])
    await lab.pair(conn, v)
    ends = {who: Tls(lab, conn.socks[who], context, who == "s") for who, context in contexts(lab, version).items()}
    await asyncio.gather(*(end.until(end.session.do_handshake) for end in ends.values()))
    for _ in range(pick(conn, rng, "rounds", [1, 1, 1, 2, 3])):
        for one, two in (("c", "s"), ("s", "c")):
            amount = size(conn, rng, 20, 12000, one)
            reading = lab.loop.create_task(ends[two].receive(amount))
            await ends[one].send(amount)
            await reading
        await lab.think()
    return ends


async def say_goodbye(lab, conn, rng, ends, who, peer):
    """The peer sends close_notify, alone or with a FIN behind it; returns when it waits at the other end."""
    conn.params["queued"] = queued = await lab.unread(conn.socks[who], 1, 0.01)
    await ends[peer].notify()
    if pick(conn, rng, "fin", [False, True, True]):
        conn.socks[peer].shutdown(socket.SHUT_WR)
    await lab.unread(conn.socks[who], queued + 1, 2)
    await lab.round_trip()


@scenario(UNREAD, weight=3)
async def tls_alert_unread(lab, conn, rng, v):
    """The peer ends TLS (close_notify, mostly and a FIN); close() without reading that."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    await say_goodbye(lab, conn, rng, ends, who, peer)
    await lab.think()
    conn.socks[who].close()


@scenario(UNREAD)
async def killed_tls_alert_unread(lab, conn, rng, v):
    """The process is killed with SIGKILL while the peer's close_notify waits unread."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    await say_goodbye(lab, conn, rng, ends, who, peer)
    lab.kill_holder(conn, who)


@scenario(UNREAD, weight=2)
async def tls_answer_unread(lab, conn, rng, v):
    """Sends close_notify, the peer answers it with its own, close() with that unread: SSL_shutdown() called only once."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    await ends[who].notify()
    await ends[peer].receive_alert()
    await say_goodbye(lab, conn, rng, ends, who, peer)
    conn.socks[who].close()


@scenario(UNREAD)
async def tls_data_unread(lab, conn, rng, v):
    """The peer sends data, no alert; close() without reading it."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    amount = size(conn, rng, 2, 8000, "unread")
    await ends[peer].send(amount)
    await lab.unread(conn.socks[who], amount, 2)
    await lab.think()
    conn.socks[who].close()


@scenario(UNREAD)
async def tls_tickets_unread(lab, conn, rng, v):
    """A TLS 1.3 client that sends and never reads closes with the server's session tickets unread."""
    conn.params["resetter"], conn.params["tls"] = "c", "1.3"
    conn.params["rounds"] = 0
    ends = await pair(lab, conn, rng, v, "1.3")
    amount = size(conn, rng, 20, 12000)
    reading = lab.loop.create_task(ends["s"].receive(amount))
    await ends["c"].send(amount)
    await reading
    await lab.think()
    await ends["c"].notify()
    conn.c.close()


@scenario(LINGER, weight=3)
async def tls_alert_read_abort(lab, conn, rng, v):
    """The peer ends TLS (close_notify, mostly and a FIN); that is read, then close() with SO_LINGER {1, 0}."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    await say_goodbye(lab, conn, rng, ends, who, peer)
    await ends[who].receive_alert()
    if pick(conn, rng, "answer", [False, True]):
        await ends[who].notify()
    await lab.think()
    lab.abort(conn.socks[who])


@scenario(LINGER, weight=2)
async def tls_answer_read_abort(lab, conn, rng, v):
    """Sends close_notify, reads the peer's answer to it, then close() with SO_LINGER {1, 0}."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    await ends[who].notify()
    await ends[peer].receive_alert()
    await say_goodbye(lab, conn, rng, ends, who, peer)
    await ends[who].receive_alert()
    lab.abort(conn.socks[who])


@scenario(LINGER, weight=2)
async def tls_abort(lab, conn, rng, v):
    """After exchanges that were read to the end, close() with SO_LINGER {1, 0}, no alert from anybody."""
    who, _ = side(conn, rng)
    await pair(lab, conn, rng, v)
    lab.abort(conn.socks[who])


@scenario(LINGER)
async def tls_notify_abort(lab, conn, rng, v):
    """Sends close_notify and aborts at once with SO_LINGER {1, 0}."""
    who, _ = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    await ends[who].notify()
    lab.abort(conn.socks[who])
    await lab.round_trip()


@scenario(CLOSED, weight=2)
async def tls_closed_before_alert(lab, conn, rng, v):
    """Sends close_notify and closes; the peer reads both and answers with its own close_notify."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    await ends[who].notify()
    conn.socks[who].close()
    await ends[peer].receive_alert()
    await lab.think()
    await ends[peer].notify()
    await lab.round_trip()


@scenario(CLOSED)
async def tls_closed_silently(lab, conn, rng, v):
    """Closes without close_notify; the peer reads the end and sends its close_notify."""
    who, peer = side(conn, rng)
    ends = await pair(lab, conn, rng, v)
    conn.socks[who].close()
    await lab.round_trip()
    await lab.think()
    await ends[peer].notify()
    await lab.round_trip()
