"""The gate's configuration for the wire bench, and what its load sends there; of another size, that of
bench/start_up.py.

100 accounts of 50 positions each, in 4 risk groups of 4 factors, under two scenario sets of 64: one of each
group, one of all together. The shape is that of bench/worlds.h. Everything that would hold orders back (rates,
open orders, clips, the overload rule) is set so wide that nothing is refused; every check is made all the same.
"""

import json
import random

INSTRUMENTS = 50
ACCOUNTS = 100
POSITIONS = 50  # of each account
GROUPS = 4
FACTORS_PER_GROUP = 4
SCENARIOS = 64  # of each of the two sets
# All quoted at this, in dollars; the load's orders are within the collar around it.
MARK = 100
USER = "TRADER"
FIRM = "PCLS"  # the gate's own at the venue
JSON_KEY = "wire"
WIDE = "1000000000"
RATE = {"per_second": 1000000, "burst": 1000000, "exit_per_second": 1000000, "exit_burst": 1000000}


def instrument(number):
    return f"I{number:03}"


def account(number):
    """Four characters, as a firm has; the load spells the first thousand so too."""
    if number < 1000:
        return f"A{number:03}"
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number += 11 * 36**3 - 1000  # from B000 on
    number += number >= int(FIRM, 36)
    return "".join(digits[number // 36**place % 36] for place in (3, 2, 1, 0))


def factor(number):
    group = number % GROUPS
    return f"F{group}-{number // GROUPS % FACTORS_PER_GROUP}"


def factors(group):
    return [f"F{group}-{f}" for f in range(FACTORS_PER_GROUP)]


def columns(names, draw):
    """One in which nothing moves, and others in which everything does, by up to 15 %."""
    made = {"unchanged": {"default": "0"}}
    for column in range(1, SCENARIOS):
        made[f"c{column}"] = {name: f"{draw.uniform(-0.15, 0.15):.4f}" for name in names}
        made[f"c{column}"]["default"] = "0"
    return made


def assets():
    return {
        "risk_currency": {"name": "USD", "decimals": 4},
        "assets": {"USDC": {"decimals": 6, "index_decimals": 6, "index_max": "1.5", "debt_addon": "0.05",
                            "scenario_mode": "both", "factor": "USDC",
                            "haircut_tiers": [{"upto": None, "haircut": "0.05", "residual_haircut": "0"}]}}}


def instruments(over_json):
    made = {}
    for number in range(INSTRUMENTS):
        name = instrument(number)
        made[name] = {"kind": "equity", "settlement": "USDC", "factor": factor(number), "multiplier": "1",
                      "lot": "1", "tick": "0.01", "mark_decimals": 4, "price_max": "1000", "maker_fee_ppm": -20,
                      "taker_fee_ppm": 30, "market_orders": True,
                      "venue": {"symbol": name, "price_scale": "1", "quantity_scale": "1"}}
        if over_json:
            made[name]["json_symbol"] = name
    return {"instruments": made}


def margin():
    draw = random.Random(1)
    groups = {f"G{g}": {"factors": factors(g), "kappa": "0.5"} for g in range(GROUPS)}
    groups["stable"] = {"factors": ["USDC"], "kappa": "0"}
    of_groups = {f"G{g}": {"columns": columns(factors(g), draw)} for g in range(GROUPS)}
    of_all = columns([name for g in range(GROUPS) for name in factors(g)], draw)
    of_all["c1"]["USDC"] = "-0.05"
    return {"groups": groups,
            "sets": {"each": {"scope": "per_group", "measure": "worst", "action": "enforce", "groups": of_groups},
                     "all": {"scope": "joint", "measure": "worst", "action": "enforce", "weight": "0.8",
                             "columns": of_all}},
            "group_mult": "1.2", "joint_mult": "0.5"}


def limits():
    most = str(1000000 // INSTRUMENTS)  # so that all together fit the engine's integers
    of_one = {"clip": "1000", "notional_max": WIDE, "collar": "0.05", "long_max": most, "short_max": most,
              "gross_notional_max": WIDE, "restricted": False}
    wide = {"gross_notional_max": WIDE, "open_orders_max": 1000000, "leverage_max": "1000",
            "daily_loss_max": WIDE, "instruments": {instrument(i): of_one for i in range(INSTRUMENTS)}}
    return {"version": 1, "profiles": {"wide": wide, "tree": dict(wide, leverage_max=None, daily_loss_max=None)},
            "venue": {"name": "wire", "profile": "tree"}, "members": {"member": {"profile": "tree"}},
            "groups": {"group": {"member": "member", "profile": "tree"}},
            "accounts": {account(a): {"group": "group", "firm": account(a), "profile": "wide", "rate": RATE,
                                      "executions": {"interval_ms": 1, "burst": 100000}}
                         for a in range(ACCOUNTS)}}


def session(**more):
    return {"member": "member", "instruments": [instrument(i) for i in range(INSTRUMENTS)],
            "cancel_on_disconnect": False, "disconnect_grace_ms": 2000, "dead_man_ms": 0, "rate": RATE, **more}


def sessions(over_json):
    aliases = {instrument(i): {"instrument": instrument(i), "price_scale": "1", "quantity_scale": "1"}
               for i in range(INSTRUMENTS)}
    made = {USER: session(password_env="PORTCULLIS_WIRE_PASSWORD", accounts=[account(a) for a in range(ACCOUNTS)],
                          default_account=None, alias_set="wire",
                          actions=["enter", "replace", "cancel", "mass_cancel", "disable"],
                          duplicate_login="newest_wins", slow_consumer="wait", reject_arithmetic_debug=False)}
    if over_json:
        made["JSON"] = session(protocol="json", api_key=JSON_KEY, secret_env="PORTCULLIS_WIRE_SECRET",
                               read_only=False, account=account(0), actions=["enter", "replace", "cancel"])
    return {"alias_sets": {"wire": aliases}, "sessions": made}


def feeds():
    named = {instrument(i): {"symbol": instrument(i), "max_age_ms": 1000000000} for i in range(INSTRUMENTS)}
    return {"recording": {"file": "marks.csv", "format": "csv", "speed": "1", "repeat": False},
            "conflation_ms": 1, "queue_slots": 4096, "instruments": named,
            "assets": {"USDC": {"symbol": "USDC", "max_age_ms": 1000000000}}}


def process(venue, waiting, cores, over_json):
    """`venue` is a port, or the path of a socket: over shared memory. `cores` are those of the gate's threads, or
    None."""
    times = {"heartbeat_ms": 1000, "silence_timeout_ms": 60000}
    link = {"shared_memory": {"path": str(venue), "ring_bytes": 1 << 22}} if not isinstance(venue, int) else {
        "address": "127.0.0.1", "port": venue}
    made = {
        "gateway": {"address": "127.0.0.1", "port": 0, "connections_max": 8, "unauthenticated_max": 8,
                    "connections_per_address_max": 8, "login_attempts_max": 10, "login_window_ms": 60000,
                    "lockout_ms": 60000, "waiting": waiting, "cores": cores, **times, "login_timeout_ms": 30000,
                    "slow_consumer_bytes": 67108864, "cancel_working_orders_on_stop": False,
                    "overload_pass_us": 10000000, "overload_calm_ms": 10},
        "venue": {**link, "user": "GATE01", "password_env": "PORTCULLIS_VENUE_PASSWORD", "firm": FIRM,
                  "fence_symbol": "NOSYMBOL", **times, "login_timeout_ms": 30000, "reconnect_ms_min": 5,
                  "reconnect_ms_max": 50, "send_buffer_bytes": 16777216, "lost_session": "ask",
                  "unresolved": "void", "cancels_on_disconnect": False, "suspense_account": None},
        "journal": {"directory": "journal", "ring_directory": "/dev/shm", "ring_bytes": 268435456,
                    "segment_bytes": 134217728, "disk_budget_bytes": 0, "sync_interval_ms": 1000,
                    "durability": "process", "snapshot_interval_ms": 60000, "marker_interval_ms": 1000},
        "capacities": {"orders": 262144, "positions": ACCOUNTS * (POSITIONS + 2),
                       "group_slots": ACCOUNTS * (GROUPS + 1), "trades": 65536}}
    if over_json:
        made["edge"] = {"address": "127.0.0.1", "port": 0, "tls": None, "connections_max": 16,
                        "connections_per_session_max": 4, "frame_bytes_max": 16384, "batch_max": 20,
                        "requests_per_second_max": 1000000, "queue_commands": 65536,
                        "send_buffer_bytes": 67108864, "silence_timeout_ms": 60000, "login_timeout_ms": 30000,
                        "order_history": 10000, "execution_history": 10000, "recv_window_ms_max": 60000}
    return made


def state():
    """Each account long and short in turn, and with more money than all of it can need."""
    return {"as_of": "2026-01-05T00:00:00Z", "by": "operations",
            "balances": [{"account": account(a), "asset": "USDC", "amount": "100000000"} for a in range(ACCOUNTS)],
            "positions": [{"account": account(a), "instrument": instrument((a * POSITIONS + p) % INSTRUMENTS),
                           "quantity": "10" if p % 2 == 0 else "-10", "entry_price": str(MARK)}
                          for a in range(ACCOUNTS) for p in range(POSITIONS)]}


def write(folder, venue, waiting, cores, over_json):
    """The deployment's folder, and the state beside it."""
    config = folder / "config"
    config.mkdir()
    for name, content in (("assets", assets()), ("instruments", instruments(over_json)), ("margin", margin()),
                          ("limits", limits()), ("sessions", sessions(over_json)), ("feeds", feeds()),
                          ("process", process(venue, waiting, cores, over_json))):
        (config / f"{name}.json").write_text(json.dumps(content))
    marks = [f"0,{instrument(i)},{MARK}" for i in range(INSTRUMENTS)] + ["0,USDC,1"]
    (config / "marks.csv").write_text("\n".join(["time_ns,symbol,price", *marks]) + "\n")
    (folder / "state.json").write_text(json.dumps(state()))
    return config
