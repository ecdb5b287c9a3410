"""The daily two-way comparison: what a gateway lists against what the book holds. What doesn't match asks a person.

It also finds money that no webhook told of: a charge of ours that was never booked is booked here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from tallystick.base import events, tenant
from tallystick.base.crashpoint import crashpoint
from tallystick.base.ids import new_id
from tallystick.core import postings
from tallystick.core.attempt import State
from tallystick.gateways.port import Charge, Gateway, Listed, NoAnswer, Report
from tallystick.ledger.queries import account_balances
from tallystick.payments._settlement import book_payout, book_settlement_line, news_in
from tallystick.payments.apply_fact import apply_fact
from tallystick.payments.gateways import open_gateway
from tallystick.payments.models import Break, ChargeAttempt, Dispute, GatewayAccount, Payment, Refund

OVERLAP = timedelta(days=3)
"""How far behind the last comparison the next one begins: lists lag, and zones differ."""
SETTLED_AFTER = timedelta(hours=1)
"""How old our own rows must be before the gateway has to list them."""
EVERY = timedelta(days=1)
AGAIN = timedelta(minutes=30)
MOST_PAGES = 10_000


@dataclass(slots=True)
class Comparison:
    """What one comparison saw: breaks by (kind, reference), and the refs the gateway listed."""

    seller_id: UUID
    account_id: UUID
    now: datetime
    since: datetime
    found: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    charges: set[str] = field(default_factory=set)

    def note(self, kind: str, reference: str, payment_id: UUID | None = None, **data: Any) -> None:
        """Keep a break."""
        self.found[kind, reference] = {**data, "payment_id": str(payment_id) if payment_id else ""}


def due_comparisons(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, gateway_account_id) of accounts to compare, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_comparisons(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def compare_account(*, seller_id: UUID, account_id: UUID, now: datetime) -> int:
    """Compare one gateway account with the book, both ways, and return how many breaks are open afterwards.

    Charges of ours that weren't booked are booked, their refunds and disputes too; settlement lines and payouts are kept
    and booked. Idempotent: whatever was booked stays booked once. A gateway that doesn't answer is asked again soon.
    """
    account = _lease(seller_id, account_id, now)
    if account is None:
        return 0
    gateway, since = open_gateway(account), (account.compared_until or account.created_at) - OVERLAP
    seen = Comparison(seller_id, account_id, now, since)
    try:
        if gateway.capabilities.lists_charges:
            _compare_charges(seen, gateway)
            _compare_payments(seen)
        if gateway.capabilities.settlements:
            _take_settlements(seen, account, gateway)
            _compare_balances(seen, account, gateway.balances())
    except NoAnswer:
        return _open_breaks(seller_id, account_id)
    return _finish(seen)


def _lease(seller_id: UUID, account_id: UUID, now: datetime) -> GatewayAccount | None:
    with tenant.tx(seller_id):
        due = GatewayAccount.objects.filter(id=account_id, due_at__lte=now)
        account = due.select_for_update(skip_locked=True).first()
        if account:
            GatewayAccount.objects.filter(id=account_id).update(due_at=now + AGAIN)
        return account


def _compare_charges(seen: Comparison, gateway: Gateway) -> None:
    cursor = ""
    for _page in range(MOST_PAGES):
        page = gateway.list_charges(since=seen.since, cursor=cursor)
        crashpoint("outside.after")
        seen.charges.update(listed.charge.ref for listed in page.charges)
        _compare_page(seen, page.charges)
        cursor = page.cursor
        if not cursor:
            return


def _compare_page(seen: Comparison, page: Sequence[Listed]) -> None:
    """Some of the gateway's charges: ours are brought in line; those we never asked for wait for a person."""
    with tenant.tx(seen.seller_id, read_only=True):
        asked = ChargeAttempt.objects.filter(
            id__in=[listed.attempt_id for listed in page if listed.attempt_id], gateway_account_id=seen.account_id
        )
        attempts = {attempt.id: attempt.state for attempt in asked.only("id", "state")}
        booked = Payment.objects.filter(
            gateway_account_id=seen.account_id, gateway_ref__in=[listed.charge.ref for listed in page]
        )
        payments = {
            payment.gateway_ref: payment for payment in booked.only("id", "gateway_ref", "amount_minor", "currency")
        }
    for listed in page:
        payment = payments.get(listed.charge.ref)
        if listed.attempt_id in attempts:
            _compare_charge(seen, listed, attempts[listed.attempt_id], payment)
        elif payment is None:
            _note_stranger(seen, listed.charge)


def _compare_charge(seen: Comparison, listed: Listed, state: str, booked: Payment | None) -> None:
    """A charge of ours: what differs from the book is applied, and an amount that still does is a break."""
    charge = listed.charge
    is_same = booked is not None and (booked.amount_minor, booked.currency) == (charge.amount_minor, charge.currency)
    if not is_same or state != State.SUCCEEDED or charge.refunds or charge.disputes:
        assert listed.attempt_id
        report = Report(State.SUCCEEDED, charges=(charge,))
        apply_fact(seller_id=seen.seller_id, attempt_id=listed.attempt_id, report=report, now=seen.now)
    if booked and not is_same:
        seen.note(
            "amount_differs",
            charge.ref,
            booked.id,
            book_minor=booked.amount_minor,
            gateway_minor=charge.amount_minor,
            currency=charge.currency,
        )


