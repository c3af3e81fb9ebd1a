#!/usr/bin/env python3
"""Black-76 as the product computes it in doubles, against mpmath in 60 digits: over a grid with zero
and near-zero time, deep strikes and extreme volatilities, and over a venue's chain where
PORTCULLIS_DATA says where it is.

The formula here is the textbook's, from the two normal distribution functions, with no case of its own
but zero deviation; the product goes by the side that is out of the money. An error is measured in
epsilons of what a double can know: see `units`.

usage: compare.py PRICES_PROGRAM
"""

import csv
import itertools
import os
import pathlib
import random
import subprocess
import sys

try:
    import mpmath as mp
except ImportError:
    print("skipped: there is no mpmath")
    sys.exit(77)

mp.mp.dps = 60
EPSILON = sys.float_info.epsilon
TINY = sys.float_info.min  # below it a double loses digits
NANOSECOND = 1e-9 / (365 * 86400)

MONEYNESS = (1e-6, 1e-3, 0.1, 0.5, 0.9, 0.99, 1 - 1e-9, 1.0, 1 + 1e-13, 1.01, 1.1, 2.0, 10.0, 1e3, 1e6)
YEARS = (0.0, NANOSECOND, 1 / (365 * 86400), 1 / (365 * 1440), 1 / (365 * 24), 1 / 365, 30 / 365, 1.0, 30.0)
VOLATILITIES = (0.0, 1e-8, 1e-3, 0.05, 0.6, 2.0, 10.0, 100.0)
FORWARDS = (1e-5, 92529.807, 1e9)


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def black76(kind, forward, strike, years, volatility, discount):
    """Price and delta, and how far the last bits of the inputs of N() can move them."""
    f, k, d = mp.mpf(forward), mp.mpf(strike), mp.mpf(discount)
    s = mp.mpf(volatility) * mp.sqrt(mp.mpf(years))
    sign = 1 if kind == "call" else -1
    if s == 0:
        inside = sign * (f - k)
        delta = sign * (1 if inside > 0 else mp.mpf(1) / 2 if inside == 0 else 0)
        return d * max(inside, 0), d * delta, d * max(inside, 0), d
    d1 = mp.log(f / k) / s + s / 2
    d2 = d1 - s
    price = d * sign * (f * normal(sign * d1) - k * normal(sign * d2))
    return price, d * sign * normal(sign * d1), *units(f, k, s, d, d1, d2, sign)


def units(f, k, s, d, d1, d2, sign):
    """What an epsilon of error is: the price is a difference of two terms of the side out of the money,
    each known to an epsilon and to what an error of its argument does to it; the argument's error is an
    epsilon of itself, and one of the quotient F/K that its logarithm is taken of, over s. Where both
    arguments are wrong by the same the two terms change by the same, since F n(d1) = K n(d2): of that
    the difference of the two slopes is left, s times the squared error."""
    wing = 1 if f <= k else -1
    terms = f * normal(wing * d1) + k * normal(wing * d2)
    own = f * density(d1) * (abs(d1) + abs(d2) + s)
    common = f * density(d1) * s * EPSILON * (1 / s) ** 2
    intrinsic = max(sign * (f - k), 0)
    slope = density(d1) * (abs(d1 - s / 2) + s / 2 + 1 / s)
    return d * (intrinsic + terms + own + common), d * (normal(sign * d1) + slope)


def grid():
    for m, years, volatility, forward in itertools.product(MONEYNESS, YEARS, VOLATILITIES, FORWARDS):
        for kind, discount in (("call", 1.0), ("put", 0.96)):
            yield kind, forward, forward * m, years, volatility, discount


def scattered(count):
    rng = random.Random(76)
    for _ in range(count):
        years, volatility = 10 ** rng.uniform(-12, 2), 10 ** rng.uniform(-4, 1)
        forward = 10 ** rng.uniform(-6, 9)
        # Within 40 deviations, so that most have a time value.
        strike = forward * float(mp.exp(max(-200, min(200, rng.gauss(0, 8) * volatility * years**0.5))))
        yield rng.choice(("call", "put")), forward, strike, years, volatility, rng.uniform(0.1, 1)


def priced(program, cases):
    lines = "".join(f"{c[0]} {' '.join(float(x).hex() for x in c[1:])}\n" for c in cases)
    out = subprocess.run([program], input=lines, check=True, capture_output=True, text=True).stdout
    answers = [tuple(float.fromhex(x) for x in line.split()) for line in out.splitlines()]
    if len(answers) != len(cases):
        sys.exit(f"{len(cases)} cases, {len(answers)} answers")
    return answers


def compare(program, name, cases, most):
    """The worst error in epsilons of its unit; a failure says at which inputs."""
    worst = {"price": (0, None), "delta": (0, None)}
    for case, answer in zip(cases, priced(program, cases)):
        price, delta, price_unit, delta_unit = black76(*case)
        for what, got, exact, unit in (("price", answer[0], price, price_unit),
                                       ("delta", answer[1], delta, delta_unit)):
            error = float(max(abs(mp.mpf(got) - exact) - TINY, 0) / (EPSILON * unit)) if unit else 0
            if not got == got or (unit == 0 and got != 0) or error > worst[what][0]:
                worst[what] = (error if got == got and unit else float("inf"), (case, got, float(exact)))
    failed = False
    for what, (error, where) in worst.items():
        print(f"{name}: {len(cases)} cases, worst {what} {error:.2f} epsilons at {where}")
        failed |= error > most
    return failed


def venue_chain(program, file):
    """The venue's own marks, in its coin: what the data's rounding leaves (T has five places)."""
    rows = list(csv.DictReader(open(file)))
    cases = [(row["type"], float(row["S0"]), float(row["strike"]), float(row["T_years"]),
              float(row["mark_iv"]) / 100, 1.0) for row in rows]
    failed = compare(program, "venue's chain", cases, 3)
    errors = sorted(abs(answer[0] / case[1] - float(row["market_price_btc"]))
                    for row, case, answer in zip(rows, cases, priced(program, cases)))
    median = errors[len(errors) // 2]
    print(f"the venue's marks: median error {median:.2g} BTC, worst {errors[-1]:.2g}")
    return failed or median > 3e-6


def main():
    program = sys.argv[1]
    failed = compare(program, "grid", list(grid()), 3)
    failed |= compare(program, "scattered", list(scattered(4000)), 3)
    data = os.environ.get("PORTCULLIS_DATA")
    if data:
        failed |= venue_chain(program, pathlib.Path(data) / "options" / "deribit_btc_options.csv")
    else:
        print("PORTCULLIS_DATA is not set: no venue's chain")
    sys.exit(1 if failed else 0)


main()
