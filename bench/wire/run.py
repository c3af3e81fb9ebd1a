#!/usr/bin/env python3
"""The gate on the wire, beside a floor and its peers: latency by offered rate, open loop, over loopback.

usage: run.py --build DIR [--json] [--rounds N] [--rates RATE...] [--seconds S] [--systems NAME...]

A load (load.cpp) sends each order at a time that was fixed before, and is the venue that it comes to: a
latency counts from that time until the order's bytes have been read at the venue. Every round runs every
system at every rate, in random order, each time with new processes. Every run checks that each order came to
the venue once and in turn, was answered, and that nothing was refused; otherwise there is no report.

Recovery is how soon after a flood a system is as fast as before it, while orders go on coming: see course.h.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile

import world

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from report import machine, markdown, nanoseconds  # noqa: E402

RATES = [10_000, 50_000, 100_000, 200_000, 300_000]
FLOOD = 0  # the rate at which as many are sent as are done
WINDOW = 2_000  # orders under way then
FLOOD_ORDERS = 100_000
RECOVERY = "recovery"  # no rate, but a flood between orders at this one
CALM = 10_000
AFTER_S = 1.5
WARM_UP_S = 0.2
SUSTAINED = 0.98  # of the offered rate
PATIENCE_S = 120  # for a run, on a machine that has other things to do
SHARES = ["p50", "p90", "p99", "p99.9", "p99.99", "max"]
SPIN_CORES = 4  # with so many the gate's loop may keep one busy


@dataclasses.dataclass(frozen=True)
class System:
    """What is between trader and venue. `program` is in the build folder."""
    name: str
    what: str
    program: str
    kind: str  # config: it takes the folder and nothing else; gate: it is the gate, or stands in for it; fix
    trader: str = "ouch"
    in_memory: bool = False
    has_loop: bool = True  # its first thread is what an order waits for
    checks_margin: bool = True  # and can prove at the end that its figures are right
    head_of_port: str = "listening on "


SYSTEMS = [
    System("forwarder", "a bare forwarder of bytes", "bench/wire/wire_forwarder", "config"),
    System("gate", "the gate, OUCH over TCP", "portcullis", "gate"),
    System("memory", "the gate, OUCH in over TCP, shared memory to the venue", "portcullis", "gate", in_memory=True),
    System("json", "the gate, JSON over WebSocket in, OUCH out", "portcullis", "gate", trader="json",
           head_of_port="JSON clients on "),
    System("stub", "the gate, its engine accepting everything unseen", "bench/wire/wire_stub", "gate",
           checks_margin=False),
    System("handoff", "the gate behind queues to threads of its own for reading and writing",
           "bench/wire/wire_handoff", "gate", has_loop=False),
    System("quickfix", "QuickFIX, an acceptor that passes on to an initiator, no checks",
           "bench/wire/wire_quickfix", "fix", trader="fix",
           has_loop=False),
]


class Failed(Exception):
    """A run that is none, and why."""


@dataclasses.dataclass(frozen=True)
class Cores:
    """Who runs where. The load and the system's loop have a core each; where there are two, what is not on an
    order's way in the gate (the journal's flusher, the follower) runs beside the load, whose answer it can
    only delay. Nothing is pinned on a single core. The gate's threads go there by its configuration."""
    load: list
    loop: list
    path: list  # other threads on an order's way
    behind: list

    @staticmethod
    def of_machine():
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) == 1:
            return Cores(usable, usable, usable, usable)
        loop = usable[1:2]
        return Cores(usable[:1], loop, usable[2:3] or loop, usable[3:] or usable[2:3] or usable[:1])

    def of_gate(self, has_loop):
        """What process.json says of it."""
        if self.load == self.loop:
            return None
        behind = {thread: self.behind for thread in ("journal", "streams", "follower")}
        return {"shard": self.loop, **behind} if has_loop else behind

    def text(self):
        return ", ".join(f"{name} {'+'.join(map(str, value))}" for name, value in dataclasses.asdict(self).items())


