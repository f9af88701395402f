"""Runs whyrst over labelled captures and sets its verdicts beside the truth."""
import concurrent.futures
import functools
import glob
import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Match:
    """One labelled reset and what was said of it, if anything was."""

    def __init__(self, event, reset, truth):
        self.event, self.found, self.truth = event, bool(reset), truth
        self.axes = dict(truth["axes"], vantage=truth["vantage"])
        verdict = reset["verdict"] if reset else {"cause": "(none)", "signature": "none", "confidence": 0.0, "complete": False}
        self.cause, self.signature = verdict["cause"], verdict["signature"]
        self.confidence, self.complete = verdict["confidence"], verdict.get("complete", True)
        self.alternatives = [other["cause"] for other in reset["alternatives"]] if reset else []
        self.right = self.cause == event["cause"]
        self.in_group = self.right or self.cause in event["group"]
        self.decidable = len(event["group"]) == 1
        self.sender_right = bool(reset) and reset["sent_by"] == event["sent_by"]
        self.origin_right = bool(reset) and reset["origin"] in event["origins"]


def program(path=None):
    """The program to judge: what was asked for, or the build beside the sources."""
    for candidate in [path, os.environ.get("WHYRST"), os.path.join(HERE, "../../build/release/src/whyrst"), "whyrst"]:
        if candidate and shutil.which(candidate):
            return candidate
    raise SystemExit("no whyrst to judge: build it first, or give --whyrst PROGRAM")


@functools.cache
def read_truth(path):
    with open(path) as file:
        return json.load(file)


def judge_capture(whyrst, rules, truth_path):
    """The matches of one capture, and the resets nobody had labelled."""
    truth = read_truth(truth_path)
    capture = os.path.join(os.path.dirname(truth_path), truth["capture"])
    command = [whyrst, "-q", "-T", "ndjson"] + (["--rules", rules] if rules else []) + [capture]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    resets = {}
    for line in done.stdout.splitlines():
        reset = json.loads(line)
        resets[reset["frame"]] = reset
    matches = [Match(event, resets.pop(event["frame"], None), truth) for event in truth["events"]]
    labelled = {frame for event in truth["events"] for frame in event["followups"]}
    labelled |= {one["frame"] if isinstance(one, dict) else one for one in truth["left_out"]}
    return matches, [frame for frame in resets if frame not in labelled]


def truth_paths(directory):
    paths = glob.glob(os.path.join(directory, "*.truth.json"))
    if not paths:
        raise SystemExit("no *.truth.json in %s: play scenarios first (run.py)" % directory)
    return paths


def judge(directories, whyrst=None, rules=None, jobs=2):
    """All matches of the captures in the directories, in a fixed order, and the number of strays."""
    whyrst = program(whyrst)
    paths = sorted(path for directory in directories for path in truth_paths(directory))
    matches, strays = [], 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for found, stray in pool.map(lambda path: judge_capture(whyrst, rules, path), paths):
            matches += found
            strays += len(stray)
    return matches, strays
