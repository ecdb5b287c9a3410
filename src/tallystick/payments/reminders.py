"""Reminders by date: some days before an amount is due, and some days after (E19).

Decided a day ahead, so that they wait in the outbox where people see and stop them; true again when they go: an amount
that is paid, being paid or planned to be charged isn't asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.clock import business_date
from tallystick.base.ids import new_id
from tallystick.invoices.models import DueItem
from tallystick.invoices.queries import (
    Document,
    SentItem,
    document,
    documents,
    due_item,
    due_items_by_id,
    due_items_of,
    invoice,
    sent_items_due,
)
from tallystick.invoices.send import compose_for, document_email, enclosed_in, wording_values
from tallystick.messages.message_templates import Words, switch_of, switches, words_for, words_of
from tallystick.messages.models import Message
from tallystick.messages.prepared import Composer, Later, Prepared, Skip
from tallystick.messages.queries import known_keys
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.triggers import Triggers, morning_of, triggers
from tallystick.payments.queries import being_paid
from tallystick.payments.queries_charging import planned_items
from tallystick.sellers.queries import seller

KINDS: Final = ("reminder", "late_reminder")
CATCH_UP = timedelta(days=3)
"""A reminder whose day went by longer ago, as nothing ran or the rule is new, isn't sent any more."""
_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder to decide on: about which amount, and when it goes (UTC)."""

    kind: str
    due_item_id: UUID
    invoice_id: UUID
    goes_at: datetime

    @property
    def key(self) -> str:
        """One of each kind per amount."""
        return f"{self.kind}:{self.due_item_id}"


def due_reminders(*, seller_id: UUID, now: datetime) -> list[Reminder]:
    """Return the reminders of today and tomorrow that nobody decided on yet. Three queries; one while no rule is set."""
    with tenant.tx(seller_id, read_only=True):
        rules = triggers()
        if not (rules.remind_before_days or rules.remind_late_days):
            return []
        zone = seller(seller_id).time_zone
        found = list(_reminders(rules, business_date(now, zone), zone))
        known = known_keys([reminder.key for reminder in found])
        return [reminder for reminder in found if reminder.key not in known]


def _reminders(rules: Triggers, today: date, zone: str) -> Iterator[Reminder]:
    for kind, days in _days(rules):
        shift = timedelta(days=days)
        for item in sent_items_due(today - CATCH_UP - shift, today + _AHEAD - shift):
            goes_at = morning_of(item.due_on + shift, zone)
            if item.sent_at < goes_at and not _is_over(kind, item, today):
                yield Reminder(kind, item.id, item.invoice_id, goes_at)


def _is_over(kind: str, item: SentItem, today: date) -> bool:
    return kind == "reminder" and item.due_on < today


@dataclass(frozen=True, slots=True)
class Outlook:
    """When the next reminder goes (UTC), or why none does, as a stable word."""

    at: datetime | None = None
    reason: str = ""


def next_reminder(invoice_id: UUID, *, now: datetime) -> Outlook | None:
    """Return the outlook for an invoice (F3), None for what nobody owes. Inside `tenant.tx`.

    Reasons: reminders_off, not_sent_yet, charge_planned, template_off (one is left, and its kind is switched off), no_more
    (each there was is said, or its day went by).
    """
    row, rules = invoice(invoice_id), triggers()
    if row.kind != "invoice" or row.open_minor <= 0:
        return None
    if not (rules.remind_before_days or rules.remind_late_days):
        return Outlook(reason="reminders_off")
    if row.sent_at is None:
        return Outlook(reason="not_sent_yet")
    zone = seller(row.seller_id).time_zone
    items = [item for item in due_items_of([invoice_id]) if item.open_minor > 0]
    planned = planned_items(item.id for item in items)
    asked = [item for item in items if item.id not in planned]
    ahead = [
        Reminder(kind, item.id, invoice_id, goes_at)
        for item in asked
        for kind, days in _days(rules)
        if row.sent_at < (goes_at := morning_of(item.due_on + timedelta(days=days), zone)) and now < goes_at + CATCH_UP
    ]
    known = known_keys([reminder.key for reminder in ahead])
    left = [reminder for reminder in ahead if reminder.key not in known]
    going = [reminder.goes_at for reminder in left if switch_of(reminder.kind).is_on]
    if going:
        return Outlook(at=max(min(going), now))
    return Outlook(reason="template_off" if left else "no_more" if asked else "charge_planned")


def _days(rules: Triggers) -> list[tuple[str, int]]:
    """Kind → days from the due date to the reminder, of those the seller wants."""
    wanted = (("reminder", -rules.remind_before_days), ("late_reminder", rules.remind_late_days))
    return [(kind, days) for kind, days in wanted if days]


def queue_reminder(*, seller_id: UUID, reminder: Reminder, now: datetime) -> Message:
    """Put a reminder into the outbox. Idempotent: one of each kind per due item."""
    with tenant.tx(seller_id):
        item = due_item(reminder.due_item_id)
        assert item
        start = compose_for(reminder.invoice_id, reminder.kind)
        found = _about(document(reminder.invoice_id), item.open_minor, item.due_on)
        words = _filled(words_of(reminder.kind, found.language), found, reminder.goes_at.date())
        letter = Letter(
            id=new_id(),
            dedupe_key=reminder.key,
            kind=reminder.kind,
            recipients=start.recipients,
            copies=start.copies,
            language=found.language,
            subject=words.subject,
            body=words.body,
            customer_id=found.customer_id,
            document_id=reminder.invoice_id,
            attach_pdf=start.attach_pdf,
            payment_link=start.can_link,
            data={"due_item_id": str(reminder.due_item_id)},
            text=words.sms,
        )
        return queue_message(seller_id=seller_id, letter=letter, now=now, due_at=max(now, reminder.goes_at))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What decides whether reminders are true: their due items, the seller's day, and what happens to the amounts."""

    items: Mapping[UUID, DueItem]
    today: date
    off: frozenset[str]
    planned: set[UUID]
    being_paid: set[UUID]


