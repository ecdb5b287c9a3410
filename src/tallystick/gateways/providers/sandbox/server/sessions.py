"""Payment sessions: opened by the merchant, ended by the payer, by time or by the merchant."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from urllib.parse import urlsplit

from babel.numbers import list_currencies

from tallystick.gateways.providers.sandbox.server.cards import DECLINES
from tallystick.gateways.providers.sandbox.server.events import record_event
from tallystick.gateways.providers.sandbox.server.faults import take_fault
from tallystick.gateways.providers.sandbox.server.store import Tx, instant

CURRENCIES = frozenset(list_currencies())
LIFETIME_S_MAX = 90 * 86400


class BadRequest(ValueError):
    """The caller asked for something that makes no sense; nothing was done."""


def open_session(tx: Tx, account: str, wanted: Mapping[str, object]) -> str:
    """Store a new session and return its ref. Raises BadRequest."""
    amount, lifetime_s = wanted.get("amount_minor"), wanted.get("lifetime_s")
    if type(amount) is not int or not 0 < amount < 10**12:
        raise BadRequest("amount_minor is a positive whole number of minor units")
    if type(lifetime_s) is not int or not 0 < lifetime_s <= LIFETIME_S_MAX:
        raise BadRequest("lifetime_s is between 1 second and 90 days")
    texts = {name: wanted.get(name) for name in ("client_reference", "currency", "description", "return_url")}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip() or len(value) > 2000:
            raise BadRequest(f"{name} is missing")
    if texts["currency"] not in CURRENCIES:
        raise BadRequest("currency is an ISO 4217 code, in capitals")
    url = urlsplit(str(texts["return_url"]))
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise BadRequest("return_url is a web address")
    ref = f"cs_{secrets.token_hex(16)}"
    tx.run(
        """INSERT INTO session (ref, account, client_reference, amount_minor, currency, description, return_url,
             customer_email, language, state, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)""",
        ref, account, texts["client_reference"], amount, texts["currency"], texts["description"], texts["return_url"],
        str(wanted.get("customer_email") or ""), str(wanted.get("language") or "en"), tx.now, tx.now + lifetime_s,
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
    """Expire an open session on the merchant's wish; anything else stays as it is. False when refused (a fault)."""
    reference = session["client_reference"]
    if session["state"] != "open":
        return True
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
    late_charge_at = tx.now + hit.seconds if hit else None
    tx.run(
        "UPDATE session SET state = 'expired', expires_at = min(expires_at, ?), late_charge_at = ? WHERE ref = ?",
        tx.now, late_charge_at, session["ref"],
    )  # fmt: skip
    tx.run("UPDATE try SET outcome = 'dropped' WHERE session = ? AND outcome = 'challenge'", session["ref"])
    record_event(tx, session, "session.expired")


def last_decline(tx: Tx, ref: str) -> str:
    """The code of the last try, when it was refused; else empty."""
    row = tx.one("SELECT outcome, code FROM try WHERE session = ? ORDER BY at DESC, rowid DESC LIMIT 1", ref)
    return str(row["code"]) if row and row["outcome"] == "declined" else ""


def show_session(tx: Tx, session: sqlite3.Row, public_url: str) -> dict[str, object]:
    """A session as the API shows it."""
    ref, code = session["ref"], last_decline(tx, session["ref"])
    charges = tx.all("SELECT * FROM charge WHERE session = ? ORDER BY n", ref)
    status = session["state"]
    if status == "open" and session["cancel_at"] is not None:
        status = "canceling"
    tries = tx.all("SELECT * FROM try WHERE session = ? ORDER BY at, rowid", ref)
    return {
        "ref": ref,
        "client_reference": session["client_reference"],
        "status": status,
        "amount_minor": session["amount_minor"],
        "currency": session["currency"],
        "url": f"{public_url}/checkout/{ref}",
        "created_at": instant(session["created_at"]),
        "expires_at": instant(session["expires_at"]),
        "decline": {"code": code, "class": DECLINES[code][0], "message": DECLINES[code][1]} if code else None,
        "tries": [
            {
                "at": instant(row["at"]),
                "method_label": row["method_label"],
                "outcome": row["outcome"],
                "code": row["code"],
            }
            for row in tries
        ],
        "charges": [show_charge(tx, row) for row in charges],
    }


def show_charge(tx: Tx, charge: sqlite3.Row) -> dict[str, object]:
    """A charge as the API shows it."""
    refunds = tx.all("SELECT * FROM refund WHERE charge = ? ORDER BY at, rowid", charge["ref"])
    return {
        "ref": charge["ref"],
        "session": charge["session"],
        "amount_minor": charge["amount_minor"],
        "currency": charge["currency"],
        "at": instant(charge["at"]),
        "method_label": charge["method_label"],
        "refunded_minor": charge["refunded_minor"],
        "is_disputed": charge["disputed_at"] is not None,
        "refunds": [
            {"ref": row["ref"], "amount_minor": row["amount_minor"], "at": instant(row["at"])} for row in refunds
        ],
    }
