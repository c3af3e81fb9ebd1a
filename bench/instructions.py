#!/usr/bin/env python3
"""Instructions per order, by callgrind: the figure that a busy machine does not change.

usage: instructions.py --build DIR [--check] [CASE...]

Without --check the results go to bench/instructions.json; with it they are compared with what is
there, and a case that differs by more than 3 % fails.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "instructions.json"
OPERATIONS = 1000  # order_driver's kOperations
TOLERANCE = 0.03


def count(driver, case):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
             "--toggle-collect=*portcullis::bench::measured*", "--collect-atstart=no",
             str(driver), case],
            check=True, capture_output=True)
        totals = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.M)
    return round(int(totals.group(1)) / OPERATIONS, 1)


def compiler(build):
    cache = (build / "CMakeCache.txt").read_text()
    path = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache, re.M).group(1)
    return subprocess.run([path, "--version"], capture_output=True, text=True).stdout.splitlines()[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    driver = arguments.build / "bench" / "order_driver"
    known = subprocess.run([driver], check=True, capture_output=True, text=True).stdout.split()
    cases = arguments.cases or known
    recorded = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    counts = recorded.get("instructions", {})
    failures = 0
    print("| operation | instructions |")
    print("|---|---:|")
    measured = {}
    for case in cases:
        measured[case] = count(driver, case)
        note = ""
        if arguments.check:
            expected = counts.get(case)
            if expected is None:
                note = " not recorded"
                failures += 1
            elif abs(measured[case] - expected) > TOLERANCE * expected:
                note = f" was {expected:,.1f}"
                failures += 1
        print(f"| {case} | {measured[case]:,.1f}{note} |", flush=True)
    if arguments.check:
        print(f"{failures} of {len(cases)} differ by more than {TOLERANCE:.0%}")
        return 1 if failures else 0
    counts = {name: measured.get(name, counts.get(name)) for name in known}
    RESULTS.write_text(json.dumps(
        {"compiler": compiler(arguments.build),
         "world": "50 positions in 4 groups of 4 factors, two sets of 64 scenarios, gain haircut 0.5",
         "instructions": counts}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
