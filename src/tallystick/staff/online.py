"""Whether customers can pay online yet: what depends on a connected payment provider is greyed out until one is."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.payments.customer_pages import ways_of_seller


@dataclass(frozen=True, slots=True)
class Online:
    """`ready`: a payment provider is connected and on. `saves`: one of them keeps cards for later."""

    ready: bool
    saves: bool


def online() -> Online:
    """Return what the current seller can offer. Inside `tenant.tx`."""
    ways = ways_of_seller()
    return Online(bool(ways), any(way.saves for way in ways))
