"""The box's own program: a router in user space on a TUN device.

It delays, loses, duplicates and reorders packets, cuts single connections off, and plays the middleboxes that make resets:
load balancer and NAT with an idle timeout, content filters that inject or answer. Whatever RST it makes is logged.
"""
import fcntl
import heapq
import os
import struct
import time

import wire

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Flow:
    """What the box knows and does about one connection. Sides are "c" and "s"."""

    def __init__(self):
        self.drop = {"c": False, "s": False}    # drop what that side sends
        self.hold = {"c": 0.0, "s": 0.0}        # extra delay of what that side sends, seconds
        self.drop_fin = False
        self.rule = None                        # function(box, flow, side, segment, packet): True swallows the packet
        self.seen = {"c": None, "s": None}      # last segment of each side
        self.next = {"c": None, "s": None}      # highest sequence end of each side
        self.ip_id = {"c": 0, "s": 0}
        self.ttl = {"c": 64, "s": 64}
        self.last = 0.0
        self.state = {}


class Box:
    def __init__(self, network, loop, rng, path):
        self.network, self.loop, self.rng, self.path = network, loop, rng, path
        self.flows, self.queue, self.log, self.order = {}, [], [], 0
        self.timer = None
        self.forwarded = self.lost = 0
        with network.inside("b"):
            self.fd = open_tun("tun0")
        name = network.names["b"]
        from net import run
        run("ip", "-n", name, "link", "set", "tun0", "up", "txqueuelen", "5000")
        network.route_through_tun("tun0", bool(path.get("delay")))
        with network.inside("b"):
            network.sysctl({"net/ipv4/conf/tun0/rp_filter": 0})
        loop.add_reader(self.fd, self.readable)

    def close(self):
        self.loop.remove_reader(self.fd)
        if self.timer:
            self.timer.cancel()
        os.close(self.fd)

    def flow(self, client, server):
        """The flow of a connection, made when first asked for; addresses are (text, port)."""
        key = (wire.pack_ip(client[0]), client[1], wire.pack_ip(server[0]), server[1])
        if key not in self.flows:
            flow = Flow()
            flow.client, flow.server = key[:2], key[2:]
            self.flows[key] = (flow, "c")
            self.flows[key[2:] + key[:2]] = (flow, "s")
        return self.flows[key][0]

    def readable(self):
        for _ in range(64):
            try:
                packet = os.read(self.fd, 65536)
            except BlockingIOError:
                return
            self.forward(packet)

    def forward(self, packet):
        segment = wire.parse_ip(packet)
        if segment is None:
            self.write(packet)
            return
        flow, side = self.flows.get(segment.key, (None, None))
        hold = 0.0
        if flow is not None:
            if not self.pass_flow(flow, side, segment, packet):
                return
            hold = flow.hold[side]
        path = self.path
        delay = hold
        if path.get("delay"):
            if self.rng.random() < path.get("loss", 0):
                self.lost += 1
                return
            delay += path["delay"] + self.rng.random() * path.get("jitter", 0)
            if self.rng.random() < path.get("reorder", 0):
                delay += path["delay"]
            if self.rng.random() < path.get("dup", 0):
                self.send_later(packet, delay + 0.0005, None)
        if delay:
            # Without reordering a packet never overtakes the one before it in its connection.
            self.send_later(packet, delay, segment.key if not path.get("reorder") else None)
        else:
            self.write(packet)

    def pass_flow(self, flow, side, segment, packet):
        """Whether the connection's own treatment lets the packet go on."""
        flow.last = time.monotonic()
        flow.seen[side] = segment
        if flow.next[side] is None or ((segment.end - flow.next[side]) & 0xFFFFFFFF) < 0x80000000:
            flow.next[side] = segment.end
        flow.ip_id[side], flow.ttl[side] = segment.ip_id, segment.ttl
        if flow.rule is not None and flow.rule(self, flow, side, segment, packet):
            return False
        if flow.drop_fin and segment.flags & wire.FIN:
            return False
        return not flow.drop[side]

    def send_later(self, packet, delay, key):
        due = time.monotonic() + delay
        if key is not None:
            self.lasts = getattr(self, "lasts", {})
            due = max(due, self.lasts.get(key, 0.0) + 1e-6)
            self.lasts[key] = due
        self.order += 1
        heapq.heappush(self.queue, (due, self.order, packet))
        self.arm()

    def arm(self):
        if self.timer is not None:
            if self.timer.when() <= self.queue[0][0]:
                return
            self.timer.cancel()
        self.timer = self.loop.call_at(self.queue[0][0], self.flush)

    def flush(self):
        self.timer = None
        now = time.monotonic() + 0.0002
        while self.queue and self.queue[0][0] <= now:
            self.write(heapq.heappop(self.queue)[2])
        if self.queue:
            self.arm()

    def write(self, packet):
        self.forwarded += 1
        try:
            os.write(self.fd, packet)
        except OSError:
            self.lost += 1

    def reset(self, flow, claimed, seq, ack, flags, cause, **fields):
        """Sends an RST in the name of side `claimed` to the other side, and notes it."""
        src, dst = (flow.client, flow.server) if claimed == "c" else (flow.server, flow.client)
        packet = wire.tcp_packet(src[0], src[1], dst[0], dst[1], seq, ack, flags, **fields)
        self.log.append({"time": time.time_ns(), "src": src, "dst": dst, "seq": seq & 0xFFFFFFFF, "flags": flags,
                         "cause": cause})
        self.write(packet)


def other(side):
    return "s" if side == "c" else "c"


def reset_both(box, flow, cause, ttl, flags=wire.RST | wire.ACK, window=0, payload=b"", sides="sc", ip_id=0):
    """What a load balancer does when its idle timer fires: an RST to each end, exact numbers, in the other's name."""
    for claimed in sides:
        if flow.next[claimed] is None:
            continue
        ack = flow.next[other(claimed)] or 0
        box.reset(flow, claimed, flow.next[claimed], ack if flags & wire.ACK else 0, flags, cause, window=window, ttl=ttl,
                  payload=payload, ip_id=ip_id)


def answer(box, flow, side, segment, cause, ttl, with_ack=False, count_payload=True, window=0, payload=b"", ip_id=0, df=True):
    """Resets the sender of `segment` in its peer's name, numbers taken from the segment itself."""
    if segment.flags & wire.RST:
        return
    end = segment.end if count_payload else segment.seq
    if not segment.flags & wire.ACK:
        box.reset(flow, other(side), 0, end, wire.RST | wire.ACK, cause, window=window, ttl=ttl, payload=payload, ip_id=ip_id, df=df)
    elif with_ack:
        box.reset(flow, other(side), segment.ack, end, wire.RST | wire.ACK, cause, window=window, ttl=ttl, payload=payload,
                  ip_id=ip_id, df=df)
    else:
        box.reset(flow, other(side), segment.ack, 0, wire.RST, cause, window=window, ttl=ttl, payload=payload, ip_id=ip_id, df=df)
