"""When an attempt was made, as its id tells: where a search through a gateway's list may end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

_SLACK = timedelta(minutes=10)
"""How far the gateway's clock may be behind ours."""


def earliest_sending(attempt_id: UUID) -> datetime | None:
    """An instant before which the gateway can't have heard of this attempt; None when the id isn't of version 7."""
    if attempt_id.version != 7:
        return None
    return datetime.fromtimestamp((attempt_id.int >> 80) / 1000, UTC) - _SLACK
