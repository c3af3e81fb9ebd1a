#!/usr/bin/env python3
"""The example models under config/models: a margin command's answers to their portfolios, and to random
ones like them, are the oracle's bit for bit, whose roundings are proved to be small (bounds.py). What
the command works out for an option that has no vector is worked out here once more, and may differ by
a cent.

usage: models.py [--portfolios N] [--seed N] [--keep FOLDER] -- COMMAND [ARGUMENT...]
"""

import argparse
import copy
import datetime
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

import compare
import configuration
import oracle
import reader
from generate import text
from scenarios import PPM

MODELS = pathlib.Path(__file__).resolve().parents[2] / "config" / "models"
CENT = Fraction(1, 100)
SECONDS_OF_A_YEAR = 365 * 86400


def normal(x):
    return math.erfc(-x / math.sqrt(2)) / 2


def black76(call, forward, strike, years, volatility):
    """What a European option costs, undiscounted, in the currency of the strike."""
    deviation = volatility * math.sqrt(years)
    if forward <= 0 or deviation <= 0:
        return max(forward - strike if call else strike - forward, 0)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    side = 1 if call else -1
    return side * (forward * normal(side * d1) - strike * normal(side * (d1 - deviation)))


def delta(call, forward, strike, years, volatility):
    deviation = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    return normal(d1) if call else -normal(-d1)


class Model:
    def __init__(self, folder):
        self.folder = folder
        self.config = configuration.load(folder)
        files = ((folder / (name + ".json")).read_text() for name in ("margin", "instruments",
                                                                      "limits"))
        self.margin, self.instruments, limits = map(reader.parse, files)
        self.instruments = self.instruments["instruments"]
        account = next(iter(limits["accounts"].values()))
        self.limits = limits["profiles"][account["profile"]]["instruments"]
        self.portfolio = reader.parse((folder / "portfolio.json").read_text())

    def priced(self, portfolio):
        """The portfolio with vectors and deltas in the place of markets."""
        portfolio = copy.deepcopy(portfolio)
        for name, holding in portfolio["instruments"].items():
            if "forward" in holding:
                self.price(name, holding, portfolio)
        portfolio.pop("time", None)
        return portfolio

    def price(self, name, holding, portfolio):
        i = self.config.instrument_index[name]
        instrument = self.config.instruments[i]
        asset = self.config.assets[instrument.settlement]
        group = self.config.groups[instrument.group]
        forward, volatility = float(holding.pop("forward")), float(holding.pop("volatility"))
        index = float(portfolio["assets"][asset.name]["index"])
        now, expiry = (datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
                       for time in (portfolio["time"], instrument.expiry))
        years = (expiry - now).total_seconds() / SECONDS_OF_A_YEAR
        call, strike = instrument.option_type == "call", float(instrument.strike)
        coin = asset.factor == instrument.factor
        lot = (instrument.units_per_lot_mark / 10**(asset.decimals - instrument.mark_decimals)
               * index)
        moving = asset.mode != "static"

        def coins(f, v):
            return black76(call, f, strike, years, v) / (f if coin else 1)

        def gains(lag):
            """By column, where the table lags the underlying by so much, and the coin with it."""
            now, of_lot = forward * (1 + lag), lot * (1 + lag) if coin else lot
            for one in self.config.sets:
                for column in one.columns[instrument.group]:
                    move = column.moves[instrument.factor - group.first_factor] / PPM
                    rate = column.moves[asset.factor - group.first_factor] / PPM if moving else 0
                    then = coins(now * (1 + move),
                                 self.shifted(group.name, column.volatility, volatility, years))
                    # What it is worth now is in the balance, or does not move.
                    gain = of_lot * (then - coins(now, volatility)) * (1 + rate)
                    yield self.fines_text(gain * float(column.weight))

        holding["vector"] = [gain for lag in group.lag_states for gain in gains(lag / PPM)]
        slope = delta(call, forward, strike, years, volatility)
        if not moving:
            slope *= forward
        quanta = round(lot * slope * 10**self.config.risk_decimals)
        holding["delta"] = text(Fraction(quanta, 10**self.config.risk_decimals))

    def shifted(self, group, shift, volatility, years):
        if shift == "same":
            return volatility
        shock = self.margin["groups"][group]["volatility"]
        days = max(years * 365, 1)
        power = float(shock["short_power" if days < shock["pivot_days"] else "long_power"])
        term = float(shock[shift]) * (shock["pivot_days"] / days)**power
        if shift == "down":
            return max(volatility * (1 - term), 0)
        return max(volatility * (1 + term), float(shock["floor_up"]))

    def fines_text(self, value):
        scale = 10**(self.config.risk_decimals + 6)
        return text(Fraction(round(value * scale), scale))

    # --- portfolios like the one that is there

    def vary(self, rng, name):
        portfolio = self.priced(self.portfolio)
        portfolio["name"] = name
        moved = [Fraction(rng.randint(700, 1400), 1000) for _ in self.config.factor_index]
        for asset, holding in portfolio["assets"].items():
            settings = self.config.assets[self.config.asset_index[asset]]
            if settings.factor is not None:
                index = Fraction(holding["index"]) * moved[settings.factor]
                holding["index"] = floor_text(index, settings.index_decimals)
            worth = rng.randint(-20_000, 300_000) / Fraction(holding["index"])
            holding["balance"] = floor_text(worth, settings.decimals)
            if rng.random() < 0.3:
                holding["borrowed"] = floor_text(abs(worth) / 3, settings.decimals)
        for instrument, holding in portfolio["instruments"].items():
            self.vary_holding(rng, instrument, holding, moved)
        for key in ("orders", "what_if"):
            portfolio[key] = [self.order(rng, portfolio) for _ in range(rng.choice((0, 1, 4)))]
        if rng.random() < 0.3:
            portfolio["detail"] = ["vectors"]
        return portfolio

    def vary_holding(self, rng, name, holding, moved):
        settings = self.config.instruments[self.config.instrument_index[name]]
        scale = rng.randint(500, 1500) / Fraction(1000) if settings.kind == "option" else (
            moved[settings.factor] * rng.randint(990, 1010) / 1000)
        holding["mark"] = floor_text(Fraction(holding["mark"]) * scale, settings.mark_decimals)
        for key in ("position", "entry", "cash"):
            holding.pop(key, None)
        if settings.table and "vector" not in holding:
            group = self.config.groups[settings.group]
            columns = group.column_count * rng.choice((1, len(group.lag_states)))
            holding["vector"] = [text(rng.randint(-5000, 5000)) for _ in range(columns)]
        lots = rng.choice((0, rng.randint(-self.clip(name), self.clip(name))))
        if lots:
            holding["position"] = text(lots * settings.lot)
            entry = Fraction(holding["mark"]) * rng.randint(700, 1300) / 1000
            holding["entry"] = floor_text(entry, settings.mark_decimals + 2)
        if "vector" in holding:
            tilt = Fraction(rng.randint(0, 1500), 1000)
            fines = self.config.risk_decimals + 6
            holding["vector"] = [floor_text(Fraction(v) * tilt, fines) for v in holding["vector"]]
            for key in ("vega", "initial_charge", "maintenance_charge"):
                holding[key] = text(rng.randint(0, 100))
        if rng.random() < 0.3:
            holding["predicted_funding"] = text(Fraction(rng.randint(-1000, 1000), 10**6))

    def clip(self, name):
        lot = self.config.instruments[self.config.instrument_index[name]].lot
        return int(Fraction(self.limits[name]["clip"]) / lot)

    def order(self, rng, portfolio):
        name = rng.choice(list(portfolio["instruments"]))
        settings = self.config.instruments[self.config.instrument_index[name]]
        tick = Fraction(self.instruments[name]["tick"])
        ticks = int(Fraction(portfolio["instruments"][name]["mark"]) / tick
                    * rng.randint(900, 1100) / 1000)
        return {"instrument": name, "side": rng.choice(("buy", "sell")),
                "quantity": text(rng.randint(1, self.clip(name)) * settings.lot),
                "price": text(max(ticks, 1) * tick)}


