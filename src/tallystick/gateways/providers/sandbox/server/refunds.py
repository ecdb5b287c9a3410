"""Money back: ordered by the merchant, and now and then sent back by a bank."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping

from tallystick.gateways.providers.sandbox.server.balance import move
from tallystick.gateways.providers.sandbox.server.disputes import find_dispute_of
from tallystick.gateways.providers.sandbox.server.events import record_event
from tallystick.gateways.providers.sandbox.server.faults import take_fault
from tallystick.gateways.providers.sandbox.server.sessions import BadRequest, find_session
from tallystick.gateways.providers.sandbox.server.store import Tx, instant


def refund_charge(tx: Tx, charge: sqlite3.Row, wanted: Mapping[str, object]) -> str:
    """Give back part or all of a charge; returns the refund's ref. Raises BadRequest: too much, or disputed."""
    left, amount, refund_id = (
        charge["amount_minor"] - charge["refunded_minor"],
        wanted.get("amount_minor"),
        wanted.get("refund_id"),
    )
    dispute = find_dispute_of(tx, charge["ref"])
    if dispute is not None and dispute["state"] != "won":
        raise BadRequest("this charge is disputed, so the money goes back by that way")
    if type(amount) is not int or not 0 < amount <= left:
        raise BadRequest(f"amount_minor is between 1 and {left}")
    if wanted.get("currency", charge["currency"]) != charge["currency"]:
        raise BadRequest(f"this charge was made in {charge['currency']}")
    if refund_id is not None and (not isinstance(refund_id, str) or not 0 < len(refund_id) <= 100):
        raise BadRequest("refund_id is the merchant's own reference, of at most 100 characters")
    session = find_session(tx, charge["session"])
    if session is None:
        raise LookupError(charge["session"])
    ref = f"re_{secrets.token_hex(12)}"
    state, settle_at, settles_as = _fate(tx, session["client_reference"])
    tx.run(
        "INSERT INTO refund VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ref, charge["ref"], refund_id, amount, tx.now, state, settle_at, settles_as,
    )  # fmt: skip
    if state != "failed":
        _give_back(tx, charge, amount)
        move(tx, charge, "refund", -amount, source=ref)
    else:
        _give_back(tx, charge, 0)
    record_event(
        tx, session, "charge.refunded" if state != "failed" else "refund.updated", charge=charge["ref"], refund=ref
    )
    return ref


def settle_refunds(tx: Tx) -> None:
    """Refunds that were processing succeed; some come back from the bank, and the merchant has the money again."""
    for row in tx.all("SELECT * FROM refund WHERE settle_at <= ?", tx.now):
        tx.run("UPDATE refund SET state = settles_as, settle_at = NULL WHERE ref = ?", row["ref"])
        charge = tx.one("SELECT * FROM charge WHERE ref = ?", row["charge"])
        session = find_session(tx, charge["session"]) if charge else None
        if charge is None or session is None:
            raise LookupError(row["charge"])
        if row["settles_as"] == "failed":
            move(tx, charge, "refund_failure", row["amount_minor"], source=row["ref"])
        _give_back(tx, charge, -row["amount_minor"] if row["settles_as"] == "failed" else 0)
        record_event(tx, session, "refund.updated", charge=charge["ref"], refund=row["ref"])


def show_refund(refund: sqlite3.Row, currency: str) -> dict[str, object]:
    """A refund as the API shows it."""
    return {
        "ref": refund["ref"],
        "charge": refund["charge"],
        "refund_id": refund["refund_id"],
        "status": refund["state"],
        "amount_minor": refund["amount_minor"],
        "currency": currency,
        "at": instant(refund["at"]),
        "message": "The bank sent the money back." if refund["state"] == "failed" else "",
    }


def _fate(tx: Tx, reference: str) -> tuple[str, float | None, str | None]:
    """What becomes of a new refund: its state, and the one that follows at an instant, if any."""
    if take_fault(tx, ["refund_fails"], reference=reference, operation="refund"):
        return "failed", None, None
    if hit := take_fault(tx, ["refund_pending"], reference=reference, operation="refund"):
        return "processing", tx.now + hit.seconds, "succeeded"
    if hit := take_fault(tx, ["refund_fails_later"], reference=reference, operation="refund"):
        return "succeeded", tx.now + hit.seconds, "failed"
    return "succeeded", None, None


def _give_back(tx: Tx, charge: sqlite3.Row, amount_minor: int) -> None:
    tx.run(
        "UPDATE charge SET refunded_minor = refunded_minor + ?, changed_at = ? WHERE ref = ?",
        amount_minor, tx.now, charge["ref"],
    )  # fmt: skip
