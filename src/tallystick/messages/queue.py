"""Deciding to say something: a row in the outbox, once per key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from tallystick.base import direct, events, tenant
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.messages.blast import BRAKE, brakes
from tallystick.messages.kinds import ALWAYS
from tallystick.messages.message_templates import switch_of
from tallystick.messages.models import Message
from tallystick.messages.silence import lift_silence, silences, why_all_silent
from tallystick.messages.text_time import SMS, TEXT_SUFFIX, text_beside, text_time

SOON = timedelta(minutes=1)
"""What waits no longer than this has a hint of its own, so that it leaves to the second."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What to say and to whom. `dedupe_key` is why it is said once; the id is made by the caller.

    `body` is the text above the facts; amounts, buttons and tables are added when it is sent, from what is true then.
    """

    id: UUID
    dedupe_key: str
    kind: str
    recipients: Sequence[str]
    language: str
    subject: str
    body: str
    customer_id: UUID | None = None
    document_id: UUID | None = None
    payment_id: UUID | None = None
    copies: Sequence[str] = ()
    attach_pdf: bool = True
    payment_link: bool = True
    attachment_ids: Sequence[UUID] = ()
    data: dict[str, Any] = field(default_factory=dict)
    is_by_hand: bool = False
    """A person decided on it, so the kind's switch doesn't hold it back."""
    text: str = ""
    """The text message that goes with an email sent by itself, filled; without one, none goes."""
    channel: str = "email"
    due_reason: str = ""
    """Why it waits until it is due, as a stable word, where that isn't plain."""


def queue_message(
    *, seller_id: UUID, letter: Letter, now: datetime, due_at: datetime | None = None, actor_id: UUID | None = None
) -> Message:
    """Put a message into the outbox, due at once unless `due_at` says later, and return the row.

    Idempotent by `dedupe_key`: the first one stands. One without recipients or to silenced ones only, and one of a kind
    that was switched off, is kept as skipped, with the reason. A letter with a `text` brings a text message along, a row
    of its own.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        message = _queue(seller_id, letter, now, due_at, actor_id)
        text = text_beside(seller_id, letter.customer_id, due_at or now) if _brings_text(letter, message) else None
        if text:
            beside = replace(
                letter,
                id=new_id(),
                dedupe_key=letter.dedupe_key + TEXT_SUFFIX,
                channel=SMS,
                recipients=text.recipients,
                copies=(),
                body=letter.text,
                text="",
                attach_pdf=False,
                attachment_ids=(),
                due_reason=text.reason,
            )
            _queue(seller_id, beside, now, text.due_at, actor_id)
        return message


def queue_text(
    *, seller_id: UUID, letter: Letter, now: datetime, due_at: datetime | None = None, actor_id: UUID | None = None
) -> Message:
    """Put a text message of its own into the outbox, to `recipients` in E.164, and return the row; quiet hours move it.

    Idempotent by `dedupe_key`. One without recipients is kept as skipped.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        at, reason = text_time(seller_id, letter.recipients, due_at or now)
        sms = replace(letter, channel=SMS, attach_pdf=False, due_reason=reason)
        return _queue(seller_id, sms, now, at, actor_id)


def _brings_text(letter: Letter, message: Message) -> bool:
    """Only what goes by itself, or in the place of what would; not what goes together with others in one email, nor a kind
    that is switched off."""
    goes_by_itself = not letter.is_by_hand or bool(letter.data.get("stands_for"))
    is_single = not letter.data.get("together")
    return bool(letter.text) and is_single and goes_by_itself and message.reason != "template_off"


def _queue(seller_id: UUID, letter: Letter, now: datetime, due_at: datetime | None, actor_id: UUID | None) -> Message:
    with tenant.tx(seller_id, actor_id=actor_id):
        known = direct.find_by(Message, dedupe_key=letter.dedupe_key)
        if known:
            return known
        reason = _why_not(letter)
        is_free = letter.is_by_hand or letter.kind in ALWAYS
        is_parked = not reason and not is_free and brakes(seller_id, now)
        message = Message(
            id=letter.id,
            seller_id=seller_id,
            dedupe_key=letter.dedupe_key,
            kind=letter.kind,
            customer_id=letter.customer_id,
            document_id=letter.document_id,
            payment_id=letter.payment_id,
            recipients=list(letter.recipients),
            copies=list(letter.copies),
            language=letter.language,
            subject=letter.subject[:300],
            body=letter.body,
            attach_pdf=letter.attach_pdf,
            payment_link=letter.payment_link,
            attachment_ids=list(letter.attachment_ids),
            data=letter.data,
            state="skipped" if reason else "held" if is_parked else "queued",
            reason=BRAKE if is_parked else reason or letter.due_reason,
            channel=letter.channel,
            message_id=f"<{letter.id}@{urlsplit(settings.PUBLIC_URL).hostname}>",
            due_at=due_at or now,
            created_at=now,
            created_by=actor_id,
        )
        direct.add(message)
        if message.state == "skipped":
            tell("message.skipped", message, now)
        ring("messages", at=due_at if due_at and now < due_at <= now + SOON else None)
        return message


