"""Writing allocations: rows, due items, the book and the facts, for money that is already booked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tallystick.base import events
from tallystick.base.ids import new_id
from tallystick.base.rows import insert_rows
from tallystick.core import postings
from tallystick.core.allocation import Share
from tallystick.invoices.queries import OwedItem
from tallystick.invoices.settle import Settled, Settlement, consume_credit_note, settle_due_items
from tallystick.ledger.post import Entry, post_entries
from tallystick.payments.models import Allocation, Payment

PAYMENT, CREDIT_NOTE, WRITE_OFF = "payment_id", "credit_note_id", "write_off_id"
_ROW = {
    "id": "uuid",
    "seller_id": "uuid",
    "payment_id": "uuid",
    "credit_note_id": "uuid",
    "write_off_id": "uuid",
    "due_item_id": "uuid",
    "invoice_id": "uuid",
    "amount_minor": "bigint",
    "allocated_on": "date",
    "recorded_at": "timestamptz",
    "reverses_id": "uuid",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the amounts come from: `name` is one of PAYMENT, CREDIT_NOTE, WRITE_OFF; and whose they are."""

    name: str
    id: UUID
    seller_id: UUID
    customer_id: UUID
    currency: str


def source_of(payment: Payment) -> Source:
    """A payment as a source of allocations."""
    return Source(PAYMENT, payment.id, payment.seller_id, payment.customer_id, payment.currency)


def received_entry(payment: Payment, money_account: str) -> Entry:
    """The book's entry for money received, by whatever channel: into `money_account`, to the customer's credit."""
    return Entry(
        id=new_id(),
        kind="payment.received",
        source_id=payment.id,
        subject_id=payment.id,
        customer_id=payment.customer_id,
        currency=payment.currency,
        effective_on=payment.received_on,
        postings=postings.payment_received(amount_minor=payment.amount_minor, money_account=money_account),
    )


def write_allocations(
    payment: Payment,
    shares: Sequence[Share],
    *,
    items: Sequence[OwedItem],
    now: datetime,
    on: date | None = None,
    entries: Sequence[Entry] = (),
    facts: Sequence[events.Fact] = (),
) -> None:
    """Put parts of a payment onto some of `items`, dated `on` (default: when it was received).

    Posts `entries` and records `facts` in the same statements: what books the payment itself. Counts the parts in
    `payment.allocated_minor`, which the caller saves. The caller holds the customer's lock.
    """
    payment.allocated_minor += sum(share.amount_minor for share in shares)
    rows = _rows(source_of(payment), shares, items, on or payment.received_on, now)
    _write(source_of(payment), rows, on=on or payment.received_on, now=now, entries=entries, facts=facts)


def invoices_in(shares: Sequence[Share], items: Sequence[OwedItem]) -> list[UUID]:
    """Return the invoices that shares go to, each once, in order."""
    invoice_of = {item.id: item.invoice_id for item in items}
    return list(dict.fromkeys(invoice_of[share.id] for share in shares))


def write_credit(
    source: Source, shares: Sequence[Share], *, items: Sequence[OwedItem], on: date, now: datetime
) -> None:
    """Put parts of a credit note or a write-off onto some of `items`. The caller holds the customer's lock."""
    if not shares:
        return
    if source.name == CREDIT_NOTE:
        consume_credit_note(source.id, amount_minor=sum(share.amount_minor for share in shares))
    _write(source, _rows(source, shares, items, on, now), on=on, now=now)


def standing_allocations(payment_id: UUID) -> list[Allocation]:
    """Return what a payment still pays, newest first: its allocations that were not taken back."""
    rows = Allocation.objects.filter(payment_id=payment_id).order_by("-recorded_at", "-id")
    taken_back = {row.reverses_id for row in rows}
    return [row for row in rows if row.amount_minor > 0 and row.id not in taken_back]


