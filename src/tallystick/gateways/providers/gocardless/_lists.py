"""GoCardless' lists: what it took lately, what moved and what it paid out. Its events tell what to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

from gocardless_pro import services  # type: ignore[import-untyped]

from tallystick.gateways.port import ChargePage, Listed, SettlementLine, SettlementPage
from tallystick.gateways.providers.gocardless import _answers
from tallystick.gateways.providers.gocardless._client import Answer, Api, fetch
from tallystick.gateways.providers.gocardless._movements import assign, movements, read_payout
from tallystick.gateways.providers.gocardless._sessions import history_of, payment_report, walk

CHARGES_PAGE = 25
_NEWS = frozenset({"confirmed", "failed", "charged_back", "chargeback_cancelled", "paid_out"})
"""What happens to a payment and to its money; the rest is on the way there."""


def list_charges(api: Api, *, since: datetime, cursor: str) -> ChargePage:
    """The payments that anything happened to since an instant, in the order of their first news.

    The cursor counts: what happens meanwhile comes at the end. Raises Unreadable, NoReply and TooMany.
    """
    names = _touched(api, since)
    start = int(cursor or "0")
    end = start + CHARGES_PAGE
    listed = [each for ref in names[start:end] for each in _listed(api, ref)]
    return ChargePage(tuple(listed), cursor=str(end) if end < len(names) else "")


def list_settlements(api: Api, *, since: datetime) -> SettlementPage:
    """What moved since an instant, and the payouts since then with what they paid; one page.

    What a payout paid is named again, however old, now with the payout. Fees are known once they are in a payout.
    Raises Unreadable, NoReply and TooMany.
    """
    payouts = list(walk(api, services.PayoutsService, "payouts", {"created_at[gte]": _stamp(since)}))[::-1]
    items = [list(_items(api, payout)) for payout in payouts]
    paid = [_answers.link(item, "payment") for each in items for item in each]
    lines: dict[str, SettlementLine] = {}
    for ref in dict.fromkeys([*_touched(api, since), *paid]):
        payment = fetch(partial(api.of(services.PaymentsService).get, ref)) if ref else None
        if payment is not None:
            lines |= {line.ref: line for line in movements(payment, *history_of(api, ref))}
    for payout, each in zip(payouts, items, strict=True):
        assign(lines, payout, each)
    news = [line for line in lines.values() if line.at >= since or line.payout_ref]
    return SettlementPage(
        lines=tuple(sorted(news, key=lambda line: (line.at, line.ref))),
        payouts=tuple(read_payout(each) for each in payouts),
    )


def balances(api: Api) -> Mapping[str, int]:
    """What is confirmed and in no payout yet. Raises Unreadable, NoReply and TooMany."""
    held: Counter[str] = Counter()
    for creditor in walk(api, services.CreditorsService, "creditors", {}):
        for balance in walk(api, services.BalancesService, "balances", {"creditor": _answers.text(creditor, "id")}):
            if _answers.text(balance, "balance_type") == "confirmed_funds":
                held[_answers.text(balance, "currency")] += _signed(balance)
    return dict(held)


def _touched(api: Api, since: datetime) -> list[str]:
    """The payments with news since an instant, by themselves or by a refund, in the order of the first."""
    refs: dict[str, None] = {}
    for event in reversed(list(walk(api, services.EventsService, "events", {"created_at[gte]": _stamp(since)}))):
        if event.get("resource_type") == "payments" and event.get("action") in _NEWS:
            refs[_answers.link(event, "payment")] = None
        elif event.get("resource_type") == "refunds":
            refund = fetch(partial(api.of(services.RefundsService).get, _answers.link(event, "refund")))
            refs[_answers.link(refund, "payment")] = None
    refs.pop("", None)
    return list(refs)


def _listed(api: Api, ref: str) -> list[Listed]:
    payment = fetch(partial(api.of(services.PaymentsService).get, ref))
    attempt_id = _answers.our_id(payment, "attempt_id")
    return [Listed(attempt_id, charge) for charge in payment_report(api, payment).charges]


def _items(api: Api, payout: Answer) -> Iterable[Answer]:
    return walk(api, services.PayoutItemsService, "payout_items", {"payout": _answers.text(payout, "id")})


def _signed(balance: Answer) -> int:
    value = balance.get("amount")
    if type(value) is not int:
        raise _answers.Unreadable("a balance without an amount")
    return value


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