def _why_not(letter: Letter) -> str:
    """Why it isn't sent at all, as a stable word; empty when it is."""
    if not letter.is_by_hand and not switch_of(letter.kind).is_on:
        return "template_off"
    if not letter.recipients:
        return "no_mobile" if letter.channel == SMS else "no_address"
    quiet = silences(letter.recipients)
    if letter.channel == SMS:
        return "silenced_number" if quiet else ""
    return why_all_silent(letter.recipients, quiet)


def retry_message(*, seller_id: UUID, message_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Put a failed message back into the outbox, with the same Message-ID, and return whether it was.

    A person wants it to go, so who had bounced is written to again; who asked to be left alone isn't.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        message = Message.objects.select_for_update().filter(id=message_id, state="failed").first()
        if message is None:
            return False
        for address, silence in silences([*message.recipients, *message.copies]).items():
            if silence.reason == "bounced":
                lift_silence(seller_id=seller_id, address=address, now=now, actor_id=actor_id)
        Message.objects.filter(id=message_id).update(state="queued", reason="", outcome="", tries=0, due_at=now)
        ring("messages")
        return True


def cancel_message(*, seller_id: UUID, message_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Take a message out of the outbox before it goes, and return whether that was in time; one of `ALWAYS` stays."""
    with tenant.tx(seller_id, actor_id=actor_id):
        waiting = Message.objects.filter(id=message_id, state__in=["queued", "held"]).exclude(kind__in=ALWAYS)
        message = waiting.select_for_update(skip_locked=True).first()
        return message is not None and stop_message(message, reason="cancelled", now=now, actor_id=actor_id)


def send_now(*, seller_id: UUID, message_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Let a message that waits for its time go at once, and return whether it still waited. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        changed = Message.objects.filter(id=message_id, state="queued", due_at__gt=now).update(due_at=now)
        if changed:
            ring("messages")
        return bool(changed)


def hold_message(*, seller_id: UUID, message_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Keep a message that waits from going until somebody releases it, and return whether it was; one of `ALWAYS` goes."""
    with tenant.tx(seller_id, actor_id=actor_id):
        waiting = Message.objects.filter(id=message_id, state="queued").exclude(kind__in=ALWAYS)
        changed = waiting.update(state="held", reason="held")
        return bool(changed)


def release_message(*, seller_id: UUID, message_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Let a held message go when it is due, and return whether it was held."""
    return bool(_release(seller_id, actor_id, id=message_id))


def release_brake(*, seller_id: UUID, now: datetime, actor_id: UUID | None = None) -> int:
    """Let everything go that the brake holds, when it is due; what a person holds stays. Return how many."""
    return _release(seller_id, actor_id, reason=BRAKE)


def _release(seller_id: UUID, actor_id: UUID | None, **which: object) -> int:
    with tenant.tx(seller_id, actor_id=actor_id):
        changed = Message.objects.filter(state="held", **which).update(state="queued", reason="")
        if changed:
            ring("messages")
        return changed


def stop_all_about(*, seller_id: UUID, document_id: UUID, reason: str, actor_id: UUID | None = None) -> int:
    """Take everything about something out of the outbox at once, and return how much that was. No fact for each: whoever
    stops them all says so. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        waiting = Message.objects.filter(document_id=document_id, state__in=["queued", "held"])
        return waiting.exclude(kind__in=ALWAYS).update(state="cancelled", reason=reason)


def stop_message(message: Message, *, reason: str, now: datetime, actor_id: UUID | None = None) -> bool:
    """Take a queued message that is locked out of the outbox; `reason` is a stable word. Inside `tenant.tx`."""
    Message.objects.filter(id=message.id).update(state="cancelled", reason=reason)
    tell("message.cancelled", message, now, actor_id, reason=reason)
    return True


def tell(
    kind: str,
    message: Message,
    now: datetime,
    actor_id: UUID | None = None,
    *,
    reason: str | None = None,
    **more: Any,
) -> None:
    """Record a fact about a message, on what the message is about. `more` goes into the fact's data."""
    if message.may_have_left:
        more["may_have_left"] = True
    events.record(
        kind,
        seller_id=message.seller_id,
        subject_id=message.document_id or message.payment_id or message.id,
        customer_id=message.customer_id,
        now=now,
        actor_id=actor_id or message.created_by,
        message_id=str(message.id),
        message_kind=message.kind,
        recipients=list(message.recipients),
        reason=message.reason if reason is None else reason,
        channel=message.channel,
        stands_for=message.data.get("stands_for", []),
        **more,
    )
