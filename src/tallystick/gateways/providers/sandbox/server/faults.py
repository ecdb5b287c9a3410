"""Misbehaviour on request, for tests: the one table of faults, and how a call meets them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tallystick.gateways.providers.sandbox.server.store import Tx, instant

WIRE, PAY, SESSION, KEY, REFUND, WEBHOOK = "wire", "pay", "session", "key", "refund", "webhook"
FOREVER = -1


@dataclass(frozen=True, slots=True)
class Fault:
    """`place` is what it disturbs; `times` how many matching calls it lasts unless told; `params` with their defaults.

    Amounts are in minor units, `seconds` on the sandbox's clock, except for `hang_*`, which really waits.
    """

    place: str
    what: str
    params: Mapping[str, int | str | None]
    times: int = 1


FAULTS: Mapping[str, Fault] = {
    "drop_before": Fault(WIRE, "closes the socket, nothing done", {}),
    "drop_after": Fault(WIRE, "does it, then closes the socket", {}),
    "hang_before": Fault(WIRE, "waits, then closes the socket, nothing done", {"seconds": 30}),
    "hang_after": Fault(WIRE, "does it, waits, then closes the socket", {"seconds": 30}),
    "error_500_before": Fault(WIRE, "500, nothing done", {}),
    "error_500_after": Fault(WIRE, "does it, then 500", {}),
    "error_429_before": Fault(WIRE, "429, nothing done", {}),
    "error_429_after": Fault(WIRE, "does it, then 429", {}),
    "malformed_before": Fault(WIRE, "200 with broken JSON, nothing done", {}),
    "malformed_after": Fault(WIRE, "does it, then 200 with broken JSON", {}),
    "conflict": Fault(WIRE, "409 as if the key were in use, nothing done", {}),
    "outage": Fault(WIRE, "closes every socket, checkout too, for so many seconds", {"seconds": 600}, FOREVER),
    "lookup_lag": Fault(
        SESSION, "look-up by client_reference misses sessions younger than this", {"seconds": 60}, FOREVER
    ),
    "expire_refused": Fault(SESSION, "409 to an expire call, session stays open", {}),
    "expire_lag": Fault(SESSION, "expire answers `canceling`; confirmed so many seconds later", {"seconds": 10}),
    "cancel_refused": Fault(SESSION, "409 to cancelling a charge that isn't final, it goes on", {}),
    "charge_after_expiry": Fault(SESSION, "says expired, and charges so many seconds later", {"seconds": 1}),
    "key_expired": Fault(KEY, "forgets the answer stored under an idempotency key", {}),
    "other_amount": Fault(PAY, "charges this instead (None: 1.00 less, or half)", {"amount_minor": None}),
    "other_currency": Fault(PAY, "charges in this currency (None: USD, or EUR)", {"currency": None}),
    "double_charge": Fault(PAY, "charges the session twice", {}),
    "succeeded_then_disputed": Fault(PAY, "charges, and the payer disputes it so many seconds later", {"seconds": 20}),
    "settlement_missing": Fault(PAY, "charges, but lists the charge nowhere; the balance has it", {}),
    "charge_unknown": Fault(PAY, "also takes as much by hand in the dashboard, with no client reference", {}),
    "refund_pending": Fault(REFUND, "processing, and succeeds so many seconds later", {"seconds": 20}),
    "refund_fails": Fault(REFUND, "fails at once, the money stays", {}),
    "refund_fails_later": Fault(REFUND, "succeeds, and comes back so many seconds later", {"seconds": 20}),
    "webhook_lost": Fault(WEBHOOK, "never delivered", {}),
    "webhook_duplicated": Fault(WEBHOOK, "delivered so many times", {"copies": 3}),
    "webhook_reordered": Fault(
        WEBHOOK, "delivered after the account's next event, at the latest after so long", {"seconds": 5}
    ),
    "webhook_delayed": Fault(WEBHOOK, "delivered so much later", {"seconds": 60}),
    "webhook_forged": Fault(WEBHOOK, "a copy signed with a wrong secret comes first", {}),
    "webhook_stale": Fault(WEBHOOK, "the first delivery carries a signature one hour old; the retry is fresh", {}),
}
# What `operation` may say for a wire fault; without one it meets any API call, but not the payer (`view`, `pay`).
# A webhook fault takes an event's kind there; without one it meets any event.
OPERATIONS = (
    "open_session", "look_up", "expire_session", "charge_method", "refund", "forget_method", "list_charges",
    "list_settlements", "balances", "dispute", "account", "webhook", "events", "view", "pay",
)  # fmt: skip


class BadFault(ValueError):
    """The request for a fault makes no sense."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One fault that struck one call."""

    kind: str
    params: Mapping[str, int | str | None]

    @property
    def seconds(self) -> float:
        """Its `seconds` parameter."""
        return float(self.params.get("seconds") or 0)


