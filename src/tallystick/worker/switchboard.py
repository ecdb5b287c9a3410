"""Fact → verbs: every reaction in the system, on one page. Each verb is idempotent; a fact may be handed over twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tallystick.base import clock
from tallystick.base.bell import ring
from tallystick.base.events import Fact
from tallystick.conversations.outgoing import file_bounce, file_sent
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.send import send_thanks, send_when_issued
from tallystick.messages.again import say_again_later
from tallystick.messages.invitation import queue_invitation
from tallystick.payments.allocate import apply_credit_note, reapply_credit_notes
from tallystick.payments.notices import queue_charge_failure, queue_refund_notice
from tallystick.payments.receipts import queue_receipt
from tallystick.payments.schedule import cancel_charges_of, release_scheduled_charges, schedule_autopay
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
    for document_id in fact.data.get("stands_for", ()):
        mark_sent(seller_id=fact.seller_id, invoice_id=UUID(document_id), now=now)


def file_in_thread(fact: Fact, now: datetime) -> None:
    """What went out stands in the thread about it, where there is one."""
    file_sent(seller_id=fact.seller_id, message_id=UUID(fact.data["message_id"]))


def file_bounced(fact: Fact, now: datetime) -> None:
    """What came back stands in the thread of its message."""
    file_bounce(
        seller_id=fact.seller_id,
        message_id=UUID(fact.data["message_id"]),
        recipient=fact.data["recipient"],
        code=fact.data["code"],
        words=fact.data["words"],
        is_hard=fact.data["is_hard"],
        goes_again=fact.data.get("outcome") == "bounced_soft",
        now=now,
    )


def send_document_by_itself(fact: Fact, now: datetime) -> None:
    """A document of a kind that goes out by itself is on its way."""
    send_when_issued(seller_id=fact.seller_id, invoice_id=fact.subject_id, now=now)


def say_thanks(fact: Fact, now: datetime) -> None:
    """Whoever paid is thanked, if the seller does that; what a credit note settled nobody paid."""
    if not fact.data.get("credit_note_id"):
        send_thanks(seller_id=fact.seller_id, invoice_id=fact.subject_id, now=now)


def plan_autopay(fact: Fact, now: datetime) -> None:
    """An invoice of a customer on AutoPay is charged when it is due."""
    schedule_autopay(seller_id=fact.seller_id, invoice_id=fact.subject_id, now=now)


def release_charges(fact: Fact, now: datetime) -> None:
    """Charges that waited for just this are on their way."""
    release_scheduled_charges(seller_id=fact.seller_id, event=fact.kind, subject_id=fact.subject_id, now=now)


def stop_charges(fact: Fact, now: datetime) -> None:
    """What was paid another way, or cancelled, isn't charged any more."""
    reason = "voided" if fact.kind == "invoice.voided" else "paid"
    cancel_charges_of(seller_id=fact.seller_id, invoice_id=fact.subject_id, reason=reason, now=now)


def tell_failure(fact: Fact, now: datetime) -> None:
    """A failed automatic payment is told once, with what happens next."""
    attempt_id = fact.data.get("attempt_id")
    queue_charge_failure(
        seller_id=fact.seller_id,
        charge_id=UUID(fact.data["charge_id"]),
        attempt_id=UUID(attempt_id) if attempt_id else None,
        again_on=fact.data.get("again_on", ""),
        now=now,
    )


def tell_refund(fact: Fact, now: datetime) -> None:
    """A refund that went through is told once."""
    queue_refund_notice(seller_id=fact.seller_id, refund_id=UUID(fact.data["refund_id"]), now=now)


def reapply_notes(fact: Fact, now: datetime) -> None:
    """Where money went back, a credit note that waits takes its place."""
    today = clock.business_date(now, seller(fact.seller_id).time_zone)
    reapply_credit_notes(seller_id=fact.seller_id, invoice_id=fact.subject_id, now=now, today=today)


def say_again(fact: Fact, now: datetime) -> None:
    """Whose mailbox was full, or closed for the day, gets the same once more tomorrow."""
    if fact.data.get("outcome") == "bounced_soft":
        say_again_later(
            seller_id=fact.seller_id,
            message_id=UUID(fact.data["message_id"]),
            recipient=fact.data["recipient"],
            now=now,
        )


SWITCHBOARD: Mapping[str, Sequence[Reaction]] = {
    "invoice.issued": (render_later, plan_autopay, send_document_by_itself),
    "invoice.paid": (stop_charges, say_thanks),
    "invoice.voided": (stop_charges,),
    "invoice.written_off": (stop_charges,),
    "invoice.reopened": (reapply_notes,),
    "credit_note.issued": (apply_credit, render_later, send_document_by_itself),
    "payment.received": (send_receipt,),
    "message.sent": (note_sent, file_in_thread),
    "message.bounced": (say_again, file_bounced),
    "order.completed": (release_charges,),
    "charge.failed": (tell_failure,),
    "charge.fell_back": (tell_failure,),
    "refund.succeeded": (tell_refund,),
    "member.invited": (send_invitation,),
}


def react(fact: Fact, now: datetime) -> None:
    """Hand one fact to everyone who cares, in the caller's transaction."""
    for reaction in SWITCHBOARD.get(fact.kind, ()):
        reaction(fact, now)
