#!/usr/bin/env python3
"""Counts how often each signature was right on labelled captures and writes it into the rules.

Use seeds for fitting that no test uses. The counts are all there is to a confidence: the program takes
the lower end of their interval, so a few lucky trials never make a verdict sure.
"""
import argparse
import collections
import glob
import json
import os
import sys

import judge


def count(matches):
    """{(cause, signature, complete): Counter of true causes}"""
    counts = collections.defaultdict(collections.Counter)
    for match in matches:
        if match.found and match.signature != "none":
            counts[match.cause, match.signature, match.complete][match.event["cause"]] += 1
    return counts


def measure(cause, truths):
    """The `measured` object of a signature."""
    instead = {truth: number for truth, number in sorted(truths.items()) if truth != cause}
    found = {"right": truths[cause], "of": sum(truths.values())}
    return dict(found, instead=instead) if instead else found


def save(path, rule):
    with open(path, "w") as file:
        json.dump(rule, file, ensure_ascii=False, indent=2)
        file.write("\n")


def write(path, counts):
    with open(path) as file:
        rule = json.load(file)
    for signature in rule.get("signatures", []):
        for key, complete in (("measured", True), ("measured_partial", False)):
            truths = counts.get((rule["cause"], signature["name"], complete))
            signature.pop(key, None)
            if truths:
                signature[key] = measure(rule["cause"], truths)
    save(path, rule)


def refit(rules, matches):
    """Writes the counts of these matches into every rule; returns them."""
    counts = count(matches)
    for path in glob.glob(os.path.join(rules, "*.json")):
        write(path, counts)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", help="what run.py wrote, of the seeds for fitting")
    parser.add_argument("--whyrst", help="the program that counts")
    parser.add_argument("--rules", default=os.path.join(judge.HERE, "../../rules"), help="rules to count and to write into")
    args = parser.parse_args()
    matches, _ = judge.judge(args.directories, args.whyrst, args.rules)
    counts = refit(args.rules, matches)
    print("%d resets, %d signatures counted" % (len(matches), len({key[:2] for key in counts})))
    return 0


if __name__ == "__main__":
    sys.exit(main())
