"""What the fake GoCardless knows: requests, mandates, payments, refunds and payouts, and how the days move them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

SUBMITTED_AFTER = timedelta(days=1)
CONFIRMED_AFTER = timedelta(days=4)
REFUNDED_AFTER = timedelta(days=3)
ARRIVES_AFTER = timedelta(days=2)
FEE = Decimal("20.5")
"""For each payment, in minor units: GoCardless counts in tenths of them."""
LATER_CAUSES = {
    "insufficient": "insufficient_funds",
    "expired": "bank_account_closed",
    "stolen": "authorisation_disputed",
    "needs_authentication": "direct_debit_not_enabled",
    "declined": "refer_to_payer",
}
"""Why the bank sends a debit back."""


def new_ref(prefix: str) -> str:
    """A name in GoCardless' manner."""
    return prefix + secrets.token_hex(7).upper()


@dataclass
class Request:
    """A billing request. `asked` is what it was made of."""

    id: str
    asked: dict[str, object]
    created_at: datetime
    status: str = "pending"
    links: dict[str, str] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, str]:
        """What we told about it."""
        value = self.asked.get("metadata")
        return value if isinstance(value, dict) else {}


@dataclass
class Mandate:
    """The right to debit an account. `later` says what becomes of that."""

    id: str
    customer: str
    account: str
    scheme: str
    later: str
    created_at: datetime
    status: str = "pending_submission"


@dataclass
class Payment:
    """One payment; `cause` is why its bank will send it back, empty when it won't."""

    id: str
    minor: int
    currency: str
    scheme: str
    metadata: dict[str, str]
    mandate: str
    created_at: datetime
    cause: str
    status: str = "pending_submission"
    payout: str = ""


@dataclass
class Refund:
    """One refund of a payment."""

    id: str
    payment: str
    minor: int
    currency: str
    metadata: dict[str, str]
    created_at: datetime
    status: str = "created"


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    id: str
    at: datetime
    resource: str
    action: str
    links: dict[str, str]
    details: dict[str, object]
    metadata: dict[str, str]


@dataclass(frozen=True)
class Item:
    """A movement that a payout will pay."""

    kind: str
    amount: Decimal
    currency: str
    links: dict[str, str]


@dataclass
class Payout:
    """One payout and its items."""

    id: str
    minor: int
    fees: Decimal
    currency: str
    created_at: datetime
    items: list[Item]
    status: str = "pending"


