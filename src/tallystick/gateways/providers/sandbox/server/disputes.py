"""Disputes: the payer's bank takes the money at once, and gives it back if the merchant wins."""

from __future__ import annotations

import secrets
import sqlite3

from tallystick.gateways.providers.sandbox.server.balance import DISPUTE_FEE_MINOR, move
from tallystick.gateways.providers.sandbox.server.events import record_event
from tallystick.gateways.providers.sandbox.server.sessions import BadRequest, find_session
from tallystick.gateways.providers.sandbox.server.store import Tx, instant

EVIDENCE_S = 7 * 86400
REASONS = ("fraudulent", "product_not_received", "product_unacceptable", "duplicate", "credit_not_processed", "general")


def open_dispute(tx: Tx, charge: sqlite3.Row, *, amount_minor: object = None, reason: object = None) -> str:
    """Dispute a charge; once only, so a second call returns the first one's ref. Raises BadRequest.

    Without an amount it is what wasn't refunded, or all of it when nothing is left.
    """
    left = charge["amount_minor"] - charge["refunded_minor"] or charge["amount_minor"]
    amount = left if amount_minor is None else amount_minor
    if type(amount) is not int or not 0 < amount <= charge["amount_minor"]:
        raise BadRequest(f"amount_minor is between 1 and {charge['amount_minor']}")
    if (reason := reason or "fraudulent") not in REASONS:
        raise BadRequest(f"reason is one of {', '.join(REASONS)}")
    existing = find_dispute_of(tx, charge["ref"])
    if existing is not None:
        return str(existing["ref"])
    ref = f"dp_{secrets.token_hex(12)}"
    tx.run(
        "INSERT INTO dispute VALUES (?, ?, ?, ?, 'needs_response', ?, ?, '')",
        ref, charge["ref"], amount, reason, tx.now, tx.now + EVIDENCE_S,
    )  # fmt: skip
    move(tx, charge, "dispute", -amount, source=ref, fee_minor=DISPUTE_FEE_MINOR)
    _tell(tx, charge["ref"], ref, "charge.disputed")
    return ref


def submit_evidence(tx: Tx, dispute: sqlite3.Row, evidence: object) -> None:
    """Hand evidence in while it is wanted; the bank then looks at it. Raises BadRequest."""
    if not isinstance(evidence, str) or not evidence.strip() or len(evidence) > 100_000:
        raise BadRequest("evidence is a text of at most 100,000 characters")
    if dispute["state"] != "needs_response":
        raise BadRequest("this dispute takes no evidence any more")
    tx.run("UPDATE dispute SET evidence = ? WHERE ref = ?", evidence, dispute["ref"])
    _become(tx, dispute, "under_review")


def close_dispute(tx: Tx, dispute: sqlite3.Row, outcome: object) -> None:
    """Decide a dispute: `won` or `lost`; a lost one may still be won on appeal. Twice does it once. Raises BadRequest."""
    if outcome not in ("won", "lost"):
        raise BadRequest("outcome is won or lost")
    if dispute["state"] == outcome:
        return
    if dispute["state"] == "won":
        raise BadRequest("this dispute is won for good")
    if outcome == "won":
        charge = tx.one("SELECT * FROM charge WHERE ref = ?", dispute["charge"])
        if charge is None:
            raise LookupError(dispute["charge"])
        move(tx, charge, "dispute_reversal", dispute["amount_minor"], source=dispute["ref"])
    _become(tx, dispute, outcome)


def settle_disputes(tx: Tx) -> None:
    """Disputes that were to come, come; one whose evidence never came is lost."""
    for charge in tx.all("SELECT * FROM charge WHERE dispute_at <= ?", tx.now):
        tx.run("UPDATE charge SET dispute_at = NULL WHERE ref = ?", charge["ref"])
        open_dispute(tx, charge)
    for row in tx.all("SELECT * FROM dispute WHERE state = 'needs_response' AND evidence_due_at <= ?", tx.now):
        _become(tx, row, "lost")


def find_dispute(tx: Tx, account: str, ref: str) -> sqlite3.Row | None:
    """A dispute of this account."""
    return tx.one(
        "SELECT dispute.* FROM dispute JOIN charge ON charge.ref = charge WHERE dispute.ref = ? AND account = ?",
        ref,
        account,
    )


def find_dispute_of(tx: Tx, charge: str) -> sqlite3.Row | None:
    """The dispute of a charge, open or decided."""
    return tx.one("SELECT * FROM dispute WHERE charge = ?", charge)


def show_dispute(dispute: sqlite3.Row, currency: str) -> dict[str, object]:
    """A dispute as the API shows it."""
    return {
        "ref": dispute["ref"],
        "charge": dispute["charge"],
        "status": dispute["state"],
        "reason": dispute["reason"],
        "amount_minor": dispute["amount_minor"],
        "currency": currency,
        "at": instant(dispute["at"]),
        "evidence_due_at": instant(dispute["evidence_due_at"]),
    }


def _become(tx: Tx, dispute: sqlite3.Row, state: str) -> None:
    tx.run("UPDATE dispute SET state = ? WHERE ref = ?", state, dispute["ref"])
    _tell(tx, dispute["charge"], dispute["ref"], "dispute.updated")


def _tell(tx: Tx, charge: str, ref: str, kind: str) -> None:
    tx.run("UPDATE charge SET changed_at = ? WHERE ref = ?", tx.now, charge)
    row = tx.one("SELECT session FROM charge WHERE ref = ?", charge)
    session = find_session(tx, row["session"]) if row else None
    if session is None:
        raise LookupError(charge)
    record_event(tx, session, kind, charge=charge, dispute=ref)
