"""What scenarios are written with: connections between the two ends, and a note of what was done to them."""
import array
import asyncio
import errno
import fcntl
import os
import random
import signal
import socket
import struct
import termios
import time

import net
import wire

TCP_REPAIR, TCP_USER_TIMEOUT, TCP_QUICKACK, TCP_LINGER2, TCP_DEFER_ACCEPT = 19, 18, 12, 8, 9
SOCK_DESTROY, NETLINK_SOCK_DIAG = 21, 4
IPPROTO_MPTCP = 262
DSCPS = [8, 10, 18, 26, 34, 46]     # CS1 and AF11 (bulk), AF21 (ssh), AF31, AF41, EF
SERVICES = [22, 80, 443, 3306, 5432, 6379, 8080, 9092]
WORDS = b"GET /index.html HTTP/1.1\r\nHost: lab.example\r\nAccept: */*\r\n\r\n"


class Missing(Exception):
    """A scenario cannot be played here; the text says why."""


class Conn:
    """One connection (or attempt) and what is known about it. Sides are "c" and "s"."""

    def __init__(self, number, scenario, params):
        self.id, self.scenario, self.params = number, scenario, params
        self.tuples = []        # [(client (ip, port), server (ip, port))]: as seen before and behind a NAT
        self.socks = {}
        self.marks = []         # (time, side, cause): what an RST without a socket means from then on
        self.reject_cause = None    # what an RST of netfilter means
        self.foreign_cause = None   # what an RST of the server means when its stack is not the kernel's
        self.reasons = {}       # {(side, kernel reason): cause} where the scenario knows better than the general table
        self.group = []         # causes this scenario cannot be told apart from, over the general ones
        self.note = None
        self.box_flow = None
        self.server_killed = None

    def add_tuple(self, client, server):
        self.tuples.append((client[:2], server[:2]))

    def mark(self, side, cause):
        self.marks.append((time.time_ns(), side, cause))

    @property
    def c(self):
        return self.socks["c"]

    @property
    def s(self):
        return self.socks["s"]

    def ends(self, who):
        """(socket of the side, socket of its peer)"""
        return self.socks[who], self.socks["s" if who == "c" else "c"]


