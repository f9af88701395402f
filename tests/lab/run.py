#!/usr/bin/env python3
"""Plays random scenarios with real stacks and writes labelled captures. Needs root; see README.md."""
import argparse
import collections
import multiprocessing
import os
import random
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import batch as batches
import scenarios
import trace


def work(job, seed, size, out, only, vantages, answers):
    """One batch in a process of its own."""
    try:
        rng = random.Random(seed)
        settings = batches.draw_settings(rng)
        plays = batches.draw_plays(rng, size, settings, only)
        batch = batches.Batch(job, seed, settings, plays)
        counts, left = collections.Counter(), 0
        for vantage in vantages or [rng.choice(("client", "server", "box"))]:
            truth = batches.save(batch, out, "b%08d-%s" % (seed, vantage), vantage, rng)
            counts.update(event["cause"] for event in truth["events"])
            left += len(truth["left_out"])
        answers.put((seed, counts, left, batch.lost, truth["skipped"], None))
    except Exception:
        answers.put((seed, {}, 0, 0, [], traceback.format_exc()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="first seed; the same seed draws the same scenarios")
    parser.add_argument("--count", type=int, default=200, help="scenarios to play")
    parser.add_argument("--out", default="lab-out", help="directory for the captures and their truth")
    parser.add_argument("--jobs", type=int, default=2, help="networks at once")
    parser.add_argument("--batch", type=int, default=400, help="scenarios in one network (one capture)")
    parser.add_argument("--only", help="comma-separated names of scenarios, causes or modules (programs: real programs)")
    parser.add_argument("--all-vantages", action="store_true", help="save every vantage, not one drawn from the seed")
    parser.add_argument("--list", action="store_true", help="list the scenarios and stop")
    args = parser.parse_args()
    if args.list:
        for name, one in sorted(scenarios.load().items(), key=lambda item: (item[1].cause, item[0])):
            print("%-24s %-26s %s" % (one.cause, name, one.what))
        return 0
    if os.geteuid() != 0:
        sys.exit("run.py: the lab needs root (namespaces, raw sockets, tracefs)")
    os.makedirs(args.out, exist_ok=True)
    trace.mount()
    return play(args)


def play(args):
    only = set(args.only.split(",")) if args.only else None
    vantages = ["client", "server", "box"] if args.all_vantages else None
    sizes = [args.batch] * (args.count // args.batch) + ([args.count % args.batch] if args.count % args.batch else [])
    answers, running, totals, left, failed = multiprocessing.Queue(), {}, collections.Counter(), 0, 0
    start, number = time.time(), 0
    free = list(range(args.jobs))
    while number < len(sizes) or running:
        while free and number < len(sizes):
            job, seed = free.pop(), args.seed * 10000 + number
            process = multiprocessing.Process(target=work, args=(job, seed, sizes[number], args.out, only, vantages, answers))
            process.start()
            running[seed] = (job, process)
            number += 1
        seed, counts, unexplained, lost, skipped, error = answers.get()
        job, process = running.pop(seed)
        process.join()
        free.append(job)
        totals.update(counts)
        left += unexplained
        for line in skipped:
            print(line)
        if error:
            failed += 1
            print("seed %d failed:\n%s" % (seed, error), file=sys.stderr)
        else:
            print("seed %d: %d resets labelled, %d left out, %d packets lost by the capture" % (seed, sum(counts.values()), unexplained, lost))
    took = time.time() - start
    print("%d labelled resets in %.0f s (%.1f/s), %d left out" % (sum(totals.values()), took, sum(totals.values()) / took, left))
    for cause, count in sorted(totals.items()):
        print("  %-26s %d" % (cause, count))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
