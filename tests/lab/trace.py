"""The kernel's own word: tracepoint tcp:tcp_send_reset, read through a private tracefs instance."""
import os
import re
import subprocess
import time

TRACEFS = "/sys/kernel/tracing"
LINE = re.compile(r"\[\d+\]\s+\S+\s+(\d+)\.(\d+): tcp_send_reset: .* src=(\S+) dest=(\S+) state=(\S+) reason=(\S+)")


def mount():
    """Before any tracer, and before a second process could do the same at once."""
    if not os.path.exists(TRACEFS + "/instances"):
        subprocess.run(["mount", "-t", "tracefs", "nodev", TRACEFS], check=True)


def parse_address(text):
    if text.startswith("["):
        ip, port = text[1:].rsplit("]:", 1)
    else:
        ip, port = text.rsplit(":", 1)
    if ip.startswith("::ffff:") and "." in ip:
        ip = ip[7:]     # an IPv4 connection of a socket that serves both
    return ip, int(port)


class Reset:
    """One RST as its sender's kernel announced it. peer is None when the kernel had no peer (a listener)."""

    def __init__(self, when, source, peer, state, reason):
        self.time, self.source, self.peer, self.state, self.reason = when, source, peer, state, reason
        self.used = False

    def as_json(self):
        return {"time": self.time, "from": "%s:%d" % self.source, "to": "%s:%d" % self.peer if self.peer else None,
                "state": self.state, "reason": self.reason}


class Tracer:
    """start() ... stop() -> list of Reset with times in CLOCK_REALTIME nanoseconds."""

    def __init__(self, name):
        self.root = "%s/instances/whyrst-%s-%d" % (TRACEFS, name, os.getpid())

    def put(self, name, value):
        with open(os.path.join(self.root, name), "w") as file:
            file.write(value)

    def start(self):
        os.mkdir(self.root)
        self.put("trace_clock", "mono")
        self.put("buffer_size_kb", "2048")
        self.put("events/tcp/tcp_send_reset/enable", "1")
        self.put("tracing_on", "1")

    def stop(self):
        self.put("events/tcp/tcp_send_reset/enable", "0")
        offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        with open(self.root + "/trace") as file:
            lines = file.read().splitlines()
        os.rmdir(self.root)
        resets = []
        for line in lines:
            match = LINE.search(line)
            if match is None:
                continue
            seconds, fraction, source, peer, state, reason = match.groups()
            when = int(seconds) * 1000000000 + int(fraction.ljust(9, "0")) + offset
            peer = parse_address(peer)
            resets.append(Reset(when, parse_address(source), peer if peer[1] else None, state, reason))
        return resets
