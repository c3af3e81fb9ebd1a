#!/usr/bin/env python3
"""The demo: venue, gate and load client as processes on loopback, an order stream, and the checks.

Prints what became of every order and exits with 1 if a message, an order or a bit of state is
unaccounted for. `--orders FILE` replays a LOBSTER message file instead of the generated stream.
`--feed FILE` prices the market by a recorded WebSocket session of Deribit, with its options among the
instruments, or of Binance, or of both: the gate lives at the time of the first one.
`--kill` ends the gate with kill -9 in the middle of the run and starts it again at once. With
`--json` the orders come over the other door, JSON over WebSocket.
`--stay` is for looking around: the orders come slowly and for an hour, and the gate has a control plane,
with a token of each role in the folder.
"""

import argparse
import json
import os
import pathlib
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config" / "examples" / "demo"
JSON_EXAMPLE = ROOT / "config" / "examples" / "json"  # what it has in addition for JSON clients
CONTROL_EXAMPLE = ROOT / "config" / "examples" / "control"  # and for operators
# And for a recording of a venue, by the host that it was recorded from.
FEED_EXAMPLES = {"deribit.com": ROOT / "config" / "examples" / "options",
                 "binance.com": ROOT / "config" / "examples" / "binance"}
START_DELAY_S = 1.5  # from the start of the gate to the first order: logins on every link
# From when what was killed listens again to the next kill, so that there is something to kill; shorter
# than clients wait for what may still come.
BREATH_S = 0.2
LINK_S = 1  # from its last start to the end of a gate or venue, so that the link is up again
PATIENCE_S = 120  # for what starts again, on a machine that has other things to do


def free_port():
    """A port that stays free while a process that is killed starts again: not one of those that the
    kernel gives to outgoing connections."""
    while True:
        port = random.randrange(20000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Process:
    """A child that is ended, by its own id, whatever happens."""

    def __init__(self, name, arguments, environment, log):
        """Without a log its stderr is to be read."""
        self.name = name
        self.log = log
        out = ({"stderr": subprocess.PIPE, "text": True} if log is None
               else {"stdout": open(log, "w"), "stderr": subprocess.STDOUT})
        self.child = subprocess.Popen([str(argument) for argument in arguments], env=environment, **out)

    def port(self, limit_s=PATIENCE_S):
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

    def kill(self):
        self.child.kill()
        self.child.wait()

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
    parser.add_argument("--messages", type=int, help="how many to generate; default: 60000, with --stay for an hour")
    parser.add_argument("--rate", type=int, help="messages a second, on average; default: 4000, with --stay 100")
    parser.add_argument("--feed", nargs="+", default=[], metavar="FILE",
                        help="recorded sessions of Deribit and Binance, one of each at most")
    parser.add_argument("--speed", type=float, default=800, help="how many times faster a file is replayed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the orders come as JSON over WebSocket, instead of OUCH")
    parser.add_argument("--kill", type=int, nargs="?", const=1, default=0, metavar="N",
                        help="kill -9 the gate so often in the middle half of the run")
    parser.add_argument("--kill-venue", type=int, nargs="?", const=1, default=0, metavar="N",
                        help="the same of the venue")
    parser.add_argument("--kill-seed", type=int, help="of the moments; default: another each time")
    parser.add_argument("--keep", help="a folder to keep everything in; default with --stay: build/demo")
    parser.add_argument("--stay", action="store_true", help="stay until Ctrl-C, with a control plane")
    parser.add_argument("--control-port", type=int, default=26403, help="of the control plane, with --stay")
    arguments = parser.parse_args()
    arguments.rate = arguments.rate or (100 if arguments.stay else 4000)
    arguments.messages = arguments.messages or (3600 * arguments.rate if arguments.stay else 60000)
    if arguments.stay:
        arguments.keep = arguments.keep or str(ROOT / "build" / "demo")
    if arguments.feed and arguments.json:
        parser.error("--feed: JSON clients sign their requests with the time, and the gate lives at another")
    return arguments


def merge(into, more):
    """Adds what is not there to an object, and to the objects in it; null removes, lists grow."""
    for name, value in more.items():
        if value is None:
            into.pop(name, None)
        elif isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value)
        elif isinstance(value, list) and isinstance(into.get(name), list):
            into[name] += value
        else:
            into[name] = value


