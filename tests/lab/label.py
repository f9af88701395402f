"""Says for every RST of a capture where it came from and why, from what was done and what the sender's kernel said.

No cause is read off the packets. Packets decide two other things: which captured frame is which RST, and `group`, the causes
that the visible packets cannot tell apart (so that a scoreboard can be fair).
"""
import wire

NEAR = 25000000     # ns between the kernel's trace and the captured frame
SILENCE = 800000000     # ns after which a packet may find its connection forgotten
DEFERRED = 1000000000   # ns after which a SYN-ACK that was not accepted is sent again
REASONS = {
    "TCP_ABORT_ON_CLOSE": "unread-receive-buffer", "TCP_STATE": "so-linger-zero", "TCP_ABORT_ON_LINGER": "so-linger-zero",
    "TCP_DISCONNECT_WITH_DATA": "so-linger-zero", "TCP_KEEPALIVE_TIMEOUT": "keepalive-timeout",
    "TCP_ABORT_ON_DATA": "data-after-close", "TCP_TIMEWAIT_SOCKET": "data-after-close",
    "TCP_INVALID_ACK_SEQUENCE": "half-open-connection", "INVALID_SYN": "accept-queue-overflow",
    "TCP_RFC7323_PAWS": "unknown", "TCP_OLD_ACK": "unknown", "TCP_TOO_OLD_ACK": "unknown", "TCP_ACK_UNSENT_DATA": "unknown",
}
ACTIVE = ("TCP_ABORT_ON_CLOSE", "TCP_STATE", "TCP_ABORT_ON_LINGER", "TCP_DISCONNECT_WITH_DATA", "TCP_KEEPALIVE_TIMEOUT")
SOCKETLESS = ("NO_SOCKET", "TCP_FLAGS")
SIDE = {"c": "client", "s": "server"}
OTHER = {"c": "s", "s": "c"}


class Emission:
    """One RST as it left its maker. maker: c, s (that host's kernel or netfilter), box, program."""

    def __init__(self, conn, side, packet, maker):
        self.conn, self.side, self.maker, self.time, self.tcp = conn, side, maker, packet.time, packet.tcp
        self.kernel = None
        self.cause = self.why = None
        self.tail_of = None     # the earlier emission this one only follows from

    def identity(self):
        return identity(self.conn, self.side, self.tcp)


def identity(conn, side, tcp):
    return (conn.id, side, tcp.seq, tcp.ack if tcp.flags & wire.ACK else 0, tcp.flags)


def is_same(sent, captured):
    """Whether a captured RST can be this one: a forged one may carry the numbers of the host's own, but hardly its whole header."""
    return sent.window == captured.window and sent.ip_id == captured.ip_id and 0 <= sent.ttl - captured.ttl <= 4


