"""What Stripe took, gave back and paid out, from its list of balance transactions.

Each of them is one movement of money, written when it happened and never changed, so a list of them since an instant
misses nothing: a refund of an old charge is a new line. Stripe lists the newest first; we read forwards from the last
line before the instant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import stripe
from stripe.params import BalanceTransactionListParams, PayoutListParams

from tallystick.gateways.port import ChargePage, Listed, NoAnswer, Payout, SettlementLine, SettlementPage
from tallystick.gateways.providers.stripe._finding import disputes_of, refunds_of, walk
from tallystick.gateways.providers.stripe._money import read_charge
from tallystick.gateways.providers.stripe._reading import (
    ATTEMPT,
    Unreadable,
    charge_ref,
    currency,
    instant,
    minor,
    nested,
    our_id,
    ref,
    rows,
    text,
    whole,
)
from tallystick.gateways.providers.stripe._transport import Api, Json, KeyClash, Refused, Silence

_PAGE = 50
_PAYOUT_AFTER = timedelta(days=14)
_KINDS: Mapping[str, str] = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_refund_failure": "refund_failure",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "network_cost": "fee",
    "tax_fee": "fee",
    "application_fee": "fee",
}
_OF_PAYOUTS = frozenset({"payout", "payout_cancel", "payout_failure"})
_PAYOUT_STATES: Mapping[str, str] = {
    "pending": "in_transit",
    "in_transit": "in_transit",
    "paid": "paid",
    "failed": "failed",
    "canceled": "failed",
}


def list_charges(api: Api, *, since: datetime, cursor: str) -> ChargePage:
    """A page of charges that moved money since an instant, oldest first. Raises NoAnswer."""
    try:
        lines, following = _lines(api, since, cursor)
        touched: dict[str, str] = {}
        for line in lines:
            charge_id = _charge_id(line)
            if charge_id:
                touched[charge_id] = line["type"]
        return ChargePage(tuple(_listed(api, each) for each in touched), following)
    except (Silence, KeyClash, Refused, Unreadable) as error:
        raise NoAnswer from error


def list_settlements(api: Api, *, since: datetime, cursor: str) -> SettlementPage:
    """A page of movements since an instant, oldest first; the payouts come with the last one. Raises NoAnswer."""
    try:
        lines, following = _lines(api, since, cursor)
        moved = [each for each in lines if text(each, "type") not in _OF_PAYOUTS]
        payout_of = _payouts_of(api, moved)
        read = tuple(_read_line(each, payout_of.get(text(each, "id"), "")) for each in moved)
        return SettlementPage(read, () if following else _payouts(api, since), following)
    except (Silence, KeyClash, Refused, Unreadable) as error:
        raise NoAnswer from error


def balances(api: Api) -> dict[str, int]:
    """What Stripe holds, available or pending, by currency. Raises NoAnswer."""
    try:
        answer = api.ask(lambda client: client.v1.balance.retrieve())
        held: Counter[str] = Counter()
        for name in ("available", "pending"):
            for each in rows({"data": answer.get(name)}):
                held[currency(each)] += minor(each, "amount")
        return dict(held)
    except (Silence, KeyClash, Refused, Unreadable) as error:
        raise NoAnswer from error


def _lines(api: Api, since: datetime, cursor: str) -> tuple[list[Json], str]:
    """The page of movements after a cursor, oldest first, and the cursor after it."""
    anchor = cursor or _last_before(api, since)
    if not anchor:
        return _first_ever(api, since)
    wanted: BalanceTransactionListParams = {"ending_before": anchor, "limit": _PAGE, "expand": ["data.source"]}
    answer = api.ask(lambda client: client.v1.balance_transactions.list(wanted))
    found = rows(answer)[::-1]
    return [*found], text(found[-1], "id") if found and answer.get("has_more") else ""


def _last_before(api: Api, since: datetime) -> str:
    """The newest movement before an instant; empty when there is none."""
    wanted: BalanceTransactionListParams = {"created": {"lt": int(since.timestamp())}, "limit": 1}
    found = rows(api.ask(lambda client: client.v1.balance_transactions.list(wanted)))
    return text(found[0], "id") if found else ""


def _first_ever(api: Api, since: datetime) -> tuple[list[Json], str]:
    """The oldest movements of an account that had none before the instant."""

    def page(client: stripe.StripeClient, after: str) -> stripe.StripeObject:
        wanted: BalanceTransactionListParams = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        if after:
            wanted["starting_after"] = after
        return client.v1.balance_transactions.list(wanted)

    every = [text(each, "id") for each in walk(api, page)]
    if not every:
        return [], ""
    oldest = every[-1]
    answer = api.ask(lambda client: client.v1.balance_transactions.retrieve(oldest, {"expand": ["source"]}))
    return [answer], oldest if len(every) > 1 else ""


def _charge_id(line: Json) -> str:
    """The charge behind a movement: itself, or what was refunded or disputed; empty for anything else."""
    source = nested(line, "source") or {}
    if source.get("object") == "charge":
        return text(source, "id")
    return ref(source, "charge") if source.get("object") in {"refund", "dispute"} else ""


def _listed(api: Api, charge_id: str) -> Listed:
    charge = api.ask(lambda client: client.v1.charges.retrieve(charge_id))
    intent = ref(charge, "payment_intent")
    is_touched = whole(charge, "amount_refunded") > 0 or charge.get("disputed") is True
    refunds = refunds_of(api, intent) if intent else []
    disputes = disputes_of(api, intent) if intent and is_touched else []
    attempt_id: UUID | None = our_id(charge, ATTEMPT)
    return Listed(attempt_id, read_charge(charge, refunds, disputes))


def _read_line(line: Json, payout_ref: str) -> SettlementLine:
    source = nested(line, "source") or {}
    what = source.get("object")
    amount = minor(line, "amount")
    kind = _KINDS.get(text(line, "type"), "adjustment")
    if kind == "adjustment" and what == "dispute":
        kind = "dispute" if amount < 0 else "dispute_reversal"
    payment = ref(source, "payment_intent") if what in {"charge", "refund", "dispute"} else ""
    return SettlementLine(
        ref=text(line, "id"),
        kind=kind,
        amount_minor=amount,
        fee_minor=minor(line, "fee"),
        currency=currency(line),
        at=instant(line, "created"),
        source_ref=charge_ref(source) if what == "charge" else ref(line, "source"),
        charge_ref=payment or (ref(source, "charge") if what in {"refund", "dispute"} else ""),
        payout_ref=payout_ref,
    )


def _payouts_of(api: Api, lines: list[Json]) -> dict[str, str]:
    """Which payout each of these movements went into, as far as Stripe knows: only its automatic payouts say."""
    if not lines:
        return {}
    first, last = whole(lines[0], "created"), whole(lines[-1], "created")
    made = {"gte": first, "lte": last + int(_PAYOUT_AFTER.total_seconds())}
    found: dict[str, str] = {}
    for payout in _walk_payouts(api, made["gte"], made["lte"]):
        if payout.get("automatic") is not True:
            continue
        payout_ref = text(payout, "id")

        def page(client: stripe.StripeClient, after: str, named: str = payout_ref) -> stripe.StripeObject:
            wanted: BalanceTransactionListParams = {
                "payout": named,
                "created": {"gte": first, "lte": last},
                "limit": 100,
            }
            if after:
                wanted["starting_after"] = after
            return client.v1.balance_transactions.list(wanted)

        found.update({text(each, "id"): payout_ref for each in walk(api, page)})
    return found


def _payouts(api: Api, since: datetime) -> tuple[Payout, ...]:
    """Payouts since the instant, oldest first, and those of two weeks before it that may have arrived or failed since."""
    start = int((since - _PAYOUT_AFTER).timestamp())
    return tuple(_read_payout(each) for each in [*_walk_payouts(api, start, None)][::-1])


def _walk_payouts(api: Api, start: int, end: int | None) -> list[Json]:
    def page(client: stripe.StripeClient, after: str) -> stripe.StripeObject:
        wanted: PayoutListParams = {"created": {"gte": start}, "limit": 100}
        if end is not None:
            wanted["created"] = {"gte": start, "lte": end}
        if after:
            wanted["starting_after"] = after
        return client.v1.payouts.list(wanted)

    return [*walk(api, page)]


def _read_payout(payout: Json) -> Payout:
    state = _PAYOUT_STATES.get(text(payout, "status"))
    if state is None:
        raise Unreadable("unknown payout status")
    return Payout(
        ref=text(payout, "id"),
        amount_minor=minor(payout, "amount"),
        currency=currency(payout),
        state=state,
        arrives_on=instant(payout, "arrival_date").astimezone(UTC).date(),
    )
