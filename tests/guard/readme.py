#!/usr/bin/env python3
"""What README.md shows is there: the commands of ./run, the subcommands and options of the program,
the files and folders it names, the list of checks in the order of the reject table, and the two
packages, byte for byte as the protocol has them, and the margin of the example portfolio.

usage: readme.py ROOT PORTCULLIS
"""

import pathlib
import re
import struct
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
PROGRAM = sys.argv[2]
README = (ROOT / "README.md").read_text()
problems = []


def help_of(*command):
    return subprocess.run([PROGRAM, *command, "--help"], check=True, capture_output=True,
                          text=True).stdout


def check_run_commands():
    script = (ROOT / "run").read_text()
    usage = script[script.index("usage: ./run"):script.index("EOT\n}")]
    for line in re.findall(r"\./run ([^`\n]+)", README):
        for command in re.findall(r"(?:^|\| )([a-z]+)", line.split("  ")[0]):
            if not re.search(rf"^  (\w+, )*{command}\b", usage, re.M):
                problems.append(f"./run {command} is no command of run")


def check_program_commands():
    known = help_of()
    for line in re.findall(r"^portcullis .*$", README, re.M):
        _, command, rest = re.match(r"(portcullis) +(\w+)(.*)", line).groups()
        if not re.search(rf"^  {command}\b", known, re.M):
            problems.append(f"portcullis {command} is no command")
            continue
        options = help_of(command)
        for option in re.findall(r"--[\w-]+", rest):
            if option not in options:
                problems.append(f"portcullis {command} has no option {option}")


def check_paths():
    for name in re.findall(r"`([a-z_]+/[\w./-]*|[\w-]+\.json)`", README):
        places = [ROOT / name, ROOT / "config/examples/demo" / name, ROOT / f"{name}.h"]
        if not any(place.exists() for place in places):
            problems.append(f"there is no {name}")


# "`margin` ..." in the list of checks are names of the reject table, in its order of precedence.
def check_reasons():
    header = (ROOT / "risk/reject_reason.h").read_text()
    declared = re.findall(r"^  (\w+) = \d+,", header, re.M)
    named = dict(re.findall(r'\{RejectReason::(\w+), "(\w+)"', header))
    order = [named[reason] for reason in declared]
    section = README[README.index("## What is checked"):README.index("## Configuration")]
    listed = re.findall(r"`(\w+)`", "\n".join(re.findall(r"^ *\d+\. .*(?:\n   .*)*", section, re.M)))
    last = -1
    for name in listed:
        if name not in order:
            problems.append(f"{name} is no reason of the reject table")
        elif order.index(name) <= last:
            problems.append(f"{name} is not where the reject table has it")
        else:
            last = order.index(name)
    reserved = {"open_interest", "daily_loss", "concentration", "repeated_execution", "none"}
    for name in sorted(set(order) - set(listed) - reserved):
        problems.append(f"the list of checks does not have {name}")


# The shown parts of the shown margin's answer are in what the program answers.
def check_margin():
    command = re.search(r"^portcullis (margin --config config/.*)$", README, re.M)
    shown = README[command.end():].split("```\n")[2].rstrip("`\n")
    answer = subprocess.run([PROGRAM, *command.group(1).split()], check=True, capture_output=True,
                            text=True, cwd=ROOT).stdout
    for part in shown.split("...\n"):
        text = re.sub(r"\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", "", part)
        if not text or text not in answer:
            problems.append(f"portcullis margin does not answer {text[:60]}...")


def bytes_of(line):
    packet = b""
    for text, number in re.findall(r"'([^']*)'|\b([0-9a-f]+)\b", line):
        packet += bytes.fromhex(number) if number else text.encode()
    return packet


def check_packets():
    lines = re.findall(r"^00 \w\w '[US]' .*$", README, re.M)
    if len(lines) != 2:
        problems.append(f"{len(lines)} packets instead of 2")
        return
    enter, reject = map(bytes_of, lines)
    for packet in enter, reject:
        if struct.unpack(">H", packet[:2])[0] != len(packet) - 2:
            problems.append(f"a packet of {len(packet) - 2} bytes says it has "
                            f"{struct.unpack('>H', packet[:2])[0]}")
    kind, number, side, quantity, symbol, price = struct.unpack(">cIcI8sQ", enter[3:29])
    if (kind, number, side, quantity, symbol, price) != (b"O", 113, b"B", 225, b"AMZN    ", 2200000):
        problems.append("the first packet is not the order that the text says")
    if reject[3:4] != b"J" or struct.unpack(">IH", reject[12:18]) != (113, 0x20):
        problems.append("the second packet is not a refusal for margin of that order")


check_run_commands()
check_program_commands()
check_paths()
check_reasons()
check_packets()
check_margin()
print("\n".join(problems) or "README.md is right")
sys.exit(1 if problems else 0)
