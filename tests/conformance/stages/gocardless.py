"""GoCardless on the stage: our adapter, and a GoCardless of our own behind a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from tallystick.base.ids import new_id
from tallystick.gateways.port import Report
from tallystick.gateways.providers.gocardless.gateway import GoCardlessGateway
from tests.conformance.stage import PATIENT_S, Delivery, Stage, TrueCharge, TrueDispute, TrueRefund, Truth, patience
from tests.fakes.gocardless import shown
from tests.fakes.gocardless.books import CONFIRMED_AFTER, REFUNDED_AFTER, Event, Payment, new_ref
from tests.fakes.gocardless.fake import FakeGoCardless

_REFUND_STATES = {"created": "processing", "paid": "succeeded", "funds_returned": "failed"}
_CAUSES = {"declined": "refer_to_payer", "insufficient": "insufficient_funds", "delayed_failure": "insufficient_funds"}


class GoCardlessStage:
    """One GoCardless account."""

    name = "gocardless"
    currencies = frozenset({"EUR", "GBP"})
    unsupported = frozenset(
        {"challenge_approved", "challenge_refused", "needs_authentication", "abandoned", "key_expired", "stale"}
    )
    """A debit asks nobody for a second factor, a billing request stays open until somebody cancels it, keys last for
    ever, and no time is signed."""
    settles_after_s = max(CONFIRMED_AFTER, REFUNDED_AFTER).total_seconds() + 1

    def __init__(self) -> None:
        self.fake = FakeGoCardless()
        self.fake.start()
        self.gateway = GoCardlessGateway(
            self.fake.access_token, (self.fake.webhook_secret,), api_url=self.fake.url, timeout_s=PATIENT_S
        )

    def pay(self, report: Report, outcome: str, *, later: str = "good") -> None:
        """Be the payer on the page. What the bank thinks of it is known days later."""
        assert outcome in {"good", "delayed_success", *_CAUSES}, outcome
        with self.fake.lock:
            request = self.fake.books.requests[str(report.ref)]
            assert request.status == "pending", f"the page of a request that is {request.status}"
            fault = self.fake.faults.take({"other_amount"}, "open_session")
            minor = int(str(fault.params["amount_minor"])) if fault else None
            cause = _CAUSES.get(outcome, "")
            self.fake.books.fulfil(request, cause=cause, later=later, minor=minor, now=self.now())

    def fault(self, kind: str, operation: str | None = None, times: int = 1, **params: object) -> None:
        """See `Stage.fault`."""
        self.gateway = replace(self.gateway, timeout_s=patience(kind))
        self.fake.faults.arm(kind, operation, times, **params)

    def clear_faults(self) -> None:
        """See `Stage.clear_faults`."""
        self.fake.faults.clear()

    def dispute(self, charge_ref: str, outcome: str = "opened") -> None:
        """A chargeback takes the money at once: it is lost, and won when the bank cancels it."""
        with self.fake.lock:
            payment = self.fake.books.payments[charge_ref]
            if payment.status != "charged_back":
                self.fake.books.charge_back(payment, self.now())
            if outcome == "won":
                self.fake.books.cancel_chargeback(payment, self.now() + timedelta(seconds=1))

    def fail_late(self, charge_ref: str) -> None:
        """The bank takes back a payment that it had confirmed."""
        with self.fake.lock:
            self.fake.books.fail_late(self.fake.books.payments[charge_ref], self.now())

    def dashboard_refund(self, charge_ref: str, amount_minor: int) -> None:
        """See `Stage.dashboard_refund`."""
        with self.fake.lock:
            self.fake.books.refund(self.fake.books.payments[charge_ref], amount_minor, {}, self.now())

    def make_charges(self, count: int) -> None:
        """Many debits that the bank has paid; see `tests.conformance.stage`."""
        with self.fake.lock:
            for number in range(count):
                at = self.now() - timedelta(seconds=5 * (count - number))
                metadata = {"attempt_id": str(new_id())}
                made = Payment(new_ref("PM"), 1_000, "EUR", "sepa_core", metadata, "", at, "")
                self.fake.books.add(made)
                self.fake.books.confirm(made, at)

    def payout(self) -> None:
        """See `Stage.payout`."""
        with self.fake.lock:
            self.fake.books.pay_out(self.now())

    def advance(self, seconds: float) -> None:
        """See `Stage.advance`."""
        self.fake.clock.advance(seconds)
        with self.fake.lock:
            self.fake.books.tick(self.now())

    def now(self) -> datetime:
        """See `Stage.now`."""
        return self.fake.clock.now()

    def webhooks(self, manner: str = "plain") -> list[Delivery]:
        """See `Stage.webhooks`. One event in each; `batch` makes one webhook of all."""
        with self.fake.lock:
            news, self.fake.books.news = self.fake.books.news, []
        bodies = [_body([each]) for each in news] if manner != "batch" else [_body(news)]
        if manner == "malformed":
            bodies = [each[:-2] for each in bodies]
        late = timedelta(hours=1) if manner == "delayed" else timedelta()
        secret = "somebody-elses-secret" if manner == "forged" else ""
        made = [Delivery(each, self.fake.sign(each, secret), self.now() + late) for each in bodies]
        if manner == "duplicated":
            made = [copy for each in made for copy in (each, each)]
        return made[::-1] if manner == "reordered" else made

    def truth(self) -> Truth:
        """See `Stage.truth`."""
        with self.fake.lock:
            books = self.fake.books
            books.tick(self.now())
            taken = {each.links["payment"] for each in books.events if each.action == "confirmed"}
            paid = [each for each in books.payments.values() if each.id in taken]
            return Truth(
                opened=tuple(UUID(each.metadata["attempt_id"]) for each in books.requests.values()),
                charges=tuple(
                    TrueCharge(each.id, UUID(each.metadata["attempt_id"]), each.minor, each.currency) for each in paid
                ),
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
                disputes=self._disputes(),
                balance=books.held(),
            )

    def complaints(self) -> list[str]:
        """See `Stage.complaints`."""
        return list(self.fake.complaints)

    def with_bad_key(self) -> GoCardlessGateway:
        """See `Stage.with_bad_key`."""
        return replace(self.gateway, access_token="sandbox_" + "0" * 32)

    def close(self) -> None:
        """See `Stage.close`."""
        self.fake.stop()

    def _disputes(self) -> tuple[TrueDispute, ...]:
        books = self.fake.books
        won = {each.links["payment"] for each in books.events if each.action == "chargeback_cancelled"}
        return tuple(
            TrueDispute(each.id, ref, books.payments[ref].minor, "won" if ref in won else "lost")
            for each in books.events
            for ref in [each.links.get("payment", "")]
            if each.action == "charged_back"
        )


def _body(events: list[Event]) -> bytes:
    return json.dumps({"events": [shown.event(each) for each in events], "meta": {"webhook_id": "WB123"}}).encode()


@contextmanager
def open_stages() -> Iterator[Callable[[], Stage]]:
    """Stages with a fresh account each."""
    yield GoCardlessStage
