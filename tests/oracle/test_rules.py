#!/usr/bin/env python3
"""The rules of METHOD section 3 one by one, in numbers that can be checked by hand: equity, collateral
in scenarios, sets, add-ons, and what is refused as input."""

import unittest
from fractions import Fraction

from reader import Problem
from small import (STILL, add_on, answer, asset, at, columns, grid, instrument, joint, make, order,
                   per_group, requirement, table, tiers)

BTC = {"BTC": instrument("BTC")}
ONE_GROUP = {"crypto": ["BTC"]}


def usd(balance):
    return {"USD": {"index": "1", "balance": str(balance)}}


def only(loss_set):
    """A set in the one group."""
    return {"set": per_group({"crypto": loss_set})}


class Equity(unittest.TestCase):
    def one(self, config, assets, instruments=None, orders=()):
        return answer(config, assets, instruments, orders)

    def config(self, assets, instruments=None, **margin):
        return make(ONE_GROUP, only(grid("0.16")), instruments or BTC, assets, **margin)

    def test_a_debt_counts_in_full_and_its_add_on(self):
        config = self.config({"USD": {**asset(tiers=(("0.5", None),)), "debt_addon": "0.1"}})
        self.assertEqual(self.one(config, usd(-100))["initial"]["equity"], "-110")
        self.assertEqual(self.one(config, usd(100))["initial"]["equity"], "50")

    def test_what_is_borrowed_needs_margin(self):
        borrow = {"initial": "0.1", "maintenance": "0.05", "pool_max": "1000"}
        config = self.config({"USD": asset(), "EUR": asset(borrow=borrow)})
        found = self.one(config, {"USD": {"index": "1", "balance": "100"},
                                  "EUR": {"index": "1", "balance": "60", "borrowed": "40"}})
        self.assertEqual((found["initial"]["equity"], found["maintenance"]["equity"]), ("116", "118"))
        self.assertEqual(found["assets"]["EUR"]["amount"], "20")
        overdrawn = self.one(config, {"USD": {"index": "1"}, "EUR": {"index": "1", "balance": "-30"}})
        self.assertEqual(overdrawn["initial"]["equity"], "-33")

    def test_what_moves_with_its_factor_in_each_mode(self):
        # What 100 and a debt of 100 lose when they fall by 10 % and rise by 20 %.
        for mode, held, owed in (("static", 0, 0), ("both", 10, 20), ("downside_only", 10, 20),
                                 ("upside_only", 0, 20)):
            config = make(ONE_GROUP, only(columns(BTC=["0", "-0.1", "0.2"])), BTC,
                          {"USD": asset(), "BTC": asset(mode, "BTC")})
            for balance, loss in (("100", held), ("-100", owed)):
                coins = {"USD": {"index": "1"}, "BTC": {"index": "1", "balance": balance}}
                self.assertEqual(requirement(config, coins), loss)
            # Beside a position of the other sign: what offsets it counts only where it must.
            hedged = {"BTC": at("1", -200)}
            rise = requirement(config, {"USD": {"index": "1"}, "BTC": {"index": "1", "balance": "100"}},
                               hedged)
            self.assertEqual(rise, {"both": 20, "upside_only": 20}.get(mode, 40))
            fall = requirement(config, {"USD": {"index": "1"}, "BTC": {"index": "1",
                                                                     "balance": "-100"}},
                               {"BTC": at("1", 300)})
            self.assertEqual(fall, 20 if mode == "both" else 30)

    def test_a_rise_does_not_count_what_costs_may_take(self):
        config = make(ONE_GROUP, only(columns(BTC=["0", "0.2"])),
                      {"BTC": instrument("BTC", settlement="BTC")},
                      {"BTC": asset("upside_only", "BTC")})
        coins = {"BTC": {"index": "1", "balance": "100"}}
        short = {"BTC": at("1", -100)}
        self.assertEqual(requirement(config, coins, short), 0)
        # A buy of 10 at 2 may cost 10 of the 100 coins.
        self.assertEqual(requirement(config, coins, short, orders=[order("BTC", "buy", 10, 2)]), 2)

    def test_a_rise_by_value_counts_at_the_rate_it_leads_to(self):
        tiers_of_value = (("0", "100"), ("0.5", None))
        config = make(ONE_GROUP, only(columns(BTC=["0", "0.2"])), BTC,
                      {"USD": asset(), "BTC": asset("both", "BTC", tiers_of_value, tiers_in="value")})
        for balance, required in (("83.33", "3.34"), ("83.34", "11.67")):
            coins = {"USD": {"index": "1"}, "BTC": {"index": "1", "balance": balance}}
            found = answer(config, coins, {"BTC": at("1", -100)})["initial"]
            self.assertEqual(found["requirement"], required)

    def test_a_capped_asset_counts_beside_the_others(self):
        config = self.config({"USD": asset(), "ALT": asset(share={"max": "0.25", "free": "10"})})
        for dollars, counts in (("90", "40"), ("600", "100"), ("-100", "0")):
            found = self.one(config, {"USD": {"index": "1", "balance": dollars},
                                      "ALT": {"index": "1", "balance": "100"}})
            self.assertEqual(found["assets"]["ALT"]["initial"]["value"], counts)

    def test_maintenance_has_its_own_haircuts_and_no_orders(self):
        own = [{"upto": None, "haircut": "0"}]
        config = self.config({"USD": asset(tiers=(("0.2", None),), maintenance_haircut_tiers=own)})
        found = self.one(config, usd(1000), {"BTC": at("100", 1)},
                         [order("BTC", "buy", 1, 110)])
        self.assertEqual([found[basis][key] for basis in ("initial", "maintenance")
                          for key in ("equity", "costs", "requirement", "available")],
                         ["800", "10", "32", "758", "1000", "0", "16", "984"])
        self.assertEqual(found["initial"]["ratio"], "24.6875")

    def test_orders_may_count_in_maintenance(self):
        config = self.config({"USD": asset()}, maintenance_includes_orders=True)
        found = self.one(config, usd(1000), {"BTC": at("100", 1)}, [order("BTC", "buy", 1, 110)])
        self.assertEqual(found["maintenance"]["available"], found["initial"]["available"])

    def option(self, **more):
        return {"call": {**table("BTC", "1000", "option", option_type="call", strike="100",
                                 premium="upfront"), **more}}

    def test_an_upfront_option_counts_beside_the_haircut_equity(self):
        flat = ["0"] * 9
        for more, premium, value in (({}, "30", "20"), ({"premium": "futures_style"}, "0", "20"),
                                     ({"long_value": False}, "0", "-10")):
            config = self.config({"USD": asset()}, self.option(**more))
            found = self.one(config, usd(0), {"call": {"mark": "15", "position": "2", "entry": "5",
                                                       "vector": flat}})
            self.assertEqual((found["option_value"], found["initial"]["equity"]), (premium, value))

    def test_without_long_value_a_long_option_offsets_nothing_and_is_paid_in_full(self):
        vector = ["50"] * 9
        config = self.config({"USD": asset()}, {**self.option(long_value=False), **BTC})
        lines = {"call": {"mark": "15", "position": "2", "entry": "15", "vector": vector},
                 "BTC": at("100", 1)}
        self.assertEqual(self.one(config, usd(100), lines)["initial"]["requirement"], "16")
        # Buys beyond a short position of 2 cost the lower of mark and limit, and what is beyond it.
        lines["call"].update(position="-2", cash="0")
        del lines["call"]["entry"]
        for price, costs in (("10", "10"), ("15", "15"), ("20", "30")):
            found = self.one(config, usd(100), lines, [order("call", "buy", 3, price)])
            self.assertEqual(found["initial"]["costs"], costs)

    def test_a_premium_costs_what_paying_it_takes_beyond_what_it_buys(self):
        flat = ["0"] * 9
        lines = {"call": {"mark": "15", "position": "-2", "cash": "0", "vector": flat}}
        borrow = {"initial": "0.1", "pool_max": "1000"}
        capped = {"USD": asset(), "ALT": asset(share={"max": "0.5"})}
        # In dollars, and what the equity falls by.
        for assets, costs, value in (
                ({"USD": asset()}, "0", "0"),
                ({"USD": {**asset(), "debt_addon": "0.25"}}, "3", "3.75"),  # 15 - 15 / 1.25
                ({"USD": {**asset(), "debt_addon": "0.25", "borrow": borrow}}, "3.89", "4.87"),
                (capped, "7.5", "7.5")):  # as much of ALT counts less: 15 - 15 / 2
            config = self.config(assets, self.option())
            found = self.one(config, usd(100), lines, [order("call", "buy", 1, "15")])
            self.assertEqual(found["assets"]["USD"]["costs"], costs)
            self.assertEqual(found["initial"]["costs"], value)
            sold = self.one(config, usd(100), lines, [order("call", "sell", 1, "15")])
            self.assertEqual(sold["assets"]["USD"]["costs"], "0")

    def test_without_long_value_a_buy_costs_the_lower_of_its_worth_and_what_is_paid(self):
        fees = {"maker_fee_ppm": 0, "taker_fee_ppm": 10_000}
        config = self.config({"USD": {**asset(), "debt_addon": "0.25"}},
                             self.option(long_value=False, **fees))
        lines = {"call": {"mark": "15", "position": "-2", "cash": "0", "vector": ["0"] * 9}}
        # Of three lots one is beyond the short position: it is worth 12, or paid with 10 and a fee.
        # All of them cost what is paid beyond 12.
        for price, costs in (("10", "10.1"), ("15", "21.45"), ("20", "36.6")):
            found = self.one(config, usd(100), lines, [order("call", "buy", 3, price)])
            self.assertEqual(found["assets"]["USD"]["costs"], costs)

    def test_a_fee_is_rounded_up_for_each_lot(self):
        fees = {"maker_fee_ppm": -10, "taker_fee_ppm": 100}
        config = self.config({"USD": asset()}, {"BTC": instrument("BTC", **fees)})
        found = self.one(config, usd(100), {"BTC": {"mark": "10"}},
                         [order("BTC", "buy", 7, "10"), order("BTC", "sell", 5, "10.01")])
        self.assertEqual(found["initial"]["costs"], "0.07")  # 0.001 each; the sale pays for its own

    def test_an_inverse_order_holds_three_units_a_lot_for_its_roundings(self):
        config = make(ONE_GROUP, only(grid("0.16")),
                      {"perp": instrument("BTC", "inverse_perpetual", "BTC", contract="100",
                                          price_max="100000")}, {"BTC": asset(decimals=10)})
        found = self.one(config, {"BTC": {"index": "50000", "balance": "1"}},
                         {"perp": {"mark": "50000"}},
                         [order("perp", "buy", 2, "50000"), order("perp", "sell", 1, "49999")])
        # 100/49999 - 100/50000 coins are 400.008 units of 1e-10.
        self.assertEqual(found["assets"]["BTC"]["costs"], "0.000000041")

    def test_states_by_bands(self):
        for balance, state in (("16", "normal"), ("15.99", "liquidation"),
                               ("-0.01", "bankrupt")):
            config = self.config({"USD": asset()})
            found = self.one(config, usd(balance), {"BTC": at("100", 1)})
            self.assertEqual(found["state"], state)
        bands = [{"state": "warned", "basis": "initial", "enter": "2", "exit": "2.5"}]
        config = self.config({"USD": asset()}, bands=bands)
        for balance, state in (("31.99", "warned"), ("32", "normal")):  # left only at 40
            self.assertEqual(self.one(config, usd(balance), {"BTC": at("100", 1)})["state"], state)
        self.assertEqual(self.one(config, usd("0"))["state"], "normal")

    def test_leverage_and_its_brackets(self):
        brackets = [{"upto": "1000", "max": "20"}, {"upto": None, "max": "5"}]
        config = make(ONE_GROUP, only(grid("0.16")), BTC,
                      profile={"leverage_max": "10", "leverage_brackets": brackets})
        for lots, most in ((10, "10"), (11, "5")):
            found = self.one(config, usd(300), {"BTC": at("100", lots)})["leverage"]
            self.assertEqual((found["gross_notional"], found["max"]), (str(lots * 100), most))
        self.assertEqual(found["ratio"], "3.666667")

    def test_what_leverage_counts(self):
        # 3 at 100, 2 options at 5 on two of them each, and a bid for a coin; equity 1,000 - 30 owed in
        # coins, which count 0.5 more.
        assets = {"USD": asset(), "BTC": asset(debt_addon="0.5", decimals=8)}
        instruments = {**BTC, "SPOT": instrument("BTC", "spot", base="BTC"),
                       "CALL": instrument("BTC", reference="BTC", reference_ratio="2")}
        for keys, counted, ratio in (({}, "700", "0.732985"),
                                     ({"leverage_options": "underlying"}, "700", "0.732985"),
                                     ({"leverage_options": "premium"}, "310", "0.324608"),
                                     ({"leverage_spot": True}, "800", "0.837697"),
                                     ({"leverage_spot": False}, "700", "0.732985"),
                                     ({"leverage_equity": "plain"}, "700", "0.72165")):
            config = make(ONE_GROUP, only(columns(BTC=["0"])), instruments, assets, **keys)
            found = self.one(config, {"USD": {"index": "1", "balance": "1000"},
                                      "BTC": {"index": "100", "balance": "-0.3"}},
                             {"BTC": at("100", 3), "CALL": at("5", -2), "SPOT": {"mark": "100"}},
                             [order("SPOT", "buy", 1, "100")])["leverage"]
            self.assertEqual((found["gross_notional"], found["ratio"]), (counted, ratio))


