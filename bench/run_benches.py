#!/usr/bin/env python3
"""Runs the benchmarks in rounds, in random order, and prints the last section of RESULTS.md.

usage: run_benches.py --build DIR [--rounds N] [--min-time SECONDS] [--filter REGEX] [--plots DIR] [NAME...]

NAME is a program of bench/ without _bench; default: all. "cost" is the median over the rounds: of
the CPU time of a call, or, where each call is timed by itself, of the rounds' medians (p50). So are
the counters. A ratio is that of two costs' medians, with that of their quietest quarters and the least
and the most of the rounds' own ratios. Growth curves are written to the folder of --plots.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

import plots
from report import ROOT, machine, markdown, nanoseconds

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
# What the harness writes of a run; the rest are counters.
HARNESS = {"name", "family_index", "per_family_instance_index", "run_name", "run_type",
           "repetitions", "repetition_index", "threads", "iterations", "real_time", "cpu_time",
           "time_unit", "label"}
COUNTERS = ["p99_ns", "p99.9_ns", "p99.99_ns", "max_ns", "items_per_second"]  # these last


def counter(name, value):
    """A counter's value, by what its name says it is."""
    if name.endswith("_ns"):
        return nanoseconds(value)
    if name.endswith("_share"):
        return f"{100 * value:.4g} %"
    return f"{value:,.0f}"


class Row:
    """One benchmark of a program: its runs, round by round."""

    def __init__(self, runs):
        self.runs = runs
        timed = re.search("/(manual|real)_time", runs[0]["run_name"])
        scale = NANOSECONDS[runs[0]["time_unit"]]
        self.costs = [run.get("p50_ns") or run["real_time" if timed else "cpu_time"] * scale
                      for run in runs]
        self.cost = statistics.median(self.costs)

    def counters(self):
        return [key for key in self.runs[0] if key not in HARNESS and key != "p50_ns"]

    def median(self, key):
        return statistics.median(run[key] for run in self.runs)


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def rows_of(runs):
    """The rows of one program by name, without what the harness adds to it."""
    by_name = {}
    for run in runs:
        if run["run_type"] == "iteration":
            name = re.sub(r"/(manual_time|real_time|iterations:\d+)", "", run["run_name"])
            by_name.setdefault(name, []).append(run)
    return {name: Row(sorted(by_name[name], key=lambda run: run["repetition_index"]))
            for name in sorted(by_name, key=natural)}


def table(rows):
    keys = sorted({key for row in rows.values() for key in row.counters()},
                  key=lambda key: (COUNTERS.index(key) if key in COUNTERS else -1, key))
    lines = []
    for name, row in rows.items():
        values = [counter(key, row.median(key)) if key in row.runs[0] else "" for key in keys]
        spread = f"{nanoseconds(min(row.costs))} to {nanoseconds(max(row.costs))}"
        lines.append([name, nanoseconds(row.cost), spread, *values])
    titles = [re.sub("_(ns|per_second)$", lambda m: "/s" if m[1] != "ns" else "", key)
              .replace("_share", "").replace("_", " ") for key in keys]
    return markdown(["benchmark", "cost", "least to most of the rounds", *titles], lines)


