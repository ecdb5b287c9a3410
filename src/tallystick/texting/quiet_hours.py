"""When a number may be texted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.core.quiet import after_quiet
from tallystick.sellers.queries import seller
from tallystick.texting.numbers import zones_of
from tallystick.texting.route import Route


def text_at(*, seller_id: UUID, number: str, route: Route, at: datetime) -> datetime:
    """Return `at`, or when the quiet hours it falls into are over, UTC. Inside `tenant.tx`.

    In the zone of the number's country; in a country of several it is quiet while it is quiet in one of them.
    """
    zones, _country = zones_of(number, seller(seller_id).time_zone)
    return after_quiet(at, zones, begins=route.quiet_from, ends=route.quiet_until)
