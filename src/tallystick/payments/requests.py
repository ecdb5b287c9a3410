"""One link for several invoices: payment requests, what they ask for when opened, and paying them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.base import direct, events, tenant
from tallystick.base.ids import new_id
from tallystick.customers.lock import lock_customers
from tallystick.customers.queries import customer
from tallystick.invoices import queries as invoices
from tallystick.invoices.queries import OwedItem
from tallystick.payments._reserve import Take, account_of, known_attempt, method_of, reserve
from tallystick.payments.consent import Consent
from tallystick.payments.errors import AmountRefused, NoSuchRequest, NothingAsked, NothingToPay
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, PaymentRequest, RequestedInvoice
from tallystick.payments.rules import rules
from tallystick.sellers.queries import seller


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for at this moment: the open due items, oldest first, and their sum in minor units."""

    items: tuple[OwedItem, ...]
    open_minor: int

    def by_invoice(self) -> dict[UUID, int]:
        """Return invoice id → open minor units, oldest first."""
        sums: dict[UUID, int] = defaultdict(int)
        for item in self.items:
            sums[item.invoice_id] += item.open_minor
        return dict(sums)


def request_payment(
    *,
    seller_id: UUID,
    request_id: UUID,
    customer_id: UUID,
    currency: str,
    language: str,
    now: datetime,
    invoice_ids: Sequence[UUID] = (),
    amount_minor: int | None = None,
    description: str = "",
    actor_id: UUID | None = None,
) -> PaymentRequest:
    """Make one link of a customer's: for these invoices, for an amount on account, else for all that is open.

    Idempotent by `request_id`. Raises NothingAsked when an invoice isn't the customer's, in that currency and issued.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        known = PaymentRequest.objects.filter(id=request_id, customer_id=customer_id).first()
        if known:
            return known
        kind = "invoices" if invoice_ids else "amount" if amount_minor else "balance"
        wanted = list(dict.fromkeys(invoice_ids))
        found = invoices.documents(wanted)
        fits = [d for d in found.values() if d.customer_id == customer_id and d.currency == currency]
        if len(fits) != len(wanted) or any(d.kind != "invoice" for d in fits):
            raise NothingAsked(str(request_id))
        request = PaymentRequest(
            id=request_id,
            seller_id=seller_id,
            customer_id=customer_id,
            currency=currency,
            kind=kind,
            amount_minor=amount_minor if kind == "amount" else None,
            description=description[:200],
            language=language,
            created_at=now,
            created_by=actor_id,
        )
        request.save(force_insert=True)
        RequestedInvoice.objects.bulk_create(
            RequestedInvoice(id=new_id(), seller_id=seller_id, request_id=request_id, invoice_id=key, position=at)
            for at, key in enumerate(wanted)
        )
        events.record(
            "request.made",
            seller_id=seller_id,
            subject_id=request_id,
            customer_id=customer_id,
            now=now,
            actor_id=actor_id,
            request_kind=kind,
            invoice_ids=[str(key) for key in wanted],
        )
        return request


def asked_of(request: PaymentRequest) -> Asked:
    """Return what a request asks for now. Computed each time, so that a partly paid one asks for the rest."""
    if request.kind == "amount":
        paid = ChargeAttempt.objects.filter(request_id=request.id, state="succeeded").exists()
        return Asked((), 0 if paid or request.closed_at else request.amount_minor or 0)
    if request.kind == "card":
        return Asked((), 0)
    if request.kind == "balance":
        items = invoices.all_open_items(request.customer_id, currency=request.currency)
    else:
        listed = RequestedInvoice.objects.filter(request_id=request.id).values_list("invoice_id", flat=True)
        items = invoices.open_items(request.customer_id, currency=request.currency, invoice_ids=list(listed))
    return Asked(tuple(items), sum(item.open_minor for item in items))


def start_request_charge(
    *,
    seller_id: UUID,
    request_id: UUID,
    gateway_account_id: UUID,
    attempt_id: UUID,
    language: str,
    return_url: str,
    now: datetime,
    amount_minor: int | None = None,
    chosen: Sequence[UUID] = (),
    payment_method_id: UUID | None = None,
    consent: Consent | None = None,
    actor_id: UUID | None = None,
    kind: str = "",
) -> ChargeAttempt:
    """Reserve a charge for what a request asks for now, and take the slot of each invoice it pays. Idempotent by id.

    `chosen` invoices only (default: all); `amount_minor` less than they come to, where the seller takes parts, pays the
    oldest first. Locks the customer. Raises NoSuchRequest, NothingToPay, AmountRefused, NoSuchGateway, NoSuchMethod,
    CantSave, BeingPaid when any of the invoices is being paid.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        request = direct.find(PaymentRequest, request_id)
        if request is None:
            raise NoSuchRequest(str(request_id))
        lock_customers([request.customer_id])
        known = known_attempt(attempt_id, request_id=request_id)
        if known:
            return known
        method = method_of(request.customer_id, payment_method_id) if payment_method_id else None
        account = account_of(method.gateway_account_id if method else gateway_account_id, enabled=True)
        parts, amount = _parts(request, amount_minor, chosen)
        take = Take(
            attempt_id=attempt_id,
            customer_id=request.customer_id,
            gateway_account_id=account.id,
            amount_minor=amount,
            currency=request.currency,
            language=language,
            kind=kind or ("saved" if method else "hosted"),
            parts=parts,
            payment_method_id=method.id if method else None,
            request_id=request_id,
            description=request.description or seller(seller_id).name,
            return_url=return_url,
            consent=consent.at(now) if consent else {},
        )
        return reserve(seller_id, take, now, actor_id)


def _parts(request: PaymentRequest, wanted: int | None, chosen: Sequence[UUID]) -> tuple[Mapping[UUID, int], int]:
    """Return what goes to which invoice, and the sum."""
    asked = asked_of(request)
    if asked.open_minor <= 0:
        raise NothingToPay(str(request.id))
    if request.kind == "amount":
        if wanted not in {None, asked.open_minor}:
            raise AmountRefused(asked.open_minor, asked.open_minor)
        return {}, asked.open_minor
    opened = {key: minor for key, minor in asked.by_invoice().items() if not chosen or key in set(chosen)}
    total = sum(opened.values())
    if not total:
        raise NothingToPay(str(request.id))
    is_part = total < asked.open_minor or (wanted is not None and wanted < total)
    least = 1 if rules().requests_take_parts else asked.open_minor
    if (is_part and not rules().requests_take_parts) or (wanted is not None and not least <= wanted <= total):
        raise AmountRefused(least, total)
    left, parts = total if wanted is None else wanted, dict[UUID, int]()
    amount = left
    for key, minor in opened.items():
        if left:
            parts[key] = min(left, minor)
            left -= parts[key]
    return parts, amount


def taken_slots(invoice_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return which of these invoices are being paid at this moment."""
    live = AttemptInvoice.objects.filter(invoice_id__in=invoice_ids, is_live=True)
    return frozenset(live.values_list("invoice_id", flat=True))


def invoices_by_customer(invoice_ids: Sequence[UUID]) -> dict[tuple[UUID, str], list[UUID]]:
    """Group open invoices by (customer, currency): each gets one link (C14). Closed ones and drafts are left out."""
    grouped: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for paper in invoices.documents(invoice_ids).values():
        if paper.kind == "invoice" and paper.open_minor > 0:
            grouped[paper.customer_id, paper.currency].append(paper.id)
    return dict(grouped)


def links_allowed(customer_id: UUID) -> bool:
    """Return whether a customer may be given payment links (C7)."""
    owner = customer(customer_id)
    return bool(owner and owner.payment_links)
