"""Whether a text message goes beside an email, to which number, and when nobody's quiet hours are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tallystick.texting.numbers import reach_of
from tallystick.texting.quiet_hours import text_at
from tallystick.texting.route import sms_route

SMS: Final = "sms"
TEXT_SUFFIX: Final = ":sms"
"""What a text's key has after that of the email it goes with."""
QUIET: Final = "quiet_hours"
"""Why a text waits, as a stable word."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A text that goes with an email: to whom (nobody, when no number on file is a mobile one), when, why not sooner."""

    recipients: list[str]
    due_at: datetime
    reason: str


def text_beside(seller_id: UUID, customer_id: UUID | None, at: datetime) -> Beside | None:
    """Return the text that goes with a customer's email due `at`; None while the seller texts nobody, or no number is on
    file. Inside `tenant.tx`."""
    reach = reach_of(customer_id) if customer_id and sms_route(seller_id) else None
    if reach is None or not (reach.number or reach.is_typed):
        return None
    recipients = [reach.number] if reach.number else []
    return Beside(recipients, *text_time(seller_id, recipients, at))


def text_time(seller_id: UUID, numbers: Sequence[str], at: datetime) -> tuple[datetime, str]:
    """Return when a text due `at` may go, and why not sooner, as a stable word. Inside `tenant.tx`."""
    route = sms_route(seller_id)
    if route is None or not numbers:
        return at, ""
    found = max(text_at(seller_id=seller_id, number=number, route=route, at=at) for number in numbers)
    return found, QUIET if found > at else ""