class Labeller:
    def __init__(self, network, conns, captures, resets, box_log, macs):
        self.conns, self.captures, self.macs = conns, captures, macs
        ours = set(network.ip.values())
        self.resets = [reset for reset in resets if reset.source[0] in ours]
        self.by_key = {}
        for conn in conns:
            for client, server in conn.tuples:
                key = (wire.pack_ip(client[0]), client[1], wire.pack_ip(server[0]), server[1])
                self.by_key.setdefault(key, (conn, "c"))
                self.by_key.setdefault(key[2:] + key[:2], (conn, "s"))
        self.box_log = box_log
        self.emissions, self.of = {}, {}    # {conn id: [Emission by time]}, {identity: [Emission]}
        self.fins, self.synacks = {}, {}    # {(conn id, side): first time its host sent a FIN}, {conn id: [times]}
        self.spoke = {}     # {(conn id, side): first time its host sent anything but SYN and RST}
        self.assign()
        self.collect()
        self.explain()

    def assign(self):
        for packets in self.captures.values():
            for packet in packets:
                if packet.tcp is not None:
                    packet.conn, packet.side = self.by_key.get(packet.tcp.key, (None, None))

    def collect(self):
        """Finds every RST at its origin: the hosts' own captures, the box program's log, else the box's kernel."""
        for side, vantage in (("c", "client"), ("s", "server")):
            for packet in self.captures[vantage]:
                if packet.conn is None or packet.data[6:12] != self.macs[side]:
                    continue
                if packet.tcp.flags & wire.RST:
                    self.add(Emission(packet.conn, packet.side, packet, side))
                    continue
                if not packet.tcp.flags & wire.SYN:
                    self.spoke.setdefault((packet.conn.id, packet.side), packet.time)
                if packet.tcp.flags & wire.FIN:
                    self.fins.setdefault((packet.conn.id, packet.side), packet.time)
                elif packet.tcp.flags & wire.SYN and packet.tcp.flags & wire.ACK:
                    self.synacks.setdefault(packet.conn.id, []).append(packet.time)
        for vantage in ("boxc", "boxs"):
            for packet in self.captures[vantage]:
                if packet.conn is None or not packet.tcp.flags & wire.RST or self.find(packet) is not None:
                    continue
                maker, cause = "box", None
                for entry in self.box_log:
                    if (entry["src"], entry["dst"], entry["seq"], entry["flags"]) == (
                            packet.tcp.key[:2], packet.tcp.key[2:], packet.tcp.seq, packet.tcp.flags) and \
                            abs(entry["time"] - packet.time) < NEAR:
                        maker, cause = "program", entry["cause"]
                        break
                emission = Emission(packet.conn, packet.side, packet, maker)
                emission.cause = cause
                self.add(emission)
        for entries in self.emissions.values():
            entries.sort(key=lambda emission: emission.time)

    def add(self, emission):
        self.emissions.setdefault(emission.conn.id, []).append(emission)
        self.of.setdefault(emission.identity(), []).append(emission)

    def find(self, packet):
        """The emission a captured RST is; None when nobody is known to have sent it."""
        same = [emission for emission in self.of.get(identity(packet.conn, packet.side, packet.tcp), ())
                if emission.time <= packet.time + 1000000 and is_same(emission.tcp, packet.tcp)]
        return max(same, key=lambda emission: emission.time, default=None)

    def explain(self):
        waiting = {}
        for reset in self.resets:
            waiting.setdefault(reset.source, []).append(reset)
        everything = sorted((e for entries in self.emissions.values() for e in entries), key=lambda e: e.time)
        for emission in everything:
            if emission.maker == "program":
                emission.why = "sent by the box's program"
                continue
            self.match(emission, waiting)
            self.decide(emission)

    def match(self, emission, waiting):
        tcp, best = emission.tcp, None
        source, peer = (wire.ip_text(tcp.src), tcp.sport), (wire.ip_text(tcp.dst), tcp.dport)
        for reset in waiting.get(source, ()):
            distance = abs(reset.time - emission.time)
            if reset.used or distance > NEAR or reset.peer not in (None, peer):
                continue
            if best is None or distance < abs(best.time - emission.time):
                best = reset
        if best is not None:
            best.used = True
            emission.kernel = best

    def decide(self, emission):
        conn, side, kernel = emission.conn, emission.side, emission.kernel
        if kernel is None and conn.foreign_cause and side == emission.maker == "s":
            emission.cause, emission.why = conn.foreign_cause, "another stack than the kernel's: what its program did"
            return
        if kernel is None:
            emission.cause = conn.reject_cause
            emission.why = "netfilter REJECT: the kernel's TCP did not send it" if conn.reject_cause else "no kernel reason was recorded"
            return
        emission.why = "kernel reason " + kernel.reason
        if (side, kernel.reason) in conn.reasons:
            emission.cause = conn.reasons[side, kernel.reason]
        elif kernel.reason.startswith("MPTCP_RST") or declares(emission.tcp):
            emission.cause = "declared-reason"
        elif kernel.reason in REASONS:
            emission.cause = REASONS[kernel.reason]
        elif kernel.reason in SOCKETLESS:
            self.decide_socketless(emission)

    def decide_socketless(self, emission):
        """No socket: what had become of it was done by the scenario, by an earlier reset, or by an ordinary close."""
        conn, where = emission.conn, "b" if emission.maker == "box" else emission.side
        marks = [(time, cause) for time, side, cause in conn.marks if side == where and time <= emission.time + 1000000]
        mark = max(marks) if marks else None
        restart = max([time for time in self.synacks.get(conn.id, ()) if time < emission.time], default=0)
        earlier = [e for e in self.emissions[conn.id] if e.time < emission.time and e.time > restart]
        last = earlier[0] if earlier else None
        fin = self.fins.get((conn.id, emission.side))
        aborted = any(e.side == emission.side and e.kernel and e.kernel.reason in ACTIVE for e in earlier)
        if mark is not None and (not aborted or mark[1] == "half-open-connection"):
            emission.cause = mark[1]
        elif emission.tcp.flags & wire.ACK and not emission.tcp.seq:
            emission.cause = "port-not-listening"   # it refuses a SYN, whatever was reset before
        elif last is not None:
            emission.tail_of = last.tail_of or last
            emission.cause = emission.tail_of.cause
        elif fin is not None and fin < emission.time:
            emission.cause = "data-after-close"
        elif emission.side == "c" and emission.maker == "c" and self.spoke.get((conn.id, "c"), emission.time) >= emission.time:
            emission.cause = "handshake-abandoned"      # its program ended while it was dialling


