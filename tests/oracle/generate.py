#!/usr/bin/env python3
"""Random configurations with everything the language has, and random portfolios for them: small
numbers, and numbers at edges. The same seed makes the same files.

usage: generate.py --folder FOLDER [--seed N] [--portfolios N]

Writes the four files of a configuration, the returns that its historical sets read, and
portfolios.jsonl into FOLDER.
"""

import argparse
import json
import pathlib
import random
from fractions import Fraction

import configuration
import reader
from scenarios import PPM, decimal_text

EXPIRIES = ("2030-03-29T08:00:00Z", "2030-06-28T08:00:00Z", "2030-12-27T08:00:00Z")
COINS = {"BTC": 40000, "ETH": 2000}
BASE_PRICES = {**COINS, "AMZN": 150, "USDC": 1}
LINE_MOST = {2: 100_000, 4: 100_000, 6: 10_000}  # what a line is worth at most, at its base price,
# by decimals of the risk currency


def text(number):
    return decimal_text(Fraction(number))


class World:
    """One random configuration, as the JSON of its files."""

    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.risk_decimals = self.pick(2, 4, 4, 6)
        self.combine = {key: self.pick("max", "sum") for key in ("combine_groups", "combine_joint")}
        self.group_factors = {"crypto": self.pick(["BTC"], ["BTC", "ETH"], ["BTC", "ETH"]),
                              "stable": ["USDC"]}
        if self.maybe():
            self.group_factors["equity"] = ["AMZN"]
        self.factors = sum(self.group_factors.values(), [])
        self.history = self.make_history()
        self.columns = dict.fromkeys(self.group_factors, 0)
        self.volatile = set()
        sets = self.make_sets()
        self.read_sets(sets)
        self.margin = {"groups": self.make_groups(), "sets": sets, **self.make_scopes()}
        self.assets = self.make_assets()
        self.instruments = self.make_instruments()
        self.keep_costs()
        self.finish_groups()
        self.margin["add_ons"] = self.make_add_ons()
        self.files = {
            "assets": {"risk_currency": {"name": "USD", "decimals": self.risk_decimals},
                       "assets": self.assets},
            "margin": self.margin, "instruments": {"instruments": self.instruments},
            "limits": self.make_limits()}

    # --- choices

    def pick(self, *choices):
        return self.random.choice(choices)

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def share(self, low, high, digits=6):
        """A decimal between two, often with few digits."""
        digits = self.pick(1, 2, 2, 3, digits)
        scale = 10**digits
        low, high = -(-Fraction(low) * scale // 1), Fraction(high) * scale // 1
        if low > high:
            return text(Fraction(low, scale))
        return text(Fraction(self.random.randint(int(low), int(high)), scale))

    # --- scenario sets

    def make_history(self):
        rows = ["date," + ",".join(self.factors[:-1] + ["AMZN"] * ("AMZN" in self.factors[-1:]))]
        for day in range(40):
            cells = []
            for factor in rows[0].split(",")[1:]:
                most = 30_000 if factor == "USDC" else 250_000
                move = self.random.randint(-most, most)
                cells.append(str(min(0, move) if factor == "USDC" else move))
            rows.append(f"2029-{1 + day // 28:02d}-{1 + day % 28:02d}," + ",".join(cells))
        return "\n".join(rows) + "\n"

    def move(self, factor):
        if factor == "USDC":
            return "-" + self.share("0.001", "0.1") if self.maybe(0.6) else "0"
        return self.pick("", "-") + self.share("0.01", "0.45")

    def weighted(self, column):
        if self.maybe(0.2):
            column["weight"] = self.share("0.1", 1)
        if self.maybe(0.2):
            column["volatility"] = self.pick("down", "same", "up")
            self.volatile.update(self.group_factors)
        return column

    def make_grid(self, group):
        factors = self.group_factors[group]
        points = self.pick(3, 5, 7)
        half = points // 2
        ranges = [Fraction(self.random.randint(20, 300) * half, 1000) for _ in factors]
        ranges = [min(r, Fraction(half * (480 // half), 1000)) for r in ranges]
        if self.maybe(0.3):
            ranges = [ranges[0]] * len(ranges)
        grid = {"range": text(ranges[0]) if len(factors) == 1 else
                {f: text(r) for f, r in zip(factors, ranges)}, "points": points}
        if self.maybe(0.4):
            grid["volatility"] = self.pick(["down", "same", "up"], ["same", "up"], ["up"])
            self.volatile.add(group)
        if self.maybe(0.4):
            edge = len(set(ranges)) == 1 and self.maybe(0.7)
            grid["damped"] = {"moves": self.pick(["-0.66", "0.5", "1"], ["-0.7", "-0.5", "0.5"],
                                                 ["-0.66", "-0.5", "0.75", "1", "3"]),
                              "weight": "edge" if edge else self.share("0.05", "0.15")}
            if self.maybe():
                grid["damped"]["volatility"] = self.pick("down", "same", "up")
                self.volatile.add(group)
        return {"grid": grid}

    def make_part(self, group):
        """A group's part in a per-group set."""
        factors = self.group_factors[group]
        if group == "stable":
            return {"columns": {"unchanged": {"default": "0"}, "depeg": {"USDC": "-" + self.share(
                "0.01", "0.1")}}}
        kind = self.pick("grid", "columns", "history")
        if kind == "grid":
            return self.make_grid(group)
        if kind == "history":
            return {"history": {"file": "returns.csv", "columns": self.random.randint(2, 30)}}
        columns = {"unchanged": {"default": "0"}}
        for c in range(self.random.randint(1, 5)):
            moves = {factor: self.move(factor) for factor in factors}
            columns[f"column {c}"] = self.weighted(moves)
        return {"columns": columns}

    def measured(self, parameters):
        combine = "combine_joint" if parameters["scope"] == "joint" else "combine_groups"
        if self.maybe(0.4):
            parameters["measure"] = "es"
            parameters["tail"] = self.pick("0.025", "0.1", "0.333333", "0.5", "0.98", "1")
        else:
            parameters["measure"] = "worst"
        parameters["action"] = self.pick("enforce", "enforce", "enforce", "warn", "report")
        if self.maybe(0.3):
            parameters["requirement"] = self.pick("both", "initial", "maintenance")
        if self.combine[combine] == "sum" and self.maybe(0.7):
            parameters["combine_weight"] = self.share("0.1", 2)
        return parameters

    def make_sets(self):
        # Each factor rises and falls in an enforced set, and factors move apart.
        base = {}
        for group, factors in self.group_factors.items():
            if group == "stable":
                if self.maybe(0.7):
                    base[group] = self.make_part(group)
                continue
            columns = {"unchanged": {"default": "0"}}
            for c, (first, others) in enumerate((("", "-"), ("-", ""), ("-", "-"))):
                columns[f"apart {c}"] = {
                    f: (others if at else first) + self.share("0.05", "0.3")
                    for at, f in enumerate(factors)}
            base[group] = {"columns": columns}
        sets = {"base": {"scope": "per_group", "measure": "worst", "action": "enforce",
                         "groups": base}}
        for s in range(self.random.randint(0, 3)):
            chosen = [g for g in self.group_factors if self.maybe(0.7)] or ["crypto"]
            sets[f"more {s}"] = self.measured({
                "scope": "per_group", "groups": {g: self.make_part(g) for g in chosen}})
        for s in range(self.random.randint(0, 2)):
            joint = self.measured({"scope": "joint", "weight": self.share(0, 1)})
            if self.maybe(0.4):
                joint["history"] = {"file": "returns.csv", "columns": self.random.randint(2, 30)}
            else:
                joint["columns"] = {}
                for c in range(self.random.randint(1, 6)):
                    moves = {f: self.move(f) for f in self.factors if self.maybe(0.8)}
                    column = self.weighted({**moves, "default": "0"})
                    if self.maybe(0.3):
                        column["weight"] = {g: self.share("0.1", 1) for g in self.group_factors
                                            if self.maybe(0.7)}
                    joint["columns"][f"stress {c}"] = column
            sets[f"joint {s}"] = joint
        return dict(self.random.sample(list(sets.items()), len(sets)))

    def read_sets(self, sets):
        """How far each factor falls, over all columns and over the enforced ones, and how many columns a
        group has, as the reader sees them. A set that frees too little for a market order to close is
        not enforced."""
        files = {"margin": {"groups": {name: {"factors": factors, "kappa": "0"} for name, factors
                                       in self.group_factors.items()}, "sets": sets,
                            "group_mult": "1", "joint_mult": "1"},
                 "assets": {"risk_currency": {"name": "USD", "decimals": 2}, "assets": {}},
                 "instruments": {"instruments": {}}, "limits": {"profiles": {}, "accounts": {}}}
        read = configuration.Configuration(files, lambda name: self.history)
        self.falls, self.enforced_falls = dict.fromkeys(self.factors, 0), dict.fromkeys(self.factors, 0)
        for group in read.groups:
            self.columns[group.name] = group.column_count
        for one in read.sets:
            moves = {}
            for group, columns in zip(read.groups, one.columns):
                for f, name in enumerate(group.factors):
                    moves[name] = [column.shock(f) for column in columns]
            if self.combine["combine_groups"] == "max" and not one.joint and any(
                    frees_little(one, shocks) for name, shocks in moves.items() if name != "USDC"):
                one.action = sets[one.name]["action"] = self.pick("warn", "report")
            for name, shocks in moves.items():
                fall = max(-min(shocks + [0]), 0)
                self.falls[name] = max(self.falls[name], fall)
                if one.action == "enforce":
                    self.enforced_falls[name] = max(self.enforced_falls[name], fall)

    # --- the rest of margin.json

    def make_groups(self):
        groups = {}
        for name, factors in self.group_factors.items():
            groups[name] = {"factors": factors,
                            "kappa": self.pick("0", "1", "0.5", "0.333333", self.share(0, 1))}
            if self.maybe(0.3):
                groups[name]["gain_cap"] = self.value(0, 20_000)
        return groups

    def value(self, low, high):
        """A value in the risk currency."""
        scale = 10**self.risk_decimals
        return text(Fraction(self.random.randint(low * scale, high * scale), scale))

    def make_scopes(self):
        scopes = {"group_mult": self.share("0.8", 2), "joint_mult": self.share("0.8", 2)}
        if self.maybe():
            scopes["maintenance_group_mult"] = self.share("0.5", 1)
        if self.maybe():
            scopes["maintenance_joint_mult"] = self.share("0.5", 1)
        for key, combine in self.combine.items():
            if combine == "sum" or self.maybe():
                scopes[key] = combine
        if self.maybe(0.3):
            scopes["maintenance_includes_orders"] = True
        # What leverage counts goes with anything else, and has dice of its own.
        dice = random.Random(f"leverage {self.seed}").randrange(64)
        if dice % 4 < 2:
            scopes["leverage_equity"] = ("haircut", "plain")[dice % 4]
        if dice // 4 % 4 < 2:
            scopes["leverage_options"] = ("underlying", "premium")[dice // 4 % 4]
        if dice // 16 < 2:
            scopes["leverage_spot"] = dice // 16 == 1
        if self.maybe():
            scopes["bands"] = [
                {"state": "warned", "basis": self.pick("initial", "maintenance"),
                 "enter": "1.5", "exit": "1.6"},
                {"state": "restricted", "basis": "initial", "enter": "1", "exit": "1.02"},
                {"state": "liquidation", "basis": "maintenance", "enter": "1.05", "exit": "1.1"},
                {"state": "bankrupt", "basis": "maintenance", "enter": "0", "exit": "0.1"}]
        return scopes

    def finish_groups(self):
        self.tabled = []  # groups with table risk
        for name, group in self.margin["groups"].items():
            inside = [i for i in self.instruments.values() if i["factor"] in group["factors"]]
            if any(i.get("risk") == "table" or i["kind"] == "option" for i in inside):
                group["table_age_max_ms"] = 5000
                factors = {i["factor"] for i in inside
                           if i.get("risk") == "table" or i["kind"] == "option"}
                lag = self.share("0.001", "0.5") if len(factors) == 1 and self.maybe(0.6) else "0"
                if lag != "0" or any(i["kind"] == "option" for i in inside) or self.maybe():
                    group["table_move_max"] = lag
                self.tabled.append(name)
            if name in self.volatile and any(i["kind"] == "option" for i in inside):
                group["volatility"] = {"up": "0.5", "down": "0.25", "short_power": "0.3",
                                       "long_power": "0.13", "pivot_days": 30, "floor_up": "0.5"}

    def make_add_ons(self):
        add_ons = {}
        inside = {}  # instruments by group
        for instrument in self.instruments.values():
            group = next(g for g, factors in self.group_factors.items()
                         if instrument["factor"] in factors)
            if instrument["kind"] != "spot":
                inside.setdefault(group, []).append(instrument)
        for a in range(self.random.randint(0, 6)):
            groups = [g for g in inside if self.maybe(0.7)] or [self.pick(*inside)]
            common = set.intersection(*({i["kind"] for i in inside[g]} for g in groups))
            kinds = [k for k in sorted(common) if self.maybe()] or sorted(common)
            if "option" in common and self.maybe(0.3):
                kinds = ["option"]
            selector = {"kinds": kinds} if kinds and self.maybe(0.7) else {}
            selected = [i for g in groups for i in inside[g] if not selector or i["kind"] in kinds]
            add_ons[f"add-on {a}"] = self.make_add_on(groups, selector, selected)
        return add_ons

    def make_add_on(self, groups, selector, selected):
        """An add-on over the selected instruments, with what all of them have."""
        function = self.pick("tiers", "tiers", "tiers", "hedged", "ramp")
        measures, each = ["notional", "delta", "funding", "lot"], ["all", "instrument", "expiry"]
        if all(i.get("risk") == "table" for i in selected):
            measures = ["delta", "vega", "initial_charge", "maintenance_charge", "lot"]
        if all("multiplier" in i for i in selected):
            measures.append("premium")
        if all(i["kind"] == "option" for i in selected):
            each.append("strike")
        add_on = {"groups": groups, "function": function, "of": selector,
                  "place": self.pick("group", "group", "floor", "joint", "outside"),
                  "measure": self.pick(*measures),
                  "reach": self.pick("net", "long_net", "short_net", "gross", "long", "short",
                                     "payable"),
                  "each": self.pick(*each)}
        most = Fraction(1)
        if function == "hedged":
            add_on["reach"] = "net"
        if function == "ramp":
            add_on.update(reach=self.pick("net", "short_net"), each="all",
                          measure=self.pick("notional", "delta"), threshold=self.value(0, 50_000),
                          per=self.pick(*self.assets), slope=self.share(0, "0.02"),
                          most=self.share("0.01", "0.2"))
            for key in ("short_of", "offset"):
                if self.maybe(0.6):
                    add_on[key] = self.pick(selector, {})
        if add_on["measure"] == "lot":
            add_on["per_lot"] = self.value(0, 3)
        if add_on["measure"] not in ("notional", "delta", "premium"):
            most = Fraction(12)
        bases = self.pick(["initial", "maintenance"], ["initial", "maintenance"], ["initial"],
                          ["maintenance"])
        if function == "tiers" and "initial" in bases and self.maybe(0.3):
            name = self.pick(*self.instruments)
            lot = Fraction(self.instruments[name]["lot"])
            add_on["ramp_open_interest"] = {"instrument": name, "low": text(100 * lot),
                                            "high": text(100 * lot * self.pick(2, 7, 50))}
        for basis in bases:
            add_on[basis] = self.charge_tiers(most, 1 if function == "ramp" else 3)
        for basis in {"initial", "maintenance"} - set(bases):
            if self.maybe():
                add_on[basis] = None
        return add_on

    def charge_tiers(self, most, count_max):
        count = self.random.randint(1, count_max)
        rates = sorted(Fraction(self.share(0, most)) for _ in range(count))
        ends = sorted({self.random.randint(1, 60_000) for _ in range(count - 1)})
        rates = rates[:len(ends) + 1]
        return [{"upto": upto, "rate": text(rate)}
                for upto, rate in zip([str(end) for end in ends] + [None], rates)]

    # --- assets.json

    def make_assets(self):
        fall_most = Fraction(max(self.falls.values()), PPM)
        moving_settlement = fall_most * self.taken_most() <= 1
        assets = {"USD": self.make_asset("USD", "static", 2, "1.5"),
                  "USDC": self.make_asset("USDC", self.pick("static", "both", "downside_only")
                                          if moving_settlement and self.enforced_falls["USDC"] else "static",
                                          6, "2")}
        assets["USD"].pop("share", None)
        # What premiums may be paid in.
        assets["CASH"] = self.make_asset("CASH", "static", self.pick(2, 6), "2")
        self.plain = ["CASH"] + ["USD"] * self.maybe()
        for name in self.plain:
            for key in ("share", "maintenance_haircut_tiers"):
                assets[name].pop(key, None)
            assets[name]["haircut_tiers"] = [{"upto": None, "haircut": "0"}]
        for coin in COINS:
            if coin not in self.factors:
                continue
            mode = self.pick("static", "both", "both", "downside_only", "upside_only")
            if not moving_settlement:
                mode = "static"
            assets[coin] = self.make_asset(coin, mode, 10 if self.maybe() else 11,
                                           str(COINS[coin] * 4))
        if self.maybe(0.4):
            assets["ALT"] = self.make_asset("ALT", "static", 0, "50")
        if "ETH" in self.factors and self.maybe():
            # Moves with a factor, and nothing is settled in it.
            mode = self.pick("both", "upside_only", "downside_only") if moving_settlement else "upside_only"
            assets["BETH"] = self.make_asset("BETH", mode, 8, "50", "ETH")
        return assets

    def taken_most(self):
        """How much of a loss a scope requires at most: its multiplier, times the weights where its sets
        are summed."""
        most = Fraction(0)
        for scope in ("group", "joint"):
            mult = max(Fraction(self.margin.get(key, "0"))
                       for key in (f"{scope}_mult", f"maintenance_{scope}_mult"))
            weight = Fraction(1)
            if self.combine["combine_joint" if scope == "joint" else "combine_groups"] == "sum":
                weight = sum(Fraction(one.get("combine_weight", "1"))
                             for one in self.margin["sets"].values()
                             if (one["scope"] == "joint") == (scope == "joint"))
            most = max(most, mult * weight)
        return most

    def make_asset(self, name, mode, decimals, index_max, factor=None):
        factor = factor or name
        asset = {"decimals": decimals, "index_decimals": self.pick(1, 2, 2, 4) if name in COINS
                 else self.pick(2, 4), "index_max": index_max,
                 "debt_addon": self.pick("0", "0.1", self.share(0, "0.5")), "scenario_mode": mode,
                 "factor": factor if mode != "static" or (factor in self.factors and self.maybe())
                 else None}
        while decimals + asset["index_decimals"] - self.risk_decimals > 12:
            asset["index_decimals"] -= 1
        if self.maybe(0.4):
            # Where it rises, and something is settled in it.
            rises = name in (*COINS, "USDC") and mode in ("both", "upside_only")
            asset["tiers_in"] = "asset" if rises else self.pick("asset", "value")
        by_value = asset.get("tiers_in") == "value"
        curve = mode, asset["factor"], decimals, by_value
        asset["haircut_tiers"] = self.haircut_tiers(name, *curve)
        if self.maybe(0.3):
            asset["maintenance_haircut_tiers"] = self.haircut_tiers(name, *curve)
        if self.maybe(0.3):
            asset["borrow"] = {"initial": self.share(0, "0.3"), "maintenance": self.share(0, "0.1"),
                               "pool_max": "1000"}
        if mode in ("static", "downside_only") and self.maybe(0.3):
            asset["share"] = {"max": self.share(0, "0.9"), "free": self.value(0, 1000)}
        return asset

    def haircut_tiers(self, name, mode, factor, decimals, by_value):
        count = self.random.randint(1, 3)
        residuals = sorted(Fraction(self.share(0, "0.6")) for _ in range(count))
        scale = self.risk_decimals if by_value else decimals
        worth = 1 if by_value else BASE_PRICES.get(name, 1)
        ends = set()
        for _ in range(count - 1):
            end = Fraction(self.random.randint(1, 80_000), worth)
            ends.add(max(Fraction(end * 10**scale // 1, 10**scale), Fraction(1, 10**scale)))
        residuals = residuals[:len(ends) + 1]
        tiers = []
        for end, residual in zip(sorted(ends) + [None], residuals):
            tier = {"upto": None if end is None else text(end), "haircut": text(residual)}
            if mode in configuration.FALLING:
                tier["residual_haircut"] = text(residual)
            if factor is not None:
                tier["haircut"] = text(min(residual + Fraction(self.falls[factor], PPM), Fraction(1)))
            tiers.append(tier)
        return tiers

    # --- instruments.json

    def make_instruments(self):
        instruments = {}
        for factor, price in BASE_PRICES.items():
            if factor not in self.factors:
                continue
            kinds = ["perpetual"] + [
                kind for kind in ("spot", "inverse_perpetual", "inverse_future", "future",
                                  "table_future", "option", "option", "option", "option")
                if self.maybe(0.45)]
            kinds = {"AMZN": ["equity"], "USDC": ["spot"] * self.maybe(0.3)}.get(factor, kinds)
            for at, kind in enumerate(kinds):
                name = f"{factor}-{kind}-{at}"
                instruments[name] = self.make_instrument(factor, price, kind)
                if at and "multiplier" in instruments[name] and self.maybe(0.4):
                    referred = self.pick(0, 1) if kinds[1] == "spot" else 0
                    instruments[name]["reference"] = f"{factor}-{kinds[referred]}-{referred}"
                    instruments[name]["reference_ratio"] = self.pick("1", "0.5", self.share("0.1", 3))
        return instruments

    def keep_costs(self):
        """What orders are held to cost is enough for maintenance, where that includes orders."""
        if not self.margin.get("maintenance_includes_orders"):
            return
        for instrument in self.instruments.values():
            if instrument["kind"] != "spot" and instrument.get("premium") != "upfront":
                continue
            for name in {instrument["settlement"], instrument.get("base", instrument["settlement"])}:
                asset = self.assets[name]
                asset.pop("maintenance_haircut_tiers", None)
                if "borrow" in asset:
                    rates = asset["borrow"]
                    rates["maintenance"] = min(rates["maintenance"], rates["initial"], key=Fraction)

    def make_instrument(self, factor, price, kind):
        made = {"kind": "future" if kind == "table_future" else kind, "factor": factor,
                "settlement": self.pick("USD", "USDC", "USDC"), "tick": "0.5", "mark_decimals": 2,
                "price_max": str(price * 4), "maker_fee_ppm": self.random.randint(-50, 100),
                "taker_fee_ppm": self.pick(0, 1, self.random.randint(0, 900)), "market_orders": True,
                "venue": {"symbol": "S", "price_scale": "1000", "quantity_scale": "1"}}
        if kind == "spot":
            self.make_spot(made, factor)
        elif kind.startswith("inverse"):
            made.update(settlement=factor, lot="1", contract=self.pick("100", "10"),
                        mark_decimals=self.pick(1, 2))
            # Three units are at most 0.1 bp of a lot.
            while (Fraction(made["contract"]) * 10**self.assets[factor]["decimals"]
                   < 3 * 10**5 * price * 4):
                made["contract"] = text(Fraction(made["contract"]) * 10)
        else:
            # In steps that are whole units of the settlement asset, which may have two decimals.
            made.update(lot=self.pick("1", "0.1", "0.01") if price > 1000 else "1",
                        multiplier=self.pick("1", "1", "10" if self.risk_decimals < 6 else "1"))
            self.make_whole(made)
        if kind == "option":
            if self.maybe(0.7):
                made.update(settlement=self.pick(*self.plain))
                self.make_whole(made)
            made.update(strike=text(price * self.random.randint(5, 15) / Fraction(10)),
                        option_type=self.pick("call", "put"),
                        premium="upfront" if made["settlement"] in self.plain and self.maybe(0.8)
                        else "futures_style")
            if made["premium"] == "upfront" and self.maybe(0.3):
                made["long_value"] = False
        if kind in ("option", "inverse_future", "future", "table_future"):
            made["expiry"] = self.pick(*EXPIRIES)
        if kind in ("option", "table_future"):
            made["risk"] = "table"
            made["lot_value_max"] = text(2 * price * Fraction(made["lot"])
                                         * Fraction(made["multiplier"]))
        if self.maybe(0.1):
            made["open_interest_max"] = "1000"
        return made

    def make_spot(self, made, factor):
        if "share" in self.assets[made["settlement"]]:
            made["settlement"] = "USD"  # what spot is paid in is uncapped
        if factor == "USDC":
            made["settlement"] = self.pick("USD", "CASH")
        made.update(base=factor, lot=self.pick("1", "0.1", "0.01"))
        if self.assets[made["settlement"]]["decimals"] == 2:
            made.update(mark_decimals=1, lot=self.pick("1", "0.1"))
        if factor == "ETH" and "tiers_in" not in self.assets.get("BETH", {"tiers_in": "value"}):
            made["base"] = self.pick("ETH", "BETH")  # by value its rises could not be traded

    def make_whole(self, made):
        if self.assets[made["settlement"]]["decimals"] == 2:
            made.update(lot="1", mark_decimals=self.pick(1, 2), multiplier="1")

    # --- limits.json

    def most_lots(self, name):
        instrument = self.instruments[name]
        price = BASE_PRICES[instrument["factor"]]
        if instrument["kind"].startswith("inverse"):
            lot = Fraction(instrument["contract"])
        else:
            lot = price * Fraction(instrument["lot"]) * Fraction(instrument.get("multiplier", 1))
        return max(LINE_MOST[self.risk_decimals] // lot.__ceil__(), 1)

    def make_limits(self):
        limits = {}
        for at, (name, instrument) in enumerate(self.instruments.items()):
            instrument["venue"].update(symbol=f"S{at}", quantity_scale=instrument["lot"])
            # So few that an account's scenarios fit their integers; portfolios have more.
            part = {2: 16, 4: 16, 6: 256}[self.risk_decimals]
            most = text(self.most_lots(name) // part * Fraction(instrument["lot"]))
            limits[name] = {"clip": most, "notional_max": "100000000", "collar": "0.001",
                            "long_max": most, "short_max": most, "gross_notional_max": "100000000",
                            "restricted": False}
            if instrument["kind"] == "spot":  # has no position to be in scenarios
                most = text(self.most_lots(name) * Fraction(instrument["lot"]))
                limits[name].update(clip=most, long_max=most, short_max=most, collar="0.5")
        profile = {"gross_notional_max": "1000000000", "open_orders_max": 1000, "leverage_max": "20",
                   "daily_loss_max": None, "instruments": limits}
        client = {**profile, "daily_loss_max": "1000000"}
        if self.maybe():
            client["leverage_brackets"] = [{"upto": "50000", "max": "30"}, {"upto": "200000",
                                            "max": "10"}, {"upto": None, "max": "2.5"}]
        rate = {"per_second": 1000, "burst": 1000, "exit_per_second": 1000, "exit_burst": 1000}
        account = {"group": "house", "profile": "client", "rate": rate,
                   "executions": {"interval_ms": 1, "burst": 1000}}
        # Its positions leave room for what its quotes may lose.
        quotes = 6 if self.risk_decimals == 6 else 12
        flat = {name: {**limit, "long_max": "0", "short_max": "0"} for name, limit in limits.items()}
        maker = {**account, "firm": "MAKE", "profile": "maker",
                 "protections": [{"group": name, "lots": self.pick(0, 1, self.random.randint(2, quotes))}
                                 for name in self.tabled if self.maybe(0.8)]}
        return {"version": 1, "profiles": {"venue": profile, "client": client,
                                           "maker": {**client, "instruments": flat}},
                "venue": {"name": "oracle", "profile": "venue"},
                "members": {"member": {"profile": "venue"}},
                "groups": {"house": {"member": "member", "profile": "venue"}},
                "accounts": {"one": {**account, "firm": "ONE"}, "two": {**account, "firm": "TWO"},
                             "maker": maker,
                             "cash": {**account, "firm": "CASH", "cash_only": True}}}

    # --- portfolios

    def portfolio(self, name):
        assets, instruments = {}, {}
        for asset, settings in self.assets.items():
            index = self.near(BASE_PRICES.get(asset, 1), settings["index_decimals"],
                              Fraction(settings["index_max"]))
            worth = Fraction(BASE_PRICES.get(asset, 1))
            scale = 10**settings["decimals"]
            amount = Fraction(self.pick(0, 0, 1, self.random.randint(-20_000, 200_000),
                                        self.random.randint(-2_000, 20_000))) / worth
            amounts = [Fraction(int(amount * scale), scale), Fraction(1, scale), -Fraction(1, scale)]
            amounts += [Fraction(tier["upto"]) for tier in settings["haircut_tiers"]
                        if tier["upto"] is not None and "tiers_in" not in settings]
            assets[asset] = {"index": index, "balance": text(self.pick(amounts[0], amounts[0],
                                                                       *amounts))}
            if "borrow" in settings and self.maybe():
                assets[asset]["borrowed"] = text(Fraction(int(5_000 / worth * scale), scale))
        for instrument, settings in self.instruments.items():
            instruments[instrument] = self.holding(instrument, settings)
        portfolio = {"name": name, "assets": assets, "instruments": instruments,
                     "orders": [self.order() for _ in range(self.pick(0, 0, 2, 6))],
                     "what_if": [self.order() for _ in range(self.pick(0, 1, 3))]}
        spot = [name for name, settings in self.instruments.items() if settings["kind"] == "spot"]
        if self.maybe(0.4):
            portfolio["account"] = self.pick("two", "maker", "maker")
        if spot and self.maybe(0.15):
            portfolio["account"] = "cash"  # has open orders in spot alone
            portfolio["orders"] = [self.order(*spot) for _ in portfolio["orders"]]
            portfolio["what_if"] += [self.order(*spot) for _ in range(2)]
        for order in portfolio["orders"]:
            if order["instrument"] not in spot and self.maybe(0.2):
                order["exit"] = True
        for order in portfolio["what_if"]:
            held = Fraction(instruments[order["instrument"]].get("position", 0))
            if held and self.maybe(0.6):  # an exit, often at the mark
                order["side"] = "sell" if held > 0 else "buy"
                lot = Fraction(self.instruments[order["instrument"]]["lot"])
                lots = abs(held) / lot
                order["quantity"] = text(lot * self.pick(lots, self.random.randint(1, int(lots))))
                order["reduce_only"] = True
        if self.maybe(0.2):
            portfolio["detail"] = ["vectors"]
        self.portfolio_now = portfolio
        return portfolio

    def near(self, price, decimals, most, least=None):
        """A price near another, or at an edge."""
        scale = 10**decimals
        if self.maybe(0.05):
            return text(self.pick(least or Fraction(1, scale), most))
        return text(Fraction(int(price * scale * self.random.randint(500, 1500) // 1000), scale))

    def holding(self, name, settings):
        price, decimals = BASE_PRICES[settings["factor"]], settings["mark_decimals"]
        most, lot = self.most_lots(name), Fraction(settings["lot"])
        option = settings["kind"] == "option"
        # An inverse lot is worth the more the lower the mark is: no edge to go to.
        least = Fraction(price // 20) if "contract" in settings else None
        mark = self.near(price // 10 if option else price, decimals, Fraction(settings["price_max"]),
                         least)
        if settings["kind"] == "spot":
            return {"mark": mark}
        lots = self.pick(0, 0, 1, -1, self.random.randint(-most, most),
                         self.random.randint(-most // 8, most // 8))
        holding = {"mark": mark, "position": text(lots * lot)}
        if lots:
            if self.maybe(0.8):
                ticks = max(1, round(Fraction(mark) * 2) + self.random.randint(-200, 200))
                holding["entry"] = text(Fraction(ticks, 2))
            else:
                asset = self.assets[settings["settlement"]]
                units = self.random.randint(-10**8, 10**8)
                holding["cash"] = text(Fraction(units, 10**asset["decimals"]))
        # At the edges of a price what a lot pays would be beyond the integers that it is told in.
        if self.maybe(0.4) and price // 20 <= Fraction(mark) <= price * 2:
            holding["predicted_funding"] = text(Fraction(self.random.randint(-10**6, 10**6), 10**9))
        if self.maybe(0.4):
            holding["open_interest"] = text(self.random.randint(0, 6000) * lot)
        if settings.get("risk") == "table":
            holding.update(self.table_row(settings, price))
        return holding

    def table_row(self, settings, price):
        group = next(g for g, factors in self.group_factors.items()
                     if settings["factor"] in factors)
        lags = self.margin["groups"][group].get("table_move_max", "0") != "0"
        states = 3 if lags and self.maybe(0.8) else 1  # its own gains in each lag state
        most = int(price * Fraction(settings["lot"]) * Fraction(settings["multiplier"])) or 1
        fines = 10**(self.risk_decimals + 6)
        # In steps of half a power of ten of fines, so that some are halves of the vector unit.
        step = self.pick(1, 5) * 10**self.random.randint(0, self.risk_decimals + 5)
        steps = most * fines // step
        row = {"vector": [text(Fraction(self.random.randint(-steps, steps) * step // 2, fines))
                          for _ in range(self.columns[group] * states)]}
        if self.maybe(0.7):
            row["delta"] = self.value(-most, most)
            row["vega"] = self.value(-most // 50, most // 50)
            row["initial_charge"], row["maintenance_charge"] = self.value(0, most), self.value(0, most)
        return row

    def order(self, *names):
        name = self.pick(*names or self.instruments)
        settings = self.instruments[name]
        lots = self.pick(1, self.random.randint(1, max(self.most_lots(name) // 4, 1)))
        price = BASE_PRICES[settings["factor"]]
        if settings["kind"] == "option":
            price //= 10
        half = max(1, price * self.random.randint(1400, 2600) // 1000)
        return {"instrument": name, "side": self.pick("buy", "sell"),
                "quantity": text(lots * Fraction(settings["lot"])), "price": text(Fraction(half, 2))}

    def loaded(self):
        """The configuration as the oracle reads it."""
        files = {name: reader.parse(json.dumps(file)) for name, file in self.files.items()}
        return configuration.Configuration(files, lambda name: self.history)


def frees_little(one, shocks):
    """Whether closing a long or a short position may free less than a hundredth of it."""
    count = Fraction(1) if one.measure == "worst" else one.tail * len(shocks)

    def loss(moves):
        counts = [min(1, max(0, count - at)) for at in range(len(moves))]
        return sum(c * -move for c, move in zip(counts, sorted(moves))) / count
    return bool(shocks) and min(loss(shocks), loss([-move for move in shocks])) < PPM / 100


def write(world, folder, portfolios):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in world.files.items():
        (folder / (name + ".json")).write_text(json.dumps(file, indent=1) + "\n")
    (folder / "returns.csv").write_text(world.history)
    lines = (json.dumps(portfolio) for portfolio in portfolios)
    (folder / "portfolios.jsonl").write_text("".join(line + "\n" for line in lines))


def main():
    parser = argparse.ArgumentParser(description="Makes a random configuration and portfolios.")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--portfolios", type=int, default=20)
    options = parser.parse_args()
    world = World(options.seed)
    write(world, options.folder,
          [world.portfolio(f"seed {options.seed}, {n}") for n in range(options.portfolios)])


if __name__ == "__main__":
    main()