def add_example(config, example):
    """What it has in addition, and its opening prices instead of those that are there."""
    for more in example.glob("*.json"):
        whole = json.loads((config / more.name).read_text())
        merge(whole, json.loads(more.read_text()))
        (config / more.name).write_text(json.dumps(whole, indent=2))
    if not (example / "opening.csv").exists():
        return
    rows = (example / "opening.csv").read_text().splitlines()
    prices = {symbol: price for _, symbol, price in (row.split(",") for row in rows)}
    kept = [row for row in (config / "opening.csv").read_text().splitlines() if row.split(",")[1] not in prices]
    (config / "opening.csv").write_text("\n".join(kept + rows) + "\n")
    # Positions were entered in this market.
    state = json.loads((config / "demo-state.json").read_text())
    for position in state["positions"]:
        position["entry_price"] = prices.get(position["instrument"], position["entry_price"])
    (config / "demo-state.json").write_text(json.dumps(state, indent=2))


def feed_example(session):
    """Which example goes with a recorded session, and when it was recorded."""
    with open(session, encoding="utf-8", errors="replace") as rows:
        head = rows.readline()
    found = re.match(r"wss?://([^/ ]+)\S* <->? (\d+)\.?(\d*)", head)
    for host, example in FEED_EXAMPLES.items():
        if found and found.group(1).endswith(host):
            return example, int(found.group(2)) * 10**9 + int(found.group(3)[:9].ljust(9, "0"))
    sys.exit(f"{session}: does not begin with a connection to {' or '.join(FEED_EXAMPLES)}")


def make_deployment(folder, ports, over_json, sessions):
    """A copy of the shipped example, on these ports; with its JSON sessions where they are wanted, and
    what belongs to recorded sessions. Also when the first of these was recorded; 0: there is none."""
    config = folder / "config"
    shutil.copytree(EXAMPLE, config, ignore=shutil.ignore_patterns("journal"))
    if over_json:
        add_example(config, JSON_EXAMPLE)
    recorded_ns = 0
    for session in sessions:
        example, session_ns = feed_example(session)
        add_example(config, example)
        shutil.copy(session, config / f"{'deribit' if example.name == 'options' else example.name}.session")
        recorded_ns = recorded_ns or session_ns
    path = config / "process.json"
    process = json.loads(path.read_text())
    process["gateway"]["port"] = ports["gate"]
    process["venue"]["port"] = ports["venue"]
    if over_json:
        process["edge"]["port"] = ports["edge"]
    # A venue that was killed is back at once, and a short run must not end before the next try.
    process["venue"]["reconnect_ms_max"] = 100
    process["journal"]["segment_bytes"] = 16 * 1024 * 1024
    path.write_text(json.dumps(process, indent=2))
    return config, recorded_ns


def add_control(config, folder, binary, port):
    """What operators need: a port, and a token of each role, in a file of its own."""
    add_example(config, CONTROL_EXAMPLE)
    path = config / "process.json"
    process = json.loads(path.read_text())
    process["control"]["port"] = port
    tokens = folder / "tokens"
    tokens.mkdir(mode=0o700)
    for token in process["control"]["tokens"].values():
        made = subprocess.run([binary, "token"], check=True, capture_output=True, text=True).stdout.split()
        (tokens / token["role"]).touch(mode=0o600)
        (tokens / token["role"]).write_text(made[1] + "\n")
        token["token_sha256"] = made[3]
    path.write_text(json.dumps(process, indent=2))