def _note_stranger(seen: Comparison, charge: Charge) -> None:
    amount: dict[str, Any] = {
        "gateway_minor": charge.amount_minor,
        "currency": charge.currency,
        "at": charge.at.isoformat(),
    }
    seen.note("charge_not_ours", charge.ref, **amount)


def _compare_payments(seen: Comparison) -> None:
    """Our own rows of the same days must all be in the gateway's list."""
    until = seen.now - SETTLED_AFTER
    with tenant.tx(seen.seller_id, read_only=True):
        ours = Payment.objects.filter(
            gateway_account_id=seen.account_id, recorded_at__gte=seen.since + OVERLAP, recorded_at__lte=until
        )
        for payment in ours.only("id", "gateway_ref", "amount_minor", "currency"):
            if payment.gateway_ref not in seen.charges:
                seen.note(
                    "payment_not_listed",
                    payment.gateway_ref or "",
                    payment.id,
                    book_minor=payment.amount_minor,
                    currency=payment.currency,
                )
        for refund in Refund.objects.filter(gateway_account_id=seen.account_id, excess_minor__gt=0):
            seen.note(
                "refund_exceeds",
                refund.gateway_ref or "",
                refund.payment_id,
                gateway_minor=refund.amount_minor,
                currency=refund.currency,
            )
        for dispute in Dispute.objects.filter(gateway_account_id=seen.account_id):
            if dispute.held_minor < dispute.amount_minor:
                theirs: dict[str, Any] = {"gateway_minor": dispute.amount_minor, "currency": dispute.currency}
                seen.note("dispute_exceeds", dispute.gateway_ref, dispute.payment_id, **theirs)


def _take_settlements(seen: Comparison, account: GatewayAccount, gateway: Gateway) -> None:
    cursor = ""
    for _page in range(MOST_PAGES):
        page = gateway.list_settlements(since=seen.since, cursor=cursor)
        crashpoint("outside.after")
        with tenant.tx(seen.seller_id, read_only=True):
            news = news_in(account, page.lines)
        for line in news:
            with tenant.tx(seen.seller_id):
                if not book_settlement_line(account, line, now=seen.now):
                    seen.note(
                        "line_without_payment",
                        line.ref,
                        gateway_minor=line.amount_minor,
                        currency=line.currency,
                        line_kind=line.kind,
                    )
        for payout in page.payouts:
            with tenant.tx(seen.seller_id):
                book_payout(account, payout, now=seen.now)
        cursor = page.cursor
        if not cursor:
            return


def _compare_balances(seen: Comparison, account: GatewayAccount, held: Mapping[str, int]) -> None:
    """The clearing account against what the gateway says it holds, to the cent.

    Money may move between the two readings; then the next comparison finds them equal and closes the break.
    """
    with tenant.tx(seen.seller_id, read_only=True):
        booked = account_balances(postings.clearing_account(account.code))
    for currency in sorted({*held, *booked}):
        ours, theirs = booked.get(currency, 0), held.get(currency, 0)
        if ours != theirs:
            seen.note("balance_differs", currency, book_minor=ours, gateway_minor=theirs, currency=currency)


def _finish(seen: Comparison) -> int:
    """Keep the breaks found, close those that are gone, and plan the next comparison."""
    with tenant.tx(seen.seller_id):
        opened = Break.objects.select_for_update().filter(gateway_account_id=seen.account_id, closed_at__isnull=True)
        known = {(row.kind, row.reference): row for row in opened}
        for key, row in known.items():
            if key not in seen.found and not (row.kind == "payment_not_listed" and row.seen_at < seen.since):
                row.closed_at, row.note = seen.now, row.note or "matched"
                row.save()
        for key, data in seen.found.items():
            if key in known:
                Break.objects.filter(id=known[key].id).update(data=data, seen_at=seen.now)
            elif not Break.objects.filter(
                gateway_account_id=seen.account_id, kind=key[0], reference=key[1], closed_by__isnull=False
            ).exists():
                _open_break(seen, key, data)
        GatewayAccount.objects.filter(id=seen.account_id).update(compared_until=seen.now, due_at=seen.now + EVERY)
    return _open_breaks(seen.seller_id, seen.account_id)


def _open_break(seen: Comparison, key: tuple[str, str], data: dict[str, Any]) -> None:
    payment_id = UUID(data["payment_id"]) if data.get("payment_id") else None
    Break.objects.create(
        id=new_id(),
        seller_id=seen.seller_id,
        gateway_account_id=seen.account_id,
        kind=key[0],
        reference=key[1],
        payment_id=payment_id,
        data=data,
        found_at=seen.now,
        seen_at=seen.now,
    )
    events.record(
        "break.found",
        seller_id=seen.seller_id,
        subject_id=payment_id or seen.account_id,
        now=seen.now,
        break_kind=key[0],
        reference=key[1],
    )


def _open_breaks(seller_id: UUID, account_id: UUID) -> int:
    with tenant.tx(seller_id, read_only=True):
        return Break.objects.filter(gateway_account_id=account_id, closed_at__isnull=True).count()


def close_break(*, seller_id: UUID, break_id: UUID, note: str, now: datetime, actor_id: UUID | None = None) -> bool:
    """A person explains a break; it stays closed though the next comparison finds it again. True when it was open."""
    with tenant.tx(seller_id, actor_id=actor_id):
        row = Break.objects.select_for_update().filter(id=break_id, closed_at__isnull=True)
        return bool(row.update(closed_at=now, closed_by=actor_id, note=note[:2000]))
