#!/usr/bin/env python3
"""Runs a margin command over random configurations and portfolios, and compares what it prints with
the oracle, bit for bit.

usage: compare.py [--seeds FIRST LAST] [--portfolios N] [--keep FOLDER] -- COMMAND [ARGUMENT...]

COMMAND is called with --config FOLDER --portfolio FILE --json behind its arguments, as in
  compare.py -- build/release/portcullis margin
Prints the first difference and exits with 1 when there is one; its files stay in --keep's folder.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import configuration
import generate
import oracle


def first_difference(ours, theirs, path=""):
    """(path, ours, theirs) of the first place where two JSON values differ, or None."""
    missing = "nothing"
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in list(ours) + [key for key in theirs if key not in ours]:
            if key not in ours or key not in theirs:
                return f"{path}.{key}", ours.get(key, missing), theirs.get(key, missing)
            found = first_difference(ours[key], theirs[key], f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(ours, list) and isinstance(theirs, list):
        for at in range(max(len(ours), len(theirs))):
            if at >= len(ours) or at >= len(theirs):
                pair = [side[at] if at < len(side) else missing for side in (ours, theirs)]
                return f"{path}[{at}]", *pair
            found = first_difference(ours[at], theirs[at], f"{path}[{at}]")
            if found:
                return found
        return None
    same = type(ours) is type(theirs) and ours == theirs
    return None if same else (path, ours, theirs)


def without_decisions(answer):
    """The answer without what only a command with all the checks says of what-if orders."""
    for order in answer.get("what_if", []) if isinstance(answer, dict) else []:
        order.pop("decision", None)
    return answer


def contradiction(answer):
    """Where what all the checks decide does not go with the leg, or None."""
    for at, order in enumerate(answer.get("what_if", [])):
        decision = order.get("decision")
        if decision is None:
            continue
        if order["leg"] is None and decision["accepted"] and not decision["exit"]:  # nor winds down
            return f"at what_if[{at}]: accepted, but by no leg"
        if order["leg"] is not None and decision.get("reason") == "margin":
            return f"at what_if[{at}]: refused for margin, but passes by {order['leg']}"
    return None


def difference_of_lines(ours, theirs):
    """What is different in two lines, or None."""
    try:
        read = json.loads(theirs)
    except json.JSONDecodeError as error:
        return f"no JSON ({error}): {theirs[:200]}"
    written = oracle.to_line(read)
    if written != theirs:
        at = next((i for i, pair in enumerate(zip(written, theirs)) if pair[0] != pair[1]),
                  min(len(written), len(theirs)))
        return f"not written as FORMAT.md says, from character {at}: {theirs[at:at + 60]!r}"
    found = contradiction(read)
    if found:
        return found
    found = first_difference(json.loads(ours), without_decisions(read))
    if found:
        return "at {}: oracle {!r}, command {!r}".format(found[0].lstrip("."), *found[1:])
    return None if ours == oracle.to_line(read) else "the same figures in another order"


def compare(command, seed, count, folder):
    """What is different for the configuration and the portfolios of a seed, or None."""
    world = generate.World(seed)
    portfolios = [world.portfolio(f"seed {seed}, {n}") for n in range(count)]
    generate.write(world, folder, portfolios)
    return compare_answers(command, folder, pathlib.Path(folder) / "portfolios.jsonl")


def compare_answers(command, folder, file):
    """What is different in the answers to a file of portfolios, one a line, or None."""
    ours = list(oracle.lines(configuration.load(folder), file.read_text(), False))
    done = subprocess.run([*command, "--config", str(folder), "--portfolio", str(file), "--json"],
                          capture_output=True, text=True, check=False)
    theirs = done.stdout.splitlines()
    if done.returncode != 0:
        return f"{folder}: the command failed with {done.returncode}: {done.stderr.strip()[:500]}"
    for line, other in zip(ours, theirs):
        found = difference_of_lines(line, other)
        if found:
            return f"{json.loads(line)['name']}: {found}"
    if len(ours) != len(theirs):
        return f"{folder}: {len(theirs)} lines for {len(ours)} portfolios"
    return None


def main():
    parser = argparse.ArgumentParser(description="Compares a margin command with the oracle.")
    parser.add_argument("--seeds", type=int, nargs=2, default=(1, 20), metavar=("FIRST", "LAST"))
    parser.add_argument("--portfolios", type=int, default=10, metavar="N")
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    first, last = options.seeds
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(first, last + 1):
            folder = pathlib.Path(options.keep or temporary) / f"seed-{seed}"
            found = compare(options.command, seed, options.portfolios, folder)
            if found:
                sys.exit(found)
    print(f"{(last - first + 1) * options.portfolios} portfolios of {last - first + 1}"
          " configurations: no difference")


if __name__ == "__main__":
    main()
