"""The life of one charge attempt: what we know of it, and how each thing we learn moves it.

Five mouths tell the same story in any order (response, return page, webhook, sweeper, daily comparison), so
`advance` only ever gains knowledge: hearing a thing twice, or late, or the other way round, ends in the same place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where an attempt stands; as far as we know."""

    RESERVED = "reserved"
    """Our row exists; nobody was called."""
    SENT = "sent"
    """The call is under way."""
    UNKNOWN = "unknown"
    """The call ended without a definite answer: ask by our id, never charge anew."""
    ACTION_REQUIRED = "action_required"
    """The gateway waits for the customer: 3-D Secure, an open hosted session."""
    PROCESSING = "processing"
    """The gateway waits for a bank: SEPA, ACH."""
    CANCELING = "canceling"
    """We asked the gateway to stop; it hasn't confirmed."""
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELED = "canceled"
    """The gateway confirmed that it can't be paid any more."""
    ABANDONED = "abandoned"
    """The gateway never heard of it, long after it should have; or a person said so, with a reason."""


class DeclineClass(StrEnum):
    """What a decline means for the next try."""

    TRY_LATER = "try_later"
    NEEDS_CUSTOMER = "needs_customer"
    NEVER_AGAIN = "never_again"


_ENDED = frozenset({State.SUCCEEDED, State.DECLINED, State.CANCELED, State.ABANDONED})
_AT_GATEWAY = frozenset({State.ACTION_REQUIRED, State.PROCESSING, State.CANCELING})
_LATE_TRUTH = frozenset({State.SUCCEEDED})

LIVE: frozenset[State] = frozenset(State) - _ENDED
"""An attempt in one of these may still take money: no second one may start."""

MOVES: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.RESERVED: frozenset({State.SENT, State.UNKNOWN}) | _AT_GATEWAY | _ENDED,
        State.SENT: frozenset({State.UNKNOWN}) | _AT_GATEWAY | _ENDED,
        State.UNKNOWN: _AT_GATEWAY | _ENDED,
        State.ACTION_REQUIRED: frozenset({State.PROCESSING, State.CANCELING}) | _ENDED,
        State.PROCESSING: frozenset({State.ACTION_REQUIRED, State.CANCELING}) | _ENDED,
        State.CANCELING: frozenset({State.SUCCEEDED, State.DECLINED, State.CANCELED}),
        State.SUCCEEDED: frozenset(),
        State.DECLINED: _LATE_TRUTH,
        State.CANCELED: _LATE_TRUTH,
        State.ABANDONED: _LATE_TRUTH,
    }
)
"""For each state, the observations that move it; every other observation leaves it where it is.

- No state goes back to reserved. An unknown attempt that is resent stays unknown until an answer comes.
- Not knowing (sent, unknown) never erases what the gateway said (action_required, processing, canceling).
- These two may alternate: a bank refuses, the customer tries again in the same session.
- An attempt being canceled may be paid in that very moment: only the gateway's last word ends it.
- An ended attempt stays as it is, except that money turning up late is true; success is final.
"""

_WAITS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)


def advance(current: State, observed: State) -> State:
    """Return the state after `observed` was learnt of an attempt in `current`. Total and idempotent; never raises."""
    return observed if observed in MOVES[current] else current


def next_check_after(tries: int) -> timedelta:
    """Return how long to wait after `tries` inconclusive checks (0 before the first): 5 s, 30 s, 2 m .. then daily."""
    return _WAITS[min(max(tries, 0), len(_WAITS) - 1)]
