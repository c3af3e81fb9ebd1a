"""JSON without surprises: numbers are exact, every key is asked for, and what is wrong is named by its
path. Amounts may be decimal text ("0.1") or JSON numbers."""

import json
import re
from decimal import Decimal
from fractions import Fraction

REQUIRED = object()
DECIMAL_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")


class Problem(Exception):
    """Something wrong in an input, with where it stands."""


def _unique(pairs):
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise Problem("a key is there twice among " + ", ".join(key for key, _ in pairs))
    return keys


def _no_number(text):
    raise Problem(text + " is no number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=Decimal,
                            parse_constant=_no_number)


def parse(text):
    """The one JSON value of a text."""
    values = parse_all(text)
    if len(values) != 1:
        raise Problem("must be one JSON object")
    return values[0]


def parse_all(text):
    """The JSON values of a text, one after the other, each on as many lines as it wants."""
    values, at = [], 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return values
        try:
            value, at = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise Problem("no JSON: " + str(error)) from None
        values.append(value)


def exact(value, path):
    """The number that decimal text or a JSON number stands for."""
    if isinstance(value, str) and DECIMAL_TEXT.match(value):
        return Fraction(value)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Fraction(value)
    raise Problem(f"{path}: must be a decimal number, was {value!r}")


def whole(number, what):
    if number.denominator != 1:
        raise Problem(f"{what} must be whole, was {number}")
    return number.numerator


class Reader:
    """One JSON object. close() finds the keys that nobody asked for."""

    def __init__(self, value, path):
        if not isinstance(value, dict):
            raise Problem(f"{path}: must be an object")
        self.values, self.path, self.used = value, path, set()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.close()

    def close(self):
        for key in self.values:
            if key not in self.used:
                raise Problem(f"{self.path}.{key}: unknown key")

    def has(self, key):
        return key in self.values

    def where(self, key):
        return f"{self.path}.{key}"

    def problem(self, key, what):
        raise Problem(f"{self.where(key)}: {what}")

    def skip(self, *keys):
        self.used.update(keys)

    def take(self, key, default=REQUIRED):
        self.used.add(key)
        if key in self.values:
            return self.values[key]
        if default is REQUIRED:
            self.problem(key, "is missing")
        return default

    def names(self):
        """All keys, where they are names."""
        self.used.update(self.values)
        return list(self.values)

    def object(self, key, default=REQUIRED):
        return Reader(self.take(key, default), self.where(key))

    def objects(self, key, default=REQUIRED):
        """The readers of a list of objects."""
        items = self.take(key, default)
        if not isinstance(items, list):
            self.problem(key, "must be a list")
        return [Reader(item, f"{self.where(key)}[{i}]") for i, item in enumerate(items)]

    def texts(self, key, default=REQUIRED):
        items = self.take(key, default)
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.problem(key, "must be a list of texts")
        if len(set(items)) != len(items):
            self.problem(key, "names something twice")
        return items

    def text(self, key, default=REQUIRED):
        value = self.take(key, default)
        if value is not default and not isinstance(value, str):
            self.problem(key, "must be a text")
        return value

    def choice(self, key, words, default=REQUIRED):
        value = self.take(key, default)
        if value not in words:
            self.problem(key, f"must be one of {', '.join(map(str, words))}, was {value!r}")
        return value

    def boolean(self, key, default=REQUIRED):
        value = self.take(key, default)
        if not isinstance(value, bool):
            self.problem(key, "must be true or false")
        return value

    def integer(self, key, least, most, default=REQUIRED):
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.problem(key, f"must be an integer from {least} to {most}, was {value!r}")
        return value

    def number(self, key, default=REQUIRED):
        """An exact number, or None where the key is null."""
        value = self.take(key, default)
        return None if value is None else exact(value, self.where(key))

    def scaled(self, key, scale, least=None, most=None, default=REQUIRED):
        """A decimal number times 10^scale, which must be whole; or None where the key is null."""
        number = self.number(key, default)
        if number is None:
            return None
        value = number * 10**scale
        if value.denominator != 1:
            self.problem(key, f"has more than {scale} digits behind the point: {self.values[key]}")
        value = value.numerator
        if (least is not None and value < least) or (most is not None and value > most):
            self.problem(key, f"is out of range: {self.values[key]}")
        return value

    def index(self, key, table, what, default=REQUIRED):
        """The place in a table of names that the key's text names; or None where it is null."""
        name = self.take(key, default)
        if name is None:
            return None
        if not isinstance(name, str) or name not in table:
            self.problem(key, f"must be the name of {what}, was {name!r}")
        return table[name]