def flow_arguments(arguments):
    if arguments.orders:
        return ["--orders", arguments.orders, "--speed", str(arguments.speed)]
    return ["--generate", str(arguments.messages), "--rate", str(arguments.rate), "--seed", str(arguments.seed)]


def table(rows):
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"  {name:<{width}}  {value:>12}" if isinstance(value, int) else f"  {name:<{width}}  {value}")


def report_kills(kills, client, replayed):
    print("\nkilled with kill -9, or stopped, and started again")
    following = [kill["ended_ns"] for kill in kills[1:]] + [None]
    for kill, next_ns in zip(kills, following):
        open_orders, up_ns = across(kill, replayed)
        if up_ns is None:
            ready = "the link was never up again"
        elif next_ns is not None and up_ns > next_ns:
            ready = "the next one came before the link was up"
        else:
            ready = f"from exec to the link up {(up_ns - kill['started_ns']) / 1e6:.0f} ms"
        print(f"  {kill['deed']} {kill['what']:<5} at {kill['at_s']:7.3f} s  {ready},"
              f" {open_orders} orders open across it")
    total = client["total"]
    print(f"\nlost with {total['connections_lost']} connections, sent again")
    table([(name, count) for name, count in total["again"].items() if count or name == "total"])


def across(kill, replayed):
    """The orders that were open while the link was down, and when it was up again; None: never. The
    link may have been down already: then nothing says so once more."""
    ups = [link["time_ns"] for link in replayed["links"]
           if link["change"] == "up" and link["time_ns"] >= kill["ended_ns"]]
    downs = [link["live_orders"] for link in replayed["links"]
             if link["change"] == "down" and not (ups and link["time_ns"] > ups[0])]
    return downs[-1] if downs else None, ups[0] if ups else None


def report(gate, _venue, client, replayed, kills):
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
    since = " since its last start" if kills else ""
    print(f"\ntime per message in the gate{since}, end stamp to end stamp, microseconds")
    print("  " + "  ".join(f"{name} {times[name] / 1000:.1f}" for name in ("p50", "p99", "p99.9", "max")))
    if "json" in client["total"]:
        report_json(client["total"])
    if kills:
        report_kills(kills, client, replayed)


def report_json(total):
    answers = total["json"]["answers"]
    refused = answers["replies"] - answers["taken"] - total["json"]["not_taken"]["total"]
    print("\nJSON requests")
    table([("sent", total["sent"]["total"]), ("taken", answers["taken"]), ("refused by the gate", refused),
           ("refused at its door, or ignored", total["json"]["not_taken"]["total"]),
           ("found by queries, their reply lost", answers["looked_up"])])


