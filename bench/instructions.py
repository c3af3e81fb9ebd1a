#!/usr/bin/env python3
"""Instructions per order, by callgrind: the figure that a busy machine does not change.

usage: instructions.py --build DIR [--check] [CASE...]

Without --check the results go to bench/instructions.json; with it they are compared with what is
there, and a case that differs by more than 3 % fails, with the functions that it differs in.
"""

import argparse
import collections
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
KEPT = 0.95  # of a case's instructions are in functions that the file names
NAMED = 8  # functions of a case that failed, at most


def short_name(name):
    """portcullis::risk::Engine::decide(NewOrder const&) [clone .part.0] is risk::Engine::decide: a function's
    overloads, instances and parts are one."""
    name = re.sub(r" \[clone [^]]*\]|'\d+$", "", name).replace("(anonymous namespace)::", "")
    operators = []

    def hide(match):  # what looks like brackets, or has a space
        operators.append(match.group())
        return f"\0{len(operators) - 1}\0"

    name = re.sub(r"operator *(<=>|<<=?|>>=?|[<>]=?|->\*?|\(\)|new(\[\])?|delete(\[\])?)", hide, name)
    for brackets in (r"<[^<>]*>", r"\([^()]*\)"):
        while (stripped := re.sub(brackets, "", name)) != name:
            name = stripped
    name = re.sub(r" (const|volatile|&&?)(?= |::|$)", "", name).split(" ")[-1]  # in front: what it returns
    return re.sub("\0(\\d+)\0", lambda match: operators[int(match.group(1))], name).removeprefix("portcullis::")


def per_order(instructions):
    return round(instructions / OPERATIONS, 1)


def functions_in(text):
    """The instructions of each function itself, in a callgrind file."""
    names = {}
    counts = collections.Counter()
    function = None
    is_call = False  # the next line of costs is what was called, whose own lines count it
    for line in text.splitlines():
        if match := re.match(r"(c?fn)=(\(\d+\))(?: (.*))?", line):
            kind, number, name = match.groups()
            if name is not None:
                names[number] = short_name(name) or name
            if kind == "fn":
                function = names[number]
        elif line.startswith("calls="):
            is_call = True
        elif match := re.match(r"[-+*\d]\S* (\d+)$", line):
            if not is_call:
                counts[function] += int(match.group(1))
            is_call = False
    return counts


def largest(functions):
    """The largest first: so many that they make nearly all of it."""
    wanted = KEPT * sum(functions.values())
    kept = {}
    for name, instructions in sorted(functions.items(), key=lambda function: (-function[1], function[0])):
        if wanted <= 0:
            break
        kept[name] = instructions
        wanted -= instructions
    return kept


def count(driver, case):
    """Of an order: its instructions, and those of each function itself."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
             "--toggle-collect=*portcullis::bench::measured*", "--collect-atstart=no",
             str(driver), case],
            check=True, capture_output=True)
        text = out.read_text()
    total = int(re.search(r"^(?:totals|summary): (\d+)", text, re.M).group(1))
    counts = functions_in(text)
    if sum(counts.values()) != total:
        sys.exit(f"{case}: {total} instructions, and {sum(counts.values())} in its functions")
    return per_order(total), {name: per_order(instructions) for name, instructions in counts.items()}


def differs(expected, measured):
    return abs(measured - expected) > TOLERANCE * expected


def what_differs(case, before, now, expected, measured):
    """The functions that make the difference, the most first. Of those before only the largest are kept: another
    was no larger than the least of them."""
    sign = 1 if measured >= expected else -1
    least = min(before.values(), default=0) if sign > 0 else 0
    changes = []
    for name in before.keys() | now.keys():
        was, is_now = before.get(name, least), now.get(name, 0)
        change = sign * (is_now - was)
        if change > 0:
            most = "" if name in before else "at most "
            changes.append((-change, f"  {name}: was {most}{was:,.1f}, is {is_now:,.1f}"))
    yield f"{case} was {expected:,.1f} and is {measured:,.1f}:"
    for _, line in sorted(changes)[:NAMED]:
        yield line
    if not changes:
        yield "  no function that is kept has changed that way"


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
    functions = recorded.get("functions", {})
    failures = 0
    print("| operation | instructions |")
    print("|---|---:|")
    measured = {}
    of_functions = {}
    told = []
    for case in cases:
        measured[case], of_functions[case] = count(driver, case)
        note = ""
        if arguments.check:
            expected = counts.get(case)
            if expected is None:
                note = " not recorded"
                failures += 1
            elif differs(expected, measured[case]):
                note = f" was {expected:,.1f}"
                failures += 1
                told += what_differs(case, functions.get(case, {}), of_functions[case], expected, measured[case])
        print(f"| {case} | {measured[case]:,.1f}{note} |", flush=True)
    if arguments.check:
        print(f"{failures} of {len(cases)} differ by more than {TOLERANCE:.0%}")
        print("\n".join(told))
        return 1 if failures else 0
    RESULTS.write_text(json.dumps(
        {"compiler": compiler(arguments.build),
         "world": "50 positions in 4 groups of 4 factors, two sets of 64 scenarios, gain haircut 0.5",
         "instructions": {name: measured.get(name, counts.get(name)) for name in known},
         "functions": {name: largest(of_functions[name]) if name in of_functions else functions.get(name)
                       for name in known}}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
