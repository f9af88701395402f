#!/usr/bin/env python3
"""Golden reports: samples/<name>.json is the report that samples/<name>.pcap must give.

    golden.py PROGRAM             compares every sample; exit status 1 when one differs
    golden.py --update PROGRAM    shows each difference, asks, and writes (see update-golden)
    golden.py --same PROGRAM FILE...   the same bytes from two runs and any number of threads

The hash of the rules stands in every report; it is left out of the comparison, so that a new sentence
for one cause does not touch the samples of the others.
"""
import difflib
import glob
import json
import os
import re
import subprocess
import sys

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "samples")
RULES_HASH = re.compile(r'("rules":\{"count":\d+,"sha256":")[0-9a-f]{64}')


def samples():
    return sorted(path for kind in ("*.pcap", "*.pcapng") for path in glob.glob(os.path.join(SAMPLES, kind)))


def report(program, path, *options):
    """The report, run beside the sample so that its name is the file's own."""
    command = [os.path.abspath(program), "-q", "-T", "json", *options, os.path.basename(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=os.path.dirname(os.path.abspath(path)))
    if done.returncode:
        raise SystemExit("%s: exit status %d: %s" % (path, done.returncode, done.stderr))
    return done.stdout


def golden_path(path):
    return os.path.splitext(path)[0] + ".json"


def golden(path):
    try:
        with open(golden_path(path), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def without_hash(text):
    return RULES_HASH.sub(r"\1", text)


def difference(path, old, new):
    def lines(text):
        return (json.dumps(json.loads(text), indent=1, ensure_ascii=False) if text else "").split("\n")
    return "\n".join(difflib.unified_diff(lines(without_hash(old)), lines(without_hash(new)),
                                          golden_path(path), "now", lineterm="", n=2))


def check(program):
    differing = 0
    for path in samples():
        old, new = golden(path), report(program, path)
        if without_hash(old) != without_hash(new):
            differing += 1
            print(difference(path, old, new)[:4000] or "%s: only its spelling differs" % path)
    print("golden: %d samples, %d differ" % (len(samples()), differing))
    return 1 if differing or not samples() else 0


def update(program):
    for path in samples():
        old, new = golden(path), report(program, path)
        if without_hash(old) == without_hash(new):
            continue
        print(difference(path, old, new))
        print("write %s? [y/N] " % os.path.relpath(golden_path(path)), end="", flush=True)
        if sys.stdin.readline().strip().lower() != "y":
            continue
        with open(golden_path(path), "w", encoding="utf-8") as file:
            file.write(new)
    return 0


def same(program, paths):
    differing = 0
    for path in paths:
        runs = [report(program, path, *more) for more in
                ((), (), ("--threads", "1"), ("--threads", "2"), ("--threads", "2"))]
        if len(set(runs)) != 1:
            differing += 1
            print("%s: runs differ" % path, file=sys.stderr)
    print("determinism: %d files, %d differ" % (len(paths), differing))
    return 1 if differing or not paths else 0


def main(arguments):
    if len(arguments) == 1:
        return check(arguments[0])
    if len(arguments) == 2 and arguments[0] == "--update":
        return update(arguments[1])
    if len(arguments) > 2 and arguments[0] == "--same":
        return same(arguments[1], arguments[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
