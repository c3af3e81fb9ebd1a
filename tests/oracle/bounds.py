"""The proof that goes with each answer: a rounded figure is not on the account's favourable side of the
exact one, but for the slack named here, and no further from it than the roundings of the contract can
add up to.

  bound   what the roundings below can add up to against the account: one unit for each inverse line;
          one for each lot of an order with a fee, four for each lot of an inverse order and one for
          the order, what a premium is worth less by whole ppm (of_got), and what spot is worth less,
          or takes more (of_spot); one quantum for each factor's exposure, and for each lot that a
          protection lets fill, times its largest move; one vector unit for each lot of a Table line,
          and for each such lot; one fine for each loss, charge and combination; a ppm of what a rate
          that rises is taken of; one quantum for each sum in quanta
  slack   the roundings that the contract takes to the nearest or down, whatever the side: the notional
          of an inverse lot (half a Wide), a notional by reference (a Wide), the unit by which an
          inverse line's value, which moves as collateral, is short in a fall, and the cost of options
          bought for less than they count where a long position counts for nothing (premium_slack).
          Predicted funding may net (a Wide a lot). 0 where there is none of these
"""

from collections import defaultdict
from fractions import Fraction

from configuration import BASES
from costs import INVERSE_COST_UNITS
from portfolio import RATE_SCALE
from scenarios import PPM


class OutOfBounds(AssertionError):
    pass


def require(what, rounded, exact, below, above):
    """exact - below <= rounded <= exact + above"""
    if not exact - below <= rounded <= exact + above:
        raise OutOfBounds(f"{what}: rounded {rounded}, exact {float(exact)}, which is more than"
                          f" {float(below)} below or {float(above)} above")


class Errors:
    """How far apart the figures of one book, on one basis, may be."""

    def __init__(self, answer, basis, book, orders):
        self.margin, self.basis, self.book = answer.margin, basis, book
        self.configuration = self.margin.configuration
        self.cost_units = units_of_costs(self.margin, orders)  # by asset
        self.scale = PPM * self.configuration.wide_denominator
        self.value_units = defaultdict(int)
        for i, holding in self.margin.portfolio.holdings.items():
            instrument = self.configuration.instruments[i]
            if instrument.inverse and holding.position:
                self.value_units[instrument.settlement] += 1

    def counted(self, with_costs):
        """By asset, of what it counts, in Wide times 1e6."""
        assets = self.configuration.assets
        errors = []
        for a, asset in enumerate(assets):
            units = self.value_units[a] + (self.cost_units[a] if with_costs else 0)
            errors.append(units * (PPM + asset.debt_addon_ppm) * self.margin.unit[a])
        uncapped = sum(e for e, asset in zip(errors, assets) if not asset.capped)
        for a, asset in enumerate(assets):
            if asset.capped:
                errors[a] += Fraction(uncapped * asset.share_ppm, PPM - asset.share_ppm) + 1
        return errors

    def equity_slack(self, orders):
        """Of equity less the costs of orders, in quanta."""
        units = premium_slack(self.margin, orders)
        value = sum(units[a] * self.margin.outflow_ppm[a] * self.margin.unit[a] for a in units)
        return Fraction(value, self.scale)

    def equity(self, with_costs):
        error = sum(self.counted(with_costs))
        for a, asset in enumerate(self.configuration.assets):
            units = self.value_units[a] + (self.cost_units[a] if with_costs else 0)
            error += asset.borrow_ppm[self.basis] * units * self.margin.unit[a]
        return Fraction(error, self.scale) + 1

    def notional(self, i):
        """Of one lot, in Wide."""
        instrument = self.configuration.instruments[i]
        if instrument.reference is not None:
            ratio = Fraction(instrument.reference_ppm, PPM)
            return ratio * self.notional(instrument.reference) + 1
        return Fraction(1, 2) if instrument.inverse else 0

    def most_lots(self, i):
        return max(map(abs, self.margin.lots(self.book, i)))

    def most_driver_lots(self, i):
        return max(map(abs, self.margin.driver_lots(self.book, i)))

    def lot(self, g):
        """Slack and bound of what a lot of a group's quotes loses at most in any column, in fines."""
        group, slack, bound = self.configuration.groups[g], 0, 0
        for i, instrument in enumerate(self.configuration.instruments):
            if instrument.group != g or instrument.spot:
                continue
            if instrument.table:
                bound = max(bound, instrument.vector_unit + 1)
                continue
            move = max(map(abs, group.shocks[instrument.factor - group.first_factor]), default=0)
            error = Fraction(self.notional(i), self.configuration.wide_denominator)
            slack, bound = max(slack, move * error), max(bound, move * (error + 1))
        return slack, bound

    def low(self, g):
        """Slack and bound of each column of a group, in fines."""
        group = self.configuration.groups[g]
        slack = bound = 0
        for f, shocks in enumerate(group.shocks):
            factor, move = group.first_factor + f, max(map(abs, shocks), default=0)
            exposure = PPM * sum(
                self.most_lots(i) * self.notional(i) for i in self.book.lines
                if self.configuration.instruments[i].factor == factor
                and not self.configuration.instruments[i].table)
            moving = [a for a, asset in enumerate(self.configuration.assets)
                      if asset.factor == factor and asset.mode != "static"]
            before, rises = ([self.counted(with_costs)[a] for a in moving]
                             for with_costs in (False, True))
            # What falls of a capped asset is counted after the costs too.
            falls = sum(after if self.configuration.assets[a].capped else uncut
                        for a, uncut, after in zip(moving, before, rises))
            rises = sum(rises)
            slack += move * Fraction(exposure + falls, self.scale)
            bound += move * (Fraction(exposure + max(falls, rises), self.scale) + 1)
        for i in self.book.lines:
            instrument = self.configuration.instruments[i]
            if instrument.table and instrument.group == g:
                bound += instrument.vector_unit * self.most_lots(i) + 1
        quoted = self.margin.quoted_lots(self.book, g)
        of_lot = self.lot(g) if quoted else (0, 0)
        return slack + quoted * of_lot[0], bound + quoted * of_lot[1]

    def measure(self, driver, i):
        """Of one lot, in Wide."""
        instrument, holding = self.configuration.instruments[i], self.margin.portfolio.holdings[i]
        if driver.measure == "funding":
            unit = self.margin.unit[instrument.settlement] if instrument.inverse else 0
            return 1 + Fraction(unit * bool(holding.funding), 10**RATE_SCALE)
        if driver.measure == "premium":
            return Fraction(1, 2) if instrument.inverse else 0
        if driver.measure == "notional" or (driver.measure == "delta" and not instrument.table):
            return self.notional(i)
        return 0

    def charge(self, add_on):
        """Slack and bound of a charge, in fines."""
        wide = self.configuration.wide_denominator
        driver_error = sum(self.most_driver_lots(i) * self.measure(driver, i)
                           for driver in add_on.drivers for i in driver.instruments
                           if i in self.book.lines)
        rate = max(rate for _, rate in add_on.tiers[self.basis])
        if add_on.function == "ramp":
            one = self.margin.unit[add_on.per] * 10**self.configuration.assets[add_on.per].decimals
            if not one:  # the most, or nothing
                slack = Fraction(rate * driver_error * add_on.most_ppm, PPM * wide)
                return slack, slack + 2
            steepest = 2 * add_on.most_ppm + Fraction(add_on.threshold * wide * add_on.slope_ppm, one)
            slack = Fraction(rate * driver_error, PPM * wide) * steepest
            # A ppm of the size, for the rate that is rounded up to one, and of it the charged part.
            return slack, slack + Fraction(rate * (self.most_of(add_on) + wide), PPM * wide) + 1
        slack = Fraction(max(rate, PPM if add_on.ramp else 0) * driver_error, wide)
        if not add_on.ramp:
            return slack, slack + len(add_on.drivers)
        # A ppm of the size again, for how far the open interest has risen.
        return slack, slack + Fraction(self.most_of(add_on), wide) + 3 * len(add_on.drivers)

    def most_of(self, add_on):
        """What the drivers of an add-on come to at most, in Wide."""
        return sum(max(map(abs, self.margin.interval(driver, self.book)))
                   for driver in add_on.drivers)