def in_own_network():
    """Goes on in a network of its own, where that may be: loopback as elsewhere, but without a congestion
    control that paces (bbr), which may be the machine's and would be most of what is measured."""
    if os.environ.get("PORTCULLIS_WIRE_NETWORK") or congestion_control() in ("cubic", "reno"):
        return
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    make = "import fcntl, socket, struct; s = socket.socket(); " \
           "fcntl.ioctl(s, 0x8914, struct.pack('16sh14x', b'lo', 0x49)); " \
           "open('/proc/sys/net/ipv4/tcp_congestion_control', 'w').write('reno')"
    if subprocess.run([*unshare, sys.executable, "-c", make], capture_output=True).returncode != 0:
        return
    os.environ["PORTCULLIS_WIRE_NETWORK"] = "own"
    again = f"import os, sys; {make}; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    os.execvp(unshare[0], [*unshare, sys.executable, "-c", again, *sys.argv])


def congestion_control():
    return pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()


class Child:
    """A process on some cores, which is ended whatever happens."""

    def __init__(self, name, arguments, environment, usable, errors):
        self.name = name
        self.errors = errors
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments], env=environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=open(errors, "w"),
            preexec_fn=lambda: os.sched_setaffinity(0, usable))

    def line(self, head):
        """What is behind the head on the first line that begins so."""
        for text in self.process.stdout:
            if text.startswith(head):
                return text[len(head):].strip()
        raise Failed(f"{self.name} did not start: {self.errors.read_text()}")

    def finish(self):
        """What else it prints, once it has ended by itself."""
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        if self.process.returncode != 0:
            raise Failed(f"{self.name} ended with {self.process.returncode}: {self.errors.read_text()}")
        return out

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.finish()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Run:
    """One system at one rate; `course` is what its load is told of that."""

    def __init__(self, build, system, course, waiting, folder):
        self.build = build
        self.waiting = waiting
        self.system = system
        self.course = course
        self.folder = folder
        self.children = []
        password = secrets.token_hex(5)
        self.environment = dict(os.environ, PORTCULLIS_WIRE_PASSWORD=password, PORTCULLIS_VENUE_PASSWORD=password,
                                PORTCULLIS_WIRE_SECRET=secrets.token_hex(32))

    def start(self, name, arguments, usable):
        child = Child(name, arguments, self.environment, usable, self.folder / f"{name}.err")
        self.children.append(child)
        return child

    def start_load(self, usable):
        is_json = self.system.trader == "json"
        arguments = [self.build / "bench/wire/wire_load", "--trader", self.system.trader,
                     "--user", world.JSON_KEY if is_json else world.USER, "--window", WINDOW,
                     "--accounts", world.ACCOUNTS, "--instruments", world.INSTRUMENTS, *self.course]
        if self.system.in_memory:
            arguments += ["--memory", self.folder / "venue.sock"]
        return self.start("load", arguments, usable)

    def start_system(self, venue_port, cores):
        usable = cores.loop + cores.path
        program = self.build / self.system.program
        if self.system.kind == "fix":
            return self.start(self.system.name, [program, venue_port, self.folder / "store"], usable)
        venue = self.folder / "venue.sock" if self.system.in_memory else venue_port
        is_gate = self.system.kind == "gate"
        config = world.write(self.folder, venue, self.waiting, cores.of_gate(self.system.has_loop) if is_gate else None,
                             self.system.trader == "json")
        if not is_gate:  # it is its loop and nothing else
            return self.start(self.system.name, [program, config], cores.loop)
        arguments = [program, "run", "--config", config, "--load", self.folder / "state.json",
                     "--stats", self.folder / "stats.json"]
        return self.start(self.system.name, arguments, usable)

    def measure(self):
        cores = Cores.of_machine()
        load = self.start_load(cores.load)
        system = self.start_system(int(load.line("venue ")), cores)
        port = system.line(self.system.head_of_port)
        load.process.stdin.write(port + "\n")
        load.process.stdin.flush()
        result = json.loads(load.finish())
        system.stop()
        if self.system.kind == "gate":
            result["residence"] = self.look_at(json.loads((self.folder / "stats.json").read_text()), result)
        return result

    def look_at(self, stats, result):
        """What the gate says of the same orders, and its time of a message."""
        passed = result["orders"] - result["tries_refused"]
        told = {"orders": stats["journaled"]["enter"], "refused": stats["messages"]["rejected"],
                "accepted": stats["venue"]["accepted"], "cancelled": stats["venue"]["canceled"],
                "open": stats["live_orders"]}
        wanted = {"orders": result["orders"], "refused": result["tries_refused"], "accepted": passed,
                  "cancelled": passed, "open": 0}
        if told != wanted or self.system.checks_margin and stats["verified"] is not True:
            raise Failed(f"the gate says {told}, verified {stats['verified']}, and the load {wanted}")
        return stats["message_ns"]

    def end(self):
        for child in self.children:
            child.kill()