def gather_reminders(messages: Sequence[Message]) -> Composer:
    """Read what is owed and what reminders carry, and return what composes each. Inside `tenant.tx`; nine queries.

    Where a PDF has to be made first, it looks once more, last of all, whether the reminder is still true, so that what
    begins to leave has been true within moments.
    """
    facts, found = _facts(messages), documents([message.document_id for message in messages if message.document_id])
    words, enclosed = words_for((message.kind, message.language) for message in messages), enclosed_in(messages)

    def compose(message: Message) -> Prepared | Skip | Later:
        untrue = _untrue(message, facts)
        if untrue:
            return untrue
        assert message.document_id
        item = facts.items[_item_of(message)]
        about = _about(found[message.document_id], item.open_minor, item.due_on).in_language(message.language)
        prepared = document_email(
            message,
            about,
            enclosed,
            words=_filled(words[message.kind, message.language], about, facts.today),
            amount_minor=item.open_minor,
            due_on=item.due_on,
            says=message.kind,
        )
        if not message.attach_pdf or message.document_id in enclosed.pdfs:
            return prepared
        with tenant.tx(message.seller_id, read_only=True):
            return _untrue(message, _facts([message])) or prepared

    return compose


def _facts(messages: Sequence[Message]) -> _Facts:
    items = due_items_by_id([_item_of(message) for message in messages])
    off = frozenset(kind for kind, switch in switches().items() if not switch.is_on)
    about = [message.document_id for message in messages if message.document_id]
    first = messages[0]
    today = business_date(first.taken_at, seller(first.seller_id).time_zone)
    return _Facts(items, today, off, planned_items(items), being_paid(about))


def _item_of(message: Message) -> UUID:
    return UUID(message.data["due_item_id"])


def _untrue(message: Message, facts: _Facts) -> Skip | Later | None:
    """Why it mustn't go now."""
    item = facts.items.get(_item_of(message))
    if item is None or item.is_void:
        return Skip("voided")
    if item.open_minor <= 0:
        return Skip("paid")
    if message.kind in facts.off:
        return Skip("template_off")
    if message.kind == "reminder" and item.due_on < facts.today:
        return Skip("due_by_now")
    if item.id in facts.planned:
        return Skip("charge_planned")
    return Later("being_paid") if message.document_id in facts.being_paid else None


def _about(found: Document, open_minor: int, due_on: date) -> Document:
    """The document as if the one amount were all of it."""
    return replace(found, open_minor=open_minor, due_on=due_on)


def _filled(words: Words, found: Document, today: date) -> Words:
    return words.filled(wording_values(found, today=today))
