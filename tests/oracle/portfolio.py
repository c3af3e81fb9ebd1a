"""One portfolio: prices, balances, positions, open orders and what-if orders of an account, read into
the integers of the rounding contract. FORMAT.md describes the input."""

from dataclasses import dataclass, field

from reader import Problem, Reader, whole

RATE_SCALE = 9  # of predicted funding
TABLE_MEASURES = ("delta", "vega", "initial_charge", "maintenance_charge")


@dataclass
class Holding:
    """One instrument of the portfolio: its market, and what the account has in it."""
    mark: int = None           # mark units
    position: int = 0          # lots
    cash: int = 0              # units of the settlement asset
    vector: list = None        # Table: by column of the group, what a lot gains, in fines
    measures: dict = field(default_factory=dict)  # Table: quanta per lot
    funding: int = 0           # 10^-RATE_SCALE of the notional, until the next settlement
    open_interest: int = 0     # lots


@dataclass
class Order:
    instrument: int
    sign: int                  # +1 buy, -1 sell
    lots: int
    price: int                 # mark units
    exit: bool = False         # open orders: accepted as an exit
    texts: dict = field(default_factory=dict)  # what-if: as they were asked


class Portfolio:
    def __init__(self, value, configuration):
        self.configuration = configuration
        with Reader(value, "portfolio") as root:
            self.name = root.text("name")
            root.path = self.name
            accounts = configuration.accounts
            self.account = root.choice("account", accounts, next(iter(accounts)))
            count = len(configuration.assets)
            self.index = [0] * count     # index units; 0: not priced
            self.balance, self.borrowed = [0] * count, [0] * count
            for a, reader in self.named(root, "assets", configuration.asset_index):
                self.read_asset(reader, a)
            self.holdings = {}
            for i, reader in self.named(root, "instruments", configuration.instrument_index):
                self.holdings[i] = self.read_holding(reader, i)
            self.orders = [self.read_order(item, False) for item in root.objects("orders", [])]
            self.what_if = [self.read_order(item, True) for item in root.objects("what_if", [])]
            detail = root.texts("detail", [])
            if not set(detail) <= {"vectors"}:
                root.problem("detail", "may only name vectors")
            self.wants_vectors = "vectors" in detail
        self.check_prices()

    @staticmethod
    def named(root, key, table):
        by_name = root.object(key, {})
        for name in by_name.names():
            if name not in table:
                by_name.problem(name, "is not in the configuration")
            with by_name.object(name) as reader:
                yield table[name], reader

    def read_asset(self, reader, a):
        asset = self.configuration.assets[a]
        self.index[a] = reader.scaled("index", asset.index_decimals, 1, asset.index_max, None) or 0
        self.balance[a] = reader.scaled("balance", asset.decimals, default="0")
        self.borrowed[a] = reader.scaled("borrowed", asset.decimals, 0, default="0")
        if (self.balance[a] or self.borrowed[a]) and not self.index[a]:
            reader.problem("index", "is missing")

    def read_holding(self, reader, i):
        instrument = self.configuration.instruments[i]
        holding = Holding()
        holding.mark = reader.scaled("mark", instrument.mark_decimals, 1, instrument.mark_max, None)
        if instrument.spot:  # there is no position
            return holding
        holding.position = self.read_lots(reader, "position", i, "0")
        holding.funding = reader.scaled("predicted_funding", RATE_SCALE, default="0")
        holding.open_interest = self.read_lots(reader, "open_interest", i, "0")
        if reader.has("entry") == reader.has("cash") and (holding.position or reader.has("cash")):
            reader.problem("entry", "is needed, or cash, and not both")
        if reader.has("entry"):
            entry = reader.number("entry") * 10**instrument.mark_decimals
            if entry <= 0:
                reader.problem("entry", "must be positive")
            paid = (holding.position * instrument.units_per_lot_mark / entry if instrument.inverse
                    else -holding.position * instrument.units_per_lot_mark * entry)
            holding.cash = paid.numerator // paid.denominator
        else:
            decimals = self.configuration.assets[instrument.settlement].decimals
            holding.cash = reader.scaled("cash", decimals, default="0")
        if instrument.table:
            decimals = self.configuration.risk_decimals
            holding.measures = {key: reader.scaled(key, decimals, default="0")
                                for key in TABLE_MEASURES}
            if reader.has("vector"):
                holding.vector = self.read_vector(reader, instrument)
        return holding

    def read_vector(self, reader, instrument):
        values = reader.take("vector")
        group = self.configuration.groups[instrument.group]
        states = len(group.lag_states)
        lengths = (group.column_count, group.column_count * states)
        if not isinstance(values, list) or len(values) not in lengths:
            reader.problem("vector", f"must have {group.column_count} values, one for each column"
                                     f" of the group {group.name}"
                                     + (f", or {lengths[1]}, for each of its lag states"
                                        if states > 1 else ""))
        most = instrument.vector_unit * instrument.vector_cap
        items = (Reader({str(c): value}, reader.where("vector")) for c, value in enumerate(values))
        vector = [item.scaled(str(c), self.configuration.risk_decimals + 6, -most, most)
                  for c, item in enumerate(items)]
        return vector * (lengths[1] // len(vector)) if vector else vector

    def read_lots(self, reader, key, i, default=None):
        quantity = reader.number(key) if default is None else reader.number(key, default)
        return whole(quantity / self.configuration.instruments[i].lot,
                     reader.where(key) + ": the number of lots")

    def read_order(self, reader, asked):
        with reader:
            i = reader.index("instrument", self.configuration.instrument_index, "an instrument")
            instrument = self.configuration.instruments[i]
            sign = 1 if reader.choice("side", ("buy", "sell")) == "buy" else -1
            lots = self.read_lots(reader, "quantity", i)
            price = reader.scaled("price", instrument.mark_decimals, 1)
            if lots <= 0:
                reader.problem("quantity", "must be positive")
            if price % instrument.marks_per_tick != 0:
                reader.problem("price", "must be a whole number of ticks")
            order = Order(i, sign, lots, price)
            if asked:
                reader.boolean("reduce_only", False)
                order.texts = {key: reader.take(key) for key in ("instrument", "side")}
                order.texts["quantity"] = reader.number("quantity")
                order.texts["price"] = reader.number("price")
            else:
                order.exit = reader.boolean("exit", False)
                if order.exit and instrument.spot:
                    reader.problem("exit", "no spot order is an exit")
            self.holdings.setdefault(i, Holding())
            return order

    def check_prices(self):
        """What has a position, cash or an order needs a mark, and its assets an index."""
        ordered = {order.instrument for order in self.orders + self.what_if}
        for i, holding in self.holdings.items():
            instrument = self.configuration.instruments[i]
            if not (holding.position or holding.cash or i in ordered):
                continue
            if holding.mark is None:
                raise Problem(f"{self.name}: {instrument.name} has no mark")
            for a in [instrument.settlement] + [instrument.base] * instrument.spot:
                if not self.index[a]:
                    asset = self.configuration.assets[a]
                    raise Problem(f"{self.name}: {asset.name} has no index")
            if instrument.table and holding.vector is None:
                raise Problem(f"{self.name}: {instrument.name} has no vector")
            if instrument.reference is not None:
                reference = self.holdings.get(instrument.reference, Holding())
                other = self.configuration.instruments[instrument.reference]
                if reference.mark is None:
                    raise Problem(f"{self.name}: {other.name} has no mark, and {instrument.name}"
                                  " refers to it")
                if not self.index[other.settlement]:
                    asset = self.configuration.assets[other.settlement]
                    raise Problem(f"{self.name}: {asset.name} has no index")
