"""How GoCardless writes its things down."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.fakes.gocardless.books import (
    ARRIVES_AFTER,
    LATER_CAUSES,
    Books,
    Event,
    Item,
    Mandate,
    Payment,
    Payout,
    Refund,
    Request,
)

__all__ = ["LATER_CAUSES", "Request"]


def stamp(at: datetime) -> str:
    """An instant with milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S.000Z}"


def request(made: Request) -> dict[str, object]:
    """A billing request."""
    return {
        "id": made.id, "created_at": stamp(made.created_at), "status": made.status, "metadata": made.metadata,
        "payment_request": made.asked.get("payment_request"), "mandate_request": made.asked.get("mandate_request"),
        "fallback_enabled": made.asked.get("fallback_enabled", False), "links": dict(made.links), "actions": [],
    }  # fmt: skip


def payment(made: Payment, books: Books) -> dict[str, object]:
    """A payment."""
    links = {"mandate": made.mandate, "payout": made.payout}
    return {
        "id": made.id, "created_at": stamp(made.created_at), "status": made.status, "amount": made.minor,
        "amount_refunded": books.refunded(made), "currency": made.currency, "scheme": made.scheme,
        "charge_date": (made.created_at + timedelta(days=3)).date().isoformat(), "metadata": made.metadata,
        "links": {name: value for name, value in links.items() if value}, "description": "",
    }  # fmt: skip


def refund(made: Refund) -> dict[str, object]:
    """A refund."""
    return {
        "id": made.id, "created_at": stamp(made.created_at), "status": made.status, "amount": made.minor,
        "currency": made.currency, "metadata": made.metadata, "links": {"payment": made.payment},
    }  # fmt: skip


def mandate(made: Mandate) -> dict[str, object]:
    """A mandate."""
    links = {"customer": made.customer, "customer_bank_account": made.account}
    return {
        "id": made.id, "created_at": stamp(made.created_at), "status": made.status, "scheme": made.scheme,
        "reference": made.id, "links": links, "metadata": {},
    }  # fmt: skip


def account(made: Mandate) -> dict[str, object]:
    """The bank account behind a mandate."""
    return {
        "id": made.account, "account_number_ending": "11", "bank_name": "Barclays Bank PLC", "country_code": "GB",
        "links": {"customer": made.customer}, "enabled": True, "metadata": {},
    }  # fmt: skip


def event(made: Event) -> dict[str, object]:
    """An event."""
    return {
        "id": made.id, "created_at": stamp(made.at), "resource_type": made.resource, "action": made.action,
        "links": made.links, "details": made.details, "metadata": {}, "resource_metadata": made.metadata,
    }  # fmt: skip


def payout(made: Payout) -> dict[str, object]:
    """A payout."""
    return {
        "id": made.id, "created_at": stamp(made.created_at), "status": made.status, "amount": made.minor,
        "currency": made.currency, "deducted_fees": int(made.fees), "payout_type": "merchant",
        "arrival_date": (made.created_at + ARRIVES_AFTER).date().isoformat(), "metadata": {}, "links": {},
    }  # fmt: skip


def item(made: Item) -> dict[str, object]:
    """An item of a payout: a decimal with one place, as a text."""
    return {"type": made.kind, "amount": f"{made.amount:.1f}", "taxes": [], "links": made.links}
