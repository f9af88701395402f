#!/usr/bin/env python3
"""What each kind of evidence buys: the rules without it, counted and scored anew.

Without a kind of evidence nobody looks at its facts. A signature that rests on one of them is taken away; a
condition that only keeps a signature to its case (FENCES) is struck out and the signature stays. What then matches
instead is counted on the seeds for fitting and scored on those for testing, as fit.py and score.py do it.
"""
import argparse
import glob
import json
import os
import re
import sys
import tempfile

import fit
import judge
import score

KINDS = [
    ("unanswered request", ["peer.bytes_unanswered"]),
    ("last word: the peer's data was an answer", ["peer.data_answers"]),
    ("abort at the heels of the resetter's own data", ["resetter.since_data_msec"]),
    ("pending data: what the resetter or its RST acknowledged", ["peer.bytes_unacknowledged", "rst.ack_offset"]),
    ("window growth", ["resetter.window_reopened_ratio", "resetter.window_depressed_ratio"]),
    ("send window used up", ["resetter.send_window_left"]),
    ("an end that never spoke, amounts", ["peer.bytes_sent", "resetter.bytes_sent"]),
    ("burst over many connections", ["host.burst"]),
    ("what the same service did", ["service.accepted_before", "service.accepted_after", "service.accept_gap_sec"]),
    ("silence before the RST", ["conn.idle_sec", "trigger.idle_sec"]),
    ("delay of the RST after the peer's packet", ["trigger.delay_msec", "trigger.delay_rtts"]),
    ("pause after the resetter's last packet", ["resetter.since_last_msec"]),
    ("DSCP", ["rst.dscp", "rst.dscp_dropped"]),
    ("IPv6 flow label", ["rst.flow_label", "rst.flow_label_dropped", "host.flow_label_dropped"]),
    ("hop count and TTL change", ["rst.hops_change", "rst.ttl_change", "rst.ttl_class_switch", "host.ttl_change"]),
    ("captured at the source: no hop", ["resetter.hops", "rst.hops"]),
    ("IP identification", ["rst.ip_id_step"]),
    ("timestamp option of the RST", ["rst.timestamps"]),
    ("bare header of a kernel's answer", ["rst.plain"]),
    ("header fields against the resetter's stack", ["rst.contradictions"]),
    ("kind of stack", ["resetter.stack", "rst.initial_ttl"]),
    ("keep-alive probes", ["resetter.keepalive_probes", "resetter.probes_answered", "resetter.probe_intervals", "rst.seq_offset"]),
    ("retransmissions", ["resetter.retransmissions", "resetter.bytes_unacknowledged", "peer.retransmissions"]),
    ("order of data and the resetter's FIN", ["peer.data_after_fin", "resetter.fin_acked", "resetter.since_fin_msec"]),
    ("the resetter goes on after its RST", ["sequel.resetter_continues"]),
    ("more RSTs at once", ["sequel.rst_seq_step", "sequel.rst_surplus", "sequel.rst_mixed", "sequel.rst_both_ways"]),
    ("the same SYN again", ["sequel.syn_retry_msec", "sequel.accepted"]),
    ("an older connection on the same ports", ["conn.on_old_tuple", "conn.syn_answered_by_ack"]),
    ("age and SYN-ACKs of the connection", ["conn.age_msec", "conn.synacks"]),
    ("packets missing from the capture", ["conn.loss"]),
    ("reason in the RST itself", ["rst.payload_bytes", "rst.mptcp_reason"]),
]
# what every signature stands on: which RST, to what packet, of a connection seen how far
FRAME = {"rst.shape", "rst.ack_flag", "rst.window", "trigger.kind", "resetter.role", "resetter.seen", "resetter.syn_seen",
         "resetter.fin_seen", "peer.seen", "peer.fin_seen", "conn.midstream", "conn.handshake"}
# conditions that keep a signature to its case, which it would still recognise without them
FENCES = {
    "conn.age_msec": [{"<": 2000}],
    "conn.idle_sec": [{"<": 0.02}, {"<": 0.8}, {">=": 0.03, "<": 0.6}],
    "conn.loss": [False],
    "conn.on_old_tuple": [False],
    "conn.syn_answered_by_ack": [False],
    "conn.synacks": [{">=": 1}, 1],
    "peer.bytes_sent": [{">": 0}],
    "peer.bytes_unacknowledged": [0, {">": 0}],
    "peer.retransmissions": [0],
    "resetter.bytes_sent": [{">": 0}],
    "resetter.bytes_unacknowledged": [0],
    "resetter.keepalive_probes": [0],
    "resetter.retransmissions": [0, {"<": 2}],
    "resetter.stack": ["linux", ["linux", "windows"]],
    "resetter.window_reopened_ratio": [{"<": 1.02}],
    "rst.contradictions": [0],
    "rst.hops_change": [0, {"<=": 0}],
    "rst.timestamps": [["present", "not_negotiated"]],
    "sequel.resetter_continues": [False],
    "trigger.delay_msec": [{"<": 50}],
    "trigger.idle_sec": [{"<": 0.8}],
}
MEASURES = ["right", "decidable_right", "brier", "wrong_when_certain"]


def load_rules(directory):
    """[(file name, rule)]"""
    rules = []
    for path in sorted(glob.glob(os.path.join(directory, "*.json"))):
        with open(path) as file:
            rules.append((os.path.basename(path), json.load(file)))
    return rules


def signatures_of(rules):
    return [signature for _, rule in rules for signature in rule.get("signatures", [])]


