#!/usr/bin/env python3
"""Plays scenarios in the lab and compares the verdicts with what was really done.

    check_lab.py PROGRAM [COUNT [SEED]]     plays COUNT scenarios (150); needs root
    check_lab.py PROGRAM --from DIRECTORY   judges captures the lab has made before

Every labelled reset must be in the report at its frame. At least RIGHT of the verdicts must name the
true cause, and of those called certain at most WRONG_CERTAIN may be wrong. Exit status 77 without root.
"""
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RIGHT = 0.80
WRONG_CERTAIN = 0.02


def report(program, path):
    done = subprocess.run([program, "-q", "-T", "ndjson", path], stdout=subprocess.PIPE, check=True)
    by_frame = {}
    for line in done.stdout.splitlines():
        reset = json.loads(line)
        for frame in [reset["frame"]] + reset["followups"]["frames"]:
            by_frame.setdefault(frame, reset)
    return by_frame


def judge(program, directory):
    """(counts, Counter of (true cause, said cause) that differ, frames of no reset)."""
    counts, confused, missing = collections.Counter(), collections.Counter(), []
    for path in sorted(glob.glob(os.path.join(directory, "*.truth.json"))):
        with open(path, encoding="utf-8") as file:
            truth = json.load(file)
        by_frame = report(program, os.path.join(directory, truth["capture"]))
        for event in truth["events"]:
            reset = by_frame.get(event["frame"])
            if reset is None:
                missing.append("%s frame %d" % (truth["capture"], event["frame"]))
                continue
            verdict = reset["verdict"]
            right = verdict["cause"] == event["cause"]
            counts["judged"] += 1
            counts["right"] += right
            counts["certain"] += verdict["certainty"] == "certain"
            counts["certain and wrong"] += verdict["certainty"] == "certain" and not right
            if not right:
                confused[event["cause"], verdict["cause"]] += 1
    return counts, confused, missing


def verdict(program, directory):
    counts, confused, missing = judge(program, directory)
    if not counts["judged"]:
        print("lab: nothing was labelled")
        return 1
    for (true, said), count in confused.most_common(12):
        print("%4d %s, said to be %s" % (count, true, said))
    for where in missing[:10]:
        print("no reset at %s" % where)
    share = counts["right"] / counts["judged"]
    wrong = counts["certain and wrong"] / max(counts["certain"], 1)
    print("lab: %d resets, %.1f %% right; %d certain, %.1f %% of them wrong; %d missing"
          % (counts["judged"], 100 * share, counts["certain"], 100 * wrong, len(missing)))
    return 1 if missing or share < RIGHT or wrong > WRONG_CERTAIN else 0


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    program = os.path.abspath(arguments[0])
    if arguments[1:2] == ["--from"]:
        return verdict(program, arguments[2])
    if os.geteuid() != 0:
        print("check_lab.py: needs root: skipped")
        return 77
    count, seed = (arguments[1:] + ["150", "1"][len(arguments) - 1:])[:2]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([sys.executable, os.path.join(HERE, "lab", "run.py"), "--count", count, "--seed", seed,
                               "--jobs", "2", "--batch", "75", "--out", directory],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(done.stdout[-3000:])
            return 1
        return verdict(program, directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