def message_checks(gate, client, kills):
    """What the clients sent is what the gate took. What is known of a killed gate is what its journal
    holds: repeats and malformed messages are not in it, so a restart forgets how many there were. And
    whether a cancel or an ignored replace that went with a connection had arrived nobody can say."""
    m, total = gate["messages"], client["total"]
    taken, sent, again = gate["journaled"], total["sent"], total["again"]
    parts = m["forwarded"] + m["rejected"] + m["ignored"] + m["malformed"] + m["answered"]
    yield "in = forwarded + rejected + ignored + malformed + answered", m["in"] == parts, f"{m['in']} = {parts}"
    yield "everything planned was sent", sent["unsent"] == 0, f"{sent['unsent']} unsent"
    forgotten = sent["repeat"] + sent["malformed"] if kills else 0
    missing = sent["total"] + again["total"] - m["in"]
    if kills:
        yield "sent + sent again - in = lost, at most what was sent again, and forgotten repeats and malformed", \
            0 <= missing <= again["total"] + forgotten, \
            f"0 <= {sent['total']} + {again['total']} - {m['in']} <= {again['total']} + {forgotten}"
    else:
        yield "sent = in", missing == 0 and again["total"] == 0, f"{sent['total']} = {m['in']}"
    controls = sent["mass_cancel"] + sent["disable"] + sent["enable"]
    yield "each enter was taken once", taken["enter"] == sent["enter"], f"{taken['enter']} = {sent['enter']}"
    yield "each mass cancel, disable and enable was taken once", taken["control"] == controls, \
        f"{taken['control']} = {controls}"
    for kind in ("replace", "cancel", "query"):
        most = sent[kind] + again[kind]
        yield f"each {kind} was taken, and no other: sent <= taken <= sent + sent again", \
            sent[kind] <= taken[kind] <= most, f"{sent[kind]} <= {taken[kind]} <= {most}"
    not_journaled = m["in"] - sum(taken.values())
    most = sum(counts[kind] for counts in (sent, again) for kind in ("repeat", "malformed"))
    yield "repeats and malformed messages were not taken", \
        most - again["total"] - forgotten <= not_journaled <= most, f"{not_journaled} of {most} counted"
    unanswered = total["orders"]["unanswered_enters"] + total["orders"]["unanswered_controls"]
    yield "each enter, mass cancel, disable and enable has its answer", unanswered == 0, f"{unanswered} without"
    answers = total["received"]["query_responses"]
    yield "each query that was taken has its answer", taken["query"] == answers, f"{taken['query']} = {answers}"
    told = {name: session["next_number"] - 1 for name, session in client["sessions"].items()}
    yield "each session's last number at the gate is what its client was told", told == gate["watermarks"], \
        " ".join(f"{name} {number}" for name, number in told.items())


def json_checks(gate, client, kills):
    """The same over JSON, where each request has a reply, and one whose reply was lost is looked up or
    sent again. What the door refuses, or finds nothing for, never reaches the gate."""
    m, total, door = gate["messages"], client["total"], client["total"]["json"]
    taken, sent, again = gate["journaled"], total["sent"], total["again"]
    answers, not_taken, looked_up = door["answers"], door["not_taken"], door["answers"]["looked_up"]
    parts = m["forwarded"] + m["rejected"] + m["ignored"] + m["malformed"] + m["answered"]
    yield "in = forwarded + rejected + ignored + malformed + answered", m["in"] == parts, f"{m['in']} = {parts}"
    yield "everything planned was sent", sent["unsent"] == 0, f"{sent['unsent']} unsent"
    yield "each request was answered once: sent = replies + looked up", \
        sent["total"] == answers["replies"] + looked_up, f"{sent['total']} = {answers['replies']} + {looked_up}"
    # What is in doubt went with a connection: whether it had arrived is known of creates alone.
    doubt = again["total"] + looked_up
    arrived = sent["total"] - (not_taken["total"] - m["ignored"])
    yield "what the door let through is what came in: sent + sent again - not taken + ignored - in = lost", \
        0 <= arrived + again["total"] - m["in"] <= doubt, \
        f"{sent['total']} + {again['total']} - {not_taken['total']} + {m['ignored']} - {m['in']}" \
        + (f" <= {doubt}" if kills else " = 0")
    yield "what the gate took is what it forwarded", answers["taken"] <= m["forwarded"] <= answers["taken"] + doubt, \
        f"{answers['taken']} = {m['forwarded']}" + (f", {doubt} in doubt" if kills else "")
    creates = sum(sent[kind] - not_taken[kind] for kind in ("enter", "repeat"))
    creates_again = again["enter"] + again["repeat"]
    yield "each create was taken once", creates <= taken["enter"] <= creates + creates_again, \
        f"{taken['enter']} = {creates}" + (f", {creates_again} sent again" if kills else "")
    others = sum(sent[kind] - not_taken[kind] for kind in ("replace", "cancel"))
    ignored = m["ignored"] + again["total"]
    yield "each amend and cancel was taken once, or ignored", \
        others - looked_up <= taken["replace"] + taken["cancel"] <= others + ignored, \
        f"{others} <= {taken['replace']} + {taken['cancel']} <= {others} + {ignored}"
    unanswered = total["orders"]["unanswered_enters"] + total["orders"]["unanswered_replaces"]
    yield "each create and amend has its answer", unanswered == 0, f"{unanswered} without"
    listed, orders, received = door["listed"], total["orders"], total["received"]
    yield "the queries list the open orders", listed["open"] == orders["open"], f"{listed['open']} = {orders['open']}"
    yield "the queries list the executions", listed["executions"] == received["executed"], \
        f"{listed['executions']} = {received['executed']}"
    yield "and their quantities", listed["executed_quantity"] == orders["executed_quantity"], \
        f"{listed['executed_quantity']} = {orders['executed_quantity']}"


