#!/usr/bin/env python3
"""The demo for as long as is wanted, watched: soak.py [SECONDS].

In its first half gate and venue are killed and started again now and then; in its second half one
gate runs, and its memory, its open files and its files must not grow. All checks of the demo hold.
"""

import argparse
import json
import os
import pathlib
import random
import secrets
import sys
import tempfile
import threading
import time

import demo

SAMPLE_S = 1.0
MESSAGES_MAX = 5_000_000  # the plan of a run lies in the client's memory
# By how much a line through the samples of the second half may rise from its first to its last.
GROWTH_MAX = {"resident_kb": 4096, "files": 2, "ring_bytes": 0}


def folder_bytes(folder):
    """What its files take on the disk; one that goes meanwhile takes nothing."""
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            pass
    return total


def sample(world):
    """What the gate holds; None while there is no gate that answers."""
    pid = world.running["gate"].child.pid
    journal = world.config / "journal"
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        return {"time_ns": time.time_ns(), "pid": pid, "resident_kb": resident, "files": len(os.listdir(f"/proc/{pid}/fd")),
                "journal_bytes": folder_bytes(journal), "ring_bytes": os.stat(journal / "ring").st_size}
    except (OSError, StopIteration):
        return None


class Watch:
    """Samples of the gate, once a second, from a thread of its own."""

    def __init__(self, world):
        self.world = world
        self.samples = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.done.wait(SAMPLE_S):
            found = sample(self.world)
            if found is not None:
                self.samples.append(found)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def rise(samples, name):
    """How much the line of least squares through the samples rises from the first to the last."""
    n = len(samples)
    times = [s["time_s"] for s in samples]
    values = [s[name] - samples[0][name] for s in samples]  # small, so that what is level is exactly so
    middle = sum(times) / n
    spread = sum((t - middle) ** 2 for t in times)
    if spread == 0:
        return 0.0
    slope = sum((t - middle) * v for t, v in zip(times, values)) / spread
    return slope * (times[-1] - times[0])


def steady(samples, duration_s):
    """Those of the last gate, without its beginning and the end of the orders."""
    return [s for s in samples if s["pid"] == samples[-1]["pid"] and duration_s * 0.55 <= s["time_s"] <= duration_s]


def growth_checks(samples, duration_s):
    late = steady(samples, duration_s) if samples else []
    yield "there are enough samples to judge by", len(late) >= 8, f"{len(late)} of {len(samples)}"
    if len(late) < 2:
        return
    for name, most in GROWTH_MAX.items():
        by = rise(late, name)
        yield f"{name} does not grow", by <= most, f"{late[0][name]} to {late[-1][name]}, by a line {by:+.1f}, at most {most}"


def moments(seed, duration_s):
    """A gate is killed, stopped, and its venue killed, in turn, before the middle."""
    draw = random.Random(seed)
    count = max(3, int(duration_s) // 60)
    deeds = (("kill", "gate"), ("kill", "venue"), ("stop", "gate"))
    times = sorted(draw.uniform(0.05, 0.45) * duration_s for _ in range(count))
    return [(at_s, *deeds[i % 3]) for i, at_s in enumerate(times)]


def table(samples):
    print("\nthe gate, by the time (nothing takes segments from the journal: that grows)")
    print(f"  {'s':>8}  {'resident KiB':>12}  {'files':>6}  {'journal MiB':>12}  {'ring MiB':>9}")
    for s in samples[:: -(-len(samples) // 20) or 1]:
        print(f"  {s['time_s']:8.1f}  {s['resident_kb']:12}  {s['files']:6}  {s['journal_bytes'] / 2**20:12.1f}"
              f"  {s['ring_bytes'] / 2**20:9.1f}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=float, nargs="?", default=60)
    parser.add_argument("--binary", default=str(demo.ROOT / "build" / "release" / "portcullis"))
    parser.add_argument("--rate", type=float, default=1500, help="messages a second, or fewer in a long run")
    parser.add_argument("--seed", type=int, help="of the orders and the kills; default: another each time")
    parser.add_argument("--keep", help="a folder to keep everything in")
    arguments = parser.parse_args()
    if arguments.seconds < 20:
        parser.error("less than 20 seconds do not show whether anything grows")
    return arguments


def soak(arguments, folder):
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    rate = min(arguments.rate, MESSAGES_MAX / arguments.seconds)
    print(f"{arguments.seconds:.0f} s at {rate:.0f} messages a second, seed {seed}", flush=True)
    flow = ["--generate", str(int(rate * arguments.seconds)), "--rate", str(rate), "--seed", str(seed)]
    world = demo.World(arguments.binary, folder)
    try:
        duration_s = world.write_marks(flow)
        world.start()
        with Watch(world) as watch:
            kills = world.run_client(flow, moments(seed, duration_s))
        figures = world.end(kills)
    finally:
        world.stop_all()
    for found in watch.samples:
        found["time_s"] = (found["time_ns"] - world.began_ns) / 1e9
    world.path("samples").write_text(json.dumps(watch.samples))
    demo.report(*figures)
    table(watch.samples)
    return demo.print_checks([*demo.checks(*figures), *growth_checks(watch.samples, duration_s)])


def main():
    return demo.in_folder(parse_arguments(), soak)


if __name__ == "__main__":
    sys.exit(main())
