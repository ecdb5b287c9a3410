"""Taking money: a card is tried, confirmed, settled; a saved card is charged."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from tallystick.gateways.providers.sandbox.server.balance import charge_fee_minor, move
from tallystick.gateways.providers.sandbox.server.cards import BY_NUMBER, Card
from tallystick.gateways.providers.sandbox.server.events import record_event
from tallystick.gateways.providers.sandbox.server.faults import take_fault
from tallystick.gateways.providers.sandbox.server.sessions import BadRequest, find_session, store
from tallystick.gateways.providers.sandbox.server.store import Tx
from tallystick.gateways.providers.sandbox.server.vault import card_of, find_method, is_expired, keep_method

CHARGE_LIFETIME_S = 3600


class NoMethod(LookupError):
    """This account keeps no such card, or not any more; nothing was done."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A card as the payer typed it: a magic number, and an expiry date of their own."""

    card: Card
    expiry_month: int
    expiry_year: int


def try_card(tx: Tx, session: sqlite3.Row, typed: Typed, *, delay_s: float) -> str:
    """Try one card in an open session: `paid`, `processing`, `declined`, or `challenge`. Each try is recorded."""
    outcome = typed.card.outcome
    if outcome == "delay" and session["amount_minor"] == 0:
        outcome = "approve"
    return _try(tx, session, typed, outcome, typed.card.code, delay_s=delay_s)


def charge_saved(tx: Tx, account: str, wanted: Mapping[str, object], *, delay_s: float) -> str:
    """Charge a saved card; returns the ref of the charge, which ends at once, is processing, or waits for the payer.

    Raises BadRequest, NoMethod.
    """
    is_present = wanted.get("is_customer_present")
    if type(is_present) is not bool:
        raise BadRequest("is_customer_present is true or false")
    method = find_method(tx, account, wanted.get("method"))
    if method is None:
        raise NoMethod(str(wanted.get("method")))
    if (wanted.get("customer") or method["customer"]) != method["customer"]:
        raise BadRequest("this card belongs to another customer")
    ref = store(tx, account, {**wanted, "customer": method["customer"]}, kind="charge", lifetime_s=CHARGE_LIFETIME_S)
    session = find_session(tx, ref)
    if session is None:
        raise LookupError(ref)
    tx.run("UPDATE session SET method = ? WHERE ref = ?", method["ref"], ref)
    tx.run("UPDATE method SET charges_tried = charges_tried + 1 WHERE ref = ?", method["ref"])
    card = card_of(method)
    outcome, code = card.charge_outcome(method["charges_tried"]), card.code
    if is_expired(tx, method):
        outcome, code = "decline", "expired_card"
    elif outcome == "challenge" and not is_present:
        outcome, code = "decline", "authentication_required"
    _try(tx, session, Typed(card, method["expiry_month"], method["expiry_year"]), outcome, code, delay_s=delay_s)
    return ref


def _try(tx: Tx, session: sqlite3.Row, typed: Typed, outcome: str, code: str, *, delay_s: float) -> str:
    ref = session["ref"]
    tx.run("UPDATE try SET outcome = 'dropped' WHERE session = ? AND outcome = 'challenge'", ref)
    match outcome:
        case "decline":
            _add_try(tx, ref, typed, "declined", code)
            _refuse(tx, session)
            return "declined"
        case "challenge":
            _add_try(tx, ref, typed, "challenge")
            return "challenge"
        case "delay":
            _add_try(tx, ref, typed, "processing", code, settle_at=tx.now + delay_s)
            tx.run("UPDATE session SET state = 'processing' WHERE ref = ?", ref)
            record_event(tx, session, f"{session['kind']}.processing")
            return "processing"
    _add_try(tx, ref, typed, "succeeded")
    _complete(tx, session, typed, dispute_at=tx.now + delay_s if outcome == "dispute" else None)
    return "paid"


def pending_challenge(tx: Tx, ref: str) -> sqlite3.Row | None:
    """The try that waits for the payer's bank, if there is one."""
    return tx.one("SELECT * FROM try WHERE session = ? AND outcome = 'challenge'", ref)


def answer_challenge(tx: Tx, session: sqlite3.Row, challenge: sqlite3.Row, *, is_approved: bool) -> str:
    """The payer's answer to 3-D Secure: `paid` or `declined`."""
    if is_approved:
        tx.run("UPDATE try SET outcome = 'succeeded' WHERE id = ?", challenge["id"])
        _complete(tx, session, _typed(challenge))
        return "paid"
    tx.run("UPDATE try SET outcome = 'declined', code = 'authentication_failed' WHERE id = ?", challenge["id"])
    _refuse(tx, session)
    return "declined"


def settle(tx: Tx, pending: sqlite3.Row) -> None:
    """A try the bank had to think about ends as its card says."""
    session = find_session(tx, pending["session"])
    if session is None:
        raise LookupError(pending["session"])
    tx.run("UPDATE try SET outcome = settles_as WHERE id = ?", pending["id"])
    if pending["settles_as"] == "succeeded":
        _complete(tx, session, _typed(pending))
    else:
        tx.run("UPDATE session SET state = 'failed' WHERE ref = ?", session["ref"])
        record_event(tx, session, "charge.failed")


