#!/usr/bin/env python3
"""The four documented scenarios, provoked on real sockets and explained live.

    live.py PROGRAM

Runs in a network namespace of its own, on its loopback. The verdict must be right and there within a
second of the reset; on a loaded machine a scenario may be repeated until it is. Exit status 77 when a
namespace cannot be made here (not root).
"""
import ctypes
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

CLONE_NEWNET = 0x40000000
TCP_REPAIR = 19
ATTEMPTS = 5
SECONDS = 1.0


def enter_namespace():
    """None, or why there is none."""
    if os.geteuid() != 0:
        return "needs root"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return "no network namespace: %s" % os.strerror(ctypes.get_errno())
    try:
        done = subprocess.run(["ip", "link", "set", "lo", "up"], stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        return "needs ip (iproute2)"
    return done.stderr.strip() or None


def connected():
    """A connection that has carried a request and its answer: (client, server)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    client.sendall(b"hello, are you there?\n")
    assert server.recv(100)
    server.sendall(b"yes, I am\n")
    assert client.recv(100)
    time.sleep(0.1)  # the last acknowledgment is sent on its own
    return client, server


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with socket.socket() as client:
        assert client.connect_ex(address) != 0


def linger_zero():
    client, server = connected()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    client.close()


def half_open():
    client, server = connected()
    server.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)  # gone without a word, as in a crash
    server.close()
    client.sendall(b"are you still there?\n")
    time.sleep(0.05)
    client.close()


def unread_buffer():
    client, server = connected()
    client.sendall(b"x" * 300)
    time.sleep(0.05)
    server.close()
    client.close()


SCENARIOS = [
    ("1.1", "port-not-listening", closed_port),
    ("1.2", "so-linger-zero", linger_zero),
    ("1.3", "half-open-connection", half_open),
    ("1.4", "unread-receive-buffer", unread_buffer),
]


class Live:
    def __init__(self, program, directory):
        self.extract = os.path.join(directory, "live.pcapng")
        command = [program, "-i", "lo", "-T", "ndjson", "-w", self.extract, "-Z", "nobody"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=dict(os.environ, TMPDIR=directory))
        self.messages = self.process.stderr.readline()
        self.line = b""

    def verdict(self, timeout=10):
        """The next reset, or None when none comes."""
        end = time.monotonic() + timeout
        while b"\n" not in self.line:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                return None
            self.line += chunk
        line, self.line = self.line.split(b"\n", 1)
        return json.loads(line)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        _, messages = self.process.communicate(timeout=30)
        return self.process.returncode, (self.messages + messages).decode()


def play(live, scenario, cause, provoke):
    """Lines that say what is wrong, and how many resets were provoked."""
    for attempt in range(1, ATTEMPTS + 1):
        provoke()
        start = time.monotonic()
        reset = live.verdict()
        took = time.monotonic() - start
        if reset is None:
            return ["%s: no verdict" % cause], attempt
        got = reset["verdict"]["cause"]
        if (got, reset["verdict"]["scenario"]) != (cause, scenario):
            return ["%s: said to be %s (%s)" % (cause, got, reset["notation"])], attempt
        if took <= SECONDS:
            print("%s %s: right, live" % (scenario, cause))
            return [], attempt
    return ["%s: the verdict takes longer than %.0f s, %d times" % (cause, SECONDS, ATTEMPTS)], ATTEMPTS


def check_end(live, program, resets):
    """What the program leaves behind after Ctrl-C."""
    problems = []
    code, messages = live.stop()
    if code != 0:
        return ["exit status %d after SIGINT: %s" % (code, messages)]
    if " %d resets" % resets not in messages or "packets dropped" not in messages:
        problems.append("no summary of %d resets: %s" % (resets, messages))
    if os.stat(live.extract).st_uid == 0:
        problems.append("-Z nobody: the file belongs to root")
    done = subprocess.run([program, "-q", "-T", "json", live.extract], stdout=subprocess.PIPE)
    if len(json.loads(done.stdout)["resets"]) != resets:
        problems.append("-w: the file does not hold %d resets" % resets)
    return problems


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    obstacle = enter_namespace()
    if obstacle:
        print("live.py: %s: skipped" % obstacle)
        return 77
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)
        live = Live(os.path.abspath(arguments[0]), directory)
        problems, resets = [], 0
        for scenario in SCENARIOS:
            found, provoked = play(live, *scenario)
            problems += found
            resets += provoked
        problems += check_end(live, arguments[0], resets)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
