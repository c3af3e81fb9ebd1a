"""What open orders may cost, and what those in spot may bring and take."""

from scenarios import PPM

INVERSE_COST_UNITS = 3  # a lot: what the roundings of inverse fills may take


class OrderCosts:
    """The part of Margin (margin.py) that looks at single orders."""

    def cost(self, order):
        """c of one order, in units of its settlement asset."""
        instrument = self.configuration.instruments[order.instrument]
        mark, units = self.portfolio.holdings[order.instrument].mark, instrument.units_per_lot_mark
        beyond = order.sign * (order.price - mark) * units  # what it pays beyond the mark
        if instrument.inverse:
            fee = self.rounding.ceil(units * instrument.fee_ppm, PPM * order.price)
            beyond = self.rounding.ceil(order.lots * beyond, mark * order.price)
            return (max(0, beyond + order.lots * fee)
                    + self.rounding.reserve(INVERSE_COST_UNITS * order.lots))
        if instrument.spot:
            return self.spot_cost(order)
        if instrument.upfront and order.sign > 0:
            beyond = order.price * units - self.got(order.instrument)
        return order.lots * max(0, beyond + self.linear_fee(order))

    def spot_cost(self, order):
        """What is paid counts at most, what is got at least."""
        instrument = self.configuration.instruments[order.instrument]
        base, settlement = (self.configuration.assets[a]
                            for a in (instrument.base, instrument.settlement))
        base_outflow, outflow = (self.outflow_ppm[a]
                                 for a in (instrument.base, instrument.settlement))
        base_value = instrument.base_per_lot * self.unit[instrument.base]
        unit = self.unit[instrument.settlement]
        price, fee = order.price * instrument.units_per_lot_mark, self.linear_fee(order)
        if order.sign > 0:
            got = self.rounding.floor(base_value * base.inflow_ppm, outflow * unit)
            return order.lots * max(0, price + fee - got)
        got = price - fee  # or a part of the fee is paid
        lost = base_value * base_outflow - got * (settlement.inflow_ppm if got > 0 else outflow) * unit
        return order.lots * max(0, self.rounding.ceil(lost, (PPM + settlement.debt_addon_ppm) * unit))

    def flow(self, order):
        """By asset what a spot order may bring, and take, in units."""
        instrument = self.configuration.instruments[order.instrument]
        if not instrument.spot:
            return {}
        base = order.lots * instrument.base_per_lot
        price = order.lots * order.price * instrument.units_per_lot_mark
        if order.sign > 0:
            fees = order.lots * self.linear_fee(order)
            return {instrument.base: (base, 0), instrument.settlement: (0, price + fees)}
        return {instrument.base: (0, base), instrument.settlement: (price, 0)}

    def linear_fee(self, order):
        """Of a lot, in units of the settlement asset."""
        instrument = self.configuration.instruments[order.instrument]
        return self.rounding.ceil(instrument.units_per_lot_mark * order.price * instrument.fee_ppm,
                                  PPM)

    def outflow(self, asset):
        """What a unit paid of an asset takes from the equity at most, in ppm of its value: a debt with
        its add-on and its borrow margin, and what less of the capped assets counts beside less of the
        others."""
        beside = PPM if asset.capped else PPM + sum(
            self.rounding.ceil(other.share_ppm * PPM, PPM - other.share_ppm)
            for other in self.configuration.assets if other.capped)
        return (self.rounding.ceil((PPM + asset.debt_addon_ppm) * beside, PPM)
                + asset.borrow_ppm["initial"])

    def got(self, i):
        """What a lot bought for an upfront premium is worth at the mark, in units paid."""
        instrument = self.configuration.instruments[i]
        return self.rounding.floor(
            self.portfolio.holdings[i].mark * instrument.units_per_lot_mark * PPM,
            self.outflow_ppm[instrument.settlement])

    def costs(self, orders, exits_only=False):
        """C by asset, in units; of the exits among the orders alone."""
        costs = [0] * len(self.configuration.assets)
        by_line = {}
        for order in orders:
            if exits_only and not order.exit:
                continue
            instrument = self.configuration.instruments[order.instrument]
            sold = sum(other.lots for other in orders
                       if other.instrument == order.instrument and other.sign < 0)
            if (not instrument.long_value and order.sign < 0
                    and sold <= self.portfolio.holdings[order.instrument].position):
                # It closes what counts for nothing: only a fee above the price costs.
                lost = self.linear_fee(order) - order.price * instrument.units_per_lot_mark
                costs[instrument.settlement] += order.lots * max(0, lost)
                continue
            costs[instrument.settlement] += self.cost(order)
            if not instrument.long_value and order.sign > 0:
                by_line.setdefault(order.instrument, []).append(order)
        for i, buys in by_line.items():
            # What buys a long position without a value is paid in full.
            instrument, holding = self.configuration.instruments[i], self.portfolio.holdings[i]
            beyond = sum(order.lots for order in buys) - max(0, -holding.position)
            highest = max(order.price * instrument.units_per_lot_mark + self.linear_fee(order)
                          for order in buys)
            costs[instrument.settlement] += max(0, beyond) * min(self.got(i), highest)
        return costs

    def worth_at_most(self, costs):
        """What costs take from the equity at most, in quanta."""
        value = sum(cost * self.outflow_ppm[a] * self.unit[a] for a, cost in enumerate(costs))
        return self.rounding.ceil(value, PPM * self.configuration.wide_denominator)
