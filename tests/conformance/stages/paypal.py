"""PayPal on the stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from tallystick.gateways.port import Gateway, Report
from tallystick.gateways.providers.paypal._amounts import from_paypal
from tallystick.gateways.providers.paypal._client import Client
from tallystick.gateways.providers.paypal._orders import REFUND_STATES, VOID
from tallystick.gateways.providers.paypal._setups import SETUP
from tallystick.gateways.providers.paypal.gateway import PayPalGateway
from tests.conformance.stage import PATIENT_S, SHORT_S, Delivery, Stage, TrueCharge, TrueDispute, TrueRefund, Truth
from tests.fakes.paypal.server import SETTLES_AFTER, PayPal

_TAKEN = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")


class PayPalStage:
    """A fresh merchant account. Nothing here is a bank: what a payer confirms, they confirm at PayPal."""

    name = "paypal"
    currencies = frozenset({"EUR", "USD", "JPY", "HUF"})
    unsupported = frozenset({"challenge_approved", "challenge_refused", "lookup_lag", "forged", "stale", "payout"})
    settles_after_s = SETTLES_AFTER.total_seconds() + 1

    def __init__(self) -> None:
        self._fake = PayPal()
        self._fake.start()
        self._told = 0
        self._wait_at_most(PATIENT_S)

    def _wait_at_most(self, timeout_s: float) -> None:
        self.gateway: Gateway = self._gateway(self._fake.secret, timeout_s)
        assert self.gateway.check(), "the first call fetches the token"

    def pay(self, report: Report, outcome: str, *, later: str = "good") -> None:
        """See `Stage.pay`."""
        if outcome != "abandoned":
            self._fake.approve(str(report.ref).removeprefix(SETUP), outcome, later)

    def fault(self, kind: str, operation: str | None = None, times: int = 1, **params: object) -> None:
        """See `Stage.fault`."""
        if kind.startswith("hang"):
            self._wait_at_most(SHORT_S)
        if kind == "key_expired":
            self._fake.keys.clear()
            return
        operation = {"other_amount": "pay", "expire_refused": "expire_session"}.get(kind, operation)
        self._fake.faults.arm(kind, operation, times, **params)

    def clear_faults(self) -> None:
        """See `Stage.clear_faults`."""
        self._fake.faults.clear()

    def dispute(self, charge_ref: str, outcome: str = "opened") -> None:
        """See `Stage.dispute`."""
        self._fake.open_dispute(charge_ref, outcome)

    def dashboard_refund(self, charge_ref: str, amount_minor: int) -> None:
        """See `Stage.dashboard_refund`."""
        self._fake.refund_by_hand(charge_ref, amount_minor)

    def payout(self) -> None:
        """See `Stage.payout`. There is none: the balance stays at PayPal."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        """See `Stage.advance`."""
        self._fake.clock.advance(seconds)
        with self._fake.lock:
            self._fake.settle()

    def now(self) -> datetime:
        """See `Stage.now`."""
        return self._fake.clock.now()

    def webhooks(self, manner: str = "plain") -> list[Delivery]:
        """See `Stage.webhooks`."""
        events = self._fake.events[self._told :]
        self._told += len(events)
        sent = [self._deliver(each, manner) for each in events]
        if manner == "duplicated":
            return [each for pair in zip(sent, sent, strict=True) for each in pair]
        return sent[::-1] if manner == "reordered" else sent

    def _deliver(self, event: dict[str, object], manner: str) -> Delivery:
        body = json.dumps(event).encode()
        headers = {
            "PAYPAL-TRANSMISSION-ID": "69cd13f0-d67a-11e5-baa3-778b53f4ae55",
            "PAYPAL-TRANSMISSION-TIME": str(event["create_time"]),
            "PAYPAL-TRANSMISSION-SIG": "lmI95Jx3Y9nhR5SJWlHVIWpg4AgFk7n9bCHSRxbrd8A=",
            "PAYPAL-CERT-URL": "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }
        return Delivery(body[: len(body) // 2] if manner == "malformed" else body, headers, self.now())

    def truth(self) -> Truth:
        """See `Stage.truth`."""
        charges: list[TrueCharge] = []
        refunds: list[TrueRefund] = []
        with self._fake.lock:
            for order in self._fake.orders.values():
                unit = order["purchase_units"][0]  # type: ignore[index]
                for capture in unit.get("payments", {}).get("captures", ()):
                    if capture["status"] in _TAKEN:
                        attempt_id = UUID(str(capture["custom_id"]).removeprefix(VOID))
                        charges.append(TrueCharge(capture["id"], attempt_id, *from_paypal(capture["amount"])))
                for refund in unit.get("payments", {}).get("refunds", ()):
                    capture_ref = refund["links"][0]["href"].rpartition("/")[2]
                    refund_id = UUID(refund["custom_id"]) if "custom_id" in refund else None
                    amount, _ = from_paypal(refund["amount"])
                    refunds.append(
                        TrueRefund(refund["id"], capture_ref, refund_id, amount, str(REFUND_STATES[refund["status"]]))
                    )
            disputes = tuple(
                TrueDispute(
                    str(each["dispute_id"]), str(each["capture"]), from_paypal(each["dispute_amount"])[0], _state(each)
                )
                for each in self._fake.disputes.values()
            )
            opened = tuple(UUID(each) for each in self._fake.opened)
        return Truth(opened, tuple(charges), tuple(refunds), disputes)

    def complaints(self) -> list[str]:
        """See `Stage.complaints`."""
        return self._fake.complaints

    def forget_tokens(self) -> None:
        """PayPal ends every access token it gave out."""
        self._fake.tokens.clear()

    def with_bad_key(self) -> Gateway:
        """See `Stage.with_bad_key`."""
        return self._gateway("wrong", PATIENT_S)

    def close(self) -> None:
        """See `Stage.close`."""
        self._fake.stop()

    def _gateway(self, secret: str, timeout_s: float) -> PayPalGateway:
        return PayPalGateway(Client(self._fake.url, "client", secret, timeout_s=timeout_s), self.now)


@contextmanager
def open_stages() -> Iterator[Callable[[], Stage]]:
    """A fake of its own for each stage."""
    yield PayPalStage


def _state(dispute: dict[str, object]) -> str:
    if dispute["status"] != "RESOLVED":
        return "needs_response"
    outcome = dispute["dispute_outcome"]
    assert isinstance(outcome, dict)
    return "won" if outcome["outcome_code"] == "RESOLVED_SELLER_FAVOUR" else "lost"
