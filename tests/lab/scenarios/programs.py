"""Resets made by real programs: web servers, proxies, a database, an SSH server, runtimes, a downloading client.

They are not drawn at random: run-programs plays them. What is missing on a machine is skipped with a plain message. The label
is what the sender's kernel said, as everywhere; the program's configuration is the scenario.
"""
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile

import lab as labs
from scenarios import Scenario

PROGRAMS = {}
POST = b"POST /upload HTTP/1.1\r\nHost: lab.example\r\nContent-Length: %d\r\n\r\n"
GET = b"GET %s HTTP/1.1\r\nHost: lab.example\r\n\r\n"


def program(cause, *needs):
    """Registers a scenario that needs these programs; cause is what it aims at."""
    def register(function):
        async def play(lab, conn, rng, v):
            missing = [name for name in needs if find(name) is None]
            if missing:
                raise labs.Missing("%s is not installed" % ", ".join(missing))
            conn.params.update(program=needs[0] if needs else "python3")
            await function(lab, conn, rng, v)
        play.__name__, play.__doc__ = function.__name__, function.__doc__
        PROGRAMS[function.__name__] = Scenario(play, cause, 1.0, True, (4, 6))
        return function
    return register


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


class Service:
    """A program that runs in the server's namespace from its own directory until stop()."""

    def __init__(self, lab, files=None):
        self.lab, self.port = lab, lab.server_port()
        self.directory = tempfile.mkdtemp(prefix="whyrst-program-")
        os.chmod(self.directory, 0o755)
        for name, text in (files or {}).items():
            with open(os.path.join(self.directory, name), "w") as file:
                file.write(text.replace("@PORT@", str(self.port)).replace("@DIR@", self.directory))
        self.process = None

    async def start(self, *command):
        command = [word.replace("@PORT@", str(self.port)).replace("@DIR@", self.directory) for word in command]
        command[0] = find(command[0]) or command[0]
        log = open(os.path.join(self.directory, "log"), "w")
        self.process = subprocess.Popen(["ip", "netns", "exec", self.lab.network.names["s"]] + command, cwd=self.directory,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.lab.keep.append(self)
        for _ in range(200):
            await asyncio.sleep(0.05)
            if self.listens():
                return self
            if self.process.poll() is not None:
                break
        with open(os.path.join(self.directory, "log")) as file:
            raise labs.Missing("%s does not start: %s" % (command[0], file.read().strip()[-200:]))

    def listens(self):
        """Looked up instead of tried, because an attempt would be in the capture."""
        wanted = ":%04X" % self.port
        with self.lab.network.inside("s"):
            for name in ("tcp", "tcp6"):
                with open("/proc/thread-self/net/" + name) as file:
                    for line in file:
                        fields = line.split()
                        if fields[1].endswith(wanted) and fields[3] == "0A":
                            return True
        return False

    def cancel(self):
        """Called when the batch ends."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


async def service(lab, name, files, *command):
    """The one running service of that name; started when first asked for."""
    running = lab.__dict__.setdefault("services", {})
    if name not in running:
        running[name] = lab.loop.create_task(Service(lab, files).start(*command))
    return await asyncio.shield(running[name])


async def call(lab, conn, v, port):
    conn.params["resetter"] = "s"
    lab.client(conn, v)
    await lab.dial(conn, v, port)


async def finish(lab, conn, seconds=3.0):
    """Reads until the end, as a client does, so that nothing of its own stays unread."""
    try:
        while await asyncio.wait_for(lab.loop.sock_recv(conn.c, 65536), seconds):
            pass
    except (OSError, asyncio.TimeoutError):
        pass


async def push(conn, data):
    try:
        conn.c.send(data)
    except OSError:
        pass


NGINX = """
daemon off; master_process off; user root; pid @DIR@/pid; error_log @DIR@/error.log; worker_processes 1;
events { worker_connections 512; }
http {
    access_log off; client_body_temp_path @DIR@/b; proxy_temp_path @DIR@/p; fastcgi_temp_path @DIR@/f;
    uwsgi_temp_path @DIR@/u; scgi_temp_path @DIR@/s; root @DIR@; %s
    server { listen @PORT@; listen [::]:@PORT@; location /gone { return 444; } location /upload { client_max_body_size 10; } }
}
"""


async def nginx(lab, name, settings):
    return await service(lab, "nginx-" + name, {"nginx.conf": NGINX % settings, "big": "x" * 4000000, "small": "hello\n"},
                         "nginx", "-c", "@DIR@/nginx.conf", "-p", "@DIR@", "-e", "@DIR@/error.log")


@program("data-after-close", "nginx")
async def nginx_lingered_out(lab, conn, rng, v):
    """nginx refuses an upload (413), lingers for a second, and closes while the body still comes."""
    running = await nginx(lab, "upload", "lingering_time 1s; lingering_timeout 1s;")
    await call(lab, conn, v, running.port)
    await push(conn, POST % 50000000)
    for _ in range(rng.randrange(20, 40)):
        await push(conn, b"x" * rng.randrange(100, 5000))
        await asyncio.sleep(0.1)


@program("data-after-close", "nginx")
async def nginx_keepalive_over(lab, conn, rng, v):
    """nginx closes the idle connection (keepalive_timeout 1s); the client's next request comes too late."""
    running = await nginx(lab, "idle", "keepalive_timeout 1s;")
    await call(lab, conn, v, running.port)
    await push(conn, GET % b"/small")
    await lab.receive(conn.c, 100, timeout=3)
    await asyncio.sleep(1.2 + rng.uniform(0, 0.6))
    await push(conn, GET % b"/small")
    await lab.round_trip()


@program("so-linger-zero", "nginx")
async def nginx_444(lab, conn, rng, v):
    """nginx with reset_timedout_connection on drops a request (return 444)."""
    running = await nginx(lab, "reset", "reset_timedout_connection on; send_timeout 1s; client_header_timeout 1s;")
    await call(lab, conn, v, running.port)
    await push(conn, GET % b"/gone")
    await finish(lab, conn)


@program("so-linger-zero", "nginx")
async def nginx_send_timeout(lab, conn, rng, v):
    """nginx with reset_timedout_connection on gives up on a client that does not read (send_timeout 1s)."""
    running = await nginx(lab, "reset", "reset_timedout_connection on; send_timeout 1s; client_header_timeout 1s;")
    conn.params["resetter"] = "s"
    lab.client(conn, v, rcvbuf=8192)
    await lab.dial(conn, v, running.port)
    await push(conn, GET % b"/big")
    await asyncio.sleep(4)


HAPROXY = """
global
    maxconn 200
defaults
    mode %s
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend f
    bind :::@PORT@ v4v6
    %s
"""


async def haproxy(lab, name, mode, rule):
    return await service(lab, "haproxy-" + name, {"cfg": HAPROXY % (mode, rule)}, "haproxy", "-db", "-f", "@DIR@/cfg")


@program("so-linger-zero", "haproxy")
async def haproxy_reject(lab, conn, rng, v):
    """HAProxy rejects the connection as it arrives (tcp-request connection reject)."""
    running = await haproxy(lab, "reject", "tcp", "tcp-request connection reject")
    await call(lab, conn, v, running.port)
    await finish(lab, conn)


@program("half-open-connection", "haproxy")
async def haproxy_silent_drop(lab, conn, rng, v):
    """HAProxy forgets the connection without a word (silent-drop); the client's retransmission is reset."""
    running = await haproxy(lab, "silent", "http", "http-request silent-drop")
    await call(lab, conn, v, running.port)
    conn.mark("s", "half-open-connection")
    await push(conn, GET % b"/")
    await asyncio.sleep(0.5)
    await push(conn, GET % b"/")
    await lab.round_trip()


@program("data-after-close", "redis-server")
async def redis_full(lab, conn, rng, v):
    """Redis at maxclients answers with an error and closes; the client's command comes before or after that."""
    running = await redis(lab, "full", "--maxclients", "1")
    first = lab.conn(conn.scenario + ":first")
    await call(lab, first, v, running.port)
    await lab.round_trip()
    for one in [conn] + [lab.conn(conn.scenario) for _ in range(2)]:
        await call(lab, one, v, running.port)
        await push(one, b"*1\r\n$4\r\nPING\r\n")
        await finish(lab, one, 1)


@program("data-after-close", "redis-server")
async def redis_idle(lab, conn, rng, v):
    """Redis closes an idle client (timeout 1); its next command comes too late."""
    running = await redis(lab, "idle", "--timeout", "1")
    await call(lab, conn, v, running.port)
    await push(conn, b"PING\r\n")
    await lab.receive(conn.c, 7, timeout=3)
    await asyncio.sleep(3.2)
    await push(conn, b"PING\r\n")
    await lab.round_trip()


async def redis(lab, name, *options):
    return await service(lab, "redis-" + name, None, "redis-server", "--port", "@PORT@", "--bind", "*", "-::*", "--save", "",
                         "--protected-mode", "no", "--dir", "@DIR@", *options)


@program("unread-receive-buffer")
async def python_post(lab, conn, rng, v):
    """Python's http.server answers a POST (501) without reading the body and closes."""
    running = await service(lab, "http.server", None, sys.executable, "-m", "http.server", "-b", "::", "@PORT@")
    await call(lab, conn, v, running.port)
    size = rng.randrange(10, 60000)
    await push(conn, POST % size + b"x" * size)
    await finish(lab, conn)


NODE = """
require('net').createServer(socket => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write('bye\\n', () => socket.resetAndDestroy()));
}).listen(@PORT@, '::');
"""


@program("so-linger-zero", "node")
async def node_reset(lab, conn, rng, v):
    """A Node server calls resetAndDestroy() after its answer."""
    running = await service(lab, "node", {"server.js": NODE}, "node", "@DIR@/server.js")
    await call(lab, conn, v, running.port)
    await push(conn, b"x" * rng.randrange(10, 500))
    await finish(lab, conn)


@program("unread-receive-buffer", "sshd", "ssh-keygen")
async def sshd_stranger(lab, conn, rng, v):
    """An SSH server is sent a web client's request and hangs up in the middle of it."""
    os.makedirs("/run/sshd", exist_ok=True)
    key = os.path.join(tempfile.gettempdir(), "whyrst-program-key-%d" % os.getpid())
    if not os.path.exists(key):
        subprocess.run([find("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    running = await service(lab, "sshd", {"cfg": "Port @PORT@\nHostKey %s\nUsePAM no\nPidFile @DIR@/pid\n" % key},
                            "sshd", "-D", "-e", "-f", "@DIR@/cfg")
    await call(lab, conn, v, running.port)
    await lab.receive(conn.c, 20, timeout=5)
    await push(conn, GET % b"/" + b"x" * rng.randrange(9000, 40000))
    await finish(lab, conn)


@program("unread-receive-buffer", "curl", "nginx")
async def curl_gives_up(lab, conn, rng, v):
    """curl stops in the middle of a download (--max-time)."""
    running = await nginx(lab, "slow", "sendfile on;")
    conn.params["resetter"] = "c"
    address, port = lab.network.ip["s", v], lab.client_port()
    conn.add_tuple((lab.network.ip["c", v], port), (address, running.port))
    host = "[%s]" % address if v == 6 else address
    process = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", lab.network.names["c"], find("curl"), "-s", "-o", "/dev/null", "--local-port", str(port),
        "--limit-rate", "100k", "--max-time", "%.1f" % rng.uniform(0.3, 1.5), "http://%s:%d/big" % (host, running.port))
    await process.wait()
    await asyncio.sleep(1.2)