class Spot(unittest.TestCase):
    """A unit of USD owed counts 1.1; BTC counts 0.8 and falls by 30 % or rises by 20 %, and one that is
    owed needs a margin of 0.1 beside."""
    BORROW = {"initial": "0.1", "maintenance": "0.1", "pool_max": "1"}
    ASSETS = {"USD": {**asset(), "debt_addon": "0.1"},
              "BTC": asset("both", "BTC", tiers=(("0.2", None),), borrow=BORROW)}
    MARKETS = {**BTC, "BTC-USD": instrument("BTC", "spot", base="BTC")}

    def answer(self, dollars, coins, lines=None, orders=(), what_if=(), fee=0, **more):
        markets = {**self.MARKETS, "BTC-USD": {**self.MARKETS["BTC-USD"], "taker_fee_ppm": fee}}
        config = make(ONE_GROUP, only(columns(BTC=["0", "-0.3", "0.2"])), markets, self.ASSETS, **more)
        held = {"USD": {"index": "1", "balance": str(dollars)},
                "BTC": {"index": "100", "balance": str(coins)}}
        return answer(config, held, {"BTC-USD": {"mark": "100"}, **(lines or {})}, orders, what_if)

    def figures(self, found):
        return [found["initial"][key] for key in ("equity", "costs", "requirement", "available")]

    def test_a_buy_brings_what_may_fall_and_is_paid_in_debt_at_most(self):
        # A coin counts 80, which pays for 72.72 USD of debt: at 104 five cost 156.40, which count 1.1.
        # The five may fall by 30 % of 400.
        buy = order("BTC-USD", "buy", 5, 104)
        found = self.answer(1000, 0, orders=[buy])
        self.assertEqual(found["assets"]["USD"]["costs"], "156.4")
        self.assertEqual(self.figures(found), ["1000", "172.04", "120", "707.96"])
        # Without a dollar all of it is debt: the fill takes what the order was charged.
        found, filled = self.answer(0, 0, orders=[buy]), self.answer(-520, 5)
        self.assertEqual(self.figures(found), ["0", "172.04", "120", "-292.04"])
        self.assertEqual(self.figures(filled), ["-172", "0", "120", "-292"])
        # 0.1 % of 104 is 0.11 a lot.
        self.assertEqual(self.answer(0, 0, orders=[buy], fee=1000)["assets"]["USD"]["costs"], "156.95")

    def test_a_sell_takes_from_the_rise_that_backs_a_short_perpetual(self):
        # A coin sold may be owed and need margin: 110 for 100 got, which costs 10 / 1.1 a lot.
        short = {"BTC": at("100", -8)}
        sell = order("BTC-USD", "sell", 5, 100)
        before, found = (self.answer(0, 10, short, orders=orders) for orders in ([], [sell]))
        self.assertEqual(self.figures(before), ["800", "0", "0", "800"])
        # Five coins are left for the rise of 20 %, and all ten may fall.
        self.assertEqual(found["assets"]["USD"]["costs"], "45.5")
        self.assertEqual(self.figures(found), ["800", "50.05", "80", "669.95"])
        (asked,) = self.answer(0, 10, short, what_if=[sell])["what_if"]
        self.assertEqual((asked["leg"], asked["available_after"], asked["needed"]),
                         ("margin", "669.95", "130.05"))
        # Once sold, the coins back nothing: 500 USD, and of 800 short 400 are backed.
        self.assertEqual(self.figures(self.answer(500, 5, short)), ["900", "0", "80", "820"])

    def test_no_spot_order_is_an_exit(self):
        # It would free margin: but leg 2 is for positions.
        (asked,) = self.answer(-900, 10, what_if=[order("BTC-USD", "sell", 10, 100)])["what_if"]
        self.assertEqual((asked["leg"], asked["shortfall"]), (None, asked["available_after"][1:]))

    def test_what_is_capped_counts_nothing_when_it_is_got(self):
        # A dollar less lets 0.25 less of it count: one paid takes 1.25 * 1.1.
        capped = {**self.ASSETS, "BTC": asset(share={"max": "0.2"})}
        config = make(ONE_GROUP, only(columns(BTC=["0"])), self.MARKETS, capped)
        found = answer(config, {"USD": {"index": "1", "balance": "1000"}, "BTC": {"index": "100"}},
                       {"BTC-USD": {"mark": "100"}}, [order("BTC-USD", "buy", 1, 100)])
        self.assertEqual(found["initial"]["costs"], "110")  # nothing of the coin is taken off
        sold = answer(config, {"USD": {"index": "1"}, "BTC": {"index": "100", "balance": "1"}},
                      {"BTC-USD": {"mark": "100"}}, [order("BTC-USD", "sell", 1, 100)])
        self.assertEqual(sold["initial"]["costs"], "0")  # of 100 that may count, 100 are got

    def test_a_cash_account_may_not_spend_the_same_cash_twice(self):
        # 300.30 are spoken for. A requirement ten times as large is not asked.
        open_order = order("BTC-USD", "buy", 3, 100)

        def asked(*orders, coins="1"):
            return self.answer(500, coins, {"BTC": {"mark": "100"}}, [open_order], orders, fee=1000,
                               group_mult="10", account={"cash_only": True})["what_if"]
        for wanted, leg, shortfall in (
                (order("BTC-USD", "buy", 2, 99), "cash", "0"),      # 198.20
                (order("BTC-USD", "buy", 2, 100), None, "0.5"),     # 200.20
                (order("BTC-USD", "sell", 1, 100), "cash", "0"),
                (order("BTC-USD", "sell", 2, 100), None, "100"),
                (order("BTC", "buy", 1, 100), None, "0")):          # it trades spot alone
            (found,) = asked(wanted)
            self.assertEqual((found["leg"], found["shortfall"]), (leg, shortfall), wanted)
            self.assertLess(Fraction(found["available_after"]), 0)
        # The coins that an open buy may bring are not there yet.
        self.assertIsNone(asked(order("BTC-USD", "sell", 1, 100), coins="0")[0]["leg"])

    def test_a_protection_is_of_lots_and_not_of_spot(self):
        found = self.answer(1000, 0, orders=[order("BTC-USD", "buy", 5, 100)],
                            account={"protections": [{"group": "crypto", "lots": 1}]})
        self.assertEqual(found["initial"]["requirement"], "120")


