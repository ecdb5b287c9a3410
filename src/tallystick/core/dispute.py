"""The life of one dispute: the payer asked their bank for the money back, and the gateway holds it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class DisputeState(StrEnum):
    """Where a dispute stands at the gateway."""

    NEEDS_RESPONSE = "needs_response"
    """Evidence can be handed in, until its date."""
    UNDER_REVIEW = "under_review"
    WON = "won"
    """The money came back to the seller."""
    LOST = "lost"
    """The money is gone; the customer owes again."""


OPEN: frozenset[DisputeState] = frozenset({DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW})

MOVES: Mapping[DisputeState, frozenset[DisputeState]] = MappingProxyType(
    {
        DisputeState.NEEDS_RESPONSE: frozenset({DisputeState.UNDER_REVIEW, DisputeState.WON, DisputeState.LOST}),
        DisputeState.UNDER_REVIEW: frozenset({DisputeState.NEEDS_RESPONSE, DisputeState.WON, DisputeState.LOST}),
        DisputeState.WON: frozenset(),
        DisputeState.LOST: frozenset({DisputeState.WON}),
    }
)
"""For each state, the observations that move it. A lost one may be won on appeal; a won one is over."""


def advance(current: DisputeState, observed: DisputeState) -> DisputeState:
    """Return the state after `observed` was learnt of a dispute in `current`. Total and idempotent; never raises."""
    return observed if observed in MOVES[current] else current