def combined(configuration, scope, joint, slack, bound):
    """Of the sets of one scope together."""
    if configuration.combine[scope] == "max":
        return slack, bound
    weight = Fraction(sum(s.weight_ppm for s in configuration.sets if s.joint == joint), PPM)
    return weight * slack, weight * bound + 1


def check_requirement(what, rounded, exact, errors, details=True):
    """Returns slack and bound of the total, in quanta."""
    configuration, basis = errors.configuration, errors.basis
    mult = configuration.mult_ppm[basis]
    totals = {place: [0, 0] for place in ("groups", "losses", "joint", "outside")}

    def add(place, slack, bound):
        totals[place][0] += slack
        totals[place][1] += bound

    for g, group in enumerate(configuration.groups):
        slack, bound = errors.low(g)
        add("losses", slack, bound + 3)
        need = combined(configuration, "groups", False, slack, bound + 1)
        ours, theirs = rounded.parts.get(g), exact.parts.get(g)
        for k in ours.alone if details and ours and theirs else ():
            require(f"{what} {group.name} {configuration.sets[k].name}", ours.alone[k],
                    theirs.alone[k], slack, bound + 1)
        for at, add_on in enumerate(group.add_ons):
            if add_on.tiers[basis] is None:
                continue
            of_charge = errors.charge(add_on)
            if details and ours and theirs:
                require(f"{what} {group.name} {add_on.name}", ours.charges[at], theirs.charges[at],
                        *of_charge)
            if add_on.place in ("group", "floor"):
                need = need[0] + of_charge[0], need[1] + of_charge[1]
            else:
                add(add_on.place, *of_charge)
        add("groups", *need)
        if details:
            require(f"{what} {group.name}", rounded.needs.get(g, 0), exact.needs.get(g, 0), *need)
    losses = totals["losses"][0], totals["losses"][1] + 1
    for k in rounded.joint if details else ():
        require(f"{what} {configuration.sets[k].name}", Fraction(rounded.joint[k].needed, PPM),
                exact.joint[k].needed / PPM, *losses)
    joint = combined(configuration, "joint", True, *losses)
    slack, bound = (max(mult["groups"] * totals["groups"][side],
                        mult["joint"] * (joint[side] + totals["joint"][side]))
                    + PPM * totals["outside"][side] for side in (0, 1))
    slack, bound = Fraction(slack, PPM**2), Fraction(bound, PPM**2) + 1
    require(f"{what} requirement", rounded.total, exact.total, slack, bound)
    return slack, bound


