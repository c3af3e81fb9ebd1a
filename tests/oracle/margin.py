"""The margin of one account, computed from nothing every time, as METHOD section 3 and the rounding
contract at the top of risk/engine.h say.

The same text computes twice: with the rounding of the contract, where every number is an integer, and
without any, where the numbers are fractions. Units as in the contract: Wide is quanta of the risk
currency times wide_denominator (D below), a fine is 1e-6 quanta.
"""

from dataclasses import dataclass
from fractions import Fraction

from costs import OrderCosts
from portfolio import RATE_SCALE
from scenarios import PPM

KAPPA_BITS = 64
ALL_ACTIONS = ("enforce", "warn", "report")


class Contract:
    """Rounds as the contract says; integers in, integers out."""

    @staticmethod
    def floor(numerator, denominator):
        return numerator // denominator

    @staticmethod
    def ceil(numerator, denominator):
        return -(-numerator // denominator)

    @staticmethod
    def nearest(numerator, denominator):
        """Halves away from zero."""
        size = (2 * abs(numerator) + denominator) // (2 * denominator)
        return size if numerator >= 0 else -size

    @staticmethod
    def away(numerator, denominator):
        size = -(-abs(numerator) // denominator)
        return size if numerator >= 0 else -size

    @staticmethod
    def gain(fines, unit):
        """An entry of a risk table, in its integers."""
        return Contract.nearest(fines, unit)

    @staticmethod
    def reserve(amount):
        """What is held for roundings alone."""
        return amount


class Unrounded:
    """Rounds nothing, and so needs no reserves."""

    floor = ceil = nearest = away = staticmethod(lambda numerator, denominator:
                                                 Fraction(numerator) / denominator)
    gain = floor
    reserve = staticmethod(lambda amount: 0)


@dataclass
class Book:
    """Positions and open orders in which a requirement is asked for."""
    lines: dict   # by instrument: position, open buys, open sells, in lots
    exits: dict   # by instrument: what of the open buys and sells are exits
    costs: list   # by asset: C, in units
    flows: dict   # by asset: what the open spot orders may bring of it, and take, in units

    def with_order(self, order, costs, is_exit, flow):
        lines, exits, flows = dict(self.lines), dict(self.exits), dict(self.flows)
        position, buys, sells = lines.get(order.instrument, (0, 0, 0))
        bought, sold = order.lots * (order.sign > 0), order.lots * (order.sign < 0)
        lines[order.instrument] = (position, buys + bought, sells + sold)
        if is_exit:
            buys, sells = exits.get(order.instrument, (0, 0))
            exits[order.instrument] = (buys + bought, sells + sold)
        for a, (brings, takes) in flow.items():
            before = flows.get(a, (0, 0))
            flows[a] = (before[0] + brings, before[1] + takes)
        return Book(lines, exits, costs, flows)

    def with_fill(self, order, costs):
        lines = dict(self.lines)
        position, buys, sells = lines.get(order.instrument, (0, 0, 0))
        lines[order.instrument] = (position + order.sign * order.lots, buys, sells)
        return Book(lines, self.exits, costs, self.flows)


@dataclass
class GroupPart:
    """One group's part of a requirement, in fines."""
    low: list        # by column
    alone: dict      # by set: the loss
    charges: dict    # by add-on's place in the group: the charge
    floor: int


@dataclass
class Requirement:
    total: int       # quanta
    groups_part: int  # 1e-18 quanta, as the next two
    joint_part: int
    outside_part: int
    parts: dict      # by group
    needs: dict      # by group: Z, in fines
    joint: dict      # by joint set


@dataclass
class JointPart:
    together: int    # fines: the loss of the sum of the groups
    alone: int       # fines: the sum of the groups' losses alone
    needed: int      # J, fines times 1e6
    columns: list    # fines: the sum of the groups, by column


class Margin(OrderCosts):
    def __init__(self, configuration, portfolio, rounding):
        self.configuration, self.portfolio, self.rounding = configuration, portfolio, rounding
        self.unit = [index * asset.wide_per_index
                     for index, asset in zip(portfolio.index, configuration.assets)]
        self.notionals, self.gains = {}, {}
        self.amounts = self.held(rounding)
        self.whole_amounts = self.held(Contract)
        no_costs = [0] * len(configuration.assets)
        self.outflow_ppm = [self.outflow(asset) for asset in configuration.assets]
        positions = {i: (h.position, 0, 0) for i, h in portfolio.holdings.items()}
        self.protections = configuration.protections[portfolio.account]
        self.positions = Book(positions, {}, no_costs, {})
        self.now = Book(positions, {}, self.costs(portfolio.orders), {})
        for order in portfolio.orders:
            self.now = self.with_open(order, self.now.costs, order.exit)

    def with_open(self, order, costs, is_exit):
        """What is there now with one more open order."""
        return self.now.with_order(order, costs, is_exit, self.flow(order))

    # --- equity

    def held(self, rounding):
        """X by asset, in units."""
        amounts = [balance - borrowed for balance, borrowed
                   in zip(self.portfolio.balance, self.portfolio.borrowed)]
        for i, holding in self.portfolio.holdings.items():
            instrument = self.configuration.instruments[i]
            value = holding.cash
            if holding.position and not instrument.upfront:
                units = holding.position * instrument.units_per_lot_mark
                if instrument.inverse:
                    value = rounding.floor(holding.cash * holding.mark - units, holding.mark)
                else:
                    value += units * holding.mark
            amounts[instrument.settlement] += value
        return amounts

    def option_value(self):
        """NOV in Wide."""
        value = 0
        for i, (position, _, _) in self.positions.lines.items():
            instrument = self.configuration.instruments[i]
            if instrument.upfront:
                lots = position if instrument.long_value else min(0, position)
                if lots:
                    value += lots * self.premium(i)
        return value

    def premium(self, i):
        """What a lot is worth at its own mark, in Wide."""
        instrument = self.configuration.instruments[i]
        mark = self.portfolio.holdings[i].mark
        units = instrument.units_per_lot_mark * self.unit[instrument.settlement]
        return self.rounding.nearest(units, mark) if instrument.inverse else mark * units

    def haircut(self, a, amount, basis):
        """H: what an amount counts, in Wide times 1e6."""
        asset = self.configuration.assets[a]
        if amount < 0:
            return self.debt(a, amount)
        per_unit, end = self.unit[a], 1
        if asset.tiers_by_value:
            amount, per_unit, end = amount * self.unit[a], 1, self.configuration.wide_denominator
        counted = before = 0
        for upto, rate in asset.tiers[basis]:
            reached = amount if upto is None else min(amount, upto * end)
            counted += (reached - before) * rate
            before = reached
            if reached == amount:
                break
        return counted * per_unit

    def debt(self, a, amount):
        return amount * (PPM + self.configuration.assets[a].debt_addon_ppm) * self.unit[a]

    def borrow_margin(self, a, amount, basis):
        """B, in Wide times 1e6."""
        return (self.configuration.assets[a].borrow_ppm[basis] * self.unit[a]
                * max(self.portfolio.borrowed[a], -amount))

    def counted(self, basis, costs):
        """By asset what it counts after its costs and the share caps, in Wide times 1e6."""
        assets = self.configuration.assets
        values = [self.haircut(a, self.amounts[a], basis) + self.debt(a, -costs[a])
                  for a in range(len(assets))]
        uncapped = sum(value for value, asset in zip(values, assets) if not asset.capped)
        return [min(value, self.share_cap(a, uncapped)) if assets[a].capped else value
                for a, value in enumerate(values)]

    def share_cap(self, a, uncapped):
        asset = self.configuration.assets[a]
        share = self.rounding.floor(uncapped * asset.share_ppm, PPM - asset.share_ppm)
        return max(0, share + asset.share_free * self.configuration.wide_denominator * PPM)

    def equity(self, basis, costs):
        """E - C in quanta."""
        value = sum(self.counted(basis, costs)) + PPM * self.option_value()
        for a, amount in enumerate(self.amounts):
            value -= self.borrow_margin(a, amount - costs[a], basis)
        return self.rounding.floor(value, PPM * self.configuration.wide_denominator)

    # --- exposures

    def notional(self, i):
        """n: of one lot, in Wide."""
        if i not in self.notionals:
            instrument = self.configuration.instruments[i]
            if instrument.reference is not None:
                value = self.rounding.floor(
                    self.notional(instrument.reference) * instrument.reference_ppm, PPM)
            elif i in self.portfolio.holdings and self.portfolio.holdings[i].mark:
                value = self.premium(i)
            else:
                value = 0
            self.notionals[i] = value
        return self.notionals[i]

    def lots(self, book, i, quotes=0):
        """The ends of what a line may come to hold; under a protection by its exits, and by no more
        than so many lots of its quotes on each side."""
        position, buys, sells = book.lines[i]
        if self.configuration.instruments[i].group in self.protections:
            bought, sold = book.exits.get(i, (0, 0))
            buys, sells = bought + min(buys - bought, quotes), sold + min(sells - sold, quotes)
        low, high = position - sells, position + buys
        if not self.configuration.instruments[i].long_value:
            low, high = min(0, low), min(0, high)
        return low, high

    def driver_lots(self, book, i):
        """The same for the drivers of add-ons: as many quotes as the protection lets fill."""
        return self.lots(book, i, self.protections.get(self.configuration.instruments[i].group, 0))

    def quoted_lots(self, book, g):
        """How many lots of its open orders a protection lets fill at once; 0 without any, or where
        all of them are exits. Spot is in no sum, and its flows are counted in full."""
        quotes = any(line[1:] != book.exits.get(i, (0, 0)) for i, line in book.lines.items()
                     if self.configuration.instruments[i].group == g
                     and not self.configuration.instruments[i].spot)
        return self.protections.get(g, 0) if quotes else 0

    def lot_losses(self, g, state):
        """M: by column of a lag state the most that a lot of any instrument of the group loses, in
        fines."""
        group, most = self.configuration.groups[g], [0] * self.configuration.groups[g].column_count
        for i, instrument in enumerate(self.configuration.instruments):
            if instrument.group != g or instrument.spot:
                continue
            if instrument.table:
                unit = instrument.vector_unit
                reserve = self.rounding.reserve(self.rounding.ceil(unit, 2))
                moves = [unit * abs(gain) + reserve for gain in self.gains_of(i, state)]
            else:
                quanta = self.rounding.ceil(self.notional(i), self.configuration.wide_denominator)
                shocks = group.shocks[instrument.factor - group.first_factor]
                moves = [quanta * abs(shock) for shock in shocks]
            most = [max(pair) for pair in zip(most, moves)]
        return most

    def moving_collateral(self, basis, costs, flows):
        """K by factor: falls and rises, in Wide times 1e6."""
        configuration = self.configuration
        falls, rises = ([0] * len(configuration.factor_index) for _ in range(2))
        counted = self.counted(basis, costs)
        for a, asset in enumerate(configuration.assets):
            if asset.mode == "static":
                continue
            amount = self.amounts[a]
            brings, takes = flows.get(a, (0, 0))
            # Of a capped asset what the equity counts.
            value = counted[a] if asset.capped else self.haircut(a, amount + brings, basis)
            if asset.mode == "both" or (asset.mode == "downside_only" and value > 0):
                falls[asset.factor] += value
            rises[asset.factor] += self.rising_value(a, basis, amount, costs[a] + takes)
        return falls, rises

    def rising_value(self, a, basis, amount, cost):
        asset = self.configuration.assets[a]
        left = amount - cost
        if left < 0:
            return self.debt(a, left)
        if asset.mode == "downside_only":
            return 0
        if asset.tiers_by_value:
            return self.rate_when_risen(a, basis) * left * self.unit[a]
        return self.haircut(a, left, basis)

    def rate_when_risen(self, a, basis):
        """The rate of the tier in which the amount's value is after the largest rise. Which tier it
        is goes by whole units of the asset, rounded or not."""
        asset = self.configuration.assets[a]
        group = self.configuration.groups[self.configuration.factor_group[asset.factor]]
        rise = max([0] + group.shocks[asset.factor - group.first_factor])
        value = self.whole_amounts[a] * self.unit[a] * (PPM + rise)
        for upto, rate in asset.tiers[basis]:
            if upto is None or value <= upto * self.configuration.wide_denominator * PPM:
                return rate
        raise AssertionError("the last tier has no end")

    def gains_of(self, i, state):
        """Of a Table instrument: what a lot gains by column of a lag state, in vector units."""
        instrument = self.configuration.instruments[i]
        columns = self.configuration.groups[instrument.group].column_count
        if i not in self.gains:
            unit = instrument.vector_unit
            holding = self.portfolio.holdings.get(i)
            vector = holding.vector if holding else None
            if vector is None:  # one that the account does not use
                vector = [0] * (columns * len(self.configuration.groups[instrument.group].lag_states))
            self.gains[i] = [self.rounding.gain(fines, unit) for fines in vector]
        return self.gains[i][state * columns:(state + 1) * columns]

    def vectors(self, basis, book):
        """low_g by group, in fines; None where there is nothing."""
        configuration = self.configuration
        scale = PPM * configuration.wide_denominator
        falls, rises = self.moving_collateral(basis, book.costs, book.flows)
        ends = {}  # by factor: the ends of P
        tables = [[] for _ in configuration.groups]
        touched = set()
        for i, line in book.lines.items():
            if line == (0, 0, 0):
                continue
            instrument = configuration.instruments[i]
            touched.add(instrument.group)
            if instrument.spot:
                continue
            low, high = self.lots(book, i)
            if instrument.table:
                tables[instrument.group].append((i, low, high))
            else:
                before, n = ends.get(instrument.factor, (0, 0)), self.notional(i)
                ends[instrument.factor] = (before[0] + low * n, before[1] + high * n)
        vectors = []
        for g, group in enumerate(configuration.groups):
            vector = [0] * group.column_count
            for f, shocks in enumerate(group.shocks):
                factor = group.first_factor + f
                low, high = ends.get(factor, (0, 0))
                if low == high == falls[factor] == rises[factor] == 0:
                    continue
                touched.add(g)
                up = self.rounding.floor(low * PPM + rises[factor], scale)
                down = self.rounding.ceil(high * PPM + falls[factor], scale)
                vector = [v + (up if m >= 0 else down) * m for v, m in zip(vector, shocks)]
            reserve = 0
            for i, low, high in tables[g]:
                unit = configuration.instruments[i].vector_unit
                reserve += self.rounding.ceil(unit * max(abs(low), abs(high)), 2)
            reserve = self.rounding.reserve(reserve)
            states = [self.lagging(g, state, vector, tables[g], self.quoted_lots(book, g))
                      for state in range(len(group.lag_states))]
            vectors.append([min(column) - reserve for column in zip(*states)] if g in touched
                           else None)
        return vectors

    def lagging(self, g, state, vector, lines, quoted):
        """A group's vector, beside its reserve, in a lag state: `vector` is what the factors make of
        it in all of them, `lines` are those of Table instruments with their ends."""
        for i, low, high in lines:
            unit = self.configuration.instruments[i].vector_unit
            vector = [v + unit * (low if w >= 0 else high) * w
                      for v, w in zip(vector, self.gains_of(i, state))]
        if quoted:
            vector = [v - quoted * loss for v, loss in zip(vector, self.lot_losses(g, state))]
        return vector

    # --- add-ons

    def measure(self, driver, i):
        """What a driver counts of one lot, in Wide."""
        wide = self.configuration.wide_denominator
        instrument, holding = self.configuration.instruments[i], self.portfolio.holdings[i]
        if driver.measure == "lot":
            return driver.per_lot * wide
        if driver.measure == "premium":
            return self.premium(i)
        if driver.measure == "funding":
            return self.funding(i)
        if driver.measure == "notional" or (driver.measure == "delta" and not instrument.table):
            return self.notional(i)
        return holding.measures.get(driver.measure, 0) * wide

    def funding(self, i):
        """What a long lot pays until the next settlement, in Wide: a share of what it is worth at its
        own mark, counted in 1e-9 units of the settlement asset."""
        instrument, holding = self.configuration.instruments[i], self.portfolio.holdings[i]
        paid = instrument.units_per_lot_mark * holding.funding
        paid = (self.rounding.away(paid, holding.mark) if instrument.inverse
                else paid * holding.mark)
        return self.rounding.away(paid * self.unit[instrument.settlement], 10**RATE_SCALE)

    def interval(self, driver, book):
        """The ends between which a driver may come to be, in Wide."""
        least = most = 0
        for i in driver.instruments:
            if book.lines.get(i, (0, 0, 0)) == (0, 0, 0):
                continue
            low, high = self.driver_lots(book, i)
            measure = self.measure(driver, i)
            if driver.reach == "gross":
                ends = 0, abs(measure) * max(high, -low, 0)
            elif driver.reach == "long":
                ends = 0, abs(measure) * max(high, 0)
            elif driver.reach == "short":
                ends = 0, abs(measure) * max(-low, 0)
            elif driver.reach == "payable":
                ends = 0, max(0, measure * low, measure * high)
            else:
                if driver.reach == "long_net":
                    low, high = max(0, low), max(0, high)
                elif driver.reach == "short_net":
                    low, high = min(0, low), min(0, high)
                ends = sorted((measure * low, measure * high))
            least, most = least + ends[0], most + ends[1]
        return least, most

    @staticmethod
    def tiers(amount, tiers):
        """The marginal tiers of an amount; `tiers` end in the amount's unit. Times 1e6."""
        charged = before = 0
        for upto, rate in tiers:
            reached = amount if upto is None else min(amount, upto)
            charged += (reached - before) * rate
            before = reached
            if reached == amount:
                break
        return charged

    def charge_along(self, add_on, book, start):
        """The initial charge at the end of an exit's fill from `start`: such that no part of the fill is
        charged more than the line between the two has there."""
        if add_on.function not in ("ramp", "hedged"):
            return self.charge(add_on, "initial", book)
        wide = self.configuration.wide_denominator
        tiers = [(None if upto is None else upto * wide, rate)
                 for upto, rate in add_on.tiers["initial"]]
        now, then = ([(driver, self.interval(driver, of)) for driver in add_on.drivers]
                     for of in (start, book))
        if add_on.function == "hedged":
            longs, shorts = ([sum(max(0, sign * interval[end]) for _, interval in of)
                              for of in (now, then)] for sign, end in ((1, 1), (-1, 0)))
            grown = sum(max(0, after - before) for before, after in (longs, shorts))
            return self.rounding.ceil(self.tiers(min(longs[0], shorts[0]) + grown, tiers), wide)

        def ends(intervals, offsets):
            return [sum(interval[end] for driver, interval in intervals
                        if (driver.reach == "long_net") == offsets) for end in (0, 1)]
        (low, high), (offset_low, offset_high) = ends(now, False), ends(now, True)
        before = max(0, high - max(0, -offset_high), -low - max(0, offset_low))
        (low, high), (low_then, high_then) = ends(then, False), ends(then, True)
        after = max(0, high + (high_then if offset_high <= 0 else 0),
                    -low - (low_then if offset_low >= 0 else 0))
        one = self.unit[add_on.per] * 10**self.configuration.assets[add_on.per].decimals

        def free_share(amount):
            return self.rounding.ceil(max(0, amount - add_on.threshold * wide) * add_on.slope_ppm, one)
        amount, share = max(before, after), add_on.most_ppm
        if amount <= add_on.threshold * wide or amount <= 0:
            return 0
        if one:
            below = before <= add_on.threshold * wide or free_share(before) < add_on.most_ppm
            free = after > before and below
            share = (min(free_share(amount), max(share, 1000 * PPM)) if free
                     else min(share, free_share(amount)))
        return self.rounding.ceil(self.rounding.ceil(amount * share, wide) * tiers[0][1], PPM)

    def charge(self, add_on, basis, book):
        """The charge of an add-on in fines."""
        wide = self.configuration.wide_denominator
        tiers = [(None if upto is None else upto * wide, rate) for upto, rate in add_on.tiers[basis]]
        intervals = [self.interval(driver, book) for driver in add_on.drivers]
        if add_on.function == "ramp":
            return self.ramp(add_on, tiers[0][1], list(zip(add_on.drivers, intervals)))
        if add_on.function == "hedged":
            hedged = min(sum(max(0, high) for _, high in intervals),
                         sum(max(0, -low) for low, _ in intervals))
            return self.rounding.ceil(self.tiers(hedged, tiers), wide)
        charge = 0
        for low, high in intervals:
            amount = max(abs(low), abs(high))
            charged = self.rounding.ceil(self.tiers(amount, tiers), wide)
            if add_on.ramp and basis == "initial":
                rest = max(0, self.rounding.ceil(amount * PPM, wide) - charged)
                charged += self.rounding.ceil(rest * self.open_interest_ppm(*add_on.ramp), PPM)
            charge += charged
        return charge

    def open_interest_ppm(self, by, start, end):
        """How far the open interest of an instrument has come from start to end."""
        interest = self.portfolio.holdings[by].open_interest if by in self.portfolio.holdings else 0
        return min(max(self.rounding.ceil((interest - start) * PPM, end - start), 0), PPM)

    def ramp(self, add_on, rate_ppm, intervals):
        """Of the net drivers what the long ones do not surely offset, at a rate that rises with it."""
        low, high, offset_low, offset_high = (
            sum(interval[end] for driver, interval in intervals
                if (driver.reach == "long_net") == offsets)
            for offsets in (False, True) for end in (0, 1))
        amount = max(max(0, high) - max(0, -offset_high), max(0, -low) - max(0, offset_low), 0)
        wide = self.configuration.wide_denominator
        excess = amount - add_on.threshold * wide
        if amount <= 0 or excess <= 0:
            return 0
        one = self.unit[add_on.per] * 10**self.configuration.assets[add_on.per].decimals
        share = add_on.most_ppm
        if one:
            share = min(share, self.rounding.ceil(excess * add_on.slope_ppm, one))
        return self.rounding.ceil(self.rounding.ceil(amount * share, wide) * rate_ppm, PPM)

    # --- the requirement

    def loss(self, one, vector):
        """rho of a set, in fines."""
        if not vector:
            return 0
        if one.measure == "worst":
            return max(0, -min(vector))
        losses = sorted((-v for v in vector), reverse=True)
        mass, parts = len(losses) * one.tail.numerator, one.tail.denominator  # t = mass / parts
        count = mass // parts
        following = losses[count] if count < len(losses) else 0
        weighted = parts * sum(losses[:count]) + (mass - parts * count) * following
        return max(0, self.rounding.ceil(weighted, mass))

    def offset(self, group, v):
        """phi: what of a gain may offset other groups."""
        if v <= 0:
            return v
        if group.kappa_ppm < PPM:
            kappa = self.rounding.floor(group.kappa_ppm << KAPPA_BITS, PPM)
            v = self.rounding.floor(v * kappa, 1 << KAPPA_BITS)
        return v if group.gain_cap is None else min(v, group.gain_cap * PPM)

    def group_part(self, g, vector, basis, book, start=None):
        configuration = self.configuration
        part = GroupPart(vector, {}, {}, 0)
        for k, one in enumerate(configuration.sets):
            if one.counts(basis) and one.columns[g]:
                first = one.first_column[g]
                part.alone[k] = self.loss(one, vector[first:first + len(one.columns[g])])
        for at, add_on in enumerate(configuration.groups[g].add_ons):
            if add_on.tiers[basis] is not None:
                part.charges[at] = (self.charge(add_on, basis, book) if start is None
                                    else self.charge_along(add_on, book, start))
        part.floor = self.charges_at(part, g, "floor")
        return part

    def charges_at(self, part, g, place):
        add_ons = self.configuration.groups[g].add_ons
        return sum(charge for at, charge in part.charges.items() if add_ons[at].place == place)

    def combined(self, scope, weighted):
        """comb over (set, figure)."""
        if self.configuration.combine[scope] == "max":
            return max([0] + [figure for _, figure in weighted])
        return self.rounding.ceil(sum(self.configuration.sets[k].weight_ppm * figure
                                      for k, figure in weighted), PPM)

    def parts(self, basis, book, start=None):
        """By group, for those in which there is something; `start`: the book is the end of an exit's
        fill."""
        return {g: self.group_part(g, vector, basis, book, start)
                for g, vector in enumerate(self.vectors(basis, book)) if vector is not None}

    def requirement(self, basis, book, actions=("enforce",), start=None):
        return self.put_together(basis, self.parts(basis, book, start), actions)

    def put_together(self, basis, parts, actions):
        """Req of the sets with these actions."""
        configuration = self.configuration
        mult = configuration.mult_ppm[basis]
        deciding = [k for k, one in enumerate(configuration.sets)
                    if one.counts(basis) and one.action in actions]
        joint = {}
        for k, one in enumerate(configuration.sets):
            if one.joint and one.counts(basis):
                columns = [0] * len(one.columns[0])
                for g, part in parts.items():
                    first, group = one.first_column[g], configuration.groups[g]
                    columns = [v + self.offset(group, part.low[first + c])
                               for c, v in enumerate(columns)]
                together, alone = self.loss(one, columns), sum(p.alone[k] for p in parts.values())
                needed = one.joint_weight_ppm * together + (PPM - one.joint_weight_ppm) * alone
                joint[k] = JointPart(together, alone, needed, columns)
        needs = {g: max(self.scanned(part, deciding) + self.charges_at(part, g, "group"), part.floor)
                 for g, part in parts.items()}
        at_joint, outside = (sum(self.charges_at(part, g, place) for g, part in parts.items())
                             for place in ("joint", "outside"))
        groups_part = mult["groups"] * sum(needs.values()) * PPM
        joint_part = mult["joint"] * (self.combined("joint", [(k, joint[k].needed) for k in deciding
                                                              if k in joint]) + PPM * at_joint)
        total = self.rounding.ceil(max(groups_part, joint_part) + PPM**2 * outside, PPM**3)
        return Requirement(total, groups_part, joint_part, PPM**2 * outside, parts, needs,
                           joint)

    def scanned(self, part, deciding):
        """What the per-group sets ask for in one group, in fines."""
        return self.combined("groups", [(k, part.alone[k]) for k in deciding if k in part.alone
                                        and not self.configuration.sets[k].joint])

    # --- acceptance (METHOD 3.6)

    def judge(self, order, requirement_now, requirement_of_positions):
        """What an order would leave, the leg by which it passes, or None, and what is missing then."""
        settlement = self.configuration.instruments[order.instrument].settlement
        costs = self.costs(self.portfolio.orders + [order])
        opened = self.requirement("initial", self.with_open(order, costs, False)).total
        available = self.equity("initial", costs) - opened
        if self.configuration.cash_only[self.portfolio.account]:
            return available, *self.judge_cash(order)
        if available >= 0:
            return available, "margin", 0
        if self.configuration.instruments[order.instrument].spot:
            return available, None, -available
        # An open order brings its move alone (METHOD 3.1): costs are as they are, but that nothing is
        # paid for open exits. It is an exit.
        exits = self.costs(self.portfolio.orders, exits_only=True)
        unpaid = self.now.costs
        if any(cost and self.rises(a) for a, cost in enumerate(exits)):
            unpaid = [cost - of_exits for cost, of_exits in zip(self.now.costs, exits)]
        before = requirement_now
        if unpaid is not self.now.costs:
            before = self.requirement("initial", Book(self.now.lines, self.now.exits, unpaid,
                                                        self.now.flows)).total
        moved = self.requirement("initial", self.with_open(order, unpaid, True)).total
        own = [0] * len(costs)
        own[settlement] = costs[settlement] - self.now.costs[settlement]
        cost = self.worth_at_most(own)
        filled = self.requirement("initial", self.now.with_fill(order, costs), start=self.now).total
        alone = self.requirement("initial", self.positions.with_fill(order, own),
                                 start=self.positions).total
        passes = (not self.raises_usage(order)
                  and moved <= before
                  and filled + cost + self.worth_at_most(exits) <= before
                  and alone + cost <= requirement_of_positions)
        return (available, "exit", 0) if passes else (available, None, -available)

    def judge_cash(self, order):
        """Of a cash account, which trades spot alone: what its open orders may take of the asset that is
        paid must be there."""
        instrument = self.configuration.instruments[order.instrument]
        if not instrument.spot:
            return None, 0
        a = instrument.settlement if order.sign > 0 else instrument.base
        takes = sum(self.flow(one).get(a, (0, 0))[1] for one in self.portfolio.orders + [order])
        missing = takes - self.amounts[a]
        if missing <= 0:
            return "cash", 0
        return None, self.rounding.ceil(missing * self.unit[a],
                                        self.configuration.wide_denominator)

    def rises(self, a):
        """Whether an asset rises in some scenario, or a debt of it."""
        asset = self.configuration.assets[a]
        if asset.mode == "static":
            return False
        group = self.configuration.groups[self.configuration.factor_group[asset.factor]]
        return max(group.shocks[asset.factor - group.first_factor], default=0) > 0

    def raises_usage(self, order):
        """Whether it raises the long, short or gross lots that the limits see."""
        def usage(book):
            position, buys, sells = book.lines[order.instrument]
            bought, sold = position + buys, sells - position
            return max(0, bought), max(0, sold), max(bought, sold)
        before, after = usage(self.now), usage(self.with_open(order, self.now.costs, True))
        return any(b < a for b, a in zip(before, after))

    # --- leverage (METHOD 3.15)

    def levered_lot(self, i):
        """What leverage counts of a lot, in Wide."""
        instrument = self.configuration.instruments[i]
        if instrument.spot and not self.configuration.spot_leverage:
            return 0
        if instrument.reference is not None and self.configuration.premium_leverage:
            return self.premium(i)
        return self.notional(i)

    def levered_notional(self):
        """In quanta, the open orders at their worst."""
        wide = sum(max(position + buys, sells - position) * self.levered_lot(i)
                   for i, (position, buys, sells) in self.now.lines.items()
                   if (position, buys, sells) != (0, 0, 0))
        return self.rounding.ceil(wide, self.configuration.wide_denominator)

    def leverage_equity(self):
        """What that is compared with, in quanta."""
        if not self.configuration.plain_leverage:
            return self.equity("initial", self.now.costs)
        wide = self.option_value() + sum((amount - cost) * self.unit[a] for a, (amount, cost)
                                         in enumerate(zip(self.amounts, self.now.costs)))
        return self.rounding.floor(wide, self.configuration.wide_denominator)
