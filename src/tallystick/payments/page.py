"""What a payer may see of an invoice, read in one statement: the document, what is open, how to pay, what was paid."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import connection

from tallystick.base.secrets import unseal
from tallystick.core.attempt import LIVE, State
from tallystick.core.errors import InvalidReference
from tallystick.core.money import round_ratio
from tallystick.core.reference import creditor_reference
from tallystick.core.status import DocumentFacts
from tallystick.gateways.registry import UnknownProvider, provider
from tallystick.payments.start import least_partial

INLINE_LOGO_BYTES = 8192

_READ = """
SELECT jsonb_build_object(
  'kind', i.kind, 'number', i.number, 'currency', i.currency, 'language', i.language, 'total', i.total_minor,
  'allocated', i.allocated_minor, 'credited', i.credited_minor, 'open', i.open_minor, 'issued_on', i.issued_on,
  'due_on', i.due_on, 'sent_at', i.sent_at, 'viewed_at', i.viewed_at, 'voided_at', i.voided_at,
  'link_version', i.link_version, 'customer_id', i.customer_id, 'content', d.content,
  'seller', jsonb_build_object('name', s.name, 'brand', s.brand, 'country', s.country, 'zone', s.time_zone,
    'email', s.email, 'phone', s.phone, 'takes_parts', s.partial_payments, 'least_percent', s.minimum_partial_percent,
    'logo_bytes', octet_length(s.logo),
    'logo', CASE WHEN octet_length(s.logo) <= %(inline)s THEN encode(s.logo, 'base64') END),
  'due', (SELECT jsonb_agg(jsonb_build_object('kind', t.kind, 'due_on', t.due_on, 'amount_minor', t.amount_minor,
      'open_minor', t.open_minor) ORDER BY t.position)
    FROM due_item t WHERE t.invoice_id = i.id),
  'links', c.payment_links,
  'ways', (SELECT jsonb_agg(jsonb_build_object('id', g.id, 'label', g.label, 'provider', g.provider,
      'config', encode(g.sealed_config, 'base64')) ORDER BY g.position, g.id)
    FROM gateway_account g WHERE g.is_enabled AND c.payment_links),
  'methods', (SELECT jsonb_agg(jsonb_build_object('id', m.id, 'way_id', m.gateway_account_id, 'kind', m.kind,
      'brand', m.brand, 'last4', m.last4, 'expiry_month', m.expiry_month, 'expiry_year', m.expiry_year,
      'trouble', m.trouble) ORDER BY m.created_at DESC, m.id)
    FROM payment_method m JOIN gateway_account g ON g.id = m.gateway_account_id AND g.is_enabled
    WHERE m.customer_id = i.customer_id AND m.state = 'active' AND c.payment_links),
  'plans', (SELECT jsonb_agg(jsonb_build_object('state', h.state, 'trigger', h.trigger, 'event', h.event,
      'charge_on', h.charge_on, 'amount_minor', t.open_minor) ORDER BY t.position)
    FROM scheduled_charge h JOIN due_item t ON t.id = h.due_item_id
    WHERE h.invoice_id = i.id AND h.ended_at IS NULL AND t.open_minor > 0),
  'attempt', (SELECT jsonb_build_object('id', a.id, 'state', a.state, 'amount_minor', a.amount_minor,
      'currency', a.currency, 'language', a.language, 'action_url', a.action_url, 'decline_class', a.decline_class,
      'has_ref', a.gateway_ref IS NOT NULL, 'created_at', a.created_at, 'expires_at', a.expires_at,
      'ended_at', a.ended_at)
    FROM attempt_invoice l JOIN charge_attempt a ON a.id = l.attempt_id
    WHERE l.invoice_id = i.id ORDER BY l.is_live DESC, a.created_at DESC, a.id DESC LIMIT 1),
  'receipts', (SELECT jsonb_agg(jsonb_build_object('id', m.source, 'is_credit', m.is_credit,
      'number', coalesce(p.number, n.number), 'method', coalesce(p.method, ''), 'label', coalesce(p.method_label, ''),
      'received_on', coalesce(p.received_on, n.issued_on), 'recorded_at', coalesce(p.recorded_at, n.issued_at),
      'amount_minor', m.amount, 'paid_minor', coalesce(p.amount_minor, m.amount),
      'currency', coalesce(p.currency, i.currency), 'attempt_id', p.attempt_id, 'is_only_this', NOT m.is_credit AND NOT EXISTS (
         SELECT 1 FROM allocation o WHERE o.payment_id = m.source AND o.invoice_id <> i.id)) ORDER BY m.first, m.source)
    FROM (SELECT coalesce(x.payment_id, x.credit_note_id) AS source, x.payment_id IS NULL AS is_credit,
            sum(x.amount_minor)::bigint AS amount, min(x.recorded_at) AS first
          FROM allocation x WHERE x.invoice_id = i.id GROUP BY 1, 2 HAVING sum(x.amount_minor) <> 0) m
    LEFT JOIN payment p ON p.id = m.source AND NOT m.is_credit
    LEFT JOIN invoice n ON n.id = m.source AND m.is_credit))
