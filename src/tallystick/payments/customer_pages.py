"""What a customer may see of a payment request and of a charge that is planned."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from tallystick.base import direct
from tallystick.core.attempt import State
from tallystick.customers.queries import customer
from tallystick.invoices import queries as invoices
from tallystick.payments.models import (
    ChargeAttempt,
    GatewayAccount,
    Payment,
    PaymentMethod,
    PaymentRequest,
    RequestedInvoice,
    ScheduledCharge,
)
from tallystick.payments.page import INLINE_LOGO_BYTES, Kept, Try, Way, read_way
from tallystick.payments.requests import asked_of, taken_slots
from tallystick.payments.rules import rules
from tallystick.payments.schedule import last_postponed_day
from tallystick.sellers.queries import bank_accounts, logo_of, party_of_seller, seller


@dataclass(frozen=True, slots=True)
class Face:
    """The seller as customers see it: name, colour, logo, small print."""

    seller_id: UUID
    seller_name: str
    seller_email: str
    seller_phone: str
    brand: str
    country: str
    time_zone: str
    has_logo: bool
    logo: bytes | None
    content: dict[str, Any]
    """`seller`: the party as documents carry it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One document a request asks for. Amounts in minor units."""

    id: UUID
    number: str
    due_on: date | None
    total_minor: int
    open_minor: int
    is_being_paid: bool


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Everything of one payment request that its page shows."""

    face: Face
    id: UUID
    customer_id: UUID
    customer_name: str
    kind: str
    currency: str
    language: str
    description: str
    link_version: int
    is_closed: bool
    has_links: bool
    takes_parts: bool
    open_minor: int
    rows: tuple[Row, ...]
    ways: tuple[Way, ...]
    methods: tuple[Kept, ...]
    attempt: Try | None
    paid: tuple[Payment, ...]
    banks: tuple[dict[str, str], ...]
    kept: Kept | None
    """What was kept by this link, while it is."""

    @property
    def seller_id(self) -> UUID:
        """The seller's id."""
        return self.face.seller_id


@dataclass(frozen=True, slots=True)
class ChargePage:
    """Everything of one planned charge that the customer may see and change."""

    face: Face
    id: UUID
    customer_id: UUID
    invoice_id: UUID
    number: str
    pay_url: str
    currency: str
    language: str
    link_version: int
    has_links: bool
    state: str
    trigger: str
    reason: str
    charge_on: date | None
    last_day: date | None
    can_postpone: bool
    amount_minor: int
    method: Kept | None
    methods: tuple[Kept, ...]
    ways: tuple[Way, ...]
    setup: Try | None

    @property
    def seller_id(self) -> UUID:
        """The seller's id."""
        return self.face.seller_id


def face_of(seller_id: UUID) -> Face:
    """Return the seller's face. Inside `tenant.tx`."""
    row, logo = seller(seller_id), logo_of(seller_id)
    return Face(
        seller_id=seller_id,
        seller_name=row.name,
        seller_email=row.email,
        seller_phone=row.phone,
        brand=row.brand,
        country=row.country,
        time_zone=row.time_zone,
        has_logo=bool(logo),
        logo=logo if logo and len(logo) <= INLINE_LOGO_BYTES else None,
        content={"seller": party_of_seller(seller_id)},
    )


def request_page(*, seller_id: UUID, request_id: UUID) -> RequestPage | None:
    """Return a payment request's page as things stand now, or None. Inside `tenant.tx`."""
    request = direct.find(PaymentRequest, request_id)
    if request is None:
        return None
    owner, asked = customer(request.customer_id), asked_of(request)
    assert owner
    opened = asked.by_invoice()
    listed = list(
        RequestedInvoice.objects.filter(request_id=request_id).order_by("position").values_list("invoice_id", flat=True)
    )
    papers, busy = invoices.documents([*opened, *listed]), taken_slots(list(opened))
    rows = [
        Row(key, paper.number, paper.due_on, paper.total_minor, opened.get(key, 0), key in busy)
        for key, paper in papers.items()
    ]
    attempts = ChargeAttempt.objects.filter(request_id=request_id)
    live = attempts.filter(ended_at__isnull=True).first() or attempts.order_by("-created_at", "-id").first()
    return RequestPage(
        face=face_of(seller_id),
        id=request_id,
        customer_id=request.customer_id,
        customer_name=owner.name,
        kind=request.kind,
        currency=request.currency,
        language=request.language,
        description=request.description,
        link_version=request.link_version,
        is_closed=request.closed_at is not None,
        has_links=owner.payment_links,
        takes_parts=rules().requests_take_parts,
        open_minor=asked.open_minor,
        rows=tuple(sorted(rows, key=lambda row: (row.due_on or date.max, row.number))),
        ways=ways_of_seller() if owner.payment_links else (),
        methods=kept_methods(request.customer_id) if owner.payment_links else (),
        attempt=_try(live) if live else None,
        paid=tuple(Payment.objects.filter(attempt__request_id=request_id).order_by("recorded_at")),
        banks=tuple(
            {"holder": bank.holder, "iban": bank.iban, "bic": bank.bic, "bank_name": bank.bank_name}
            for bank in bank_accounts()
            if bank.currency == request.currency
        ),
        kept=_kept_by(live) if live and request.kind == "card" else None,
    )


