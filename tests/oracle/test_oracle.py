#!/usr/bin/env python3
"""The published examples and the counterexamples of METHOD, computed by the oracle, and its exits.

The letters and numbers are those of METHOD section 2. Left out: E4 and E16's value at risk (rules the
language does not have), E20 (a table of rates without a rule), the third form of G1 and G9 (a value
before haircut that moves, and spot).
"""

import unittest
from fractions import Fraction

from scenarios import decimal_text
from small import (STILL, add_on, answer, asset, at, columns, grid, instrument, joint, make, order,
                   per_group, requirement, table, tiers)

BTC = {"BTC": instrument("BTC")}
ONE_GROUP = {"crypto": ["BTC"]}


def usd(balance):
    return {"USD": {"index": "1", "balance": str(balance)}}


def only(loss_set):
    """A set in the one group."""
    return {"set": per_group({"crypto": loss_set})}


class PublishedExamples(unittest.TestCase):
    def test_e1_deribit_scenario_and_roll_shock(self):
        # In thousands of coins, so that fines are small beside a lot: a lot is 1e-6, and gains
        # 1 - 1/(1 + m) of a coin.
        fine = 10**15
        vector = [decimal_text(Fraction(round(Fraction(step, 25 + step) * fine / 10**6), fine))
                  for step in range(-4, 5)]
        lot = {"lot": "0.000001", "settlement": "COIN", "mark_decimals": 0, "tick": "1"}
        roll = add_on(["crypto"], measure="delta", reach="net", each="expiry",
                      initial=tiers(("0.01", None)), maintenance=tiers(("0.01", None)))
        config = make(ONE_GROUP, only(grid("0.16")),
                      {"perp": table("BTC", "0.0000002", **lot),
                       "june": {**table("BTC", "0.0000002", **lot),
                                "expiry": "2024-06-28T08:00:00Z"}},
                      {"COIN": {**asset(decimals=9), "index_decimals": 0}}, risk_decimals=9,
                      maintenance_group_mult="0.8", add_ons={"roll": roll})
        row = {"vector": vector, "delta": "0.000001"}
        found = answer(config, {"COIN": {"index": "1", "balance": "1"}},
                       {"perp": at("1", "314.538364", **row), "june": at("1", "-1.187534", **row)})
        group = found["initial"]["groups"]["crypto"]

        def published(text, coins):  # to nine decimals of a coin
            self.assertAlmostEqual(Fraction(text) / 1000, Fraction(coins), delta=Fraction(1, 10**9))
        published(group["sets"]["set"], "0.0596858724")
        published(group["add_ons"]["roll"], "0.00315725898")
        published(found["initial"]["requirement"], "0.06284313098")
        published(found["maintenance"]["requirement"], "0.050274504784")

    def deribit_linear(self, coin, price, lots, base, slope, maintenance):
        rising = {"function": "ramp", "reach": "net", "threshold": "0", "per": coin, "slope": slope,
                  "most": "1"}
        charges = {"base": add_on(["crypto"], initial=tiers((base, None)),
                                  maintenance=tiers((maintenance, None))),
                   "size": add_on(["crypto"], initial=tiers(("1", None)),
                                  maintenance=tiers(("1", None)), **rising)}
        config = make({"crypto": [coin]}, only({"columns": STILL}), {"perp": instrument(coin)},
                      {"USD": asset(), coin: asset()}, add_ons=charges)
        found = answer(config, {"USD": {"index": "1"}, coin: {"index": price}},
                       {"perp": at(price, lots)})
        return found["initial"]["requirement"], found["maintenance"]["requirement"]

    def test_e3_deribit_linear_perpetuals(self):
        btc = {"base": "0.02", "slope": "0.00005", "maintenance": "0.01"}
        self.assertEqual(self.deribit_linear("BTC", "100000", 25, **btc), ("53125", "28125"))
        self.assertEqual(self.deribit_linear("BTC", "100000", -350, **btc)[0], "1312500")
        sol = {"base": "0.04", "slope": "0.000005", "maintenance": "0.02"}
        self.assertEqual(self.deribit_linear("SOL", "200", 25, **sol)[0], "200.63")  # 200.625
        self.assertEqual(self.deribit_linear("SOL", "200", 6000, **sol)[0], "84000")

    def equity_of(self, balance, **settings):
        config = make(ONE_GROUP, only({"columns": STILL}), {"BTC": instrument("BTC", settlement="X")},
                      {"X": asset(**settings)})
        return answer(config, {"X": {"index": "1", "balance": balance}})["initial"]["equity"]

    def test_e5_bitget_tiers(self):
        rates = (("0.025", "100000"), ("0.03", "500000"), ("0.035", "1000000"), ("1", None))
        self.assertEqual(self.equity_of("600000", tiers=rates), "582000")

    def test_e11_okx_beth_tiers(self):
        rates = (("0.05", "2000000"), ("0.15", "4000000"), ("0.5", "8000000"), ("1", None))
        for tiers_in in ("asset", "value"):
            for balance, equity in (("1000000", "950000"), ("3000000", "2750000"),
                                    ("8000000", "5600000"), ("9000000", "5600000")):
                self.assertEqual(self.equity_of(balance, tiers=rates, tiers_in=tiers_in), equity)

    def minimum_charge(self, moves, charge_a_lot, others):
        """OKX: max(max of the shocks + further charges, the minimum charge in its own tiers)."""
        multiples = tiers(("1", "10000"), ("2", "70000"), ("4", "170000"), ("6", "300000"),
                          ("8", "470000"), ("10", "700000"), ("12", None))
        charges = {"MR7": add_on(["crypto"], place="floor", measure="lot", per_lot=charge_a_lot,
                                 initial=multiples),
                   "MR4": add_on(["crypto"], measure="lot", per_lot=others,
                                 initial=tiers(("1", None)))}
        return make(ONE_GROUP, only(columns(BTC=moves)), BTC, add_ons=charges)

    def test_e8_okx_minimum_charge(self):
        config = self.minimum_charge(["0", "-0.1"], "7.5", "0")
        found = answer(config, None, {"BTC": at("100", 4000)})["initial"]
        self.assertEqual(found["groups"]["crypto"]["sets"]["set"], "40000")
        self.assertEqual(found["groups"]["crypto"]["floor"], "50000")
        self.assertEqual(found["requirement"], "50000")
        self.assertEqual(found["binding"], {"scope": "groups", "group": "crypto", "set": None,
                                            "column": None, "scenario": None})

    def test_e10_okx_aggregator(self):
        for mr4, mr7, total in (("8053.32", "3020.17", "8053.32"), ("0", "3020.87", "3020.87")):
            config = self.minimum_charge(["0"], mr7, mr4)
            self.assertEqual(requirement(config, None, {"BTC": at("100", 1)}), Fraction(total))

    SPAN_FUTURE = [0, 0, 3330, 3330, -3330, -3330, 6670, 6670, -6670, -6670, 10000, 10000, -10000,
                   -10000, 7000, -7000]
    SPAN_CALL = [460, -610, 2640, 1730, -1270, -2340, 5210, 4540, -2540, -3430, 8060, 7640, -3380,
                 -3990, 3130, -1500]

    def test_e12_span_arrays(self):
        config = make({"index": ["SP"]}, {"span": per_group({"index": columns(SP=["0"] * 16)})},
                      {"future": table("SP", "20000"), "call": table("SP", "20000")})

        def scan(future, call, detail=()):
            return answer(config, None, {
                "future": at("400", future, vector=self.SPAN_FUTURE),
                "call": at("8", call, vector=self.SPAN_CALL)}, detail=detail)["initial"]
        self.assertEqual(Fraction(scan(1, 0)["requirement"]), 10000 + Fraction("0.01"))
        self.assertEqual(Fraction(scan(0, 1)["requirement"]), 3990 + Fraction("0.01"))
        covered = scan(1, -1, ["vectors"])
        self.assertEqual(Fraction(covered["requirement"]), 6620 + Fraction("0.01"))
        reserve = 2 * Fraction(10_000 // 2, 10**8)  # half a vector unit of 10,000 fines each
        self.assertEqual([Fraction(c["low"]) + reserve
                          for c in covered["vectors"]["groups"]["index"]["span"]],
                         [f - c for f, c in zip(self.SPAN_FUTURE, self.SPAN_CALL)])
        self.assertEqual(covered["binding"]["column"], 12)

    def test_e14_hyperliquid_tiers(self):
        charge = add_on(["crypto"], initial=tiers(("0.025", "150000000"), ("0.05", None)),
                        maintenance=tiers(("0.0125", "150000000"), ("0.025", None)))
        config = make(ONE_GROUP, only({"columns": STILL}), BTC, add_ons={"tiers": charge})
        for lots, required in ((1000, 1_250_000), (-1500, 1_875_000), (2000, 3_125_000)):
            self.assertEqual(requirement(config, None, {"BTC": at("100000", lots)},
                                         basis="maintenance"), required)

    def shortfall(self, losses, tail):
        moves = [str(-Fraction(loss) / 10**6 * 10**6) for loss in losses]
        history = "date,BTC\n" + "".join(f"{2000 + n // 12}-{1 + n % 12:02d},{move}\n"
                                         for n, move in enumerate(moves))
        past = {"history": {"file": "past.csv", "columns": len(losses)}}
        config = make(ONE_GROUP, {"past": per_group({"crypto": past}, "es", tail=tail)}, BTC,
                      history=history)
        # A loss of 1 ppm of a position worth 1,000,000 is 1.
        found = answer(config, None, {"BTC": at("1000000", 1)})
        return Fraction(found["initial"]["groups"]["crypto"]["sets"]["past"])

    def test_e16_the_mean_of_the_five_worst_of_500(self):
        # Four beyond 602.968 with a mean of 786.856, all in thousandths.
        worst = [900_000, 800_000, 750_000, 697_424, 602_968]
        rest = [(-1)**n * (n * 37 % 600_000) for n in range(495)]
        self.assertEqual(self.shortfall(worst[:2] + rest + worst[2:], "0.01"),
                         Fraction("750078.4"))

    def test_e17_g3_a_fractional_tail(self):
        losses = [10, 9, 8, 7, 6, 5, 4] + [n % 4 - 2 for n in range(245)]
        found = self.shortfall(losses, "0.02")
        self.assertLess(found - Fraction(335, 42), Fraction(1, 10**8))
        self.assertGreaterEqual(found, Fraction(335, 42))

    def test_expected_shortfall_of_less_than_one_column_is_the_worst(self):
        self.assertEqual(self.shortfall([3, 10, -5, 2], "0.1"), 10)
        self.assertEqual(self.shortfall([3, 10, -5, 2], "1"), Fraction(10, 4))
        self.assertEqual(self.shortfall([-3, -10, -5, -2], "0.5"), 0)

    def test_e21_open_interest_raises_the_rate(self):
        charge = add_on(["crypto"], initial=tiers(("0.1", None)), maintenance=tiers(("0.05", None)),
                        ramp_open_interest={"instrument": "BTC", "low": "1000", "high": "3000"})
        config = make(ONE_GROUP, only({"columns": STILL}), BTC, add_ons={"oimf": charge})
        for interest, share in (("0", 10), ("1000", 10), ("2000", 55), ("3000", 100), ("9000", 100)):
            found = answer(config, None, {"BTC": at("100", 1, open_interest=interest)})
            self.assertEqual(Fraction(found["initial"]["requirement"]), share)
            self.assertEqual(found["maintenance"]["requirement"], "5")

    def test_e23_damped_tails(self):
        moves = ["-0.66", "-0.33", "0.5", "1", "2", "3", "4", "5"]
        config = make(ONE_GROUP, only(grid("0.16", damped={"moves": moves, "weight": "edge",
                                                           "volatility": "up"})), BTC)
        tail = config.sets[0].columns[0][9:]
        self.assertEqual([round(float(column.weight), 4) for column in tail],
                         [0.2424, 0.4848, 0.32, 0.16, 0.08, 0.0533, 0.04, 0.032])
        self.assertEqual({column.volatility for column in tail}, {"up"})
        self.assertEqual(tail[0].name, "BTC -0.66, volatility up, damped")
        # Of a linear position the tails ask for no more than the edge.
        self.assertEqual(config.groups[0].shocks[0][9:], [-160000] * 2 + [160000] * 6)
        self.assertEqual(requirement(config, None, {"BTC": at("100", -10)}), 160)

    def test_okx_the_maximum_is_inside_the_unit(self):
        sets = {"MR1": per_group({"BTC": columns(BTC=["0", "-0.1"]),
                                  "ETH": columns(ETH=["0", "-0.05"])}),
                "MR6": per_group({"BTC": columns(BTC=["0", "-0.06"]),
                                  "ETH": columns(ETH=["0", "-0.09"])})}
        config = make({"BTC": ["BTC"], "ETH": ["ETH"]}, sets,
                      {"BTC": instrument("BTC"), "ETH": instrument("ETH")})
        lines = {"BTC": at("1000", 1), "ETH": at("1000", 1)}
        self.assertEqual(requirement(config, None, lines), 190)
        added = make({"BTC": ["BTC"], "ETH": ["ETH"]}, sets,
                     {"BTC": instrument("BTC"), "ETH": instrument("ETH")}, combine_groups="sum")
        self.assertEqual(requirement(added, None, lines), 300)


class EngineCases(unittest.TestCase):
    def test_g1_collateral_hedges_a_short(self):
        for mode, required, available in (("static", "160000", "790000"),
                                          ("both", "8000", "942000"),
                                          ("downside_only", "160000", "790000")):
            config = make(ONE_GROUP, only(grid("0.16")), BTC,
                          {"USD": asset(), "BTC": asset(mode, "BTC", (("0.05", None),))})
            found = answer(config, {"USD": {"index": "1"}, "BTC": {"index": "100000",
                                                                   "balance": "10"}},
                           {"BTC": at("100000", -10)})["initial"]
            self.assertEqual((found["equity"], found["requirement"], found["available"]),
                             ("950000", required, available))

    def test_g2_three_open_orders_at_their_worst_subset(self):
        # P, A and B move with one factor, C with another, in proportion.
        config = make({"all": ["F", "G"]}, {"set": per_group({"all": columns(
            F=["-0.1", "0", "0.1", "0.04"], G=["-0.1", "-0.1", "-0.1", "-0.1"])})},
            {"F": instrument("F"), "G": instrument("G")})
        found = answer(config, usd(170), {"F": at("100", 10), "G": {"mark": "100"}},
                       [order("F", "sell", 3, 100), order("F", "buy", 5, 100)],
                       [order("G", "buy", 1, 100)], ["vectors"])
        self.assertEqual(found["what_if"][0]["available_after"], "10")
        self.assertEqual(found["what_if"][0]["leg"], "margin")
        # Without C: -150, 0, 100 - 30 and 40 - 12.
        self.assertEqual([c["low"] for c in found["initial"]["vectors"]["groups"]["all"]["set"]],
                         ["-150", "0", "70", "28"])

    def test_g6_expected_shortfall_is_convex_where_value_at_risk_is_not(self):
        # P (8, -8, 8) and x (20, 12, -16); a fourth column makes the tail two of four.
        config = make({"all": ["P", "x"]}, {"set": per_group({"all": columns(
            P=["0.08", "-0.08", "0.08", "5"], x=["0.2", "0.12", "-0.16", "5"])}, "es", tail="0.5")},
            {"P": instrument("P"), "x": instrument("x")})
        sums = [2 * requirement(config, None, {"P": at("1", 100), "x": at("1", filled)})
                for filled in (0, 50, 100)]
        self.assertEqual(sums, [0, 2, 4])

    def inverse(self, mark, entry, coins="0"):
        config = make(ONE_GROUP, only(columns(BTC=["0", "-0.16"])),
                      {"perp": instrument("BTC", "inverse_perpetual", "BTC", contract="1",
                                          price_max="200000")},
                      {"BTC": asset("both", "BTC", decimals=12)})
        return answer(config, {"BTC": {"index": mark, "balance": coins}},
                      {"perp": {"mark": mark, "position": "1000000", "entry": entry}})["initial"]

    def test_g8_an_inverse_position_loses_its_notional_times_the_move(self):
        self.assertEqual(self.inverse("65000", "65000")["requirement"], "160000")

    def test_an_inverse_gain_moves_with_the_coin(self):
        # Entered at 65,000 with the mark at 130,000: a fall of 16 % takes 320,000, not 160,000.
        found = self.inverse("130000", "65000")
        self.assertEqual(found["equity"], "999999.99")  # 1,000,000 but for a unit
        self.assertEqual(found["requirement"], "320000")

    def test_beth_tiers_by_value_do_not_overstate_a_hedge(self):
        rates = (("0.05", "2000000"), ("0.15", "4000000"), ("0.5", "8000000"), ("1", None))
        for tiers_in, required in (("value", "1440000"), ("asset", "544000")):
            config = make({"crypto": ["BETH"]}, only(columns(BETH=["0", "0.16"])),
                          {"BETH": instrument("BETH")},
                          {"USD": asset(), "BETH": asset("both", "BETH", rates, tiers_in=tiers_in)})
            found = answer(config, {"USD": {"index": "1"},
                                    "BETH": {"index": "1", "balance": "9000000"}},
                           {"BETH": at("1", -9_000_000)})
            self.assertEqual(found["initial"]["requirement"], required)


class Counterexamples(unittest.TestCase):
    """Where the first obvious formula is wrong."""

    def setUp(self):
        self.config = make(ONE_GROUP, only(grid("0.16")), BTC, group_mult="1.3")

    def test_a_bid_below_the_mark_is_charged_its_move_and_no_cost(self):
        found = answer(self.config, usd(0), {"BTC": {"mark": "100"}},
                       [order("BTC", "buy", 10_000, 90)])["initial"]
        self.assertEqual((found["costs"], found["requirement"]), ("0", "208000"))

    def test_costs_are_outside_the_multiplier(self):
        found = answer(self.config, usd(0), {"BTC": {"mark": "100"}},
                       [order("BTC", "buy", 10_000, 110)])["initial"]
        self.assertEqual((found["costs"], found["requirement"]), ("100000", "208000"))

    def test_the_cost_of_an_order_follows_the_mark(self):
        for mark, costs in (("100000", "0"), ("96000", "40000")):
            found = answer(self.config, usd(0), {"BTC": {"mark": mark}},
                           [order("BTC", "buy", 10, 100_000)])["initial"]
            self.assertEqual(found["costs"], costs)

    def test_offset_futures_can_come_apart_by_a_half_fill(self):
        # Long 10 March, sells of 10 March and 10 June: none 0, both 0, half 10.
        spread = add_on(["crypto"], "hedged", measure="lot", per_lot="1", reach="net", each="expiry",
                        initial=tiers(("1", None)), maintenance=tiers(("1", None)))
        futures = {month: instrument("BTC", "future", expiry=f"2030-{n}-29T08:00:00Z")
                   for month, n in (("March", "03"), ("June", "06"))}
        config = make(ONE_GROUP, only({"columns": STILL}), futures, add_ons={"spread": spread})
        march = {"March": at("100", 10), "June": {"mark": "100"}}
        sells = [order(month, "sell", 10, 100) for month in futures]
        self.assertEqual(requirement(config, usd(0), march), 0)
        self.assertEqual(requirement(config, usd(0), march, sells), 10)

    def test_joint_columns_do_not_hedge_what_moves_apart(self):
        # Long 1,000,000 of one, short of the other: a common grid charges the difference of the
        # ranges, a column in which they part the sum of the moves.
        groups, instruments = {"g": ["A", "B"]}, {"A": instrument("A"), "B": instrument("B")}
        common = per_group({"g": {"grid": {"range": {"A": "0.16", "B": "0.18"}, "points": 9}}})
        apart = per_group({"g": columns(A=["0", "-0.16"], B=["0", "0.147491"])})
        lines = {"A": at("1", 1_000_000), "B": at("1", -1_000_000)}
        self.assertEqual(requirement(make(groups, {"common": common}, instruments), None, lines),
                         20_000)
        self.assertEqual(requirement(make(groups, {"common": common, "apart": apart}, instruments),
                                     None, lines), 307_491)

    def test_gains_of_a_group_offset_by_kappa_up_to_a_cap(self):
        stress = joint({"crash": {"A": "-0.1", "B": "-0.1"}})
        lines = {"A": at("1", 1000), "B": at("1", -1000)}
        for kappa, cap, required in (("1", None, 0), ("0", None, 100), ("0.6", None, 40),
                                     ("0.6", "25", 75)):
            group = {"factors": ["B"], "kappa": kappa, "gain_cap": cap}
            config = make({"a": ["A"], "b": group}, {"crash": stress},
                          {"A": instrument("A"), "B": instrument("B")})
            found = answer(config, None, lines)["initial"]
            # 0.6 is not a multiple of 2^-64: the gain is rounded down by a fine.
            self.assertIn(Fraction(found["requirement"]) - required, (0, Fraction(1, 100)))
            self.assertEqual(found["binding"] is None, required == 0)

    def test_the_joint_part_is_weighted_with_the_groups_alone(self):
        stress = joint({"down": {"A": "-0.1", "B": "-0.1"}, "up": {"A": "0.1", "B": "0.1"}},
                       weight="0.8")
        config = make({"a": ["A"], "b": ["B"]}, {"stress": stress},
                      {"A": instrument("A"), "B": instrument("B")})
        lines = {"A": at("1", 1000), "B": at("1", -1000)}
        self.assertEqual(requirement(config, None, lines), 40)  # 0.8 * 0 + 0.2 * 200


class Exits(unittest.TestCase):
    def setUp(self):
        self.config = make(ONE_GROUP, only(grid("0.16")), {**BTC, "BTC-2": instrument("BTC")})
        self.marks = {"BTC": {"mark": "100"}, "BTC-2": {"mark": "100"}}

    def judge(self, asked, lines, orders=(), balance=0, config=None):
        return answer(config or self.config, usd(balance), {**self.marks, **lines}, orders,
                      [asked])["what_if"][0]

    def test_a_close_passes_at_any_sign_of_what_is_available(self):
        short = {"BTC": at("100", -10)}
        verdict = self.judge(order("BTC", "buy", 10, 100), short, balance=-1000)
        self.assertEqual(verdict["leg"], "exit")
        self.assertEqual((verdict["available_after"], verdict["needed"]), ("-1160", "0"))
        self.assertIsNone(self.judge(order("BTC", "sell", 1, 100), short, balance=-1000)["leg"])

    def test_a_close_must_free_what_it_costs(self):
        short = {"BTC": at("100", -10)}
        self.assertEqual(self.judge(order("BTC", "buy", 10, 116), short)["leg"], "exit")
        refused = self.judge(order("BTC", "buy", 10, "116.01"), short)
        self.assertEqual((refused["leg"], refused["needed"], refused["shortfall"]),
                         (None, "160.1", "320.1"))

    def test_open_exits_pay_for_themselves_together(self):
        short = {"BTC": at("100", -10), "BTC-2": at("100", -10)}
        first = order("BTC-2", "buy", 10, 110, exit=True)
        asked = order("BTC", "buy", 10, 108)
        self.assertIsNone(self.judge(asked, short, [first])["leg"])  # 160 less than 80 + 100
        self.assertEqual(self.judge(order("BTC", "buy", 10, 106), short, [first])["leg"], "exit")
        other = {**first, "exit": False}
        self.assertEqual(self.judge(asked, short, [other])["leg"], "exit")

    def test_a_deep_resting_bid_hides_no_larger_short(self):
        # Net short 10, a bid for 30: [-10, 20]. Selling the long part of 10 leaves short 20, which
        # asks for no more than the 20 long do, but for more than the positions alone.
        lines = {"BTC": at("100", -20), "BTC-2": at("100", 10)}
        bid = order("BTC", "buy", 30, 1)
        self.assertIsNone(self.judge(order("BTC-2", "sell", 10, 100), lines, [bid])["leg"])

    def test_as_an_open_order_an_exit_raises_no_requirement(self):
        # Short 10 and long 20. Over both columns together neither side of flat loses, but an open
        # sale of the 20 may end on the worse one in each.
        lines = {"BTC": at("100", -10), "BTC-2": at("100", 20)}
        both = {"crypto": columns(BTC=["0.16", "-0.16"])}
        for one, leg in ((per_group(both), "exit"), (per_group(both, "es", tail="1"), None)):
            config = make(ONE_GROUP, {"set": one}, {**BTC, "BTC-2": instrument("BTC")})
            verdict = self.judge(order("BTC-2", "sell", 20, 100), lines, balance=-1, config=config)
            self.assertEqual(verdict["leg"], leg)

    def exit_beside(self, more, price):
        """Whether closing short 10 at 160 less than it frees passes beside these assets."""
        assets = {"USD": asset(**more), "ALT": asset(share={"max": "0.5"})}
        config = make(ONE_GROUP, only(grid("0.16")), BTC, assets)
        balances = {"USD": {"index": "1", "balance": "10"}, "ALT": {"index": "1", "balance": "50"}}
        found = answer(config, balances, {"BTC": at("100", -10)}, (), [order("BTC", "buy", 10, price)])
        return found["what_if"][0]["leg"] == "exit"

    def test_what_a_cost_takes_includes_borrow_margin_and_capped_assets(self):
        # Of a share of one half, a dollar less of the uncapped takes a dollar of the capped too.
        self.assertEqual([self.exit_beside({}, price) for price in ("108", "108.01")], [True, False])
        borrow = {"borrow": {"initial": "0.5", "maintenance": "0", "pool_max": "0"}}
        self.assertEqual([self.exit_beside(borrow, price) for price in ("106.40", "106.41")],
                         [True, False])  # 64 * (1 + 1 + 0.5) is 160

    def test_an_exit_raises_no_usage(self):
        # Selling the hedge of a long frees nothing; buying it back past flat is no exit.
        short = {"BTC": at("100", -10)}
        self.assertIsNone(self.judge(order("BTC", "buy", 11, 100), short)["leg"])

    def test_a_market_order_passes_by_margin_when_there_is_enough(self):
        verdict = self.judge(order("BTC", "buy", 10, 105), {}, balance=210)
        self.assertEqual((verdict["leg"], verdict["available_after"], verdict["needed"],
                          verdict["shortfall"]), ("margin", "0", "210", "0"))
        refused = self.judge(order("BTC", "buy", 10, 105), {}, balance=200)
        self.assertEqual((refused["leg"], refused["shortfall"]), (None, "10"))


if __name__ == "__main__":
    unittest.main()
