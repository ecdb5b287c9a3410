"""What the fake Stripe knows: its objects as Stripe writes them, the money that moved, and the events that arose."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

from tests.fakes.wire import Clock

Thing = dict[str, Any]
DAY_S = 86400
DISPUTE_FEE = 1500
NUMBERS = {"good": "4242", "insufficient": "9995", "expired": "0069", "stolen": "9979", "needs_authentication": "3184"}


class Books:
    """All objects by id, in the order they were made."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.objects: dict[str, Thing] = {}
        self.events: list[Thing] = []
        self.later: dict[str, str] = {}
        """What becomes of later charges of a payment method."""
        self.payout_of: dict[str, str] = {}
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._count = itertools.count(1)

    def now(self) -> int:
        """Unix time at Stripe."""
        return int(self.clock.now().timestamp())

    def make(self, prefix: str, kind: str, **fields: Any) -> Thing:
        """A new object."""
        own = f"{prefix}_{next(self._count):06d}Fake"
        self.objects[own] = {"id": own, "object": kind, "created": self.now(), "livemode": False, **fields}
        return self.objects[own]

    def all(self, kind: str) -> list[Thing]:
        """Every object of a kind, oldest first."""
        return [each for each in self.objects.values() if each["object"] == kind]

    def tell(self, kind: str, thing: Thing) -> None:
        """An event with the object as it is now."""
        event = self.make("evt", "event", type=kind, data={"object": copy.deepcopy(thing)}, api_version=None)
        del self.objects[event["id"]]
        self.events.append(event)

    def later_on(self, seconds: float, do: Callable[[], None]) -> None:
        """Let something happen once the clock gets there."""
        self._due.append((self.now() + seconds, do))

    def catch_up(self) -> None:
        """Do what is due."""
        ready = sorted((each for each in self._due if each[0] <= self.now()), key=lambda each: each[0])
        self._due = [each for each in self._due if each[0] > self.now()]
        for _, do in ready:
            do()

    def move(self, kind: str, amount: int, currency: str, source: str, fee: int = 0) -> Thing:
        """One movement of the merchant's balance."""
        return self.make(
            "txn", "balance_transaction", type=kind, amount=amount, fee=fee, net=amount - fee, currency=currency,
            source=source, available_on=self.now() + 2 * DAY_S, status="pending", reporting_category=kind,
        )  # fmt: skip

    def keep_method(self, customer: str | None, later: str, kind: str = "card") -> Thing:
        """A payment method as the payer typed it in."""
        card = {"brand": "visa", "last4": NUMBERS[later], "exp_month": 12, "exp_year": 2034}
        details = card if kind == "card" else {"last4": "3000", "bank_code": "37040044"}
        method = self.make("pm", "payment_method", type=kind, customer=customer, **{kind: details})
        self.later[method["id"]] = later
        return method

    def take(self, intent: Thing, method: Thing, amount: int) -> None:
        """The intent's money arrives."""
        kind = method["type"]
        charge = self.make(
            "ch", "charge", amount=amount, amount_captured=amount, amount_refunded=0, currency=intent["currency"],
            payment_intent=intent["id"], metadata=dict(intent["metadata"]), paid=True, status="succeeded", captured=True,
            disputed=False, refunded=False, customer=intent["customer"], payment_method=method["id"],
            payment_method_details={"type": kind, kind: dict(method[kind])},
        )  # fmt: skip
        fee = (amount * 14 + 500) // 1000 + 25
        if intent["currency"] == "isk":
            fee = fee // 100 * 100
        charge["balance_transaction"] = self.move("charge", amount, intent["currency"], charge["id"], fee)["id"]
        intent.update(
            status="succeeded", latest_charge=charge["id"], payment_method=method["id"], amount_received=amount,
            last_payment_error=None, next_action=None,
        )  # fmt: skip
        self.tell("charge.succeeded", charge)
        self.tell("payment_intent.succeeded", intent)

    def fail(self, intent: Thing, code: str, decline_code: str | None, message: str) -> Thing:
        """The intent is refused; returns the error as Stripe words it."""
        kind = "card_error" if code != "payment_intent_payment_attempt_failed" else "invalid_request_error"
        error = {"type": kind, "code": code, "message": message}
        if decline_code:
            error["decline_code"] = decline_code
        name = "last_payment_error" if intent["object"] == "payment_intent" else "last_setup_error"
        intent.update({"status": "requires_payment_method", "next_action": None, name: error})
        failed = (
            "payment_intent.payment_failed" if intent["object"] == "payment_intent" else "setup_intent.setup_failed"
        )
        self.tell(failed, intent)
        return error

    def refund(self, charge: Thing, amount: int, metadata: dict[str, str], *, is_slow: bool = False) -> Thing:
        """Give money back; the caller has checked that there is enough."""
        refund = self.make(
            "re", "refund", amount=amount, currency=charge["currency"], charge=charge["id"],
            payment_intent=charge["payment_intent"], metadata=metadata, status="pending" if is_slow else "succeeded",
        )  # fmt: skip
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.move("refund", -amount, charge["currency"], refund["id"])
        self.tell("refund.created", refund)
        self.tell("charge.refunded", charge)
        if is_slow:
            self.later_on(DAY_S, lambda: (refund.update(status="succeeded"), self.tell("refund.updated", refund)))
        return refund

    def dispute(self, charge: Thing, outcome: str) -> None:
        """The payer's bank speaks."""
        known = [each for each in self.all("dispute") if each["charge"] == charge["id"]]
        if not known:
            amount = charge["amount"] - charge["amount_refunded"]
            made = self.make(
                "du", "dispute", amount=amount, currency=charge["currency"], charge=charge["id"], reason="fraudulent",
                payment_intent=charge["payment_intent"], status="needs_response", metadata={},
                evidence_details={"due_by": self.now() + 9 * DAY_S, "has_evidence": False},
            )  # fmt: skip
            charge["disputed"] = True
            self.move("adjustment", -amount, charge["currency"], made["id"], DISPUTE_FEE)
            self.tell("charge.dispute.created", made)
            known = [made]
        if outcome in {"won", "lost"}:
            known[0]["status"] = outcome
            if outcome == "won":
                self.move("adjustment", known[0]["amount"], charge["currency"], known[0]["id"])
            self.tell("charge.dispute.closed", known[0])

    def pay_out(self) -> None:
        """Everything held goes to the bank, one payout per currency."""
        waiting = [each for each in self.all("balance_transaction") if each["id"] not in self.payout_of]
        for currency in {each["currency"] for each in waiting}:
            lines = [each for each in waiting if each["currency"] == currency]
            amount = sum(each["net"] for each in lines)
            if amount <= 0:
                continue
            arrival = self.now() + 2 * DAY_S
            payout = self.make(
                "po", "payout", amount=amount, currency=currency, status="in_transit", automatic=True,
                arrival_date=arrival // DAY_S * DAY_S, method="standard", metadata={},
            )  # fmt: skip
            lines.append(self.move("payout", -amount, currency, payout["id"]))
            self.payout_of.update({each["id"]: payout["id"] for each in lines})
            self.tell("payout.created", payout)

            def arrive(made: Thing = payout) -> None:
                made["status"] = "paid"
                self.tell("payout.paid", made)

            self.later_on(2 * DAY_S, arrive)

    def held(self) -> dict[str, int]:
        """The balance by currency, in Stripe's units."""
        held: dict[str, int] = {}
        for each in self.all("balance_transaction"):
            held[each["currency"]] = held.get(each["currency"], 0) + each["net"]
        return held
