"""Opening a session or charging a saved card in a test, with everything that doesn't matter filled in."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tallystick.gateways.port import ChargeRequest, Gateway, Report, SavedMethod, SessionRequest

RETURN_URL = "http://127.0.0.1:9/back?invoice=LP-1"


def open_session(
    gateway: Gateway,
    attempt_id: UUID,
    *,
    amount_minor: int = 303_316,
    currency: str = "EUR",
    language: str = "en",
    return_url: str = RETURN_URL,
    customer_ref: str = "",
    saves_method: bool = False,
) -> Report:
    """A session for one hour."""
    return gateway.open_session(
        SessionRequest(
            attempt_id=attempt_id,
            amount_minor=amount_minor,
            currency=currency,
            description="Invoice LP-10482",
            return_url=return_url,
            customer_email="accounts@pemberton.example",
            language=language,
            lifetime=timedelta(hours=1),
            customer_ref=customer_ref,
            saves_method=saves_method,
        )
    )


def charge_method(
    gateway: Gateway, attempt_id: UUID, method: SavedMethod, *, amount_minor: int = 303_316, is_present: bool = False
) -> Report:
    """A charge of a saved card, in euros."""
    return gateway.charge_method(
        ChargeRequest(
            attempt_id=attempt_id,
            method_ref=method.ref,
            customer_ref=method.customer_ref,
            amount_minor=amount_minor,
            currency="EUR",
            description="Invoice LP-10482",
            return_url=RETURN_URL,
            is_customer_present=is_present,
        )
    )
