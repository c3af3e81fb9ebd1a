"""What the benchmarks' reports have in common: their head, their tables, and how a time is written."""

import datetime
import os
import pathlib
import platform
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def machine(build, command):
    """What a table is headed with: where and of what it was measured, and how."""
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
        ("command", f"{command} " + shlex.join(sys.argv[1:])),
    ]


def nanoseconds(value):
    for limit, divisor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms")):
        if value < limit:
            return f"{value / divisor:.3g} {unit}"
    return f"{value / 1e9:.3g} s"


def markdown(head, lines):
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "---:|" * (len(head) - 1)
    for line in lines:
        yield "| " + " | ".join(line) + " |"