def _kept_by(attempt: ChargeAttempt) -> Kept | None:
    """The card a set-up kept: it carries the moment of the same consent."""
    if attempt.state != State.SUCCEEDED or not attempt.consent.get("at"):
        return None
    agreed_at = datetime.fromisoformat(attempt.consent["at"])
    rows = PaymentMethod.objects.filter(customer_id=attempt.customer_id, consent_at=agreed_at, state="active")
    return next((_kept(row) for row in rows), None)


def card_requests(customer_id: UUID) -> list[PaymentRequest]:
    """Return the links by which a customer was asked for a card and hasn't kept one yet, newest first. Inside `tenant.tx`."""
    done = ChargeAttempt.objects.filter(request_id=OuterRef("id"), state="succeeded")
    rows = PaymentRequest.objects.filter(customer_id=customer_id, kind="card", closed_at__isnull=True)
    return list(rows.exclude(Exists(done)).order_by("-created_at", "-id")[:3])


def charge_page(*, seller_id: UUID, charge_id: UUID) -> ChargePage | None:
    """Return the page of a planned charge, or None. Inside `tenant.tx`."""
    charge = direct.find(ScheduledCharge, charge_id)
    if charge is None:
        return None
    owner, paper, item = (
        customer(charge.customer_id),
        invoices.document(charge.invoice_id),
        invoices.due_item(charge.due_item_id),
    )
    assert owner
    assert item
    kept = kept_methods(charge.customer_id)
    setups = ChargeAttempt.objects.filter(scheduled_charge_id=charge_id, kind="setup").order_by("-created_at", "-id")
    setup = setups.first()
    is_planned = charge.state in {"scheduled", "retrying"} and charge.charge_on is not None
    return ChargePage(
        face=face_of(seller_id),
        id=charge_id,
        customer_id=charge.customer_id,
        invoice_id=charge.invoice_id,
        number=paper.number,
        pay_url=paper.pay_url or "",
        currency=charge.currency,
        language=owner.language,
        link_version=charge.link_version,
        has_links=owner.payment_links,
        state=charge.state,
        trigger=charge.trigger,
        reason=charge.reason,
        charge_on=charge.charge_on,
        last_day=last_postponed_day(charge) if is_planned else None,
        can_postpone=is_planned and charge.postponed_at is None and rules().postpone_days > 0,
        amount_minor=item.open_minor,
        method=next((each for each in kept if each.id == charge.payment_method_id), None),
        methods=kept,
        ways=ways_of_seller(),
        setup=_try(setup) if setup else None,
    )


def ways_of_seller() -> tuple[Way, ...]:
    """Return the seller's ways to be paid online, in their order. Inside `tenant.tx`."""
    rows = GatewayAccount.objects.filter(is_enabled=True).order_by("position", "id")
    return tuple(
        read_way(
            {
                "id": str(row.id),
                "label": row.label,
                "provider": row.provider,
                "config": base64.b64encode(bytes(row.sealed_config)).decode(),
            }
        )
        for row in rows
    )


def kept_methods(customer_id: UUID) -> tuple[Kept, ...]:
    """Return a customer's kept cards and accounts, newest first, at gateways that are on. Inside `tenant.tx`."""
    rows = PaymentMethod.objects.filter(customer_id=customer_id, state="active", gateway_account__is_enabled=True)
    return tuple(_kept(row) for row in rows.order_by("-created_at", "id"))


def _kept(row: PaymentMethod) -> Kept:
    return Kept(
        id=row.id,
        way_id=row.gateway_account_id,
        kind=row.kind,
        brand=row.brand,
        last4=row.last4,
        expiry_month=row.expiry_month,
        expiry_year=row.expiry_year,
        trouble=row.trouble,
    )


def _try(row: ChargeAttempt) -> Try:
    return Try(
        id=row.id,
        state=State(row.state),
        amount_minor=row.amount_minor,
        currency=row.currency,
        language=row.language,
        action_url=row.action_url,
        decline_class=row.decline_class,
        has_ref=row.gateway_ref is not None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )
