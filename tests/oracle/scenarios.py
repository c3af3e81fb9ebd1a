"""The scenario columns of margin.json: what each column is, and in which order the columns stand.

A group's columns are those of its per-group sets, then those of the joint sets, each in the order of
margin.json. Within a set:
  grid     from the first factor's -range to +range; each point once for each volatility, in the order
           written; then the damped moves, in the order written
  columns  in the order written
  history  the newest rows, oldest first
"""

from dataclasses import dataclass
from fractions import Fraction

from reader import Problem, whole

PPM = 10**6
VOLATILITIES = ("down", "same", "up")


@dataclass
class Column:
    name: str
    moves: list  # by local factor, in ppm, before the weight
    volatility: str = "same"
    weight: Fraction = Fraction(1)  # of a joint set's column of all groups, also one by group

    def shock(self, factor):
        """move * weight; what is no whole ppm is rounded away from zero."""
        return away(self.moves[factor] * self.weight)


def away(number):
    number = Fraction(number)
    size = -(-abs(number.numerator) // number.denominator)
    return size if number >= 0 else -size


def decimal_text(number):
    """The shortest decimal text of a number that has one; otherwise a fraction."""
    number = Fraction(number)
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    places = max(twos, fives)
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    if places == 0:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def with_volatility(name, volatility):
    return name if volatility == "same" else f"{name}, volatility {volatility}"


def read_grid(reader, factor_names):
    """`points` equidistant moves, all factors together; optionally by volatility, and damped moves."""
    points = reader.integer("points", 3, 201)
    if points % 2 == 0:
        reader.problem("points", "must be odd, so that the zero move is one of the points")
    half = points // 2
    if len(factor_names) == 1:
        ranges = [reader.scaled("range", 6, 1, PPM)]
    else:
        with reader.object("range") as by_factor:
            ranges = [by_factor.scaled(name, 6, 1, PPM) for name in factor_names]
    for value in ranges:
        if value % half != 0:
            reader.problem("range", f"{value} is no whole number of ppm in {half} steps")
    volatilities = reader.texts("volatility", [])
    if not set(volatilities) <= set(VOLATILITIES):
        reader.problem("volatility", f"may only name {', '.join(VOLATILITIES)}")
    columns = []
    for step in range(-half, half + 1):
        moves = [value // half * step for value in ranges]
        point = ", ".join(f"{name} {decimal_text(Fraction(move, PPM))}"
                          for name, move in zip(factor_names, moves))
        for volatility in volatilities or ["same"]:
            columns.append(Column(with_volatility(point, volatility), moves, volatility))
    if reader.has("damped"):
        with reader.object("damped") as damped:
            columns += read_damped(damped, factor_names, ranges)
    reader.close()
    return columns


def read_damped(reader, factor_names, ranges):
    """Moves beyond the range, of which a part counts: "edge" is range / |move|."""
    volatility = reader.choice("volatility", VOLATILITIES, "same")
    moves = reader.take("moves")
    weight = None
    if reader.take("weight") == "edge":
        if len(set(ranges)) != 1:
            reader.problem("weight", "\"edge\" needs the same range for all factors")
    else:
        weight = Fraction(reader.scaled("weight", 6, 0, PPM), PPM)
    columns = []
    for i, text in enumerate(moves):
        with type(reader)({"move": text}, f"{reader.where('moves')}[{i}]") as item:
            move = item.scaled("move", 6, -PPM, 10 * PPM)
        if weight is None and abs(move) < ranges[0]:
            reader.problem("moves", f"{text} is within the range, which has no edge to damp it to")
        name = ", ".join(f"{factor} {decimal_text(Fraction(move, PPM))}" for factor in factor_names)
        name = with_volatility(name, volatility) + ", damped"
        columns.append(Column(name, [move] * len(factor_names), volatility,
                              Fraction(ranges[0], abs(move)) if weight is None else weight))
    return columns


def read_columns(reader, factor_names, groups=()):
    """Columns by name; "default" stands for the factors that a column does not name. Of `groups`, the
    weight may be one for each."""
    columns = []
    for name in reader.names():
        with reader.object(name) as column:
            others = column.scaled("default", 6, -PPM, 10 * PPM) if column.has("default") else None
            moves = []
            for factor in factor_names:
                if others is not None and not column.has(factor):
                    moves.append(others)
                else:
                    moves.append(column.scaled(factor, 6, -PPM, 10 * PPM))
            weight = column.take("weight", "1")
            if groups and isinstance(weight, dict):
                with column.object("weight") as by_group:
                    weight = {group.name: Fraction(by_group.scaled(group.name, 6, 1, PPM, "1"), PPM)
                              for group in groups}
            else:
                weight = Fraction(column.scaled("weight", 6, 0, PPM, "1"), PPM)
            columns.append(Column(name, moves, column.choice("volatility", VOLATILITIES, "same"),
                                  weight))
    if not columns:
        raise Problem(f"{reader.path}: must not be empty")
    return columns


def read_history(reader, factor_names, all_factors, read_text):
    """The newest rows of a CSV file: a date, then moves in ppm under the names of factors."""
    name = reader.text("file")
    count = reader.integer("columns", 1, 1024)
    reader.close()
    lines = [line.split(",") for line in read_text(name).splitlines() if line]
    header, rows = [cell.strip() for cell in lines[0]], lines[1:]
    if len(rows) < count:
        raise Problem(f"{name}: has {len(rows)} rows, fewer than {count}")
    for factor in header[1:]:
        if factor not in all_factors:
            raise Problem(f"{name}: there is no factor {factor}")
    dates = [row[0].strip() for row in rows]
    if dates != sorted(set(dates)):
        raise Problem(f"{name}: the dates must rise from row to row")
    places = [header.index(factor) if factor in header[1:] else None for factor in factor_names]
    columns = []
    for row in rows[-count:]:
        if len(row) != len(header):
            raise Problem(f"{name}: the row {row[0]} does not have {len(header)} cells")
        moves = [0 if place is None else whole(Fraction(row[place].strip()), name)
                 for place in places]
        columns.append(Column(row[0].strip(), moves))
    return columns


@dataclass
class ScenarioSet:
    name: str
    joint: bool
    measure: str           # worst or es
    tail: Fraction         # es: the share of the columns that counts
    action: str            # enforce, warn or report
    initial: bool
    maintenance: bool
    weight_ppm: int        # where sets are summed
    joint_weight_ppm: int  # of the joint part
    columns: list          # by group, a list of Column; empty: the group is not in it
    first_column: list     # by group, its place in the group's table

    def counts(self, basis):
        return self.initial if basis == "initial" else self.maintenance


def read_set(reader, name, groups, factors, read_text):
    joint = reader.choice("scope", ("per_group", "joint")) == "joint"
    measure = reader.choice("measure", ("worst", "es"))
    tail = reader.number("tail") if measure == "es" else Fraction(1)
    if not 0 < tail <= 1:
        reader.problem("tail", "must be above 0 and at most 1")
    action = reader.choice("action", ("enforce", "warn", "report"))
    part_of = reader.choice("requirement", ("both", "initial", "maintenance"), "both")
    weight = reader.scaled("combine_weight", 6, 0, 10 * PPM, "1")
    columns = [[] for _ in groups]
    joint_weight = PPM
    all_names = list(factors)
    if joint:
        joint_weight = reader.scaled("weight", 6, 0, PPM)
        if reader.has("history"):
            together = read_history(reader.object("history"), all_names, factors, read_text)
        else:
            together = read_columns(reader.object("columns"), all_names, groups)
        for g, group in enumerate(groups):
            part = slice(group.first_factor, group.first_factor + len(group.factors))
            columns[g] = [Column(c.name, c.moves[part], c.volatility,
                                 c.weight[group.name] if isinstance(c.weight, dict) else c.weight)
                          for c in together]
    else:
        by_name = {group.name: g for g, group in enumerate(groups)}
        parts = reader.object("groups")
        for group_name in parts.names():
            if group_name not in by_name:
                parts.problem(group_name, "there is no risk group of this name")
            g = by_name[group_name]
            with parts.object(group_name) as part:
                if part.has("grid"):
                    columns[g] = read_grid(part.object("grid"), groups[g].factors)
                elif part.has("history"):
                    columns[g] = read_history(part.object("history"), groups[g].factors, factors,
                                              read_text)
                else:
                    columns[g] = read_columns(part.object("columns"), groups[g].factors)
    reader.close()
    return ScenarioSet(name, joint, measure, tail, action, part_of != "maintenance",
                       part_of != "initial", weight, joint_weight, columns, [])
