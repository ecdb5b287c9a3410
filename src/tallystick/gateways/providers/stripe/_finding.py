"""Asking Stripe what became of an attempt.

By our own id it can only be found by walking the lists of what was made since the attempt's id was: Stripe doesn't
filter sessions by our reference, and its search lags more than its lists do. The walk is bounded; one that doesn't
come to the end says that it doesn't know, never that there is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import stripe
from stripe.params import PaymentIntentListParams
from stripe.params.checkout import SessionListParams

from tallystick.gateways.port import NOT_FOUND, Charge, Report
from tallystick.gateways.providers.stripe._answers import most_binding, read_payment, read_session
from tallystick.gateways.providers.stripe._money import read_dispute, read_refund
from tallystick.gateways.providers.stripe._reading import ATTEMPT, KIND, METHOD, Unreadable, our_id, rows, text
from tallystick.gateways.providers.stripe._transport import Api, Json, Refused, Silence

SESSION_PARTS = [
    "payment_intent.latest_charge",
    "payment_intent.payment_method",
    "setup_intent.latest_attempt",
    "setup_intent.payment_method",
]
PAYMENT_PARTS = ["latest_charge", "payment_method"]
PAGE = 100
_PAGES_MAX = 30
_CLOCKS_APART = timedelta(minutes=15)

PageOf = Callable[[stripe.StripeClient, str], stripe.StripeObject]


def find(api: Api, *, attempt_id: UUID, ref: str | None, now: datetime) -> Report:
    """What became of an attempt, with all its charges' refunds and disputes.

    Raises Silence, Refused, Unreadable. A ref that Stripe doesn't know is NOT_FOUND.
    """
    if ref is None:
        report = _find_by_our_id(api, attempt_id, now)
    else:
        try:
            report = _find_by_ref(api, attempt_id, ref)
        except Refused as refusal:
            if refusal.status == 404 and refusal.code == "resource_missing":
                return NOT_FOUND
            raise
    return replace(report, charges=tuple(_with_history(api, charge) for charge in report.charges))


def walk(api: Api, page: PageOf) -> Iterator[Json]:
    """Every object of a list, newest first. `page` asks for what follows an id. Raises Silence beyond its bound."""
    after = ""
    for _ in range(_PAGES_MAX):
        answer = api.ask(lambda client, last=after: page(client, last))  # type: ignore[misc]
        found = rows(answer)
        yield from found
        if not answer.get("has_more") or not found:
            return
        after = text(found[-1], "id")
    raise Silence(was_sent=True)


def _find_by_ref(api: Api, attempt_id: UUID, ref: str) -> Report:
    if ref.startswith("pi_"):
        answer = api.ask(lambda client: client.v1.payment_intents.retrieve(ref, {"expand": PAYMENT_PARTS}))
        return read_payment(answer, attempt_id)
    answer = api.ask(lambda client: client.v1.checkout.sessions.retrieve(ref, {"expand": SESSION_PARTS}))
    return read_session(answer, attempt_id)


def _find_by_our_id(api: Api, attempt_id: UUID, now: datetime) -> Report:
    since = int((_born(attempt_id, now) - _CLOCKS_APART).timestamp())

    def sessions(client: stripe.StripeClient, after: str) -> stripe.StripeObject:
        wanted: SessionListParams = {"created": {"gte": since}, "limit": PAGE}
        if after:
            wanted["starting_after"] = after
        return client.v1.checkout.sessions.list(wanted)

    def payments(client: stripe.StripeClient, after: str) -> stripe.StripeObject:
        wanted: PaymentIntentListParams = {"created": {"gte": since}, "limit": PAGE}
        if after:
            wanted["starting_after"] = after
        return client.v1.payment_intents.list(wanted)

    refs = [text(each, "id") for each in walk(api, sessions) if each.get("client_reference_id") == str(attempt_id)]
    if not refs:
        refs = [text(each, "id") for each in walk(api, payments) if _is_charge_of(each, attempt_id)]
    if not refs:
        return NOT_FOUND
    return most_binding([_find_by_ref(api, attempt_id, ref) for ref in refs])


def _is_charge_of(intent: Json, attempt_id: UUID) -> bool:
    metadata: dict[str, Any] = intent.get("metadata") or {}
    return our_id(intent, ATTEMPT) == attempt_id and metadata.get(KIND) == METHOD


def _born(attempt_id: UUID, now: datetime) -> datetime:
    """When the attempt's id was made: nothing of it can be older. Ids of another kind don't say, so a day and more."""
    if attempt_id.version != 7:
        return now - timedelta(hours=30)
    return datetime.fromtimestamp((attempt_id.int >> 80) / 1000, now.tzinfo)


def _with_history(api: Api, charge: Charge) -> Charge:
    """The charge with everything that happened to it since."""
    refunds = refunds_of(api, charge.ref)
    disputes = disputes_of(api, charge.ref)
    if any(each.get("payment_intent") != charge.ref for each in (*refunds, *disputes)):
        raise Unreadable("a refund or dispute of another payment")
    return replace(
        charge,
        refunds=tuple(read_refund(each) for each in refunds),
        disputes=tuple(read_dispute(each) for each in disputes),
    )


def refunds_of(api: Api, intent_ref: str) -> list[Json]:
    """All refunds of a payment, newest first."""
    return list(
        walk(
            api,
            lambda client, after: client.v1.refunds.list(
                {"payment_intent": intent_ref, "limit": PAGE, "starting_after": after}
                if after
                else {"payment_intent": intent_ref, "limit": PAGE}
            ),
        )
    )


def disputes_of(api: Api, intent_ref: str) -> list[Json]:
    """All disputes of a payment, newest first."""
    return list(
        walk(
            api,
            lambda client, after: client.v1.disputes.list(
                {"payment_intent": intent_ref, "limit": PAGE, "starting_after": after}
                if after
                else {"payment_intent": intent_ref, "limit": PAGE}
            ),
        )
    )
