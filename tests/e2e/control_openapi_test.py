#!/usr/bin/env python3
"""gateway/control/openapi.json against a running gate: control_openapi_test.py BINARY.

Every operation of the document is asked, right and wrong, in every role, and each reply is one that the
document has, status and body; every path that the program knows is in it. The metrics that the
dashboard and the alert rules name are told.
"""

import hashlib
import json
import os
import pathlib
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "gateway" / "demo"))
sys.dont_write_bytecode = True
import demo  # noqa: E402

DOCUMENT = json.loads((ROOT / "gateway" / "control" / "openapi.json").read_text())
ROLES = ("viewer", "risk", "approver", "operator")
TOKENS = {role: "pct_" + letter * 43 for role, letter in zip(ROLES, "VRAO")}
MARKS = {"BTC-PERP": 64000, "ETH-PERP": 3400, "AMZN": 220, "EUR/USD": 1.085, "BTC": 64000, "ETH": 3400, "USDC": 1}
problems = []


def expect(condition, what):
    if not condition:
        problems.append(what)


# --- as much of JSON Schema as the document uses

TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "null": type(None)}
KEYWORDS = {"$ref", "anyOf", "oneOf", "type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum",
            "properties", "required", "additionalProperties", "items", "description"}


def misfit(value, schema, path=""):
    """The first place that does not fit, or None."""
    expect(set(schema) <= KEYWORDS, f"a schema has {set(schema) - KEYWORDS}, which this test does not know")
    if "$ref" in schema:
        return misfit(value, DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], path)
    if "anyOf" in schema and all(misfit(value, one, path) for one in schema["anyOf"]):
        return f"{path}: fits nothing of anyOf"
    if "oneOf" in schema and sum(misfit(value, one, path) is None for one in schema["oneOf"]) != 1:
        return f"{path}: does not fit one of oneOf"
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        fits = any(isinstance(value, TYPES[t]) and not (t == "integer" and isinstance(value, bool)) for t in types)
        if not fits:
            return f"{path}: {value!r} is no {types}"
    if "enum" in schema and value is not None and value not in schema["enum"]:
        return f"{path}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{path}: {value!r} does not match"
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                return f"{path}: {key} is missing"
        for key, member in value.items():
            if key in schema.get("properties", {}):
                found = misfit(member, schema["properties"][key], f"{path}.{key}")
                if found:
                    return found
            elif schema.get("additionalProperties") is False:
                return f"{path}: {key} is not in the document"
    if isinstance(value, list) and "items" in schema:
        for n, item in enumerate(value):
            found = misfit(item, schema["items"], f"{path}[{n}]")
            if found:
                return found
    return None


# --- the gate

def make_gate(binary, folder):
    ports = {name: demo.free_port() for name in ("gate", "venue")}
    control = demo.free_port()
    config, _ = demo.make_deployment(folder, ports, False, [])
    (config / "marks.csv").write_text("time_ns,symbol,price\n" + "".join(
        f"0,{symbol},{price}\n" for symbol, price in MARKS.items()))
    path = config / "process.json"
    process = json.loads(path.read_text())
    process["control"] = json.loads((ROOT / "config/examples/control/process.json").read_text())["control"]
    process["control"]["port"] = control
    process["control"]["requests_per_second_max"] = 10000
    process["control"]["tokens"] = {
        role: {"role": role, "token_sha256": hashlib.sha256(TOKENS[role].encode()).hexdigest()} for role in ROLES}
    path.write_text(json.dumps(process, indent=1))
    environment = dict(os.environ, PORTCULLIS_DEMO_PASSWORD="sesame", PORTCULLIS_VENUE_PASSWORD="venuepass")
    venue = demo.Process("venue", [binary, "venue", "--port", ports["venue"], "--journal", folder / "venue",
                                   "--user", "GATE01", "--password-env", "PORTCULLIS_VENUE_PASSWORD"],
                         environment, folder / "venue.log")
    venue.port()
    gate = demo.Process("gate", [binary, "run", "--config", config, "--load", config / "demo-state.json",
                                 "--feed-refresh-ms", "1000"], environment, folder / "gate.log")
    gate.port()
    return gate, venue, f"http://127.0.0.1:{control}"