class Protections(unittest.TestCase):
    # BTC moves by 10 % down and 20 % up; a lot at 100 loses 10 or 20 on its worse side.
    SETS = only({"columns": {"down": {"BTC": "-0.1"}, "up": {"BTC": "0.2"}}})

    def answer(self, lines, orders=(), what_if=(), balance="1000"):
        config = make(ONE_GROUP, self.SETS, BTC, account={"protections": [{"group": "crypto",
                                                                           "lots": 4}]})
        return answer(config, {"USD": {"index": "1", "balance": balance}}, lines, orders, what_if)

    def required(self, *orders, lots=0):
        return self.answer({"BTC": at("100", lots)}, orders)["initial"]["requirement"]

    def test_quotes_lose_what_it_lets_fill(self):
        buy, sell = order("BTC", "buy", 30, 100), order("BTC", "sell", 30, 100)
        self.assertEqual(self.required(), "0")
        self.assertEqual(self.required(buy), "80")  # 4 lots, whichever side
        self.assertEqual(self.required(buy, sell), "80")
        self.assertEqual(self.required(buy, sell, lots=20), "240")

    def test_exits_count_in_full(self):
        close = order("BTC", "sell", 30, 100, exit=True)
        self.assertEqual(self.required(close, lots=20), "200")
        self.assertEqual(self.required(close, lots=10), "400")
        self.assertEqual(self.required(close, order("BTC", "buy", 1, 100), lots=20), "280")

    def test_a_close_is_an_exit_where_there_is_no_room_for_a_quote(self):
        for balance, leg in (("240", "margin"), ("239", "exit")):
            found = self.answer({"BTC": at("100", 20)}, what_if=[order("BTC", "sell", 20, 100)],
                                balance=balance)
            self.assertEqual(found["what_if"][0]["leg"], leg)


