"""R6: two who want the same thing at the same moment. One wins, the other is told, and nobody sees a deadlock.

Each race runs in threads with a database connection of their own, let go together, many times over.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import quantiles
from typing import Any
from uuid import UUID

from django.db import Error, connection

from tallystick.base import inbox, tenant
from tallystick.base.ids import new_id
from tallystick.base.invariants import broken_rules
from tallystick.core.allocation import OverAllocated
from tallystick.invoices import queries as invoices
from tallystick.invoices.errors import NotVoidable
from tallystick.payments.allocate import allocate_payment
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.errors import BeingPaid, NothingToPay, NotUnapplied, TooMuchBack
from tallystick.payments.hear import hear_event
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, Payment, Refund
from tallystick.payments.record import record_payment
from tallystick.payments.refund import request_refund, send_refund
from tallystick.payments.run import run_scheduled_charge
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.payments.start import start_charge
from tallystick.payments.sweep import resolve_attempt
from tallystick.payments.void import void_invoices
from tests.storm.outcome import Outcome
from tests.storm.stage import Shop

Act = Callable[[], str]
LOSES = (BeingPaid, NothingToPay, NotUnapplied, TooMuchBack, NotVoidable, OverAllocated)


class Race:
    """One shop, one round after the other. A subclass says who runs and what must be true afterwards."""

    def __init__(self, shop: Shop, rounds: int) -> None:
        self.shop, self.world, self.bank = shop, shop.world, shop.bank
        self.acting: dict[str, Any] = self.world.acting()
        self.ready = shop.invoices(rounds)

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        """Who runs."""
        raise NotImplementedError

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        """What is wrong afterwards, or nothing."""
        raise NotImplementedError

    def start(self, invoice_id: UUID, **given: Any) -> ChargeAttempt:
        """Reserve a charge of all that is open."""
        return start_charge(
            invoice_id=invoice_id,
            gateway_account_id=self.shop.account,
            amount_minor=None,
            attempt_id=given.pop("attempt_id", None) or new_id(),
            language="en",
            **given,
            **self.acting,
        )

    def pay(self, invoice_id: UUID) -> str:
        """A payer from the button to the paid page."""
        attempt = self.start(invoice_id)
        send_charge(attempt_id=attempt.id, **self.acting)
        self.bank.pay(attempt.id)
        look_up_charge(attempt_id=attempt.id, **self.acting)
        return "paid"

    def paid(self, invoice_id: UUID) -> Payment:
        """Pay and return the payment."""
        self.pay(invoice_id)
        with tenant.tx(self.world.seller_id):
            slot = AttemptInvoice.objects.filter(invoice_id=invoice_id).latest("attempt__created_at")
            return Payment.objects.get(attempt_id=slot.attempt_id)

    def taken(self, invoice_id: UUID) -> int:
        """How many charges the bank took for an invoice."""
        with tenant.tx(self.world.seller_id):
            ids = AttemptInvoice.objects.filter(invoice_id=invoice_id).values_list("attempt_id", flat=True)
            return sum(len(self.bank.sessions[key].charge_refs) for key in ids if key in self.bank.sessions)

    def open_minor(self, invoice_id: UUID) -> int:
        """What an invoice owes."""
        with tenant.tx(self.world.seller_id):
            return invoices.invoice(invoice_id).open_minor


class PayerAndPayer(Race):
    """Four tabs, one invoice."""

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        return [lambda: self.pay(invoice_id)] * 4

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        return "" if won == ["paid"] and self.taken(invoice_id) == 1 and not self.open_minor(invoice_id) else f"{won}"


class PayerAndAutomaticCharge(Race):
    """A payer opens the page while the saved card is charged by itself and another page is being closed."""

    def __init__(self, shop: Shop, rounds: int) -> None:
        super().__init__(shop, rounds)
        self.method = shop.keep_card()

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        with tenant.tx(self.world.seller_id):
            [item] = invoices.due_items_of([invoice_id])
        plan = Plan(new_id(), item.id, "date", charge_on=self.world.today, payment_method_id=self.method)
        charge = schedule_charge(plan=plan, **self.acting)
        opened = self.start(invoice_id)
        send_charge(attempt_id=opened.id, **self.acting)
        later = {**self.acting, "now": self.acting["now"] + timedelta(minutes=20)}

        def run() -> str:
            return "auto" if run_scheduled_charge(charge_id=charge.id, **later) == "done" else "waits"

        def pay_page() -> str:
            is_first = self.bank.pay(opened.id)
            look_up_charge(attempt_id=opened.id, **self.acting)
            return "page" if is_first else "closed"

        return [run, pay_page, lambda: self.pay(invoice_id), lambda: str(self._cancel(opened.id))]

    def _cancel(self, attempt_id: UUID) -> str:
        cancel_charge(attempt_id=attempt_id, **self.acting)
        return "closed"

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        return "" if self.taken(invoice_id) <= 1 else f"{self.taken(invoice_id)} charges: {won}"


class VoidAndPay(Race):
    """Staff void it while the payer starts to pay."""

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        def void() -> str:
            void_invoices(invoice_ids=[invoice_id], reason="typo", today=self.world.today, **self.acting)
            return "void"

        return [void, lambda: self.pay(invoice_id)]

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        return "" if len(won) == 1 and self.taken(invoice_id) == (won[0] == "paid") else f"{won}"


class RefundAndRefund(Race):
    """Three people give back all of the same payment."""

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        self.payment = self.paid(invoice_id)

        def refund() -> str:
            row = request_refund(
                refund_id=new_id(),
                payment_id=self.payment.id,
                amount_minor=self.payment.amount_minor,
                reason="twice",
                **self.acting,
            )
            send_refund(refund_id=row.id, **self.acting)
            return "refund"

        return [refund] * 3

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        back = self.bank.refunds.get(self.payment.gateway_ref or "", {})
        return "" if won == ["refund"] and len(back) == 1 else f"{won}, {len(back)} refunds"


class RefundAndDispute(Race):
    """The payer's bank takes it back while staff give it back: together never more than was paid, and every cent booked."""

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        self.payment = self.paid(invoice_id)
        ref, whole = self.payment.gateway_ref or "", self.payment.amount_minor

        def refund() -> str:
            row = request_refund(
                refund_id=new_id(), payment_id=self.payment.id, amount_minor=whole, reason="asked", **self.acting
            )
            send_refund(refund_id=row.id, **self.acting)
            return "refund"

        def dispute() -> str:
            self.bank.open_dispute(ref, whole)
            assert self.payment.attempt_id
            look_up_charge(attempt_id=self.payment.attempt_id, **self.acting)
            return "dispute"

        return [refund, dispute]

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        with tenant.tx(self.world.seller_id):
            row = Payment.objects.get(id=self.payment.id)
            held = row.refund_reserved_minor + row.refunded_minor + row.disputed_minor + row.lost_minor
            refunds = Refund.objects.filter(payment_id=row.id).count()
        return "" if held <= row.amount_minor and refunds == won.count("refund") else f"{won} {held}"