def take_back(payment: Payment, amount_minor: int, *, now: datetime, on: date, rows: Sequence[Allocation]) -> None:
    """Take `amount_minor` off what a payment pays, from `rows` in their order; the invoices are open again by as much.

    Each row is reversed whole, and what is left of the last one is allocated again. Counts down
    `payment.allocated_minor`, which the caller saves. The caller holds the customer's lock.
    """
    left, moves = amount_minor, []
    for row in rows:
        if not left:
            break
        taken = min(left, row.amount_minor)
        left -= taken
        moves.append(_move(payment, row, -row.amount_minor, on, now, reverses_id=row.id))
        if taken < row.amount_minor:
            moves.append(_move(payment, row, row.amount_minor - taken, on, now))
    payment.allocated_minor += sum(move.amount_minor for move in moves)
    _write(source_of(payment), moves, on=on, now=now)


def _move(
    payment: Payment, row: Allocation, amount_minor: int, on: date, now: datetime, *, reverses_id: UUID | None = None
) -> Allocation:
    return Allocation(
        id=new_id(),
        seller_id=payment.seller_id,
        payment_id=payment.id,
        due_item_id=row.due_item_id,
        invoice_id=row.invoice_id,
        amount_minor=amount_minor,
        allocated_on=on,
        recorded_at=now,
        reverses_id=reverses_id,
    )


def _rows(
    source: Source, shares: Sequence[Share], items: Sequence[OwedItem], on: date, now: datetime
) -> list[Allocation]:
    invoice_of = {item.id: item.invoice_id for item in items}
    return [
        Allocation(
            id=new_id(),
            seller_id=source.seller_id,
            due_item_id=share.id,
            invoice_id=invoice_of[share.id],
            amount_minor=share.amount_minor,
            allocated_on=on,
            recorded_at=now,
            **{source.name: source.id},
        )
        for share in shares
    ]


def _write(
    source: Source,
    rows: Sequence[Allocation],
    *,
    on: date,
    now: datetime,
    entries: Sequence[Entry] = (),
    facts: Sequence[events.Fact] = (),
) -> None:
    insert_rows("allocation", _ROW, [[getattr(row, name) for name in _ROW] for row in rows])
    moved: dict[UUID, int] = defaultdict(int)
    for row in rows:
        moved[row.due_item_id] += row.amount_minor
    settled = settle_due_items(
        [
            Settlement(item, paid_minor=minor) if source.name == PAYMENT else Settlement(item, credited_minor=minor)
            for item, minor in moved.items()
            if minor
        ]
    )
    moves = [_entry(source, row, on) for row in rows]
    post_entries([*entries, *moves], seller_id=source.seller_id, now=now)
    events.record_all([*facts, *_facts(source, rows, settled, now)])


def _entry(source: Source, row: Allocation, on: date) -> Entry:
    is_loss = source.name == WRITE_OFF
    amount = row.amount_minor
    return Entry(
        id=new_id(),
        kind="invoice.written_off" if is_loss else "credit.allocated",
        source_id=row.id,
        subject_id=row.invoice_id,
        customer_id=source.customer_id,
        currency=source.currency,
        effective_on=on,
        postings=postings.written_off(amount_minor=amount)
        if is_loss
        else postings.credit_allocated(amount_minor=amount),
    )


def _facts(source: Source, rows: Sequence[Allocation], settled: Sequence[Settled], now: datetime) -> list[events.Fact]:
    told = []
    for each in settled:
        amount = sum(row.amount_minor for row in rows if row.invoice_id == each.invoice_id)
        kind = "invoice.reopened" if amount < 0 else "invoice.part_paid" if each.open_minor else "invoice.paid"
        data = {
            source.name: str(source.id),
            "currency": source.currency,
            "amount_minor": amount,
            "open_minor": each.open_minor,
        }
        told.append(events.Fact(new_id(), source.seller_id, kind, each.invoice_id, source.customer_id, data, None, now))
    return told
