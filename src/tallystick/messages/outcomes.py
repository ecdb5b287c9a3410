"""What became of a message: news from mail servers and providers, and whom we write to no more.

Whoever brings news has proved where it comes from: a signed return path, a signed webhook, our own SMTP conversation.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.base.inputs import CONTROL
from tallystick.messages.models import Message, MessageOutcome, SilencedAddress
from tallystick.messages.queue import tell

PATIENCE: Final = 5
"""So many temporary bounces in a row are enough."""
KINDS: Final = frozenset({"delayed", "delivered", "opened", "bounced_soft", "bounced_hard", "complained", "rejected"})
"""What can be heard. `rejected` is a refusal that says nothing about the address: content, policy, a closed relay."""
_STANDS_FOR: Final = {
    "delayed": "delayed",
    "delivered": "delivered",
    "complained": "delivered",
    "opened": "opened",
    "bounced_soft": "bounced",
    "bounced_hard": "bounced",
    "rejected": "bounced",
}
_RANK: Final = ("", "delayed", "delivered", "opened", "bounced")
_TOLD: Final = {
    "delayed": "message.delayed",
    "bounced_soft": "message.bounced",
    "bounced_hard": "message.bounced",
    "rejected": "message.bounced",
    "complained": "message.complained",
}
_COUNT: Final = """
INSERT INTO silenced_address (id, seller_id, address, soft_count, reason, words, message_id)
VALUES (%s, %s, %s, 1, '', %s, %s)
ON CONFLICT (seller_id, address) DO UPDATE SET soft_count = least(silenced_address.soft_count + 1, 1000)
RETURNING soft_count
"""


def record_outcome(
    *,
    seller_id: UUID,
    message_id: UUID,
    recipient: str,
    kind: str,
    source: str,
    code: str = "",
    words: str = "",
    at: datetime,
    now: datetime,
) -> bool:
    """Keep what was heard about one recipient of a message, and return whether it is news.

    `kind` is one of `KINDS`, `source` who says so (dsn, server, a provider's name), `code` and `words` theirs, cut to
    fit; `at` is when it happened. Idempotent per message, recipient and kind. The message's `outcome` only climbs:
    delayed, delivered, opened, bounced. A hard bounce or a complaint silences the address at once, temporary bounces
    when they are `PATIENCE` in a row; a delivery or an opening ends the row. A message of nobody's is no news.

    Locks the message. Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} isn't an outcome; there are {', '.join(sorted(KINDS))}")
    recipient, code, words = _address(recipient), _tidy(code, 20), _tidy(words, 500)
    with tenant.tx(seller_id):
        message = Message.objects.select_for_update().filter(id=message_id).first()
        heard = MessageOutcome.objects.filter(message_id=message_id, recipient=recipient, kind=kind)
        if message is None or heard.exists():
            return False
        MessageOutcome.objects.create(
            id=new_id(),
            seller_id=seller_id,
            message_id=message_id,
            recipient=recipient,
            kind=kind,
            source=source,
            code=code,
            words=words,
            at=at,
        )
        outcome = max(message.outcome, _STANDS_FOR[kind], key=_RANK.index)
        if outcome != message.outcome:
            Message.objects.filter(id=message_id).update(outcome=outcome)
        _steer(message, recipient, kind, words, now)
        if kind in _TOLD:
            is_hard = kind == "bounced_hard"
            tell(_TOLD[kind], message, now, recipient=recipient, code=code, words=words, is_hard=is_hard)
        return True


def silence_address(
    *, seller_id: UUID, address: str, reason: str, now: datetime, words: str = "", message_id: UUID | None = None
) -> bool:
    """Write to an address, or a number, no more, and return whether that is new. Idempotent.

    `reason` is bounced, complained, stopped or unsubscribed; `message_id` the message that led to it.
    """
    address = _address(address)
    values = {"silenced_at": now, "reason": reason, "words": _tidy(words, 500), "message_id": message_id}
    with tenant.tx(seller_id):
        row, is_new = SilencedAddress.objects.select_for_update().get_or_create(
            address=address, defaults={"id": new_id(), "seller_id": seller_id, **values}
        )
        if is_new or row.silenced_at:
            return is_new
        SilencedAddress.objects.filter(id=row.id).update(**values)
        return True


def lift_silence(*, seller_id: UUID, address: str, now: datetime, actor_id: UUID | None = None) -> bool:
    """Write to an address again, because a person says so, and return whether it was silenced. Idempotent, audited."""
    with tenant.tx(seller_id, actor_id=actor_id):
        row = SilencedAddress.objects.select_for_update().filter(address=_address(address)).first()
        if row is None or row.silenced_at is None:
            return False
        SilencedAddress.objects.filter(id=row.id).update(silenced_at=None, soft_count=0, reason="", words="")
        events.record(
            "address.lifted",
            seller_id=seller_id,
            subject_id=row.id,
            now=now,
            actor_id=actor_id,
            address=row.address,
            reason=row.reason,
        )
        return True


def silenced(addresses: Iterable[str]) -> set[str]:
    """Return those of the addresses we write to no more, in lower case. Inside `tenant.tx`; one query."""
    wanted = {_address(address) for address in addresses}
    rows = SilencedAddress.objects.filter(address__in=wanted, silenced_at__isnull=False)
    return set(rows.values_list("address", flat=True))


def _steer(message: Message, recipient: str, kind: str, words: str, now: datetime) -> None:
    """Silence the address, count towards it, or start counting anew."""
    if kind == "complained":
        _silence(message, recipient, "complained", words, now)
    elif kind == "bounced_hard" or (kind == "bounced_soft" and _count(message, recipient, words) >= PATIENCE):
        _silence(message, recipient, "bounced", words, now)
    elif kind in ("delivered", "opened"):
        SilencedAddress.objects.filter(address=recipient, soft_count__gt=0).update(soft_count=0)


def _silence(message: Message, recipient: str, reason: str, words: str, now: datetime) -> None:
    silence_address(
        seller_id=message.seller_id, address=recipient, reason=reason, words=words, message_id=message.id, now=now
    )


def _count(message: Message, recipient: str, words: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [new_id(), message.seller_id, recipient, words, message.id])
        return int(cursor.fetchone()[0])


def _address(address: str) -> str:
    return _tidy(address, 254).lower()


def _tidy(text: str, most: int) -> str:
    return " ".join(CONTROL.sub(" ", text).split())[:most].strip()
