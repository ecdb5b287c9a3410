"""What became of a message: news from mail servers and providers, and whom we write to no more.

Whoever brings news has proved where it comes from: a signed return path, a signed webhook, our own SMTP conversation.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from tallystick.base import direct, tenant
from tallystick.base.ids import new_id
from tallystick.messages.models import Message, MessageOutcome
from tallystick.messages.queue import tell
from tallystick.messages.silence import (
    PATIENCE,
    count_soft,
    forget_soft,
    lift_silence,
    silence_address,
    silenced,
    tidy,
    tidy_address,
)

__all__ = ["KINDS", "PATIENCE", "lift_silence", "record_outcome", "silence_address", "silenced"]

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
    recipient, code, words = tidy_address(recipient), tidy(code, 20), tidy(words, 500)
    with tenant.tx(seller_id):
        message = direct.find(Message, message_id, lock=True)
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
            tell(_TOLD[kind], message, now, recipient=recipient, code=code, words=words, is_hard=is_hard, outcome=kind)
        return True


def _steer(message: Message, recipient: str, kind: str, words: str, now: datetime) -> None:
    """Silence the address, count towards it, or start counting anew."""
    about = {"address": recipient, "words": words}
    if kind in ("delivered", "opened"):
        forget_soft(recipient)
    elif kind == "complained":
        silence_address(seller_id=message.seller_id, message_id=message.id, reason="complained", now=now, **about)
    elif kind == "bounced_hard" or (
        kind == "bounced_soft" and count_soft(seller_id=message.seller_id, message_id=message.id, **about) >= PATIENCE
    ):
        silence_address(seller_id=message.seller_id, message_id=message.id, reason="bounced", now=now, **about)
