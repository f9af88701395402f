"""One batch: one network, many scenarios at once, four captures, the truth."""
import asyncio
import json
import os
import random
import shutil
import tempfile

import edit
import label
import lab as labs
import net
import pcap
import scenarios
from box import Box
from trace import Tracer

FORMAT = "whyrst-lab-truth 1"


def draw_settings(rng):
    """The axes that hold for a whole batch."""
    sysctl = {"net/ipv4/tcp_timestamps": rng.choice((1, 1, 1, 0)), "net/ipv4/tcp_sack": rng.choice((1, 1, 1, 0)),
              "net/ipv4/tcp_window_scaling": rng.choice((1, 1, 1, 0)), "net/ipv4/tcp_ecn": rng.choice((2, 2, 1, 0)),
              "net/ipv4/tcp_fin_timeout": rng.choice((2, 60)),
              "net/ipv4/tcp_rmem": rng.choice(("4096 131072 6291456", "4096 131072 33554432", "4096 32768 262144"))}
    if rng.random() < 0.6:
        path = {"kind": "lan"}
    else:
        path = {"kind": "wan", "delay": rng.choice((0.002, 0.01, 0.03, 0.08)), "jitter": rng.choice((0, 0, 0.005)),
                "loss": rng.choice((0, 0, 0.01, 0.03)), "dup": rng.choice((0, 0, 0.01)), "reorder": rng.choice((0, 0, 0.02))}
    return {"sysctl": sysctl, "sysctl_s": {"net/ipv4/tcp_abort_on_overflow": 1, "net/ipv4/tcp_syncookies": 0},
            "offload": rng.random() < 0.6, "path": path, "idle": rng.choice((3, 3, 6, 15)), "conntrack_idle": rng.choice((2, 3)),
            "dscp": rng.choice((0, 0.5))}


def draw_plays(rng, count, settings, only=None):
    """(start second, scenario, IP version) for a whole batch: an equal share for each cause, common ones more."""
    known = scenarios.load()
    lan = settings["path"]["kind"] == "lan"
    usable = [s for s in known.values() if (lan or not s.lan_only) and scenarios.chosen(s, only)]
    share = {"so-linger-zero": 1.5, "unread-receive-buffer": 1.8, "data-after-close": 1.5, "half-open-connection": 1.3,
             "accept-queue-overflow": 0.4, "unknown": 0.5, "none": 0.4}
    causes = sorted({s.cause for s in usable})
    plays = []
    for _ in range(count):
        cause = rng.choices(causes, [share.get(c, 1.0) for c in causes])[0]
        mine = [s for s in usable if s.cause == cause]
        one = rng.choices(mine, [s.weight or 1 for s in mine])[0]
        v = rng.choice([v for v in (4, 4, 4, 6, 6) if v in one.versions])
        plays.append((rng.uniform(0, max(1.0, count / 30)), one, v, {}))
    return plays


async def play_all(lab, plays, limit):
    async def play(start, scenario, v, params):
        await asyncio.sleep(start)
        conn = lab.conn(scenario.name, params)
        conn.params["ip"] = v
        began = lab.loop.time()
        try:
            await asyncio.wait_for(scenario.function(lab, conn, random.Random(lab.rng.random()), v), scenario.limit or limit)
        except labs.Missing as error:
            conn.note = "skipped: %s" % error
        except (OSError, asyncio.TimeoutError) as error:
            conn.params["ended"] = "%s: %s" % (type(error).__name__, error)
        conn.params["seconds"] = round(lab.loop.time() - began, 3)

    await asyncio.gather(*(play(*one) for one in plays))
    await asyncio.sleep(0.5 + 3 * lab.box.path.get("delay", 0))


def mac_of(network, side):
    text = net.run("ip", "-n", network.names[side], "-o", "link", "show", "eth0")
    return bytes.fromhex(text.split("link/ether ")[1].split()[0].replace(":", ""))


