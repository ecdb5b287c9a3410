"""Releasing: a draft dated ahead is issued by itself when its day begins (E15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from tallystick.base import direct, events, tenant
from tallystick.customers.lock import lock_customers
from tallystick.invoices.errors import AlreadyIssued, NoSuchInvoice, NotIssuable
from tallystick.invoices.issue import Issued, check_issuable, issue_invoices
from tallystick.invoices.models import Invoice, InvoiceLine
from tallystick.invoices.queries import customer_ids_of, drafts_dated_after
from tallystick.sellers.queries import seller


def plan_release(
    *,
    seller_id: UUID,
    invoice_id: UUID,
    is_sent: bool,
    now: datetime,
    today: date,
    actor_id: UUID | None = None,
) -> date:
    """Let a draft issue itself as its `issue_on` begins in the seller's zone, and return that day.

    With `is_sent` its email follows at 08:00 of that day, whatever the triggers say. Idempotent; planning again replaces
    the plan, and saving the draft ends it. Locks the draft.
    Raises NoSuchInvoice, AlreadyIssued, NotIssuable (no lines, a negative total, a day that isn't ahead).
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        draft = _locked_draft(invoice_id)
        check_issuable(
            has_lines=InvoiceLine.objects.filter(invoice_id=invoice_id).exists(), total_minor=draft.total_minor
        )
        if draft.issue_on is None or draft.issue_on <= today:
            raise NotIssuable("not_ahead")
        zone = ZoneInfo(seller(seller_id).time_zone)
        release_at = datetime.combine(draft.issue_on, time(), zone).astimezone(UTC)
        Invoice.objects.filter(id=invoice_id).update(release_at=release_at, is_sent_on_release=is_sent)
        _tell("invoice.release_planned", draft, now, actor_id, on=draft.issue_on.isoformat(), is_sent=is_sent)
        return draft.issue_on


@dataclass(frozen=True, slots=True)
class ByDate:
    """What became of a set of drafts: those issued, and how many wait for their day."""

    issued: list[Issued]
    planned: int


def issue_by_date(
    *, seller_id: UUID, invoice_ids: Sequence[UUID], now: datetime, today: date, actor_id: UUID | None = None
) -> ByDate:
    """Issue drafts, and let those dated ahead wait for their day: all of them or none.

    Locks the customers in ascending id, then the drafts. Raises as `issue_invoices` and `plan_release` do.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers(customer_ids_of(invoice_ids))
        ahead = drafts_dated_after(today, invoice_ids)
        for invoice_id in ahead:
            plan_release(
                seller_id=seller_id, invoice_id=invoice_id, is_sent=False, now=now, today=today, actor_id=actor_id
            )
        due = [invoice_id for invoice_id in invoice_ids if invoice_id not in ahead]
        issued = issue_invoices(seller_id=seller_id, invoice_ids=due, now=now, today=today, actor_id=actor_id)
        return ByDate(issued, len(ahead))


def stop_release(*, seller_id: UUID, invoice_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Keep a draft from issuing itself, and return whether it would have. Locks the draft.

    Raises NoSuchInvoice, AlreadyIssued.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        draft = _locked_draft(invoice_id)
        if draft.release_at is None:
            return False
        Invoice.objects.filter(id=invoice_id).update(release_at=None, is_sent_on_release=False)
        _tell("invoice.release_stopped", draft, now, actor_id)
        return True


def due_releases(*, at: datetime, most: int = 500, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, invoice_id) of drafts whose day has begun, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_releases(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def release_invoices(*, seller_id: UUID, invoice_ids: Sequence[UUID], now: datetime, today: date) -> list[Issued]:
    """Issue the drafts among these whose release is due, in one batch, dated `today`: the day they were planned for
    unless the clock stood still. One that was stopped or changed meanwhile is left alone. Idempotent. Locks as
    `issue_invoices`, after the drafts in ascending id. Raises as it does.
    """
    with tenant.tx(seller_id):
        due = Invoice.objects.filter(id__in=invoice_ids, number__isnull=True, release_at__lte=now)
        lock_customers(due.values_list("customer_id", flat=True))
        ready = list(due.order_by("release_at", "id").select_for_update().values_list("id", flat=True))
        return issue_invoices(seller_id=seller_id, invoice_ids=ready, now=now, today=today) if ready else []


def _locked_draft(invoice_id: UUID) -> Invoice:
    draft = direct.find(Invoice, invoice_id, lock=True)
    if draft is None:
        raise NoSuchInvoice(str(invoice_id))
    if draft.number is not None:
        raise AlreadyIssued(draft.number)
    return draft


def _tell(kind: str, draft: Invoice, now: datetime, actor_id: UUID | None, **data: object) -> None:
    events.record(
        kind,
        seller_id=draft.seller_id,
        subject_id=draft.id,
        customer_id=draft.customer_id,
        now=now,
        actor_id=actor_id,
        **data,
    )
