"""What a service tells about messages it took for us."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.mail.news import News
from tallystick.messages.models import Message
from tallystick.messages.outcomes import record_outcome


def hear_news(*, seller_id: UUID, news: Iterable[News], source: str, now: datetime) -> int:
    """Keep what a service (`source`) says, and return how much of it was new.

    Idempotent: the same news twice is one row. News of a message that isn't ours, or for somebody it wasn't sent to,
    is nothing. Each in a transaction of its own.
    """
    return sum(_hear(seller_id, one, source, now) for one in news)


def _hear(seller_id: UUID, news: News, source: str, now: datetime) -> bool:
    with tenant.tx(seller_id, read_only=True):
        message = _message(news)
    if message is None or news.recipient.lower() not in {one.lower() for one in (*message.recipients, *message.copies)}:
        return False
    return record_outcome(
        seller_id=seller_id,
        message_id=message.id,
        recipient=news.recipient,
        kind=news.kind,
        source=source,
        code=news.code,
        words=news.words,
        at=news.at or now,
        now=now,
    )


def _message(news: News) -> Message | None:
    """The message by our own name for it, else by the service's."""
    if news.reference:
        return Message.objects.filter(id=UUID(news.reference)).first()
    if news.provider_id:
        return Message.objects.filter(provider_id=news.provider_id).order_by("created_at").last()
    return None