class WebhookReturnSweeper(Race):
    """Webhook, return page and sweeper bring the same news at once."""

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        attempt = self.start(invoice_id)
        send_charge(attempt_id=attempt.id, **self.acting)
        self.bank.pay(attempt.id)
        later = {**self.acting, "now": self.acting["now"] + timedelta(minutes=20)}

        def webhook() -> str:
            inbox.keep(
                gateway_account_id=self.shop.account,
                event_id=f"evt_{attempt.id}",
                kind="session.completed",
                reference="",
                attempt_id=attempt.id,
                body=b"{}",
                **self.acting,
            )
            for _seller, event_id in inbox.due(at=self.acting["now"], most=10, seller_id=self.world.seller_id):
                hear_event(inbound_id=event_id, **self.acting)
            return "told"

        def come_back() -> str:
            look_up_charge(attempt_id=attempt.id, **self.acting)
            return "told"

        def sweep() -> str:
            resolve_attempt(attempt_id=attempt.id, **later)
            return "told"

        return [webhook, webhook, come_back, sweep]

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        with tenant.tx(self.world.seller_id):
            slots = AttemptInvoice.objects.filter(invoice_id=invoice_id).values_list("attempt_id", flat=True)
            count = Payment.objects.filter(attempt_id__in=list(slots)).count()
        return "" if count == 1 and len(won) == 4 else f"{count} payments, {won}"