def floor_text(value, decimals):
    scale = 10**decimals
    return text(Fraction(int(value * scale) or 1, scale))


def pricing_difference(command, model):
    """What the command's own pricing of options makes more than a cent of difference in, or None."""
    done = subprocess.run([*command, "--config", str(model.folder), "--portfolio",
                           str(model.folder / "portfolio.json"), "--json"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"{model.folder}: the command failed: {done.stderr.strip()[:500]}"
    theirs = json.loads(done.stdout)
    ours = json.loads(next(oracle.lines(model.config, json.dumps(model.priced(model.portfolio)),
                                        False)))
    for basis in ("initial", "maintenance"):
        for key in ("equity", "requirement", "available"):
            difference = Fraction(ours[basis][key]) - Fraction(theirs[basis][key])
            if abs(difference) > CENT:
                return (f"{model.folder}: {basis} {key}: oracle {ours[basis][key]}, command"
                        f" {theirs[basis][key]}")
    return None


def compare_model(command, folder, seed, count, kept):
    """What is different for one model, or None."""
    model = Model(folder)
    rng = random.Random(f"{folder.name} {seed}")
    portfolios = [model.priced(model.portfolio)]
    portfolios += [model.vary(rng, f"{folder.name}, seed {seed}, {n}") for n in range(count)]
    file = pathlib.Path(kept) / (folder.name + ".jsonl")
    file.write_text("".join(json.dumps(portfolio) + "\n" for portfolio in portfolios))
    for _ in oracle.lines(model.config, file.read_text(), True):
        pass  # what is out of bounds raises
    return pricing_difference(command, model) or compare.compare_answers(command, folder, file)


def main():
    parser = argparse.ArgumentParser(description="Compares a margin command with the oracle on"
                                                 " config/models.")
    parser.add_argument("--portfolios", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    folders = sorted(folder for folder in MODELS.iterdir() if folder.is_dir())
    if not folders:
        sys.exit(f"there are no models in {MODELS}")
    with tempfile.TemporaryDirectory() as temporary:
        for folder in folders:
            found = compare_model(options.command, folder, options.seed, options.portfolios,
                                  options.keep or temporary)
            if found:
                sys.exit(found)
    print(f"{len(folders)} models, {options.portfolios} portfolios each and their own: no difference")


if __name__ == "__main__":
    main()
