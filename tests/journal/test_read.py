#!/usr/bin/env python3
"""The journal of a demo as two readers see it: test_read.py BINARY.

Venue, gate and load client run for a moment; then `portcullis journal --json` and tests/journal/read.py
must write the same lines.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DEMO = HERE.parents[1] / "gateway" / "demo" / "demo.py"
# What a demo of a few thousand messages has.
TYPES = {"start", "load_balance", "load_position", "loaded", "venue_link", "venue_message", "session", "mark",
         "index", "enter", "replace", "cancel", "firm_control", "recheck", "due"}


def lines_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"FAILED: {' '.join(command)}: {done.returncode}\n{done.stderr}")
    return done.stdout.splitlines()


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="portcullis-journal-test-") as temporary:
        folder = str(pathlib.Path(temporary) / "demo")
        run_demo(binary, folder)
        journal = str(pathlib.Path(folder) / "config" / "journal")
        ours = lines_of(binary, "journal", "--json", "--journal", journal)
        theirs = lines_of(sys.executable, "-B", str(HERE / "read.py"), journal)
    for number, (our, their) in enumerate(zip(ours, theirs), 1):
        if our != their:
            sys.exit(f"FAILED: line {number} differs\n{our}\n{their}")
    if len(ours) != len(theirs):
        sys.exit(f"FAILED: {len(ours)} lines, and {len(theirs)}")
    missing = TYPES - {json.loads(line)["type_name"] for line in ours}
    if missing:
        sys.exit(f"FAILED: there is no {', '.join(sorted(missing))} among {len(ours)} records")
    print(f"{len(ours)} records, both readers agree")


def run_demo(binary, folder):
    done = subprocess.run([sys.executable, "-B", str(DEMO), "--binary", binary, "--messages", "3000",
                           "--rate", "1500", "--keep", folder],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: the demo\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
