"""What the fake Mollie knows: payments, refunds, chargebacks, customers and mandates, and how time moves them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from tests.fakes.mollie.contract import NO_DECIMALS

PAGE_LIFE = timedelta(minutes=30)
DEBIT_LIFE = timedelta(days=3)
REFUND_LIFE = timedelta(days=1)
LATER_REASONS = {
    "insufficient": ("insufficient_funds", "AM04"),
    "expired": ("card_expired", "AC04"),
    "stolen": ("possible_fraud", "MD07"),
    "needs_authentication": ("authentication_required", "MD01"),
}
"""Why a later charge fails: on a card, and on a bank account."""


def new_ref(prefix: str) -> str:
    """A name in Mollie's manner."""
    return f"{prefix}_{secrets.token_hex(6)}"


def amount(minor: int, currency: str) -> dict[str, str]:
    """An amount in Mollie's manner."""
    digits = 0 if currency in NO_DECIMALS else 2
    return {"currency": currency, "value": f"{Decimal(minor).scaleb(-digits):.{digits}f}"}


def minor_of(value: dict[str, str]) -> int:
    """An amount in minor units."""
    return int(Decimal(value["value"]).scaleb(0 if value["currency"] in NO_DECIMALS else 2))


@dataclass
class Payment:
    """One payment. `due_at` is when `due` (a status) comes by itself."""

    id: str
    asked: dict[str, object]
    minor: int
    currency: str
    created_at: datetime
    status: str = "open"
    method: str | None = None
    details: dict[str, object] = field(default_factory=dict)
    paid_at: datetime | None = None
    expires_at: datetime | None = None
    due_at: datetime | None = None
    due: str = ""
    later: str = "good"
    mandate: str | None = None

    @property
    def sequence(self) -> str:
        """oneoff, first or recurring."""
        return str(self.asked.get("sequenceType", "oneoff"))

    @property
    def metadata(self) -> dict[str, str]:
        """What we told about it."""
        value = self.asked.get("metadata")
        return value if isinstance(value, dict) else {}


@dataclass
class Refund:
    """One refund of a payment."""

    id: str
    payment: str
    minor: int
    currency: str
    created_at: datetime
    due_at: datetime
    metadata: dict[str, str] | None
    status: str = "pending"


@dataclass
class Chargeback:
    """The bank took a payment back; perhaps it gave it again."""

    id: str
    payment: str
    minor: int
    currency: str
    created_at: datetime
    reversed_at: datetime | None = None


@dataclass
class Mandate:
    """The right to charge a customer again. `later` says what becomes of that."""

    id: str
    customer: str
    method: str
    details: dict[str, object]
    later: str
    created_at: datetime


@dataclass
class Books:
    """Everything of one profile, newest last."""

    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    chargebacks: dict[str, Chargeback] = field(default_factory=dict)
    customers: dict[str, dict[str, object]] = field(default_factory=dict)
    mandates: dict[str, Mandate] = field(default_factory=dict)
    news: list[str] = field(default_factory=list)
    """The payment of each webhook that is due."""

    def tick(self, now: datetime) -> None:
        """Let happen what is due."""
        for payment in self.payments.values():
            if payment.status == "open" and payment.expires_at and payment.expires_at <= now:
                self._move(payment, "expired", now)
            if payment.due_at and payment.due_at <= now and payment.status == "pending":
                self._move(payment, payment.due, payment.due_at)
        for refund in self.refunds.values():
            if refund.status == "pending" and refund.due_at <= now:
                refund.status = "refunded"
                self.news.append(refund.payment)

    def settle(self, payment: Payment, status: str, now: datetime) -> None:
        """A payer or a bank decided."""
        self._move(payment, status, now)

    def wait(self, payment: Payment, due: str, now: datetime) -> None:
        """A bank will decide."""
        payment.status, payment.due, payment.due_at = "pending", due, now + DEBIT_LIFE
        self.news.append(payment.id)

    def recur(self, payment: Payment, mandate: Mandate, now: datetime) -> None:
        """Charge a mandate: a card at once, a bank account after days."""
        payment.method, payment.mandate = mandate.method, mandate.id
        payment.details = dict(mandate.details)
        reasons = LATER_REASONS.get(mandate.later)
        if mandate.method == "directdebit":
            if reasons:
                payment.details["bankReasonCode"] = reasons[1]
            self.wait(payment, "failed" if reasons else "paid", now)
            return
        if reasons:
            payment.details["failureReason"] = reasons[0]
        self._move(payment, "failed" if reasons else "paid", now)

    def refund(self, payment: Payment, minor: int, metadata: dict[str, str] | None, now: datetime) -> Refund | None:
        """Give back; None when it is more than remains."""
        if payment.status != "paid" or not 0 < minor <= self.remaining(payment):
            return None
        made = Refund(new_ref("re"), payment.id, minor, payment.currency, now, now + REFUND_LIFE, metadata)
        self.refunds[made.id] = made
        return made

    def refunded(self, payment: Payment) -> int:
        """What was given back of a payment."""
        given = [each for each in self.refunds.values() if each.payment == payment.id]
        return sum(each.minor for each in given if each.status not in {"failed", "canceled"})

    def remaining(self, payment: Payment) -> int:
        """What may still be given back: chargebacks count too, until they are reversed."""
        back = [each for each in self.chargebacks.values() if each.payment == payment.id and not each.reversed_at]
        return max(0, payment.minor - self.refunded(payment) - sum(each.minor for each in back))

    def charge_back(self, payment: Payment, now: datetime) -> None:
        """The bank takes it back."""
        made = Chargeback(new_ref("chb"), payment.id, payment.minor, payment.currency, now)
        self.chargebacks[made.id] = made
        self.news.append(payment.id)

    def _move(self, payment: Payment, status: str, now: datetime) -> None:
        payment.status = status
        if status == "paid":
            payment.paid_at = now
            if payment.sequence == "first":
                self._keep(payment, now)
        self.news.append(payment.id)

    def _keep(self, payment: Payment, now: datetime) -> None:
        """A paid first payment makes a mandate: by iDEAL for the bank account behind it, else for the card."""
        customer = str(payment.asked["customerId"])
        is_bank = payment.method == "ideal"
        details: dict[str, object] = (
            {"consumerName": "J. Doe", "consumerAccount": "NL55INGB0000000000", "consumerBic": "INGBNL2A"}
            if is_bank
            else {"cardHolder": "J. Doe", "cardNumber": "6787", "cardLabel": "Visa", "cardExpiryDate": "2031-12-31"}
        )
        method = "directdebit" if is_bank else "creditcard"
        made = Mandate(new_ref("mdt"), customer, method, details, payment.later, now)
        self.mandates[made.id] = made
        payment.mandate = made.id
