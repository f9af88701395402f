#!/usr/bin/env python3
"""Checks that a layer includes headers of layers to its left only, and that files stay short.

A layer is a folder of src/. The capture layer is used by the program (cli) only; <pcap.h> belongs to
capture, <jansson.h> to rules and report. Exit status 1 when something is wrong.
"""
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
ORDER = ["capture", "packet", "flow", "reset", "rules", "report", "cli"]
ONLY_IN = {"pcap.h": {"capture"}, "pcap/pcap.h": {"capture"}, "jansson.h": {"rules", "report"}}
MAX_LINES = 400
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def allowed(layer, target):
    """layer None: a file of src/ itself, which is the library's top and may use all but the program."""
    if target == "capture":
        return layer in ("capture", "cli")
    if layer is None:
        return target != "cli"
    if layer == "capture":
        return False
    return ORDER.index(target) <= ORDER.index(layer)


def check_include(layer, kind, target):
    """What is wrong with an include, or None."""
    if target in ONLY_IN and layer not in ONLY_IN[target]:
        return "<%s> belongs to %s" % (target, " and ".join(sorted(ONLY_IN[target])))
    if kind == "<" or target.startswith("whyrst/"):
        return None
    folder = target.split("/")[0] if "/" in target else ""
    if not folder and layer is None:
        return None
    if folder not in ORDER:
        return '"%s" is not relative to src/' % target
    if not allowed(layer, folder):
        return "%s must not include %s" % (layer or "src", folder)
    return None


def sources():
    for folder, folders, files in os.walk(os.path.join(TOP, "src")):
        folders.sort()
        for name in sorted(files):
            if name.endswith((".c", ".h", ".def")):
                yield os.path.relpath(os.path.join(folder, name), os.path.join(TOP, "src"))


def check_file(path):
    layer = path.split(os.sep)[0] if os.sep in path else None
    if layer is not None and layer not in ORDER:
        yield "src/%s: there is no layer %s" % (path, layer)
        return
    with open(os.path.join(TOP, "src", path), encoding="utf-8") as file:
        lines = file.read().split("\n")
    if len(lines) - 1 > MAX_LINES:
        yield "src/%s: %d lines, more than %d" % (path, len(lines) - 1, MAX_LINES)
    first = True
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        problem = check_include(layer, *match.groups())
        if problem:
            yield "src/%s:%d: %s" % (path, number, problem)
        own = os.path.splitext(path)[0] + ".h"
        if first and path.endswith(".c") and os.path.exists(os.path.join(TOP, "src", own)) \
                and match.group(2) != own:
            yield "src/%s:%d: its own header comes first" % (path, number)
        first = False


def main():
    paths = list(sources())
    problems = [problem for path in paths for problem in check_file(path)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print("layers: %d files, %d problems" % (len(paths), len(problems)))
    return 1 if problems or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