def facts_known():
    with open(os.path.join(judge.HERE, "../../src/reset/facts.def")) as file:
        return re.findall(r'^FACT\(\w+, "([^"]+)"', file.read(), re.MULTILINE)


def check_kinds(kinds, used):
    """Every fact of a kind is one that signatures ask for, and every fact they ask for has its kind."""
    known, sorted_in = facts_known(), set(FRAME)
    for name, facts in kinds:
        for fact in facts:
            if fact not in used:
                raise SystemExit('KINDS, "%s": %s "%s"' % (name, "no signature asks for" if fact in known else "no such fact:", fact))
        sorted_in |= set(facts)
    if used - sorted_in:
        raise SystemExit("signatures ask for %s: add to KINDS or FRAME" % ", ".join(sorted(used - sorted_in)))


def without_facts(signature, facts):
    """The signature where nobody looks at these facts, or None if it rests on one of them."""
    kept = {}
    for fact, condition in signature.get("facts", {}).items():
        if fact not in facts:
            kept[fact] = condition
        elif condition not in FENCES.get(fact, []):
            return None
    return dict(signature, facts=kept)


def edit_rules(rules, directory, edit):
    """Writes the rules with what edit makes of each signature; returns how many are gone and how many loosened.

    A rule with no signature left could not be loaded and is not written: its cause is then never said.
    """
    gone = loosened = 0
    for name, rule in rules:
        before = rule.get("signatures", [])
        after = [edit(signature) for signature in before]
        gone += after.count(None)
        loosened += sum(new is not None and new != old for old, new in zip(before, after))
        after = [signature for signature in after if signature]
        if after or rule["cause"] == "unknown":
            fit.save(os.path.join(directory, name), dict(rule, signatures=after))
    return {"gone": gone, "loosened": loosened}


def measure(args, rules, name, facts, edit):
    """A row, the scoreboard of the edited rules that it is from, and the signatures that spoke."""
    with tempfile.TemporaryDirectory() as directory:
        edits = edit_rules(rules, directory, edit)
        fitted, _ = judge.judge(args.directories, args.whyrst, directory, args.jobs)
        fit.refit(directory, fitted)
        tested, strays = judge.judge(args.test, args.whyrst, directory, args.jobs)
    board = score.scoreboard(tested, strays)
    row = dict({"evidence": name, "facts": facts}, **edits, **{key: board[key] for key in MEASURES})
    print("%-58s %3d %3d  %s" % (name, row["gone"], row["loosened"], "  ".join(str(row[key]) for key in MEASURES)), flush=True)
    return row, board, {match.signature for match in fitted + tested}


def rows_of_kinds(args, rules):
    for name, facts in KINDS:
        yield measure(args, rules, name, facts, lambda signature: without_facts(signature, facts))[0]


def rows_of_signatures(args, rules, spoke):
    """Each signature left out alone; where one never spoke, nothing can change."""
    for name in [signature["name"] for signature in signatures_of(rules)]:
        if name in spoke:
            yield measure(args, rules, name, [], lambda signature: None if signature["name"] == name else signature)[0]


def line(row):
    facts = ", ".join("`%s`" % fact for fact in row["facts"])
    return "| %s | %s | %s |" % (row["evidence"], facts, " | ".join(str(row[key]) for key in ["gone", "loosened"] + MEASURES))


def markdown(board, full, rows, unused):
    """Those first that are missed most."""
    lines = ["# What each kind of evidence buys", "",
             "%d labelled resets, %d of which packets alone can decide: first with all rules, then with nobody looking at one kind of"
             % (board["resets"], board["decidable"]),
             "evidence. Signatures that rest on it are *gone*; where it only kept a signature to its case, that is *loosened*. Each time",
             "the counts behind the confidences are taken anew. What is missed most comes first; a row like the first one buys nothing here.", "",
             "| without | facts | signatures gone | loosened | cause right | right where packets decide | Brier score | wrong when certain |",
             "|---|---|---:|---:|---:|---:|---:|---:|", line(full)]
    lines += [line(row) for row in sorted(rows, key=lambda row: (row["right"], -row["brier"]))]
    lines += ["", "No signature asks for %s; no verdict rests on them." % ", ".join("`%s`" % fact for fact in unused)]
    return "\n".join(lines) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", metavar="FIT_DIR", help="what run.py wrote, of the seeds for fitting")
    parser.add_argument("--test", nargs="+", required=True, metavar="TEST_DIR", help="the same of the seeds for testing")
    parser.add_argument("--whyrst", help="the program to judge")
    parser.add_argument("--rules", default=os.path.join(judge.HERE, "../../rules"), help="the rules to judge; they are not changed")
    parser.add_argument("--jobs", type=int, default=2, help="programs at once (2)")
    parser.add_argument("--signatures", action="store_true", help="leave out one signature at a time, not one kind of evidence")
    parser.add_argument("--json", help="write the rows here")
    parser.add_argument("--markdown", help="write the table here")
    return parser.parse_args()


def main():
    args = arguments()
    rules = load_rules(args.rules)
    if not rules:
        raise SystemExit("no rules in %s" % args.rules)
    used = {fact for signature in signatures_of(rules) for fact in signature.get("facts", {})}
    check_kinds(KINDS, used)
    full, board, spoke = measure(args, rules, "nothing: all rules", [], lambda signature: signature)
    rows = list(rows_of_signatures(args, rules, spoke) if args.signatures else rows_of_kinds(args, rules))
    text = markdown(board, full, rows, [fact for fact in facts_known() if fact not in used])
    for path, content in ((args.json, json.dumps([full] + rows, indent=1) + "\n"), (args.markdown, text)):
        if path:
            with open(path, "w") as file:
                file.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