FROM invoice i JOIN document_content d ON d.invoice_id = i.id JOIN seller s ON s.id = i.seller_id
  JOIN customer c ON c.id = i.customer_id
WHERE i.id = %(invoice)s AND i.number IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay online. `origins` are the web origins its pages live on, for the page's security policy."""

    id: UUID
    label: str
    provider: str
    origins: tuple[str, ...]
    saves: bool = False
    """Whether a card or account can be kept there for later."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A card or account the customer keeps at `way_id`: what may be shown of it. `trouble`: why it failed last time."""

    id: UUID
    way_id: UUID
    kind: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """A part of the invoice that will be charged by itself. `state` proposed: the customer has to agree first."""

    state: str
    trigger: str
    event: str
    charge_on: date | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Due:
    """One dated part of the invoice."""

    kind: str
    due_on: date
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class Try:
    """The live attempt on the invoice, else the latest."""

    id: UUID
    state: State
    amount_minor: int
    currency: str
    language: str
    action_url: str
    decline_class: str
    has_ref: bool
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None

    @property
    def is_live(self) -> bool:
        """Whether it may still take money."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money or credit on this invoice: `amount_minor` of it, out of `paid_minor` received.

    `is_only_this`: its receipt shows no other document, so that a link to one document may open it.
    """

    id: UUID
    is_credit: bool
    number: str
    method: str
    label: str
    received_on: date
    recorded_at: datetime
    amount_minor: int
    paid_minor: int
    currency: str
    attempt_id: UUID | None
    is_only_this: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """An amount the payer may choose. `kind`: full, deposit, instalment, balance, due_now; `at` of `count` instalments.

    `percent` is set when the amount is a whole percentage of the total.
    """

    kind: str
    amount_minor: int
    at: int = 0
    count: int = 0
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class PayPage:
    """Everything of one issued document that its payment page shows. Amounts in minor units of `currency`."""

    id: UUID
    seller_id: UUID
    customer_id: UUID
    kind: str
    number: str
    currency: str
    language: str
    total_minor: int
    allocated_minor: int
    credited_minor: int
    open_minor: int
    issued_on: date
    due_on: date | None
    sent_at: datetime | None
    viewed_at: datetime | None
    voided_at: datetime | None
    link_version: int
    content: dict[str, Any]
    reference: str
    due: tuple[Due, ...]
    has_links: bool
    """Off: nothing may be paid by link, whatever was sent before (C7)."""
    ways: tuple[Way, ...]
    methods: tuple[Kept, ...]
    plans: tuple[Ahead, ...]
    attempt: Try | None
    receipts: tuple[Receipt, ...]
    seller_name: str
    seller_email: str
    seller_phone: str
    brand: str
    country: str
    time_zone: str
    takes_parts: bool
    least_percent: int
    has_logo: bool
    logo: bytes | None
    """The logo when it is small enough to stand in the page itself."""

    @property
    def facts(self) -> DocumentFacts:
        """What the status is derived from."""
        return DocumentFacts(
            is_issued=True,
            is_voided=self.voided_at is not None,
            is_sent=self.sent_at is not None,
            is_viewed=self.viewed_at is not None,
            total_minor=self.total_minor,
            allocated_minor=self.allocated_minor,
            credited_minor=self.credited_minor,
            next_due_on=self.due_on,
        )

    @property
    def proposed(self) -> tuple[Ahead, ...]:
        """What will be charged later once the customer agrees by keeping what the first part is paid with."""
        return tuple(plan for plan in self.plans if plan.state == "proposed")

    @property
    def least_minor(self) -> int:
        """The smallest amount the seller takes now."""
        return least_partial(self.open_minor, allowed=self.takes_parts, percent=self.least_percent)

    @property
    def can_choose_any(self) -> bool:
        """Whether the payer may type an amount."""
        return self.least_minor < self.open_minor

    def choices(self, on: date) -> tuple[Choice, ...]:
        """The amounts on offer on a business date: all of it, and what the terms ask for next when that is less.

        A part the terms themselves ask for first is always taken, however small; see `amount_the_seller_takes`.
        """
        upcoming = self._next(on)
        full = Choice("full", self.open_minor)
        if upcoming is None or upcoming.amount_minor >= self.open_minor:
            return (full,)
        is_taken = upcoming.kind != "due_now" or upcoming.amount_minor >= self.least_minor
        return (full, upcoming) if is_taken else (full,)

    def _next(self, on: date) -> Choice | None:
        waiting = [item for item in self.due if item.open_minor > 0]
        late = [item for item in waiting if item.due_on <= on]
        if len(late) > 1:
            return Choice("due_now", sum(item.open_minor for item in late))
        if not waiting:
            return None
        item = waiting[0]
        alike = [other for other in self.due if other.kind == item.kind]
        percent = round_ratio(100 * item.amount_minor, self.total_minor) if self.total_minor else 0
        is_round = round_ratio(self.total_minor * percent, 100) == item.amount_minor == item.open_minor
        return Choice(item.kind, item.open_minor, alike.index(item) + 1, len(alike), percent if is_round else None)


