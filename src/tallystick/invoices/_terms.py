"""Payment terms between JSON and the core."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tallystick.core.schedule import Terms


def read_terms(stored: Mapping[str, Any]) -> Terms:
    """Return the core's terms from their JSON; missing fields mean payable at once. Raises core errors for impossible ones."""
    percent, minor = stored.get("deposit_percent"), stored.get("deposit_minor")
    return Terms(
        kind=stored.get("kind", "net"),
        days=int(stored.get("days", 0)),
        deposit_percent=Decimal(str(percent)) if percent else None,
        deposit_minor=int(minor) if minor else None,
        deposit_days=int(stored.get("deposit_days", 0)),
        instalments=int(stored.get("instalments", 1)),
        interval_months=int(stored.get("interval_months", 1)),
        parts=tuple([(date.fromisoformat(on), int(minor)) for on, minor in stored.get("parts") or ()]),
    )
