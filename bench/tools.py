"""The programs that are compared, and the captures they are compared on."""

import json
import os
import re
import shutil
import subprocess

from measure import Job

RST_FILTER = "tcp[tcpflags] & tcp-rst != 0"
SUMMARY = "whyrst --summary"
SUMMARY_TWO = "whyrst --summary, 2 threads"
NDJSON = "whyrst -T ndjson"
NDJSON_TWO = "whyrst -T ndjson, 2 threads"
FILTER = "tcpdump, RST filter"


class Capture:
    """A generated file."""

    def __init__(self, path, packets, connections, resets):
        self.path = path
        self.packets = packets
        self.connections = connections
        self.resets = resets

    def remove(self):
        os.unlink(self.path)


class Toolbox:
    """Where the programs are, and how each is called on a capture."""

    def __init__(self, whyrst, generate, pcap_loop, directory, keep):
        self.whyrst = whyrst  # None: measure the others only
        self.generate = generate
        self.pcap_loop = pcap_loop
        self.directory = directory
        self.keep = keep
        self.made = []
        self.threads = False
        if whyrst:
            usage = subprocess.run([whyrst, "--help"], capture_output=True, text=True)
            self.threads = "--threads" in usage.stdout + usage.stderr

    def capture(self, kind, *options, suffix="pcap"):
        """Makes a capture, or takes the one of the same name a run with --keep left."""
        name = "-".join([kind] + [o.lstrip("-") for o in options]) + "." + suffix
        path = os.path.join(self.directory, name)
        note = path + ".txt"
        if not (os.path.exists(path) and os.path.exists(note)):
            argv = [self.generate, kind, *options, "-o", path]
            done = subprocess.run(argv, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"bench/run: {' '.join(argv)}: {done.stderr.strip()}")
            with open(note, "w", encoding="ascii") as file:
                file.write(done.stderr)
        with open(note, encoding="ascii") as file:
            numbers = re.search(r": (\d+) packets, (\d+) connections, (\d+) RSTs", file.read())
        self.made += [path, note]
        return Capture(path, *(int(n) for n in numbers.groups()))

    def clear(self):
        """Deletes the captures made so far, unless they are to be kept."""
        if not self.keep:
            for path in self.made:
                if os.path.exists(path):
                    os.unlink(path)
        self.made = []

    def own(self, capture, threads=True):
        """whyrst in its ways of running."""
        if not self.whyrst:
            return []
        base = [self.whyrst, "-r", capture.path]
        ndjson = ["-T", "ndjson", "-o", "/dev/null"]
        one = ["--threads", "1"] if self.threads else []
        jobs = [Job(SUMMARY, base + ["--summary"] + one), Job(NDJSON, base + ndjson + one)]
        if self.threads and threads:
            jobs += [Job(SUMMARY_TWO, base + ["--summary", "--threads", "2"]),
                     Job(NDJSON_TWO, base + ndjson + ["--threads", "2"])]
        return jobs

    def light(self, capture):
        """Programs that only read, or only find RSTs."""
        path = capture.path
        return [Job("cat", ["cat", path]),
                Job("libpcap loop", [self.pcap_loop, path]),
                Job(FILTER, ["tcpdump", "-r", path, "-w", "/dev/null", RST_FILTER])]

    def flow_tools(self, capture):
        """Programs that keep a record of every connection."""
        path = capture.path
        jobs = []
        if shutil.which("softflowd"):
            jobs.append(Job("softflowd", ["softflowd", "-r", path, "-d", "-6", "-m", "10000000",
                                          "-n", "127.0.0.1:9", "-c", "none",
                                          "-p", os.path.join(self.directory, "softflowd.pid")],
                            slow=True))
        if shutil.which("tcptrace"):
            jobs += [Job("tcptrace -b", ["tcptrace", "-n", "-b", path], slow=True),
                     Job("tcptrace -l", ["tcptrace", "-n", "-l", path], slow=True)]
        if shutil.which("TcpReassembly"):
            jobs.append(Job("PcapPlusPlus TcpReassembly", ["TcpReassembly", "-r", path, "-w"],
                            slow=True))
        return jobs

    def tshark(self, capture):
        if not shutil.which("tshark"):
            return []
        return [Job("tshark -Y", ["tshark", "-n", "-r", capture.path, "-Y",
                                  "tcp.flags.reset==1"], slow=True)]

    def check(self, capture):
        """What whyrst saw against what the generator wrote: a line for each difference."""
        if not self.whyrst:
            return []
        done = subprocess.run([self.whyrst, "-r", capture.path, "--summary", "-T", "json"],
                              capture_output=True, text=True)
        name = os.path.basename(capture.path)
        try:
            report = json.loads(done.stdout)
            seen = {"packets": report["inputs"][0]["packets"],
                    "rst_packets": report["summary"]["rst_packets"]}
        except (ValueError, KeyError, IndexError):
            return [f"{name}: no summary (status {done.returncode}): {done.stderr.strip()[:200]}"]
        wanted = {"packets": capture.packets, "rst_packets": capture.resets}
        return [f"{name}: {key} {seen[key]}, generated {wanted[key]}"
                for key in wanted if seen[key] != wanted[key]]


def version_of(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout + done.stderr).strip().splitlines()
    lines = [line for line in lines if not line.startswith("Running as user")]
    return lines[0].strip() if lines else None


def versions(toolbox):
    """First line of what each program says about itself."""
    wanted = {"tcpdump": ["tcpdump", "--version"], "tshark": ["tshark", "--version"],
              "jq": ["jq", "--version"], "tcptrace": ["tcptrace", "-v"],
              "softflowd": ["sh", "-c", "softflowd -h 2>&1 | sed -n 's/^This is \\(.*\\)\\. Valid.*/\\1/p'"]}
    if toolbox.whyrst:
        wanted["whyrst"] = [toolbox.whyrst, "-V"]
    found = {name: version_of(argv) for name, argv in wanted.items()}
    return {name: version for name, version in found.items() if version}
