#!/usr/bin/env python3
"""The demo from outside: demo_test.py BINARY [--day | --feed].

It prints what it promises, its checks hold, each of them can fail, and then its exit code says so.
With --day the real day of orders is replayed instead, with --feed recorded sessions of venues make the
prices; without PORTCULLIS_DATA both are skipped.
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


def test_killed(binary, folder):
    code, out, err = run(binary, *FEW, "--kill", 2, "--kill-venue", 1, "--keep", folder / "killed")
    check_output(code, out, err)
    expect(re.search(r"^kills by seed \d+ ", out, re.M), "the seed is printed", out)
    # On a busy machine a gate may be killed again before it was ready.
    line = (r"^  kill {} +at +\d+\.\d\d\d s  (from exec to the link up \d+ ms|the next one came before the link was up),"
            r" \d+ orders open across it$")
    expect(len(re.findall(line.format("gate"), out, re.M)) == 2, "two kills of the gate are told", out)
    expect(len(re.findall(line.format("venue"), out, re.M)) == 1, "and one of the venue", out)
    expect(re.search(r"^lost with \d+ connections, sent again$", out, re.M), "what was sent again is told", out)
    figures = read_figures(folder / "killed")
    expect(figures["client"]["total"]["connections_lost"] >= 6, "each session has lost its connection")
    expect(figures["client"]["total"]["sent"]["total"] == 2512, "each message of the plan is sent once as the first time")
    expect(figures["client"]["total"]["again"]["query"] >= 6, "and has asked for its numbers again")


def test_shared_memory(binary, folder):
    code, out, err = run(binary, *FEW, "--shared-memory", "--kill", 2, "--kill-venue", 2, "--keep", folder / "shared")
    check_output(code, out, err)
    venue = json.loads((folder / "shared" / "config" / "process.json").read_text())["venue"]
    expect("port" not in venue and pathlib.Path(venue["shared_memory"]["path"]).is_socket(), "there is no port to the venue")


def test_json(binary, folder):
    code, out, err = run(binary, "--json", *FEW, "--keep", folder / "json")
    check_output(code, out, err)
    expect(re.search(r"; 45 without a form in JSON left out$", out, re.M), "what has no form is told", out)
    for name in ("sent", "taken", "refused by the gate", "refused at its door, or ignored"):
        expect(re.search(rf"^  {name} +\d+$", out, re.M), f"the table of requests has {name}", out)
    figures = read_figures(folder / "json")
    expect(figures["client"]["total"]["sent"]["total"] == 2455, "each message of the plan is sent once")
    expect(set(figures["gate"]["watermarks"]) > set(figures["client"]["sessions"]), "over sessions of their own")
    expect(all(session["sent"]["total"] > 0 for session in figures["client"]["sessions"].values()), "and all of them")
    ouch = [number for name, number in figures["gate"]["watermarks"].items() if name not in figures["client"]["sessions"]]
    expect(ouch == [0] * 6, "and nothing over OUCH", ouch)
    secrets = json.loads((folder / "json" / "config" / "sessions.json").read_text())["sessions"].values()
    expect(all("secret_env" in session for session in secrets if session.get("protocol") == "json"),
           "what they sign with is in no file")


def test_json_killed(binary, folder):
    code, out, err = run(binary, "--json", *FEW, "--kill", 1, "--kill-venue", 1, "--keep", folder / "json_killed")
    check_output(code, out, err)
    figures = read_figures(folder / "json_killed")
    total = figures["client"]["total"]
    expect(total["connections_lost"] == 12, "each session has lost its connections once", total["connections_lost"])
    expect(total["sent"]["total"] == 2455, "each message of the plan is sent once as the first time")


# What is changed in the figures of a good run, the check that must see it, and by how much if not by
# one.
TAKEN = "each {} was taken, and no other: sent <= taken <= sent + sent again"
LAST_NUMBERS = "each session's last number at the gate is what its client was told"
ANSWERED = "each enter, mass cancel, disable and enable has its answer"
CHANGES = [
    ("gate", "messages.in", "in = forwarded + rejected + ignored + malformed + answered"),
    ("gate", "messages.malformed", "in = forwarded + rejected + ignored + malformed + answered"),
    ("client", "total.sent.unsent", "everything planned was sent"),
    ("client", "total.sent.total", "sent = in"),
    ("client", "total.again.total", "sent = in"),
    ("gate", "messages.in", "sent = in"),
    ("gate", "journaled.enter", "each enter was taken once"),
    ("client", "total.sent.enter", "each enter was taken once"),
    ("gate", "journaled.control", "each mass cancel, disable and enable was taken once"),
    ("client", "total.sent.mass_cancel", "each mass cancel, disable and enable was taken once"),
    *(("gate", f"journaled.{kind}", TAKEN.format(kind), by) for kind in ("replace", "cancel", "query") for by in (1, -1)),
    ("gate", "messages.in", "repeats and malformed messages were not taken"),
    ("gate", "journaled.enter", "repeats and malformed messages were not taken"),
    ("client", "total.orders.unanswered_enters", ANSWERED),
    ("client", "total.orders.unanswered_controls", ANSWERED),
    ("client", "total.received.query_responses", "each query that was taken has its answer"),
    ("gate", "watermarks.ALPHA1", LAST_NUMBERS),
    ("client", "sessions.CHARL2.next_number", LAST_NUMBERS),
    ("client", "total.received.rejected", "the clients were told of every refusal"),
    ("client", "total.received.cancel_rejected", "the clients were told of every refusal"),
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

LOST = "sent + sent again - in = lost, at most what was sent again, and forgotten repeats and malformed"
CHANGES_OF_KILLED = [
    ("gate", "messages.in", LOST, 100_000),
    ("gate", "messages.in", LOST, -100_000),
    ("client", "total.again.replace", TAKEN.format("replace"), -100_000),
    ("client", "total.sent.query", TAKEN.format("query"), 100_000),
    ("replay", "links", "after each kill the link was up again"),
]


LET_THROUGH = "what the door let through is what came in: sent + sent again - not taken + ignored - in = lost"
ANSWERED_ONCE = "each request was answered once: sent = replies + looked up"
FORWARDED = "what the gate took is what it forwarded"
AMENDED = "each amend and cancel was taken once, or ignored"
# What is in CHANGES of other checks that a run over JSON has is made as well.
# Queries tell what an order has become and not by how many amends, so some may be missing: these show
# only by many.
REPLACED = [("gate", "venue.replaced", "the clients' replaced = the gate's", by) for by in (100_000, -100_000)]
CHANGES_OF_JSON = [
    *REPLACED,
    ("client", "total.sent.total", ANSWERED_ONCE),
    ("client", "total.json.answers.replies", ANSWERED_ONCE),
    ("client", "total.json.answers.looked_up", ANSWERED_ONCE),
    ("client", "total.json.not_taken.total", LET_THROUGH),
    ("gate", "messages.in", LET_THROUGH),
    ("gate", "messages.ignored", LET_THROUGH),
    *(("client", "total.json.answers.taken", FORWARDED, by) for by in (1, -1)),
    *(("gate", "journaled.enter", "each create was taken once", by) for by in (1, -1)),
    ("client", "total.json.not_taken.enter", "each create was taken once"),
    *(("gate", f"journaled.{kind}", AMENDED, by) for kind in ("replace", "cancel") for by in (100_000, -100_000)),
    ("client", "total.orders.unanswered_enters", "each create and amend has its answer"),
    ("client", "total.orders.unanswered_replaces", "each create and amend has its answer"),
    ("client", "total.json.listed.open", "the queries list the open orders"),
    ("client", "total.json.listed.executions", "the queries list the executions"),
    ("client", "total.json.listed.executed_quantity", "and their quantities"),
]
CHANGES_OF_JSON_KILLED = [
    ("gate", "messages.in", LET_THROUGH, 100_000),
    ("gate", "messages.in", LET_THROUGH, -100_000),
    ("client", "total.json.answers.replies", ANSWERED_ONCE),
    ("client", "total.json.answers.taken", FORWARDED, 100_000),
    ("gate", "journaled.enter", "each create was taken once", 100_000),
    *REPLACED,
    ("gate", "messages.rejected", "the clients were told of every refusal", 100_000),
    ("replay", "links", "after each kill the link was up again"),
]


NAMES = ("gate", "venue", "client", "replay", "kills")


def read_figures(folder):
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in NAMES}


def checks(figures):
    return {what: holds for what, holds, _ in demo.checks(*(figures[name] for name in NAMES))}


def expect_failure(good, file, path, check, by=1):
    changed = copy.deepcopy(good)
    place = changed[file]
    *parents, last = path.split(".")
    for name in parents:
        place = place[name]
    value = place.get(last, 0)
    if isinstance(value, bool):
        place[last] = not value
    elif isinstance(value, list):
        place[last] = []
    else:
        place[last] = value + ("1" if isinstance(value, str) else by)
    expect(not checks(changed)[check], f"'{check}' fails when {file} has another {path}")


def test_each_check_can_fail(folder):
    good = read_figures(folder / "kept")
    expect(all(checks(good).values()), "the figures of a good run pass")
    for change in CHANGES:
        expect_failure(good, *change)
    covered = {change[2] for change in CHANGES}
    expect(covered == set(checks(good)), "each check is among them", covered ^ set(checks(good)))
    killed = read_figures(folder / "killed")
    for change in CHANGES_OF_KILLED:
        expect_failure(killed, *change)
    covered |= {change[2] for change in CHANGES_OF_KILLED}
    missing = set(checks(killed)) - covered
    expect(not missing, "and each check of a run with kills", missing)


def test_each_check_over_json_can_fail(folder):
    for name, more in (("json", CHANGES_OF_JSON), ("json_killed", CHANGES_OF_JSON_KILLED)):
        good = read_figures(folder / name)
        found = checks(good)
        expect(all(found.values()), "the figures of a good run pass")
        seen = {change[2] for change in more}
        changes = more + [change for change in CHANGES if change[2] in set(found) - seen and name == "json"]
        for change in changes:
            expect_failure(good, *change)
        covered = {change[2] for change in changes}
        expect(name != "json" or covered == set(found), "each check is among them", covered ^ set(found))


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


def data_folder():
    data = os.environ.get("PORTCULLIS_DATA")
    if not data:
        print("skipped: PORTCULLIS_DATA is not set")
        sys.exit(SKIPPED)
    return pathlib.Path(data)


def test_a_real_day(binary):
    code, out, err = run(binary, "--orders", data_folder() / "orders" / "amzn_2012-06-21_lobster_messages.csv")
    check_output(code, out, err)
    expect("every row of the file is accounted for: 57515 = 57515" in out, "all rows are accounted for", out)


def test_recorded_feeds(binary):
    feeds = [data_folder() / "feeds" / name for name in ("DERIBIT.ws.1.0", "BINANCE_FUTURES.ws.1.0")]
    with tempfile.TemporaryDirectory(prefix="portcullis-demo-test-") as name:
        folder = pathlib.Path(name) / "kept"
        code, out, err = run(binary, "--feed", *feeds, "--messages", 20000, "--kill", 1, "--keep", folder)
        check_output(code, out, err)
        expect(read_figures(folder)["gate"]["tables"]["in_force"] >= 1, "risk tables of options were in force", err)
        for instrument in ("BTC-24SEP21-34000-P", "BTC-25MAR22-30000-C", "SUSHI-PERP", "CTK-PERP", "BTC-PERP"):
            lines = subprocess.run([str(binary), "journal", "--journal", str(folder / "config" / "journal"), "--type",
                                    "enter", "--instrument", instrument], stdout=subprocess.PIPE, text=True).stdout
            expect(" -> forward" in lines, f"orders of {instrument} were accepted", lines[-2000:])


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    if "--day" in sys.argv[2:]:
        test_a_real_day(binary)
        return
    if "--feed" in sys.argv[2:]:
        test_recorded_feeds(binary)
        return
    with tempfile.TemporaryDirectory(prefix="portcullis-demo-test-") as name:
        folder = pathlib.Path(name)
        test_generated(binary, folder)
        test_killed(binary, folder)
        test_shared_memory(binary, folder)
        test_each_check_can_fail(folder)
        test_json(binary, folder)
        test_json_killed(binary, folder)
        test_each_check_over_json_can_fail(folder)
        test_a_failed_check_is_the_exit_code(binary, folder)
        test_orders_of_a_file(binary, folder)
        test_orders_that_are_not_there(binary, folder)


if __name__ == "__main__":
    main()