class AddOns(unittest.TestCase):
    ONE = tiers(("1", None))

    def charged(self, lines, orders=(), basis="initial", instruments=None, **more):
        charge = add_on(["crypto"], initial=self.ONE, maintenance=self.ONE, **more)
        config = make(ONE_GROUP, only({"columns": STILL}), instruments or BTC,
                      {"USD": asset(), "BTC": asset()}, add_ons={"charge": charge})
        found = answer(config, {"USD": {"index": "1"}, "BTC": {"index": "100"}}, lines, orders)
        return Fraction(found[basis]["groups"]["crypto"]["add_ons"]["charge"])

    def test_each_reach_over_open_orders(self):
        line = {"BTC": at("10", 3)}
        orders = [order("BTC", "buy", 2, 10), order("BTC", "sell", 7, 10)]
        for reach, lots in (("net", 5), ("long_net", 5), ("short_net", 4), ("gross", 5),
                            ("long", 5), ("short", 4)):
            self.assertEqual(self.charged(line, orders, reach=reach), 10 * lots, reach)
            alone = 0 if reach.startswith("short") else 3
            self.assertEqual(self.charged(line, orders, "maintenance", reach=reach), 10 * alone, reach)

    def test_funding_is_held_for_the_side_that_pays(self):
        for rate, payable in (("0.01", 50), ("-0.01", 40)):
            line = {"BTC": at("1000", 3, predicted_funding=rate)}
            orders = [order("BTC", "buy", 2, 1000), order("BTC", "sell", 7, 1000)]
            self.assertEqual(self.charged(line, orders, measure="funding", reach="payable"), payable)

    def test_places_of_an_add_on(self):
        for place, required in (("group", 26 * 2), ("floor", 16 * 2), ("joint", 16 * 2),
                                ("outside", 16 * 2 + 10)):
            charge = add_on(["crypto"], place=place, initial=tiers(("0.1", None)))
            config = make(ONE_GROUP, only(grid("0.16")), BTC, add_ons={"charge": charge},
                          group_mult="2", joint_mult="3", maintenance_group_mult="0.5")
            self.assertEqual(requirement(config, None, {"BTC": at("100", 1)}), required, place)
            self.assertEqual(requirement(config, None, {"BTC": at("100", 1)}, basis="maintenance"), 8)

    def test_the_joint_part_has_its_own_multipliers_and_add_ons(self):
        charge = add_on(["crypto"], place="joint", initial=tiers(("0.1", None)))
        config = make(ONE_GROUP, {"crash": joint({"crash": {"BTC": "-0.3"}})}, BTC, joint_mult="2",
                      maintenance_joint_mult="0.5", add_ons={"charge": charge})
        found = answer(config, None, {"BTC": at("100", 1)})
        self.assertEqual((found["initial"]["requirement"], found["maintenance"]["requirement"]),
                         ("80", "15"))
        self.assertEqual(found["initial"]["scopes"], {"groups": "0", "joint": "80", "outside": "0"})
        self.assertEqual(found["initial"]["binding"], {
            "scope": "joint", "group": None, "set": "crash", "column": 0, "scenario": "crash"})

    def test_sets_that_warn_or_report_decide_nothing(self):
        part = {"crypto": columns(BTC=["0", "-0.5"])}
        for action, warned in (("warn", {"requirement": "50", "available": "50"}), ("report", None)):
            config = make(ONE_GROUP, {"base": per_group({"crypto": grid("0.16")}),
                                      "trial": per_group(part, action=action)}, BTC)
            found = answer(config, usd(100), {"BTC": at("100", 1)})["initial"]
            self.assertEqual((found["requirement"], found["with_warnings"]), ("16", warned))
            self.assertEqual(found["groups"]["crypto"]["sets"], {"base": "16", "trial": "50"})

    def test_history_takes_the_newest_rows(self):
        past = {"history": {"file": "past.csv", "columns": 2}}
        config = make(ONE_GROUP, {"past": per_group({"crypto": past})}, BTC,
                      history="date,BTC\n2020-03-12,-371695\n2020-03-13,-100000\n2020-03-14,50000\n")
        found = answer(config, None, {"BTC": at("100", 1)})["initial"]
        self.assertEqual((found["requirement"], found["binding"]["scenario"]), ("10", "2020-03-13"))

    def test_a_ramp_is_offset_only_by_what_is_surely_there(self):
        calls = {"call": table("BTC", "1000", "option", option_type="call", strike="1",
                               premium="upfront")}
        more = {"function": "ramp", "measure": "delta", "reach": "net", "threshold": "200",
                "per": "BTC", "slope": "0.02", "most": "0.1", "of": {"instruments": ["BTC"]},
                "offset": {"kinds": ["option"]}, "instruments": {**BTC, **calls}}
        row = {"mark": "1", "entry": "1", "vector": ["0"], "delta": "50"}
        short = {"BTC": at("100", -10), "call": {**row, "position": "4"}}
        # 1,000 less 200 are 800: 600 beyond the threshold, 6 coins at 2 % each, at most 10 %.
        self.assertEqual(self.charged(short, **more), 80)
        # 250 of delta: half a coin beyond, 1 % of it.
        short["call"]["position"] = "15"
        self.assertEqual(self.charged(short, **more), Fraction("2.5"))
        # An open sell of the calls may take the offset away.
        self.assertEqual(self.charged(short, [order("call", "sell", 15, 1)], **more), 100)
        # A long future is not offset by long calls.
        long = {"BTC": at("100", 10), "call": {**row, "position": "4"}}
        self.assertEqual(self.charged(long, **more), 100)

    def test_the_rate_of_a_ramp_is_rounded_up_to_a_millionth(self):
        more = {"function": "ramp", "reach": "net", "threshold": "0", "per": "USD",
                "slope": "0.000001", "most": "0.1"}
        # 100.5 dollars at 101 millionths.
        self.assertEqual(self.charged({"BTC": at("100.5", 1)}, **more), Fraction("0.0101505"))

    def test_a_charge_rises_with_open_interest_by_millionths(self):
        rising = {"instrument": "BTC", "low": "0", "high": "3"}
        charge = add_on(["crypto"], initial=tiers(("0.1", None)), maintenance=tiers(("0.1", None)),
                        ramp_open_interest=rising)
        config = make(ONE_GROUP, only({"columns": STILL}), BTC, add_ons={"charge": charge})
        for interest, charged in (("0", "10"), ("1", "40.00006"), ("3", "100"), ("9", "100")):
            found = answer(config, usd(1000), {"BTC": at("100", 1, open_interest=interest)})
            self.assertEqual([found[basis]["groups"]["crypto"]["add_ons"]["charge"]
                              for basis in ("initial", "maintenance")], [charged, "10"])

    def test_an_inverse_lot_is_counted_at_its_own_mark(self):
        coins = {"perp": instrument("BTC", "inverse_perpetual", "BTC", contract="100",
                                    price_max="100000", reference="BTC"), **BTC}
        charge = add_on(["crypto"], measure="premium", initial=self.ONE)
        paid = add_on(["crypto"], measure="funding", reach="payable", initial=self.ONE,
                      of={"instruments": ["perp"]})
        config = make(ONE_GROUP, only({"columns": STILL}), coins,
                      {"USD": asset(), "BTC": asset(decimals=10)},
                      add_ons={"charge": charge, "paid": paid})
        found = answer(config, {"USD": {"index": "1"}, "BTC": {"index": "40000"}},
                       {"perp": {"mark": "40000", "position": "3", "cash": "0",
                                 "predicted_funding": "0.001"}, "BTC": {"mark": "70000"}})
        add_ons = found["initial"]["groups"]["crypto"]["add_ons"]
        self.assertEqual(add_ons, {"charge": "300", "paid": "0.3"})
        self.assertEqual(found["leverage"]["gross_notional"], "210000")

    def test_drivers_by_expiry_and_by_strike(self):
        futures = {"a": instrument("BTC", "future", expiry="2030-01-01T00:00:00Z"),
                   "b": instrument("BTC", "future", expiry="2030-02-01T00:00:00Z"), **BTC}
        lines = {"a": at("1", 10), "b": at("1", -4), "BTC": at("1", -3)}
        for each, charge in (("all", 3), ("instrument", 17), ("expiry", 17)):
            self.assertEqual(self.charged(lines, instruments=futures, reach="net", each=each), charge)
        puts = {name: table("BTC", "1000", "option", option_type=kind, strike=strike,
                            premium="futures_style")
                for name, kind, strike in (("p1", "put", "10"), ("p2", "put", "10.0"),
                                           ("c1", "call", "10"), ("p3", "put", "11"))}
        row = {"mark": "1", "entry": "1", "vector": ["0"], "initial_charge": "2"}
        lines = {name: {**row, "position": lots}
                 for name, lots in (("p1", "5"), ("p2", "-7"), ("c1", "-1"), ("p3", "-1"))}
        self.assertEqual(self.charged(lines, instruments=puts, measure="initial_charge",
                                      reach="net", each="strike"), 2 * (2 + 1 + 1))
        self.assertEqual(self.charged(lines, instruments=puts, measure="initial_charge",
                                      reach="short"), 2 * 9)

    def test_a_reference_gives_its_notional(self):
        calls = {"call": table("BTC", "1000", "option", option_type="call", strike="1",
                               premium="futures_style", reference="BTC", reference_ratio="0.5")}
        lines = {"BTC": {"mark": "100"}, "call": at("3", -4, vector=["0"])}
        self.assertEqual(self.charged(lines, instruments={**BTC, **calls}), 200)
        self.assertEqual(self.charged(lines, instruments={**BTC, **calls}, measure="premium"), 12)


