#!/usr/bin/env python3
"""Validates reports against docs/report.schema.json.

    check_schema.py REPORT...                 *.ndjson: every line is a reset; else one document
    check_schema.py --samples-from PROGRAM    PROGRAM DIRECTORY writes reports there first

Exit status 0: all valid, 1: not, 77: python3-jsonschema is not installed.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

try:
    import jsonschema
    VALIDATOR = jsonschema.Draft202012Validator
except (ImportError, AttributeError):
    print("check_schema.py: python3-jsonschema 4 or later is not installed: skipped")
    sys.exit(77)

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "report.schema.json")
DOCUMENT_ORDER = ["schema_version", "tool", "inputs", "summary", "resets", "warnings"]


def refuse_constant(name):
    raise ValueError("%s is not JSON" % name)


def refuse_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("duplicate key in %s" % keys)
    return dict(pairs)


def parse(text):
    return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=refuse_duplicates)


def order_problems(value, order):
    """Members come in the contract's order; the schema cannot say so."""
    got = [key for key in value if key in order]
    if got != sorted(got, key=order.index):
        yield "members out of order: %s" % ", ".join(got)


def reset_problems(reset):
    total = reset["verdict"]["confidence"] + sum(a["confidence"] for a in reset["alternatives"])
    if total > 1 + 1e-9:
        yield "confidences add up to %g" % total
    confidences = [a["confidence"] for a in reset["alternatives"]]
    if confidences != sorted(confidences, reverse=True):
        yield "alternatives are not best first"
    if len(reset["followups"]["frames"]) > reset["followups"]["count"]:
        yield "more followup frames than followups"


def document_problems(document):
    yield from order_problems(document, DOCUMENT_ORDER)
    if "resets" not in document:
        return
    summary, resets = document["summary"], document["resets"]
    if summary["resets"] != len(resets):
        yield "summary.resets is %d, there are %d" % (summary["resets"], len(resets))
    counts = {}
    for reset in resets:
        cause = reset["verdict"]["cause"]
        counts[cause] = counts.get(cause, 0) + 1
        if reset["input"] >= len(document["inputs"]):
            yield "reset %d: no input %d" % (reset["id"], reset["input"])
    if summary["by_cause"] != counts:
        yield "summary.by_cause is %s, the resets say %s" % (summary["by_cause"], counts)


def problems(validator, order, value, is_reset):
    errors = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.path)))
    for error in errors:
        yield "%s: %s" % ("/".join(map(str, error.path)) or "(top)", error.message[:300])
    if errors:
        return
    if not is_reset:
        yield from document_problems(value)
    for reset in [value] if is_reset else value.get("resets", []):
        yield from order_problems(reset, order)
        yield from reset_problems(reset)


def check_file(path, whole, line, order):
    with open(path, encoding="utf-8", errors="strict", newline="\n") as file:
        text = file.read()
    try:
        if path.endswith(".ndjson"):
            values = [(n, parse(row)) for n, row in enumerate(text.split("\n")[:-1], 1)]
        else:
            values = [(0, parse(text))]
    except ValueError as error:
        return ["%s: not JSON: %s" % (path, error)]
    if not text.endswith("\n") and text:
        return ["%s: does not end with a newline" % path]
    found = []
    for number, value in values:
        is_reset = number > 0 and "schema_version" not in value  # --summary is a document on a line
        where = "%s:%d" % (path, number) if number else path
        found += ["%s: %s" % (where, p)
                  for p in problems(line if is_reset else whole, order, value, is_reset)]
    return found


def check(paths):
    with open(SCHEMA, encoding="utf-8") as file:
        schema = parse(file.read())
    VALIDATOR.check_schema(schema)
    formats = jsonschema.FormatChecker(["ipv4", "ipv6"])
    whole = VALIDATOR(schema, format_checker=formats)
    line = VALIDATOR({"$ref": "#/$defs/reset", "$defs": schema["$defs"]}, format_checker=formats)
    order = list(schema["$defs"]["reset"]["properties"])
    found = [problem for path in paths for problem in check_file(path, whole, line, order)]
    for problem in found[:50]:
        print(problem, file=sys.stderr)
    print("%d report%s, %d problem%s" % (len(paths), "s"[len(paths) == 1:], len(found),
                                         "s"[len(found) == 1:]))
    return 1 if found or not paths else 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--samples-from":
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([arguments[1], directory], check=True)
            return check(sorted(glob.glob(os.path.join(directory, "*json"))))
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    return check(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
