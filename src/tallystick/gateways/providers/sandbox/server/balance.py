"""The money held for a merchant: every movement of it, what it comes to, and the payouts to their bank."""

from __future__ import annotations

import secrets
import sqlite3

from tallystick.gateways.providers.sandbox.server.events import announce
from tallystick.gateways.providers.sandbox.server.store import DAY_S, Tx, instant

HELD_S = 2 * DAY_S
DISPUTE_FEE_MINOR = 1500
_FEE_PER_MILLE, _FEE_FIXED_MINOR = 14, 25
_PAGE = 100


def charge_fee_minor(amount_minor: int) -> int:
    """1.4 % to the nearest minor unit, half up, and 25 minor units."""
    return (amount_minor * _FEE_PER_MILLE + 500) // 1000 + _FEE_FIXED_MINOR


def move(tx: Tx, charge: sqlite3.Row, kind: str, amount_minor: int, *, source: str, fee_minor: int = 0) -> None:
    """Write one movement of a charge's money; a negative amount leaves the balance."""
    tx.run(
        """INSERT INTO movement (ref, account, kind, amount_minor, fee_minor, currency, at, source, charge, changed_at, is_hidden)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        f"txn_{secrets.token_hex(12)}", charge["account"], kind, amount_minor, fee_minor, charge["currency"],
        tx.now, source, charge["ref"], tx.now, charge["is_hidden"],
    )  # fmt: skip


def balances(tx: Tx, account: str) -> dict[str, int]:
    """What is held now, by currency: the sum of all movements, payouts included."""
    rows = tx.all(
        "SELECT currency, sum(amount_minor - fee_minor) AS held FROM movement WHERE account = ? GROUP BY currency",
        account,
    )
    return {row["currency"]: row["held"] for row in rows}


def list_movements(tx: Tx, account: str, since: float, after_n: int) -> tuple[list[dict[str, object]], str]:
    """What moved, or was put into a payout, since an instant, oldest change first; and the cursor of the next page."""
    rows = tx.all(
        """SELECT movement.*, state, arrives_at FROM movement LEFT JOIN payout ON payout.ref = payout
           WHERE movement.account = ? AND (changed_at, n) > (?, ?) AND NOT is_hidden ORDER BY changed_at, n LIMIT ?""",
        account, since, after_n, _PAGE + 1,
    )  # fmt: skip
    return [_show(row) for row in rows[:_PAGE]], next_cursor(rows, _PAGE)


def next_cursor(rows: list[sqlite3.Row], page: int) -> str:
    """The place after a full page, as `changed_at_n`; empty when nothing follows."""
    return f"{rows[page - 1]['changed_at']!r}_{rows[page - 1]['n']}" if len(rows) > page else ""


def pay_out(tx: Tx, *, until: float) -> list[str]:
    """Send everything that moved by `until` to the merchants' banks, one payout per account and currency.

    A balance that isn't positive waits. Returns the payouts' refs.
    """
    refs = []
    for due in tx.all(
        """SELECT account, currency, sum(amount_minor - fee_minor) AS held FROM movement
           WHERE payout IS NULL AND at <= ? GROUP BY account, currency HAVING held > 0""",
        until,
    ):
        ref = f"po_{secrets.token_hex(12)}"
        account, currency, amount = due["account"], due["currency"], due["held"]
        tx.run(
            "INSERT INTO payout VALUES (?, ?, ?, ?, 'in_transit', ?, ?)",
            ref, account, amount, currency, tx.now, tx.now + DAY_S,
        )  # fmt: skip
        tx.run(
            """UPDATE movement SET payout = ?, changed_at = ?
               WHERE account = ? AND currency = ? AND payout IS NULL AND at <= ?""",
            ref, tx.now, account, currency, until,
        )  # fmt: skip
        tx.run(
            """INSERT INTO movement (ref, account, kind, amount_minor, fee_minor, currency, at, source, payout, changed_at)
               VALUES (?, ?, 'payout', ?, 0, ?, ?, ?, ?, ?)""",
            f"txn_{secrets.token_hex(12)}", account, -amount, currency, tx.now, ref, ref, tx.now,
        )  # fmt: skip
        refs.append(ref)
    return refs


def settle_payouts(tx: Tx) -> None:
    """Payouts arrive a day later; each midnight everything older than two days is paid out."""
    for row in tx.all("SELECT * FROM payout WHERE state = 'in_transit' AND arrives_at <= ?", tx.now):
        tx.run("UPDATE payout SET state = 'paid' WHERE ref = ?", row["ref"])
        tx.run("UPDATE movement SET changed_at = ? WHERE payout = ? AND kind = 'payout'", tx.now, row["ref"])
        announce(tx, row["account"], "", "payout.paid", payout=row["ref"])
    clock = tx.one("SELECT payout_at FROM clock")
    payout_at = clock["payout_at"] if clock else None
    if payout_at is not None and tx.now < payout_at:
        return
    if payout_at is not None:
        pay_out(tx, until=tx.now - HELD_S)
    tx.run("UPDATE clock SET payout_at = ?", (tx.now // DAY_S + 1) * DAY_S)


def _show(row: sqlite3.Row) -> dict[str, object]:
    shown = {
        name: row[name]
        for name in ("ref", "kind", "amount_minor", "fee_minor", "currency", "source", "charge", "payout")
    }
    shown["at"] = instant(row["at"])
    if row["kind"] == "payout":
        shown |= {"state": row["state"], "arrives_on": instant(row["arrives_at"])[:10]}
    return shown
