"""Stripe on the stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from tallystick.base.ids import new_id
from tallystick.gateways.port import Gateway, Report
from tallystick.gateways.providers.stripe._transport import connect
from tallystick.gateways.providers.stripe.gateway import StripeGateway
from tests.conformance.stage import PATIENT_S, Delivery, Stage, TrueCharge, TrueDispute, TrueRefund, Truth, patience
from tests.fakes.stripe.contract import prepare
from tests.fakes.stripe.payer import DELAY_S, act
from tests.fakes.stripe.server import KEY, SECRET, FakeStripe
from tests.fakes.wire import hmac_sha256

OLD_SECRET = "whsec_theSecretBeforeTheLastChange"
_PER_MINOR = {"isk": 100}


class StripeStage:
    """One fake Stripe, with one account."""

    name = "stripe"
    currencies = frozenset({"EUR", "USD", "JPY", "KWD", "ISK", "HUF"})
    unsupported: frozenset[str] = frozenset()
    settles_after_s = float(DELAY_S)

    def __init__(self) -> None:
        self.fake = FakeStripe()
        self.fake.start()
        self.gateway: Gateway = self._gateway(KEY, PATIENT_S)
        self._told = 0

    def _gateway(self, key: str, timeout_s: float) -> StripeGateway:
        api = connect(secret_key=key, api_url=self.fake.url, timeout_s=timeout_s)
        return StripeGateway(api, (OLD_SECRET, SECRET), now=self.now)

    def with_bad_key(self) -> Gateway:
        """An account Stripe never heard of."""
        return self._gateway("sk_test_nobodyKnowsThisKey", PATIENT_S)

    def pay(self, report: Report, outcome: str, *, later: str = "good") -> None:
        """See `Stage.pay`."""
        with self.fake.lock:
            act(self.fake, str(report.ref), outcome, later)

    def fault(self, kind: str, operation: str | None = None, times: int = 1, **params: object) -> None:
        """See `Stage.fault`."""
        self.gateway = self._gateway(KEY, patience(kind))
        self.fake.faults.arm(kind, operation, times, **params)

    def clear_faults(self) -> None:
        """See `Stage.clear_faults`."""
        self.fake.faults.clear()

    def dispute(self, charge_ref: str, outcome: str = "opened") -> None:
        """See `Stage.dispute`."""
        with self.fake.lock:
            self.fake.books.dispute(self._charge(charge_ref), outcome)

    def dashboard_refund(self, charge_ref: str, amount_minor: int) -> None:
        """See `Stage.dashboard_refund`."""
        with self.fake.lock:
            self.fake.books.refund(self._charge(charge_ref), amount_minor, {})

    def payout(self) -> None:
        """See `Stage.payout`."""
        with self.fake.lock:
            self.fake.books.pay_out()

    def make_charges(self, count: int) -> None:
        """See the top of `stage.py`."""
        with self.fake.lock:
            for _ in range(count):
                method = self.fake.books.keep_method(None, "good")
                intent = self.fake.books.make(
                    "pi",
                    "payment_intent",
                    currency="eur",
                    metadata={"tallystick_attempt": str(new_id())},
                    customer=None,
                )
                self.fake.books.take(intent, method, 1_000)
                self.fake.clock.advance(3)

    def advance(self, seconds: float) -> None:
        """See `Stage.advance`."""
        with self.fake.lock:
            self.fake.clock.advance(seconds)
            self.fake.books.catch_up()

    def now(self) -> datetime:
        """See `Stage.now`."""
        return self.fake.clock.now()

    def webhooks(self, manner: str = "plain") -> list[Delivery]:
        """See `Stage.webhooks`."""
        with self.fake.lock:
            new = self.fake.books.events[self._told :]
            self._told = len(self.fake.books.events)
        bodies = [json.dumps(each).encode() for each in new]
        match manner:
            case "duplicated":
                bodies = [each for each in bodies for _ in range(2)]
            case "reordered":
                bodies.reverse()
            case "malformed":
                bodies = [each[: len(each) // 2] for each in bodies]
            case "delayed":
                self.advance(3600)
        stamp = self.now() - timedelta(hours=1 if manner == "stale" else 0)
        secret = "whsec_somebodyElsesSecretAltogether" if manner == "forged" else SECRET
        return [self._deliver(each, stamp, secret) for each in bodies]

    def _deliver(self, body: bytes, stamp: datetime, secret: str) -> Delivery:
        signed = str(int(stamp.timestamp())).encode() + b"." + body
        header = f"t={int(stamp.timestamp())},v1={hmac_sha256(secret, signed)},v0=0000"
        return Delivery(body, {"Stripe-Signature": header, "Content-Type": "application/json"}, self.now())

    def truth(self) -> Truth:
        """See `Stage.truth`."""
        with self.fake.lock:
            books = self.fake.books
            disputes = books.all("dispute")
            return Truth(
                opened=tuple(UUID(each) for each in self.fake.opened),
                charges=tuple(
                    TrueCharge(
                        each["payment_intent"],
                        UUID(each["metadata"]["tallystick_attempt"]),
                        _minor(each["amount_captured"], each["currency"]),
                        each["currency"].upper(),
                    )
                    for each in books.all("charge")
                ),
                refunds=tuple(
                    TrueRefund(
                        each["id"],
                        each["payment_intent"],
                        UUID(each["metadata"]["tallystick_refund"]) if each["metadata"] else None,
                        _minor(each["amount"], each["currency"]),
                        {"pending": "processing"}.get(each["status"], each["status"]),
                    )
                    for each in books.all("refund")
                ),
                disputes=tuple(
                    TrueDispute(
                        each["id"], each["payment_intent"], _minor(each["amount"], each["currency"]), each["status"]
                    )
                    for each in disputes
                ),
                balance={code.upper(): _minor(held, code) for code, held in books.held().items()},
            )

    def complaints(self) -> list[str]:
        """See `Stage.complaints`."""
        return list(self.fake.complaints)

    def close(self) -> None:
        """See `Stage.close`."""
        self.fake.stop()

    def _charge(self, charge_ref: str) -> dict[str, object]:
        return self.fake.books.objects[self.fake.books.objects[charge_ref]["latest_charge"]]


def _minor(amount: int, currency: str) -> int:
    """Worked out here a second time, so that the adapter isn't its own judge."""
    return amount // _PER_MINOR.get(currency, 1)


@contextmanager
def open_stages() -> Iterator[Callable[[], Stage]]:
    """Each stage has a fake of its own."""
    prepare()
    yield StripeStage
