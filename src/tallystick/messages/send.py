"""Saying it: re-check that it is still true, commit, hand it to the mail server, commit.

At least once, at most one more copy per crash in the narrow window between the server's last word and our commit,
always with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from tallystick.base import tenant
from tallystick.base.crashpoint import crashpoint
from tallystick.mail.mark import REF_HEADER, make_mark, tag_address
from tallystick.mail.port import (
    Attachment,
    BadEnvelope,
    DkimKey,
    Envelope,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Transport,
    deliver,
)
from tallystick.mailboxes.queries import plus_address
from tallystick.messages.hear import hear_refusals
from tallystick.messages.message_templates import Words
from tallystick.messages.models import LEASE, Message
from tallystick.messages.queue import tell
from tallystick.messages.send_text import TextSkipped, hand_over_text
from tallystick.messages.silence import is_silent, silences, why_all_silent
from tallystick.messages.text_time import SMS, text_time
from tallystick.sellers.mail_pace import take_turn
from tallystick.sellers.mail_route import mail_route
from tallystick.sellers.queries import seller
from tallystick.sms.port import BadText, SmsRefused, SmsUnavailable
from tallystick.texting.short_links import Target

UNDECIDED = timedelta(days=3)
_SPREAD = """
UPDATE message m SET due_at = %(begins_at)s + interval '1 minute' * ((w.place - 1) / %(per_minute)s)
FROM (
  SELECT id, row_number() OVER (ORDER BY due_at, id) AS place
  FROM (
    SELECT id, due_at FROM message
    WHERE state IN ('queued', 'sending') AND channel = 'email' AND due_at <= %(now)s
    FOR UPDATE SKIP LOCKED
  ) AS due
) AS w
WHERE m.id = w.id
"""
WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440))


@dataclass(frozen=True, slots=True)
class Prepared:
    """The message as it goes out. `words` replace the subject and body it was queued with, where those hold amounts that
    may have changed since. Not `is_automatic`: a person wrote it, and the mail says nothing else."""

    html: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    words: Words | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_automatic: bool = True
    link: Target | None = None
    """What the short link in the text message leads to."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Why it isn't true any more, as a stable word; `Why?` shows it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Why nobody can say yet whether it is true, as a stable word. It is looked at again in an hour, for three days;
    after that it is skipped for this reason."""

    reason: str


Prepare = Callable[[Message], Prepared | Skip | Later]
"""Composes a kind of message from what is true now. Called outside any transaction; opens read-only ones."""


def due_messages(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, message_id) of messages to send, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_messages(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def send_message(*, seller_id: UUID, message_id: UUID, prepare: Prepare, now: datetime) -> str:
    """Send one waiting message, and return its state afterwards: sent, skipped, queued (again) or failed.

    Sent to some of its people is sent: whom the server refused stands in `reason`, and nobody else gets a second copy.

    Takes a lease that outlives the mail server's longest answer, so two senders never hold the same message.
    """
    message = _claim(seller_id, message_id, now)
    if message is None:
        return ""
    prepared = prepare(message)
    if isinstance(prepared, Skip):
        return _end(message, "skipped", prepared.reason, now)
    if isinstance(prepared, Later):
        return _wait(message, prepared.reason, now)
    if message.channel == SMS:
        return _text(message, prepared, now)
    if prepared.words:
        message.subject, message.body = prepared.words.subject[:300], prepared.words.body
    sender, reason = _last_look(message)
    if reason:
        return _end(message, "skipped", reason, now)
    envelope = _envelope(message, prepared, sender, now)
    try:
        delivery = deliver(envelope, transport=sender.transport)
    except MailRefused as refused:
        with tenant.tx(seller_id):
            hear_refusals(message=message, refused=refused.refused, is_sent=False, now=now)
            return _end(message, "failed", str(refused), now)
    except BadEnvelope as bad:
        return _end(message, "failed", str(bad), now)
    except (MailUnavailable, MailMisconfigured) as trouble:
        return _again(message, str(trouble), now)
    crashpoint("outside.after")
    left_out = "; ".join(f"{each.address}: {each.code} {each.text}" for each in delivery.refused)
    with tenant.tx(seller_id):
        hear_refusals(message=message, refused=delivery.refused, is_sent=True, now=now)
        return _end(message, "sent", left_out, now, delivery.provider_id)


@dataclass(frozen=True, slots=True)
class _Sender:
    """In whose name, from which address, by which way a message goes, and where its bounces go (empty: nowhere of ours)."""

    name: str
    reply_to: str
    address: str
    transport: Transport
    bounces_to: str


def _last_look(message: Message) -> tuple[_Sender, str]:
    """Return who sends it, and why nobody is left to write to, as a stable word; leave silenced people out of the others."""
    with tenant.tx(message.seller_id, read_only=True):
        quiet = silences([*message.recipients, *message.copies])
        owner, route = seller(message.seller_id), mail_route()
        bounces_to = _bounces_to(route)
    address, transport = route or (settings.DEFAULT_FROM_EMAIL, default_transport())
    sender = _Sender(owner.name, owner.email, address, transport, bounces_to)
    reason = why_all_silent(message.recipients, quiet)
    message.recipients = [one for one in message.recipients if not is_silent(one, quiet)]
    message.copies = [one for one in message.copies if not is_silent(one, quiet)]
    return sender, reason


def _text(message: Message, prepared: Prepared, now: datetime) -> str:
    """The same for a text message, in the words that are true now where its kind gives some."""
    if prepared.words:
        message.subject, message.body = prepared.words.subject[:300], prepared.words.sms or message.body
    try:
        taken = hand_over_text(message, link=prepared.link, now=now)
    except TextSkipped as why:
        return _end(message, "skipped", why.reason, now)
    except (SmsRefused, BadText) as refused:
        return _end(message, "failed", str(refused), now)
    except SmsUnavailable as trouble:
        return _again(message, str(trouble), now)
    crashpoint("outside.after")
    return _end(message, "sent", "", now, taken.provider_id)


def _claim(seller_id: UUID, message_id: UUID, now: datetime) -> Message | None:
    with tenant.tx(seller_id):
        waiting = Message.objects.filter(id=message_id, state__in=["queued", "sending"], due_at__lte=now)
        message = waiting.select_for_update(skip_locked=True).first()
        if message is None:
            return None
        full = take_turn(now) if message.channel == "email" else None
        if full:
            _spread(*full, now)
            return None
        if message.channel == SMS and _is_quiet(message, now):
            return None
        message.state, message.lease_until, message.due_at = "sending", now + LEASE, now + LEASE
        message.save(update_fields=["state", "lease_until", "due_at"])
        return message


def _is_quiet(message: Message, now: datetime) -> bool:
    """Let a text wait for the end of the quiet hours, whoever let it go."""
    due_at, reason = text_time(message.seller_id, message.recipients, now)
    if reason:
        message.state, message.due_at, message.reason, message.lease_until = "queued", due_at, reason, None
        message.save(update_fields=["state", "due_at", "reason", "lease_until"])
    return bool(reason)


def _spread(begins_at: datetime, per_minute: int, now: datetime) -> None:
    """Give what is due and over the seller's pace the minutes to come, in order; what others hold is theirs to spread."""
    with connection.cursor() as cursor:
        cursor.execute(_SPREAD, {"begins_at": begins_at, "per_minute": per_minute, "now": now})


