"""What must be true when all is quiet: the gateway's truth, the payments and the book tell the same story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from tallystick.base import clock, tenant
from tallystick.base.invariants import broken_rules
from tallystick.core import postings
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.ledger.queries import account_balances
from tallystick.payments.models import GatewayAccount, Payment, Refund
from tallystick.worker.sweeps import SWEEPS, sweep_comparisons

FLAGGED_BREAKS = {
    "charge_not_ours",
    "payment_not_listed",
    "balance_differs",
    "line_without_payment",
    "refund_exceeds",
    "dispute_exceeds",
}
IN_FLIGHT = """
SELECT 'attempt', count(*) FROM charge_attempt WHERE ended_at IS NULL
UNION ALL SELECT 'refund', count(*) FROM refund WHERE ended_at IS NULL AND state <> 'waiting'
UNION ALL SELECT 'webhook', count(*) FROM inbound_event WHERE done_at IS NULL
UNION ALL SELECT 'fact', count(*) FROM event WHERE done_at IS NULL
UNION ALL SELECT 'message', count(*) FROM message WHERE state IN ('queued', 'sending')
"""
# A refund that succeeded and came back days later: its invoice was open meanwhile, and may have been paid again.
OVERPAID = """
SELECT i.number, i.total_minor, sum(p.amount_minor - p.refunded_minor - p.lost_minor) AS kept, max(p.flag) AS flag
FROM payment p JOIN attempt_invoice s ON s.attempt_id = p.attempt_id JOIN invoice i ON i.id = s.invoice_id
LEFT JOIN LATERAL (SELECT sum(amount_minor) AS came_back FROM refund
  WHERE payment_id = p.id AND state = 'failed' AND refunded_on IS NOT NULL) r ON true
WHERE p.currency = i.currency GROUP BY i.id, i.number, i.total_minor
HAVING sum(p.amount_minor - p.refunded_minor - p.lost_minor - coalesce(r.came_back, 0)) > i.total_minor
"""
STUCK = "SELECT kind, last_error FROM event WHERE done_at IS NULL AND last_error <> '' LIMIT 3"
RECEIPTS = """
SELECT count(*) FILTER (WHERE m.n = 0), count(*) FILTER (WHERE m.n > 1) FROM payment p, LATERAL (
  SELECT count(*) AS n FROM message WHERE kind = 'receipt' AND payment_id = p.id) m
"""
NUMBERS = """
SELECT count(*), max(substring(number FROM '[0-9]+$')::int), count(DISTINCT number) FROM payment WHERE number IS NOT NULL
"""


@dataclass(frozen=True)
class Account:
    """One seller's account at the sandbox."""

    seller_id: UUID
    account_id: UUID
    name: str


def rows(seller_id: UUID, query: str) -> list[tuple[Any, ...]]:
    """Read as the seller."""
    with tenant.tx(seller_id, read_only=True), connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def in_flight(seller_id: UUID) -> dict[str, int]:
    """What has not come to its end yet."""
    return {name: count for name, count in rows(seller_id, IN_FLIGHT) if count}


def compare(account: Account, *, after: timedelta, sweeps: Sequence[str] = ("events", "messages")) -> None:
    """Run the daily comparison now, on a clock that is so far ahead, and what follows from what it found."""
    now = clock.now() + after
    with tenant.tx(account.seller_id):
        GatewayAccount.objects.filter(id=account.account_id).update(due_at=now)
    with clock.at(now):
        sweep_comparisons(account.seller_id)
        for name in sweeps:
            while SWEEPS[name](account.seller_id):
                continue


