"""Where a payment stands, as the payer needs to know it. Pure: facts and a time in, one word out."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from tallystick.core.attempt import State
from tallystick.payments.page import PayPage, Try

STARTING_FOR = timedelta(seconds=60)


class Standing(StrEnum):
    """The one thing the page says."""

    CREDIT = "credit"
    """A credit note: to look at, never to pay."""
    VOID = "void"
    PAID = "paid"
    STARTING = "starting"
    """The provider is being asked right now."""
    UNKNOWN = "unknown"
    """Nobody can say whether money moved: no way to pay until someone can."""
    OPEN = "open"
    """A payment page is open at the provider; the bank may be asking the payer something."""
    EXPIRED = "expired"
    """That page was left lying until it closed; the provider hasn't confirmed yet."""
    PROCESSING = "processing"
    CLOSING = "closing"
    """We asked the provider to close its page."""
    DUE = "due"


WAITING = frozenset({Standing.STARTING, Standing.UNKNOWN, Standing.OPEN, Standing.CLOSING, Standing.EXPIRED})
"""What a payer who comes back from the provider waits a moment for."""


def standing_of(page: PayPage, now: datetime) -> Standing:
    """Return what to show of an issued document at an instant."""
    if page.kind == "credit_note":
        return Standing.CREDIT
    return Standing.VOID if page.voided_at else standing_of_ask(page.open_minor, page.attempt, now)


def standing_of_ask(open_minor: int, attempt: Try | None, now: datetime) -> Standing:
    """Return what to show of anything with an open amount and perhaps an attempt to pay it."""
    if attempt is not None and attempt.is_live and open_minor > 0:
        return _live(attempt, now)
    return Standing.PAID if open_minor <= 0 else Standing.DUE


def _live(attempt: Try, now: datetime) -> Standing:
    if attempt.state in {State.RESERVED, State.SENT}:
        return Standing.STARTING if now - attempt.created_at < STARTING_FOR else Standing.UNKNOWN
    if attempt.state == State.ACTION_REQUIRED:
        return Standing.EXPIRED if attempt.expires_at and attempt.expires_at <= now else Standing.OPEN
    known = {State.PROCESSING: Standing.PROCESSING, State.CANCELING: Standing.CLOSING}
    return known.get(attempt.state, Standing.UNKNOWN)