def take_money(tx: Tx, session: sqlite3.Row, label: str, *, dispute_at: float | None = None) -> None:
    """Charge a session once: `UNIQUE (session, take)` is the guard, and only the fault `double_charge` gets past it."""
    reference = session["client_reference"]
    amount, currency = session["amount_minor"], session["currency"]
    if other := take_fault(tx, ["other_amount"], reference=reference, operation=""):
        amount = int(other.params["amount_minor"] or (amount - 100 if amount > 100 else (amount + 1) // 2))
    if other := take_fault(tx, ["other_currency"], reference=reference, operation=""):
        currency = str(other.params["currency"] or ("USD" if currency != "USD" else "EUR"))
    if hit := take_fault(tx, ["succeeded_then_disputed"], reference=reference, operation=""):
        dispute_at = tx.now + hit.seconds
    is_hidden = take_fault(tx, ["settlement_missing"], reference=reference, operation="") is not None
    takes = 2 if take_fault(tx, ["double_charge"], reference=reference, operation="") else 1
    for take in range(takes):
        _add_charge(tx, session, take, amount, currency, label, dispute_at, is_hidden=is_hidden)
    if take_fault(tx, ["charge_unknown"], reference=reference, operation=""):
        _take_by_hand(tx, session, label)
    tx.run("UPDATE session SET state = 'paid', late_charge_at = NULL WHERE ref = ?", session["ref"])


def find_charge(tx: Tx, account: str, ref: str) -> sqlite3.Row | None:
    """A charge of this account."""
    return tx.one("SELECT * FROM charge WHERE ref = ? AND account = ?", ref, account)


def _complete(tx: Tx, session: sqlite3.Row, typed: Typed, *, dispute_at: float | None = None) -> None:
    """The payer's part is done: take the money, if any is wanted, and keep the card, if that was agreed."""
    if session["amount_minor"]:
        take_money(tx, session, typed.card.label, dispute_at=dispute_at)
    else:
        tx.run("UPDATE session SET state = 'paid' WHERE ref = ?", session["ref"])
    if session["saves"]:
        keep_method(tx, session, typed.card.number, typed.expiry_month, typed.expiry_year)
    if session["kind"] == "session":
        record_event(tx, session, "session.completed")


def _refuse(tx: Tx, session: sqlite3.Row) -> None:
    """A refused card leaves a session open for another try, and ends a charge."""
    if session["kind"] == "charge":
        tx.run("UPDATE session SET state = 'failed' WHERE ref = ?", session["ref"])
        record_event(tx, session, "charge.failed")
    else:
        record_event(tx, session, "session.declined")


def _add_charge(
    tx: Tx,
    session: sqlite3.Row,
    take: int,
    amount: int,
    currency: str,
    label: str,
    dispute_at: float | None,
    *,
    is_hidden: bool,
) -> None:
    ref = f"ch_{secrets.token_hex(12)}"
    tx.run(
        """INSERT INTO charge (ref, session, account, take, amount_minor, currency, at, method_label, dispute_at, changed_at, is_hidden)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        ref, session["ref"], session["account"], take, amount, currency, tx.now, label, dispute_at, tx.now, is_hidden,
    )  # fmt: skip
    charge = find_charge(tx, session["account"], ref)
    if charge is None:
        raise LookupError(ref)
    move(tx, charge, "charge", amount, source=ref, fee_minor=charge_fee_minor(amount))
    record_event(tx, session, "charge.succeeded", charge=ref)


def _take_by_hand(tx: Tx, session: sqlite3.Row, label: str) -> None:
    """A payment as somebody makes it in the dashboard: it carries no reference of the merchant's system."""
    ref = f"cs_{secrets.token_hex(16)}"
    tx.run(
        """INSERT INTO session (ref, account, kind, client_reference, amount_minor, currency, description, return_url,
             customer_email, language, state, created_at, expires_at)
           VALUES (?, ?, 'dashboard', '', ?, ?, '', '', '', 'en', 'paid', ?, ?)""",
        ref, session["account"], session["amount_minor"], session["currency"], tx.now, tx.now,
    )  # fmt: skip
    made = find_session(tx, ref)
    if made is None:
        raise LookupError(ref)
    _add_charge(tx, made, 0, made["amount_minor"], made["currency"], label, None, is_hidden=False)


def _add_try(
    tx: Tx, session: str, typed: Typed, outcome: str, code: str = "", *, settle_at: float | None = None
) -> None:
    card = typed.card
    tx.run(
        """INSERT INTO try (id, session, method_label, outcome, code, at, settle_at, settles_as, card, expiry_month, expiry_year)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        f"try_{secrets.token_hex(8)}", session, card.label, outcome, code, tx.now, settle_at,
        card.settles_as if settle_at is not None else "", card.number, typed.expiry_month, typed.expiry_year,
    )  # fmt: skip


def _typed(row: sqlite3.Row) -> Typed:
    """The card of a recorded try."""
    return Typed(BY_NUMBER[row["card"]], row["expiry_month"], row["expiry_year"])