# One benchmark against another, both in every round of the same run: the costs, or a counter.
RATIOS = [
    ("1,000 positions to 1, by the bound", "margin", "decide_bound/positions:1000", "decide_bound/positions:1"),
    ("1,000 positions to 1, exact", "margin", "decide_exact/positions:1000", "decide_exact/positions:1"),
    ("exact to bound, the verdict, two sets of 64", "margin",
     "decide_exact/two_sets/worst/scenarios:64/kappa:0.5", "decide_bound/scenarios:64"),
    ("exact to bound, the verdict, two sets of 512", "margin",
     "decide_exact/two_sets/worst/scenarios:512/kappa:0.5", "decide_bound/scenarios:512"),
    ("exact to bound alone, fresh, two sets of 64", "margin",
     "exact/two_sets/worst/scenarios:64/kappa:0.5", "bound/fresh/scenarios:64"),
    ("exact to bound alone, fresh, two sets of 512", "margin",
     "exact/two_sets/worst/scenarios:512/kappa:0.5", "bound/fresh/scenarios:512"),
    ("512 scenarios to 16, exact, two sets", "margin",
     "exact/two_sets/worst/scenarios:512/kappa:0.5", "exact/two_sets/worst/scenarios:16/kappa:0.5"),
    ("512 scenarios to 16, bound", "margin", "bound/fresh/scenarios:512", "bound/fresh/scenarios:16"),
    ("expected shortfall to worst, exact, two sets of 64", "margin",
     "exact/two_sets/es/scenarios:64/kappa:0.5", "exact/two_sets/worst/scenarios:64/kappa:0.5"),
    ("expected shortfall to worst, exact, two sets of 512", "margin",
     "exact/two_sets/es/scenarios:512/kappa:0.5", "exact/two_sets/worst/scenarios:512/kappa:0.5"),
    ("kappa 0.5 to 1, exact, two sets of 64", "margin",
     "exact/two_sets/worst/scenarios:64/kappa:0.5", "exact/two_sets/worst/scenarios:64/kappa:1"),
    ("kappa 0.5 to 0, exact, two sets of 64", "margin",
     "exact/two_sets/worst/scenarios:64/kappa:0.5", "exact/two_sets/worst/scenarios:64/kappa:0"),
    ("exact to bound, stale by 16 factors", "stale",
     "decide_exact/after_ticks/factors:16", "decide_bound/after_ticks/factors:16"),
    ("exact to bound, stale with 30 options", "stale",
     "decide_exact/after_tick/options:30", "decide_bound/after_tick/options:30"),
    ("refresh by 64 factors to 1", "stale", "refresh/after_ticks/factors:64", "refresh/after_ticks/factors:1"),
    ("refresh with 100 options to 1, new table", "stale",
     "refresh/after_table/options:100", "refresh/after_table/options:1"),
    ("a million accounts to a thousand", "accounts",
     "submit_at_random/lines:2/accounts:1000000", "submit_at_random/lines:2/accounts:1000"),
    ("an order over JSON to an echo over the same hop", "edge", "BM_EdgeOrderRoundTrip",
     "BM_EdgeEchoRoundTrip"),
    ("an append with fsync beside it to one without", "journal", "append_paced/fsync",
     "append_paced/process"),
    ("everything from nothing to incremental, 50 positions", "decision",
     "full_recompute_per_order/positions:50/scenarios:64", "submit_fresh/positions:50/scenarios:64"),
] + [
    (f"an order's {share} in {weather} to a quiet one{more}", "storm", f"{kind}/{weather}",
     f"{kind}/quiet", key)
    for kind in ("orders", "orders_alone")
    for weather in ("storm", "bursts", "board")
    for share, key, more in (("p50", "p50_ns", ""), ("p99", "p99_ns", ""),
                             ("p99", "running_p99_ns", ", where the thread ran"))
]


