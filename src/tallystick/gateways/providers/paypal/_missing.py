"""What it means that PayPal knows nothing of an order."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tallystick.core.attempt import State
from tallystick.gateways.attempt_age import earliest_sending
from tallystick.gateways.port import NOT_FOUND, Report
from tallystick.gateways.providers.paypal._client import Refusal, Reply

_MARGIN = timedelta(hours=1)


def is_missing(reply: Reply) -> bool:
    """Only PayPal's own 404 says so; a proxy's says nothing."""
    return isinstance(reply, Refusal) and reply.status == 404 and reply.name == "RESOURCE_NOT_FOUND"


def report_missing(attempt_id: UUID, ref: str | None, now: datetime, *, lifetime: timedelta) -> Report:
    """NOT_FOUND; or canceled, once it is too late to approve what we asked for.

    PayPal drops what nobody approved in time and keeps what was captured, and only we capture: nothing was taken then,
    nor can be.
    """
    sent_at = earliest_sending(attempt_id)
    if ref is None or sent_at is None or now < sent_at + lifetime + _MARGIN:
        return NOT_FOUND
    return Report(State.CANCELED, ref=ref)
