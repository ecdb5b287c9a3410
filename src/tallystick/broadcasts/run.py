"""Sending a broadcast: its recipients are fixed when it begins, and go into the outbox batch by batch, once each.

A batch is one transaction: it takes waiting recipients that nobody else holds, queues a message for each by a key of
its own, and marks them. A process that dies leaves whole batches and nothing twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from tallystick.base import direct, events, tenant
from tallystick.base.bell import ring
from tallystick.base.clock import business_date
from tallystick.base.ids import new_id
from tallystick.broadcasts.audience import Audience, customers_in
from tallystick.broadcasts.errors import BadBroadcast, NoSuchBroadcast
from tallystick.broadcasts.leaving import text_with_exit
from tallystick.broadcasts.models import Broadcast, BroadcastRecipient
from tallystick.broadcasts.reach import EMAIL, SMS, ways_to
from tallystick.broadcasts.wording import Addressed, address_words, read_words, spoken_by
from tallystick.messages.queue import Letter, queue_message, queue_text
from tallystick.sellers.queries import seller
from tallystick.texting.route import sms_route

KIND: Final = "broadcast"
BATCH: Final = 100
_MOST_AT_ONCE = 1_000


def send_broadcast(
    *, seller_id: UUID, broadcast_id: UUID, now: datetime, due_at: datetime | None = None, actor_id: UUID | None = None
) -> None:
    """Let a draft go, now or at `due_at`. Idempotent: one that is on its way stays as it is.

    Raises NoSuchBroadcast, and BadBroadcast for texts while there is no provider, or for a time gone by.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        row = direct.find(Broadcast, broadcast_id, lock=True)
        if row is None:
            raise NoSuchBroadcast(str(broadcast_id))
        if row.state != "draft":
            return
        if row.by_sms and sms_route(seller_id) is None:
            raise BadBroadcast({"by_sms": "no_provider"})
        if due_at and due_at < now:
            raise BadBroadcast({"due_at": "past"})
        Broadcast.objects.filter(id=broadcast_id).update(state="scheduled", due_at=due_at or now)
        events.record(
            "broadcast.planned",
            seller_id=seller_id,
            subject_id=broadcast_id,
            now=now,
            actor_id=actor_id,
            due_at=(due_at or now).isoformat(),
        )
        ring("broadcasts")


def due_broadcasts(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, broadcast_id) of broadcasts to go on with, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_broadcasts(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def run_broadcast(*, seller_id: UUID, broadcast_id: UUID, now: datetime) -> str:
    """Begin a broadcast whose time has come, or put its next batch into the outbox, and return its state afterwards.

    Safe beside others: they take other recipients.
    """
    with tenant.tx(seller_id):
        row = Broadcast.objects.select_for_update(skip_locked=True).filter(id=broadcast_id, due_at__lte=now).first()
        if row is None or row.state not in {"scheduled", "running"}:
            return row.state if row else ""
        if row.state == "scheduled":
            _begin(row, now)
            return "running"
        batch = _next(row)
        _queue(row, batch, now)
        if len(batch) == BATCH:
            return "running"
        Broadcast.objects.filter(id=row.id).update(state="done", ended_at=now)
        events.record("broadcast.done", seller_id=seller_id, subject_id=row.id, now=now)
        return "done"


def _begin(row: Broadcast, now: datetime) -> None:
    """Fix who gets it."""
    today = business_date(now, seller(row.seller_id).time_zone)
    ways = ways_to(
        customers_in(Audience.read(row.audience), on=today),
        by_email=row.by_email,
        by_sms=row.by_sms,
        is_transactional=row.is_transactional,
    )
    BroadcastRecipient.objects.bulk_create(
        (
            BroadcastRecipient(
                id=new_id(),
                seller_id=row.seller_id,
                broadcast_id=row.id,
                customer_id=way.customer_id,
                channel=way.channel,
                address=way.address,
                state="left_out" if way.reason else "waiting",
                reason=way.reason,
            )
            for way in ways
        ),
        batch_size=_MOST_AT_ONCE,
    )
    Broadcast.objects.filter(id=row.id).update(state="running", begun_at=now)


def _next(row: Broadcast) -> list[BroadcastRecipient]:
    waiting = BroadcastRecipient.objects.select_for_update().filter(broadcast_id=row.id, state="waiting")
    return list(waiting.order_by("id")[:BATCH])


def _queue(row: Broadcast, batch: list[BroadcastRecipient], now: datetime) -> None:
    owner = seller(row.seller_id)
    addressed = address_words(
        read_words(row.words),
        [recipient.customer_id for recipient in batch],
        seller_name=owner.name,
        spoken=spoken_by(owner.language),
    )
    for recipient in batch:
        letter = _letter(row, recipient, addressed[recipient.customer_id])
        put = queue_message if recipient.channel == EMAIL else queue_text
        put(seller_id=row.seller_id, letter=letter, now=now, actor_id=row.created_by)
    BroadcastRecipient.objects.filter(id__in=[recipient.id for recipient in batch]).update(state="queued")


def _letter(row: Broadcast, recipient: BroadcastRecipient, words: Addressed) -> Letter:
    is_text, body = recipient.channel == SMS, words.said.body
    if is_text:
        body = words.said.sms
    if is_text and not row.is_transactional:
        body = text_with_exit(body, seller_id=row.seller_id, recipient_id=recipient.id, language=words.language)
    return Letter(
        id=new_id(),
        dedupe_key=f"{KIND}:{row.id}:{recipient.customer_id}:{recipient.channel}",
        kind=KIND,
        recipients=[recipient.address],
        language=words.language,
        subject=row.name if is_text else words.said.subject,
        body=body,
        customer_id=recipient.customer_id,
        document_id=row.id,
        attach_pdf=False,
        payment_link=False,
        data={"recipient_id": str(recipient.id)},
    )