def units_of_costs(margin, orders):
    """By asset, how many units the roundings of orders may cost."""
    units = defaultdict(int)
    for order in orders:
        instrument = margin.configuration.instruments[order.instrument]
        if instrument.inverse:
            units[instrument.settlement] += (1 + INVERSE_COST_UNITS) * order.lots + 1
        elif instrument.spot:
            units[instrument.settlement] += order.lots * of_spot(margin, order)
        elif instrument.fee_ppm:
            units[instrument.settlement] += order.lots
        if instrument.upfront and order.sign > 0:
            units[instrument.settlement] += order.lots * of_got(margin, order.instrument)
    return units


def of_got(margin, i):
    """How many units less a lot bought for a premium may count, since what a unit takes is rounded up
    to whole ppm."""
    instrument = margin.configuration.instruments[i]
    worth = margin.portfolio.holdings[i].mark * instrument.units_per_lot_mark
    return 1 + worth * of_outflow(margin, instrument.settlement) / PPM


def of_outflow(margin, a):
    """By how many ppm what a unit takes is rounded up at most."""
    assets = margin.configuration.assets
    debt = PPM + assets[a].debt_addon_ppm
    return 1 + Fraction(debt * sum(asset.capped for asset in assets), PPM)


def of_spot(margin, order):
    """How many units a lot of a spot order may cost more, or take more of a rise, by the roundings of
    its fee, of what a unit takes, and of the whole."""
    instrument = margin.configuration.instruments[order.instrument]
    a = instrument.settlement
    base = Fraction(instrument.base_per_lot * margin.unit[instrument.base], margin.unit[a])
    if order.sign > 0:
        got = base * margin.configuration.assets[instrument.base].inflow_ppm / PPM
        return 3 + got * of_outflow(margin, a) / PPM
    paid = max(0, margin.linear_fee(order) - order.price * instrument.units_per_lot_mark)
    rounded = base * of_outflow(margin, instrument.base) + paid * of_outflow(margin, a)
    return 1 + (rounded + margin.outflow_ppm[a]) / (PPM + margin.configuration.assets[a].debt_addon_ppm)


def premium_slack(margin, orders):
    """By asset: where a long position counts for nothing, buys that pay less than what a lot counts
    cost what it counts, and so less where that is rounded down."""
    units = defaultdict(int)
    for order in orders:
        instrument = margin.configuration.instruments[order.instrument]
        if not instrument.long_value and order.sign > 0:
            units[instrument.settlement] += order.lots * of_got(margin, order.instrument)
    return units


def check(rounded, exact):
    """Compares the two answers of one portfolio, figure by figure. Raises OutOfBounds."""
    configuration, portfolio = rounded.configuration, rounded.portfolio
    for basis in BASES:
        with_orders = rounded.book[basis] is rounded.margin.now
        orders = portfolio.orders if with_orders else []
        errors = Errors(rounded, basis, rounded.book[basis], orders)
        held = errors.equity_slack(orders)
        require(f"{basis} equity", rounded.equity[basis], exact.equity[basis],
                errors.equity(False), 0)
        require(f"{basis} equity less costs", rounded.less_costs[basis], exact.less_costs[basis],
                errors.equity(True), held)
        slack, bound = check_requirement(basis, rounded.requirement[basis], exact.requirement[basis],
                                         errors)
        require(f"{basis} available", rounded.available[basis], exact.available[basis],
                errors.equity(True) + bound, slack + held)
    now = Errors(rounded, "initial", rounded.margin.now, [])
    wide = sum(max(position + buys, sells - position) * now.notional(i)
               for i, (position, buys, sells) in now.book.lines.items())
    slack = Fraction(wide, configuration.wide_denominator)
    require("what leverage counts", rounded.levered_notional, exact.levered_notional, slack,
            slack + 1)
    for order, ours, theirs in zip(portfolio.what_if, rounded.verdicts, exact.verdicts):
        orders = portfolio.orders + [order]
        book = rounded.margin.with_open(order, rounded.margin.now.costs, False)
        errors = Errors(rounded, "initial", book, orders)
        costs = [rounded.margin.costs(portfolio.orders + [order]),
                 exact.margin.costs(portfolio.orders + [order])]
        opened = [answer.margin.requirement("initial", answer.margin.with_open(order, c, False))
                  for answer, c in zip((rounded, exact), costs)]
        slack, bound = check_requirement("with the order,", *opened, errors, details=False)
        require("available with the order", ours[0], theirs[0], errors.equity(True) + bound,
                slack + errors.equity_slack(orders))
