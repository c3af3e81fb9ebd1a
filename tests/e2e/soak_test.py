#!/usr/bin/env python3
"""How a soak judges: what is level passes, what grows by more than its bound does not, and neither
does a run that was hardly watched. The soak itself is in the slow set."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "gateway" / "demo"))
sys.dont_write_bytecode = True
import soak  # noqa: E402

DURATION_S = 60
LEVEL = {"resident_kb": 900_000, "files": 25, "ring_bytes": 67_174_400}


def samples(change=lambda sample: None):
    """A gate that starts again at 20 s with more of everything, and is level from then on."""
    made = []
    for second in range(70):
        sample = dict(LEVEL, time_s=float(second), pid=1 if second < 20 else 2)
        if second < 20:
            sample.update(resident_kb=1000, files=3, ring_bytes=0)
        change(sample)
        made.append(sample)
    return made


def failed(found):
    return {what for what, holds, _ in soak.growth_checks(found, DURATION_S) if not holds}


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"FAILED: {what}: {found} instead of {wanted}")


def by(name, per_second):
    def change(sample):
        sample[name] += int(per_second * sample["time_s"])
    return change


def at(name, second, height):
    def change(sample):
        if sample["time_s"] == second:
            sample[name] += height
    return change


def judge_growth():
    expect(failed(samples()), set(), "what is level passes, whatever was before the middle")
    watched_s = DURATION_S * 0.45
    for name, most in soak.GROWTH_MAX.items():
        expect(failed(samples(by(name, (most + 1) / watched_s * 1.2))), {f"{name} does not grow"}, f"{name} grows")
        expect(failed(samples(by(name, -1))), set(), f"{name} may become less")
        if most > 0:
            expect(failed(samples(by(name, most / watched_s * 0.8))), set(), f"{name} may grow within its bound")
    expect(failed(samples(at("resident_kb", 45.0, 5000))), set(), "one sample is no growth")
    expect(failed(samples(at("resident_kb", 65.0, 10**9))), set(), "what is behind the last order does not count")


def judge_watching():
    few = {"there are enough samples to judge by"}
    expect(failed([]), few, "no sample")
    expect(failed(samples()[:37]), few, "only the beginning was watched")
    restarted = [dict(sample, pid=3) if sample["time_s"] > 55 else sample for sample in samples()]
    expect(failed(restarted), few, "a gate that started again late was hardly watched")


def plan_interruptions():
    for seed in range(100):
        moments = soak.moments(seed, DURATION_S)
        expect([(deed, what) for _, deed, what in moments], [("kill", "gate"), ("kill", "venue"), ("stop", "gate")],
               "each of them once in a minute")
        expect(all(0 < at_s < DURATION_S / 2 for at_s, _, _ in moments), True, "before the middle")
        expect(moments == sorted(moments), True, "in order")
    expect(len(soak.moments(1, 3600)), 60, "one in each minute of an hour")


judge_growth()
judge_watching()
plan_interruptions()