def verify(
    account: Account, sandbox: SandboxProcess, *, is_odd: bool = False, is_mailed: bool = True
) -> tuple[list[str], Counter[str]]:
    """Return the violations of one seller, and counts for the summary.

    `is_mailed`: the outbox must be empty too. `is_odd`: the gateway was made to hide or invent money here; then a break must say so instead of the sums agreeing.
    """
    wrong: list[str] = []
    counts = Counter[str]()
    truth = sandbox.truth(name=account.name)
    _charges(account, truth, wrong, counts)
    _refunds(account, truth, wrong, counts)
    for number, total, kept, flag in rows(account.seller_id, OVERPAID):
        counts["flagged excess"] += bool(flag)
        if not flag:
            wrong.append(f"double charge: {number} of {total} keeps {kept}")
    [[missing, repeated]] = rows(account.seller_id, RECEIPTS)
    wrong += [f"{missing} payments without a receipt"] * bool(missing)
    wrong += [f"{repeated} payments with several receipts"] * bool(repeated)
    [[count, last, distinct]] = rows(account.seller_id, NUMBERS)
    if count and (last != count or distinct != count):
        wrong.append(f"payment numbers: {count} rows, {distinct} numbers, the last is {last}")
    wrong += [
        f"still in flight: {what} {n}"
        for what, n in in_flight(account.seller_id).items()
        if what != "message" or is_mailed
    ]
    wrong += [f"stuck fact {kind}: {error}" for kind, error in rows(account.seller_id, STUCK)]
    wrong += [f"rule {rule} broken by {n}" for rule, n in broken_rules(account.seller_id).items()]
    [[heard]] = rows(account.seller_id, "SELECT count(*) FROM inbound_event WHERE last_error = ''")
    counts["webhooks"] += heard
    if not heard and counts["charges"]:
        wrong.append("no webhook was taken")
    _clearing(account, sandbox, wrong, is_odd=is_odd)
    return [f"{account.name}: {each}" for each in wrong], counts


def _charges(
    account: Account, truth: Mapping[str, Sequence[Mapping[str, Any]]], wrong: list[str], counts: Counter[str]
) -> None:
    ours = {row["ref"]: row for row in truth["charges"] if row["kind"] != "dashboard"}
    counts["charges"] += len(ours)
    with tenant.tx(account.seller_id):
        booked = {each.gateway_ref: each for each in Payment.objects.filter(method="gateway")}
    wrong += [f"lost: charge {ref} has no payment" for ref in ours.keys() - booked.keys()]
    wrong += [f"phantom: payment {ref} has no charge" for ref in booked.keys() - ours.keys()]
    for ref in ours.keys() & booked.keys():
        told, row = ours[ref], booked[ref]
        if (told["amount_minor"], told["currency"]) != (row.amount_minor, row.currency):
            wrong.append(f"payment {row.number} is {row.amount_minor} {row.currency}, the charge {told}")


def _refunds(
    account: Account, truth: Mapping[str, Sequence[Mapping[str, Any]]], wrong: list[str], counts: Counter[str]
) -> None:
    told = Counter[tuple[str, int]](
        (row["ref"], row["amount_minor"]) for row in truth["refunds"] if row["state"] == "succeeded"
    )
    with tenant.tx(account.seller_id):
        rows_ = Refund.objects.filter(state="succeeded", method="gateway")
        booked = Counter[tuple[str, int]]((row.gateway_ref or "", row.amount_minor) for row in rows_)
    counts["refunds"] += told.total()
    wrong += [f"refund {each} isn't booked" for each in (told - booked)]
    states = {row["ref"]: row["state"] for row in truth["refunds"]}
    wrong += [f"refund {each} is {states.get(each[0], 'unknown')} at the gateway" for each in (booked - told)]


def _clearing(account: Account, sandbox: SandboxProcess, wrong: list[str], *, is_odd: bool) -> None:
    held = {currency: minor for currency, minor in sandbox.gateway(account.name).balances().items() if minor}
    with tenant.tx(account.seller_id):
        code = GatewayAccount.objects.values_list("code", flat=True).get(id=account.account_id)
        booked = {key: minor for key, minor in account_balances(postings.clearing_account(code)).items() if minor}
    open_breaks = {kind for (kind,) in rows(account.seller_id, "SELECT kind FROM recon_break WHERE closed_at IS NULL")}
    if held != booked and not (is_odd and "balance_differs" in open_breaks):
        wrong.append(f"clearing {booked}, gateway {held}")
    allowed = FLAGGED_BREAKS if is_odd else {"refund_exceeds", "dispute_exceeds"}
    wrong += [f"open break {kind}" for kind in open_breaks - allowed]
