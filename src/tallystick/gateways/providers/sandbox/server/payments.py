"""Taking money: a card is tried, confirmed, settled; a charge is refunded or disputed."""

from __future__ import annotations

import secrets
import sqlite3

from tallystick.gateways.providers.sandbox.server.cards import Card
from tallystick.gateways.providers.sandbox.server.events import record_event
from tallystick.gateways.providers.sandbox.server.faults import take_fault
from tallystick.gateways.providers.sandbox.server.sessions import BadRequest, end_session, find_session
from tallystick.gateways.providers.sandbox.server.store import Tx


def try_card(tx: Tx, session: sqlite3.Row, card: Card, *, delay_s: float) -> str:
    """Try one card in an open session: `paid`, `processing`, `declined`, or `challenge`. Each try is recorded."""
    ref = session["ref"]
    tx.run("UPDATE try SET outcome = 'dropped' WHERE session = ? AND outcome = 'challenge'", ref)
    match card.outcome:
        case "decline":
            _add_try(tx, ref, card.label, "declined", card.code)
            record_event(tx, session, "session.declined")
            return "declined"
        case "challenge":
            _add_try(tx, ref, card.label, "challenge")
            return "challenge"
        case "delay":
            _add_try(
                tx, ref, card.label, "processing", card.code, settle_at=tx.now + delay_s, settles_as=card.settles_as
            )
            tx.run("UPDATE session SET state = 'processing' WHERE ref = ?", ref)
            record_event(tx, session, "session.processing")
            return "processing"
    _add_try(tx, ref, card.label, "succeeded")
    take_money(tx, session, card.label, dispute_at=tx.now + delay_s if card.outcome == "dispute" else None)
    return "paid"


def pending_challenge(tx: Tx, ref: str) -> sqlite3.Row | None:
    """The try that waits for the payer's bank, if there is one."""
    return tx.one("SELECT * FROM try WHERE session = ? AND outcome = 'challenge'", ref)


def answer_challenge(tx: Tx, session: sqlite3.Row, challenge: sqlite3.Row, *, is_approved: bool) -> str:
    """The payer's answer to 3-D Secure: `paid` or `declined`."""
    if is_approved:
        tx.run("UPDATE try SET outcome = 'succeeded' WHERE id = ?", challenge["id"])
        take_money(tx, session, challenge["method_label"])
        return "paid"
    tx.run("UPDATE try SET outcome = 'declined', code = 'authentication_failed' WHERE id = ?", challenge["id"])
    record_event(tx, session, "session.declined")
    return "declined"


def take_money(tx: Tx, session: sqlite3.Row, label: str, *, dispute_at: float | None = None) -> None:
    """Charge a session once: `UNIQUE (session, take)` is the guard, and only the fault `double_charge` gets past it."""
    reference = session["client_reference"]
    amount, currency = session["amount_minor"], session["currency"]
    if other := take_fault(tx, ["other_amount"], reference=reference, operation=""):
        amount = int(other.params["amount_minor"] or (amount - 100 if amount > 100 else (amount + 1) // 2))
    if other := take_fault(tx, ["other_currency"], reference=reference, operation=""):
        currency = str(other.params["currency"] or ("USD" if currency != "USD" else "EUR"))
    takes = 2 if take_fault(tx, ["double_charge"], reference=reference, operation="") else 1
    for take in range(takes):
        charge = f"ch_{secrets.token_hex(12)}"
        tx.run(
            """INSERT INTO charge (ref, session, account, take, amount_minor, currency, at, method_label, dispute_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            charge, session["ref"], session["account"], take, amount, currency, tx.now, label, dispute_at,
        )  # fmt: skip
        record_event(tx, session, "charge.succeeded", charge=charge)
    tx.run("UPDATE session SET state = 'paid', late_charge_at = NULL WHERE ref = ?", session["ref"])
    record_event(tx, session, "session.completed")


def settle_due(tx: Tx) -> None:
    """Everything that time alone brings: slow payments settle, sessions expire, late charges and disputes appear."""
    for row in tx.all("SELECT * FROM try WHERE outcome = 'processing' AND settle_at <= ?", tx.now):
        session = find_session(tx, row["session"])
        if session is None:
            continue
        tx.run("UPDATE try SET outcome = settles_as WHERE id = ?", row["id"])
        if row["settles_as"] == "succeeded":
            take_money(tx, session, row["method_label"])
        else:
            tx.run("UPDATE session SET state = 'failed' WHERE ref = ?", session["ref"])
            record_event(tx, session, "charge.failed")
    for session in tx.all(
        "SELECT * FROM session WHERE state = 'open' AND min(expires_at, ifnull(cancel_at, expires_at)) <= ?", tx.now
    ):
        end_session(tx, session)
    for session in tx.all("SELECT * FROM session WHERE late_charge_at <= ?", tx.now):
        take_money(tx, session, "Visa ···· 4242")
    for charge in tx.all("SELECT * FROM charge WHERE dispute_at <= ?", tx.now):
        dispute_charge(tx, charge)


def refund_charge(tx: Tx, charge: sqlite3.Row, amount_minor: object) -> str:
    """Give back part or all of a charge; returns the refund's ref. Raises BadRequest when that is too much."""
    left = charge["amount_minor"] - charge["refunded_minor"]
    if type(amount_minor) is not int or not 0 < amount_minor <= left:
        raise BadRequest(f"amount_minor is between 1 and {left}")
    ref = f"re_{secrets.token_hex(12)}"
    tx.run("INSERT INTO refund VALUES (?, ?, ?, ?)", ref, charge["ref"], amount_minor, tx.now)
    tx.run("UPDATE charge SET refunded_minor = refunded_minor + ? WHERE ref = ?", amount_minor, charge["ref"])
    session = find_session(tx, charge["session"])
    if session is not None:
        record_event(tx, session, "charge.refunded", charge=charge["ref"], refund=ref)
    return ref


def dispute_charge(tx: Tx, charge: sqlite3.Row) -> None:
    """The payer asks their bank for the money back. Once only."""
    tx.run("UPDATE charge SET dispute_at = NULL WHERE ref = ?", charge["ref"])
    is_new = tx.run("UPDATE charge SET disputed_at = ? WHERE ref = ? AND disputed_at IS NULL", tx.now, charge["ref"])
    session = find_session(tx, charge["session"])
    if is_new and session is not None:
        record_event(tx, session, "charge.disputed", charge=charge["ref"])


def find_charge(tx: Tx, account: str, ref: str) -> sqlite3.Row | None:
    """A charge of this account."""
    return tx.one("SELECT * FROM charge WHERE ref = ? AND account = ?", ref, account)


def _add_try(
    tx: Tx,
    session: str,
    label: str,
    outcome: str,
    code: str = "",
    *,
    settle_at: float | None = None,
    settles_as: str = "",
) -> None:
    tx.run(
        "INSERT INTO try (id, session, method_label, outcome, code, at, settle_at, settles_as) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        f"try_{secrets.token_hex(8)}", session, label, outcome, code, tx.now, settle_at, settles_as,
    )  # fmt: skip
