#!/usr/bin/env python3
"""Writes the corpus of the fuzz targets of risk tables and snapshots: files as feeds/TABLES.md and
gateway/follower/snapshot.h describe them, whole and damaged."""
import pathlib
import struct

HERE = pathlib.Path(__file__).parent / "corpus"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def table(rows, columns, anchors, gains=None):
    head = b"PCRSKTBL" + struct.pack("<IIQqIIII", 1, 3, 17, 1_764_000_000_000_000_001, 7, rows, columns, anchors)
    body = b"".join(struct.pack("<IIq", 5 + n, 0, 92_000 + n) for n in range(anchors))
    body += b"".join(struct.pack("<4q", row, -row, 2 * row, 3) for row in range(rows))
    values = gains or [n * (-1) ** n for n in range(rows * columns)]
    return head + body + struct.pack(f"<{len(values)}i", *values) + b"\0" * (4 * (len(values) % 2))


TABLE = table(3, 3, 2)
TABLES = {
    "three_rows": TABLE,
    "one_row": table(1, 1, 0),
    "extreme_gains": table(1, 2, 1, [-2**31, 2**31 - 1]),
    "no_rows": table(0, 0, 1),
    "no_columns": table(2, 0, 0),
    "columns_without_rows": TABLE[:36] + struct.pack("<II", 0, 5) + TABLE[44:48],
    "cut_off": TABLE[:-4],
    "too_many_rows": TABLE[:36] + struct.pack("<I", 2**20 + 1) + TABLE[40:],
    "other_version": TABLE[:8] + struct.pack("<I", 2) + TABLE[12:],
    "header_alone": TABLE[:48],
}


def snapshot(streams, sections):
    body = struct.pack(f"<{len(streams)}Q", *streams)
    for name, content in sections:
        body += struct.pack("<16sQ", name, len(content))
    for _, content in sections:
        body += content + b"\0" * (-len(content) % 8)
    size = 96 + len(body) + 8
    head = struct.pack("<8s3Q16s5QII", b"PCGSNAPS", 1, 0x1111, 0x2222, bytes(range(16)), 41, 0x3333,
                       1_764_000_000_000_000_001 & (2**64 - 1), 0x4444, size, len(streams), len(sections))
    return head + body + struct.pack("<II", crc32c(head + body), 0)


SNAPSHOT = snapshot([1, 7, 3], [(b"gate", b"g" * 37), (b"tables", struct.pack("<Q", 2) + bytes(64)),
                                (b"orders", b"")])
SNAPSHOTS = {
    "gate_tables_orders": SNAPSHOT,
    "nothing_in_it": snapshot([], []),
    "table_count_too_large": snapshot([1], [(b"tables", struct.pack("<Q", 2**61) + bytes(32))]),
    "longest_name": snapshot([], [(b"sixteen_letters_", b"x")]),
    "cut_off": SNAPSHOT[:-9],
    "section_too_large": SNAPSHOT[:136] + struct.pack("<Q", 2**64 - 4) + SNAPSHOT[144:],
    "too_many_streams": SNAPSHOT[:88] + struct.pack("<I", 2**20) + SNAPSHOT[92:],
    "too_short": SNAPSHOT[:90],
}

for folder, files in (("table_file", TABLES), ("snapshot_file", SNAPSHOTS)):
    (HERE / folder).mkdir(exist_ok=True)
    for name, content in files.items():
        (HERE / folder / name).write_bytes(content)
