"""Real programs that reset: web servers, proxies, databases, clients. Played when named (--only programs).

A program that is not installed is skipped, with a message in the truth's `note`.
"""
import asyncio
import os
import shutil
import signal
import struct
import subprocess
import tempfile

from lab import Missing
from scenarios import pick, scenario, size

UNREAD, LINGER, CLOSED = "unread-receive-buffer", "so-linger-zero", "data-after-close"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def installed(name):
    path = shutil.which(name, path=PATH)
    if path is None:
        raise Missing("%s is not installed" % name)
    return path


class Program:
    """A program running in the network of one side, in a directory of its own; close() ends it."""

    def __init__(self, lab, side, command, files=(), owner=None):
        path = installed(command[0])
        self.folder = tempfile.TemporaryDirectory(prefix="whyrst-program-")
        os.chmod(self.folder.name, 0o755)
        for name, text in dict(files).items():
            with open(os.path.join(self.folder.name, name), "w") as file:
                file.write(text)
        if owner:
            shutil.chown(self.folder.name, owner)
            path = ("setpriv", "--reuid=" + owner, "--regid=" + owner, "--clear-groups", path)
        self.log = os.path.join(self.folder.name, "log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", lab.network.names[side], *((path,) if isinstance(path, str) else path), *command[1:]],
                cwd=self.folder.name, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        lab.keep.append(self)

    def kill(self, how=signal.SIGKILL):
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait()

    def close(self):
        self.kill()
        self.folder.cleanup()


def is_listening(lab, side, port):
    with lab.network.inside(side):
        tables = [open("/proc/thread-self/net/" + name) for name in ("tcp", "tcp6")]
    for table in tables:
        with table:
            for line in table:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    return True
    return False


async def listening(lab, program, port, side="s"):
    """Waits until the program listens on the port."""
    for _ in range(300):
        if is_listening(lab, side, port):
            return
        if program.process.poll() is not None:
            break
        await asyncio.sleep(0.03)
    with open(program.log) as log:
        raise Missing("%s did not start: %s" % (os.path.basename(program.process.args[-1]), log.read()[-300:]))


def addresses(lab):
    """The server's; a program bound to these is told apart from another network's by the kernel's trace."""
    return lab.network.ip["s", 4], lab.network.ip["s", 6]


async def running(lab, start):
    """What start(lab) returns; one program serves all connections of a batch."""
    if start not in lab.programs:
        lab.programs[start] = lab.loop.create_task(start(lab))
    return await asyncio.shield(lab.programs[start])


async def connect(lab, conn, v, port):
    conn.params["resetter"] = "s"
    lab.client(conn, v)
    await lab.dial(conn, v, port)


async def ask(lab, conn, text):
    """Sends a request and reads what comes at once."""
    await lab.loop.sock_sendall(conn.c, text)
    return await asyncio.wait_for(lab.loop.sock_recv(conn.c, 65536), 8)


async def upload(lab, conn, total, head=b""):
    """Sends a request with a body that may be refused at any time."""
    body = b"POST /upload HTTP/1.1\r\nHost: lab.example\r\nContent-Length: %d\r\n\r\n" % total
    try:
        await asyncio.wait_for(lab.loop.sock_sendall(conn.c, head + body + b"x" * total), 5)
        await lab.receive(conn.c, 10 ** 6, timeout=2)
    except (OSError, asyncio.TimeoutError):
        pass


# -- nginx -----------------------------------------------------------------------------------------

NGINX = """daemon off; master_process off; pid nginx.pid; error_log stderr; events { worker_connections 500; }
http {
  access_log off; client_body_temp_path .; proxy_temp_path .; fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
  server {
    listen %(ip)s:%(port)d; listen [%(ip6)s]:%(port)d;
    client_max_body_size 1k; lingering_close off; lingering_time 0; client_header_timeout 1s; keepalive_timeout 1s; reset_timedout_connection on;
    location / { return 200 "hello from the lab\\n"; }
    location /upload { proxy_pass http://127.0.0.1:9; }
    location /drop { return 444; }
    location /big { alias big; }
  }
}
"""


async def nginx(lab):
    port, ip = lab.server_port(), lab.network.ip
    text = NGINX % {"port": port, "ip": ip["s", 4], "ip6": ip["s", 6]}
    program = Program(lab, "s", ("nginx", "-p", ".", "-c", "nginx.conf", "-e", "stderr"), {"nginx.conf": text, "big": "0123456789abcdef" * 50000})
    await listening(lab, program, port)
    return port


@scenario(UNREAD)
async def nginx_refused_upload(lab, conn, rng, v):
    """nginx without lingering answers 413 and closes while the body still comes."""
    await connect(lab, conn, v, await running(lab, nginx))
    await upload(lab, conn, size(conn, rng, 60000, 600000))


