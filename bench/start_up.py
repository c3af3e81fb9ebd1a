#!/usr/bin/env python3
"""How long a gate of many accounts and instruments takes to start, and what memory it takes.

usage: start_up.py --build DIR [--accounts N] [--instruments N] [--positions N]

The world of the wire bench (wire/world.py) in another size, under two groups. Three steps: `check` of the
configuration; a first start, which loads every account's balance and positions into the journal; and, behind a stop, a
start from that journal. A start ends when clients can connect; there is no venue. Each is done once.
"""

import argparse
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import time

from report import machine, markdown, nanoseconds

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "wire"))
import world  # noqa: E402
from run import Child, Failed  # noqa: E402


def resident(process):
    """Now, and the most so far, in bytes."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return [int(re.search(rf"^{key}:\s+(\d+) kB", status, re.M).group(1)) << 10 for key in ("VmRSS", "VmHWM")]


def gibibytes(value):
    return f"{value / 2**30:.2f} GiB"


def start(name, program, folder, arguments, environment):
    """How long until clients can connect, and the memory then; the gate is stopped behind it."""
    began = time.monotonic()
    gate = Child(name, [program, "run", "--config", folder / "config", *arguments], environment,
                 os.sched_getaffinity(0), folder / f"{name}.err")
    try:
        gate.line("listening on ")
        took = time.monotonic() - began
        memory = resident(gate.process)
        gate.stop()
    finally:
        gate.kill()
    return [nanoseconds(took * 1e9), *map(gibibytes, memory)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--instruments", type=int, default=10_000)
    parser.add_argument("--positions", type=int, default=2)
    arguments = parser.parse_args()
    program = arguments.build.resolve() / "portcullis"
    password = secrets.token_hex(5)
    environment = dict(os.environ, PORTCULLIS_WIRE_PASSWORD=password, PORTCULLIS_VENUE_PASSWORD=password)
    world.ACCOUNTS, world.INSTRUMENTS, world.POSITIONS = arguments.accounts, arguments.instruments, arguments.positions
    world.GROUPS = 2
    head = machine(arguments.build, "bench/start_up.py")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config = world.write(folder, 1, "block", None, False)
        began = time.monotonic()
        checked = subprocess.run([program, "check", "--config", config], env=environment, capture_output=True, text=True)
        took = time.monotonic() - began
        if checked.returncode != 0:
            sys.exit(checked.stdout + checked.stderr)
        rows = [["check of the configuration", nanoseconds(took * 1e9), "", ""]]
        try:
            rows.append(["first start, balances and positions loaded",
                         *start("first", program, folder, ["--load", folder / "state.json"], environment)])
            rows.append(["start behind a stop", *start("second", program, folder, [], environment)])
        except Failed as problem:
            sys.exit(str(problem))
    for key, text in head:
        print(f"- {key}: {text}")
    print(f"\n{arguments.accounts:,} accounts of {arguments.positions:,} positions, "
          f"{arguments.instruments:,} instruments, 2 groups\n")
    print("\n".join(markdown(["step", "time", "memory then", "the most"], rows)))


if __name__ == "__main__":
    main()
