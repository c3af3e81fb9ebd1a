#!/usr/bin/env python3
"""A reader of the gate's journal that is not the product: read.py FOLDER writes what
`portcullis journal --json` writes, a line for each record.

It knows what gateway/journal/FORMAT.md says and nothing else: the tables of the page are read for the
layout of the structs, for names and for what fields mean; the rules around them are written down here.
"""

import json
import pathlib
import re
import struct
import sys
from datetime import datetime, timezone
from fractions import Fraction

PAGE = pathlib.Path(__file__).resolve().parents[2] / "gateway/journal/FORMAT.md"
NONE = 0xFFFFFFFF


class Damaged(Exception):
    pass


# --- the page


class Page:
    """The tables: fields of a struct by its name, and the others by the first two words of their heads."""

    def __init__(self, text):
        self.structs, self.sizes, tables = {}, {}, {}
        heading = table = None
        for line in text.splitlines():
            if match := re.match(r"#### (\w+), (\d+) bytes$", line):
                heading = match[1]
                self.sizes[heading] = int(match[2])
            if not line.startswith("|"):
                table = None
                continue
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if table is None:
                table = self.structs.setdefault(heading, []) if cells[0] == "offset" else \
                    tables.setdefault(", ".join(cells[:2]) + f", {len(cells)}", [])
            elif not cells[0].startswith("---"):
                table.append([cell.strip("`") for cell in cells])
        self.types = {int(number): re.search(r"\w+", name)[0] for number, name, _ in tables["type, name, 3"]}
        self.enumerations = {name: {int(number): word for number, word in re.findall(r"(\d+) `?(\w+)`?", numbers)}
                             for name, numbers in tables["enumeration, numbers, 2"]}
        self.enumerations["RejectReason"] = {int(n): name for n, name, _ in tables["reason, name, 3"]}
        self.units = {int(n): unit for n, _, unit in tables["reason, name, 3"]}
        self.messages = {kind.encode(): (name, re.findall(r"`?(\w+)`? (\w+(?:\[\d+\])?)", fields), tail)
                         for kind, name, _, fields, tail in tables["type, name, 5"]}
        self.tags = {int(tag): (name, kind) for tag, name, kind in tables["tag, name, 3"]}
        flags = re.search(r"OrderFlag, from the lowest bit: (.*?)\.\n", text, re.S)[1]
        self.flags = re.findall(r"`(\w+)`", flags)


PAGE = Page(PAGE.read_text())
CODES = {"i64": "q", "u64": "Q", "i32": "i", "u32": "I", "u16": "H", "u8": "B"}


def size_of(kind):
    base, count = re.match(r"(\w+?)(?:\[(\d+)\])?$", kind).groups()
    return (1 if base == "char" else struct.calcsize(CODES[base])) * int(count or 1)


def number(kind, data, order="<"):
    """The value of a plain type; of a char or char[] its bytes, of other arrays a list."""
    base, count = re.match(r"(\w+?)(?:\[(\d+)\])?$", kind).groups()
    if base == "char":
        return bytes(data)
    values = struct.unpack(f"{order}{count or 1}{CODES[base]}", data)
    return list(values) if count else values[0]


def fields_of(name, data):
    """A struct's fields as integers, texts and, where they are structs, dictionaries."""
    fields = {}
    for offset, size, field, kind, _ in PAGE.structs[name]:
        part = data[int(offset):int(offset) + int(size)]
        fields[field] = fields_of(kind, part) if kind in PAGE.structs else number(kind, part)
    return fields


# --- the checksum


def make_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


# --- the files


