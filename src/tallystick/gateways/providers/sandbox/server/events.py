"""Facts and their webhooks: written in the transaction that made them, delivered later by `courier.py`."""

from __future__ import annotations

import json
import secrets
import sqlite3

from tallystick.gateways.providers.sandbox.server.faults import WEBHOOK, kinds_of, take_fault
from tallystick.gateways.providers.sandbox.server.store import Tx, instant

_WEBHOOK_FAULTS = kinds_of(WEBHOOK)
_GAP_S = 0.3


def record_event(tx: Tx, session: sqlite3.Row, kind: str, **refs: str) -> None:
    """Record a fact about a session or what came of it, and one delivery for each webhook address of its account."""
    announce(tx, session["account"], session["client_reference"], kind, session=session["ref"], **refs)


def announce(tx: Tx, account: str, reference: str, kind: str, **refs: str) -> None:
    """Record a fact about an account; `reference` is the merchant's id, empty when the fact has none."""
    event_id = f"evt_{secrets.token_hex(12)}"
    data = {**refs, "client_reference": reference} if reference else refs
    body = json.dumps({"id": event_id, "kind": kind, "at": instant(tx.now), "data": data}).encode()
    tx.run("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", event_id, account, kind, reference, body, tx.now)
    tx.run(
        "UPDATE delivery SET due_at = min(due_at, ?), is_held = 0 WHERE account = ? AND is_held AND state = 'pending'",
        tx.now + _GAP_S, account,
    )  # fmt: skip
    row = tx.one("SELECT webhook_urls FROM account WHERE key = ?", account)
    for url in row["webhook_urls"].split() if row else ():
        _plan_delivery(tx, event_id, account, url, kind, reference)


def _plan_delivery(tx: Tx, event_id: str, account: str, url: str, kind: str, reference: str) -> None:
    due_at, mode, state, is_held, copies = tx.now, "", "pending", False, 1
    hit = take_fault(tx, _WEBHOOK_FAULTS, reference=reference, operation=kind)
    match hit.kind if hit else "":
        case "webhook_lost":
            state = "lost"
        case "webhook_duplicated":
            copies = int(hit.params["copies"] or 2) if hit else 2
        case "webhook_delayed":
            due_at += hit.seconds if hit else 0
        case "webhook_reordered":
            due_at, is_held = due_at + (hit.seconds if hit else 0), True
        case "webhook_stale":
            mode = "stale"
        case "webhook_forged":
            _insert(tx, event_id, account, url, due_at, "forged", is_held=False, state="pending")
    for _ in range(copies):
        _insert(tx, event_id, account, url, due_at, mode, is_held=is_held, state=state)


def _insert(
    tx: Tx, event_id: str, account: str, url: str, due_at: float, mode: str, *, is_held: bool, state: str
) -> None:
    tx.run(
        "INSERT INTO delivery (event, account, url, due_at, mode, is_held, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
        event_id, account, url, due_at, mode, is_held, state,
    )  # fmt: skip


def list_events(tx: Tx, account: str, reference: str | None) -> list[dict[str, object]]:
    """Every fact of an account with its deliveries, oldest first: what a developer looks at when a webhook is missed."""
    rows = tx.all(
        """SELECT event.*, (SELECT json_group_array(json_object('state', state, 'tries', tries, 'url', url, 'mode', mode))
                            FROM delivery WHERE delivery.event = event.id) AS deliveries
           FROM event WHERE account = ? AND (? IS NULL OR client_reference = ?) ORDER BY at, rowid LIMIT 1000""",
        account, reference, reference,
    )  # fmt: skip
    return [{**json.loads(row["body"]), "deliveries": json.loads(row["deliveries"])} for row in rows]
