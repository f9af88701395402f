#!/usr/bin/env python3
"""Compares what whyrst says of resets with what tshark sees, frame by frame.

    check_tshark.py PROGRAM FILE...

Every frame with a RST must belong to exactly one reset (its frame or one of its followups), every
reset's frame must be a RST, and stream numbers must be equal. Exit status 77 without tshark.
"""
import json
import shutil
import subprocess
import sys


def tshark_resets(path):
    """{frame: stream} of the RSTs in the innermost TCP header."""
    command = ["tshark", "-n", "-o", "tcp.analyze_sequence_numbers:FALSE", "-r", path,
               "-Y", "tcp.flags.reset==1", "-T", "fields", "-E", "occurrence=a",
               "-e", "frame.number", "-e", "tcp.stream", "-e", "tcp.flags.reset"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    resets = {}
    for line in done.stdout.splitlines():
        frame, streams, flags = line.split("\t")
        flag = flags.split(",")[-1]  # outer headers and ICMP quotes come in the same list
        if streams and flag in ("1", "True"):
            resets[int(frame)] = int(streams.split(",")[-1])
    return resets


def whyrst_resets(program, path):
    """({frame: stream}, RST packets, frames left unnamed because the list is cut)."""
    done = subprocess.run([program, "-q", "-T", "json", path], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError("exit status %d" % done.returncode)
    document = json.loads(done.stdout)
    frames, unnamed = {}, 0
    for reset in document["resets"]:
        followups = reset["followups"]
        unnamed += followups["count"] - len(followups["frames"])
        for frame in [reset["frame"]] + followups["frames"]:
            if frame in frames:
                raise RuntimeError("frame %d is in two resets" % frame)
            frames[frame] = reset["stream"]
    return frames, document["summary"]["rst_packets"], unnamed


def compare(program, path):
    """Lines that say what differs."""
    theirs = tshark_resets(path)
    try:
        ours, packets, unnamed = whyrst_resets(program, path)
    except (RuntimeError, ValueError, KeyError) as error:
        return ["%s: %s" % (path, error)], 0
    problems = []
    if packets != len(theirs):
        problems.append("%d RST packets, tshark %d" % (packets, len(theirs)))
    missing = sorted(set(theirs) - set(ours))
    if len(missing) > unnamed:
        problems.append("frames of no reset: %s" % missing[:10])
    extra = sorted(set(ours) - set(theirs))
    if extra:
        problems.append("frames without a RST: %s" % extra[:10])
    streams = [(f, ours[f], theirs[f]) for f in sorted(ours) if f in theirs and ours[f] != theirs[f]]
    if streams:
        problems.append("streams differ (frame, whyrst, tshark): %s" % streams[:10])
    return ["%s: %s" % (path, problem) for problem in problems], len(theirs)


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    if not shutil.which("tshark"):
        print("check_tshark.py: tshark is not installed: skipped")
        return 77
    total, differing = 0, 0
    for path in arguments[1:]:
        problems, count = compare(arguments[0], path)
        total += count
        differing += bool(problems)
        for problem in problems:
            print(problem, file=sys.stderr)
    print("tshark: %d files with %d RSTs compared, %d files differ" % (len(arguments) - 1, total, differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
