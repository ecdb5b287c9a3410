"""Mollie on the stage: our adapter, and a Mollie of our own behind a real socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from tallystick.base.ids import new_id
from tallystick.gateways.port import Report
from tallystick.gateways.providers.mollie.gateway import MollieGateway
from tests.conformance.stage import PATIENT_S, Delivery, Stage, TrueCharge, TrueDispute, TrueRefund, Truth, patience
from tests.fakes.mollie.books import DEBIT_LIFE, REFUND_LIFE, Payment, new_ref
from tests.fakes.mollie.fake import FakeMollie

WEBHOOK_URL = "https://billing.example/hooks/mollie/1"
"""Mollie is told it with each payment, so the gateway has it from the start."""
_REFUND_STATES = {"pending": "processing", "refunded": "succeeded", "failed": "failed", "canceled": "failed"}
_REASONS = {
    "declined": "card_declined",
    "insufficient": "insufficient_funds",
    "challenge_refused": "authentication_failed",
}


class MollieStage:
    """One Mollie profile."""

    name = "mollie"
    currencies = frozenset({"EUR", "USD", "GBP", "JPY", "ISK"})
    unsupported = frozenset({"forged", "stale", "payout"})
    """Webhooks aren't signed, and an API key sees no payouts."""
    settles_after_s = max(DEBIT_LIFE, REFUND_LIFE).total_seconds() + 1

    def __init__(self) -> None:
        self.fake = FakeMollie()
        self.fake.start()
        self.gateway = MollieGateway(
            api_key=self.fake.api_key, api_url=self.fake.url, webhook_url=WEBHOOK_URL, timeout_s=PATIENT_S
        )

    def pay(self, report: Report, outcome: str, *, later: str = "good", method: str = "creditcard") -> None:
        """Be the payer on the page; `method` may be ideal, which makes a mandate for SEPA debits."""
        with self.fake.lock:
            now = self.now()
            self.fake.books.tick(now)
            payment = self.fake.books.payments[str(report.ref)]
            assert payment.status == "open", f"the page of a payment that is {payment.status}"
            if outcome == "abandoned":
                return
            payment.later, payment.method = later, method
            payment.details = {"consumerAccount": "NL55INGB0000000000"} if method == "ideal" else _CARD.copy()
            if fault := self.fake.faults.take({"other_amount"}, "open_session"):
                payment.minor = int(str(fault.params["amount_minor"]))
            if outcome.startswith("delayed"):
                payment.method, payment.details = "banktransfer", {}
                self.fake.books.wait(payment, "paid" if outcome == "delayed_success" else "failed", now)
            elif outcome in _REASONS:
                payment.details["failureReason"] = _REASONS[outcome]
                self.fake.books.settle(payment, "failed", now)
            else:
                self.fake.books.settle(payment, "paid", now)

    def fault(self, kind: str, operation: str | None = None, times: int = 1, **params: object) -> None:
        """See `Stage.fault`."""
        self.gateway = replace(self.gateway, timeout_s=patience(kind))
        self.fake.faults.arm(kind, operation, times, **params)

    def clear_faults(self) -> None:
        """See `Stage.clear_faults`."""
        self.fake.faults.clear()

    def dispute(self, charge_ref: str, outcome: str = "opened") -> None:
        """Mollie hears of a dispute when it is over: a chargeback is lost at once, and won when it is reversed."""
        with self.fake.lock:
            books = self.fake.books
            made = [each for each in books.chargebacks.values() if each.payment == charge_ref]
            if not made:
                books.charge_back(books.payments[charge_ref], self.now())
            if outcome == "won":
                latest = [each for each in books.chargebacks.values() if each.payment == charge_ref][-1]
                latest.reversed_at = self.now()
                books.news.append(charge_ref)

    def dashboard_refund(self, charge_ref: str, amount_minor: int) -> None:
        """See `Stage.dashboard_refund`."""
        with self.fake.lock:
            books = self.fake.books
            assert books.refund(books.payments[charge_ref], amount_minor, None, self.now())
            books.news.append(charge_ref)

    def make_charges(self, count: int) -> None:
        """Many payments by card; see `tests.conformance.stage`."""
        with self.fake.lock:
            for number in range(count):
                at = self.now() - timedelta(seconds=5 * (count - number))
                asked = {"description": "Invoice", "metadata": {"attempt_id": str(new_id())}}
                made = Payment(new_ref("tr"), asked, 1_000, "EUR", at, method="creditcard", details=_CARD.copy())
                self.fake.books.payments[made.id] = made
                self.fake.books.settle(made, "paid", at)

    def payout(self) -> None:
        """An API key sees no payouts."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        """See `Stage.advance`."""
        self.fake.clock.advance(seconds)
        with self.fake.lock:
            self.fake.books.tick(self.now())

    def now(self) -> datetime:
        """See `Stage.now`."""
        return self.fake.clock.now()

    def webhooks(self, manner: str = "plain") -> list[Delivery]:
        """See `Stage.webhooks`."""
        with self.fake.lock:
            news, self.fake.books.news = self.fake.books.news, []
        late = timedelta(hours=1) if manner == "delayed" else timedelta()
        made = [
            self._deliver(urlencode({"id": ref}).encode(), late + timedelta(seconds=at)) for at, ref in enumerate(news)
        ]
        if manner == "duplicated":
            made = [copy for each in made for copy in (each, each)]
        if manner == "malformed":
            made = [replace(each, body=b'{"id":') for each in made]
        return made[::-1] if manner == "reordered" else made

    def truth(self) -> Truth:
        """See `Stage.truth`."""
        with self.fake.lock:
            books = self.fake.books
            books.tick(self.now())
            paid = [each for each in books.payments.values() if each.status == "paid" and each.minor]
            balance: Counter[str] = Counter()
            for each in paid:
                balance[each.currency] += each.minor - books.refunded(each)
            return Truth(
                opened=tuple(_attempt(each) for each in books.payments.values() if each.sequence != "recurring"),
                charges=tuple(TrueCharge(each.id, _attempt(each), each.minor, each.currency) for each in paid),
                refunds=tuple(
                    TrueRefund(
                        each.id,
                        each.payment,
                        UUID(each.metadata["refund_id"]) if each.metadata else None,
                        each.minor,
                        _REFUND_STATES[each.status],
                    )
                    for each in books.refunds.values()
                ),
                disputes=tuple(
                    TrueDispute(each.id, each.payment, each.minor, "won" if each.reversed_at else "lost")
                    for each in books.chargebacks.values()
                ),
                balance=balance,
            )

    def complaints(self) -> list[str]:
        """See `Stage.complaints`."""
        return list(self.fake.complaints)

    def with_bad_key(self) -> MollieGateway:
        """See `Stage.with_bad_key`."""
        return replace(self.gateway, api_key="test_" + "0" * 32)

    def close(self) -> None:
        """See `Stage.close`."""
        self.fake.stop()

    def _deliver(self, body: bytes, late: timedelta) -> Delivery:
        return Delivery(body, {"Content-Type": "application/x-www-form-urlencoded"}, self.now() + late)


_CARD: dict[str, object] = {"cardNumber": "6787", "cardLabel": "Visa", "cardHolder": "J. Doe"}


def _attempt(payment: Payment) -> UUID:
    return UUID(payment.metadata["attempt_id"])


@contextmanager
def open_stages() -> Iterator[Callable[[], Stage]]:
    """Stages with a fresh profile each."""
    yield MollieStage
