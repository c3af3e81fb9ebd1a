"""The configuration that the margin of an account depends on: assets.json, margin.json,
instruments.json, and the accounts, leverage and protections of limits.json. See config/ for what each key means.

Numbers become the integers that the rounding contract (risk/engine.h) speaks of: units of an asset,
index units, mark units, lots, quanta of the risk currency, ppm. What the loader of the product checks
about relations between keys is not all checked again here.
"""

import pathlib
from dataclasses import dataclass, field
from fractions import Fraction

import reader as json_reader
from reader import Problem, Reader, whole
from scenarios import PPM, read_set

MODES = ("static", "both", "downside_only", "upside_only")
FALLING = ("both", "downside_only")  # whose falls are in the scenarios
LINEAR = ("perpetual", "future", "equity", "fx", "option")
INVERSE = ("inverse_perpetual", "inverse_future")
EXPIRING = ("future", "inverse_future", "option")
MEASURES = ("notional", "delta", "premium", "funding", "lot", "vega", "initial_charge",
            "maintenance_charge")
REACHES = ("net", "long_net", "short_net", "gross", "long", "short", "payable")
BASES = ("initial", "maintenance")
WIDE_DIGITS_MAX = 12
VECTOR_MAX = 2**28
LOTS_MAX = 10**12


@dataclass
class Asset:
    name: str
    decimals: int
    index_decimals: int
    index_max: int
    debt_addon_ppm: int
    mode: str
    factor: int                # or None
    tiers: dict                # by basis: (upto or None, rate in ppm) of each tier
    tiers_by_value: bool
    borrow_ppm: dict           # by basis
    share_ppm: int             # PPM: uncapped
    share_free: int            # quanta
    wide_per_index: int = 0

    @property
    def capped(self):
        return self.share_ppm < PPM

    @property
    def inflow_ppm(self):
        """What a unit more of it counts at least."""
        return 0 if self.capped else self.tiers["initial"][-1][1]

    @property
    def plain(self):
        return (self.mode == "static" and not self.capped
                and all(rate == PPM for tiers in self.tiers.values() for _, rate in tiers))


@dataclass
class Group:
    name: str
    factors: list
    first_factor: int
    kappa_ppm: int
    gain_cap: int              # quanta, or None
    table_move_max_ppm: int = 0
    shocks: list = field(default_factory=list)   # by local factor, by column, in ppm
    column_count: int = 0
    add_ons: list = field(default_factory=list)

    @property
    def lag_states(self):
        """The underlying's moves for which the table has the columns, in ppm."""
        most = self.table_move_max_ppm
        return (0, -most, most) if most else (0,)


@dataclass
class Instrument:
    name: str
    kind: str
    settlement: int
    factor: int
    group: int
    lot: Fraction
    marks_per_tick: int
    mark_decimals: int
    mark_max: int
    units_per_lot_mark: int
    fee_ppm: int
    table: bool                # its risk comes from the group's table
    upfront: bool = False
    long_value: bool = True
    expiry: str = None
    strike: Fraction = None
    option_type: str = None
    reference: int = None
    reference_ppm: int = PPM
    vector_unit: int = 0       # fines
    vector_cap: int = 0
    base: int = None           # spot: the asset that is bought
    base_per_lot: int = 0

    @property
    def inverse(self):
        return self.kind in INVERSE

    @property
    def spot(self):
        return self.kind == "spot"


@dataclass
class Driver:
    reach: str
    measure: str
    per_lot: int               # quanta
    instruments: list


@dataclass
class AddOn:
    name: str
    function: str
    place: str
    drivers: list
    tiers: dict                # by basis: a list of (upto in quanta or None, rate in ppm), or None
    ramp: tuple = None         # tiers: instrument, low and high open interest in lots
    threshold: int = 0         # ramp: quanta
    per: int = None            # ramp: asset
    slope_ppm: int = 0
    most_ppm: int = 0


@dataclass
class Band:
    state: str
    basis: str
    enter_ppm: int
    exit_ppm: int


