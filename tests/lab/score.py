#!/usr/bin/env python3
"""The scoreboard: verdicts on labelled captures held against the truth, as JSON and Markdown."""
import argparse
import collections
import json
import sys

import judge
import scenarios

# what the project asks of itself; see README.md for the words
BOUNDS = [
    ("group_right", ">=", 0.98, "verdict or its declared group right"),
    ("right", ">=", 0.90, "cause itself right"),
    ("decidable_right", ">=", 0.99, "cause right where packets decide it"),
    ("wrong_when_certain", "<=", 0, "wrong at confidence 0.9 or above"),
    ("sender_right", ">=", 0.99, "sender right"),
    ("brier", "<=", 0.06, "Brier score"),
    ("hard_group_right", ">=", 0.93, "right (or group) joined mid-stream or with packets missing"),
    ("hard_wrong_when_certain", "<=", 0, "of these wrong at confidence 0.9 or above"),
]
HARD_EDITS = {"midstream", "late_join", "missing"}
LAB = "sockets of the lab"
# modules whose connections are others': how often what occurs there is up to them, so they are counted apart
PLAYERS = {"programs": "real programs", "foreign": "another stack (lwIP)", "tls": "TLS", "minutes": "sockets idle for minutes"}


def share(matches, test):
    return round(sum(1 for match in matches if test(match)) / len(matches), 4) if matches else None


def is_certain_and_wrong(match):
    return not match.in_group and match.confidence >= 0.9


def is_hard(match):
    return bool(HARD_EDITS & set(str(match.axes.get("edit", "none")).split("+"))) or match.axes.get("loss", 0) >= 0.02


def brier(matches):
    """Of the confidence as the probability that the cause itself is right, not only its group."""
    return round(sum((match.confidence - match.right) ** 2 for match in matches) / len(matches), 4) if matches else None


def reliability(matches):
    bins = []
    for low in range(0, 10):
        found = [match for match in matches if low / 10 <= match.confidence < (low + 1) / 10 + (low == 9)]
        if found:
            bins.append({"from": low / 10, "resets": len(found), "right": share(found, lambda m: m.right),
                         "confidence": round(sum(m.confidence for m in found) / len(found), 4)})
    return bins


def per_cause(matches):
    table = {}
    for cause in sorted({m.event["cause"] for m in matches} | {m.cause for m in matches}):
        truly = [m for m in matches if m.event["cause"] == cause]
        said = [m for m in matches if m.cause == cause]
        table[cause] = {"resets": len(truly), "recall": share(truly, lambda m: m.right),
                        "said": len(said), "precision": share(said, lambda m: m.right),
                        "group_right": share(truly, lambda m: m.in_group),
                        "listed": share(truly, lambda m: m.right or m.event["cause"] in m.alternatives)}
    return table


def per_axis(matches, axis):
    table = {}
    for value in sorted({str(m.axes.get(axis)) for m in matches}):
        found = [m for m in matches if str(m.axes.get(axis)) == value]
        table[value] = {"resets": len(found), "right": share(found, lambda m: m.right),
                        "group_right": share(found, lambda m: m.in_group),
                        "wrong_when_certain": sum(map(is_certain_and_wrong, found))}
    return table


def player(match):
    known = scenarios.SCENARIOS or scenarios.load()
    name = match.event["scenario"].split(":")[0]  # behind it, which of the scenario's connections
    return PLAYERS.get(known[name].module, LAB)


def per_player(matches):
    table = {}
    for name in sorted({player(m) for m in matches}, reverse=True):
        found = [m for m in matches if player(m) == name]
        table[name] = {"resets": len(found), "right": share(found, lambda m: m.right), "group_right": share(found, lambda m: m.in_group),
                       "decidable_right": share([m for m in found if m.decidable], lambda m: m.right),
                       "wrong_when_certain": sum(map(is_certain_and_wrong, found)), "brier": brier(found)}
    return table