def quietest_quarter(values):
    """What a shared machine adds is only ever more: the largest of the least quarter of the rounds."""
    return sorted(values)[(len(values) - 1) // 4]


def ratios(programs):
    lines = []
    for what, program, above, below, *key in RATIOS:
        rows = programs.get(program, {})
        if above not in rows or below not in rows:
            continue
        costs = [[run[key[0]] for run in row.runs] if key else row.costs
                 for row in (rows[above], rows[below])]
        rounds = [a / b for a, b in zip(*costs)]
        quiet = [quietest_quarter(values) for values in costs]
        lines.append([what, f"{statistics.median(costs[0]) / statistics.median(costs[1]):.2f}",
                      f"{quiet[0] / quiet[1]:.2f}", f"{min(rounds):.2f} to {max(rounds):.2f}",
                      f"{above} to {below} ({program})"])
    return markdown(["what", "ratio", "quietest quarter", "least to most of the rounds", "of"], lines)


# Costs, or a counter, of some benchmarks in rows and columns, by the groups of a pattern on their names:
# `row` and `column`.
GRIDS = [
    ("The margin check by scenarios", "margin",
     r"(?P<row>(?:exact|decide_exact|submit_exact|bound|decide_bound)/.*)scenarios:(?P<column>\d+)(?P<rest>.*)",
     None),
    ("Loss by columns", "margin", r"(?P<row>loss/.*)/columns:(?P<column>\d+)(?P<rest>)", None),
    ("Stale accounts by factors", "stale", r"(?P<row>.*)/factors:(?P<column>\d+)(?P<rest>)", None),
    ("Stale accounts by options", "stale", r"(?P<row>.*)/options:(?P<column>\d+)(?P<rest>)", None),
    ("An open loop of operations, by what they are and how many a second", "flow",
     r"(?P<row>open_loop/.*)/rate:(?P<column>\d+)(?P<rest>)", None),
    ("The same, p99", "flow", r"(?P<row>open_loop/.*)/rate:(?P<column>\d+)(?P<rest>)", "p99_ns"),
    ("Orders that the bound decides, where marks move between them", "stale",
     r"order_after_ticks/(?P<row>cushion:.*)/(?P<column>move:.*)(?P<rest>)", "by_bound_share"),
]


def grids(programs):
    for title, program, pattern, key in GRIDS:
        cells = {}
        columns = []
        for name, row in programs.get(program, {}).items():
            match = re.fullmatch(pattern, name)
            if not match:
                continue
            if match["column"] not in columns:
                columns.append(match["column"])
            text = counter(key, row.median(key)) if key else nanoseconds(row.cost)
            cells.setdefault(match["row"].strip("/") + match["rest"], {})[match["column"]] = text
        if cells:
            columns.sort(key=natural)
            yield f"\n#### {title}\n"
            yield from markdown(["", *columns], [[name, *(row.get(column, "") for column in columns)]
                                                 for name, row in cells.items()])


# The ordinary one of flow_bench, and the one that stays in the caches.
FLOW = "worst/positions:8/scenarios:64/accounts:1000"
FLOW_OF_FEW = "worst/positions:8/scenarios:64/accounts:10"

# What is to be reached on a quiet machine, and what of this run says how far it is.
TARGETS = [
    ("decision on 50 positions in 4 groups, fresh, by the bound", "p50 <= 100 ns",
     lambda run: run.cost("margin", "decide_bound/scenarios:64")),
    ("the same, exact, one set of 64 scenarios, kappa 0 or 1", "p50 <= 100 ns",
     lambda run: run.cost("margin", "decide_exact/joint_set/worst/scenarios:64/kappa:0") + ", " +
     run.cost("margin", "decide_exact/joint_set/worst/scenarios:64/kappa:1")),
    ("the same, fractional kappa", "p50 <= 300 ns",
     lambda run: run.cost("margin", "decide_exact/joint_set/worst/scenarios:64/kappa:0.5") +
     "; two sets of 64: " + run.cost("margin", "decide_exact/two_sets/worst/scenarios:64/kappa:0.5")),
    ("from 1 to 1,000 positions while fresh", "<= 1.2x",
     lambda run: run.ratio("margin", "decide_bound/positions:1000", "decide_bound/positions:1") +
     " by the bound, " +
     run.ratio("margin", "decide_exact/positions:1000", "decide_exact/positions:1") + " exact"),
    ("closed loop, one shard in process", ">= 4 M decisions/s",
     lambda run: run.counter("flow", "closed_loop/decide/" + FLOW, "decisions_per_second") +
     " verdicts a second, " +
     run.counter("flow", "closed_loop/decide/" + FLOW_OF_FEW, "decisions_per_second") +
     " on ten accounts, " +
     run.counter("flow", "closed_loop/accept/" + FLOW, "decisions_per_second") +
     " with a reservation that is given back, " +
     run.counter("flow", "closed_loop/flow/" + FLOW, "decisions_per_second") +
     " in a flow with the venue's word and marks"),
    ("a million accounts touched at random", "p50 <= 400 ns",
     lambda run: run.cost("accounts", "submit_at_random/lines:2/accounts:1000000") +
     " with the reservation"),
    ("exact on a stale account", "<= 1 us for 16 linear factors or 30 option lines",
     lambda run: run.cost("stale", "decide_exact/after_ticks/factors:16") + " for 16 factors, " +
     run.cost("stale", "decide_exact/after_tick/options:30") + " for 30 options"),
    ("and beyond, an option line", "about 30 ns",
     lambda run: run.slope("stale", "decide_exact/after_tick/options:", 30, 100) + ", " +
     run.slope("stale", "refresh/after_table/options:", 30, 100) + " with a new table"),
    ("a mark applied, group of 10 linear instruments", "<= 1 us",
     lambda run: run.cost("stale", "apply_mark/instruments:10")),
    ("a risk table of 1,000 rows put in force", "O(rows)",
     lambda run: run.cost("stale", "apply_table/rows:1000")),
    ("expected shortfall 97.5 % over 512 scenarios, exact", "<= 1 us",
     lambda run: run.cost("margin", "exact/group_set/es/scenarios:512") + " one set, " +
     run.cost("margin", "loss/es/columns:512") + " the selection alone"),
    ("memory of an account, 2 groups of 64 scenarios, 8 lines", "<= 4,096 bytes",
     lambda run: run.counter("accounts", "submit_at_random/lines:8/accounts:100000",
                             "resident_bytes") + " with 8 lines, " +
     run.counter("accounts", "submit_at_random/lines:2/accounts:1000000", "resident_bytes") +
     " with 2, of a million"),
    ("journal append with the flusher running", "p50 <= 100 ns, p99.9 <= 1 us",
     lambda run: "p50 " + run.cost("journal", "append_paced/process") + " of which the clock " +
     run.cost("journal", "timer_alone") + ", p99.9 " +
     run.counter("journal", "append_paced/process", "p99.9_ns")),
    ("journal read", ">= 2 M records/s",
     lambda run: run.counter("journal", "read_records", "items_per_second") + " records/s"),
    ("start-up: records redone as they were decided", ">= 2 M commands/s",
     lambda run: run.counter("restart", "redo_from_first_record", "items_per_second") +
     " a second; decided again and compared: " +
     run.counter("restart", "replay", "items_per_second")),
]


class Run:
    """Figures of a run, as text. KeyError where it does not have them."""

    def __init__(self, programs):
        self.programs = programs

    def cost(self, program, name):
        return nanoseconds(self.programs[program][name].cost)

    def ratio(self, program, above, below):
        rows = self.programs[program]
        return f"{rows[above].cost / rows[below].cost:.2f}x"

    def slope(self, program, name, low, high):
        rows = self.programs[program]
        return nanoseconds((rows[f"{name}{high}"].cost - rows[f"{name}{low}"].cost) / (high - low))

    def counter(self, program, name, key):
        return counter(key, self.programs[program][name].median(key))


def targets(programs):
    run = Run(programs)
    lines = []
    for what, target, measured in TARGETS:
        try:
            lines.append([what, target, measured(run)])
        except KeyError:
            continue  # not run
    return markdown(["what", "target, quiet machine", "measured here"], lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--min-time", type=float, default=0.05)
    parser.add_argument("--filter", default=".")
    parser.add_argument("--plots", type=pathlib.Path, default=ROOT / "bench" / "plots")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    names = arguments.names or sorted(p.name[: -len("_bench")] for p in (build / "bench").iterdir()
                                      if p.name.endswith("_bench"))
    for key, value in machine(build, "bench/run_benches.py"):
        print(f"- {key}: {value}")
    programs = {}
    for name in names:
        result = subprocess.run(
            [build / "bench" / f"{name}_bench", "--benchmark_format=json",
             f"--benchmark_repetitions={arguments.rounds}",
             "--benchmark_enable_random_interleaving=true",
             f"--benchmark_min_time={arguments.min_time}",
             f"--benchmark_filter={arguments.filter}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit(f"{name}_bench failed:\n{result.stderr}")
        programs[name] = rows_of(json.loads(result.stdout)["benchmarks"])
    print("\n### Against the targets\n")
    print("\n".join(targets(programs)))
    print("\n### Ratios within this run\n")
    print("\n".join(ratios(programs)))
    curves = list(plots.write(programs, arguments.plots))
    if curves:
        print("\n### Growth\n")
        print("\n".join(curves))
    print("\n### At a glance")
    print("\n".join(grids(programs)))
    for name, rows in programs.items():
        print(f"\n### {name}\n")
        print("\n".join(table(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
