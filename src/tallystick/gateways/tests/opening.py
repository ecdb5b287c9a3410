"""Opening a session in a test, with everything that doesn't matter filled in."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tallystick.gateways.port import Gateway, Report

RETURN_URL = "http://127.0.0.1:9/back?invoice=LP-1"


def open_session(
    gateway: Gateway,
    attempt_id: UUID,
    *,
    amount_minor: int = 303_316,
    currency: str = "EUR",
    language: str = "en",
    return_url: str = RETURN_URL,
) -> Report:
    """A session for one hour."""
    return gateway.open_session(
        attempt_id=attempt_id,
        amount_minor=amount_minor,
        currency=currency,
        description="Invoice LP-10482",
        return_url=return_url,
        customer_email="accounts@pemberton.example",
        language=language,
        lifetime=timedelta(hours=1),
    )
