"""What came of a run: results.md, which the README shows, and results.json."""

import json
import os
import platform


def machine():
    model = ""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": round(memory),
            "kernel": platform.release(), "load": round(os.getloadavg()[0], 2)}


def write_results(bench, options, host, found, seconds):
    head = ["# Measurements", "",
            f"{host['cpu']}, {host['cores']} cores, {host['memory_gib']} GiB, Linux "
            f"{host['kernel']}, load at the start {host['load']}; "
            f"`bench/run {'--full' if options.full else '--quick'}`, {seconds / 60:.0f} min, "
            f"median of {bench.sizes['rounds']} runs in turn, page cache warm. "
            "CPU is user and system time together.", "",
            "; ".join(f"{name}: {text}" for name, text in found.items()) + "."]
    tail = ["", "## Bounds", "", *bench.bounds.table()] if bench.bounds.rows else []
    if bench.warnings:
        tail += ["", "## What went wrong", ""] + \
            [f"- {text}" for text in dict.fromkeys(bench.warnings)]
    print("\n".join(tail))
    os.makedirs(options.out, exist_ok=True)
    with open(os.path.join(options.out, "results.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(head + tail + bench.lines) + "\n")
    with open(os.path.join(options.out, "results.json"), "w", encoding="utf-8") as file:
        json.dump({"machine": host, "versions": found, "bounds": bench.bounds.rows,
                   "problems": bench.warnings, "measurements": bench.record}, file, indent=1)
        file.write("\n")