def add_fault(tx: Tx, wanted: Mapping[str, object]) -> int:
    """Switch a fault on: `{kind, client_reference?, operation?, times?, …params}`; returns its number. Raises BadFault."""
    kind = str(wanted.get("kind"))
    if kind not in FAULTS:
        raise BadFault(f"unknown kind; one of {', '.join(FAULTS)}")
    fault = FAULTS[kind]
    unknown = set(wanted) - {"kind", "client_reference", "operation", "times"} - set(fault.params)
    if unknown:
        raise BadFault(f"{kind} doesn't take {', '.join(sorted(unknown))}")
    operation = wanted.get("operation")
    if fault.place == WIRE and operation is not None and operation not in OPERATIONS:
        raise BadFault(f"unknown operation; one of {', '.join(OPERATIONS)}")
    params = {name: wanted.get(name, default) for name, default in fault.params.items()}
    times = wanted.get("times", fault.times)
    until = tx.now + float(str(params["seconds"])) if kind == "outage" else None
    cursor = tx.db.execute(
        "INSERT INTO fault (kind, client_reference, operation, remaining, params, until) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, wanted.get("client_reference"), operation, times, json.dumps(params), until),
    )
    return int(cursor.lastrowid or 0)


def take_fault(tx: Tx, kinds: Iterable[str], *, reference: str, operation: str) -> Hit | None:
    """The first armed fault of these kinds that matches this call; counts the hit."""
    names = list(kinds)
    marks = ", ".join("?" * len(names))
    meets = f"""kind IN ({marks}) AND remaining <> 0 AND (until IS NULL OR until > ?)
      AND (operation = ? OR (operation IS NULL AND (? NOT IN ('pay', 'view') OR kind = 'outage')))"""
    values = (*names, tx.now, operation, operation)
    row = tx.one(
        f"""SELECT n, kind, params FROM fault WHERE client_reference IS NULL AND {meets}
            UNION ALL SELECT n, kind, params FROM fault WHERE client_reference = ? AND {meets} ORDER BY n LIMIT 1""",
        *values, reference, *values,
    )  # fmt: skip
    if row is None:
        return None
    tx.run(
        "UPDATE fault SET hits = hits + 1, remaining = remaining - (remaining > 0) WHERE n = ?",
        row["n"],
    )
    return Hit(row["kind"], json.loads(row["params"]))


def kinds_of(place: str) -> tuple[str, ...]:
    """The faults that disturb this place."""
    return tuple(name for name, fault in FAULTS.items() if fault.place == place)


def list_faults(tx: Tx) -> list[dict[str, object]]:
    """Every fault ever asked for since the last clearing, with its hits."""
    return [
        {
            "n": row["n"], "kind": row["kind"], "client_reference": row["client_reference"], "operation": row["operation"],
            "remaining": row["remaining"], "hits": row["hits"], "params": json.loads(row["params"]),
            "until": None if row["until"] is None else instant(row["until"]),
        }
        for row in tx.all("SELECT * FROM fault ORDER BY n")
    ]  # fmt: skip