class CreditAndCredit(Race):
    """Two desks spend the same credit."""

    def runners(self, invoice_id: UUID) -> Sequence[Act]:
        credit = record_payment(
            payment_id=new_id(),
            customer_id=self.world.nora,
            method="transfer",
            amount_minor=10000,
            currency="EUR",
            received_on=self.world.today,
            wanted={},
            **self.acting,
        )

        def spend() -> str:
            wish = {invoice_id: 10000}
            allocate_payment(payment_id=credit.id, wanted=wish, today=self.world.today, **self.acting)
            return "spent"

        return [spend, spend]

    def wrong(self, invoice_id: UUID, won: Sequence[str]) -> str:
        return "" if won == ["spent"] and self.open_minor(invoice_id) == 0 else f"{won}"


RACES: tuple[type[Race], ...] = (
    PayerAndPayer,
    PayerAndAutomaticCharge,
    VoidAndPay,
    RefundAndRefund,
    RefundAndDispute,
    WebhookReturnSweeper,
    CreditAndCredit,
)
WIDEST = 4


class LockClock:
    """Times each statement that waits for a customer's lock."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if "FOR NO KEY UPDATE" not in str(sql):
            return execute(sql, params, many, context)
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.waits.append(time.perf_counter() - began)


def run(*, repeats: int, seed: int) -> Outcome:
    """Run every race `repeats` times, and measure how long a lock was waited for."""
    outcome, clocks, began = Outcome("races", seed), LockClock(), time.perf_counter()
    barrier_waits = Counter[str]()
    with ThreadPoolExecutor(WIDEST) as pool:
        for kind in RACES:
            race = kind(Shop(), repeats)
            for invoice_id in race.ready:
                won = _let_go(pool, race.runners(invoice_id), clocks, outcome, kind.__name__)
                barrier_waits[kind.__name__] += 1
                if trouble := race.wrong(invoice_id, won):
                    outcome.violations.append(f"{kind.__name__} {invoice_id}: {trouble}")
            for rule, count in broken_rules(race.world.seller_id).items():
                outcome.violations.append(f"{kind.__name__}: {rule} broken {count} times")
        closing = threading.Barrier(WIDEST)
        list(pool.map(lambda _: _close(closing), range(WIDEST)))
    p99 = quantiles(clocks.waits, n=100)[98] if len(clocks.waits) > 1 else 0.0
    if p99 > 1:
        outcome.violations.append(f"p99 wait for a lock is {p99:.2f} s")
    outcome.figures = {
        "races": len(RACES),
        "repeats": repeats,
        "lock waits": len(clocks.waits),
        "p99 wait ms": round(p99 * 1000, 1),
        "seconds": round(time.perf_counter() - began, 1),
    }
    return outcome


def _let_go(pool: ThreadPoolExecutor, acts: Sequence[Act], clocks: LockClock, outcome: Outcome, name: str) -> list[str]:
    """Start all at once; return what the winners say. A loser is refused by name; anything else is a violation."""
    barrier, won = threading.Barrier(len(acts)), list[str]()

    def one(act: Act) -> None:
        connection.ensure_connection()
        with connection.execute_wrapper(clocks):
            barrier.wait(30)
            try:
                won.append(act())
            except LOSES:
                return
            except (Error, AssertionError, LookupError) as error:
                outcome.violations.append(f"{name}: {type(error).__name__}: {error}")

    list(pool.map(one, acts))
    return won


def _close(barrier: threading.Barrier) -> None:
    barrier.wait(30)
    connection.close()