class Batch:
    """The outcome: labeller, connections, captures {vantage: [Packet]}."""

    def __init__(self, job, seed, settings, plays, limit=40, helpers=None):
        self.seed, self.settings, self.plays, self.limit = seed, settings, plays, limit
        rng = random.Random(seed)
        if helpers is None:
            helpers = sum(1 for play in plays if play[1].name.startswith("killed"))
        helpers = labs.start_helpers(helpers)
        folder = tempfile.mkdtemp(prefix="whyrst-lab-")
        network = net.Network(job, settings)
        tracer, loop, box = Tracer("j%d" % job), asyncio.new_event_loop(), None
        loop.set_exception_handler(lambda *_: None)
        traced = False
        try:
            network.build()
            tracer.start()
            traced = True
            box = Box(network, loop, random.Random(rng.random()), settings["path"])
            network.capture(folder)
            lab = labs.Lab(network, loop, rng.random(), box, helpers)
            loop.run_until_complete(self.play(lab))
            net.settle()
            paths, self.lost = network.capture_stop()
            resets = tracer.stop()
            traced = False
            lab.close_all()
            macs = {side: mac_of(network, side) for side in "cs"}
            self.conns = lab.conns
            self.captures = {vantage: pcap.read(path) for vantage, path in paths.items()}
            self.labeller = label.Labeller(network, lab.conns, self.captures, resets, box.log, macs)
        finally:
            if traced:
                tracer.stop()
            if box is not None:
                box.close()
            network.destroy()
            for pid, channel in helpers:
                channel.close()
                os.waitpid(pid, 0)
            shutil.rmtree(folder, ignore_errors=True)
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    async def play(self, lab):
        await play_all(lab, self.plays, self.limit)

    def truth(self, name, vantage, packets, edits, axes, only=None):
        events, left_out = label.events_of(self.labeller, packets)
        if only is not None:
            events = [event for event in events if event["connection"] in only]
        hit = {event["connection"] for event in events}
        seen = {packet.conn.id for packet in packets if packet.conn is not None}
        connections = []
        for conn in self.conns:
            if conn.id not in seen and only is None or only is not None and conn.id not in only:
                continue
            kernel = [e.kernel.as_json() for e in self.labeller.emissions.get(conn.id, ()) if e.kernel is not None]
            connections.append({"id": conn.id, "scenario": conn.scenario, "params": conn.params, "note": conn.note,
                                "client": address(conn, 0), "server": address(conn, 1), "kernel": kernel, "reset": conn.id in hit})
        skipped = sorted({conn.scenario + ": " + conn.note for conn in self.conns if (conn.note or "").startswith("skipped")})
        return {"format": FORMAT, "capture": name, "seed": self.seed, "vantage": vantage, "edits": edits, "axes": axes,
                "capture_lost": self.lost, "packets": len(packets), "events": events, "left_out": left_out, "connections": connections, "skipped": skipped}

    def axes(self, vantage, edits, kind):
        path, sysctl = self.settings["path"], self.settings.get("sysctl", {})
        axes = {"path": path["kind"], "delay_ms": 1000 * path.get("delay", 0), "loss": path.get("loss", 0), "dup": path.get("dup", 0),
                "reorder": path.get("reorder", 0), "offload": self.settings.get("offload", True), "vantage": vantage, "dscp": self.settings.get("dscp", 0),
                "edit": "+".join(sorted(edits)) or "none", "format": kind}
        for name, value in sysctl.items():
            axes[name.rsplit("/", 1)[1]] = value
        return axes


def address(conn, which):
    return {"ip": conn.tuples[0][which][0], "port": conn.tuples[0][which][1]} if conn.tuples else None


def save(batch, out, stem, vantage, rng):
    """Writes one vantage of a batch, edited as drawn, with its truth; returns the truth."""
    edits = edit.choose(rng)
    if vantage == "box" and edits.get("twice") == "both-sides":
        packets = edit.merge_both_sides(batch.captures["boxc"], batch.captures["boxs"])
    else:
        if edits.get("twice") == "both-sides":
            edits["twice"] = "span"
        packets = batch.captures[rng.choice(("boxc", "boxs")) if vantage == "box" else vantage]
    packets = edit.apply(packets, edits, rng)
    kind = rng.choice(("pcap-ns", "pcap-ns", "pcap-us", "pcapng"))
    name = stem + (".pcapng" if kind == "pcapng" else ".pcap")
    path = os.path.join(out, name)
    pcap.write(path, packets, kind, edits.get("snaplen", 262144))
    if "torn" in edits and kind != "pcapng" and packets:
        os.truncate(path, os.path.getsize(path) - min(edits["torn"], len(packets[-1].data)))
        packets = packets[:-1]
    elif "torn" in edits:
        del edits["torn"]
    truth = batch.truth(name, vantage, packets, edits, batch.axes(vantage, edits, kind))
    write_json(os.path.join(out, stem + ".truth.json"), truth)
    return truth


def write_json(path, value):
    with open(path, "w") as file:
        json.dump(value, file, indent=1, sort_keys=True)
        file.write("\n")
