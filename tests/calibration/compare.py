#!/usr/bin/env python3
"""Every figure that `portcullis calibrate` writes, computed again: with numpy from the definitions in
feeds/calibration/*.h, and the unscaled tails with exact fractions of the decimal prices. On histories
made here, of different calendars, with holes, backwards and in a table; and on the recorded ones where
PORTCULLIS_DATA says where they are.

A whole number of ppm must be the very same, unless the exact value is so near to one that the last bits
of a double decide.

usage: compare.py PORTCULLIS
"""

import csv
import datetime
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

try:
    import numpy as np
except ImportError:
    print("skipped: there is no numpy")
    sys.exit(77)

PROGRAM = sys.argv[1]
TAILS = (50_000, 25_000, 10_000, 5_000)
checked = 0
problems = []


def check(what, value, exact, up=True):
    """`value` is `exact` (a share) in ppm, rounded up, down or away from zero."""
    global checked
    checked += 1
    ppm = float(exact) * 1e6
    if up is None:
        up = ppm > 0
    wanted = math.ceil(ppm) if up else math.floor(ppm)
    near = abs(ppm - round(ppm)) < 1e-5
    if value != wanted and not (near and abs(value - round(ppm)) <= (0 if abs(ppm - round(ppm)) < 5e-7 else 1)):
        problems.append(f"{what}: {value}, and should be {ppm} rounded")


def equal(what, value, wanted):
    global checked
    checked += 1
    if value != wanted:
        problems.append(f"{what}: {value!r}, and should be {wanted!r}")


# --- the definitions again

def read(folder, name, source):
    """Prices by date, as texts; a pair of texts where there is a divisor."""
    file, _, column = source.partition(":")
    column, _, divisor = column.partition("/")
    rows = list(csv.reader(open(folder / f"{file}.csv")))
    place = rows[0].index(column) if column else 1
    under = rows[0].index(divisor) if divisor else None
    prices = {}
    for row in rows[1:]:
        cells = [row[place]] + ([row[under]] if under else [])
        if all(cell not in ("", "N/A") for cell in cells):
            prices[row[0]] = cells
    return prices


def number(cells):
    return float(cells[0]) / float(cells[1]) if len(cells) == 2 else float(cells[0])


def fraction(cells):
    return Fraction(cells[0]) / Fraction(cells[1]) if len(cells) == 2 else Fraction(cells[0])


def calendar_of(series):
    days = sorted(set().union(*series.values()))
    span = {name: (min(prices), max(prices)) for name, prices in series.items()}
    return [day for day in days
            if all(day in prices for name, prices in series.items()
                   if span[name][0] <= day <= span[name][1])]


def returns_of(prices, calendar, steps, convert=number):
    days = [day for day in calendar if day in prices]
    values = [convert(prices[day]) for day in days]
    return days[steps:], [b / a - 1 for a, b in zip(values, values[steps:])]


def es(losses, tail):
    """The mean of the worst n * tail, by weights."""
    losses = np.sort(np.asarray(losses))[::-1]
    mass = len(losses) * tail / 1e6
    weights = np.clip(mass - np.arange(len(losses)), 0, 1)
    return losses[0] if mass < 1 else float(np.dot(weights, losses) / mass)


