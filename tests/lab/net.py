"""The network of the lab: namespaces client -- box -- server joined by veth pairs.

Every job has addresses of its own, so that the kernel's trace of two jobs running at once can be told apart.
"""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
# Ports of the server that a rule or the userspace path of the box treats in its own way.
REJECT_SYN_HOST = range(2000, 2100)
REJECT_SYN_BOX = range(2100, 2200)
REJECT_WORD_HOST = range(2200, 2300)
REJECT_WORD_BOX = range(2300, 2400)
CONNTRACK_REJECT = range(2400, 2500)
MASQUERADE = range(2500, 2600)
TUN_PORTS = range(2600, 4600)
DNAT = range(4600, 4700)
WORD = b"FORBIDDEN-WORD"
SIDES = {"c": "client", "s": "server", "b": "box"}


def run(*command, check=True, text=None):
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command), done.stdout.strip()))
    return done.stdout


class Network:
    def __init__(self, job, settings):
        self.job, self.settings = job, settings
        self.names = {side: "wl%d-%d-%s" % (os.getpid(), job, side) for side in "cbs"}
        net = 100 + job % 100
        self.ip = {("c", 4): "10.%d.1.2" % net, ("s", 4): "10.%d.2.2" % net, ("bc", 4): "10.%d.1.1" % net,
                   ("bs", 4): "10.%d.2.1" % net, ("c", 6): "fd00:%d:1::2" % net, ("s", 6): "fd00:%d:2::2" % net,
                   ("bc", 6): "fd00:%d:1::1" % net, ("bs", 6): "fd00:%d:2::1" % net,
                   ("c2", 4): "10.%d.1.3" % net, ("vip", 4): "10.%d.9.9" % net}
        self.namespace, self.captures = {}, []
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)

    def build(self):
        for side, name in self.names.items():
            run("ip", "netns", "add", name)
            self.namespace[side] = os.open("/run/netns/" + name, os.O_RDONLY)
        c, b, s = (self.names[side] for side in "cbs")
        run("ip", "-n", c, "link", "add", "eth0", "type", "veth", "peer", "name", "bc", "netns", b)
        run("ip", "-n", s, "link", "add", "eth0", "type", "veth", "peer", "name", "bs", "netns", b)
        for side, device in (("c", "eth0"), ("s", "eth0"), ("b", "bc"), ("b", "bs")):
            run("ip", "netns", "exec", self.names[side], "ethtool", "-K", device, *self.offloads(), check=False)
        with self.inside("b"):
            self.sysctl({"net/ipv4/ip_forward": 1, "net/ipv6/conf/all/forwarding": 1, "net/ipv4/conf/all/rp_filter": 0,
                         "net/ipv4/conf/default/rp_filter": 0, "net/ipv4/conf/bc/rp_filter": 0,
                         "net/ipv4/conf/bs/rp_filter": 0, "net/ipv4/conf/all/send_redirects": 0})
        for side in "cs":
            with self.inside(side):
                self.sysctl({"net/ipv4/tcp_no_metrics_save": 1, "net/ipv4/ip_nonlocal_bind": 1})
                self.sysctl(self.settings.get("sysctl", {}))
                self.sysctl(self.settings.get("sysctl_" + side, {}))
        self.addresses()
        self.rules()

    def offloads(self):
        state = "on" if self.settings.get("offload", True) else "off"
        return ["tso", state, "gso", state, "gro", state, "tx", state]

    def addresses(self):
        for side, device in (("c", "eth0"), ("s", "eth0"), ("bc", "bc"), ("bs", "bs")):
            name = self.names[side[0]]
            lines = ["link set lo up", "link set %s up" % device, "addr add %s/24 dev %s" % (self.ip[side, 4], device),
                     "addr add %s/64 dev %s nodad" % (self.ip[side, 6], device)]
            if side == "c":
                lines.append("addr add %s/24 dev %s" % (self.ip["c2", 4], device))
            if side in "cs":
                lines.append("route add default via %s" % self.ip["b" + side, 4])
                lines.append("-6 route add default via %s" % self.ip["b" + side, 6])
            for line in lines:
                run("ip", "-n", name, *line.split())

    def rules(self):
        """Every middlebox made of netfilter; the string match is the content filter."""
        ports = lambda span: "%d:%d" % (span[0], span[-1])
        reject = "-j REJECT --reject-with tcp-reset"
        word = "-m string --string %s --algo bm" % WORD.decode()
        host = ["-A INPUT -p tcp --dport %s --syn %s" % (ports(REJECT_SYN_HOST), reject),
                "-A INPUT -p tcp --dport %s %s %s" % (ports(REJECT_WORD_HOST), word, reject)]
        box = ["-A FORWARD -p tcp --dport %s --syn %s" % (ports(REJECT_SYN_BOX), reject),
               "-A FORWARD -p tcp --dport %s %s %s" % (ports(REJECT_WORD_BOX), word, reject),
               "-A FORWARD -p tcp --dport %s -m conntrack --ctstate INVALID %s" % (ports(CONNTRACK_REJECT), reject),
               "-A FORWARD -p tcp --sport %s -m conntrack --ctstate INVALID %s" % (ports(CONNTRACK_REJECT), reject)]
        nat = ["-A POSTROUTING -p tcp --dport %s -o bs -j MASQUERADE" % ports(MASQUERADE),
               "-A PREROUTING -p tcp -d %s -j DNAT --to %s" % (self.ip["vip", 4], self.ip["s", 4])]
        for tool in ("iptables-legacy-restore", "ip6tables-legacy-restore"):
            self.execute("s", tool, text="*filter\n" + "\n".join(host) + "\nCOMMIT\n")
            text = "*filter\n" + "\n".join(box) + "\nCOMMIT\n"
            if tool.startswith("iptables"):
                text += "*nat\n" + "\n".join(nat) + "\nCOMMIT\n"
            self.execute("b", tool, text=text)
        with self.inside("b"):
            idle = str(self.settings.get("conntrack_idle", 2))
            self.sysctl({"net/netfilter/nf_conntrack_tcp_loose": 0,
                         "net/netfilter/nf_conntrack_tcp_timeout_established": idle,
                         "net/netfilter/nf_conntrack_tcp_timeout_unacknowledged": idle})

    def route_through_tun(self, device, everything):
        """Sends TCP from either end to the box program, or only that of TUN_PORTS."""
        b = self.names["b"]
        for family in ("-4", "-6"):
            run("ip", "-n", b, family, "route", "add", "default", "dev", device, "table", "100")
            for side, port in (("bc", "dport"), ("bs", "sport")):
                match = [] if everything else ["ipproto", "tcp", port, "%d-%d" % (TUN_PORTS[0], TUN_PORTS[-1])]
                if everything:
                    match = ["ipproto", "tcp"]
                run("ip", "-n", b, family, "rule", "add", "iif", side, *match, "lookup", "100")

    @contextlib.contextmanager
    def inside(self, side):
        """Sockets and files opened in the block belong to that namespace; nothing may be awaited inside."""
        if LIBC.setns(self.namespace[side], CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            if LIBC.setns(self.home, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns home")

    def socket(self, side, family, kind=socket.SOCK_STREAM, protocol=0):
        with self.inside(side):
            return socket.socket(family, kind, protocol)

    def sysctl(self, values):
        for name, value in values.items():
            with open("/proc/sys/" + name, "w") as file:
                file.write(str(value))

    def execute(self, side, *command, text=None, check=True):
        return run("ip", "netns", "exec", self.names[side], *command, text=text, check=check)

    def capture(self, folder):
        """Starts tcpdump at the four vantage points."""
        for vantage, side, device in (("client", "c", "eth0"), ("boxc", "b", "bc"), ("boxs", "b", "bs"), ("server", "s", "eth0")):
            path = os.path.join(folder, "raw-%s.pcap" % vantage)
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.names[side], "tcpdump", "-i", device, "-n", "-U", "-s", "262144", "-B", "32768",
                 "--time-stamp-precision=nano", "-Z", "root", "-w", path, "tcp"], stderr=subprocess.PIPE)
            self.captures.append((vantage, path, process))
        for _, _, process in self.captures:
            line = b""
            while b"listening on" not in line:
                line = process.stderr.readline()
                if not line:
                    raise RuntimeError("tcpdump did not start")

    def capture_stop(self):
        """Returns {vantage: path} and the number of packets the captures lost."""
        lost, paths = 0, {}
        for _, _, process in self.captures:
            process.send_signal(signal.SIGINT)
        for vantage, path, process in self.captures:
            _, errors = process.communicate(timeout=20)
            for line in errors.decode().splitlines():
                if "dropped by" in line:
                    lost += int(line.split()[0])
            paths[vantage] = path
        self.captures = []
        return paths, lost

    def destroy(self):
        for _, _, process in self.captures:
            process.kill()
            process.wait()
        for fd in self.namespace.values():
            os.close(fd)
        for name in self.names.values():
            run("ip", "netns", "del", name, check=False)
        os.close(self.home)


def settle(seconds=1.3):
    """Lets the last packets reach the captures before they are stopped: the kernel hands them over once a second."""
    time.sleep(seconds)
