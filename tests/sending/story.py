"""How these tests move a world on, and see what was said in it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from tallystick.base import clock, tenant
from tallystick.messages.models import Message
from tallystick.testing.world import World
from tallystick.worker.sweeps import drain


def let(world: World, **later: float) -> None:
    """Move on and let happen what is due."""
    world.later(**later)
    with clock.at(world.now):
        drain(world.seller_id)


def let_until(world: World, day: int, hour: int, minute: int = 0) -> None:
    """Move on to a time of day in Dublin, so many days from today, and let happen what is due."""
    local = world.now.astimezone(ZoneInfo("Europe/Dublin"))
    then = datetime(local.year, local.month, local.day, hour, minute, tzinfo=local.tzinfo)
    let(world, seconds=(then - local).total_seconds() + day * 86_400)


def about(world: World, invoice_id: UUID) -> list[tuple[str, str]]:
    """State and reason of each message about a document, oldest first."""
    return [(message.state, message.reason) for message in _said(world, invoice_id)]


def kinds(world: World, invoice_id: UUID) -> list[tuple[str, str]]:
    """Kind and state of each message about a document, oldest first."""
    return [(message.kind, message.state) for message in _said(world, invoice_id)]


def _said(world: World, invoice_id: UUID) -> list[Message]:
    with tenant.tx(world.seller_id, read_only=True):
        return list(Message.objects.filter(document_id=invoice_id).order_by("created_at", "id"))
