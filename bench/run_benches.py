#!/usr/bin/env python3
"""Runs the benchmarks in rounds, in random order, and prints Markdown tables for RESULTS.md.

usage: run_benches.py --build DIR [--rounds N] [--min-time SECONDS] [--filter REGEX] [NAME...]

NAME is a program of bench/ without _bench; default: all. "cost" is the median over the rounds: of
the CPU time of a call, or, where each call is timed by itself, of the rounds' medians (p50).
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def machine(build):
    cache = (build / "CMakeCache.txt").read_text()

    def cached(name):
        match = re.search(rf"^{name}:\w+=(.*)$", cache, re.M)
        return match.group(1) if match else ""

    model = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    kind = cached("CMAKE_BUILD_TYPE")
    changed = " with changes" if output_of("git", "status", "--porcelain", "--", ":!bench/*.md") else ""
    virtual = output_of("systemd-detect-virt") or "unknown"
    return [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("commit", output_of("git", "rev-parse", "--short=10", "HEAD") + changed),
        ("CPU", f"{model.group(1) if model else platform.processor()}, "
                f"{os.cpu_count()} cores, virtualization: {virtual}"),
        ("load before", " ".join(f"{load:.2f}" for load in os.getloadavg())),
        ("system", f"{platform.system()} {platform.release()}"),
        ("compiler", output_of(cached("CMAKE_CXX_COMPILER"), "--version").splitlines()[0]),
        ("flags", (cached("CMAKE_CXX_FLAGS") + " " +
                   cached(f"CMAKE_CXX_FLAGS_{kind.upper()}")).strip() + f" ({kind})"),
        ("command", "bench/run_benches.py " + shlex.join(sys.argv[1:])),
    ]


def nanoseconds(value):
    for limit, divisor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms")):
        if value < limit:
            return f"{value / divisor:.3g} {unit}"
    return f"{value / 1e9:.3g} s"


def table(runs):
    """One row for each benchmark, from the runs of all its rounds."""
    by_name = {}
    for run in runs:
        if run["run_type"] == "iteration":
            by_name.setdefault(run["run_name"], []).append(run)
    yield "| benchmark | cost | least to most of the rounds | p99 | p99.9 | max | items/s |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    def natural(name):
        return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]

    for name in sorted(by_name, key=natural):
        rounds = by_name[name]
        timed = "/manual_time" in name
        scale = NANOSECONDS[rounds[0]["time_unit"]]
        costs = [run.get("p50_ns") or run["real_time" if timed else "cpu_time"] * scale
                 for run in rounds]

        def percentile(key):
            values = [run[key] for run in rounds if key in run]
            return nanoseconds(statistics.median(values)) if values else ""

        rates = [run["items_per_second"] for run in rounds if "items_per_second" in run]
        rate = f"{statistics.median(rates):,.0f}" if rates else ""
        label = re.sub(r"/(manual_time|iterations:\d+)", "", name)
        yield (f"| {label} | {nanoseconds(statistics.median(costs))} | "
               f"{nanoseconds(min(costs))} to {nanoseconds(max(costs))} | {percentile('p99_ns')} | "
               f"{percentile('p99.9_ns')} | {percentile('max_ns')} | {rate} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--min-time", type=float, default=0.05)
    parser.add_argument("--filter", default=".")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    names = arguments.names or sorted(p.name[: -len("_bench")] for p in (build / "bench").iterdir()
                                      if p.name.endswith("_bench"))
    for key, value in machine(build):
        print(f"- {key}: {value}")
    for name in names:
        result = subprocess.run(
            [build / "bench" / f"{name}_bench", "--benchmark_format=json",
             f"--benchmark_repetitions={arguments.rounds}",
             "--benchmark_enable_random_interleaving=true",
             f"--benchmark_min_time={arguments.min_time}",
             f"--benchmark_filter={arguments.filter}"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        print(f"\n### {name}\n", flush=True)
        print("\n".join(table(json.loads(result.stdout)["benchmarks"])), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