@scenario(LINGER)
async def nginx_header_timeout(lab, conn, rng, v):
    """nginx with reset_timedout_connection resets a client that does not finish its request."""
    await connect(lab, conn, v, await running(lab, nginx))
    await lab.loop.sock_sendall(conn.c, b"GET / HTTP/1.1\r\nHost: lab.exam")
    await asyncio.sleep(1.8)


@scenario(LINGER)
async def nginx_444(lab, conn, rng, v):
    """nginx's `return 444` with reset_timedout_connection closes without an answer."""
    await connect(lab, conn, v, await running(lab, nginx))
    for _ in range(rng.choice((0, 0, 1, 2))):
        await ask(lab, conn, b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        await lab.think()
    await lab.loop.sock_sendall(conn.c, b"GET /drop HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    await lab.round_trip()


@scenario(CLOSED)
async def nginx_keepalive_race(lab, conn, rng, v):
    """nginx's keep-alive time is over; the client sends its next request on the closed connection."""
    await connect(lab, conn, v, await running(lab, nginx))
    for _ in range(rng.choice((1, 1, 2))):
        await ask(lab, conn, b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    await asyncio.sleep(pick(conn, rng, "idle", (1.05, 1.3, 2)))
    lab.send_now(conn.c, 300)
    await lab.round_trip()


# -- HAProxy ---------------------------------------------------------------------------------------

HAPROXY = """defaults
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  retries 0
frontend rejecting
  mode tcp
  bind %(ip)s:%(reject)d
  bind %(ip6)s:%(reject)d
  tcp-request connection reject
frontend nolinger
  mode http
  option nolinger
  bind %(ip)s:%(nolinger)d
  bind %(ip6)s:%(nolinger)d
  http-request return status 200 content-type text/plain string hello hdr Connection close
frontend dead
  mode tcp
  bind %(ip)s:%(dead)d
  bind %(ip6)s:%(dead)d
  default_backend dead
frontend silent
  mode http
  bind %(ip)s:%(silent)d
  bind %(ip6)s:%(silent)d
  http-request silent-drop
backend dead
  mode tcp
  server none 127.0.0.1:9
"""


async def haproxy(lab):
    ports = {name: lab.server_port() for name in ("reject", "nolinger", "dead", "silent")}
    text = HAPROXY % dict(ports, ip=lab.network.ip["s", 4], ip6=lab.network.ip["s", 6])
    program = Program(lab, "s", ("haproxy", "-db", "-f", "haproxy.cfg"), {"haproxy.cfg": text})
    await listening(lab, program, ports["silent"])
    return ports


async def through_haproxy(lab, conn, rng, v, name):
    await connect(lab, conn, v, (await running(lab, haproxy))[name])
    try:
        if rng.random() < 0.7 or name != "reject":
            await ask(lab, conn, b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    except (OSError, asyncio.TimeoutError):
        pass
    await lab.round_trip()


@scenario(LINGER)
async def haproxy_reject(lab, conn, rng, v):
    """HAProxy's `tcp-request connection reject`."""
    await through_haproxy(lab, conn, rng, v, "reject")


@scenario(LINGER)
async def haproxy_nolinger(lab, conn, rng, v):
    """HAProxy with `option nolinger` closes after its answer."""
    await through_haproxy(lab, conn, rng, v, "nolinger")


@scenario(CLOSED)
async def haproxy_dead_backend(lab, conn, rng, v):
    """HAProxy in TCP mode, whose only server refuses, closes; the client goes on."""
    await through_haproxy(lab, conn, rng, v, "dead")
    lab.send_now(conn.c, rng.randrange(10, 2000))
    await lab.round_trip()


@scenario("half-open-connection", weight=0.5)
async def haproxy_silent_drop(lab, conn, rng, v):
    """HAProxy's silent-drop forgets the connection without a packet; the client speaks again."""
    await connect(lab, conn, v, (await running(lab, haproxy))["silent"])
    conn.mark("s", "half-open-connection")
    await lab.loop.sock_sendall(conn.c, b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    await asyncio.sleep(rng.uniform(1.3, 2.5))
    lab.send_now(conn.c, 100)
    await lab.round_trip()


CHECKER = """defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen checked
  bind 127.0.0.1:%d
  server one %s:%d check inter 400 source %s:%d-%d
"""
CHECKS = 12     # ports one health checker may use


@scenario("handshake-abandoned", versions=(4,))
async def haproxy_health_check(lab, conn, rng, v):
    """HAProxy checks a server: it connects and resets at once."""
    port, up = lab.server_port(), pick(conn, rng, "up", (True, True, False))
    if up:
        lab.keep.append(lab.listen(v, port))
    ip, first = lab.network.ip, lab.client_port() + 1
    lab.next_port["c"] += CHECKS + 2
    for number in range(CHECKS):
        one = conn if number == 0 else lab.conn(conn.scenario, conn.params)
        one.add_tuple((ip["c", v], first + number), (ip["s", v], port))
        one.params["resetter"] = "c" if up else "s"
        # the contract of this cause names the health probe, however its kernel was told to reset
        one.reasons["c", "TCP_STATE"] = "handshake-abandoned"
        one.group = [LINGER] if up else []
        one.mark("s", "port-not-listening")
    text = CHECKER % (first + CHECKS, ip["s", v], port, ip["c", v], first, first + CHECKS - 1)
    program = Program(lab, "c", ("haproxy", "-db", "-f", "haproxy.cfg"), {"haproxy.cfg": text})
    await asyncio.sleep(1.5)
    program.kill()


# -- databases, SSH --------------------------------------------------------------------------------

async def redis(lab, share=True):
    port, ip = lab.server_port(), lab.network.ip
    program = Program(lab, "s", ("redis-server", "--port", str(port), "--bind", ip["s", 4], ip["s", 6], "--save", "",
                                 "--protected-mode", "no", "--enable-debug-command", "yes"))
    await listening(lab, program, port)
    return (port, program)


async def redis_chat(lab, conn, rng):
    for _ in range(rng.choice((1, 2, 4))):
        await ask(lab, conn, b"SET key %s\r\n" % (b"x" * rng.randrange(1, 800)))
        await lab.think()


@scenario(CLOSED)
async def redis_client_killed(lab, conn, rng, v):
    """CLIENT KILL ends a pooled Redis connection; its owner sends the next command."""
    port, _ = await running(lab, redis)
    await connect(lab, conn, v, port)
    await redis_chat(lab, conn, rng)
    number = (await ask(lab, conn, b"CLIENT ID\r\n")).strip(b":\r\n")
    admin = lab.conn(conn.scenario + ":admin")
    await connect(lab, admin, v, port)
    await ask(lab, admin, b"CLIENT KILL ID %s\r\n" % number)
    admin.c.close()
    await asyncio.sleep(rng.uniform(0.05, 2))
    lab.send_now(conn.c, 40)
    await lab.round_trip()


@scenario(UNREAD)
async def redis_crashed(lab, conn, rng, v):
    """Redis is busy with a slow command and is killed while pipelined commands wait."""
    port, program = await redis(lab)
    await connect(lab, conn, v, port)
    await redis_chat(lab, conn, rng)
    await lab.loop.sock_sendall(conn.c, b"DEBUG SLEEP 5\r\n")
    await asyncio.sleep(0.1)
    lab.send_now(conn.c, size(conn, rng, 20, 60000))
    await asyncio.sleep(rng.uniform(0.05, 1))
    program.kill()
    await lab.round_trip()


async def postgres(lab):
    folder = "/usr/lib/postgresql"
    versions = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    if not versions:
        raise Missing("postgresql is not installed")
    port, binaries = lab.server_port(), os.path.join(folder, versions[-1], "bin")
    script = ("%s/initdb -D data -A trust -U lab --no-sync --no-locale >/dev/null && exec %s/postgres -D data -p %d "
              "-c listen_addresses='%s,%s' -c unix_socket_directories= -c fsync=off" %
              (binaries, binaries, port, lab.network.ip["s", 4], lab.network.ip["s", 6]))
    program = Program(lab, "s", ("sh", "-c", script), owner="postgres")
    for _ in range(100):
        if os.path.exists(os.path.join(program.folder.name, "data", "pg_hba.conf")):
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)
    with open(os.path.join(program.folder.name, "data", "pg_hba.conf"), "a") as file:
        file.write("host all all all trust\n")
    await listening(lab, program, port)
    return port


async def postgres_login(lab, conn):
    """Logs in; returns the process id of the session."""
    body = struct.pack("!I", 196608) + b"user\0lab\0database\0postgres\0\0"
    answer = await ask(lab, conn, struct.pack("!I", len(body) + 4) + body)
    for _ in range(20):
        if b"Z\0\0\0\5" in answer or not answer:
            break
        answer += await asyncio.wait_for(lab.loop.sock_recv(conn.c, 65536), 8)
    at = answer.find(b"K\0\0\0\x0c")
    return struct.unpack_from("!I", answer, at + 5)[0] if at >= 0 else 0


def query(text):
    return b"Q" + struct.pack("!I", len(text) + 5) + text + b"\0"


@scenario(CLOSED)
async def postgres_terminated(lab, conn, rng, v):
    """pg_terminate_backend() ends an idle PostgreSQL session; its owner sends the next query."""
    port = await running(lab, postgres)
    await connect(lab, conn, v, port)
    session = await postgres_login(lab, conn)
    await ask(lab, conn, query(b"select 1"))
    admin = lab.conn(conn.scenario + ":admin")
    await connect(lab, admin, v, port)
    await postgres_login(lab, admin)
    await ask(lab, admin, query(b"select pg_terminate_backend(%d)" % session))
    admin.c.close()
    await asyncio.sleep(rng.uniform(0.1, 1.5))
    lab.send_now(conn.c, 60)
    await lab.round_trip()


async def sshd(lab):
    port, ip = lab.server_port(), lab.network.ip
    os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    installed("ssh-keygen")
    path = installed("sshd")
    text = "ListenAddress %s:%d\nListenAddress [%s]:%d\nHostKey key\nUsePAM no\nPidFile none\nStrictModes no\n" % (ip["s", 4], port, ip["s", 6], port)
    script = "ssh-keygen -q -t ed25519 -N '' -f key && exec %s -D -e -f \"$PWD/sshd_config\" -h \"$PWD/key\"" % path
    program = Program(lab, "s", ("sh", "-c", script), {"sshd_config": text.replace("HostKey key\n", "")})
    await listening(lab, program, port)
    return port


@scenario(UNREAD)
async def ssh_spoken_http(lab, conn, rng, v):
    """A browser or scanner speaks HTTP to sshd, which reads one line, answers and closes."""
    await connect(lab, conn, v, await running(lab, sshd))
    try:
        await ask(lab, conn, b"GET / HTTP/1.1\r\nHost: lab.example\r\nUser-Agent: lab\r\nAccept: */*\r\n\r\n")
        await lab.receive(conn.c, 1000, timeout=2)
    except (OSError, asyncio.TimeoutError):
        pass
    await lab.round_trip()


# -- Python, Node, curl ----------------------------------------------------------------------------

PYTHON_SERVER = """
import http.server, socket, socketserver, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b"no\\n")
class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
class Server6(Server):
    address_family = socket.AF_INET6
threading.Thread(target=Server6((sys.argv[2], int(sys.argv[3])), Handler).serve_forever).start()
Server((sys.argv[1], int(sys.argv[3])), Handler).serve_forever()
"""


async def python_server(lab):
    port = lab.server_port()
    program = Program(lab, "s", ("python3", "server.py", *addresses(lab), str(port)), {"server.py": PYTHON_SERVER})
    await listening(lab, program, port)
    return port


@scenario(UNREAD)
async def python_ignored_body(lab, conn, rng, v):
    """Python's http.server answers a POST without reading its body."""
    await connect(lab, conn, v, await running(lab, python_server))
    await upload(lab, conn, size(conn, rng, 9000, 300000))


NODE_SERVER = """
const http = require('http');
const answer = (request, response) => {
  if (request.url === '/reset') request.socket.resetAndDestroy();
  else if (request.method === 'POST') { response.end('no'); request.socket.destroySoon(); }
  else response.end('hello from the lab\\n');
};
for (const address of process.argv.slice(2, 4)) http.createServer(answer).listen(Number(process.argv[4]), address);
"""


async def node_server(lab):
    port = lab.server_port()
    program = Program(lab, "s", ("node", "server.js", *addresses(lab), str(port)), {"server.js": NODE_SERVER})
    await listening(lab, program, port)
    return port


@scenario(LINGER)
async def node_reset_and_destroy(lab, conn, rng, v):
    """A Node server calls socket.resetAndDestroy()."""
    await connect(lab, conn, v, await running(lab, node_server))
    for _ in range(rng.choice((0, 1, 3))):
        await ask(lab, conn, b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        await lab.think()
    lab.send_now(conn.c, 0)
    await lab.loop.sock_sendall(conn.c, b"GET /reset HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    await lab.round_trip()


@scenario(UNREAD)
async def node_refused_upload(lab, conn, rng, v):
    """A Node server answers an upload and destroys the socket while the body still comes."""
    await connect(lab, conn, v, await running(lab, node_server))
    await upload(lab, conn, size(conn, rng, 30000, 600000))


@scenario(UNREAD)
async def curl_cancelled(lab, conn, rng, v):
    """curl gives up in the middle of a download: its time is over, or it is killed."""
    server = await running(lab, nginx)
    how = pick(conn, rng, "how", ("max-time", "killed"))
    conn.params["resetter"] = "c"
    port, ip = lab.client_port(), lab.network.ip["s", v]
    conn.add_tuple((lab.network.ip["c", v], port), (ip, server))
    program = Program(lab, "c", ("curl", "-sS", "-o", "/dev/null", "--local-port", str(port), "--limit-rate", "150k",
                                 "-m", "0.6" if how == "max-time" else "9",
                                 "http://%s:%d/big" % ("[%s]" % ip if v == 6 else ip, server)))
    await asyncio.sleep(rng.uniform(0.4, 0.7) if how == "killed" else 0.9)
    program.kill()
    await asyncio.sleep(0.4)
