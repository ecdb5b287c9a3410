"""The life of one refund: like a charge attempt, it only ever gains knowledge. See `core.attempt`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class RefundState(StrEnum):
    """Where a refund stands; as far as we know."""

    WAITING = "waiting"
    """Above the seller's threshold: a second person has to agree."""
    RESERVED = "reserved"
    """The money is set aside; nobody was called."""
    SENT = "sent"
    UNKNOWN = "unknown"
    """The call ended without a definite answer: ask by our id, never refund anew."""
    PROCESSING = "processing"
    """The gateway took the order and waits for a bank."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The gateway or the bank refused, or sent the money back later: it stays with the seller."""
    REJECTED = "rejected"
    """The second person said no."""
    ABANDONED = "abandoned"
    """The gateway never heard of it, long after it should have; or a person said so, with a reason."""


_ENDED = frozenset({RefundState.SUCCEEDED, RefundState.FAILED, RefundState.REJECTED, RefundState.ABANDONED})
_ANSWERS = frozenset({RefundState.PROCESSING, RefundState.SUCCEEDED, RefundState.FAILED, RefundState.ABANDONED})

HELD: frozenset[RefundState] = frozenset(RefundState) - _ENDED
"""In one of these the amount is set aside on the payment: no second refund may use it."""

MOVES: Mapping[RefundState, frozenset[RefundState]] = MappingProxyType(
    {
        RefundState.WAITING: frozenset({RefundState.RESERVED, RefundState.REJECTED}),
        RefundState.RESERVED: frozenset({RefundState.SENT, RefundState.UNKNOWN}) | _ANSWERS,
        RefundState.SENT: frozenset({RefundState.UNKNOWN}) | _ANSWERS,
        RefundState.UNKNOWN: _ANSWERS,
        RefundState.PROCESSING: frozenset({RefundState.SUCCEEDED, RefundState.FAILED}),
        RefundState.SUCCEEDED: frozenset({RefundState.FAILED}),
        RefundState.FAILED: frozenset(),
        RefundState.REJECTED: frozenset(),
        RefundState.ABANDONED: frozenset({RefundState.PROCESSING, RefundState.SUCCEEDED}),
    }
)
"""For each state, the observations that move it. A bank may send a refund back days after it succeeded; then it failed,
for good. One that was given up may turn up after all."""


def advance(current: RefundState, observed: RefundState) -> RefundState:
    """Return the state after `observed` was learnt of a refund in `current`. Total and idempotent; never raises."""
    return observed if observed in MOVES[current] else current
