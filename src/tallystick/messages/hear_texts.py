"""What an SMS provider tells: what became of texts it took for us, and what people answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from tallystick.base import tenant
from tallystick.messages.models import Message, SilencedAddress
from tallystick.messages.outcomes import lift_silence, record_outcome, silence_address
from tallystick.messages.queue import tell
from tallystick.messages.text_time import SMS
from tallystick.sms.port import Reply, Report

REMEMBERED = timedelta(days=90)
"""How long after a text an answer is taken to be about it."""


def hear_texts_of(*, seller_id: UUID, heard: Iterable[Report | Reply], source: str, now: datetime) -> int:
    """Keep what a provider (`source`) says, and return how much of it was new.

    STOP silences the number for everything we text, START lifts just that; any other answer is told on the timeline of
    what was texted last. The same receipt twice is one. News of a text that isn't ours is nothing.
    """
    return sum(
        _hear_report(seller_id, one, source, now) if isinstance(one, Report) else _hear_reply(seller_id, one, now)
        for one in heard
    )


def _hear_report(seller_id: UUID, report: Report, source: str, now: datetime) -> bool:
    with tenant.tx(seller_id, read_only=True):
        ours = Message.objects.filter(provider_id=report.provider_id, channel=SMS) if report.provider_id else None
        message = ours.order_by("created_at").last() if ours is not None else None
    if message is None or report.number not in message.recipients:
        return False
    if report.is_stopped:
        _stop(seller_id, report.number, message, report.words, now)
    return bool(report.kind) and record_outcome(
        seller_id=seller_id,
        message_id=message.id,
        recipient=report.number,
        kind=report.kind,
        source=source,
        code=report.code,
        words=report.words,
        at=now,
        now=now,
    )


def _hear_reply(seller_id: UUID, reply: Reply, now: datetime) -> bool:
    with tenant.tx(seller_id):
        texted = Message.objects.filter(
            recipients__contains=[reply.number], channel=SMS, state="sent", created_at__gte=now - REMEMBERED
        )
        last = texted.order_by("-created_at", "-id").first()
        if reply.wish == "stop":
            return _stop(seller_id, reply.number, last, reply.text, now)
        if reply.wish == "start" and SilencedAddress.objects.filter(address=reply.number, reason="stopped").exists():
            return lift_silence(seller_id=seller_id, address=reply.number, now=now)
        if last is None:
            return False
        tell("message.answered", last, now, recipient=reply.number, words=" ".join(reply.text.split())[:500])
        return True


def _stop(seller_id: UUID, number: str, last: Message | None, words: str, now: datetime) -> bool:
    with tenant.tx(seller_id):
        was_new = silence_address(
            seller_id=seller_id,
            address=number,
            reason="stopped",
            words=words,
            message_id=last.id if last else None,
            now=now,
        )
        if was_new and last:
            tell("message.stopped", last, now, recipient=number)
        return was_new
