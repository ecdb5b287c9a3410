"""Booking what a gateway lists of its own balance: fees, adjustments, currencies it changed, and payouts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tallystick.base import clock, direct
from tallystick.base.ids import new_id
from tallystick.core import postings
from tallystick.core.postings import Posting
from tallystick.gateways import port
from tallystick.ledger.post import Entry, post_entries
from tallystick.payments.models import Dispute, GatewayAccount, Payment, Payout, Refund, SettlementLine
from tallystick.sellers.queries import seller

_OF_A_PAYMENT = frozenset({"charge", "refund", "refund_failure", "dispute", "dispute_reversal"})


def news_in(account: GatewayAccount, lines: Sequence[port.SettlementLine]) -> list[port.SettlementLine]:
    """Leave out the movements that are kept, with their payment and in the same payout. One query, inside `tenant.tx`."""
    kept = SettlementLine.objects.filter(gateway_account_id=account.id, gateway_ref__in=[line.ref for line in lines])
    known = {
        ref: payout_ref
        for ref, payout_ref, payment_id, kind in kept.values_list("gateway_ref", "payout_ref", "payment_id", "kind")
        if payment_id or kind not in _OF_A_PAYMENT
    }
    return [line for line in lines if line.ref not in known or (line.payout_ref or known[line.ref]) != known[line.ref]]


def book_settlement_line(account: GatewayAccount, line: port.SettlementLine, *, now: datetime) -> bool:
    """Keep one movement and book what only it tells: its fee, an adjustment, a change of currency. Idempotent by its ref.

    Charges, refunds and disputes themselves are booked from the gateway's lists of those. Returns False for a movement
    that should belong to a payment, and doesn't to any we know.
    """
    payment = _payment_of(account, line)
    known = direct.find_by(SettlementLine, gateway_account_id=account.id, gateway_ref=line.ref)
    if known:
        late = payment and known.payment_id is None
        if late or (line.payout_ref and known.payout_ref != line.payout_ref):
            known.payment_id = known.payment_id or (payment.id if payment else None)
            known.payout_ref = line.payout_ref or known.payout_ref
            known.save()
        if late and payment:
            _book_exchange(account, known, payment, now)
        return line.kind not in _OF_A_PAYMENT or known.payment_id is not None
    row = SettlementLine(
        id=new_id(),
        seller_id=account.seller_id,
        gateway_account_id=account.id,
        gateway_ref=line.ref,
        kind=line.kind,
        amount_minor=line.amount_minor,
        fee_minor=line.fee_minor,
        currency=line.currency,
        at=line.at,
        source_ref=line.source_ref,
        charge_ref=line.charge_ref,
        payout_ref=line.payout_ref,
        payment_id=payment.id if payment else None,
    )
    direct.add(row)
    money = postings.clearing_account(account.code)
    if row.fee_minor:
        _post(row, "gateway.fee", row.currency, postings.gateway_fee(fee_minor=row.fee_minor, money_account=money), now)
    if row.kind not in _OF_A_PAYMENT and row.amount_minor:
        lines = (
            postings.gateway_fee(fee_minor=-row.amount_minor, money_account=money)
            if row.kind == "fee"
            else postings.gateway_adjusted(amount_minor=row.amount_minor, money_account=money)
        )
        _post(row, "gateway.adjusted", row.currency, lines, now)
    if payment:
        _book_exchange(account, row, payment, now)
    return row.kind not in _OF_A_PAYMENT or payment is not None


def _payment_of(account: GatewayAccount, line: port.SettlementLine) -> Payment | None:
    """The payment a movement is about: by its charge, its refund or its dispute."""
    for ref in filter(None, (line.charge_ref, line.source_ref)):
        if payment := direct.find_by(Payment, gateway_account_id=account.id, gateway_ref=ref):
            return payment
    for table in (Refund, Dispute):
        owner = table.objects.filter(gateway_account_id=account.id, gateway_ref=line.source_ref or "-")
        if payment_id := owner.values_list("payment_id", flat=True).first():
            return direct.find(Payment, payment_id)
    return None


def _book_exchange(account: GatewayAccount, row: SettlementLine, payment: Payment, now: datetime) -> None:
    """A charge in one currency that is settled in another leaves the one clearing account and enters the other.

    The amounts are the gateway's own on both sides; the exchange account says what its rate cost. No rate of ours.
    """
    if row.currency == payment.currency or row.kind not in _OF_A_PAYMENT:
        return
    money = postings.clearing_account(account.code)
    taken = _amount_in_own_currency(account, row, payment)
    out = postings.exchanged(amount_minor=-taken, money_account=money)
    _post(row, "gateway.exchanged_out", payment.currency, out, now)
    into = postings.exchanged(amount_minor=row.amount_minor, money_account=money)
    _post(row, "gateway.exchanged_in", row.currency, into, now)


def _amount_in_own_currency(account: GatewayAccount, row: SettlementLine, payment: Payment) -> int:
    """What the book moved for this movement, in the payment's currency: signed as it changed the clearing account."""
    if row.kind == "charge":
        return payment.amount_minor
    amount = 0
    for table in (Refund, Dispute):
        found = table.objects.filter(gateway_account_id=account.id, gateway_ref=row.source_ref or "-")
        amount = found.values_list("amount_minor", flat=True).first() or amount
    return amount if row.kind in {"refund_failure", "dispute_reversal"} else -amount


def _post(row: SettlementLine, kind: str, currency: str, lines: tuple[Posting, ...], now: datetime) -> None:
    entry = Entry(
        id=new_id(),
        kind=kind,
        source_id=row.id,
        subject_id=row.payment_id or row.gateway_account_id,
        customer_id=None,
        currency=currency,
        effective_on=clock.business_date(row.at, seller(row.seller_id).time_zone),
        postings=lines,
    )
    post_entries([entry], seller_id=row.seller_id, now=now)


def book_payout(account: GatewayAccount, told: port.Payout, *, now: datetime) -> None:
    """Keep a payout; once it left the gateway it is the bank's, and one that failed comes back. Idempotent by its ref."""
    row = Payout.objects.select_for_update().filter(gateway_account_id=account.id, gateway_ref=told.ref).first()
    if row is None:
        row = Payout(
            id=new_id(),
            seller_id=account.seller_id,
            gateway_account_id=account.id,
            gateway_ref=told.ref,
            amount_minor=told.amount_minor,
            currency=told.currency,
            state=told.state,
            arrives_on=told.arrives_on,
            seen_at=now,
        )
        direct.add(row)
        _post_payout(account, row, "payout.sent", row.amount_minor, now)
        if told.state == "failed":
            _post_payout(account, row, "payout.failed", -row.amount_minor, now)
    elif row.state != told.state:
        if told.state == "failed":
            _post_payout(account, row, "payout.failed", -row.amount_minor, now)
        row.state, row.arrives_on, row.seen_at = told.state, told.arrives_on, now
        row.save()


def _post_payout(account: GatewayAccount, row: Payout, kind: str, amount_minor: int, now: datetime) -> None:
    entry = Entry(
        id=new_id(),
        kind=kind,
        source_id=row.id,
        subject_id=row.id,
        customer_id=None,
        currency=row.currency,
        effective_on=row.arrives_on,
        postings=postings.paid_out(amount_minor=amount_minor, money_account=postings.clearing_account(account.code)),
    )
    post_entries([entry], seller_id=row.seller_id, now=now)
