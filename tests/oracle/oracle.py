#!/usr/bin/env python3
"""The margin of portfolios, recomputed from METHOD section 3 and the rounding contract of
risk/engine.h, independently of the engine. FORMAT.md describes what goes in and what comes out.

usage: oracle.py --config FOLDER --portfolio FILE [--json] [--exact]

FILE holds one JSON object for each portfolio; "-" is the standard input. --exact prints the figures
without any rounding, after a proof that the rounded ones are on the account's unfavourable side of
them and within a small bound (bounds.py).
"""

import argparse
import json
import pathlib
import sys

import bounds
import configuration
import reader
from answer import Answer
from margin import Contract, Unrounded
from portfolio import Portfolio


def lines(config, text, exact):
    """The answer to each portfolio of a text, as one line of JSON."""
    for value in reader.parse_all(text):
        portfolio = Portfolio(value, config)
        answer = Answer(config, portfolio, Contract)
        if exact:
            unrounded = Answer(config, portfolio, Unrounded)
            bounds.check(answer, unrounded)
            answer = unrounded
        yield to_line(answer.json())


def to_line(answer):
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description="Recomputes the margin of portfolios.")
    parser.add_argument("--config", required=True, metavar="FOLDER")
    parser.add_argument("--portfolio", required=True, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="as it is always printed")
    parser.add_argument("--exact", action="store_true", help="print the unrounded figures")
    options = parser.parse_args()
    try:
        config = configuration.load(options.config)
        text = (sys.stdin.read() if options.portfolio == "-"
                else pathlib.Path(options.portfolio).read_text())
        for line in lines(config, text, options.exact):
            print(line)
    except (reader.Problem, OSError) as problem:
        sys.exit(f"oracle: {problem}")


if __name__ == "__main__":
    main()
