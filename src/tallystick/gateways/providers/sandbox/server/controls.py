"""Test-only levers: faults and the clock. JSON only, so that no web page can pull them from a browser."""

from __future__ import annotations

from tallystick.gateways.providers.sandbox.server.faults import FAULTS, BadFault, add_fault, list_faults
from tallystick.gateways.providers.sandbox.server.payments import settle_due
from tallystick.gateways.providers.sandbox.server.store import Store, Tx, instant
from tallystick.gateways.providers.sandbox.server.wire import Answer, Call, as_error, as_json


def answer_control(store: Store, call: Call) -> Answer:
    """GET, POST, DELETE /faults; GET, POST /clock {advance_s}."""
    if call.method == "POST" and call.headers.get("content-type", "").partition(";")[0] != "application/json":
        return as_error(415, "invalid_request", "Send application/json.")
    try:
        with store.tx() as tx:
            return _act(tx, call)
    except BadFault as error:
        return as_error(400, "invalid_request", str(error))
    except (ValueError, TypeError) as error:
        return as_error(400, "invalid_request", f"Not understood: {error}")


def _act(tx: Tx, call: Call) -> Answer:
    match call.method, call.path:
        case "POST", "/faults":
            return as_json(201, {"n": add_fault(tx, call.read_json())})
        case "GET", "/faults":
            known = {name: {"place": each.place, "what": each.what, **each.params} for name, each in FAULTS.items()}
            return as_json(200, {"faults": list_faults(tx), "known": known})
        case "DELETE", "/faults":
            tx.run("DELETE FROM fault")
            return as_json(200, {"faults": []})
        case "POST", "/clock":
            advance_s = float(str(call.read_json()["advance_s"]))
            if not 0 <= advance_s < 10**9:
                raise BadFault("the clock only goes forward")
            tx.run("UPDATE clock SET advance_s = advance_s + ?", advance_s)
            now = tx.now + advance_s
            settle_due(Tx(tx.db, now))
            return as_json(200, {"now": instant(now)})
        case "GET", "/clock":
            return as_json(200, {"now": instant(tx.now)})
    return as_error(404, "no_such_call", f"There is no {call.method} {call.path}.")