@dataclass
class Books:
    """Everything of one account, newest last."""

    requests: dict[str, Request] = field(default_factory=dict)
    mandates: dict[str, Mandate] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    news: list[Event] = field(default_factory=list)
    """Events that no webhook has told yet."""
    unpaid: list[Item] = field(default_factory=list)
    """Movements that no payout has paid yet."""

    def tick(self, now: datetime) -> None:
        """Let happen what is due."""
        for payment in self.payments.values():
            if payment.status == "pending_submission" and payment.created_at + SUBMITTED_AFTER <= now:
                self.move(payment, "submitted", payment.created_at + SUBMITTED_AFTER)
            if payment.status == "submitted" and payment.created_at + CONFIRMED_AFTER <= now:
                at = payment.created_at + CONFIRMED_AFTER
                if payment.cause:
                    self.move(payment, "failed", at, cause=payment.cause)
                else:
                    self.confirm(payment, at)
        for refund in self.refunds.values():
            if refund.status == "created" and refund.created_at + REFUNDED_AFTER <= now:
                refund.status = "paid"
                self.tell_refund(refund, "paid", refund.created_at + REFUNDED_AFTER)
        for payout in self.payouts.values():
            if payout.status == "pending" and payout.created_at + ARRIVES_AFTER <= now:
                payout.status = "paid"
                self.tell(payout.created_at + ARRIVES_AFTER, "payouts", "paid", {"payout": payout.id})

    def fulfil(self, request: Request, *, cause: str, later: str, minor: int | None, now: datetime) -> None:
        """The payer is through with the page."""
        wanted, mandate = request.asked.get("payment_request"), request.asked.get("mandate_request")
        request.status = "fulfilled"
        request.links["customer"] = request.links.get("customer") or new_ref("CU")
        if isinstance(mandate, dict):
            made = Mandate(new_ref("MD"), request.links["customer"], new_ref("BA"), str(mandate["scheme"]), later, now)
            self.mandates[made.id] = made
            request.links["mandate_request_mandate"] = made.id
            self.tell(now, "mandates", "created", {"mandate": made.id})
        self.tell(now, "billing_requests", "fulfilled", {"billing_request": request.id}, metadata=request.metadata)
        if isinstance(wanted, dict):
            scheme = "bacs" if wanted["currency"] == "GBP" else "sepa_core"
            amount = minor if minor is not None else int(wanted["amount"])
            metadata = dict(wanted.get("metadata") or {})
            paid = Payment(new_ref("PM"), amount, str(wanted["currency"]), scheme, metadata, "", now, cause)
            self.add(paid)
            request.links["payment_request_payment"] = paid.id

    def add(self, payment: Payment) -> None:
        """A new payment."""
        self.payments[payment.id] = payment
        self.move(payment, "pending_submission", payment.created_at, action="created")

    def move(self, payment: Payment, status: str, at: datetime, *, action: str = "", cause: str = "") -> None:
        """A payment moved; its event tells."""
        payment.status = status
        details: dict[str, object] = {"origin": "gocardless", "cause": action or status, "description": status}
        if cause:
            details = {"origin": "bank", "cause": cause, "description": f"The bank says: {cause}.", "reason_code": "X"}
        self.tell(at, "payments", action or status, {"payment": payment.id}, details, payment.metadata)

    def confirm(self, payment: Payment, at: datetime) -> None:
        """The bank paid."""
        self.move(payment, "confirmed", at)
        self._owe("payment_paid_out", payment.minor, payment)
        self.unpaid.append(Item("gocardless_fee", -FEE, payment.currency, {"payment": payment.id}))

    def fail_late(self, payment: Payment, now: datetime) -> None:
        """The bank takes back what it had confirmed."""
        self.move(payment, "failed", now, cause="refer_to_payer")
        self._owe("payment_failed", -payment.minor, payment)

    def charge_back(self, payment: Payment, now: datetime) -> None:
        """The payer's bank takes it back."""
        self.move(payment, "charged_back", now, cause="refund_requested")
        self._owe("payment_charged_back", -payment.minor, payment)

    def cancel_chargeback(self, payment: Payment, now: datetime) -> None:
        """And gives it again."""
        self.move(payment, "paid_out" if payment.payout else "confirmed", now, action="chargeback_cancelled")
        self._owe("payment_paid_out", payment.minor, payment)

    def refund(self, payment: Payment, minor: int, metadata: dict[str, str], now: datetime) -> Refund:
        """Give back."""
        made = Refund(new_ref("RF"), payment.id, minor, payment.currency, metadata, now)
        self.refunds[made.id] = made
        links = {"payment": payment.id, "refund": made.id}
        self.unpaid.append(Item("refund", Decimal(-minor), payment.currency, links))
        self.tell_refund(made, "created", now)
        return made

    def refunded(self, payment: Payment) -> int:
        """What was given back of a payment."""
        given = [each for each in self.refunds.values() if each.payment == payment.id]
        return sum(each.minor for each in given if each.status not in {"cancelled", "bounced", "funds_returned"})

    def pay_out(self, now: datetime) -> None:
        """Pay the whole balance of each currency, to the whole minor unit."""
        for currency in {each.currency for each in self.unpaid}:
            items = [each for each in self.unpaid if each.currency == currency]
            self.unpaid = [each for each in self.unpaid if each.currency != currency]
            minor = int(sum(each.amount for each in items).to_integral_value())
            fees = -sum((each.amount for each in items if each.kind == "gocardless_fee"), Decimal())
            payout = Payout(new_ref("PO"), minor, fees, currency, now, items)
            self.payouts[payout.id] = payout
            for item in items:
                payment = self.payments[item.links["payment"]]
                if item.kind == "payment_paid_out" and payment.status == "confirmed":
                    payment.payout = payout.id
                    self.move(payment, "paid_out", now)

    def held(self) -> dict[str, int]:
        """Confirmed and not paid out, before fees."""
        sums: dict[str, Decimal] = {}
        for each in self.unpaid:
            if each.kind != "gocardless_fee":
                sums[each.currency] = sums.get(each.currency, Decimal()) + each.amount
        return {currency: int(value) for currency, value in sums.items()}

    def tell_refund(self, refund: Refund, action: str, at: datetime) -> None:
        """A refund moved."""
        self.tell(at, "refunds", action, {"refund": refund.id, "payment": refund.payment}, metadata=refund.metadata)

    def tell(
        self,
        at: datetime,
        resource: str,
        action: str,
        links: dict[str, str],
        details: dict[str, object] | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        """Write an event down."""
        event = Event(f"EV{len(self.events):08d}", at, resource, action, links, details or {}, metadata or {})
        self.events.append(event)
        self.news.append(event)

    def _owe(self, kind: str, minor: int, payment: Payment) -> None:
        self.unpaid.append(Item(kind, Decimal(minor), payment.currency, {"payment": payment.id}))
