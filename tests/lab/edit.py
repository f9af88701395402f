"""What happens to captures: joined late, cut short, headers only, packets missing, every packet twice. Each edit says so."""


def choose(rng):
    """Draws the edits of one capture; half of the captures have none."""
    edits = {}
    if rng.random() < 0.5:
        return edits
    kind = rng.choice(("midstream", "cut_short", "snaplen", "missing", "twice", "late_join", "torn"))
    edits[kind] = {"midstream": rng.uniform(0.1, 0.4), "cut_short": rng.uniform(0.6, 0.9), "snaplen": rng.choice((96, 128)),
                   "missing": rng.choice((0.005, 0.02, 0.05)), "twice": rng.choice(("span", "both-sides")),
                   "late_join": rng.uniform(0.2, 0.6), "torn": rng.randrange(1, 60)}[kind]
    if rng.random() < 0.15 and kind != "snaplen":
        edits["snaplen"] = 128
    return edits


def apply(packets, edits, rng):
    """The edited list; packets are shared with the input unless changed."""
    if not packets:
        return packets
    first, span = packets[0].time, packets[-1].time - packets[0].time
    if "midstream" in edits:
        packets = [packet for packet in packets if packet.time >= first + span * edits["midstream"]]
    if "cut_short" in edits:
        packets = [packet for packet in packets if packet.time <= first + span * edits["cut_short"]]
    if "late_join" in edits:
        packets = join_late(packets, edits["late_join"], rng)
    if "missing" in edits:
        packets = [packet for packet in packets if rng.random() >= edits["missing"]]
    if edits.get("twice") == "span":
        doubled = []
        for packet in packets:
            copy = packet.clone()
            copy.copy, copy.time = True, packet.time + rng.randrange(200, 4000)
            doubled += [packet, copy]
        packets = doubled
    return packets


def join_late(packets, share, rng):
    """For a share of the connections everything up to some packet is missing, as if recorded from then on."""
    count, skip = {}, {}
    for packet in packets:
        if packet.conn is not None:
            count[packet.conn.id] = count.get(packet.conn.id, 0) + 1
    for number, total in sorted(count.items()):
        if total > 4 and rng.random() < share:
            skip[number] = rng.randrange(1, total - 1)
    kept = []
    for packet in packets:
        number = packet.conn.id if packet.conn is not None else None
        if skip.get(number, 0) > 0:
            skip[number] -= 1
            continue
        kept.append(packet)
    return kept


def merge_both_sides(one, two):
    """The capture of both interfaces of the box: every forwarded packet twice, the second time with another TTL."""
    merged = sorted(one + two, key=lambda packet: packet.time)
    seen, out = {}, []
    for packet in merged:
        if packet.tcp is not None and packet.conn is not None:
            tcp = packet.tcp
            mark = (tcp.key, tcp.seq, tcp.ack, tcp.flags, tcp.ip_id, tcp.length)
            if packet.time - seen.get(mark, -10 ** 12) < 500000000:
                packet = packet.clone()
                packet.copy = True
                seen.pop(mark)
            else:
                seen[mark] = packet.time
        out.append(packet)
    return out
