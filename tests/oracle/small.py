"""Small configurations for tests: what an example does not say is neutral."""

import bounds
import configuration
import json
import reader
from answer import Answer
from fractions import Fraction
from margin import Contract, Unrounded
from portfolio import Portfolio

STILL = {"unchanged": {"default": "0"}}


def asset(mode="static", factor=None, tiers=(("0", None),), decimals=2, **more):
    """`tiers`: (haircut, upto); of a moving asset the haircut is the residual one."""
    haircuts = []
    for haircut, upto in tiers:
        tier = {"upto": upto, "haircut": haircut}
        if mode in configuration.FALLING:
            tier.update(haircut="1", residual_haircut=haircut)
        haircuts.append(tier)
    return {"decimals": decimals, "index_decimals": 2, "index_max": "1000000", "debt_addon": "0",
            "scenario_mode": mode, "factor": factor, "haircut_tiers": haircuts, **more}


def instrument(factor, kind="perpetual", settlement="USD", **more):
    made = {"kind": kind, "settlement": settlement, "factor": factor, "lot": "1", "tick": "0.01",
            "mark_decimals": 2, "price_max": "1000000", "maker_fee_ppm": 0, "taker_fee_ppm": 0}
    if not kind.startswith("inverse") and kind != "spot":
        made["multiplier"] = "1"
    return {**made, **more}


def table(factor, most, kind="future", **more):
    """An instrument whose risk comes from a table; `most`: a lot's largest change."""
    return instrument(factor, kind, expiry="2030-01-01T00:00:00Z", risk="table",
                      lot_value_max=most, **more)


def per_group(groups, measure="worst", **more):
    return {"scope": "per_group", "measure": measure, "action": "enforce", "groups": groups, **more}


def joint(columns, measure="worst", weight="1", **more):
    return {"scope": "joint", "measure": measure, "action": "enforce", "weight": weight,
            "columns": columns, **more}


def grid(range_, points=9, **more):
    return {"grid": {"range": range_, "points": points, **more}}


def columns(**moves_by_factor):
    """Columns "0", "1", ... from the factors' moves in each."""
    factors = list(moves_by_factor)
    return {"columns": {str(at): dict(zip(factors, moves))
                        for at, moves in enumerate(zip(*moves_by_factor.values()))}}


def make(groups, sets, instruments, assets=None, risk_decimals=2, profile=None, history="", account=None,
         **margin):
    """`groups`: factors by group, or the group's whole settings."""
    by_name = {name: {"factors": group, "kappa": "1"} if isinstance(group, list) else group
               for name, group in groups.items()}
    files = {
        "assets": {"risk_currency": {"name": "USD", "decimals": risk_decimals},
                   "assets": {"USD": asset()} if assets is None else assets},
        "margin": {"groups": by_name, "sets": sets, "group_mult": "1", "joint_mult": "1", **margin},
        "instruments": {"instruments": instruments},
        "limits": {"profiles": {"all": profile or {"leverage_max": "10"}},
                   "accounts": {"one": {"profile": "all", **(account or {})}}}}
    files = {name: reader.parse(json.dumps(file)) for name, file in files.items()}
    return configuration.Configuration(files, lambda name: history)


def answer(config, assets=None, instruments=None, orders=(), what_if=(), detail=()):
    """The margin of a portfolio, after the proof that its roundings are in bounds."""
    assets = {"USD": {"index": "1", "balance": "0"}} if assets is None else assets
    value = {"name": "example", "assets": assets, "instruments": instruments or {},
             "orders": list(orders), "what_if": list(what_if), "detail": list(detail)}
    portfolio = Portfolio(reader.parse(json.dumps(value)), config)
    rounded = Answer(config, portfolio, Contract)
    exact = Answer(config, portfolio, Unrounded)
    bounds.check(rounded, exact)
    exact.json()
    return rounded.json()


def requirement(config, *args, basis="initial", **more):
    return Fraction(answer(config, *args, **more)[basis]["requirement"])


def at(mark, position, **more):
    """A position entered at the mark."""
    return {"mark": mark, "position": str(position), "entry": mark, **more}


def order(instrument_name, side, quantity, price, **more):
    return {"instrument": instrument_name, "side": side, "quantity": str(quantity), "price": str(price),
            **more}


def tiers(*rates_and_ends):
    return [{"rate": rate, "upto": upto} for rate, upto in rates_and_ends]


def add_on(groups, function="tiers", place="group", measure="notional", reach="gross", of=None,
           initial=None, maintenance=None, **more):
    return {"groups": groups, "function": function, "place": place, "measure": measure,
            "reach": reach, "of": of or {}, "initial": initial, "maintenance": maintenance, **more}