def checks(gate, venue, client, replayed, kills):
    """Every line is (what must hold, whether it does, what was found)."""
    m, v = gate["messages"], gate["venue"]
    over_json = "json" in client["total"]
    yield from (json_checks if over_json else message_checks)(gate, client, kills)
    received = client["total"]["received"]
    refusals = m["rejected"] + v["rejected"]
    told = received["rejected"] + received["cancel_rejected"]
    # An order that never reached the venue is told of; a replace that it ignored is not, nor is it here.
    # Over JSON a refusal that was lost is not told again.
    answers = client["total"]["json"]["answers"] if over_json else {"looked_up": 0, "overtaken": 0}
    overtaken = answers["overtaken"]
    lost = client["total"]["again"]["total"] + answers["looked_up"] if over_json else 0
    yield "the clients were told of every refusal", refusals - lost <= told <= refusals + v["voided"], \
        f"{refusals - lost} <= {told} <= {refusals} + {v['voided']}"
    for ours in ("accepted", "replaced", "executed", "canceled", "self_match_prevented", "broken"):
        # Queries tell what an order has become, and not by how many amends.
        most = received[ours] + (lost + overtaken if ours == "replaced" else 0)
        yield f"the clients' {ours} = the gate's", received[ours] <= v[ours] <= most, f"{received[ours]} = {v[ours]}"
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
    if kills:
        ready = [across(kill, replayed)[1] is not None for kill in kills]
        yield "after each kill the link was up again", all(ready), f"{sum(ready)} of {len(ready)}"
    if "rows" in client["plan_counts"]:
        rows = client["plan_counts"]["rows"]
        kinds = sum(client["plan_counts"].values()) - rows
        yield "every row of the file is accounted for", rows == kinds, f"{rows} = {kinds}"


