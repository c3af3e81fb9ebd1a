#!/usr/bin/env python3
"""What `./run bench --check` says: of a case that got worse the functions that grew, and nothing of one that did
not. The figures themselves are bench/instructions.py's."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True
import instructions  # noqa: E402

# As callgrind writes it: a name once, then by number; below calls= is the cost of what was called.
RECORDED = """\
# callgrind format
positions: line
events: Ir
summary: 1000000

fl=(1) ???
fn=(1) portcullis::risk::Engine::decide(portcullis::risk::NewOrder const&)
0 100000
cfn=(2) portcullis::risk::Engine::check_margin(portcullis::risk::Index<portcullis::risk::AccountTag>, bool) const
calls=1000 0
0 600000
+3 50000
cfn=(3) bool portcullis::risk::(anonymous namespace)::is_near<10, true>(long)
calls=1000 0
* 250000

fn=(2)
0 500000
cfn=(4) portcullis::risk::Engine::check_margin(portcullis::risk::Index<portcullis::risk::AccountTag>, bool) const [clone .part.0]
calls=1000 0
0 100000

fn=(4)
0 100000

fn=(3)
-3 249000
fn=(5) __divti3
0 1000
"""
BEFORE = {"risk::Engine::check_margin": 600.0, "risk::is_near": 249.0, "risk::Engine::decide": 150.0}

NAMES = {
    "operator new(unsigned long)": "operator new",
    "portcullis::risk::Engine::refresh(portcullis::risk::Index<portcullis::risk::AccountTag>)'2": "risk::Engine::refresh",
    "std::vector<int, std::allocator<int> >::operator[](unsigned long) const": "std::vector::operator[]",
    "portcullis::risk::operator<=>(portcullis::risk::Lots, portcullis::risk::Lots)": "risk::operator<=>",
    "auto portcullis::risk::Engine::sum(int) const::{lambda(auto:1)#1}::operator()<int>(int) const":
        "risk::Engine::sum::{lambda#1}::operator()",
    "(below main)": "(below main)",
}


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"FAILED: {what}: {found!r} instead of {wanted!r}")


def said(now):
    before_total, now_total = sum(BEFORE.values()), sum(now.values())
    if not instructions.differs(before_total, now_total):
        return []
    return list(instructions.what_differs("accept", BEFORE, now, before_total, now_total))


for name, wanted in NAMES.items():
    expect(instructions.short_name(name) or name, wanted, "a function's name")

counts = instructions.functions_in(RECORDED)
expect(sum(counts.values()), 1_000_000, "all instructions of a file")
kept = instructions.largest({name: instructions.per_order(count) for name, count in counts.items()})
expect(list(kept.items()), list(BEFORE.items()), "the functions that are kept, the largest first")

expect(said(dict(BEFORE)), [], "nothing has changed")
expect(said(dict(BEFORE, **{"risk::Engine::check_margin": 625.0})), [], "2.5 % worse")
expect(said(dict(BEFORE, **{"risk::Engine::check_margin": 645.0, "risk::Engine::decide": 140.0})),
       ["accept was 999.0 and is 1,034.0:", "  risk::Engine::check_margin: was 600.0, is 645.0"],
       "3.5 % worse by one function")
expect(said(dict(BEFORE, **{"risk::Engine::expires": 400.0, "risk::is_near": 260.0})),
       ["accept was 999.0 and is 1,410.0:", "  risk::Engine::expires: was at most 150.0, is 400.0",
        "  risk::is_near: was 249.0, is 260.0"],
       "worse by a function that was not among those kept")
expect(said({"risk::Engine::check_margin": 500.0, "risk::is_near": 249.0, "risk::Engine::expires": 1.0}),
       ["accept was 999.0 and is 750.0:", "  risk::Engine::decide: was 150.0, is 0.0",
        "  risk::Engine::check_margin: was 600.0, is 500.0"], "better: what is not kept may have been anything")
