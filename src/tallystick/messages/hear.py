"""Delivery reports about our messages, once it is proved that they are ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from tallystick.base import direct, tenant
from tallystick.mail.incoming import IncomingMail, RecipientReport
from tallystick.mail.mark import marked_message, read_mark
from tallystick.mail.parse import parse_mail
from tallystick.mail.port import Refusal
from tallystick.mail.verdict import judge_refusal
from tallystick.messages.models import Message
from tallystick.messages.outcomes import record_outcome
from tallystick.messages.silence import silence_address, tidy_address


def seller_of_message(message_id: UUID) -> UUID | None:
    """Return whose message it is, or None. Works outside a tenant transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_of_message(%s)", [message_id])
        row = cursor.fetchone()
    return row[0] if row else None


def message_meant(mail: IncomingMail) -> UUID | None:
    """Return the message of ours that a mail proves to answer: by the return path it came to, or the mark it gives back.

    Anybody can write a report; only who got the message, or carried it, has its mark.
    """
    return marked_message(mail.delivered_to) or read_mark(mail.reported_ref)


def whose_mail(raw: bytes) -> UUID | None:
    """Return the seller a mail is for by our signature alone, or None."""
    message_id = message_meant(parse_mail(raw))
    return seller_of_message(message_id) if message_id else None


def hear_reports(
    *, seller_id: UUID, message_id: UUID, reports: Sequence[RecipientReport], at: datetime, now: datetime
) -> int:
    """Record what a mail server reports about a message, and return for how many of its people it spoke.

    Whoever got the message holds its mark, so a report speaks of the message's own people and nobody else: what it says
    of a stranger is taken to be about the only reader there is, who forwards their mail; then nothing is for good.
    Idempotent.
    """
    with tenant.tx(seller_id):
        message = direct.find(Message, message_id)
        if message is None:
            return 0
        people = {tidy_address(address) for address in (*message.recipients, *message.copies)}
        spoken = 0
        for report in reports:
            recipient, kind = _about(report, people)
            if recipient:
                spoken += 1
                record_outcome(
                    seller_id=seller_id,
                    message_id=message_id,
                    recipient=recipient,
                    kind=kind,
                    source="dsn",
                    code=report.code,
                    words=report.words,
                    at=at,
                    now=now,
                )
        return spoken


def _about(report: RecipientReport, people: set[str]) -> tuple[str, str]:
    if report.recipient in people:
        return report.recipient, report.outcome
    if len(people) != 1:
        return "", ""
    is_stranger = bool(report.recipient)
    softer = "bounced_soft" if is_stranger and report.outcome == "bounced_hard" else report.outcome
    return next(iter(people)), softer


def hear_refusals(*, message: Message, refused: Sequence[Refusal], is_sent: bool, now: datetime) -> None:
    """Record whom our own mail server refused for good while it took the message, or all of them.

    One that went to nobody has failed, which says it all; only the addresses that are gone are silenced then. Idempotent.
    """
    for each in refused:
        if not each.is_permanent:
            continue
        kind, code = judge_refusal(status=str(each.code), words=f"{each.code} {each.text}")
        if is_sent:
            record_outcome(
                seller_id=message.seller_id,
                message_id=message.id,
                recipient=each.address,
                kind=kind,
                source="server",
                code=code,
                words=each.text,
                at=now,
                now=now,
            )
        elif kind == "bounced_hard":
            silence_address(
                seller_id=message.seller_id,
                address=each.address,
                reason="bounced",
                words=each.text,
                message_id=message.id,
                now=now,
            )