class Lab:
    def __init__(self, network, loop, seed, box, helpers):
        self.network, self.loop, self.box = network, loop, box
        self.rng = random.Random(seed)
        self.conns, self.helpers, self.keep = [], helpers, []
        self.next_port = {"c": self.rng.randrange(20000, 30000), "s": 5600, "tun": net.TUN_PORTS[0]}
        self.listeners, self.waiting, self.programs = {}, {}, {}
        self.settings = network.settings

    # -- addresses ---------------------------------------------------------------------------------

    def client_port(self):
        self.next_port["c"] += self.rng.choice((1, 1, 1, 2))
        return self.next_port["c"]

    def server_port(self, span=None):
        """A server port nothing else uses; span names one of the special ranges of net.py."""
        if span is None:
            self.next_port["s"] += 1
            return self.next_port["s"]
        if span is net.TUN_PORTS:
            self.next_port["tun"] += 1
            return self.next_port["tun"]
        number = self.next_port.get(span, span[0])
        if number > span[-1]:
            number = span[0]
        self.next_port[span] = number + 1
        return number

    def conn(self, scenario, params=None):
        conn = Conn(len(self.conns), scenario, dict(params or {}))
        self.conns.append(conn)
        return conn

    # -- sockets -----------------------------------------------------------------------------------

    def socket(self, side, v, mptcp=False):
        family = socket.AF_INET6 if v == 6 else socket.AF_INET
        sock = self.network.socket(side, family, socket.SOCK_STREAM, IPPROTO_MPTCP if mptcp else 0)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        share = self.settings.get("dscp", 0)
        if share and self.rng.random() < share:
            option = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if v == 6 else (socket.IPPROTO_IP, socket.IP_TOS)
            sock.setsockopt(*option, self.rng.choice(DSCPS) << 2)
        return sock

    def listen(self, v, port, backlog=128, rcvbuf=None, mptcp=False):
        sock = self.socket("s", v, mptcp)
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        sock.bind((self.network.ip["s", v], port))
        sock.listen(backlog)
        return sock

    def client(self, conn, v, port=None, rcvbuf=None, mptcp=False, source="c"):
        """A bound client socket; its tuple is completed by dial()."""
        sock = self.socket("c", v, mptcp)
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        for _ in range(50):
            try:
                sock.bind((self.network.ip[source, v], port or self.client_port()))
                break
            except OSError as error:
                if port or error.errno != errno.EADDRINUSE:
                    raise
        conn.socks["c"] = sock
        return sock

    async def dial(self, conn, v, port, timeout=8, server="s"):
        """Connects conn's client; raises what connect() raises."""
        address = (self.network.ip[server, v], port)
        conn.add_tuple(conn.c.getsockname(), address)
        await asyncio.wait_for(self.connect(conn.c, address), timeout)

    async def connect(self, sock, address):
        """As loop.sock_connect(), which cannot resolve even a numeric address for MPTCP."""
        error = sock.connect_ex(address)
        if error == errno.EINPROGRESS:
            done = self.loop.create_future()
            self.loop.add_writer(sock, lambda: done.done() or done.set_result(None))
            try:
                await done
            finally:
                self.loop.remove_writer(sock)
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))

    async def accept_loop(self, listener):
        while True:
            sock, peer = await self.loop.sock_accept(listener)
            sock.setblocking(False)
            waiter = self.waiting.pop(peer[:2], None)
            if waiter is not None and not waiter.done():
                waiter.set_result(sock)
            else:
                self.keep.append(sock)

    async def pair(self, conn, v, port=None, rcvbuf=None, c_rcvbuf=None, mptcp=False, close_listener=None):
        """An accepted connection. Without a port it goes to one of the shared services."""
        if port is None and rcvbuf is None and not mptcp and self.settings.get("services", True):
            port, shared = self.rng.choice(SERVICES), True
        else:
            port, shared = port or self.server_port(), False
        self.client(conn, v, rcvbuf=c_rcvbuf, mptcp=mptcp)
        if shared:
            if (v, port) not in self.listeners:
                listener = self.listeners[v, port] = self.listen(v, port)
                self.keep.append(self.loop.create_task(self.accept_loop(listener)))
            waiter = self.waiting[conn.c.getsockname()[:2]] = self.loop.create_future()
            await self.dial(conn, v, port)
            conn.socks["s"] = await asyncio.wait_for(waiter, 8)
        else:
            listener = self.listen(v, port, rcvbuf=rcvbuf, mptcp=mptcp)
            accepted = self.loop.create_task(self.loop.sock_accept(listener))
            try:
                await self.dial(conn, v, port)
                conn.socks["s"] = (await asyncio.wait_for(accepted, 8))[0]
            finally:
                accepted.cancel()
            if close_listener if close_listener is not None else self.rng.random() < 0.5:
                listener.close()
            else:
                self.keep.append(listener)
        conn.s.setblocking(False)
        if port in net.TUN_PORTS:
            conn.box_flow = self.box.flow(*conn.tuples[0])
        return conn

    async def pair_through_box(self, conn, v, rule=None, **options):
        """As pair(), on a port whose packets pass the box program; conn.box_flow steers it."""
        port = self.server_port(net.TUN_PORTS)
        self.client(conn, v, rcvbuf=options.get("c_rcvbuf"))
        conn.box_flow = self.box.flow(conn.c.getsockname(), (self.network.ip["s", v], port))
        conn.box_flow.rule = rule
        listener = self.listen(v, port, rcvbuf=options.get("rcvbuf"))
        accepted = self.loop.create_task(self.loop.sock_accept(listener))
        try:
            await self.dial(conn, v, port)
            conn.socks["s"] = (await asyncio.wait_for(accepted, 8))[0]
        finally:
            accepted.cancel()
        conn.s.setblocking(False)
        conn.listener = listener
        self.keep.append(listener)
        return conn

    # -- talking -----------------------------------------------------------------------------------

    async def send(self, sock, size, timeout=20):
        data = (WORDS * (size // len(WORDS) + 1))[:size]
        await asyncio.wait_for(self.loop.sock_sendall(sock, data), timeout)

    def send_now(self, sock, size):
        """Sends what the socket takes without waiting; nothing if it has failed already."""
        try:
            return sock.send((WORDS * (size // len(WORDS) + 1))[:size])
        except OSError:
            return 0

    async def receive(self, sock, size, timeout=20, chunk=65536):
        got = 0
        while got < size:
            data = await asyncio.wait_for(self.loop.sock_recv(sock, min(chunk, size - got)), timeout)
            if not data:
                break
            got += len(data)
        return got

    async def chat(self, conn, rounds=None, big=False):
        """Requests and answers, all read by both ends; the scenario's parameters may fix their number."""
        rng = self.rng
        if rounds is None:
            rounds = rng.choice((0, 1, 1, 1, 2, 3, 6))
        rounds = conn.params.setdefault("rounds", rounds)
        for _ in range(rounds):
            for one, two in ((conn.c, conn.s), (conn.s, conn.c)):
                size = int(2 ** rng.uniform(2, 17 if big and rng.random() < 0.4 else 12.5))
                reader = self.loop.create_task(self.receive(two, size))
                await self.send(one, size)
                await reader
            await self.think()

    async def think(self):
        choice = self.rng.random()
        if choice < 0.6:
            await asyncio.sleep(self.rng.uniform(0, 0.05))
        elif choice < 0.95:
            await asyncio.sleep(self.rng.uniform(0.05, 0.6))
        else:
            await asyncio.sleep(self.rng.uniform(1, 3))

    async def unread(self, sock, size, timeout=4):
        """Waits until that many bytes wait to be read; returns how many do."""
        waited, there = 0.0, queued(sock)
        while there < size and waited < timeout:
            await asyncio.sleep(0.005)
            waited += 0.005
            there = queued(sock)
        return there

    async def round_trip(self):
        """Longer than what is on the way needs to arrive."""
        await asyncio.sleep(0.03 + 2.5 * (self.box.path.get("delay", 0) + self.box.path.get("jitter", 0)))

    async def quiet(self):
        """Longer than a delayed acknowledgement takes to arrive."""
        await asyncio.sleep(0.25)
        await self.round_trip()

    # -- endings -----------------------------------------------------------------------------------

    def vanish(self, conn, side, cause="half-open-connection"):
        """The socket goes without a packet, as when the machine is gone."""
        conn.socks[side].setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        conn.socks[side].close()
        conn.mark(side, cause)

    def abort(self, sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    def destroy(self, conn, side):
        """What `ss -K` does."""
        (client, server), sock = conn.tuples[0], conn.socks[side]
        mine, peer = (client, server) if side == "c" else (server, client)
        family = sock.family
        with self.network.inside(side):
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        body = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
        body += struct.pack("!HH", mine[1], peer[1]) + wire.pack_ip(mine[0]).ljust(16, b"\0") + wire.pack_ip(peer[0]).ljust(16, b"\0")
        body += struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
        netlink.send(struct.pack("=IHHII", 16 + len(body), SOCK_DESTROY, 5, 1, 0) + body)
        answer = netlink.recv(4096)
        netlink.close()
        if struct.unpack_from("=i", answer, 16)[0]:
            raise OSError(-struct.unpack_from("=i", answer, 16)[0], "SOCK_DESTROY")

    def kill_holder(self, conn, side):
        """Hands the socket to a process of its own and kills that with SIGKILL."""
        if not self.helpers:
            raise Missing("no process left to kill")
        pid, channel = self.helpers.pop()
        socket.send_fds(channel, [b"x"], [conn.socks[side].fileno()])
        channel.recv(1)
        conn.socks[side].close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        channel.close()

    def raw(self, side, packet):
        """Sends a packet of our own making from that side."""
        v6 = packet[0] >> 4 == 6
        family = socket.AF_INET6 if v6 else socket.AF_INET
        sock = self.network.socket(side, family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        if v6:
            sock.setsockopt(socket.IPPROTO_IPV6, 36, 1)     # IPV6_HDRINCL
            sock.sendto(packet, (wire.ip_text(packet[24:40]), 0))
        else:
            sock.sendto(packet, (wire.ip_text(packet[16:20]), 0))
        sock.close()

    def close_all(self):
        for conn in self.conns:
            for sock in conn.socks.values():
                sock.close()
        for thing in self.keep:
            thing.cancel() if hasattr(thing, "cancel") else thing.close()


def queued(sock):
    """Bytes waiting in the receive queue."""
    if sock.fileno() < 0:
        return 0
    size = array.array("i", [0])
    fcntl.ioctl(sock.fileno(), termios.FIONREAD, size)
    return size[0]


def start_helpers(count):
    """Processes that take a socket over and are killed with it; started before any socket exists."""
    helpers = []
    for _ in range(count):
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            mine.close()
            for _, channel in helpers:
                channel.close()
            got = socket.recv_fds(theirs, 16, 1)
            if got[1]:
                theirs.send(b"y")
                signal.pause()
            os._exit(0)
        theirs.close()
        helpers.append((pid, mine))
    return helpers