def declares(tcp):
    """Whether the RST carries MP_TCPRST with a reason; 0 only says that there is none."""
    at, options = 0, tcp.options
    while at + 1 < len(options) and options[at]:
        if options[at] == 1:
            at += 1
            continue
        if options[at] == 30 and at + 2 < len(options) and options[at + 2] >> 4 == 8:
            return at + 3 < len(options) and options[at + 3] != 0
        at += max(2, options[at + 1])
    return False


class View:
    """What the packets of one tuple showed so far in one capture, per side."""

    def __init__(self):
        self.next, self.data, self.fin, self.retransmits, self.probes = ({"c": value, "s": value} for value in (None, 0, False, 0, 0))
        self.ttl, self.scale, self.window, self.ack, self.syn = ({"c": None, "s": None} for _ in range(5))
        self.dscp = {"c": 0, "s": 0}    # of its last packet
        self.answered = {"c": False, "s": False}    # whether its peer spoke after its last probe
        self.event = None
        self.new_syn = False
        self.time, self.silence = None, 0   # of the last packet, and the pause before it, ns

    def note(self, side, tcp, time):
        if tcp.flags & wire.RST:
            return
        self.silence = time - self.time if self.time is not None else 0
        self.time = time
        self.ttl[side], self.dscp[side] = tcp.ttl, tcp.tos >> 2
        if tcp.flags & wire.SYN:
            self.syn[side], self.scale[side] = tcp.seq, window_scale(tcp.options)
            self.next[side] = tcp.end
        expected = self.next[side]
        behind = expected is not None and (tcp.seq - expected) & 0xFFFFFFFF >= 0x80000000
        if tcp.length > 1 and behind:
            self.retransmits[side] += 1
        elif tcp.length > 1:
            self.retransmits[side] = 0      # what was sent again before is history: new data could be sent
        elif tcp.length <= 1 and behind and not tcp.flags & (wire.SYN | wire.FIN) and (expected - tcp.seq) & 0xFFFFFFFF == 1:
            self.probes[side] += 1
            self.answered[side] = False
        self.answered[OTHER[side]] = True
        if expected is None or (tcp.end - expected) & 0xFFFFFFFF < 0x80000000:
            self.next[side] = tcp.end
        self.data[side] += tcp.length
        self.fin[side] = self.fin[side] or bool(tcp.flags & wire.FIN)
        if tcp.flags & wire.ACK:
            self.window[side] = tcp.window << (0 if tcp.flags & wire.SYN else self.shift(side))
            self.ack[side] = tcp.ack

    def shift(self, side):
        return self.scale[side] if self.scale["c"] is not None and self.scale["s"] is not None else 0

    def handshake(self):
        return self.syn["c"] is not None and self.syn["s"] is not None

    def window_jumped(self, side, tcp):
        """Whether the RST offers at least twice what was still open: only freeing unread data does that."""
        if not self.handshake() or self.fin[OTHER[side]] or self.window[side] is None or not tcp.flags & wire.ACK:
            return False
        open_now = (self.ack[side] + self.window[side] - tcp.ack) & 0xFFFFFFFF
        return (tcp.window << self.shift(side)) > max(0, 2.1 * open_now)