def _envelope(message: Message, prepared: Prepared, sender: _Sender, now: datetime) -> Envelope:
    mark = make_mark(message.id)
    return Envelope(
        message_id=message.message_id,
        sender_name=sender.name,
        sender_address=sender.address,
        reply_to=sender.reply_to,
        to=tuple(message.recipients),
        cc=tuple(message.copies),
        subject=message.subject,
        text=prepared.text,
        html=prepared.html,
        attachments=prepared.attachments,
        language=message.language,
        return_path=tag_address(sender.bounces_to, mark) if sender.bounces_to else "",
        sent_at=now,
        reference=str(message.id),
        headers={**prepared.headers, REF_HEADER: mark},
        is_automatic=prepared.is_automatic,
    )


def _bounces_to(route: tuple[str, Transport] | None) -> str:
    """Return the address that a message's mark is added to; a service takes its bounces itself. Inside `tenant.tx`."""
    if route is None:
        return str(settings.BOUNCE_ADDRESS)
    return plus_address() if route[1].kind == "smtp" else ""


def default_transport() -> Transport:
    """Return the operator's own route, for sellers without one."""
    return Transport(
        kind="smtp",
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        use_tls=settings.EMAIL_USE_TLS,
        use_ssl=settings.EMAIL_USE_SSL,
        timeout_s=settings.EMAIL_TIMEOUT,
        dkim=_dkim_key(),
    )


def _dkim_key() -> DkimKey | None:
    key = settings.DKIM_PRIVATE_KEY
    return DkimKey(domain=settings.DKIM_DOMAIN, selector=settings.DKIM_SELECTOR, private_key=key) if key else None


def _end(message: Message, state: str, reason: str, now: datetime, provider_id: str = "") -> str:
    with tenant.tx(message.seller_id):
        done = Message.objects.filter(id=message.id, state="sending")
        end = {"state": state, "reason": reason[:1000], "sent_at": now if state == "sent" else None}
        said = {"subject": message.subject, "body": message.body, "provider_id": provider_id}
        if done.update(**end, **said, lease_until=None):
            tell(f"message.{state}", message, now, reason=reason[:300])
    return state


def _wait(message: Message, reason: str, now: datetime) -> str:
    """Keep it in the outbox for an hour; what can't be decided for days isn't said."""
    if now - message.created_at >= UNDECIDED:
        return _end(message, "skipped", reason, now)
    with tenant.tx(message.seller_id):
        waiting = Message.objects.filter(id=message.id, state="sending")
        waiting.update(state="queued", reason=reason, due_at=now + timedelta(hours=1), lease_until=None)
    return "queued"


def _again(message: Message, trouble: str, now: datetime) -> str:
    """Wait longer each time; after the last wait it has failed, visibly."""
    if message.tries >= len(WAITS):
        return _end(message, "failed", trouble, now)
    with tenant.tx(message.seller_id):
        Message.objects.filter(id=message.id).update(
            state="queued",
            reason=trouble[:1000],
            tries=message.tries + 1,
            due_at=now + WAITS[message.tries],
            lease_until=None,
        )
    return "queued"
