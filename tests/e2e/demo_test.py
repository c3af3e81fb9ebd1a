#!/usr/bin/env python3
"""The demo from outside: demo_test.py BINARY [--day].

It prints what it promises, its checks hold, each of them can fail, and then its exit code says so.
With --day the real day of orders is replayed instead; without PORTCULLIS_DATA that is skipped.
"""

import copy
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "gateway" / "demo" / "demo.py"
SKIPPED = 77
FEW = ["--messages", "2500", "--rate", "1500"]

sys.path.insert(0, str(DEMO.parent))
sys.dont_write_bytecode = True
import demo  # noqa: E402


def run(binary, *arguments):
    done = subprocess.run([sys.executable, str(DEMO), "--binary", str(binary), *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr


def expect(condition, what, *context):
    if condition:
        return
    print(*context, sep="\n")
    sys.exit(f"FAILED: {what}")


def check_output(code, out, err):
    expect(code == 0, "the demo ends with 0", out, err)
    expect(re.search(r"\n\d+ checks hold, 0 failed\n", out), "all checks hold", out)
    expect(re.search(r"^ +\d+\.\d s  \d+ of \d+ sent, \d+ accepted, \d+ rejected, \d+ executed, \d+ open$",
                     err, re.M), "there is a progress line", err)
    for name in ("in", "forwarded", "rejected", "ignored", "malformed", "answered", "accepted", "replaced",
                 r"filled \(executions\)", "cancelled", "open at the end"):
        expect(re.search(rf"^  {name} +\d+$", out, re.M), f"the table has {name}", out)
    expect(re.search(r"^  p50 [\d.]+  p99 [\d.]+  p99\.9 [\d.]+  max [\d.]+$", out, re.M), "there are percentiles", out)


def test_generated(binary, folder):
    code, out, err = run(binary, *FEW, "--keep", folder / "kept")
    check_output(code, out, err)
    expect(re.search(r"^  (clip_size|price_collar|invalid_side) +\d+$", out, re.M), "reasons are named", out)


# What is changed in the figures of a good run, and the check that must see it.
CHANGES = [
    ("gate", "messages.in", "in = forwarded + rejected + ignored + malformed + answered"),
    ("gate", "messages.malformed", "in = forwarded + rejected + ignored + malformed + answered"),
    ("client", "total.sent.total", "everything planned was sent, and sent = in"),
    ("client", "total.sent.unsent", "everything planned was sent, and sent = in"),
    ("client", "total.received.rejected", "the clients were told of every refusal"),
    ("client", "total.received.unexpected", "the clients heard nothing that fits no order"),
    ("client", "total.received.undecodable", "the clients heard nothing that fits no order"),
    ("client", "total.orders.filled", "orders accepted = filled + cancelled + open"),
    ("client", "total.orders.open", "open at the venue = at the gate = at the clients"),
    ("venue", "open", "open at the venue = at the gate = at the clients"),
    ("gate", "live_orders", "open at the venue = at the gate = at the clients"),
    ("gate", "venue.unattributed", "no order's books disagree"),
    ("gate", "venue.off_grid", "no order's books disagree"),
    ("gate", "anomalies.overfilled", "no order's books disagree"),
    ("gate", "verified", "incremental state = full recompute"),
    ("replay", "differences", "replay: same decisions and messages"),
    ("gate", "state_hash", "replay: same state hash"),
    *(("client", f"total.received.{name}", f"the clients' {name} = the gate's")
      for name in ("accepted", "replaced", "executed", "canceled", "self_match_prevented", "broken")),
    *(("venue", "aiq_canceled" if name == "self_match_prevented" else name, f"the venue's {name} = the gate's")
      for name in ("accepted", "replaced", "executed", "canceled", "self_match_prevented", "rejected", "broken")),
]


NAMES = ("gate", "venue", "client", "replay")


def read_figures(folder):
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in NAMES}


def checks(figures):
    return {what: holds for what, holds, _ in demo.checks(*(figures[name] for name in NAMES))}


def expect_failure(good, file, path, check):
    changed = copy.deepcopy(good)
    place = changed[file]
    *parents, last = path.split(".")
    for name in parents:
        place = place[name]
    value = place.get(last, 0)
    place[last] = not value if isinstance(value, bool) else value + ("1" if isinstance(value, str) else 1)
    expect(not checks(changed)[check], f"'{check}' fails when {file} has another {path}")


def test_each_check_can_fail(folder):
    good = read_figures(folder / "kept")
    expect(all(checks(good).values()), "the figures of a good run pass")
    for change in CHANGES:
        expect_failure(good, *change)
    covered = {check for _, _, check in CHANGES}
    expect(covered == set(checks(good)), "each check is among them", covered ^ set(checks(good)))


# A program that is the real one, but for the replay: that finds another state.
BROKEN = """#!{python}
import os, subprocess, sys
if sys.argv[1] != "replay":
    os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
out = subprocess.run([{binary!r}, *sys.argv[1:]], stdout=subprocess.PIPE, text=True).stdout
sys.stdout.write(out.replace('"state_hash": "', '"state_hash": "f'))
"""


def test_a_failed_check_is_the_exit_code(binary, folder):
    broken = folder / "broken"
    broken.write_text(BROKEN.format(python=sys.executable, binary=str(binary)))
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    code, out, err = run(broken, *FEW)
    expect(code == 1, "the exit code is 1", code, out, err)
    expect(re.search(r"^  FAILED  replay: same state hash", out, re.M), "it says which", out)
    expect(", 1 failed\n" in out, "and no other", out)


def test_orders_of_a_file(binary, folder):
    rows = ["Time,Type,OrderId,Size,Price,Direction", "34200,5,0,1,2224000,1"]
    for i in range(1, 301):
        time = 34200 + i / 200
        rows.append(f"{time:.5f},1,{i},100,{2224000 + 100 * (i % 7)},{1 if i % 2 else -1}")
        rows.append(f"{time:.5f},{2 + i % 3},{i},50,{2224000 + 100 * (i % 7)},{1 if i % 2 else -1}")
    rows += ["34202,3,9999,100,2224000,1", "34202,1,5000,none,2224000,1"]
    file = folder / "day.csv"
    file.write_text("\n".join(rows) + "\n")
    code, out, err = run(binary, "--orders", file, "--speed", 1, "--keep", folder / "day")
    check_output(code, out, err)
    expect("every row of the file is accounted for: 603 = 603" in out, "all rows are accounted for", out)
    expect(f"{file}:604: the size is not a number" in err, "the malformed row is named", err)
    for name, count in (("entered", 300), ("partly_canceled", 100), ("canceled", 100), ("executed_by_taker", 100),
                        ("skipped_hidden_execution", 1), ("skipped_cancel_of_unknown", 1), ("skipped_malformed", 1)):
        expect(re.search(rf"^  {name} +{count}$", out, re.M), f"{name}: {count}", out)
    expect_failure(read_figures(folder / "day"), "client", "plan_counts.rows",
                   "every row of the file is accounted for")


def test_orders_that_are_not_there(binary, folder):
    code, out, err = run(binary, "--orders", folder / "nowhere.csv")
    expect(code != 0, "a file that is not there is an error", out, err)
    expect("nowhere.csv: cannot be read" in err and "Traceback" not in err, "which is said", err)


def test_a_real_day(binary):
    data = os.environ.get("PORTCULLIS_DATA")
    if not data:
        print("skipped: PORTCULLIS_DATA is not set")
        sys.exit(SKIPPED)
    code, out, err = run(binary, "--orders",
                         pathlib.Path(data) / "orders" / "amzn_2012-06-21_lobster_messages.csv")
    check_output(code, out, err)
    expect("every row of the file is accounted for: 57515 = 57515" in out, "all rows are accounted for", out)


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    if "--day" in sys.argv[2:]:
        test_a_real_day(binary)
        return
    with tempfile.TemporaryDirectory(prefix="portcullis-demo-test-") as name:
        folder = pathlib.Path(name)
        test_generated(binary, folder)
        test_each_check_can_fail(folder)
        test_a_failed_check_is_the_exit_code(binary, folder)
        test_orders_of_a_file(binary, folder)
        test_orders_that_are_not_there(binary, folder)


if __name__ == "__main__":
    main()
