"""Payment sessions: opened by the merchant, ended by the payer, by time or by the merchant."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from urllib.parse import urlsplit

from babel.numbers import list_currencies

from tallystick.gateways.providers.sandbox.server.events import record_event
from tallystick.gateways.providers.sandbox.server.faults import take_fault
from tallystick.gateways.providers.sandbox.server.store import Tx
from tallystick.gateways.providers.sandbox.server.vault import find_customer

CURRENCIES = frozenset(list_currencies())
LIFETIME_S_MAX = 90 * 86400


class BadRequest(ValueError):
    """The caller asked for something that makes no sense; nothing was done. `code` is what the API says."""

    def __init__(self, message: str, *, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.code = code


def open_session(tx: Tx, account: str, wanted: Mapping[str, object]) -> str:
    """Store a new session and return its ref; an amount of 0 only saves a card. Raises BadRequest."""
    lifetime_s, saves = wanted.get("lifetime_s"), wanted.get("saves_method", False)
    if type(saves) is not bool:
        raise BadRequest("saves_method is true or false")
    if type(lifetime_s) is not int or not 0 < lifetime_s <= LIFETIME_S_MAX:
        raise BadRequest("lifetime_s is between 1 second and 90 days")
    return store(tx, account, wanted, kind="session", lifetime_s=lifetime_s, saves=saves)


def store(
    tx: Tx, account: str, wanted: Mapping[str, object], *, kind: str, lifetime_s: float, saves: bool = False
) -> str:
    """Check what sessions and charges of saved methods have in common, and write it down. Raises BadRequest."""
    amount, customer = wanted.get("amount_minor"), wanted.get("customer") or None
    if type(amount) is not int or not (0 if saves else 1) <= amount < 10**12:
        raise BadRequest("amount_minor is a positive whole number of minor units, or 0 to save only")
    texts = {name: wanted.get(name) for name in ("client_reference", "currency", "description", "return_url")}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip() or len(value) > 2000:
            raise BadRequest(f"{name} is missing")
    if texts["currency"] not in CURRENCIES:
        raise BadRequest("currency is an ISO 4217 code, in capitals")
    url = urlsplit(str(texts["return_url"]))
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise BadRequest("return_url is a web address")
    if customer is not None and find_customer(tx, account, customer) is None:
        raise BadRequest("there is no such customer")
    ref = f"cs_{secrets.token_hex(16)}"
    tx.run(
        """INSERT INTO session (ref, account, kind, client_reference, amount_minor, currency, description, return_url,
             customer_email, language, customer, saves, state, created_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)""",
        ref, account, kind, texts["client_reference"], amount, texts["currency"], texts["description"],
        texts["return_url"], str(wanted.get("customer_email") or ""), str(wanted.get("language") or "en"), customer, saves,
        tx.now, tx.now + lifetime_s,
    )  # fmt: skip
    return ref


def find_session(tx: Tx, ref: str, account: str | None = None) -> sqlite3.Row | None:
    """A session by its ref; of this account only, if one is given."""
    return tx.one("SELECT * FROM session WHERE ref = ? AND (? IS NULL OR account = ?)", ref, account, account)


def find_by_reference(tx: Tx, account: str, reference: str) -> list[sqlite3.Row]:
    """Sessions by the merchant's own id, unless the index lags (fault `lookup_lag`)."""
    rows = tx.all(
        "SELECT * FROM session WHERE account = ? AND client_reference = ? ORDER BY created_at", account, reference
    )
    if rows and (lag := take_fault(tx, ["lookup_lag"], reference=reference, operation="look_up")):
        rows = [row for row in rows if tx.now - row["created_at"] >= lag.seconds]
    return rows


def expire_session(tx: Tx, session: sqlite3.Row) -> bool:
    """Expire an open session, or a charge that isn't final, on the merchant's wish. False when refused (a fault).

    Anything else stays as it is; what a payer began at the checkout can't be stopped while the bank has it.
    """
    reference = session["client_reference"]
    is_charge = session["kind"] == "charge"
    if session["state"] != "open" and not (is_charge and session["state"] == "processing"):
        return True
    if is_charge and take_fault(tx, ["cancel_refused"], reference=reference, operation="expire_session"):
        return False
    if take_fault(tx, ["expire_refused"], reference=reference, operation="expire_session"):
        return False
    if session["cancel_at"] is not None:
        return True
    if lag := take_fault(tx, ["expire_lag"], reference=reference, operation="expire_session"):
        tx.run("UPDATE session SET cancel_at = ? WHERE ref = ?", tx.now + lag.seconds, session["ref"])
        return True
    end_session(tx, session)
    return True


def end_session(tx: Tx, session: sqlite3.Row) -> None:
    """Expire a session, by wish or by time."""
    hit = take_fault(tx, ["charge_after_expiry"], reference=session["client_reference"], operation="expire_session")
    late_charge_at = tx.now + hit.seconds if hit and session["amount_minor"] else None
    tx.run(
        "UPDATE session SET state = 'expired', expires_at = min(expires_at, ?), late_charge_at = ? WHERE ref = ?",
        tx.now, late_charge_at, session["ref"],
    )  # fmt: skip
    tx.run(
        "UPDATE try SET outcome = 'dropped' WHERE session = ? AND outcome IN ('challenge', 'processing')",
        session["ref"],
    )
    record_event(tx, session, "session.expired")


def last_decline(tx: Tx, ref: str) -> str:
    """The code of the last try, when it was refused; else empty."""
    row = tx.one("SELECT outcome, code FROM try WHERE session = ? ORDER BY at DESC, rowid DESC LIMIT 1", ref)
    return str(row["code"]) if row and row["outcome"] == "declined" else ""
