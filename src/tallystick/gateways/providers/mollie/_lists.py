"""Walking Mollie's lists, which know no dates and no search: page by page, and never without an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from mollie.api.client import Client

from tallystick.core.attempt import State
from tallystick.gateways.attempt_age import earliest_sending
from tallystick.gateways.port import ChargePage, Listed, NoAnswer
from tallystick.gateways.providers.mollie import _answers
from tallystick.gateways.providers.mollie._answers import Answer
from tallystick.gateways.providers.mollie._client import Refusal, Silence, ask

EMBED = "refunds,chargebacks"
SEARCH_PAGE = 150
"""Payments in each page when one attempt is sought. Mollie would give 250, and they might fill over a megabyte."""
SEARCH_PAGES_MAX = 20
WALK_PAGE = 100
WALK_PAGES_MAX = 200
CHARGES_PAGE = 50
_PAID_AFTER_MAX = timedelta(days=30)
"""How long after it was made a payment may be paid: a bank transfer waits for weeks."""


def find_attempt(client: Client, attempt_id: UUID) -> list[str] | None:
    """The payments that name an attempt, newest first, from the most recent ones; None when nothing is known.

    An attempt's id tells when it was made, and the search ends there: an empty list then means that there is none.
    """
    earliest = earliest_sending(attempt_id)
    found: list[str] = []
    start = ""
    for _ in range(SEARCH_PAGES_MAX):
        page = ask(partial(client.payments.list, limit=SEARCH_PAGE, **_from(start)))
        if isinstance(page, Refusal | Silence):
            return None
        payments = _answers.items(page, "payments")
        found += [_answers.text(each, "id") for each in payments if _answers.attempt_of(each) == attempt_id]
        start = _answers.next_from(page)
        is_past = earliest is not None and any(_answers.instant(each, "createdAt") < earliest for each in payments)
        if is_past or not start:
            return found
    return found or None


def list_charges(client: Client, *, since: datetime, cursor: str) -> ChargePage:
    """One page of what was taken, refunded or charged back since an instant. Raises NoAnswer, Unreadable.

    The first page starts with older payments that had a refund or chargeback since then. The rest follows in the order
    in which the payments were made.
    """
    listed: list[Listed] = []
    start = cursor
    if not cursor:
        recent = list(_walk(client.payments.list, "payments", since - _PAID_AFTER_MAX))
        known = {_answers.text(each, "id") for each in recent}
        touched = {
            _answers.text(each, "paymentId"): None
            for call, name in ((client.refunds.list, "refunds"), (client.chargebacks.list, "chargebacks"))
            for each in _walk(call, name, since)
        }
        listed += [_with_details(client, ref) for ref in touched if ref not in known]
        if not recent:
            return ChargePage(_sorted(listed))
        start = _answers.text(recent[-1], "id")
    page = _must(lambda: client.payments.list(limit=CHARGES_PAGE, sort="asc", **_from(start)))
    for payment in _answers.items(page, "payments"):
        if _answers.state_of(payment) is State.SUCCEEDED and _answers.read_amount(payment, "amount")[0] > 0:
            listed.append(_complete(client, payment))
    return ChargePage(_sorted([each for each in listed if _is_since(each, since)]), _answers.next_from(page))


def _walk(call: Callable[..., object], name: str, since: datetime) -> Iterator[Answer]:
    """The items of a list from the newest back to `since`. Raises NoAnswer, also when there are too many."""
    start = ""
    for _ in range(WALK_PAGES_MAX):
        page = _must(partial(call, limit=WALK_PAGE, **_from(start)))
        for each in _answers.items(page, name):
            if _answers.instant(each, "createdAt") < since:
                return
            yield each
        start = _answers.next_from(page)
        if not start:
            return
    raise NoAnswer(f"There are too many {name} to walk through since {since:%Y-%m-%d}.")


def _complete(client: Client, payment: Answer) -> Listed:
    """A listed payment; only one that has refunds or chargebacks is fetched again, together with them."""
    links = payment.get("_links")
    if isinstance(links, dict) and (links.get("refunds") or links.get("chargebacks")):
        return _with_details(client, _answers.text(payment, "id"))
    return Listed(_answers.attempt_of(payment), _answers.read_charge(payment))


def _with_details(client: Client, ref: str) -> Listed:
    payment = _must(lambda: client.payments.get(ref, embed=EMBED))
    return Listed(_answers.attempt_of(payment), _answers.read_charge(payment))


def _must(call: Callable[[], object]) -> Answer:
    reply = ask(call)
    if isinstance(reply, Refusal):
        raise NoAnswer(f"Mollie refused to list payments: {reply.detail}")
    if isinstance(reply, Silence):
        raise NoAnswer("Mollie didn't answer.")
    return reply


def _is_since(listed: Listed, since: datetime) -> bool:
    charge = listed.charge
    news = [charge.at, *(each.at for each in charge.refunds), *(each.opened_at for each in charge.disputes)]
    return max(news) >= since


def _sorted(listed: list[Listed]) -> tuple[Listed, ...]:
    return tuple(sorted(listed, key=lambda each: (each.charge.at, each.charge.ref)))


def _from(start: str) -> dict[str, Any]:
    return {"from": start} if start else {}
