"""Test-only levers: faults, the clock, payouts, disputes, the whole truth. JSON only, out of any web page's reach."""

from __future__ import annotations

from tallystick.gateways.providers.sandbox.server.balance import pay_out
from tallystick.gateways.providers.sandbox.server.disputes import open_dispute
from tallystick.gateways.providers.sandbox.server.due import settle_due
from tallystick.gateways.providers.sandbox.server.faults import FAULTS, BadFault, add_fault, list_faults
from tallystick.gateways.providers.sandbox.server.sessions import BadRequest
from tallystick.gateways.providers.sandbox.server.store import Store, Tx, instant
from tallystick.gateways.providers.sandbox.server.wire import Answer, Call, as_error, as_json


def answer_control(store: Store, call: Call) -> Answer:
    """GET, POST, DELETE /faults; GET, POST /clock {advance_s}; POST /payouts; POST /disputes {charge}; GET /truth."""
    if call.method == "POST" and call.headers.get("content-type", "").partition(";")[0] != "application/json":
        return as_error(415, "invalid_request", "Send application/json.")
    try:
        with store.tx() as tx:
            return _act(tx, call)
    except (BadFault, BadRequest) as error:
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
        case "POST", "/payouts":
            return as_json(201, {"payouts": pay_out(tx, until=tx.now)})
        case "POST", "/disputes":
            wanted = call.read_json()
            charge = tx.one("SELECT * FROM charge WHERE ref = ?", wanted.get("charge"))
            if charge is None:
                raise BadRequest("no such charge")
            ref = open_dispute(tx, charge, amount_minor=wanted.get("amount_minor"), reason=wanted.get("reason"))
            return as_json(201, {"ref": ref})
        case "GET", "/truth":
            return as_json(200, _truth(tx, call.query.get("account")))
    return as_error(404, "no_such_call", f"There is no {call.method} {call.path}.")


def _truth(tx: Tx, account: str | None) -> dict[str, object]:
    """Everything that moved money, whatever the API admits: for tests that compare it with somebody's books."""
    sessions = tx.all(
        """SELECT ref, account, kind, client_reference, amount_minor, currency, state FROM session
           WHERE (? IS NULL OR account = ?) ORDER BY rowid""",
        account, account,
    )  # fmt: skip
    charges = tx.all(
        """SELECT charge.ref, charge.account, session.ref AS session, kind, client_reference, charge.amount_minor,
             charge.currency, method_label, refunded_minor, is_hidden
           FROM charge JOIN session ON session.ref = session WHERE (? IS NULL OR charge.account = ?) ORDER BY n""",
        account, account,
    )  # fmt: skip
    refunds = tx.all(
        """SELECT refund.ref, refund.charge, refund_id, refund.amount_minor, currency, state
           FROM refund JOIN charge ON charge.ref = charge WHERE (? IS NULL OR account = ?) ORDER BY refund.rowid""",
        account, account,
    )  # fmt: skip
    disputes = tx.all(
        """SELECT dispute.ref, dispute.charge, dispute.amount_minor, currency, reason, state
           FROM dispute JOIN charge ON charge.ref = charge WHERE (? IS NULL OR account = ?) ORDER BY dispute.rowid""",
        account, account,
    )  # fmt: skip
    methods = tx.all(
        "SELECT ref, account, customer, removed_at IS NOT NULL AS is_removed FROM method WHERE (? IS NULL OR account = ?)",
        account, account,
    )  # fmt: skip
    return {
        name: [dict(row) for row in rows]
        for name, rows in (
            ("sessions", sessions),
            ("charges", charges),
            ("refunds", refunds),
            ("disputes", disputes),
            ("methods", methods),
        )
    }
