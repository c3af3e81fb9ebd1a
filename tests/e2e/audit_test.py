#!/usr/bin/env python3
"""The audit log of a running gate, read by a stranger: audit_test.py BINARY.

Operators stop and resume by the control plane, the configuration is loaded again, and the gate is killed
and starts anew. Then audit.log, the chain computed here from gateway/audit/AUDIT.md alone, names every
command that tests/journal/read.py finds in the journal, in order, and `portcullis audit --verify` agrees;
the head that the gate's status told before the kill is in the chain.
"""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import control_openapi_test as gates  # noqa: E402
import demo  # noqa: E402

KEYS = ["sequence", "time_ns", "time", "by", "role", "source", "verb", "scope", "target", "before", "after", "reason",
        "parameters", "result", "previous", "hash"]


def fail(what):
    sys.exit(f"FAILED: {what}")


def chain(path):
    """The lines of a log whose chain is good."""
    previous = "0" * 64
    lines = []
    for n, line in enumerate(open(path, "rb"), 1):
        line = line.rstrip(b"\n")
        said = json.loads(line)
        if list(said) != KEYS:
            fail(f"line {n} has the keys {list(said)}")
        if hashlib.sha256(line[:-75]).hexdigest() != said["hash"]:
            fail(f"line {n} has another hash than it says")
        if said["previous"] != previous:
            fail(f"line {n} is not behind line {n - 1}")
        previous = said["hash"]
        lines.append(said)
    return lines


def changes(journal):
    """(sequence, time, who, role, reason, verb) of each command, and of each reload, by the other reader."""
    read = subprocess.run([sys.executable, "-B", str(HERE.parent / "journal" / "read.py"), str(journal)], check=True,
                          capture_output=True, text=True).stdout
    who = None
    found = []
    for record in map(json.loads, read.splitlines()):
        command = record["command"]
        verb = {"control": lambda: command["action_name"], "sweep": lambda: "cancel_all",
                "transfer": lambda: "transfer"}.get(record["type_name"])
        if who is not None and verb is not None:
            found.append((record["sequence"], record["time"], who["by"], who["role_name"], who["reason"] or None, verb()))
        if record["type_name"] == "parameters":
            found.append((record["sequence"], record["time"], command["by"], None, None, command["cause_name"]))
        who = command if record["type_name"] == "operator" else None
    return found


def main(binary):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        gate, venue, base = gates.make_gate(binary, folder)
        config = folder / "config"
        log = config / "journal" / "audit.log"

        def say(verb, body):
            token = gates.TOKENS["approver" if verb == "resume" else "operator"]
            status, _, text = gates.ask(base, "POST", "/v1/" + verb, token, json.dumps(body))
            if status != 200:
                fail(f"{verb}: {status} {text}")

        def head(lines):
            """The gate's, once it has written so many lines."""
            end = time.monotonic() + demo.PATIENCE_S
            while True:
                status = json.loads(gates.ask(base, "GET", "/v1/status", gates.TOKENS["viewer"])[2])
                if status.get("audit_lines") == lines:
                    return status["audit_head"]
                if time.monotonic() > end:
                    fail(f"the gate tells {status} and not {lines} lines")
                time.sleep(0.05)

        try:
            say("kill", {"account": "bravo-2", "reason": 'a "drill" \\ of sorts'})
            say("suspend", {"session": "BRAVO2"})
            say("cancel-all", {"instrument": "AMZN", "reason": "news"})
            limits = config / "limits.json"
            limits.write_text(limits.read_text().replace('"clip": "', '"clip": "1', 1))
            gate.child.send_signal(signal.SIGHUP)
            noted = head(5)
            say("resume", {"account": "bravo-2"})
            gate.kill()
            environment = dict(os.environ, PORTCULLIS_DEMO_PASSWORD="sesame", PORTCULLIS_VENUE_PASSWORD="venuepass")
            gate = demo.Process("gate", [binary, "run", "--config", config, "--feed-refresh-ms", "1000"], environment,
                                folder / "gate2.log")
            gate.port()
            last = head(6)
            say("resume", {"session": "BRAVO2"})
            say("fact", {"action": "transfer", "number": 1, "asset": "USDC", "amount": "5", "to": "alpha-1", "reason": "wire"})
            running = subprocess.run([binary, "audit", "--journal", log.parent, "--verify"], capture_output=True, text=True)
            if running.returncode != 0:
                fail(f"beside the gate: {running.stdout}{running.stderr}")
        finally:
            code = gate.stop()
            venue.stop()
        if code != 0:
            fail(f"the gate ended with {code}")
        lines = chain(log)
        if [line["verb"] for line in lines[:1]] != ["begin"] or lines[0]["sequence"] != 0:
            fail(f"it begins with {lines[0]}")
        if lines[5]["hash"] != last:
            fail("the gate told another head than the log has")
        told = [(line["sequence"], line["time_ns"], line["by"], line["role"], line["reason"], line["verb"])
                for line in lines[1:]]
        recorded = changes(log.parent)
        if told != recorded:
            fail(f"the log tells\n{told}\nand the journal\n{recorded}")
        verbs = [line["verb"] for line in lines[1:]]
        if verbs != ["kill", "suspend", "cancel_all", "reload", "resume", "resume", "transfer"]:
            fail(f"the log tells {verbs}")
        if lines[5]["before"] != {"states": ["killed"]} or lines[5]["after"] != {"states": []}:
            fail(f"a resume is told as {lines[5]}")
        verify = subprocess.run([binary, "audit", "--journal", log.parent, "--verify", "--head", noted],
                                capture_output=True, text=True)
        if verify.returncode != 0 or "line 5's" not in verify.stdout:
            fail(f"{verify.stdout}{verify.stderr}")
        log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
        verify = subprocess.run([binary, "audit", "--journal", log.parent, "--verify"], capture_output=True, text=True)
        if verify.returncode != 1 or "line 8: " not in verify.stderr:
            fail(f"a line that was cut off: {verify.returncode} {verify.stdout}{verify.stderr}")
    print("every command is in the chain")


if __name__ == "__main__":
    main(sys.argv[1])
