"""Keeping a wallet without a payment: a setup token, approved by the payer, is exchanged for a payment token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from tallystick.core.attempt import State
from tallystick.gateways.port import Report
from tallystick.gateways.providers.paypal._client import Answer, Client, Refusal, Reply, Silence
from tallystick.gateways.providers.paypal._missing import is_missing, report_missing
from tallystick.gateways.providers.paypal._orders import write_saved
from tallystick.gateways.providers.paypal._reading import Unreadable, link, part, text, text_or_empty

SETUP = "setup-"
"""Put before the id of a setup token, to tell it from an order's."""
_LIFETIME = timedelta(days=3)
_APPROVED = frozenset({"APPROVED", "TOKENIZED", "VAULTED"})


def open_setup(
    client: Client, attempt_id: UUID, description: str, experience: Mapping[str, object], customer: Mapping[str, str]
) -> Reply:
    """Ask for a setup token."""
    context = {
        name: experience[name]
        for name in ("shipping_preference", "return_url", "cancel_url", "locale")
        if name in experience
    }
    wallet = {
        "description": description[:128],
        "usage_type": "MERCHANT",
        "customer_type": "CONSUMER",
        "experience_context": context,
    }
    body = {"payment_source": {"paypal": wallet}} | ({"customer": customer} if customer else {})
    return client.ask("POST", "/v3/vault/setup-tokens", body, request_id=str(attempt_id))


def look_up_setup(client: Client, attempt_id: UUID, ref: str, *, now: datetime) -> Report:
    """What became of a setup token. Once the payer agreed, exchanges it, which takes no money and may be repeated."""
    token = ref.removeprefix(SETUP)
    reply = client.ask("GET", f"/v3/vault/setup-tokens/{quote(token, safe='')}")
    if is_missing(reply):
        return report_missing(attempt_id, ref, now, lifetime=_LIFETIME)
    if not isinstance(reply, Answer) or reply.value.get("status") not in _APPROVED:
        return read_setup(reply, ref)
    body = {"payment_source": {"token": {"id": token, "type": "SETUP_TOKEN"}}}
    kept = client.ask("POST", "/v3/vault/payment-tokens", body, request_id=f"keep-{attempt_id}")
    if not isinstance(kept, Answer):
        return Report(State.UNKNOWN, ref=ref)
    try:
        wallet = part(part(kept.value, "payment_source"), "paypal")
        customer_ref = text_or_empty(part(kept.value, "customer"), "id")
        return Report(State.SUCCEEDED, ref=ref, saved=write_saved(text(kept.value, "id"), customer_ref, wallet))
    except Unreadable:
        return Report(State.UNKNOWN, ref=ref)


def read_setup(reply: Reply, ref: str | None) -> Report:
    """A setup token that waits for the payer; anything else is unknown."""
    if isinstance(reply, Silence):
        return Report(State.UNKNOWN, ref=ref, was_sent=reply.was_sent)
    if isinstance(reply, Refusal):
        return Report(State.UNKNOWN, ref=ref)
    try:
        if text(reply.value, "status") not in {"CREATED", "PAYER_ACTION_REQUIRED"}:
            return Report(State.UNKNOWN, ref=ref)
        url = link(reply.value, "approve", "payer-action")
        return Report(State.ACTION_REQUIRED, ref=SETUP + text(reply.value, "id"), action_url=url)
    except Unreadable:
        return Report(State.UNKNOWN, ref=ref)