class Refusals(unittest.TestCase):
    """What is wrong in an input is an error that names it."""

    def refused(self, words, act):
        with self.assertRaises(Problem) as caught:
            act()
        self.assertIn(words, str(caught.exception))

    def test_portfolios(self):
        config = make(ONE_GROUP, only(grid("0.16")), {
            **BTC, "t": table("BTC", "100"), "half": instrument("BTC", tick="0.5")})
        for words, assets, lines, orders in (
                ("assets.BTC: is not in", {"BTC": {}}, {}, []),
                ("USD.index: is missing", {"USD": {"balance": "1"}}, {}, []),
                ("USD has no index", {}, {"BTC": at("1", 1)}, []),
                ("BTC has no mark", usd(1), {"BTC": {"position": "1", "entry": "1"}}, []),
                ("entry: is needed", usd(1), {"BTC": {"position": "1", "mark": "1"}}, []),
                ("more than 2 digits", {"USD": {"index": "1", "balance": "0.001"}}, {}, []),
                ("number of lots", usd(1), {"BTC": at("1", "0.5")}, []),
                ("t has no vector", usd(1), {"t": at("1", 1)}, []),
                ("must have 9 values", usd(1), {"t": at("1", 1, vector=["1"])}, []),
                ("vector.0: is out of range", usd(1), {"t": at("1", 1, vector=["100.01"] * 9)}, []),
                ("vega: unknown key", usd(1), {"BTC": at("1", 1, vega="1")}, []),
                ("number of ticks", usd(1), {}, [order("half", "buy", 1, "1.2")]),
                ("must be positive", usd(1), {}, [order("BTC", "buy", 0, "1")])):
            self.refused(words, lambda a=assets, i=lines, o=orders: answer(config, a, i, o))

        spot = make(ONE_GROUP, only(grid("0.16")), Spot.MARKETS, Spot.ASSETS)
        mark = {"BTC-USD": {"mark": "1"}}
        buy = order("BTC-USD", "buy", 1, 1)
        self.refused("BTC has no index", lambda: answer(spot, usd(1), mark, [buy]))
        self.refused("no spot order is an exit",
                     lambda: answer(spot, usd(1), mark, [{**buy, "exit": True}]))

    def test_configurations(self):
        coarse = {"inverse": instrument("BTC", "inverse_perpetual", "BTC", contract="100")}
        self.refused("needs more decimals", lambda: make(
            ONE_GROUP, only(grid("0.16")), coarse, {"BTC": asset(decimals=8)}))
        self.refused("must be odd", lambda: make(ONE_GROUP, only(grid("0.16", 4)), BTC))
        self.refused("unknown key", lambda: make(ONE_GROUP, only(grid("0.16")), BTC, mults="1"))
        self.refused("selects nothing", lambda: make(ONE_GROUP, only(grid("0.16")), BTC, add_ons={
            "a": add_on(["crypto"], of={"kinds": ["option"]})}))
        self.refused("must not fall", lambda: make(ONE_GROUP, only(grid("0.16")), BTC, add_ons={
            "a": add_on(["crypto"], initial=tiers(("0.2", "5"), ("0.1", None)))}))
        self.refused("must not rise", lambda: make(ONE_GROUP, only(grid("0.16")), BTC, {
            "USD": asset(tiers=(("0.2", "5"), ("0.1", None)))}))
        self.refused("without a haircut", lambda: make(
            ONE_GROUP, only(grid("0.16")), {"call": table("BTC", "1", "option", option_type="call",
                                                          strike="1", premium="upfront")},
            {"USD": asset(tiers=(("0.1", None),))}))
        self.refused("has one tier", lambda: make(ONE_GROUP, only(grid("0.16")), BTC, add_ons={
            "a": add_on(["crypto"], "ramp", reach="net", initial=tiers(("0.1", "5"), ("0.2", None)),
                        threshold="0", per="USD", slope="0", most="0")}))
        self.refused("must be uncapped", lambda: make(ONE_GROUP, only(grid("0.16")), Spot.MARKETS, {
            **Spot.ASSETS, "USD": asset(share={"max": "0.5"})}))
        self.refused("counts no rises", lambda: make(ONE_GROUP, only(grid("0.16")), BTC, {
            "BTC": asset("both", "BTC", share={"max": "0.5"})}))


if __name__ == "__main__":
    unittest.main()