def var(losses, tail):
    return float(np.sort(losses)[::-1][len(losses) * tail // 1_000_000])


def exact_es(losses, tail):
    losses = sorted(losses, reverse=True)
    mass = Fraction(len(losses) * tail, 1_000_000)
    whole = int(mass)
    if whole == 0:
        return losses[0]
    return (sum(losses[:whole]) + (mass - whole) * losses[whole]) / mass


def mixed_es(losses, stressed, weight, tail):
    """By the weighted sample's cumulated weights."""
    values = np.concatenate([losses, stressed])
    weights = np.concatenate([np.full(len(losses), (1 - weight) / len(losses)),
                              np.full(len(stressed), weight / len(stressed))])
    order = np.argsort(-values, kind="stable")
    values, weights = values[order], weights[order]
    before = np.concatenate([[0], np.cumsum(weights)[:-1]])
    parts = np.clip(tail - before, 0, weights)
    return float(np.dot(parts, values) / tail)


def volatility_of(returns, decay, warm_up):
    variance = [float(np.mean(np.square(returns[:warm_up])))]
    for value in returns:
        variance.append(decay * variance[-1] + (1 - decay) * value * value)
    return np.sqrt(variance[:-1]), math.sqrt(variance[-1])


def ten_years_before(day, years):
    date = datetime.date.fromisoformat(day)
    try:
        return date.replace(year=date.year - years).isoformat()
    except ValueError:
        return date.replace(year=date.year - years, month=3, day=1).isoformat()


SIDES = {"down": -1.0, "up": 1.0}


def check_factor(name, out, prices, calendar, joint, settings, exact):
    horizon, sale = settings["horizon_days"], settings["haircut_horizon_days"]
    shock_tail, floor_tail = settings["shock_tail_ppm"], settings["floor_tail_ppm"]
    warm_up = settings["warm_up_days"]
    days, daily = returns_of(prices, calendar, 1)
    equal(f"{name} returns", out["returns"], len(daily))
    floor_day = ten_years_before(days[-1], settings["floor_years"])
    before, now = volatility_of(np.array(daily), settings["lambda_ppm"] / 1e6, warm_up)
    check(f"{name} volatility", out["volatility_ppm"], now)
    check(f"{name} worst fall", out["worst_fall"]["move_ppm"], min(daily), None)
    check(f"{name} worst rise", out["worst_rise"]["move_ppm"], max(daily), None)

    def samples(steps):
        days, values = returns_of(prices, calendar, steps)
        values = np.array(values)
        scaled = values * (now / before[:len(values)])
        return days, values, np.array([v for d, v in zip(days, values) if d >= floor_day]), scaled[warm_up:]

    for figure in out["figures"]:
        days, values, floor, _ = samples(figure["days"])
        windows = {"full": values, "floor": floor, "recent": values[-settings["recent_days"]:],
                   "common": np.array(joint[figure["days"]][name])}
        sample = windows[figure["window"]] * SIDES[figure["side"]]
        what = f"{name} {figure['window']} {figure['days']} {figure['side']} {figure['tail_ppm']}"
        equal(what + " returns", figure["returns"], len(sample))
        check(what + " var", figure["var_ppm"], var(sample, figure["tail_ppm"]))
        check(what + " es", figure["es_ppm"], es(sample, figure["tail_ppm"]))
        if exact and figure["window"] == "full":
            _, fractions = returns_of(prices, calendar, figure["days"], fraction)
            side = int(SIDES[figure["side"]])
            check(what + " exact es", figure["es_ppm"],
                  exact_es([side * value for value in fractions], figure["tail_ppm"]))
    equal(f"{name} figures", len(out["figures"]), 4 * len({1, horizon, sale}) * 2 * len(TAILS))

    days, values, floor, scaled = samples(horizon)
    equal(f"{name} floor returns", out["floor_returns"], len(floor))
    width = min(settings["stress_days"], len(values))
    worst_windows = {}
    for side, sign in SIDES.items():
        windows = np.lib.stride_tricks.sliding_window_view(values * sign, width)
        figures = [es(window, floor_tail) for window in windows]
        worst_windows[side] = windows[int(np.argmax(figures))]
    for estimate in out["estimates"]:
        side, tail = estimate["side"], estimate["tail_ppm"]
        sign = SIDES[side]
        what = f"{name} estimate {side} {tail}"
        check(what + " unscaled", estimate["unscaled_ppm"], es(values * sign, tail))
        check(what + " scaled", estimate["scaled_ppm"], es(scaled * sign, tail))
        check(what + " floored", estimate["floored_ppm"],
              max(es(scaled * sign, tail), es(floor * sign, floor_tail)))
        check(what + " buffered", estimate["buffered_ppm"],
              es(scaled * sign, tail) * (1 + settings["buffer_ppm"] / 1e6))
        check(what + " stressed", estimate["stressed_ppm"],
              mixed_es(scaled * sign, worst_windows[side], settings["stress_weight_ppm"] / 1e6, tail / 1e6))

    scaled_es = max(es(scaled * sign, shock_tail) for sign in SIDES.values())
    floor_es = max(es(floor * sign, floor_tail) for sign in SIDES.values())
    check(f"{name} scaled", out["scaled_ppm"], scaled_es)
    check(f"{name} floor", out["floor_ppm"], floor_es)
    check(f"{name} target", out["target_ppm"], max(scaled_es, floor_es))
    equal(f"{name} shock", out["shock_ppm"], out["target_ppm"])
    equal(f"{name} beyond", (out["falls_beyond"], out["rises_beyond"]),
          (int(np.sum(floor * 1e6 < -out["shock_ppm"])), int(np.sum(floor * 1e6 > out["shock_ppm"]))))
    _, _, floor, scaled = samples(sale)
    for key, sign in (("fall_ppm", -1.0), ("rise_ppm", 1.0)):
        check(f"{name} {key}", out[key], max(es(scaled * sign, shock_tail), es(floor * sign, floor_tail)))
    equal(f"{name} residual", out["residual_haircut_ppm"], max(0, out["fall_ppm"] - out["shock_ppm"]))
    equal(f"{name} add-on", out["debt_addon_ppm"], max(0, out["rise_ppm"] - out["shock_ppm"]))
    equal(f"{name} leverage", out["leverage_ppm"], 10**12 // out["shock_ppm"])


def check_joint(out, joint, settings):
    daily, margin = joint[1], joint[settings["horizon_days"]]
    days = settings["correlation_days"]
    names = list(out["factors"])
    equal("pairs", len(out["joint"]["pairs"]), len(names) * (len(names) - 1) // 2)
    for pair in out["joint"]["pairs"]:
        a, b = np.array(daily[pair["a"]]), np.array(daily[pair["b"]])
        what = f"{pair['a']} {pair['b']}"
        check(what + " correlation", pair["correlation_ppm"], np.corrcoef(a, b)[0, 1], None)
        rolling = [np.corrcoef(a[i:i + days], b[i:i + days])[0, 1] for i in range(len(a) - days + 1)]
        check(what + " lowest", pair["lowest_ppm"], min(rolling), False)
        check(what + " highest", pair["highest_ppm"], max(rolling))
        check(what + " latest", pair["latest_ppm"], rolling[-1], None)
        spread = np.array(margin[pair["a"]]) - np.array(margin[pair["b"]])
        for key, tail in (("floor", settings["floor_tail_ppm"]), ("shock", settings["shock_tail_ppm"])):
            check(f"{what} spread {key}", pair[f"spread_{key}_tail_ppm"],
                  max(es(spread, tail), es(-spread, tail)))
    for book in out["joint"]["equal_notional"]:
        values = np.array([joint[book["days"]][name] for name in names]) * SIDES[book["side"]]
        what = f"book {book['days']} {book['side']} {book['tail_ppm']}"
        check(what + " es", book["es_ppm"], es(values.mean(axis=0), book["tail_ppm"]))
        check(what + " var", book["var_ppm"], var(values.mean(axis=0), book["tail_ppm"]))
        check(what + " parts", book["parts_es_ppm"],
              np.mean([es(row, book["tail_ppm"]) for row in values]))


def check_breaks(out, each):
    """Of the joint rows those with the worst moves; the moves are the returns."""
    days = sorted(set.intersection(*(set(values) for values in each.values())))
    wanted = set()
    for values in each.values():
        wanted |= {min(days, key=values.get), max(days, key=values.get)}
    rows = out["joint"]["breaks"]
    equal("breaks", sorted(row["date"] for row in rows), sorted(wanted))
    for row in rows:
        for name, move in row["moves_ppm"].items():
            check(f"break {row['date']} {name}", move, each[name][row["date"]], None)


def compare(folder, sources, options, exact):
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "out.json"
        command = [PROGRAM, "calibrate", "--prices", str(folder), "--out", str(file), *options]
        for name, source in sources.items():
            command += ["--series", f"{name}={source}"]
        subprocess.run(command, check=True, capture_output=True, text=True)
        out = json.loads(file.read_text())
    settings = out["settings"]
    series = {name: read(folder, name, source) for name, source in sources.items()}
    calendar = calendar_of(series)
    equal("calendar", out["calendar"]["days"], len(calendar))
    joint = {}
    for steps in {1, settings["horizon_days"], settings["haircut_horizon_days"]}:
        each = {name: dict(zip(*returns_of(prices, calendar, steps))) for name, prices in series.items()}
        days = sorted(set.intersection(*(set(values) for values in each.values())))
        if steps == settings["horizon_days"]:
            check_breaks(out, each)
        joint[steps] = {name: [values[day] for day in days] for name, values in each.items()}
        if steps == 1:
            equal("joint rows", (out["joint"]["rows"], out["joint"]["first"], out["joint"]["last"]),
                  (len(days), days[0], days[-1]))
    for name, prices in series.items():
        check_factor(name, out["factors"][name], prices, calendar, joint, settings, exact)
    check_joint(out, joint, settings)


# --- histories

def write_histories(folder):
    """A coin of every day, a stock of weekdays with holes that begins later, and a table backwards."""
    rng = random.Random(7)
    first = datetime.date(2019, 12, 30)
    days = [first + datetime.timedelta(days=i) for i in range(900)]
    price = {"COIN": 9000.0, "STOCK": 50.0, "USD": 1.1, "JPY": 120.0}
    coin, stock, table = ["Date,Close"], ["Date,Adj_Close"], []
    for i, day in enumerate(days):
        common = rng.gauss(0, 1)
        for name, size in (("COIN", 0.03), ("STOCK", 0.012), ("USD", 0.004), ("JPY", 0.006)):
            move = size * (0.6 * common + 0.8 * rng.gauss(0, 1)) * (3 if rng.random() < 0.03 else 1)
            price[name] *= 1 + move
        coin.append(f"{day},{price['COIN']!r}")
        if day.weekday() < 5 and i > 200 and rng.random() > 0.02:
            stock.append(f"{day},{price['STOCK']:.4f}")
        if day.weekday() < 5:
            dead = "N/A" if i > 100 else "0.58"
            yen = "N/A" if rng.random() < 0.02 else f"{price['JPY']:.2f}"
            table.append(f"{day},{price['USD']:.4f},{yen},{dead},")
    (folder / "COIN.csv").write_text("\n".join(coin) + "\n")
    (folder / "STOCK.csv").write_text("\n".join(stock) + "\n")
    (folder / "ecb.csv").write_text("\n".join(["Date,USD,JPY,CYP,"] + table[::-1]) + "\n")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        write_histories(folder)
        sources = {"COIN": "COIN", "STOCK": "STOCK", "EUR": "ecb:USD", "YEN": "ecb:USD/JPY"}
        compare(folder, sources, [], True)
        compare(folder, sources, ["--horizon", "3", "--haircut-horizon", "10", "--floor-years", "1"], False)
        compare(folder, {"COIN": "COIN"}, [], True)
    data = os.environ.get("PORTCULLIS_DATA")
    if data:
        names = {"BTC": "BTC-USD", "ETH": "ETH-USD", "SPY": "SPY", "GLD": "GLD", "IEF": "IEF"}
        compare(pathlib.Path(data) / "history", names | {"EUR": "eurofxref-hist:USD"}, [], False)
    else:
        print("without the recorded histories: PORTCULLIS_DATA is not set")
    print("\n".join(problems[:40]))
    print(f"{checked} figures, {len(problems)} of them wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
