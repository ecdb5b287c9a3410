"""Writing a broadcast, and throwing a draft away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.base import direct, events, tenant
from tallystick.broadcasts.audience import KINDS, Audience
from tallystick.broadcasts.errors import BadBroadcast, NoSuchBroadcast
from tallystick.broadcasts.models import Broadcast, SavedList
from tallystick.broadcasts.wording import Said, check_said, spoken_by, words_json
from tallystick.customers.queries import customer
from tallystick.messages.queue import stop_all_about
from tallystick.sellers.queries import seller

MOST_NAME = 80
STOPPED = "broadcast_stopped"
"""Why its messages don't go, as a stable word."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A broadcast as written: its name is for staff only."""

    name: str
    by_email: bool
    by_sms: bool
    is_transactional: bool
    audience: Audience
    words: Mapping[str, Said]


def save_broadcast(
    *, seller_id: UUID, broadcast_id: UUID, sketch: Sketch, now: datetime, actor_id: UUID | None = None
) -> None:
    """Keep a draft, new or changed. Idempotent. Raises BadBroadcast naming the fields, NoSuchBroadcast once it was sent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        known = direct.find(Broadcast, broadcast_id, lock=True)
        if known and known.state != "draft":
            raise NoSuchBroadcast(str(broadcast_id))
        _check(seller_id, sketch)
        values = {
            "name": sketch.name.strip(),
            "by_email": sketch.by_email,
            "by_sms": sketch.by_sms,
            "is_transactional": sketch.is_transactional,
            "audience": sketch.audience.as_json(),
            "words": words_json(sketch.words),
        }
        if known:
            Broadcast.objects.filter(id=broadcast_id).update(**values)
        else:
            row = Broadcast(id=broadcast_id, seller_id=seller_id, created_at=now, created_by=actor_id, **values)
            row.save(force_insert=True)


def discard_broadcast(*, seller_id: UUID, broadcast_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Throw a draft away, and return whether there was one. What was sent stays. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        gone, _rows = Broadcast.objects.filter(id=broadcast_id, state="draft").delete()
        return bool(gone)


def stop_broadcast(*, seller_id: UUID, broadcast_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Let nothing more of a broadcast go, and return whether it was still on its way. What is leaving
    at this moment leaves. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        going = Broadcast.objects.filter(id=broadcast_id, state__in=["scheduled", "running", "done"])
        changed = going.update(state="stopped", ended_at=now)
        if changed:
            stop_all_about(seller_id=seller_id, document_id=broadcast_id, reason=STOPPED, actor_id=actor_id)
            events.record("broadcast.stopped", seller_id=seller_id, subject_id=broadcast_id, now=now, actor_id=actor_id)
        return bool(changed)


def _check(seller_id: UUID, sketch: Sketch) -> None:
    problems: dict[str, str] = {}
    if not 0 < len(sketch.name.strip()) <= MOST_NAME:
        problems["name"] = "required" if not sketch.name.strip() else "too_long"
    if not (sketch.by_email or sketch.by_sms):
        problems["by_email"] = "way"
    problems |= _audience_problems(sketch.audience)
    try:
        spoken = spoken_by(seller(seller_id).language)
        check_said(sketch.words, spoken=spoken, by_email=sketch.by_email, by_sms=sketch.by_sms)
    except BadBroadcast as error:
        raise BadBroadcast({**problems, **error.problems}, name=error.name) from error
    if problems:
        raise BadBroadcast(problems)


def _audience_problems(audience: Audience) -> dict[str, str]:
    if audience.kind not in KINDS:
        return {"kind": "required"}
    if audience.kind == "one" and (audience.customer_id is None or customer(audience.customer_id) is None):
        return {"customer": "required"}
    if audience.kind == "list" and not SavedList.objects.filter(id__in=[audience.list_id]).exists():
        return {"saved_list": "required"}
    return {"overdue_days": "range"} if not 0 <= audience.overdue_days <= 3650 else {}
