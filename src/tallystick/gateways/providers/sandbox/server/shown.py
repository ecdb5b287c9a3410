"""Sessions and charges as the API shows them."""

from __future__ import annotations

import sqlite3

from tallystick.gateways.providers.sandbox.server.cards import DECLINES
from tallystick.gateways.providers.sandbox.server.disputes import find_dispute_of, show_dispute
from tallystick.gateways.providers.sandbox.server.refunds import show_refund
from tallystick.gateways.providers.sandbox.server.sessions import last_decline
from tallystick.gateways.providers.sandbox.server.store import Tx, instant
from tallystick.gateways.providers.sandbox.server.vault import find_method, show_method


def show_session(tx: Tx, session: sqlite3.Row, public_url: str) -> dict[str, object]:
    """A session, or a charge of a saved method, with every try and every charge.

    `status`: open, canceling, processing, paid, saved (nothing was to be paid), failed, expired. `saved_method` is the
    card this session saved, while it is kept.
    """
    ref, code = session["ref"], last_decline(tx, session["ref"])
    charges = tx.all("SELECT * FROM charge WHERE session = ? ORDER BY n", ref)
    tries = tx.all("SELECT * FROM try WHERE session = ? ORDER BY at, rowid", ref)
    method = find_method(tx, session["account"], session["method"]) if session["saves"] else None
    return {
        "ref": ref,
        "kind": session["kind"],
        "client_reference": session["client_reference"],
        "status": _status(session),
        "amount_minor": session["amount_minor"],
        "currency": session["currency"],
        "customer": session["customer"],
        "url": f"{public_url}/checkout/{ref}",
        "created_at": instant(session["created_at"]),
        "expires_at": instant(session["expires_at"]),
        "decline": {"code": code, "class": DECLINES[code][0], "message": DECLINES[code][1]} if code else None,
        "saved_method": show_method(method) if method else None,
        "tries": [
            {"at": instant(row["at"]), **{name: row[name] for name in ("method_label", "outcome", "code")}}
            for row in tries
        ],
        "charges": [show_charge(tx, row) for row in charges],
    }


def show_charge(tx: Tx, charge: sqlite3.Row) -> dict[str, object]:
    """A charge with all its refunds and its dispute."""
    refunds = tx.all("SELECT * FROM refund WHERE charge = ? ORDER BY at, rowid", charge["ref"])
    dispute = find_dispute_of(tx, charge["ref"])
    return {
        "ref": charge["ref"],
        "session": charge["session"],
        "amount_minor": charge["amount_minor"],
        "currency": charge["currency"],
        "at": instant(charge["at"]),
        "method_label": charge["method_label"],
        "refunded_minor": charge["refunded_minor"],
        "is_disputed": dispute is not None,
        "refunds": [show_refund(row, charge["currency"]) for row in refunds],
        "disputes": [show_dispute(dispute, charge["currency"])] if dispute else [],
    }


def _status(session: sqlite3.Row) -> str:
    can_end = session["state"] == "open" or (session["state"] == "processing" and session["kind"] == "charge")
    if can_end and session["cancel_at"] is not None:
        return "canceling"
    return "saved" if session["state"] == "paid" and session["amount_minor"] == 0 else str(session["state"])
