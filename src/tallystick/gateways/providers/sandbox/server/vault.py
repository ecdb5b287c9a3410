"""The vault: payers and the cards they let a merchant keep."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import UTC, datetime

from tallystick.gateways.providers.sandbox.server.cards import BY_NUMBER, Card
from tallystick.gateways.providers.sandbox.server.events import announce
from tallystick.gateways.providers.sandbox.server.store import Tx


def keep_method(tx: Tx, session: sqlite3.Row, card: str, expiry_month: int, expiry_year: int) -> None:
    """Keep the card that completed a session, for the session's payer, who is new if it names none."""
    customer = session["customer"]
    if customer is None:
        customer = f"cus_{secrets.token_hex(12)}"
        tx.run(
            "INSERT INTO customer VALUES (?, ?, ?, ?)", customer, session["account"], session["customer_email"], tx.now
        )
    ref = f"pm_{secrets.token_hex(12)}"
    tx.run(
        """INSERT INTO method (ref, account, customer, card, expiry_month, expiry_year, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        ref, session["account"], customer, card, expiry_month, expiry_year, tx.now,
    )  # fmt: skip
    tx.run("UPDATE session SET customer = ?, method = ? WHERE ref = ?", customer, ref, session["ref"])


def find_customer(tx: Tx, account: str, ref: object) -> sqlite3.Row | None:
    """A payer of this account."""
    return tx.one("SELECT * FROM customer WHERE ref = ? AND account = ?", ref, account)


def find_method(tx: Tx, account: str, ref: object) -> sqlite3.Row | None:
    """A card this account keeps; None once it was removed."""
    return tx.one("SELECT * FROM method WHERE ref = ? AND account = ? AND removed_at IS NULL", ref, account)


def forget_method(tx: Tx, account: str, ref: str) -> bool:
    """Remove a card; once removed it stays so. False when this account never had it."""
    row = tx.one("SELECT customer, removed_at FROM method WHERE ref = ? AND account = ?", ref, account)
    if row is None:
        return False
    if row["removed_at"] is None:
        tx.run("UPDATE method SET removed_at = ? WHERE ref = ?", tx.now, ref)
        announce(tx, account, "", "method.removed", method=ref, customer=row["customer"])
    return True


def is_expired(tx: Tx, method: sqlite3.Row) -> bool:
    """Whether the card's month is over, on the sandbox's clock."""
    now = datetime.fromtimestamp(tx.now, UTC)
    return (method["expiry_year"], method["expiry_month"]) < (now.year, now.month)


def card_of(method: sqlite3.Row) -> Card:
    """The magic card behind a saved method."""
    return BY_NUMBER[method["card"]]


def show_method(method: sqlite3.Row) -> dict[str, object]:
    """A saved card as the API shows it; never its number."""
    card = card_of(method)
    return {
        "ref": method["ref"],
        "customer": method["customer"],
        "kind": "card",
        "brand": card.brand,
        "last4": card.number[-4:],
        "expiry_month": method["expiry_month"],
        "expiry_year": method["expiry_year"],
    }
