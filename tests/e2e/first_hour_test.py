#!/usr/bin/env python3
"""README's "A first hour", word for word: every command of it, beside a demo that stays, does what is said there.

usage: first_hour_test.py PORTCULLIS
"""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "gateway" / "demo"))
import demo  # noqa: E402


def fail(what):
    sys.exit(f"FAILED: {what}")


def commands():
    """The program's of the section, in their order."""
    text = (ROOT / "README.md").read_text()
    section = text.split("\n## A first hour\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for block in re.findall(r"```\n(.*?)```", section, re.S) for line in block.splitlines()]
    return [line for line in lines if line.startswith("portcullis ")]


def main(binary):
    port = demo.free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "demo"
        log = pathlib.Path(name) / "demo.log"
        stays = demo.Process("demo", [sys.executable, "-B", ROOT / "gateway" / "demo" / "demo.py", "--stay", "--binary", binary,
                                      "--keep", folder, "--control-port", port], dict(os.environ), log)
        environment = dict(os.environ, PORTCULLIS_CONTROL=f"127.0.0.1:{port}")

        def say(line):
            """Said again while the gate is busy and has not taken it."""
            words = [binary, *shlex.split(line)[1:]]
            end = time.monotonic() + demo.PATIENCE_S
            while True:
                said = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
                if "the gate is busy: ask again" not in said.stderr or time.monotonic() > end:
                    return said
                time.sleep(0.1)

        def wait_for(line, holds):
            """What the command says once that holds."""
            end = time.monotonic() + demo.PATIENCE_S
            while True:
                said = say(line)
                if said.returncode == 0 and holds(said.stdout):
                    return said.stdout
                if time.monotonic() > end or stays.child.poll() is not None:
                    fail(f"{line}\n{said.stdout}{said.stderr}\n{log.read_text()}")
                time.sleep(0.1)

        told = {}
        try:
            end = time.monotonic() + demo.PATIENCE_S
            while "PORTCULLIS_CONTROL" not in log.read_text():
                if time.monotonic() > end or stays.child.poll() is not None:
                    fail(f"the demo does not begin\n{log.read_text()}")
                time.sleep(0.05)
            # Somebody who reads has let it run for a while.
            wait_for("portcullis status --token-file tokens/viewer", lambda text: "ready                   yes" in text)
            wait_for("portcullis limits --node alpha --used --token-file tokens/viewer", lambda text: "AMZN long" in text)
            # What a look tells is a moment behind what was done before it.
            cut = r"AMZN long +\S+ +300\b"
            shows = {("limits", 1): cut, ("status", 0): r"node +alpha +killed"}
            for line in commands():
                verb = line.split()[1]
                texts = told.setdefault(verb, [])
                if shown := shows.get((verb, len(texts))):
                    texts.append(wait_for(line, lambda text, shown=shown: re.search(shown, text)))
                    continue
                said = say(line)
                if said.returncode != 0:
                    fail(f"{line}\n{said.stdout}{said.stderr}")
                texts.append(said.stdout)
            if not (folder / "report" / "tune.html").exists():
                fail("there is no report")
            if len(told["limits"]) != 2 or len(told["status"]) != 1:
                fail(f"not the commands that are waited for: {sorted(told)}")
            if re.search(cut, told["limits"][0]):
                fail(told["limits"][0])
            for verb in ("override", "kill", "resume"):
                if not re.search(rf" {verb} ", told["audit"][0]):
                    fail(f"{verb} is not in the audit log:\n{told['audit'][0]}")
            if "a whole chain" not in told["audit"][1]:
                fail(told["audit"][1])
        finally:
            stays.child.send_signal(signal.SIGINT)
            stays.stop()
    print(f"{len(commands())} commands do what the README says")


if __name__ == "__main__":
    main(sys.argv[1])