class Record:
    """What lies at the beginning of `data`; `wrong` where that is no good record."""

    def __init__(self, data):
        self.wrong = self.parse(data)

    def parse(self, data):
        if len(data) < 4 or data[:4] == bytes(4):
            return "nothing"
        size = PAGE.sizes["RecordHeader"]
        if len(data) < size:
            return "cut off"
        header = fields_of("RecordHeader", data)
        self.length = header["length"]
        if self.length % 8 or not 32 <= self.length <= 131072:
            return "bad length"
        if self.length > len(data):
            return "cut off"
        data = bytes(data[:self.length])
        if crc32c(data[8:]) != header["crc32c"]:
            return "bad checksum"
        self.sequence, self.type, self.time = header["sequence"], header["type"], header["time_ns"]
        end = size + header["command_length"]
        self.command = data[size:end]
        at = -(-end // 8) * 8
        if any(data[end:at]) or at > self.length:
            return "bad command"
        self.outbounds = []
        for _ in range(header["outbound_count"]):
            if at + 16 > self.length:
                return "bad outbound"
            outbound = fields_of("OutboundHeader", data[at:at + 16])
            end = at + 16 + outbound["length"]
            at, begin = -(-end // 8) * 8, at + 16
            if at > self.length or any(data[end:at]) or outbound["reserved"]:
                return "bad outbound"
            self.outbounds.append((outbound["stream"], outbound["stream_sequence"], data[begin:end]))
        return "" if at == self.length else "bad shape"


class Journal:
    """Iterates over the records; raises Damaged where one that must be there is not good."""

    def __init__(self, folder):
        self.folder = folder
        self.id = None
        self.expected = None
        self.streams = {}

    def __iter__(self):
        paths = sorted(self.folder.glob("segment-" + "[0-9]" * 10))
        if not paths:
            raise Damaged(f"no segments in {self.folder}")
        for path in paths:
            yield from self.segment(path, is_last=path == paths[-1])
        yield from self.ring_records()

    def take(self, record):
        self.expected += 1
        for stream, sequence, _ in record.outbounds:
            if sequence != self.streams.get(stream, sequence - 1) + 1:
                raise Damaged(f"record {record.sequence}: message {sequence} of stream {stream} is out of order")
            self.streams[stream] = sequence
        return record

    def segment(self, path, is_last):
        data = memoryview(path.read_bytes())
        header = fields_of("SegmentHeader", data)
        if struct.pack("<Q", header["magic"]) != b"PCJRNSEG" or header["version"] != 1 or \
                header["crc32c"] != crc32c(data[:40]) or header["number"] != int(path.name[8:]):
            raise Damaged(f"{path}: not the header of this segment")
        self.id = self.id or header["id"]
        self.expected = self.expected or header["first_sequence"]
        if header["id"] != self.id or header["first_sequence"] != self.expected:
            raise Damaged(f"{path}: begins with record {header['first_sequence']}, not {self.expected}")
        at = PAGE.sizes["SegmentHeader"]
        while True:
            record = Record(data[at:at + 131072])
            if record.wrong or record.sequence != self.expected:
                break
            at += record.length
            yield self.take(record)
        if is_last and self.expected > self.flushed() and not self.good_behind(data, at):
            return
        if record.wrong != "nothing" or is_last:
            raise Damaged(f"{path} offset {at}: record {self.expected}: {record.wrong or 'is another'}")

    def good_behind(self, data, at):
        for at in range(at + 8, len(data) - 31, 8):
            if struct.unpack_from("<Q", data, at + 8)[0] >= self.expected and not Record(data[at:at + 131072]).wrong:
                return True
        return False

    def flushed(self):
        """Records up to here must be in the segments."""
        if ring := self.ring():
            return ring[0]["flushed_sequence"]
        path = self.folder / "state"
        data = path.read_bytes() if path.exists() else b""
        if len(data) != PAGE.sizes["StateRecord"]:
            return 0
        state = fields_of("StateRecord", data)
        is_good = struct.pack("<Q", state["magic"]) == b"PCJRNSTA" and state["version"] == 1 and \
            state["crc32c"] == crc32c(data[:56]) and state["id"] == self.id
        return state["last_sequence"] if is_good and state["flags"] & 1 else 0

    def ring(self):
        try:
            data = (self.folder / "ring").read_bytes()
        except FileNotFoundError:
            return None
        header = fields_of("RingHeader", data)
        if struct.pack("<Q", header["magic"]) != b"PCJRNRNG" or header["version"] != 1:
            raise Damaged(f"{self.folder / 'ring'}: not a ring")
        return (header, data[65536:]) if header["id"] == self.id else None

    def ring_records(self):
        ring = self.ring()
        if not ring:
            return
        header, data = ring
        data += data  # a record that wraps is one run of bytes
        position = header["flushed_position"]
        while True:
            at = position % header["ring_bytes"]
            record = Record(data[at:at + min(131072, header["ring_bytes"])])
            if record.wrong == "nothing":
                return
            if record.wrong or record.sequence > self.expected:
                raise Damaged(f"ring position {position}: record {self.expected}: {record.wrong or 'is missing'}")
            position += record.length
            if record.sequence == self.expected:
                yield self.take(record)


# --- what numbers say


class Configuration:
    def __init__(self, path):
        self.there = path.exists()
        if not self.there:
            return
        files = json.loads(path.read_text())
        limits, margin = files["limits.json"], files["margin.json"]
        self.instruments = list(files["instruments.json"]["instruments"].items())
        self.assets = list(files["assets.json"]["assets"].items())
        self.quantum = Fraction(1, 10 ** files["assets.json"]["risk_currency"]["decimals"])
        names = {
            "account": list(limits["accounts"]), "instrument": [name for name, _ in self.instruments],
            "asset": [name for name, _ in self.assets], "session": list(files["sessions.json"]["sessions"]),
            "node": [limits["venue"]["name"], *limits["members"], *limits["groups"]],
            "set": list(margin["sets"]), "group": list(margin["groups"]),
        }
        self.names = names | {"accounts": names["account"], "session_accounts": names["session"],
                              "mark": names["instrument"], "index": names["asset"]}

    def name(self, what, index):
        names = self.names.get(what, []) if self.there else []
        return names[index] if index < len(names) else None

    def step(self, word, instrument, asset):
        """What one of these counts; None: not known."""
        if not self.there:
            return None
        if word == "quanta":
            return self.quantum
        if word in ("units", "index units"):
            if asset >= len(self.assets):
                return None
            return Fraction(1, 10 ** self.assets[asset][1]["decimals" if word == "units" else "index_decimals"])
        if instrument >= len(self.instruments):
            return None
        if word == "funding units":
            settlement = self.instruments[instrument][1]["settlement"]
            return Fraction(1, 10 ** (9 + dict(self.assets)[settlement]["decimals"]))
        settings = self.instruments[instrument][1]
        return {"ticks": lambda: Fraction(settings["tick"]), "lots": lambda: Fraction(settings["lot"]),
                "mark units": lambda: Fraction(1, 10 ** settings["mark_decimals"])}[word]()


def decimal(value):
    """A fraction whose denominator divides a power of ten, as text without zeros at its end."""
    if value is None:
        return None
    places = 0
    while value * 10 ** places % 1:
        places += 1
    digits = str(abs(int(value * 10 ** places))).rjust(places + 1, "0")
    text = digits[:-places] + "." + digits[-places:] if places else digits
    return ("-" if value < 0 else "") + text


def utc(ns):
    seconds, rest = divmod(ns, 10**9)
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{rest:09d}Z"


def text(data):
    return data.decode("latin-1").rstrip(" \0")


# --- JSON


class Printer:
    def __init__(self, configuration):
        self.configuration = configuration

    def line(self, record):
        name = PAGE.types.get(record.type)
        line = {"sequence": record.sequence, "time": record.time, "time_utc": utc(record.time),
                "type": record.type, "type_name": name}
        if name and self.fits(name, record.command):
            line["command"] = self.command(name, record.command)
        else:
            line["command"] = None
            line["command_bytes"] = record.command.hex()
        line["outbounds"] = [
            {"stream": stream, "stream_name": self.configuration.name("session", stream),
             "stream_sequence": sequence, "payload": payload.hex(), "message": message(payload)}
            for stream, sequence, payload in record.outbounds]
        return line

    @staticmethod
    def fits(name, command):
        if name != "venue_message":
            return len(command) == PAGE.sizes[name]
        return 24 <= len(command) <= 536 and struct.unpack_from("<I", command, 16)[0] == len(command) - 24

    def command(self, name, command):
        payload = command[24:] if name == "venue_message" else None
        whole = command.ljust(PAGE.sizes[name], b"\0")
        self.fields = {}
        self.collect(fields_of(name, whole))
        words = {field: PAGE.enumerations.get(meaning) for *_, field, _, meaning in PAGE.structs[name]}
        says = "scope" if "scope" in words else "kind"  # of what is the target
        self.scope = words[says].get(self.fields[says]) if says in words else None
        out = self.struct(name, fields_of(name, whole))
        if payload is not None:
            del out["payload"]
            out |= {"payload": payload.hex(), "message": message(payload)}
        return out

    def collect(self, fields):
        """What a record says of its other fields: instrument, asset, scope, level, reason."""
        for name, value in fields.items():
            if isinstance(value, dict):
                self.collect(value)
            else:
                self.fields[name] = value

    def struct(self, name, fields):
        out = {}
        for _, _, field, kind, meaning in PAGE.structs[name]:
            value = fields[field]
            if field in ("padding", "unused"):
                continue
            if isinstance(value, dict):
                out[field] = self.struct(kind, value)
            elif isinstance(value, bytes):
                out[field] = value.decode("latin-1") if kind == "char" else text(value)
            else:
                self.say(out, field, value, meaning)
        return out

    def say(self, out, field, value, meaning):
        word = re.match(r"(mark units|index units|funding units|\w*)", meaning)[0]
        out[field] = value
        if word == "hash":
            out[field] = f"{value:016x}"
        elif word in ("digest", "bytes"):
            out[field] = bytes(value).hex()
        elif word == "ns":
            out[field + "_utc"] = utc(value)
        elif word == "figure":
            out[field + "_decimal"] = self.figure(value)
        elif word in ("ticks", "mark units", "lots", "units", "index units", "funding units", "quanta"):
            out[field + "_decimal"] = self.scaled(word, value)
        elif word == "OrderFlag":
            out[field + "_name"] = "|".join(name for bit, name in enumerate(PAGE.flags) if value >> bit & 1)
        elif word in PAGE.enumerations:
            out[field + "_name"] = PAGE.enumerations[word].get(value)
        elif word == "accounts":
            out[field + "_name"] = [self.configuration.name(word, index) for index in value]
        elif word == "target":
            out[field + "_name"] = self.configuration.name(self.scope, value)
        elif word == "node":
            level = PAGE.enumerations["NodeLevel"].get(self.fields["level"])
            kind = level if level in ("account", "session", None) else "node"
            out[field + "_name"] = self.configuration.name(kind, value)
        elif word in ("account", "instrument", "session", "asset", "set", "group"):
            out[field + "_name"] = self.configuration.name(word, value)

    def scaled(self, word, value):
        step = self.configuration.step(word, self.fields.get("instrument", NONE), self.fields.get("asset", NONE))
        return None if step is None else decimal(value * step)

    def figure(self, value):
        unit = PAGE.units.get(self.fields["reason"], "")
        if unit in ("", "count"):
            return None
        if unit in ("ns", "ppm"):
            return decimal(Fraction(value, 10**9 if unit == "ns" else 10**6))
        return self.scaled(unit, value)


def message(payload):
    """The OUCH message, or None."""
    kind, rest = payload[:1], payload[1:]
    if kind not in PAGE.messages:
        return None
    name, fields, tail = PAGE.messages[kind]
    out = {"type": kind.decode(), "type_name": name}
    for field, form in fields:
        size = size_of(form)
        if len(rest) < size:
            return None
        value, rest = number(form, rest[:size], ">"), rest[size:]
        out[field] = value if not isinstance(value, bytes) else value.decode("latin-1") if form == "char" else text(value)
    if tail == "none":
        return None if rest else out
    if not rest:
        if tail == "required":
            return None
        return out | {"appendage": {}}
    if len(rest) < 2 or int.from_bytes(rest[:2], "big") != len(rest) - 2:
        return None
    tags = appendage(rest[2:])
    return None if tags is None else out | {"appendage": tags}


def appendage(data):
    known, unknown, seen = {}, None, set()
    while data:
        length = data[0]
        if length == 0 or length >= len(data) or data[1] in seen:
            return None
        tag, value, data = data[1], data[2:1 + length], data[1 + length:]
        seen.add(tag)
        if tag in PAGE.tags:
            if size_of(PAGE.tags[tag][1]) != len(value):
                return None
            known[tag] = value
        elif unknown is None:
            unknown = tag
    out = {}
    for tag in sorted(known):
        name, form = PAGE.tags[tag]
        value = number(form, known[tag], ">")
        out[name] = value if not isinstance(value, bytes) else value.decode("latin-1") if form == "char" else text(value)
    return out if unknown is None else out | {"unknown_tag": unknown}


def main():
    folder = pathlib.Path(sys.argv[1])
    printer = Printer(Configuration(folder / "configuration.json"))
    try:
        for record in Journal(folder):
            print(json.dumps(printer.line(record), separators=(",", ":")))
    except Damaged as error:
        sys.stdout.flush()
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
