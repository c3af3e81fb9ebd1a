"""What the margin command prints for one portfolio; FORMAT.md describes it."""

from fractions import Fraction

from configuration import BASES
from margin import Margin
from scenarios import PPM, decimal_text

STATES = ("normal", "warned", "restricted", "liquidation", "bankrupt")
SCOPES = ("groups", "joint", "outside")


def scaled_text(value, scale):
    """value / 10^scale as the shortest decimal text, or as a fraction where there is none."""
    if isinstance(value, Fraction):
        return decimal_text(value / 10**scale)
    digits = str(abs(value)).rjust(scale + 1, "0")
    whole, rest = digits[:len(digits) - scale], digits[len(digits) - scale:].rstrip("0")
    return ("-" if value < 0 else "") + whole + ("." + rest if rest else "")


class Answer:
    """The figures of one portfolio under one kind of rounding."""

    def __init__(self, configuration, portfolio, rounding):
        self.configuration, self.portfolio = configuration, portfolio
        self.margin = Margin(configuration, portfolio, rounding)
        self.rounding = rounding
        self.equity, self.less_costs, self.book, self.requirement = {}, {}, {}, {}
        margin = self.margin
        for basis in BASES:
            with_orders = basis == "initial" or configuration.maintenance_includes_orders
            self.book[basis] = margin.now if with_orders else margin.positions
            self.equity[basis] = margin.equity(basis, margin.positions.costs)
            self.less_costs[basis] = margin.equity(basis, self.book[basis].costs)
            self.requirement[basis] = margin.requirement(basis, self.book[basis])
        self.available = {basis: self.less_costs[basis] - self.requirement[basis].total
                          for basis in BASES}
        self.levered_notional = margin.levered_notional()
        self.verdicts = self.judge_orders()

    def judge_orders(self):
        if not self.portfolio.what_if:
            return []
        now = self.requirement["initial"].total
        alone = now
        if self.portfolio.orders:
            alone = self.margin.requirement("initial", self.margin.positions).total
        return [self.margin.judge(order, now, alone) for order in self.portfolio.what_if]

    # --- as texts

    def value(self, quanta):
        return scaled_text(quanta, self.configuration.risk_decimals)

    def fines(self, fines):
        return scaled_text(fines, self.configuration.risk_decimals + 6)

    def counted_value(self, wide):
        """Wide times 1e6, rounded down to quanta."""
        return self.value(self.rounding.floor(wide, PPM * self.configuration.wide_denominator))

    def json(self):
        answer = {"name": self.portfolio.name, "account": self.portfolio.account,
                  "state": self.state(), "leverage": self.leverage(),
                  "option_value": self.counted_value(PPM * self.margin.option_value()),
                  "assets": self.assets()}
        for basis in BASES:
            answer[basis] = self.of_basis(basis)
        answer["what_if"] = [self.verdict(order, *verdict)
                             for order, verdict in zip(self.portfolio.what_if, self.verdicts)]
        return answer

    def state(self):
        """The worst state whose band the account is in, had it been in none before."""
        entered = [band.state for band in self.configuration.bands
                   if self.less_costs[band.basis] * PPM
                   < band.enter_ppm * self.requirement[band.basis].total]
        return max(entered + ["normal"], key=STATES.index)

    def leverage(self):
        most, brackets = self.configuration.accounts[self.portfolio.account]
        for upto, bracket in brackets:
            if upto is None or self.levered_notional <= upto:
                most = bracket if most is None else min(most, bracket)
                break
        equity, ratio = self.margin.leverage_equity(), None
        if equity > 0:
            ratio = scaled_text(self.rounding.ceil(self.levered_notional * PPM, equity), 6)
        return {"gross_notional": self.value(self.levered_notional), "ratio": ratio,
                "max": None if most is None else scaled_text(most, 6)}

    def assets(self):
        assets = {}
        for a, asset in enumerate(self.configuration.assets):
            amount, costs = self.margin.amounts[a], self.margin.now.costs[a]
            if amount or costs or self.portfolio.borrowed[a]:
                entry = {"amount": scaled_text(amount, asset.decimals),
                         "costs": scaled_text(costs, asset.decimals)}
                for basis in BASES:
                    counted = self.margin.counted(basis, self.margin.positions.costs)[a]
                    borrow = self.margin.borrow_margin(a, amount, basis)
                    scale = PPM * self.configuration.wide_denominator
                    entry[basis] = {"value": self.counted_value(counted),
                                    "borrow_margin": self.value(self.rounding.ceil(borrow, scale))}
                assets[asset.name] = entry
        return assets

    def of_basis(self, basis):
        required = self.requirement[basis]
        parts = (required.groups_part, required.joint_part, required.outside_part)
        ratio = None
        if required.total:
            ratio = scaled_text(self.rounding.floor(self.less_costs[basis] * PPM, required.total), 6)
        answer = {"equity": self.value(self.equity[basis]),
                  "costs": self.value(self.equity[basis] - self.less_costs[basis]),
                  "requirement": self.value(required.total),
                  "available": self.value(self.available[basis]), "ratio": ratio,
                  "scopes": {scope: self.value(self.rounding.ceil(part, PPM**3))
                             for scope, part in zip(SCOPES, parts)},
                  "binding": self.binding(required, basis),
                  "with_warnings": self.with_warnings(basis),
                  "groups": self.groups(required), "joint": self.joint(required)}
        if self.portfolio.wants_vectors:
            answer["vectors"] = self.vectors(required, basis)
        return answer

    def groups(self, required):
        groups = {}
        for g, part in required.parts.items():
            group = self.configuration.groups[g]
            groups[group.name] = {
                "requirement": self.fines(required.needs[g]),
                "sets": {self.configuration.sets[k].name: self.fines(loss)
                         for k, loss in part.alone.items()},
                "add_ons": {group.add_ons[at].name: self.fines(charge)
                            for at, charge in part.charges.items()},
                "floor": self.fines(part.floor)}
        return groups

    def joint(self, required):
        return {self.configuration.sets[k].name: {
            "requirement": self.fines(self.rounding.ceil(part.needed, PPM)),
            "together": self.fines(part.together), "alone": self.fines(part.alone)}
            for k, part in required.joint.items()}

    def binding(self, required, basis):
        """Where the requirement comes from; of equals the first in the order of the files."""
        if required.total <= 0:
            return None
        binding = dict.fromkeys(("scope", "group", "set", "column", "scenario"))
        larger = max(required.groups_part, required.joint_part)
        if larger == 0:
            binding["scope"] = "outside"
            return binding
        sets = self.configuration.sets
        deciding = [k for k, one in enumerate(sets) if one.counts(basis) and one.action == "enforce"]
        if required.groups_part >= required.joint_part:
            g = max(required.needs, key=required.needs.get)
            part = required.parts[g]
            binding["scope"], binding["group"] = "groups", self.configuration.groups[g].name
            if self.margin.scanned(part, deciding) + self.margin.charges_at(part, g, "group") \
                    < part.floor:
                return binding
            figures = {k: part.alone[k] for k in deciding if k in part.alone and not sets[k].joint}
            k = self.largest("groups", figures)
            if k is not None:
                first = sets[k].first_column[g]
                columns = part.low[first:first + len(sets[k].columns[g])]
                self.name_column(binding, k, g, columns)
        else:
            binding["scope"] = "joint"
            figures = {k: required.joint[k].needed for k in deciding if k in required.joint}
            k = self.largest("joint", figures)
            if k is not None:
                self.name_column(binding, k, 0, required.joint[k].columns)
        return binding

    def largest(self, scope, figures):
        """The set with the largest part, or None where no set asks for anything."""
        if self.configuration.combine[scope] == "sum":
            figures = {k: self.configuration.sets[k].weight_ppm * v for k, v in figures.items()}
        if not figures or max(figures.values()) == 0:
            return None
        return max(figures, key=figures.get)

    def name_column(self, binding, k, g, columns):
        one = self.configuration.sets[k]
        column = columns.index(min(columns))
        binding.update(set=one.name, column=column, scenario=one.columns[g][column].name)

    def with_warnings(self, basis):
        """The same with the sets that only warn."""
        if all(one.action != "warn" or not one.counts(basis) for one in self.configuration.sets):
            return None
        required = self.margin.put_together(basis, self.requirement[basis].parts,
                                            ("enforce", "warn"))
        return {"requirement": self.value(required.total),
                "available": self.value(self.less_costs[basis] - required.total)}

    def vectors(self, required, basis):
        vectors = {"groups": {}, "joint": {}}
        for g, part in required.parts.items():
            sets = vectors["groups"][self.configuration.groups[g].name] = {}
            for one in self.configuration.sets:
                if one.counts(basis) and one.columns[g]:
                    first = one.first_column[g]
                    sets[one.name] = [{"scenario": column.name, "low": self.fines(low)}
                                      for column, low in zip(one.columns[g], part.low[first:])]
        for k, part in required.joint.items():
            one = self.configuration.sets[k]
            vectors["joint"][one.name] = [{"scenario": column.name, "low": self.fines(low)}
                                          for column, low in zip(one.columns[0], part.columns)]
        return vectors

    def verdict(self, order, available, leg, missing):
        before = self.available["initial"]
        texts = order.texts
        return {"instrument": texts["instrument"], "side": texts["side"],
                "quantity": decimal_text(texts["quantity"]), "price": decimal_text(texts["price"]),
                "leg": leg, "available_after": self.value(available),
                "needed": self.value(before - available),
                "shortfall": self.value(missing)}
