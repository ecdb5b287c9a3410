"""Reads of kept cards and planned charges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from tallystick.base import direct
from tallystick.base.pages import Page, keyset_page
from tallystick.payments.models import AutoPay, PaymentMethod, ScheduledCharge

CHARGE_TABS: Mapping[str, Q] = {
    "planned": Q(state__in=["scheduled", "charging"]) | Q(state="proposed", charge_on__isnull=False),
    "waiting": Q(state="waiting") | Q(state="proposed", charge_on__isnull=True),
    "retrying": Q(state="retrying"),
    "stopped": Q(state="parked"),
    "done": Q(ended_at__isnull=False),
}
"""The tabs of planned charges and what each holds. Together they hold every charge once."""

_KEYS: Mapping[str, tuple[str, str]] = {
    "planned": ("charge_on", "id"),
    "retrying": ("charge_on", "id"),
    "waiting": ("created_at", "id"),
    "stopped": ("created_at", "id"),
    "done": ("-ended_at", "-id"),
}


def list_charges(tab: str, *, cursor: str, size: int) -> Page[ScheduledCharge]:
    """Return one page of a tab's charges, the next to run first. One query."""
    rows = _whole(ScheduledCharge.objects.filter(CHARGE_TABS[tab]))
    return keyset_page(rows, keys=_KEYS[tab], cursor=cursor, size=size)


def charge_counts() -> dict[str, int]:
    """Return how many charges each open tab holds. One query; what is done isn't counted, as history would cost."""
    open_tabs = {tab: Count("id", filter=held) for tab, held in CHARGE_TABS.items() if tab != "done"}
    return dict(ScheduledCharge.objects.filter(ended_at__isnull=True).aggregate(**open_tabs))


def scheduled_charge(charge_id: UUID) -> ScheduledCharge | None:
    """Return one planned charge with its customer, invoice, due item and card, or None."""
    return _whole(ScheduledCharge.objects.filter(id=charge_id)).first()


def planned_items(due_item_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these are to be charged by themselves, as agreed: now, on a day, or when something happens. One query."""
    agreed = ScheduledCharge.objects.filter(due_item_id__in=list(due_item_ids), ended_at__isnull=True)
    return set(agreed.exclude(state="proposed").values_list("due_item_id", flat=True))


def charges_ahead(*, customer_id: UUID) -> list[ScheduledCharge]:
    """Return what is still planned for a customer, oldest plan first."""
    rows = ScheduledCharge.objects.filter(customer_id=customer_id, ended_at__isnull=True)
    return list(_whole(rows).order_by("charge_on", "id")[:100])


def charges_on(invoice_id: UUID) -> list[ScheduledCharge]:
    """Return every charge ever planned on an invoice, in the order of planning."""
    return list(_whole(ScheduledCharge.objects.filter(invoice_id=invoice_id)).order_by("created_at", "id")[:100])


def waiting_with(charge: ScheduledCharge) -> int:
    """Return how many other charges wait for the very event that this one waits for."""
    if not charge.event or charge.event_subject is None:
        return 0
    rows = ScheduledCharge.objects.filter(
        event=charge.event,
        event_subject=charge.event_subject,
        state__in=["waiting", "proposed"],
        charge_on__isnull=True,
    )
    return rows.exclude(id=charge.id).count()


def stopped_charges(*, most: int) -> Sequence[UUID]:
    """Return the ids of charges the brake stopped, oldest first. Those that want an address aren't among them."""
    rows = ScheduledCharge.objects.filter(state="parked").exclude(reason__in=["no_address", "method"])
    return list(rows.order_by("created_at", "id").values_list("id", flat=True)[:most])


def _whole(rows: QuerySet[ScheduledCharge]) -> QuerySet[ScheduledCharge]:
    return rows.select_related("customer", "invoice", "due_item", "payment_method")


def methods_of(customer_id: UUID) -> list[PaymentMethod]:
    """Return the cards and accounts a customer keeps, newest first."""
    rows = PaymentMethod.objects.filter(customer_id=customer_id, state="active").select_related("gateway_account")
    return list(rows.order_by("-created_at", "-id"))


def payment_method(method_id: UUID) -> PaymentMethod | None:
    """Return one card or account, kept or removed, or None."""
    return direct.find(PaymentMethod, method_id)


def autopay_of(customer_id: UUID) -> AutoPay | None:
    """Return by what a customer pays automatically, or None."""
    return AutoPay.objects.filter(customer_id=customer_id).first()
