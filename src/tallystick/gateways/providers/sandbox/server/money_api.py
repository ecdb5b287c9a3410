"""The API's calls about money that was taken: lists, refunds, disputes, settlements."""

from __future__ import annotations

import sqlite3

from tallystick.gateways.providers.sandbox.server import balance, disputes, payments, refunds
from tallystick.gateways.providers.sandbox.server.shown import show_charge
from tallystick.gateways.providers.sandbox.server.want import Route, Want, read_place
from tallystick.gateways.providers.sandbox.server.wire import Answer, as_error, as_json

_PAGE = 100
NO_CHARGE = as_error(404, "charge_not_found", "No such charge.")
NO_DISPUTE = as_error(404, "dispute_not_found", "No such dispute.")


def _list_charges(want: Want) -> Answer:
    """Charges that were made, refunded or disputed since an instant, oldest change first."""
    since, after_n = read_place(want)
    rows = want.tx.all(
        """SELECT charge.*, client_reference FROM charge JOIN session ON session.ref = session
           WHERE charge.account = ? AND (changed_at, n) > (?, ?) AND NOT is_hidden ORDER BY changed_at, n LIMIT ?""",
        want.account, since, after_n, _PAGE + 1,
    )  # fmt: skip
    shown = [{**show_charge(want.tx, row), "client_reference": row["client_reference"] or None} for row in rows[:_PAGE]]
    return as_json(200, {"charges": shown, "cursor": balance.next_cursor(rows, _PAGE)})


def _refund(want: Want) -> Answer:
    charge = payments.find_charge(want.tx, want.account, want.ref)
    if charge is None:
        return NO_CHARGE
    ref = refunds.refund_charge(want.tx, charge, want.call.read_json())
    made = want.tx.one("SELECT * FROM refund WHERE ref = ?", ref)
    return as_json(201, refunds.show_refund(made, charge["currency"])) if made else NO_CHARGE


def _dispute(want: Want) -> Answer:
    charge = payments.find_charge(want.tx, want.account, want.ref)
    if charge is None:
        return NO_CHARGE
    wanted = want.call.read_json()
    ref = disputes.open_dispute(want.tx, charge, amount_minor=wanted.get("amount_minor"), reason=wanted.get("reason"))
    return _show_dispute(want, ref)


def _close_dispute(want: Want) -> Answer:
    dispute = disputes.find_dispute(want.tx, want.account, want.ref)
    if dispute is None:
        return NO_DISPUTE
    disputes.close_dispute(want.tx, dispute, want.call.read_json().get("outcome"))
    return _show_dispute(want, want.ref)


def _submit_evidence(want: Want) -> Answer:
    dispute = disputes.find_dispute(want.tx, want.account, want.ref)
    if dispute is None:
        return NO_DISPUTE
    disputes.submit_evidence(want.tx, dispute, want.call.read_json().get("evidence"))
    return _show_dispute(want, want.ref)


def _show_dispute(want: Want, ref: str) -> Answer:
    dispute = disputes.find_dispute(want.tx, want.account, ref)
    charge: sqlite3.Row | None = payments.find_charge(want.tx, want.account, dispute["charge"]) if dispute else None
    if dispute is None or charge is None:
        return NO_DISPUTE
    return as_json(200, disputes.show_dispute(dispute, charge["currency"]))


def _balances(want: Want) -> Answer:
    return as_json(200, {"balances": balance.balances(want.tx, want.account)})


def _list_settlements(want: Want) -> Answer:
    since, after_n = read_place(want)
    movements, cursor = balance.list_movements(want.tx, want.account, since, after_n)
    return as_json(200, {"movements": movements, "cursor": cursor})


MONEY_ROUTES: tuple[Route, ...] = (
    ("GET", r"/v1/charges", "list_charges", _list_charges),
    ("POST", r"/v1/charges/(\w+)/refunds", "refund", _refund),
    ("POST", r"/v1/charges/(\w+)/dispute", "dispute", _dispute),
    ("POST", r"/v1/disputes/(\w+)/evidence", "dispute", _submit_evidence),
    ("POST", r"/v1/disputes/(\w+)/close", "dispute", _close_dispute),
    ("GET", r"/v1/balance", "balances", _balances),
    ("GET", r"/v1/settlements", "list_settlements", _list_settlements),
)
