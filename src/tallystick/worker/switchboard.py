"""Fact → verbs: every reaction in the system, on one page. Each verb is idempotent; a fact may be handed over twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tallystick.base import clock
from tallystick.base.bell import ring
from tallystick.base.events import Fact
from tallystick.invoices.mark import mark_sent
from tallystick.messages.invitation import queue_invitation
from tallystick.payments.allocate import apply_credit_note
from tallystick.payments.receipts import queue_receipt
from tallystick.sellers.queries import seller

Reaction = Callable[[Fact, datetime], None]


def render_later(fact: Fact, now: datetime) -> None:
    """The PDF is made soon after issue, outside every transaction."""
    ring("renderings")


def apply_credit(fact: Fact, now: datetime) -> None:
    """A credit note goes onto the invoice it credits."""
    today = clock.business_date(now, seller(fact.seller_id).time_zone)
    apply_credit_note(seller_id=fact.seller_id, credit_note_id=fact.subject_id, now=now, today=today)


def send_receipt(fact: Fact, now: datetime) -> None:
    """A payment is answered by one receipt."""
    queue_receipt(seller_id=fact.seller_id, payment_id=fact.subject_id, now=now)


def send_invitation(fact: Fact, now: datetime) -> None:
    """Who was invited gets the link."""
    queue_invitation(seller_id=fact.seller_id, invitation_id=fact.subject_id, now=now)


def note_sent(fact: Fact, now: datetime) -> None:
    """The first email that went out makes the document sent."""
    if fact.data.get("message_kind") in {"invoice", "credit_note"}:
        mark_sent(seller_id=fact.seller_id, invoice_id=fact.subject_id, now=now)


SWITCHBOARD: Mapping[str, Sequence[Reaction]] = {
    "invoice.issued": (render_later,),
    "credit_note.issued": (apply_credit, render_later),
    "payment.received": (send_receipt,),
    "message.sent": (note_sent,),
    "member.invited": (send_invitation,),
}


def react(fact: Fact, now: datetime) -> None:
    """Hand one fact to everyone who cares, in the caller's transaction."""
    for reaction in SWITCHBOARD.get(fact.kind, ()):
        reaction(fact, now)