def scoreboard(played, strays):
    """Of what the lab's own sockets played, unless that is nothing; of the others only their lines."""
    matches = [m for m in played if player(m) == LAB] or played
    hard = [m for m in matches if is_hard(m)]
    confusion = collections.Counter((m.event["cause"], m.cause) for m in matches if not m.right)
    return {
        "resets": len(matches), "not_found": sum(not m.found for m in matches), "unlabelled": strays,
        "right": share(matches, lambda m: m.right), "group_right": share(matches, lambda m: m.in_group),
        "decidable": sum(m.decidable for m in matches),
        "decidable_right": share([m for m in matches if m.decidable], lambda m: m.right),
        "wrong_when_certain": sum(map(is_certain_and_wrong, matches)),
        "sender_right": share(matches, lambda m: m.sender_right), "origin_right": share(matches, lambda m: m.origin_right),
        "brier": brier(matches), "brier_decidable": brier([m for m in matches if m.decidable]), "hard": len(hard), "hard_group_right": share(hard, lambda m: m.in_group),
        "hard_wrong_when_certain": sum(map(is_certain_and_wrong, hard)),
        "players": per_player(played), "causes": per_cause(matches),
        "confusions": [{"truth": truth, "said": said, "resets": count,
                        "outside_group": sum(1 for m in matches if (m.event["cause"], m.cause) == (truth, said) and not m.in_group)}
                       for (truth, said), count in confusion.most_common()],
        "reliability": reliability(matches),
        "axes": {axis: per_axis(matches, axis) for axis in ("vantage", "path", "edit", "tcp_timestamps", "tcp_window_scaling", "offload")},
        "certain_and_wrong": [{"capture": m.truth["capture"], "frame": m.event["frame"], "scenario": m.event["scenario"],
                               "truth": m.event["cause"], "said": m.cause, "signature": m.signature}
                              for m in matches if is_certain_and_wrong(m)],
    }


def bound_lines(board):
    for key, sign, bound, words in BOUNDS:
        value = board[key]
        met = value is not None and (value >= bound if sign == ">=" else value <= bound)
        yield words, value, "%s %s" % (sign, bound), met


def markdown(board):
    lines = ["%d labelled resets, %d of which packets alone can decide." % (board["resets"], board["decidable"]), "",
             "| what | measured | bound | |", "|---|---:|---:|---|"]
    lines += ["| %s | %s | %s | %s |" % (words, value, bound, "met" if met else "not met") for words, value, bound, met in bound_lines(board)]
    lines.append("| Brier score where packets decide the cause | %s | | |" % board["brier_decidable"])
    lines += ["", "What is not played with sockets of the lab is counted here and nowhere else:", "",
              "| played with | resets | cause right | right or in its group | where packets decide | wrong when certain | Brier score |",
              "|---|---:|---:|---:|---:|---:|---:|"]
    lines += ["| %s | %d | %s | %s | %s | %d | %s |" % (name, row["resets"], row["right"], row["group_right"], row["decidable_right"],
                                                       row["wrong_when_certain"], row["brier"]) for name, row in board["players"].items()]
    lines += ["", "| cause | resets | recall | precision | right or in its group | listed |", "|---|---:|---:|---:|---:|---:|"]
    for cause, row in board["causes"].items():
        lines.append("| `%s` | %d | %s | %s | %s | %s |" % (cause, row["resets"], row["recall"], row["precision"], row["group_right"], row["listed"]))
    lines += ["", "| truth | said | resets | outside the declared group |", "|---|---|---:|---:|"]
    lines += ["| `%s` | `%s` | %d | %d |" % (row["truth"], row["said"], row["resets"], row["outside_group"]) for row in board["confusions"][:12]]
    lines += ["", "| confidence said | resets | right |", "|---|---:|---:|"]
    lines += ["| %.2f | %d | %.2f |" % (row["confidence"], row["resets"], row["right"]) for row in board["reliability"]]
    lines += ["", "What each kind of evidence buys: [evidence.md](evidence.md), made by worth.py."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directories", nargs="+", help="what run.py wrote")
    parser.add_argument("--whyrst", help="the program to judge")
    parser.add_argument("--rules", help="rules to judge it with")
    parser.add_argument("--json", help="write the whole scoreboard here")
    parser.add_argument("--markdown", help="write the table here")
    args = parser.parse_args()
    matches, strays = judge.judge(args.directories, args.whyrst, args.rules)
    board = scoreboard(matches, strays)
    text = markdown(board)
    for path, content in ((args.json, json.dumps(board, indent=1) + "\n"), (args.markdown, text)):
        if path:
            with open(path, "w") as file:
                file.write(content)
    sys.stdout.write(text)
    for one in board["certain_and_wrong"]:
        print("certain and wrong: %(capture)s frame %(frame)d, %(scenario)s: %(truth)s, said %(said)s (%(signature)s)" % one)
    return 0


if __name__ == "__main__":
    sys.exit(main())