def window_scale(options):
    at = 0
    while at + 1 < len(options) and options[at]:
        if options[at] == 1:
            at += 1
            continue
        if options[at] == 3 and at + 2 < len(options):
            return options[at + 2]
        at += max(2, options[at + 1])
    return None


def group_of(emission, cause, view, conn, first, tcp):
    """The causes the packets before this RST leave open, the true one among them; tcp: the RST as captured."""
    side, peer, group = emission.side, OTHER[emission.side], {cause}
    if cause == "unread-receive-buffer" and not view.window_jumped(side, tcp):
        group.add("so-linger-zero")
    elif cause == "so-linger-zero" and not (view.handshake() and view.data[peer] == 0):
        group.add("unread-receive-buffer")
    elif cause == "keepalive-timeout" and not view.probes[side]:
        group |= {"so-linger-zero", "unread-receive-buffer"}
    elif cause == "keepalive-timeout" and view.answered[side]:
        group.add("so-linger-zero")     # the answer is here, and only the prober's end can tell that it was lost later
    elif cause == "retransmission-timeout" and not view.retransmits[side]:
        group |= {"half-open-connection", "middlebox-timeout"}
    elif cause == "half-open-connection":
        # a SYN-ACK for an earlier attempt: the attempt was given up, or the peer still held it
        reconnects = emission.kernel and emission.kernel.reason == "TCP_INVALID_ACK_SEQUENCE"
        group.add("handshake-abandoned" if reconnects else "middlebox-timeout")
    elif cause == "data-after-close" and not view.fin[side]:
        group |= {"half-open-connection", "middlebox-timeout"}
    elif cause == "port-not-listening":
        if not tcp.tos >> 2:
            group.add("firewall-reject")    # which never copies the DSCP of what it refuses
    elif cause == "accept-queue-overflow" and not view.handshake():
        group.add("half-open-connection")
    elif cause == "firewall-reject":
        group |= {"port-not-listening"} if view.syn[side] is None and view.data[peer] == 0 else {"injected-reset", "half-open-connection"}
        if view.dscp[peer] and not tcp.tos >> 2:
            group -= {"port-not-listening", "half-open-connection"}     # a kernel copies the DSCP of what it refuses
        if view.silence >= SILENCE:
            group.add("middlebox-timeout")
    elif cause == "middlebox-timeout" and view.ttl[side] == tcp.ttl:
        group.add("half-open-connection")
    elif cause == "injected-reset":
        group |= injected_group(conn, view, side, tcp)
    group |= set(conn.group)
    if cause != "injected-reset":
        group |= hidden_group(cause, view, side, tcp)
    if emission.tail_of is not None and first:
        group.add(emission.tail_of.cause)
        if view.fin[side]:
            group.add("data-after-close")   # after a FIN the first reset makes no difference to this one, and only it would tell
        if view.syn[peer] is not None and view.data[side] == view.data[peer] == 0:
            group.add("handshake-abandoned")    # all that shows is a SYN-ACK that was answered so
    group.discard(None)
    return sorted(group)