class Configuration:
    """All of it. Lists are in the order of the files; indexes are places in them."""

    def __init__(self, files, read_text=None):
        """`files`: the parsed JSON by name; `read_text`: the text of a file that margin.json names."""
        with Reader(files["margin"], "margin.json") as margin, \
                Reader(files["assets"], "assets.json") as assets, \
                Reader(files["instruments"], "instruments.json") as instruments, \
                Reader(files["limits"], "limits.json") as limits:
            for root in (margin, assets, instruments, limits):
                root.skip("$schema")
            with assets.object("risk_currency") as currency:
                self.risk_currency = currency.text("name")
                self.risk_decimals = currency.integer("decimals", 0, 9)
            self.read_groups(margin.object("groups"))
            self.read_sets(margin.object("sets"), read_text)
            self.read_assets(assets.object("assets"))
            self.read_instruments(instruments.object("instruments"))
            self.read_rest_of_margin(margin)
            self.read_limits(limits)

    # --- margin.json

    def read_groups(self, by_name):
        self.groups, self.factor_index, self.factor_group = [], {}, []
        for name in by_name.names():
            with by_name.object(name) as group:
                group.skip("table_age_max_ms", "volatility")
                factors = group.texts("factors")
                first = len(self.factor_index)
                for factor in factors:
                    if factor in self.factor_index:
                        group.problem("factors", f"{factor} is in another group already")
                    self.factor_index[factor] = len(self.factor_index)
                    self.factor_group.append(len(self.groups))
                self.groups.append(Group(name, factors, first, group.scaled("kappa", 6, 0, PPM),
                                         group.scaled("gain_cap", self.risk_decimals, 0,
                                                      default=None),
                                         group.scaled("table_move_max", 6, 0, PPM // 2,
                                                      default="0")))
        self.group_index = {group.name: g for g, group in enumerate(self.groups)}

    def read_sets(self, by_name, read_text):
        sets = []
        for name in by_name.names():
            sets.append(read_set(by_name.object(name), name, self.groups, self.factor_index,
                                 read_text))
        self.sets = [s for s in sets if not s.joint] + [s for s in sets if s.joint]
        for group in self.groups:
            group.shocks = [[] for _ in group.factors]
        for one in self.sets:
            for g, group in enumerate(self.groups):
                one.first_column.append(group.column_count)
                group.column_count += len(one.columns[g])
                for f, row in enumerate(group.shocks):
                    row.extend(column.shock(f) for column in one.columns[g])

    def read_rest_of_margin(self, root):
        """Multipliers, bands and add-ons; the latter name instruments."""
        self.mult_ppm = {"initial": {}, "maintenance": {}}
        self.combine = {}
        for scope, key in (("groups", "group"), ("joint", "joint")):
            most = 10 * PPM
            initial = root.scaled(key + "_mult", 6, 1, most)
            self.mult_ppm["initial"][scope] = initial
            self.mult_ppm["maintenance"][scope] = (
                root.scaled(f"maintenance_{key}_mult", 6, 1, most)
                if root.has(f"maintenance_{key}_mult") else initial)
            self.combine[scope] = root.choice("combine_" + scope, ("max", "sum"), "max")
        self.maintenance_includes_orders = root.boolean("maintenance_includes_orders", False)
        root.skip("liquidation_lock", "exit_allowance", "transfer_notional")
        self.plain_leverage = root.choice("leverage_equity", ("haircut", "plain"),
                                          "haircut") == "plain"
        self.premium_leverage = root.choice("leverage_options", ("underlying", "premium"),
                                            "underlying") == "premium"
        self.spot_leverage = root.boolean("leverage_spot", False)
        default_bands = [
            {"state": "restricted", "basis": "initial", "enter": "1", "exit": "1"},
            {"state": "liquidation", "basis": "maintenance", "enter": "1", "exit": "1"},
            {"state": "bankrupt", "basis": "maintenance", "enter": "0", "exit": "0"}]
        self.bands = []
        for band in root.objects("bands", default_bands):
            with band:
                self.bands.append(Band(
                    band.choice("state", ("warned", "restricted", "liquidation", "bankrupt")),
                    band.choice("basis", BASES), band.scaled("enter", 6, 0, 100 * PPM),
                    band.scaled("exit", 6, 0, 100 * PPM)))
        if root.has("add_ons"):
            by_name = root.object("add_ons")
            for name in by_name.names():
                self.read_add_on(by_name.object(name), name)

    def read_add_on(self, reader, name):
        function = reader.choice("function", ("tiers", "hedged", "ramp"))
        place = reader.choice("place", ("group", "floor", "joint", "outside"))
        measure = reader.choice("measure", MEASURES)
        reach = reader.choice("reach", REACHES)
        each = reader.choice("each", ("all", "instrument", "expiry", "strike"), "all")
        per_lot = reader.scaled("per_lot", self.risk_decimals, 0) if measure == "lot" else 0
        tiers = {basis: self.read_charge_tiers(reader, basis) for basis in BASES}
        extra = {}
        if function == "hedged" and reach != "net":
            reader.problem("reach", "must be net where the function is hedged")
        if reader.has("ramp_open_interest"):
            if function != "tiers" or not tiers["initial"]:
                reader.problem("ramp_open_interest", "is for tiers with an initial charge")
            with reader.object("ramp_open_interest") as ramp:
                by = ramp.index("instrument", self.instrument_index, "an instrument")
                extra["ramp"] = (by, self.read_lots(ramp, "low", by), self.read_lots(ramp, "high", by))
                if extra["ramp"][1] >= extra["ramp"][2]:
                    ramp.problem("high", "must be more than low")
        if function == "ramp":
            if reach not in ("net", "short_net") or each != "all":
                reader.problem("reach", "a ramp has one driver, of net or short_net reach")
            if any(len(charge or [None]) > 1 for charge in tiers.values()):
                reader.problem("initial", "a ramp has one tier")
            extra["threshold"] = reader.scaled("threshold", self.risk_decimals, 0)
            extra["per"] = reader.index("per", self.asset_index, "an asset")
            extra["slope_ppm"] = reader.scaled("slope", 6, 0)
            extra["most_ppm"] = reader.scaled("most", 6, 0)
        selector = reader.object("of")
        beside = {reach_of: reader.object(key)
                  for key, reach_of in (("short_of", "short_net"), ("offset", "long_net"))
                  if function == "ramp" and reader.has(key)}
        for group_name in reader.texts("groups"):
            if group_name not in self.group_index:
                reader.problem("groups", f"there is no risk group {group_name}")
            g = self.group_index[group_name]
            selected = self.select(selector, g)
            if each == "all":
                parts = [selected]
            else:
                by_key = {}
                for i in selected:
                    by_key.setdefault(self.part_key(each, i), []).append(i)
                parts = list(by_key.values())
            drivers = [Driver(reach, measure, per_lot, part) for part in parts]
            for reach_of, others in beside.items():
                drivers.append(Driver(reach_of, measure, per_lot, self.select(others, g)))
            self.groups[g].add_ons.append(AddOn(name, function, place, drivers, tiers, **extra))
        reader.close()

    def part_key(self, each, i):
        instrument = self.instruments[i]
        if each == "instrument":
            return i
        if each == "expiry":
            return instrument.expiry
        return instrument.expiry, instrument.strike, instrument.option_type

    def select(self, selector, g):
        """Every key that is there must hold; something must be selected."""
        kinds, factors, names = (selector.texts(key, None) if selector.has(key) else None
                                 for key in ("kinds", "factors", "instruments"))
        selector.close()
        selected = [i for i, instrument in enumerate(self.instruments)
                    if instrument.group == g and not instrument.spot
                    and (kinds is None or instrument.kind in kinds)
                    and (factors is None or self.factor_names[instrument.factor] in factors)
                    and (names is None or instrument.name in names)]
        if not selected:
            raise Problem(f"{selector.path}: selects nothing in the group {self.groups[g].name}")
        return selected

    def read_charge_tiers(self, reader, key):
        """Marginal tiers of a charge: rates rise, the last has no end."""
        if reader.take(key, None) is None:
            return None
        tiers = []
        for item in reader.objects(key):
            with item:
                tiers.append((item.scaled("upto", self.risk_decimals, 1),
                              item.scaled("rate", 6, 0, 100 * PPM)))
        check_tiers(reader, key, tiers, rising=True)
        return tiers

    # --- assets.json

    def read_assets(self, by_name):
        self.assets = [self.read_asset(by_name.object(name), name) for name in by_name.names()]
        self.asset_index = {asset.name: a for a, asset in enumerate(self.assets)}
        # What is worth one Wide: as fine as the finest product of a unit and an index unit.
        finest = [a.decimals + a.index_decimals - self.risk_decimals for a in self.assets]
        digits = min(max([0] + finest), WIDE_DIGITS_MAX)
        self.wide_denominator = 10**digits
        for asset, excess in zip(self.assets, finest):
            if excess > WIDE_DIGITS_MAX:
                raise Problem(f"assets.json: {asset.name} has too many decimals")
            asset.wide_per_index = 10**(digits - excess)

    def read_asset(self, reader, name):
        decimals = reader.integer("decimals", 0, 12)
        index_decimals = reader.integer("index_decimals", 0, 12)
        index_max = reader.scaled("index_max", index_decimals, 1)
        mode = reader.choice("scenario_mode", MODES)
        factor = reader.index("factor", self.factor_index, "a factor of margin.json")
        if mode != "static" and factor is None:
            reader.problem("factor", "must be there, since scenario_mode is not static")
        by_value = reader.choice("tiers_in", ("asset", "value"), "asset") == "value"
        upto_decimals = self.risk_decimals if by_value else decimals
        tiers = {"initial": self.read_haircuts(reader, "haircut_tiers", upto_decimals, mode)}
        tiers["maintenance"] = tiers["initial"]
        if reader.has("maintenance_haircut_tiers"):
            tiers["maintenance"] = self.read_haircuts(reader, "maintenance_haircut_tiers",
                                                      upto_decimals, mode)
        borrow = {basis: 0 for basis in BASES}
        if reader.has("borrow"):
            with reader.object("borrow") as rates:
                borrow = {basis: rates.scaled(basis, 6, 0, PPM, "0") for basis in BASES}
                rates.scaled("pool_max", decimals, 0, default="0")
        share, free = PPM, 0
        if reader.has("share"):
            with reader.object("share") as cap:
                share = cap.scaled("max", 6, 0, PPM - 1)
                free = cap.scaled("free", self.risk_decimals, 0, default="0")
            if mode in ("both", "upside_only"):
                reader.problem("share", "is for an asset that counts no rises")
        asset = Asset(name, decimals, index_decimals, index_max,
                      reader.scaled("debt_addon", 6, 0, 10 * PPM), mode, factor, tiers, by_value,
                      borrow, share, free)
        reader.close()
        return asset

    def read_haircuts(self, reader, key, upto_decimals, mode):
        tiers = []
        for item in reader.objects(key):
            with item:
                upto = item.scaled("upto", upto_decimals, 1)
                haircut = item.scaled("haircut", 6, 0, PPM)
                if mode in FALLING:
                    haircut = item.scaled("residual_haircut", 6, 0, PPM)
                tiers.append((upto, PPM - haircut))
        check_tiers(reader, key, tiers, rising=False)
        return tiers

    # --- instruments.json

    def read_instruments(self, by_name):
        self.factor_names = list(self.factor_index)
        names = by_name.names()
        self.instrument_index = {name: i for i, name in enumerate(names)}
        self.instruments = [self.read_instrument(by_name.object(name), name) for name in names]
        for instrument in self.instruments:
            if instrument.reference is None:
                continue
            reference = self.instruments[instrument.reference]
            if reference.group != instrument.group or reference.reference is not None:
                raise Problem(f"instruments.json: the reference of {instrument.name} must be of the"
                              " same group, and have none itself")

    def read_instrument(self, reader, name):
        kind = reader.choice("kind", LINEAR + INVERSE + ("spot",))
        settlement = reader.index("settlement", self.asset_index, "an asset")
        factor = reader.index("factor", self.factor_index, "a factor of margin.json")
        decimals = self.assets[settlement].decimals
        lot, mark_decimals = reader.number("lot"), reader.integer("mark_decimals", 0, 12)
        tick = reader.scaled("tick", mark_decimals, 1)
        mark_max = reader.scaled("price_max", mark_decimals, 1)
        if kind == "spot":
            units = lot * Fraction(10**decimals, 10**mark_decimals)
        elif kind in INVERSE:
            units = lot * reader.number("contract") * 10**(mark_decimals + decimals)
        else:
            units = lot * reader.number("multiplier") * Fraction(10**decimals, 10**mark_decimals)
        units = whole(units, reader.where("lot") + ": the settlement units of one lot")
        if kind in INVERSE and 3 * 10**5 * mark_max > units:
            reader.problem("settlement", "needs more decimals: 3 units in each lot are more than"
                                         " 0.1 bp of its notional at price_max")
        fees = [reader.integer(key, -PPM, PPM) for key in ("maker_fee_ppm", "taker_fee_ppm")]
        reader.skip("market_orders", "venue", "open_interest_max")
        made = Instrument(name, kind, settlement, factor, self.factor_group[factor], lot, tick,
                          mark_decimals, mark_max, units, max(fees + [0]), kind == "option")
        if made.spot:
            made.base = reader.index("base", self.asset_index, "an asset")
            made.base_per_lot = whole(lot * 10**self.assets[made.base].decimals,
                                      reader.where("lot") + ": the base units of one lot")
            if made.base == settlement or self.assets[settlement].capped:
                reader.problem("settlement", "must be uncapped, and another asset than the base")
        if kind in EXPIRING:
            made.expiry = reader.text("expiry")
        if kind == "option":
            made.strike = reader.number("strike")
            made.option_type = reader.choice("option_type", ("call", "put"))
            made.upfront = reader.choice("premium", ("upfront", "futures_style")) == "upfront"
            made.long_value = reader.boolean("long_value", True)
            if not made.upfront and not made.long_value:
                reader.problem("long_value", "must be true where the premium is futures_style")
            if made.upfront and not self.assets[settlement].plain:
                reader.problem("settlement", "a premium is paid in a static asset without a haircut"
                                             " and without a share cap")
        if kind == "option" or reader.has("risk"):
            default = "table" if kind == "option" else "factor"
            made.table = reader.choice("risk", ("factor", "table"), default) == "table"
            if made.table != (kind == "option") and kind != "future":
                reader.problem("risk", f"cannot be that of a {kind}")
        if made.table:
            self.set_vector_unit(made, reader)
        made.reference = reader.index("reference", self.instrument_index, "an instrument", None)
        made.reference_ppm = reader.scaled("reference_ratio", 6, 1, default="1")
        reader.close()
        return made

    def set_vector_unit(self, instrument, reader):
        """The smallest power of ten of fines in which one lot's largest change fits."""
        most = reader.scaled("lot_value_max", self.risk_decimals, 1) * PPM
        unit = 1
        while most > unit * VECTOR_MAX:
            unit *= 10
        if unit * 10**5 > 2 * most:
            reader.problem("lot_value_max", "is too small: half a fine is more than 0.1 bp of it")
        instrument.vector_unit = unit
        instrument.vector_cap = -(-most // unit)

    def read_lots(self, reader, key, instrument):
        return whole(reader.number(key) / self.instruments[instrument].lot,
                     reader.where(key) + ": the number of lots")

    # --- limits.json

    def read_limits(self, root):
        """Only what a leverage is compared with, by account the most and the brackets; its protections,
        the lots by group; and whether it is a cash account."""
        root.skip("version", "venue", "members", "groups", "warnings")
        profiles = {}
        by_name = root.object("profiles")
        for name in by_name.names():
            profile = by_name.object(name)
            brackets = [(item.scaled("upto", self.risk_decimals, 0), item.scaled("max", 6, 0))
                        for item in profile.objects("leverage_brackets", [])]
            profiles[name] = (profile.scaled("leverage_max", 6, 0), brackets)
        self.accounts, self.protections, self.cash_only = {}, {}, {}
        by_name = root.object("accounts")
        places = {group.name: g for g, group in enumerate(self.groups)}
        for name in by_name.names():
            account = by_name.object(name)
            self.accounts[name] = profiles[account.choice("profile", profiles)]
            self.protections[name] = {
                item.index("group", places, "a group"): item.integer("lots", 0, LOTS_MAX)
                for item in account.objects("protections", [])}
            self.cash_only[name] = account.boolean("cash_only", False)


def check_tiers(reader, key, tiers, rising):
    ends = [upto for upto, _ in tiers]
    rates = [rate for _, rate in tiers]
    if not tiers or ends[-1] is not None or None in ends[:-1]:
        reader.problem(key, "must end with a tier whose upto is null, and only there")
    if ends[:-1] != sorted(set(ends[:-1])):
        reader.problem(key, "the tiers' upto must rise")
    if rates != sorted(rates, reverse=not rising):
        reader.problem(key, "the rates must " + ("not fall" if rising else "not rise"))


def load(folder):
    folder = pathlib.Path(folder)
    files = {}
    for name in ("assets", "margin", "instruments", "limits"):
        try:
            files[name] = json_reader.parse((folder / (name + ".json")).read_text())
        except (Problem, OSError) as problem:
            raise Problem(f"{name}.json: {problem}") from None
    return Configuration(files, lambda file: (folder / file).read_text())