def ask(base, method, target, token=None, body=None):
    """(status, content type, text)"""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = body.encode() if body is not None else None
    request = urllib.request.Request(base + target, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers["Content-Type"], refusal.read().decode()


def check_reply(operation, what, reply):
    status, content_type, text = reply
    described = operation["responses"].get(str(status))
    if described is None:
        expect(False, f"{what}: {status} is not in the document: {text[:200]}")
        return
    content = described.get("content", {})
    if content_type not in content:
        expect(False, f"{what}: {status} as {content_type} is not in the document")
        return
    schema = content[content_type]["schema"]
    if content_type == "application/json":
        found = misfit(json.loads(text), schema)
        expect(found is None, f"{what}: {status}: {found}\n  {text[:300]}")


ORDER = {"session": "ALPHA2", "instrument": "AMZN", "side": "buy", "quantity": "1", "price": "219"}
BIG = dict(ORDER, quantity="100000")
MARKET = {key: ORDER[key] for key in ("session", "instrument", "side", "quantity")} | {"type": "market"}
CLIP = {"account": "alpha-1", "instrument": "AMZN", "limit": "clip"}
# What is right for each operation, several times where there are several forms.
RIGHT = {
    "ready": [""], "status": [""], "metrics": [""], "openapi": [""],
    "limits": ["", "?node=alpha", "?account=alpha-1", "?account=alpha-hedge&used_only=true"],
    "accounts": ["", "?limit=2", "?node=bravo&limit=1", "?limit=2&from=alpha-2"],
    "account": ["?account=alpha-hedge", "?account=bravo-1&limit=1"],
    "rejects": ["", "?account=alpha-1&limit=3"],
    "alerts": ["", "?unacknowledged=true&limit=3"],
    "events": [""],
    "what-if": [{"orders": [ORDER]}, {"orders": [ORDER, BIG, MARKET, dict(ORDER, post_only=True, reduce_only=True)]}],
    "kill": [{"account": "bravo-2", "reason": "a drill"}], "suspend": [{"session": "BRAVO2"}],
    "close-only": [{"node": "bravo"}], "cancel-all": [{"instrument": "AMZN"}],
    "resume": [{"account": "bravo-2"}, {"session": "BRAVO2"}, {"node": "bravo"}],
    "changes": [""], "reload": [{"reason": "a drill"}, {"reason": "a drill", "effective_at": "2100-01-05T00:00:00Z"}],
    "override": [{"changes": [dict(CLIP, value="50")], "for_s": 3600, "reason": "a drill"},
                 {"changes": [dict(CLIP, value="many")], "for_s": 60, "reason": "no number"},
                 {"changes": [{"node": "alpha", "limit": "open_orders_max", "value": "1000"}],
                  "expires_at": "2100-01-05T00:00:00Z", "reason": "too long"}],
    "approve": [{"change": 99}, {"change": 1, "reason": "agreed"}], "refuse": [{"change": 99, "reason": "there is none"}],
    "withdraw": [{"change": 99, "reason": "there is none"}],
    "lost-orders-dead": [{"reason": "as the venue says"}], "accept-state": [{"reason": "compared"}],
    "acknowledge": [{"alert": "1-0", "reason": "seen"}],
    "fact": [{"action": "transfer", "number": 7, "asset": "USDC", "amount": "1000.5", "to": "alpha-1", "reason": "wire"},
             {"action": "transfer", "number": 8, "asset": "USDC", "amount": "999999999", "from": "alpha-1"},
             {"action": "move_position", "number": 9, "instrument": "AMZN", "from": "alpha-1", "to": "alpha-2",
              "quantity": "1", "price": "219"}],
}
WRONG_QUERY = ["?colour=red", "?limit=0", "?account=nobody", "?a=%zz"]
WRONG_BODY = ["", "{", "null", "[]", "{}", '{"colour":"red"}', '{"orders":[{}]}', '{"account":17}']


def check_operation(base, path, method, operation):
    name = operation["operationId"]
    for right in RIGHT[name]:
        for role in ROLES:
            if method == "get":
                reply = ask(base, "GET", path + right, TOKENS[role])
            else:
                body = json.dumps(right)
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                expect(misfit(right, schema) is None, f"{name}: what is right is not: {misfit(right, schema)}")
                reply = ask(base, "POST", path, TOKENS[role], body)
            check_reply(operation, f"{name} {right} as {role}", reply)
            permitted = role in operation["x-roles"] or not operation["x-roles"]
            expect((reply[0] == 403) != permitted, f"{name} as {role}: {reply[0]}, x-roles {operation['x-roles']}")
    if operation.get("security") == []:
        check_reply(operation, f"{name} without a token", ask(base, method.upper(), path))
        return
    reply = ask(base, method.upper(), path, None, "{}" if method == "post" else None)
    check_reply(operation, f"{name} without a token", reply)
    expect(reply[0] in (401, 429), f"{name} without a token: {reply[0]}")
    for wrong in WRONG_QUERY if method == "get" and name not in ("openapi", "events") else []:
        reply = ask(base, "GET", path + wrong, TOKENS["operator"])
        check_reply(operation, f"{name} {wrong}", reply)
        expect(reply[0] in (200, 400), f"{name} {wrong}: {reply[0]}")
    for wrong in WRONG_BODY if method == "post" else []:
        reply = ask(base, "POST", path, TOKENS[operation["x-roles"][-1]], wrong)
        check_reply(operation, f"{name} {wrong}", reply)
        expect(reply[0] == 400, f"{name} {wrong}: {reply[0]}")


def check_metrics(text):
    # Also those of which this gate has none, such as of sources.
    told = set(re.findall(r"^# TYPE (portcullis_\w+) ", text, re.M))
    folder = ROOT / "config/examples/monitoring"
    for file in ("grafana-dashboard.json", "prometheus-alerts.yml"):
        named = set(re.findall(r"(portcullis_\w+?)(?:_bucket)?\b(?=[^\w.])", (folder / file).read_text()))
        named -= {"portcullis_password"}
        expect(named, f"{file} names no metric")
        for name in named:
            expect(name in told, f"{file}: {name} is not told")
    json.loads((folder / "grafana-dashboard.json").read_text())


def main(binary):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        gate, venue, base = make_gate(binary, folder)
        try:
            end = time.monotonic() + demo.PATIENCE_S
            while ask(base, "GET", "/v1/ready")[0] != 200:
                if time.monotonic() > end:
                    sys.exit("FAILED: never ready\n" + ask(base, "GET", "/v1/status", TOKENS["viewer"])[2])
                time.sleep(0.05)
            for path, item in DOCUMENT["paths"].items():
                for method, operation in item.items():
                    check_operation(base, path, method, operation)
            end = time.monotonic() + demo.PATIENCE_S
            own = json.loads(ask(base, "GET", "/v1/openapi.json", TOKENS["viewer"])[2])
            expect(own == DOCUMENT, "the gate gives out another document")
            # A look may find the gate busy, which is no answer.
            while (metrics := ask(base, "GET", "/metrics", TOKENS["viewer"]))[0] == 503 and time.monotonic() < end:
                time.sleep(0.05)
            check_metrics(metrics[2])
            for path in ("/", "/v1", "/v1/statuses", "/v2/status"):
                expect(ask(base, "GET", path, TOKENS["operator"])[0] == 404, f"{path} is known")
        finally:
            code = gate.stop()
            venue.stop()
        expect(code == 0, f"the gate ended with {code}\n" + (folder / "gate.log").read_text())
    source = (ROOT / "gateway/control/verbs.h").read_text()
    verbs = re.findall(r'\{Verb::\w+, "([\w-]+)", "(\w+)",\s*"([^"]+)"', source)
    expect(len(verbs) > 10, "the list of verbs is not found")
    for verb, method, path in verbs:
        operation = DOCUMENT["paths"].get(path, {}).get(method.lower())
        expect(operation is not None and operation["operationId"] == verb, f"{verb} is not in the document")
    expect(len(verbs) == sum(len(item) for item in DOCUMENT["paths"].values()), "the document has more than the verbs")
    for problem in problems[:40]:
        print(problem)
    if problems:
        sys.exit(f"FAILED: {len(problems)} problems")
    print("every reply is as the document says")


if __name__ == "__main__":
    main(sys.argv[1])