def injected_group(conn, view, side, tcp):
    pattern, trigger = conn.params.get("pattern"), conn.params.get("trigger")
    if pattern not in ("r", "ra", "stale"):
        return set()
    group = {"firewall-reject"} | hidden_group("injected-reset", view, side, tcp)   # several at once would tell
    if view.syn[side] is None and view.data[OTHER[side]] == 0:
        group.add("port-not-listening")     # the SYN-ACK was swallowed, or never sent: the SYN is what was answered
    if view.ttl[side] is None and trigger == "word":
        # no packet of the resetter's is there to hold its header against: it looks like the resetter's own
        group |= {"so-linger-zero", "unread-receive-buffer"} if pattern == "ra" else {"half-open-connection"}
    return group


REPLIES = {"half-open-connection", "data-after-close", "handshake-abandoned", "middlebox-timeout", "accept-queue-overflow",
           "firewall-reject", "retransmission-timeout", "injected-reset"}
ABORTS = {"so-linger-zero", "unread-receive-buffer", "keepalive-timeout", "middlebox-timeout", "retransmission-timeout",
          "injected-reset"}


def hidden_group(cause, view, side, tcp):
    """What is open besides because of what this capture does not hold."""
    reply, peer = not tcp.flags & wire.ACK, OTHER[side]
    if view.time is None:
        # nothing of the connection comes before the RST: its own header is all there is
        kind = REPLIES if reply else ABORTS if tcp.seq else set()
        return kind if cause in kind else set()
    if (reply and side == "s" and view.handshake() and not view.data[side] and view.data[peer] and not view.fin[side]
            and view.silence < DEFERRED and view.ttl[side] == tcp.ttl and cause in REPLIES - {"retransmission-timeout"}):
        # a server that said nothing since its SYN-ACK refuses the first data: the connection was never accepted, another
        # backend got it, or its socket is gone; the R is the same, and only a SYN-ACK sent again would tell
        return {"accept-queue-overflow", "half-open-connection"}
    return set()


def events_of(labeller, packets):
    """(events, left out) of one capture, after its edits; frame numbers start at 1."""
    views, events, left_out = {}, [], []
    for frame, packet in enumerate(packets, 1):
        if packet.tcp is None or packet.conn is None:
            continue
        key = min(packet.tcp.key, packet.tcp.key[2:] + packet.tcp.key[:2])
        view = views.setdefault(key, View())
        tcp = packet.tcp
        if not tcp.flags & wire.RST:
            if view.event is not None and tcp.flags & wire.SYN:
                if not tcp.flags & wire.ACK:
                    view.new_syn = True
                elif view.new_syn:
                    views[key] = view = View()
            if not packet.copy:
                view.note(packet.side, tcp, packet.time)
            continue
        if view.event is not None:
            view.event.setdefault("copies" if packet.copy else "followups", []).append(frame)
            continue
        emission = labeller.find(packet)
        event = make_event(emission, packet, view, frame)
        view.event = event if event["cause"] else {}
        (events if event["cause"] else left_out).append(event)
    return events, left_out


def make_event(emission, packet, view, frame):
    conn = packet.conn
    event = {"frame": frame, "time": packet.time, "connection": conn.id, "scenario": conn.scenario,
             "sent_by": SIDE[packet.side], "cause": None, "kernel": None, "followups": []}
    if emission is None:
        event["note"] = "nobody is known to have sent this RST"
        return event
    cause = emission.cause
    event["why"] = emission.why
    if emission.tail_of is not None and cause and cause != "data-after-close":   # there every RST answers such data
        event["note"] = "answers what was sent after a reset (%s) that this capture does not show" % cause
        cause = "half-open-connection"
    event["cause"] = cause
    if cause is None:
        event["note"] = "the scenario does not explain this RST"
        return event
    event["kernel"] = emission.kernel.reason if emission.kernel else None
    event["origin"] = SIDE[emission.maker] if emission.maker in SIDE else "middlebox"
    event["origins"] = [event["origin"]]
    if emission.kernel is None and emission.maker in SIDE and not conn.foreign_cause:
        event["origins"].append("middlebox")    # the host's own firewall: either word is right
    event["group"] = group_of(emission, cause, view, conn, True, packet.tcp)
    return event