class World:
    """Venue and gate of one deployment, which can be killed and started again, and their clients."""

    FIGURES = ("gate", "venue", "client", "replay", "kills")

    def __init__(self, binary, folder, over_json=False, sessions=()):
        self.binary = binary
        self.folder = folder
        self.over_json = over_json
        self.password = secrets.token_hex(5)
        self.environment = dict(os.environ, PORTCULLIS_VENUE_PASSWORD=self.password,
                                PORTCULLIS_DEMO_PASSWORD=self.password, PORTCULLIS_DEMO_SECRET=secrets.token_hex(32))
        self.ports = {"gate": free_port(), "venue": free_port(), "edge": free_port()}
        self.config, recorded_ns = make_deployment(folder, self.ports, over_json, sessions)
        # By how much the gate's clock is ahead of the machine's.
        self.ahead_ns = recorded_ns - time.time_ns() if recorded_ns else 0
        self.running = {}
        self.starts = 0
        self.start_ns = 0  # when the first order is due
        self.began_ns = 0  # when it was: on a busy machine later

    def path(self, name):
        return self.folder / f"{name}.json"

    def begin(self, what, *arguments):
        self.starts += 1
        log = self.folder / f"{what}-{self.starts}.log"
        self.running[what] = Process(what, [self.binary, *arguments], self.environment, log)

    def start_venue(self):
        self.begin("venue", "venue", "--port", self.ports["venue"], "--journal", self.folder / "venue-journal",
                   "--user", "GATE01", "--password-env", "PORTCULLIS_VENUE_PASSWORD", "--stats", self.path("venue"))

    def start_gate(self, *arguments):
        clock = ["--clock", self.start_ns + self.ahead_ns, "--clock-at", self.start_ns] if self.ahead_ns else []
        self.begin("gate", "run", "--config", self.config, "--stats", self.path("gate"), *clock,
                   "--feed-start", self.start_ns + self.ahead_ns - 1_000_000_000, "--feed-refresh-ms", "1000",
                   *arguments)

    def client(self, flow, *arguments):
        """The arguments of the clients."""
        door = ["--json"] if self.over_json else []
        return [self.binary, "client", "--config", str(self.config), *door, *flow, *map(str, arguments)]

    def write_marks(self, flow):
        """The prices that belong to the orders; returns for how many seconds they are."""
        marks = self.config / "marks.csv"
        # It says itself what is wrong.
        if subprocess.run(self.client(flow, "--write-marks", marks), env=self.environment).returncode != 0:
            sys.exit("these orders cannot be sent")
        return int(marks.read_text().split()[-1].split(",")[0]) / 1e9

    def start(self):
        self.start_venue()
        self.running["venue"].port()
        self.start_ns = time.time_ns() + int(START_DELAY_S * 1e9)
        self.start_gate("--load", self.config / "demo-state.json")
        self.running["gate"].port()

    def interrupt(self, deed, what):
        """Kills or stops it and starts it again; what happened when, by the gate's clock."""
        ended_ns = time.time_ns()
        self.running[what].kill() if deed == "kill" else self.stop(what)
        started_ns = time.time_ns()
        self.start_venue() if what == "venue" else self.start_gate()
        self.running[what].port()
        return {"deed": deed, "what": what, "at_s": (ended_ns - self.began_ns) / 1e9,
                "ended_ns": ended_ns + self.ahead_ns, "started_ns": started_ns + self.ahead_ns}

    def run_client(self, flow, schedule):
        """The clients, from their first message to the last answer, while others are interrupted."""
        patience = ["--reconnect", PATIENCE_S, "--drain-limit", PATIENCE_S] if schedule else []
        arguments = self.client(flow, *patience, "--start-at", self.start_ns, "--stats", self.path("client"))
        client = Process("client", arguments, self.environment, None)
        self.running["client"] = client
        interruptions = []
        begun, telling = self.pass_on(client)
        begun.wait()
        for at_s, deed, what in schedule:
            try:
                breath_s = BREATH_S if interruptions else 0
                client.child.wait(max(breath_s, self.began_ns / 1e9 + at_s - time.time()))
                break
            except subprocess.TimeoutExpired:
                interruptions.append(self.interrupt(deed, what))
        code = client.child.wait()
        telling.join()
        if code != 0:
            sys.exit(f"the client ended with {code}")
        if interruptions:
            started_ns = interruptions[-1]["started_ns"] - self.ahead_ns
            time.sleep(max(0, started_ns / 1e9 + LINK_S - time.time()))
        return interruptions

    def pass_on(self, client):
        """What the client tells of its progress, by a thread; the event is set when it begins."""
        begun = threading.Event()

        def work():
            for line in client.child.stderr:
                sys.stderr.write(line)
                sys.stderr.flush()
                progress = re.match(r" *(\d+\.\d) s  ", line)
                if progress and not begun.is_set():
                    self.began_ns = time.time_ns() - int(float(progress.group(1)) * 1e9)
                    begun.set()
            begun.set()

        telling = threading.Thread(target=work, daemon=True)
        telling.start()
        return begun, telling

    def end(self, interruptions):
        """Ends gate and venue and reads what all of them say."""
        self.stop("gate")
        self.stop("venue")
        self.path("kills").write_text(json.dumps(interruptions))
        # Whether it finds a difference is one of the checks.
        with open(self.path("replay"), "w") as out:
            subprocess.run([self.binary, "replay", "--journal", str(self.config / "journal"), "--json"],
                           env=self.environment, stdout=out)
        if self.path("replay").stat().st_size == 0:
            sys.exit("the journal could not be replayed")
        return [json.loads(self.path(name).read_text()) for name in self.FIGURES]

    def stop(self, what):
        process = self.running[what]
        if process.stop() != 0:
            sys.exit(f"the {what} ended badly:\n{process.log.read_text()}")

    def stop_all(self):
        for process in reversed(self.running.values()):
            process.stop()


