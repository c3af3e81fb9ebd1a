#!/usr/bin/env python3
"""The demo: venue, gate and load client as processes on loopback, an order stream, and the checks.

Prints what became of every order and exits with 1 if a message, an order or a bit of state is
unaccounted for. `--orders FILE` replays a LOBSTER message file instead of the generated stream.
"""

import argparse
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config" / "examples" / "demo"
START_DELAY_S = 1.5  # from the start of the gate to the first order: logins on every link


class Process:
    """A child that is ended, by its own id, whatever happens."""

    def __init__(self, name, arguments, environment, log):
        self.name = name
        self.log = log
        self.child = subprocess.Popen(
            arguments, env=environment, stdout=open(log, "w"), stderr=subprocess.STDOUT
        )

    def port(self, limit_s=20):
        """The port it says that it listens on."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            for line in self.log.read_text().splitlines():
                if line.startswith("listening on "):
                    return int(line.split()[-1])
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        sys.exit(f"{self.name} did not start:\n{self.log.read_text()}")

    def stop(self, limit_s=30):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.wait()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build" / "release" / "portcullis"))
    parser.add_argument("--orders", help="a LOBSTER message file to replay instead")
    parser.add_argument("--messages", type=int, default=60000, help="how many to generate")
    parser.add_argument("--rate", type=int, default=4000, help="messages a second, on average")
    parser.add_argument("--speed", type=float, default=800, help="how many times faster a file is replayed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder to keep everything in")
    return parser.parse_args()


def make_deployment(folder, venue_port):
    """A copy of the shipped example, on free ports."""
    config = folder / "config"
    shutil.copytree(EXAMPLE, config, ignore=shutil.ignore_patterns("journal"))
    path = config / "process.json"
    process = json.loads(path.read_text())
    process["gateway"]["port"] = 0
    process["venue"]["port"] = venue_port
    process["journal"]["segment_bytes"] = 16 * 1024 * 1024
    path.write_text(json.dumps(process, indent=2))
    return config


def flow_arguments(arguments, config):
    if arguments.orders:
        return ["--config", str(config), "--orders", arguments.orders, "--speed", str(arguments.speed)]
    return ["--config", str(config), "--generate", str(arguments.messages), "--rate", str(arguments.rate),
            "--seed", str(arguments.seed)]


def table(rows):
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"  {name:<{width}}  {value:>12}" if isinstance(value, int) else f"  {name:<{width}}  {value}")


def report(gate, client):
    messages = gate["messages"]
    print("\nmessages from clients")
    table([(name, messages[name]) for name in
           ("in", "forwarded", "rejected", "ignored", "malformed", "answered")])
    print("\nrejected, by reason")
    table(sorted(gate["rejects"].items(), key=lambda row: -row[1]) or [("none", 0)])
    venue = gate["venue"]
    print("\nfrom the venue")
    table([("accepted", venue["accepted"]), ("replaced", venue["replaced"]), ("filled (executions)", venue["executed"]),
           ("cancelled", venue["canceled"]), ("self-match prevented", venue["self_match_prevented"]),
           ("rejected", venue["rejected"]), ("open at the end", gate["live_orders"])])
    print("\nwhat was sent: " + client["plan"])
    table(list(client["plan_counts"].items()))
    times = gate["message_ns"]
    print("\ntime per message in the gate, end stamp to end stamp, microseconds")
    print("  " + "  ".join(f"{name} {times[name] / 1000:.1f}" for name in ("p50", "p99", "p99.9", "max")))


def checks(gate, venue, client, replayed):
    """Every line is (what must hold, whether it does, what was found)."""
    m, v = gate["messages"], gate["venue"]
    parts = m["forwarded"] + m["rejected"] + m["ignored"] + m["malformed"] + m["answered"]
    yield "in = forwarded + rejected + ignored + malformed + answered", m["in"] == parts, f"{m['in']} = {parts}"
    sent, received = client["total"]["sent"], client["total"]["received"]
    yield "everything planned was sent, and sent = in", sent["unsent"] == 0 and sent["total"] == m["in"], \
        f"{sent['total']} = {m['in']}"
    refusals = m["rejected"] + v["rejected"] + v["voided"]
    yield "the clients were told of every refusal", received["rejected"] == refusals, \
        f"{received['rejected']} = {refusals}"
    for ours in ("accepted", "replaced", "executed", "canceled", "self_match_prevented", "broken"):
        yield f"the clients' {ours} = the gate's", received[ours] == v[ours], f"{received[ours]} = {v[ours]}"
    misfits = received["unexpected"] + received["undecodable"]
    yield "the clients heard nothing that fits no order", misfits == 0, str(misfits)
    orders = client["total"]["orders"]
    ends = (orders["filled"], orders["canceled"], orders["open"])
    yield "orders accepted = filled + cancelled + open", received["accepted"] == sum(ends), \
        f"{received['accepted']} = {' + '.join(map(str, ends))}"
    for ours, theirs in (("accepted", "accepted"), ("replaced", "replaced"), ("executed", "executed"),
                         ("canceled", "canceled"), ("self_match_prevented", "aiq_canceled"),
                         ("rejected", "rejected"), ("broken", "broken")):
        yield f"the venue's {ours} = the gate's", v[ours] == venue[theirs], f"{venue[theirs]} = {v[ours]}"
    still_open = orders["open"]
    yield "open at the venue = at the gate = at the clients", \
        venue["open"] == gate["live_orders"] == still_open, f"{venue['open']} = {gate['live_orders']} = {still_open}"
    strange = {name: v[name] for name in ("adopted", "unattributed", "malformed", "off_grid") if v[name] != 0}
    yield "no order's books disagree", not gate["anomalies"] and not strange, \
        str({**gate["anomalies"], **strange} or "none")
    yield "incremental state = full recompute", gate["verified"] is True, str(gate["verified"])
    yield "replay: same decisions and messages", replayed["differences"] == 0, f"{replayed['records']} records"
    yield "replay: same state hash", replayed["state_hash"] == gate["state_hash"], gate["state_hash"]
    if "rows" in client["plan_counts"]:
        rows = client["plan_counts"]["rows"]
        kinds = sum(client["plan_counts"].values()) - rows
        yield "every row of the file is accounted for", rows == kinds, f"{rows} = {kinds}"


def run(arguments, folder):
    binary = arguments.binary
    password = secrets.token_hex(5)
    environment = dict(os.environ, PORTCULLIS_VENUE_PASSWORD=password, PORTCULLIS_DEMO_PASSWORD=password)
    processes = []
    try:
        venue_stats, gate_stats, client_stats, replay_report = (
            folder / f"{name}.json" for name in ("venue", "gate", "client", "replay"))
        venue = Process("venue", [binary, "venue", "--port", "0", "--journal", str(folder / "venue-journal"),
                                  "--user", "GATE01", "--password", password, "--stats", str(venue_stats)],
                        environment, folder / "venue.log")
        processes.append(venue)
        config = make_deployment(folder, venue.port())
        flow = flow_arguments(arguments, config)
        # It says itself what is wrong.
        if subprocess.run([binary, "client", *flow, "--write-marks", str(config / "marks.csv")],
                          env=environment).returncode != 0:
            sys.exit("these orders cannot be sent")
        start_ns = time.time_ns() + int(START_DELAY_S * 1e9)
        gate = Process("gate", [binary, "run", "--config", str(config), "--load", str(config / "demo-state.json"),
                                "--stats", str(gate_stats), "--feed-start", str(start_ns - 1_000_000_000),
                                "--feed-refresh-ms", "1000"],
                       environment, folder / "gate.log")
        processes.append(gate)
        port = gate.port()
        code = subprocess.run([binary, "client", *flow, "--port", str(port), "--start-at", str(start_ns),
                               "--stats", str(client_stats)], env=environment).returncode
        if code != 0:
            sys.exit(f"the client ended with {code}")
        if gate.stop() != 0:
            sys.exit(f"the gate ended badly:\n{gate.log.read_text()}")
        if venue.stop() != 0:
            sys.exit(f"the venue ended badly:\n{venue.log.read_text()}")
        # Whether it finds a difference is one of the checks.
        with open(replay_report, "w") as out:
            subprocess.run([binary, "replay", "--journal", str(config / "journal"), "--json"],
                           env=environment, stdout=out)
        if replay_report.stat().st_size == 0:
            sys.exit("the journal could not be replayed")
    finally:
        for process in reversed(processes):
            process.stop()
    figures = [json.loads(path.read_text()) for path in (gate_stats, venue_stats, client_stats, replay_report)]
    report(figures[0], figures[2])
    print("\nchecks")
    failed = 0
    held = 0
    for what, holds, found in checks(*figures):
        failed += not holds
        held += holds
        print(f"  {'ok    ' if holds else 'FAILED'}  {what}: {found}")
    print(f"\n{held} checks hold, {failed} failed")
    return failed


def main():
    arguments = parse_arguments()
    if arguments.keep:
        folder = pathlib.Path(arguments.keep)
        folder.mkdir(parents=True)
        return 1 if run(arguments, folder) else 0
    with tempfile.TemporaryDirectory(prefix="portcullis-demo-") as folder:
        return 1 if run(arguments, pathlib.Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
