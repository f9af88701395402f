#!/usr/bin/env python3
"""Holds the verdict on each sample against what was done, whole and joined late.

    check_truth.py PROGRAM SAMPLE...

Beside each sample lies SAMPLE.truth.json. On the whole sample the verdict must be the true cause; where packets
cannot tell it from others (the truth's `group`), one of these, less than certain. Then only the last two, three and
five packets of each reset connection are kept (editcap), and no verdict may be certain of something untrue.
A sample named after a cause must be given that cause. Exit status 77 without editcap.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

KEPT = (2, 3, 5)
CERTAIN = 0.9


def resets(program, path):
    done = subprocess.run([program, "-q", "-T", "ndjson", path], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def cut(path, frames, folder):
    out = os.path.join(folder, "cut.pcapng")
    subprocess.run(["editcap", "-r", path, out] + [str(frame) for frame in frames], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out


def judge(reset, event, name):
    """What is wrong with a verdict on a whole sample, or None."""
    verdict = reset["verdict"]
    if verdict["cause"] == event["cause"]:
        return None
    undecided = verdict["cause"] in event["group"] and verdict["confidence"] < CERTAIN
    if undecided and event["cause"] != name and event["cause"] in [one["cause"] for one in reset["alternatives"]]:
        return None
    return "%s with confidence %.2f, but it was %s" % (verdict["cause"], verdict["confidence"], event["cause"])


def judge_late(program, path, frames, event, folder):
    """What is wrong with the verdict when only these frames are left, or None."""
    found = resets(program, cut(path, frames, folder))
    if not found:
        return "no reset in its last %d packets" % len(frames)
    verdict = found[-1]["verdict"]
    if verdict["cause"] in event["group"] or verdict["confidence"] < CERTAIN:
        return None
    return "last %d packets: %s with confidence %.2f, but it was %s" % (len(frames), verdict["cause"],
                                                                       verdict["confidence"], event["cause"])


def problems_of(program, path, folder):
    """(problems, verdicts judged) of one sample."""
    stem = path.rsplit(".", 1)[0]
    with open(stem + ".truth.json") as file:
        truth = {event["frame"]: event for event in json.load(file)["events"]}
    problems, count = [], 0
    for reset in resets(program, path):
        event = truth.pop(reset["frame"], None)
        if event is None:
            continue
        frames = [packet["frame"] for packet in reset["sequence"] if "input" not in packet]
        found = [judge(reset, event, os.path.basename(stem))]
        found += [judge_late(program, path, frames[-kept:], event, folder) for kept in KEPT]
        problems += ["frame %d: %s" % (reset["frame"], problem) for problem in found if problem]
        count += len(found)
    problems += ["frame %d: no reset found" % frame for frame in truth]
    return problems, count


def main(arguments):
    if not shutil.which("editcap"):
        print("editcap is not installed")
        return 77
    judged = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments[1:]:
            problems, count = problems_of(arguments[0], path, folder)
            judged += count
            failed += len(problems)
            for problem in problems:
                print("%s: %s" % (os.path.basename(path), problem))
    print("truth: %d verdicts judged, %d wrong" % (judged, failed))
    return 1 if failed or not judged else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
