#!/usr/bin/env python3
"""Writes the corpus of the OUCH and SoupBinTCP fuzz targets: real packets and one of each message."""
import pathlib
import struct

HERE = pathlib.Path(__file__).parent / "corpus"
TIME = bytes.fromhex("0000289b4d64af87")
REF = struct.pack(">I", 7)
PRICE = struct.pack(">Q", 1_503_400)
ORDER_REF = struct.pack(">Q", 0x0F56B4F5)
CL_ORD_ID = b"C-7           "
SYMBOL = b"AAPL    "
FIRM = b"LIME"
TAG_SIZES = {1: 8, 2: 4, 3: 4, 4: 1, 5: 4, 6: 1, 7: 4, 9: 8, 10: 1, 11: 4, 12: 1, 13: 4, 14: 4, 15: 4, 16: 1,
             17: 1, 18: 1, 22: 4, 23: 8, 24: 2, 25: 1, 26: 4, 27: 1, 28: 1, 29: 1, 30: 2}


def u32(value):
    return struct.pack(">I", value)


def appendage(*tags):
    body = b"".join(bytes([len(value) + 1, tag]) + value for tag, value in tags)
    return struct.pack(">H", len(body)) + body


FIRM_TAG = appendage((2, FIRM))
ALL_TAGS = appendage(*((tag, bytes(range(65, 65 + size))) for tag, size in TAG_SIZES.items()))
UNKNOWN_TAG = appendage((99, b"?"), (2, FIRM))

ENTER = b"O" + REF + b"B" + u32(100) + SYMBOL + PRICE + b"0YANN" + CL_ORD_ID
REAL_ENTER = (b"O" + u32(113) + b"T" + u32(225) + b"CVLT    " + struct.pack(">Q", 630200) + b"0YANN"
              + b"H8FUB8IV      " + FIRM_TAG)
REAL_CANCEL = bytes.fromhex("5800752e7100000000")
INBOUND = {
    "real_enter": REAL_ENTER,
    "real_cancel": REAL_CANCEL,
    "enter_bare": ENTER + appendage(),
    "enter_all_tags": ENTER + ALL_TAGS,
    "enter_unknown_tag": ENTER + UNKNOWN_TAG,
    "replace": b"U" + REF + u32(8) + u32(50) + PRICE + b"3YN" + CL_ORD_ID + appendage((12, b"P")),
    "cancel_with_appendage": b"X" + REF + u32(0) + appendage((28, b"\x01")),
    "modify": b"M" + REF + b"S" + u32(10),
    "mass_cancel": b"C" + REF + FIRM + SYMBOL + appendage((27, b"S")),
    "mass_cancel_short": b"C" + REF + FIRM + SYMBOL,
    "disable": b"D" + REF + FIRM + appendage(),
    "enable": b"E" + REF + FIRM + appendage(),
    "query": b"Q",
}

REAL_ACCEPTED = (b"A" + TIME + bytes.fromhex("00753a8d") + b"B" + u32(40) + b"ADBE    "
                 + struct.pack(">Q", 0x48E748) + b"5Y" + ORDER_REF + b"ANNL" + b"7682701       "
                 + appendage((2, b"MLRO"), (18, b"0")))
REAL_CANCELED = b"C" + bytes.fromhex("0000289b4d681317" "00753a8d" "00000028" "55")
REPLACED = (b"U" + TIME + REF + u32(8) + b"S" + u32(50) + SYMBOL + PRICE + b"0Y" + ORDER_REF + b"ANNL" + CL_ORD_ID)
OUTBOUND = {
    "real_accepted": REAL_ACCEPTED,
    "real_canceled": REAL_CANCELED,
    "system_event": b"S" + TIME + b"S",
    "replaced": REPLACED + appendage(),
    "replaced_all_tags": REPLACED + ALL_TAGS,
    "aiq_canceled": b"D" + TIME + REF + u32(100) + b"Q" + u32(60) + PRICE + b"RO",
    "executed": b"E" + TIME + REF + u32(100) + PRICE + b"A" + ORDER_REF + appendage(),
    "broken_trade": b"B" + TIME + REF + ORDER_REF + b"E" + CL_ORD_ID,
    "rejected": b"J" + TIME + REF + b"\x00\x20" + CL_ORD_ID,
    "rejected_with_appendage": b"J" + TIME + REF + b"\x00\x20" + CL_ORD_ID + appendage((28, b"\x02")),
    "cancel_pending": b"P" + TIME + REF,
    "cancel_reject": b"I" + TIME + REF,
    "priority_update": b"T" + TIME + REF + PRICE + b"Y" + ORDER_REF,
    "modified": b"M" + TIME + REF + b"S" + u32(10),
    "restated": b"R" + TIME + REF + b"R" + appendage((22, u32(100)), (1, ORDER_REF)),
    "query_response": b"Q" + TIME + u32(8),
    "mass_cancel_response": b"X" + TIME + REF + FIRM + SYMBOL + appendage(),
    "disable_response": b"G" + TIME + REF + FIRM + appendage(),
    "enable_response": b"K" + TIME + REF + FIRM,
}


def packet(kind, payload=b""):
    return struct.pack(">H", 1 + len(payload)) + kind + payload


def login(session, sequence):
    return packet(b"L", b"member" + b"secret    " + session.rjust(10) + sequence.rjust(20))


def accepted(session, sequence):
    return packet(b"A", session.rjust(10) + sequence.rjust(20))


# The first byte says how the stream is cut.
SERVER = {
    "session": b"\x06" + login(b"", b"0") + packet(b"U", REAL_ENTER) + packet(b"R") + packet(b"+", b"hello")
               + packet(b"U", REAL_CANCEL) + packet(b"O") + packet(b"U", b"late"),
    "rejected_login": b"\x00" + login(b"S1", b"17") + packet(b"U", REAL_CANCEL),
    "left_justified": b"\x03" + packet(b"L", b"me    pw        S1        42" + b" " * 18) + packet(b"R"),
    "no_login": b"\x01" + packet(b"U", REAL_CANCEL),
    "bad_login": b"\x01" + login(b"", b"x"),
    "empty_packet": b"\x02" + login(b"", b"2") + packet(b"U") + b"\x00\x00" + packet(b"U", b"late"),
    "too_long": b"\x02" + login(b"", b"2") + b"\xff\xffU",
    "half": b"\x3f" + login(b"", b"2")[:30],
}
CLIENT = {
    "session": b"\x06" + packet(b"+", b"welcome") + accepted(b"S1", b"1") + packet(b"S", REAL_ACCEPTED) + packet(b"H")
               + packet(b"S", REAL_CANCELED) + packet(b"Z") + packet(b"S", b"late"),
    "rejected_login": b"\x00" + packet(b"J", b"A") + packet(b"S", b"late"),
    "data_before_login": b"\x01" + packet(b"S", REAL_CANCELED),
    "bad_acceptance": b"\x01" + accepted(b"S1", b"0"),
    "empty_packet": b"\x02" + accepted(b"S1", b"9") + b"\x00\x00",
    "last_number": b"\x02" + accepted(b"S1", b"18446744073709551615") + packet(b"S", b"x") * 2,
}

for name, files in {"ouch_inbound": INBOUND, "ouch_outbound": OUTBOUND, "soup_server": SERVER,
                    "soup_client": CLIENT}.items():
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