def moments(arguments, duration_s):
    """When what is killed: in the middle half of the run, one in each part of it."""
    if arguments.kill + arguments.kill_venue == 0:
        return []
    seed = secrets.randbelow(1_000_000) if arguments.kill_seed is None else arguments.kill_seed
    print(f"kills by seed {seed} (--kill-seed {seed} gives the same moments)", flush=True)
    draw = random.Random(seed)
    whom = ["gate"] * arguments.kill + ["venue"] * arguments.kill_venue
    draw.shuffle(whom)
    part_s = duration_s / 2 / len(whom)
    return [(duration_s / 4 + (i + draw.random()) * part_s, "kill", what) for i, what in enumerate(whom)]


def run(arguments, folder):
    world = World(arguments.binary, folder, arguments.json, arguments.feed)
    try:
        flow = flow_arguments(arguments)
        duration_s = world.write_marks(flow)
        schedule = moments(arguments, duration_s)
        world.start()
        figures = world.end(world.run_client(flow, schedule))
    finally:
        world.stop_all()
    report(*figures)
    return print_checks(checks(*figures))


def stay(arguments, folder):
    """Until Ctrl-C. Always 0: what an operator does is not foreseen by checks."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    world = World(arguments.binary, folder, arguments.json, arguments.feed)
    add_control(world.config, folder, arguments.binary, arguments.control_port)
    try:
        flow = flow_arguments(arguments)
        world.write_marks(flow)
        world.start()
        clients = world.client(flow, "--reconnect", PATIENCE_S, "--start-at", world.start_ns)
        world.running["client"] = Process("client", clients, world.environment, folder / "client.log")
        print(f"The gate runs until Ctrl-C; its folder is {world.config}, its journal {world.config / 'journal'}.\n"
              f"Its control plane, for tokens in {folder / 'tokens'}:\n"
              f"  export PORTCULLIS_CONTROL=127.0.0.1:{arguments.control_port}", flush=True)
        world.running["gate"].child.wait()
        print(f"the gate has ended:\n{world.running['gate'].log.read_text()}")
    except KeyboardInterrupt:
        print()
    finally:
        world.stop_all()
    return 0


def print_checks(found):
    print("\nchecks")
    failed = 0
    held = 0
    for what, holds, how in found:
        failed += not holds
        held += holds
        print(f"  {'ok    ' if holds else 'FAILED'}  {what}: {how}")
    print(f"\n{held} checks hold, {failed} failed")
    return failed


def in_folder(arguments, run_there):
    """The exit code of a run in the folder that is to be kept, or in one that is not."""
    if arguments.keep:
        folder = pathlib.Path(arguments.keep)
        if folder.exists():
            sys.exit(f"{folder} is there already: remove it, or keep this run elsewhere (--keep)")
        folder.mkdir(parents=True)
        return 1 if run_there(arguments, folder) else 0
    with tempfile.TemporaryDirectory(prefix="portcullis-demo-") as folder:
        return 1 if run_there(arguments, pathlib.Path(folder)) else 0


if __name__ == "__main__":
    the_arguments = parse_arguments()
    sys.exit(in_folder(the_arguments, stay if the_arguments.stay else run))