def course_of(rate, seconds):
    if rate == RECOVERY:
        return course_of(CALM, seconds) + ["--flood", int(FLOOD_ORDERS * min(1, seconds)),
                                           "--after", int(CALM * AFTER_S)]
    return ["--rate", rate, "--orders", int(rate * seconds) or FLOOD_ORDERS,
            "--warm-up", int(rate * WARM_UP_S) or FLOOD_ORDERS // 10]


def run_once(build, system, rate, arguments):
    with tempfile.TemporaryDirectory(prefix="portcullis-wire-") as folder:
        run = Run(build, system, course_of(rate, arguments.seconds), arguments.waiting, pathlib.Path(folder))
        try:
            return run.measure()
        except (Failed, subprocess.TimeoutExpired) as error:
            at = {FLOOD: "full load", RECOVERY: RECOVERY}.get(rate, f"{rate} orders a second")
            sys.exit(f"{system.name} at {at}: {error}")
        finally:
            run.end()


def run_rounds(build, systems, arguments):
    """The results of all rounds by system and rate."""
    results = {(system.name, rate): [] for rate in arguments.rates for system in systems}
    for number in range(arguments.rounds):
        turns = [(system, rate) for rate in arguments.rates for system in systems]
        random.shuffle(turns)
        for system, rate in turns:
            results[system.name, rate].append(run_once(build, system, rate, arguments))
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
    return results


def median(runs, kind, share):
    return statistics.median(run[kind][share] for run in runs)


def reached(runs):
    return statistics.median(run["reached_per_second"] for run in runs)


def rate_text(rate):
    return f"{rate:,.0f}"


def is_sustained(rate, runs):
    return reached(runs) >= SUSTAINED * rate


def line_of(rate, runs, floor):
    """A row of a system's table; the floor is the forwarder's runs at that rate, or None."""
    if not is_sustained(rate, runs):
        return [rate_text(rate), f"not sustained: {rate_text(reached(runs))}/s"]
    cells = [rate_text(rate)] + [nanoseconds(median(runs, "to_venue", share)) for share in SHARES]
    if floor and is_sustained(rate, floor):
        ours, least = median(runs, "to_venue", "p50"), median(floor, "to_venue", "p50")
        sign = "" if ours >= least else "-"
        cells += [f"{sign}{nanoseconds(abs(ours - least))}", f"{ours / least:.2f}",
                  f"{median(runs, 'to_venue', 'p99') / median(floor, 'to_venue', 'p99'):.2f}"]
    else:
        cells += ["", "", ""]
    rounds = [run["to_venue"]["p50"] for run in runs]
    cells += [f"{nanoseconds(min(rounds))} to {nanoseconds(max(rounds))}", nanoseconds(median(runs, "to_answer", "p50"))]
    if "residence" in runs[0]:
        cells += [nanoseconds(median(runs, "residence", share)) for share in ("p50", "p99")]
    else:
        cells += ["", ""]
    return cells


HEAD = ["offered, orders/s", *SHARES, "p50 over the forwarder's", "p50 to it", "p99 to it",
        "least to most of the rounds' p50", "to the answer, p50", "residence p50", "p99"]


def report(systems, results, arguments):
    yield f"- cores: {Cores.of_machine().text()}"
    yield f"- waiting: {arguments.waiting}; TCP congestion control: {congestion_control()}"
    yield "- not included: a network, other machines, TLS, fsync before an order leaves"
    rates = [rate for rate in arguments.rates if rate not in (FLOOD, RECOVERY)]
    for system in systems if rates else []:
        yield f"\n#### {system.name}: {system.what}\n"
        lines = [line_of(rate, results[system.name, rate], results.get(("forwarder", rate))) for rate in rates]
        yield from markdown(HEAD, [line + [""] * (len(HEAD) - len(line)) for line in lines])
    if FLOOD in arguments.rates:
        yield f"\n#### Orders a second at most, {rate_text(WINDOW)} under way\n"
        rows = []
        for system in systems:
            rates = [run["reached_per_second"] for run in results[system.name, FLOOD]]
            rows.append([system.name, rate_text(statistics.median(rates)),
                         f"{rate_text(min(rates))} to {rate_text(max(rates))}"])
        yield from markdown(["system", "orders/s", "least to most of the rounds"], rows)
    if RECOVERY in arguments.rates:
        yield f"\n#### Recovery: {rate_text(CALM)} orders a second behind a flood with {rate_text(WINDOW)} under way\n"
        yield from markdown(["system", "recovery", "least to most of the rounds", "p50 before the flood"],
                            [recovery_line(system, results[system.name, RECOVERY]) for system in systems])


def recovery_line(system, runs):
    """A run that has not recovered counts as the longest."""
    never = float("inf")
    times = [never if run["recovery_ns"] is None else run["recovery_ns"] for run in runs]

    def text(time):
        return f"over {AFTER_S} s" if time == never else nanoseconds(time)

    return [system.name, text(statistics.median(times)), f"{text(min(times))} to {text(max(times))}",
            nanoseconds(median(runs, "to_venue", "p50"))]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--json", action="store_true", help="everything that was measured, as one JSON object")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1, help="of each run, without its warm-up")
    parser.add_argument("--rates", type=lambda text: text if text == RECOVERY else int(text), nargs="+",
                        default=[*RATES, FLOOD, RECOVERY], metavar="RATE",
                        help=f"orders a second; 0: as many as are done; {RECOVERY}: a flood between others")
    parser.add_argument("--systems", nargs="+", choices=[system.name for system in SYSTEMS],
                        help="default: all that are built")
    parser.add_argument("--waiting", choices=["spin", "backoff", "block"],
                        default="spin" if len(os.sched_getaffinity(0)) >= SPIN_CORES else "backoff",
                        help="what the gate's loop does when there is nothing to do, and the forwarder's")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    in_own_network()
    build = arguments.build.resolve()
    built = [system for system in SYSTEMS if (build / system.program).exists()]
    systems = [system for system in built if system.name in (arguments.systems or [s.name for s in built])]
    missing = set(arguments.systems or []) - {system.name for system in systems}
    if missing:
        sys.exit(f"not built: {', '.join(sorted(missing))}")
    head = machine(build, "./run bench wire")
    results = run_rounds(build, systems, arguments)
    if arguments.json:
        runs = [{"system": name, "rate": rate, "round": number, **run}
                for (name, rate), rounds in results.items() for number, run in enumerate(rounds)]
        print(json.dumps({"machine": dict(head), "cores": dataclasses.asdict(Cores.of_machine()),
                          "waiting": arguments.waiting, "congestion_control": congestion_control(),
                          "runs": runs}, indent=1))
        return 0
    for key, value in head:
        print(f"- {key}: {value}")
    print("\n".join(report(systems, results, arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
