#!/usr/bin/env python3
"""The oracle over random configurations and portfolios: roundings stay in their bounds, a fill never
lowers what is available, an exit never makes an account worse off, and the comparison with a command
finds a wrong figure."""

import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

import bounds
import compare
import reader
from answer import Answer, scaled_text
from generate import World, write
from margin import Contract, Unrounded
from portfolio import Portfolio
from scenarios import PPM, decimal_text

HERE = pathlib.Path(__file__).parent
ORACLE = [sys.executable, str(HERE / "oracle.py")]


def cases(first, last, count):
    """Portfolios of configurations by seed: (world, configuration, JSON of the portfolio)."""
    for seed in range(first, last):
        world = World(seed)
        config = world.loaded()
        for n in range(count):
            yield world, config, world.portfolio(f"seed {seed}, {n}")


def read(value, config):
    return Portfolio(reader.parse(json.dumps(value)), config)


class Roundings(unittest.TestCase):
    def test_they_stay_in_their_bounds(self):
        for _, config, value in cases(1, 40, 5):
            portfolio = read(value, config)
            with self.subTest(value["name"]):
                rounded, exact = (Answer(config, portfolio, r) for r in (Contract, Unrounded))
                bounds.check(rounded, exact)
                rounded.json()
                exact.json()

    def found_out(self, wrong):
        for _, config, value in cases(1, 40, 5):
            portfolio = read(value, config)
            try:
                bounds.check(Answer(config, portfolio, wrong), Answer(config, portfolio, Unrounded))
            except bounds.OutOfBounds:
                return
        self.fail("nothing was out of bounds")

    def test_a_floor_that_rounds_up_is_found_out(self):
        self.found_out(type("Wrong", (Contract,), {"floor": Contract.ceil}))

    def test_a_ceiling_that_rounds_down_is_found_out(self):
        self.found_out(type("Wrong", (Contract,), {"ceil": Contract.floor}))

    def test_a_missing_reserve_is_found_out(self):
        self.found_out(type("Wrong", (Contract,), {"reserve": staticmethod(lambda amount: 0)}))

    def test_a_double_reserve_is_found_out(self):
        self.found_out(type("Wrong", (Contract,), {"reserve": staticmethod(lambda a: 3 * a + 3)}))

    def test_gains_rounded_up_by_more_than_half_are_found_out(self):
        up = staticmethod(lambda fines, unit: -(-fines // unit))
        self.found_out(type("Wrong", (Contract,), {"gain": up}))


def after_fills(portfolio, value, fills, keeps_the_rest):
    """The portfolio's JSON after fills of orders at their limits: (order, its JSON, lots filled)."""
    config = portfolio.configuration
    value = copy.deepcopy(value)
    value["orders"], value["what_if"] = [], []
    positions = {i: holding.position for i, holding in portfolio.holdings.items()}
    cash = {i: holding.cash for i, holding in portfolio.holdings.items()}
    balances = list(portfolio.balance)
    for order, text, lots in fills:
        instrument = config.instruments[order.instrument]
        if lots < order.lots and keeps_the_rest:
            rest = decimal_text((order.lots - lots) * instrument.lot)
            value["orders"].append({**text, "quantity": rest})
        units = instrument.units_per_lot_mark
        if instrument.spot:
            fee = Contract.ceil(units * order.price * instrument.fee_ppm, PPM)
            balances[instrument.base] += order.sign * lots * instrument.base_per_lot
            balances[instrument.settlement] -= lots * (order.sign * units * order.price + fee)
            continue
        if instrument.inverse:
            fee = Contract.ceil(units * instrument.fee_ppm, PPM * order.price)
            paid = Contract.floor(order.sign * lots * units, order.price)
        else:
            fee = Contract.ceil(units * order.price * instrument.fee_ppm, PPM)
            paid = -order.sign * lots * units * order.price
        positions[order.instrument] += order.sign * lots
        cash[order.instrument] += paid - lots * fee
    for i, position in positions.items():
        instrument = config.instruments[i]
        holding = value["instruments"][instrument.name]
        if instrument.spot:
            continue
        holding.pop("entry", None)
        holding["position"] = decimal_text(position * instrument.lot)
        holding["cash"] = scaled_text(cash[i], config.assets[instrument.settlement].decimals)
    for asset, balance in zip(config.assets, balances):
        value["assets"][asset.name]["balance"] = scaled_text(balance, asset.decimals)
    return value


def some_of(source, order):
    """Whether nothing, all or a part of an order fills."""
    return source.choice([0, order.lots, source.randint(0, order.lots)])


def within(portfolio, fills):
    """The fills, cut off where protections let no more of the account's quotes fill."""
    config = portfolio.configuration
    left, cut = dict(config.protections[portfolio.account]), []
    for order, text, lots in fills:
        g = config.instruments[order.instrument].group
        if g in left and not order.exit and not config.instruments[order.instrument].spot:
            lots = min(lots, left[g])
            left[g] -= lots
        cut.append((order, text, lots))
    return cut


class Fills(unittest.TestCase):
    def test_no_fills_of_open_orders_lower_what_is_available(self):
        source, compared = random.Random(1), 0
        for _, config, value in cases(100, 260, 6):
            portfolio = read({**value, "what_if": []}, config)
            if not portfolio.orders:
                continue
            fills = [(order, text, some_of(source, order))
                     for order, text in zip(portfolio.orders, value["orders"])]
            # With what is left of it a quote counts under a protection as all of it did.
            keeps_the_rest = not config.protections[portfolio.account]
            after = read(after_fills(portfolio, value, within(portfolio, fills), keeps_the_rest),
                         config)
            compared += 1
            with self.subTest(value["name"]):
                self.assertGreaterEqual(Answer(config, after, Contract).available["initial"],
                                        Answer(config, portfolio, Contract).available["initial"])
        self.assertGreater(compared, 100)

    def test_no_fills_beside_an_exit_leave_less_than_before_it(self):
        source, compared = random.Random(2), 0
        for _, config, value in cases(100, 260, 6):
            portfolio = read(value, config)
            answer = Answer(config, portfolio, Contract)
            exits = [(order, text) for order, text, (_, leg, _)
                     in zip(portfolio.what_if, value["what_if"], answer.verdicts) if leg == "exit"]
            if not exits:
                continue
            orders = list(zip(portfolio.orders, value["orders"]))
            fills = [(order, text, some_of(source, order)) for order, text in orders]
            order, text = source.choice(exits)
            fills = within(portfolio, fills) + [(order, text, some_of(source, order))]
            after = read(after_fills(portfolio, value, fills, False), config)
            compared += 1
            with self.subTest(value["name"]):
                self.assertGreaterEqual(Answer(config, after, Contract).available["initial"],
                                        answer.available["initial"])
        self.assertGreater(compared, 50)


class Generator(unittest.TestCase):
    def test_the_same_seed_makes_the_same_files(self):
        for seed in (1, 2):
            ours, theirs = World(seed), World(seed)
            self.assertEqual(json.dumps(ours.files), json.dumps(theirs.files))
            self.assertEqual(ours.portfolio("p"), theirs.portfolio("p"))

    def test_it_reaches_every_feature_and_every_answer(self):
        seen = set()
        for world, config, value in cases(1, 80, 3):
            seen |= {(asset.mode, asset.tiers_by_value, asset.capped) for asset in config.assets}
            seen |= {instrument.kind for instrument in config.instruments}
            seen |= {(one.joint, one.measure, one.action) for one in config.sets}
            seen |= {(a.function, a.place) for group in config.groups for a in group.add_ons}
            seen |= {(driver.measure, driver.reach) for group in config.groups
                     for a in group.add_ons for driver in a.drivers}
            seen |= set(config.combine.items())
            answer = Answer(config, read(value, config), Contract).json()
            seen.add(answer["state"])
            seen |= {"scope " + answer[basis]["binding"]["scope"] for basis in ("initial",
                     "maintenance") if answer[basis]["binding"]}
            seen |= {("leg", verdict["leg"]) for verdict in answer["what_if"]}
            seen |= {("spot", verdict["leg"]) for verdict in answer["what_if"]
                     if config.instruments[config.instrument_index[verdict["instrument"]]].spot}
            margin = Answer(config, read(value, config), Contract).margin
            flows = [(config.assets[a], flow) for a, flow in margin.now.flows.items()]
            seen |= {("flow", asset.mode, asset.capped, sign) for asset, flow in flows
                     for sign in (0, 1) if flow[sign]}
            seen |= {"protection" for g in margin.protections if margin.quoted_lots(margin.now, g)}
        wanted = {(mode, by_value, False) for by_value in (True, False)
                  for mode in ("static", "both", "downside_only", "upside_only")}
        wanted |= {("static", True, True), ("static", False, True), ("downside_only", False, True)}
        wanted |= {"spot", "perpetual", "future", "equity", "option", "inverse_perpetual", "inverse_future"}
        wanted |= {(joint, measure, action) for joint in (True, False) for measure in ("worst", "es")
                   for action in ("enforce", "warn", "report")}
        wanted |= {(function, place) for function in ("tiers", "hedged", "ramp")
                   for place in ("group", "floor", "joint", "outside")}
        wanted |= {("funding", "payable"), ("delta", "net"), ("notional", "gross"),
                   ("groups", "max"), ("groups", "sum"), ("joint", "max"), ("joint", "sum"),
                   "normal", "warned", "restricted", "liquidation", "bankrupt", "scope groups",
                   "scope joint", "protection", ("leg", "margin"), ("leg", "exit"), ("leg", None), ("leg", "cash"),
                   ("spot", "margin"), ("spot", "cash"), ("spot", None)}
        wanted |= {("flow", mode, False, sign) for sign in (0, 1)
                   for mode in ("static", "both", "downside_only", "upside_only")}
        wanted |= {("flow", mode, True, sign) for sign in (0, 1) for mode in ("static", "downside_only")}
        self.assertEqual(wanted - seen, set())


class Comparison(unittest.TestCase):
    def compare(self, command):
        with tempfile.TemporaryDirectory() as folder:
            return compare.compare(command, 7, 6, folder)

    def liar(self, code):
        """A command that changes the oracle's answer."""
        return [sys.executable, "-c", "import subprocess, sys; out = subprocess.run("
                f"{ORACLE!r} + sys.argv[1:], capture_output=True, text=True).stdout; {code}"]

    def test_the_oracle_agrees_with_itself(self):
        self.assertIsNone(self.compare(ORACLE))

    def test_a_wrong_figure_is_named_by_its_path(self):
        found = self.compare(self.liar(
            "print(out.replace('\"gross_notional\":\"', '\"gross_notional\":\"1', 1), end='')"))
        self.assertIn("seed 7, 0: at leverage.gross_notional: oracle", found)

    def test_another_order_of_keys_and_missing_lines_are_found(self):
        self.assertIn("not written as", self.compare(self.liar(
            "print(out.replace('{\"name\"', '{ \"name\"', 1), end='')")))
        self.assertIn("5 lines for 6", self.compare(self.liar(
            "print('\\n'.join(out.splitlines()[:5]))")))
        self.assertIn("failed with 3", self.compare(self.liar("print(out, end=''); sys.exit(3)")))
        self.assertIn("no JSON", self.compare(self.liar("print('?')")))

    def test_what_only_the_product_says_is_not_compared(self):
        ours = '{"name":"p","what_if":[{"leg":null}]}'
        theirs = '{"name":"p","what_if":[{"leg":null,"decision":{"accepted":false}}]}'
        self.assertIsNone(compare.difference_of_lines(ours, theirs))
        self.assertIn("at what_if[0].leg", compare.difference_of_lines(
            ours, theirs.replace("null", '"exit"')))
        self.assertIn("not written as", compare.difference_of_lines(
            ours, theirs.replace(':{"accepted"', ': {"accepted"')))
        self.assertIn("another order", compare.difference_of_lines(
            ours, '{"what_if":[{"leg":null}],"name":"p"}'))

    def test_differences_of_nested_values(self):
        self.assertEqual(compare.first_difference({"a": [1, {"b": "2"}]}, {"a": [1, {"b": "3"}]}),
                         (".a[1].b", "2", "3"))
        self.assertEqual(compare.first_difference({"a": 1}, {}), (".a", 1, "nothing"))
        self.assertEqual(compare.first_difference([1], [1, 2]), ("[1]", "nothing", 2))
        self.assertEqual(compare.first_difference(True, 1), ("", True, 1))
        self.assertIsNone(compare.first_difference({"a": [None]}, {"a": [None]}))


class Command(unittest.TestCase):
    def test_it_reads_the_example_configuration(self):
        world = World(3)
        with tempfile.TemporaryDirectory() as folder:
            write(world, folder, [world.portfolio("p")])
            arguments = ["--config", folder, "--portfolio", f"{folder}/portfolios.jsonl"]
            exact = subprocess.run([*ORACLE, *arguments, "--exact"], check=True, capture_output=True,
                                   text=True).stdout
            self.assertEqual(json.loads(exact)["name"], "p")
        example = HERE.parent.parent / "config" / "examples" / "demo"
        empty = subprocess.run([*ORACLE, "--config", example, "--portfolio", "-"], check=True,
                               input='{"name":"empty"}', capture_output=True, text=True).stdout
        answer = json.loads(empty)
        self.assertEqual((answer["state"], answer["initial"]["requirement"]), ("normal", "0"))
        wrong = subprocess.run([*ORACLE, "--config", example, "--portfolio", "-"], check=False,
                               input='{"name":"x","orders":1}', capture_output=True, text=True)
        self.assertEqual((wrong.returncode, wrong.stderr), (1, "oracle: x.orders: must be a list\n"))

    def test_decimal_texts(self):
        for number, text in ((Fraction(-1, 8), "-0.125"), (Fraction(2, 3), "2/3"), (Fraction(10), "10")):
            self.assertEqual(decimal_text(number), text)
        for value, scale, text in ((-5, 2, "-0.05"), (1200, 2, "12"), (0, 6, "0"), (7, 0, "7")):
            self.assertEqual(scaled_text(value, scale), text)
            self.assertEqual(scaled_text(Fraction(value), scale), text)


if __name__ == "__main__":
    unittest.main()
