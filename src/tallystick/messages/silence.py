"""Whom we write to no more: addresses that are gone, people who complained or asked to be left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.base.inputs import CONTROL
from tallystick.messages.models import SilencedAddress

PATIENCE: Final = 5
"""So many temporary bounces in a row are enough."""
SKIPPED_FOR: Final = {"bounced": "bounced_address", "complained": "complained", "stopped": "stopped"}
"""Why an address is silent → why a message wasn't sent, as a stable word. Who unsubscribed still gets documents."""
_COUNT: Final = """
INSERT INTO silenced_address (id, seller_id, address, soft_count, reason, words, message_id)
VALUES (%s, %s, %s, 1, '', %s, %s)
ON CONFLICT (seller_id, address) DO UPDATE SET soft_count = least(silenced_address.soft_count + 1, 1000)
RETURNING soft_count
"""


def silence_address(
    *, seller_id: UUID, address: str, reason: str, now: datetime, words: str = "", message_id: UUID | None = None
) -> bool:
    """Write to an address, or a number, no more, and return whether that is new. Idempotent.

    `reason` is bounced, complained, stopped or unsubscribed, of which any other outweighs the last; `message_id` is the
    message that led to it.
    """
    address = tidy_address(address)
    values = {"silenced_at": now, "reason": reason, "words": tidy(words, 500), "message_id": message_id}
    with tenant.tx(seller_id):
        row, is_new = SilencedAddress.objects.select_for_update().get_or_create(
            address=address, defaults={"id": new_id(), "seller_id": seller_id, **values}
        )
        if is_new or (row.silenced_at and (row.reason != "unsubscribed" or reason == "unsubscribed")):
            return is_new
        SilencedAddress.objects.filter(id=row.id).update(**values)
        return True


def lift_silence(*, seller_id: UUID, address: str, now: datetime, actor_id: UUID | None = None) -> bool:
    """Write to an address again, because a person says so, and return whether it was silenced. Idempotent, audited."""
    with tenant.tx(seller_id, actor_id=actor_id):
        row = SilencedAddress.objects.select_for_update().filter(address=tidy_address(address)).first()
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


def silenced(addresses: Iterable[str], *, also_unsubscribed: bool = False) -> set[str]:
    """Return those of the addresses we write to no more, in lower case. Inside `tenant.tx`; one query.

    Who unsubscribed from news is among them only when asked for: invoices aren't news.
    """
    quiet = silences(addresses)
    return {address for address in quiet if also_unsubscribed or is_silent(address, quiet)}


def silences(addresses: Iterable[str]) -> dict[str, SilencedAddress]:
    """Return why addresses are silent, by address in lower case. Inside `tenant.tx`; one query."""
    wanted = {tidy_address(address) for address in addresses}
    rows = SilencedAddress.objects.filter(address__in=wanted, silenced_at__isnull=False) if wanted else ()
    return {row.address: row for row in rows}


def is_silent(address: str, quiet: Mapping[str, SilencedAddress]) -> bool:
    """Whether a document doesn't go to an address, given the silences."""
    row = quiet.get(tidy_address(address))
    return row is not None and row.reason in SKIPPED_FOR


def why_all_silent(addresses: Sequence[str], quiet: Mapping[str, SilencedAddress]) -> str:
    """Return why nobody among the addresses can be written to, as a stable word; empty when somebody can."""
    if not addresses or not all(is_silent(address, quiet) for address in addresses):
        return ""
    return SKIPPED_FOR[quiet[tidy_address(addresses[0])].reason]


def count_soft(*, seller_id: UUID, address: str, words: str, message_id: UUID) -> int:
    """Count one more temporary bounce in a row and return how many there are. Inside `tenant.tx`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [new_id(), seller_id, address, words, message_id])
        return int(cursor.fetchone()[0])


def forget_soft(address: str) -> None:
    """Start counting anew: something arrived. Inside `tenant.tx`."""
    SilencedAddress.objects.filter(address=address, soft_count__gt=0).update(soft_count=0)


def tidy_address(address: str) -> str:
    """Return an address as it is kept: in lower case, at most 254 characters."""
    return tidy(address, 254).lower()


def tidy(text: str, most: int) -> str:
    """Return text on one line, without control characters, cut to fit."""
    return " ".join(CONTROL.sub(" ", text).split())[:most].strip()