def pay_page(*, seller_id: UUID, invoice_id: UUID) -> PayPage | None:
    """Return the page of an issued document of the current seller, or None. One query. Inside `tenant.tx`."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"invoice": invoice_id, "inline": INLINE_LOGO_BYTES})
        row = cursor.fetchone()
    return _page(seller_id, invoice_id, json.loads(row[0])) if row else None


def _page(seller_id: UUID, invoice_id: UUID, row: Mapping[str, Any]) -> PayPage:
    seller, attempt = row["seller"], row["attempt"]
    return PayPage(
        id=invoice_id,
        seller_id=seller_id,
        customer_id=UUID(row["customer_id"]),
        kind=row["kind"],
        number=row["number"],
        currency=row["currency"],
        language=row["language"],
        total_minor=row["total"],
        allocated_minor=row["allocated"],
        credited_minor=row["credited"],
        open_minor=row["open"],
        issued_on=date.fromisoformat(row["issued_on"]),
        due_on=date.fromisoformat(row["due_on"]) if row["due_on"] else None,
        sent_at=_instant(row["sent_at"]),
        viewed_at=_instant(row["viewed_at"]),
        voided_at=_instant(row["voided_at"]),
        link_version=row["link_version"],
        content=row["content"],
        reference=_reference(row["number"]),
        due=tuple(Due(**{**item, "due_on": date.fromisoformat(item["due_on"])}) for item in row["due"] or ()),
        has_links=row["links"],
        ways=tuple(read_way(way) for way in row["ways"] or ()),
        methods=tuple(_kept(kept) for kept in row["methods"] or ()),
        plans=tuple(Ahead(**{**plan, "charge_on": _date(plan["charge_on"])}) for plan in row["plans"] or ()),
        attempt=_try(attempt) if attempt else None,
        receipts=tuple(_receipt(receipt) for receipt in row["receipts"] or ()),
        seller_name=seller["name"],
        seller_email=seller["email"],
        seller_phone=seller["phone"],
        brand=seller["brand"],
        country=seller["country"],
        time_zone=seller["zone"],
        takes_parts=seller["takes_parts"],
        least_percent=seller["least_percent"],
        has_logo=bool(seller["logo_bytes"]),
        logo=base64.b64decode(seller["logo"]) if seller["logo"] else None,
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _reference(number: str) -> str:
    """Return the ISO 11649 reference; a number too long for one is its own reference."""
    try:
        return creditor_reference(number)
    except InvalidReference:
        return number


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _kept(row: Mapping[str, Any]) -> Kept:
    return Kept(**{**row, "id": UUID(row["id"]), "way_id": UUID(row["way_id"])})


def read_way(way: Mapping[str, str]) -> Way:
    """Read a way from its row: `config` is its sealed settings as base64."""
    origins = _origins(way["provider"], base64.b64decode(way["config"]))
    return Way(UUID(way["id"]), way["label"], way["provider"], origins, _saves(way["provider"]))


def _saves(name: str) -> bool:
    try:
        return provider(name).capabilities.saved_methods
    except UnknownProvider:
        return False


def _origins(name: str, sealed: bytes) -> tuple[str, ...]:
    """Return the provider's origins and those among an account's open settings; its secrets never leave this function."""
    try:
        fields, known = provider(name).fields, provider(name).origins
    except UnknownProvider:
        return ()
    config = unseal(sealed)
    urls = [urlsplit(config.get(field.name, "").strip()) for field in fields if not field.is_secret]
    own = tuple(f"{url.scheme}://{url.netloc}" for url in urls if url.scheme in {"http", "https"} and url.netloc)
    return (*known, *own)


def _try(row: Mapping[str, Any]) -> Try:
    created_at = datetime.fromisoformat(row["created_at"])
    times = {"created_at": created_at, "expires_at": _instant(row["expires_at"]), "ended_at": _instant(row["ended_at"])}
    return Try(**{**row, **times, "id": UUID(row["id"]), "state": State(row["state"])})


def _receipt(row: Mapping[str, Any]) -> Receipt:
    return Receipt(
        **{
            **row,
            "id": UUID(row["id"]),
            "number": row["number"] or "",
            "received_on": date.fromisoformat(row["received_on"]),
            "recorded_at": datetime.fromisoformat(row["recorded_at"]),
            "attempt_id": UUID(row["attempt_id"]) if row["attempt_id"] else None,
        }
    )
