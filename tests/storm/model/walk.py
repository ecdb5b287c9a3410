"""R5: a random walk through everything that can be done with money, beside a model in plain integers.

After each step the rows must be what the model says. The gateway is the fake in this process, so a step is cheap.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from tallystick.base import inbox, tenant
from tallystick.base.ids import new_id
from tallystick.base.invariants import broken_rules
from tallystick.base.models import InboundEvent
from tallystick.core.allocation import OverAllocated
from tallystick.core.dispute import DisputeState
from tallystick.invoices import queries as invoices
from tallystick.invoices.errors import NotVoidable
from tallystick.payments import collect, sweep
from tallystick.payments.allocate import allocate_payment
from tallystick.payments.desk import move_allocation, write_off
from tallystick.payments.errors import PaymentError
from tallystick.payments.hear import hear_event
from tallystick.payments.models import Allocation, ChargeAttempt, Payment, Refund
from tallystick.payments.record import record_payment
from tallystick.payments.refund import request_refund, resolve_refund, send_refund
from tallystick.payments.run import run_scheduled_charge
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.payments.start import start_charge
from tallystick.payments.void import void_invoices
from tests.storm.ground import let_go
from tests.storm.model import book
from tests.storm.outcome import Outcome
from tests.storm.stage import Shop

STEPS_A_SHOP, INVOICES, OPEN_AT_ONCE, PROCESSES = 250, 60, 5, 2
LEAST_REACHED, FULL = 10, 100_000
"""Each (state, command) must be reached so often, in walks of at least so many steps."""
STATE = """
SELECT 'invoice', id, ARRAY[open_minor]::bigint[], '' FROM invoice WHERE number IS NOT NULL
UNION ALL SELECT 'attempt', id, ARRAY[amount_minor], state FROM charge_attempt WHERE kind <> 'setup'
UNION ALL SELECT 'payment', coalesce(attempt_id, id), ARRAY[amount_minor, allocated_minor, unapplied_minor, refund_reserved_minor,
  refunded_minor, disputed_minor, lost_minor], '' FROM payment
"""


class Diverged(AssertionError):
    """The rows aren't what the model says."""


class Walk:
    """One shop and its model."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.shop = chance, Shop()
        self.bank, self.world = self.shop.bank, self.shop.world
        self.method = self.shop.keep_card()
        ids = self.shop.invoices(INVOICES)
        self.coming = [book.Invoice(invoice_id, 10_000, 10_000) for invoice_id in ids]
        self.invoices = [self.coming.pop() for _ in range(OPEN_AT_ONCE)]
        self.all_invoices = {each.id: each for each in (*self.coming, *self.invoices)}
        self.by_hand: dict[UUID, book.Payment] = {}
        self.attempts: dict[UUID, book.Attempt] = {}
        self.cells = Counter[tuple[str, str]]()
        self.steps = 0

    @property
    def acting(self) -> dict[str, Any]:
        """Who and when."""
        return self.world.acting()

    def step(self) -> None:
        """Do one command there and here, and compare."""
        self.steps += 1
        self.world.later(seconds=1)
        kinds: tuple[tuple[str, ...], ...] = (ON_INVOICE, ON_ATTEMPT, ON_PAYMENT)
        name = self.chance.choice(self.chance.choice(kinds))
        command: Callable[[], str] = getattr(self, f"do_{name}")
        phase = command()
        if not phase:
            return
        self.cells[phase, name] += 1
        self.compare(f"{name} on {phase}")
        if self.coming and self.chance.random() < 0.15:
            at = self.chance.randrange(len(self.invoices))
            self.invoices[at] = self.coming.pop()

    def compare(self, what: str) -> None:
        """Rows against model."""
        wanted: dict[tuple[str, UUID], tuple[list[int], str]] = {}
        for one in self.all_invoices.values():
            wanted["invoice", one.id] = ([one.open_minor], "")
        paid = {each.id: each.payment for each in self.attempts.values() if each.payment} | self.by_hand
        for attempt in self.attempts.values():
            wanted["attempt", attempt.id] = ([attempt.amount_minor], attempt.state)
        for key, each in paid.items():
            wanted["payment", key] = (
                [
                    each.amount_minor,
                    each.allocated_minor,
                    each.unapplied_minor,
                    each.reserved_minor,
                    each.refunded_minor,
                    each.disputed_minor,
                    each.lost_minor,
                ],
                "",
            )
        with tenant.tx(self.world.seller_id, read_only=True), connection.cursor() as cursor:
            cursor.execute(STATE)
            found = {(kind, key): (list(numbers), word) for kind, key, numbers, word in cursor.fetchall()}
        if found != wanted:
            differs = [
                (key, found.get(key), wanted.get(key)) for key in found | wanted if found.get(key) != wanted.get(key)
            ]
            raise Diverged(f"step {self.steps}, {what}: (row, found, model) {differs[:4]}")

    def both(self, here: Callable[[], object], there: Callable[[], object]) -> object:
        """Do it in the model and in the application: both do it, or both refuse it for the same reason."""
        refused, said = "", ""
        try:
            here()
        except book.Refused as error:
            refused = str(error)
        try:
            made = there()
        except (PaymentError, NotVoidable, OverAllocated) as error:
            made, said = None, type(error).__name__
        if refused != said:
            raise Diverged(f"step {self.steps}: the model says {refused or 'yes'}, the application {said or 'yes'}")
        return made

    def invoice(self) -> book.Invoice:
        """Any of those at work."""
        return self.chance.choice(self.invoices)

    def attempt(self) -> book.Attempt | None:
        """The latest attempt of one of them."""
        attempts = self.invoice().attempts
        return attempts[-1] if attempts else None

    def payment(self, *, of_gateway: bool = True) -> book.Payment | None:
        """Any payment."""
        found = [each.payment for each in self.attempts.values() if each.payment]
        found += [] if of_gateway else list(self.by_hand.values())
        return self.chance.choice(found[-12:]) if found else None

    def id_of(self, payment: book.Payment) -> UUID:
        """The row's id."""
        if payment.id is None:
            assert payment.attempt
            with tenant.tx(self.world.seller_id, read_only=True):
                payment.id = Payment.objects.values_list("id", flat=True).get(attempt_id=payment.attempt.id)
        return payment.id

    def _start(self, *, saved: bool) -> str:
        invoice, attempt_id = self.invoice(), new_id()
        phase = invoice.phase
        method = {"payment_method_id": self.method} if saved else {}

        def here() -> None:
            self.attempts[attempt_id] = book.begin(invoice, attempt_id, saved=saved)

        def there() -> object:
            return start_charge(
                invoice_id=invoice.id,
                gateway_account_id=self.shop.account,
                amount_minor=None,
                attempt_id=attempt_id,
                language="en",
                **method,
                **self.acting,
            )

        self.both(here, there)
        return phase

    def do_start(self) -> str:
        """The payer presses the button."""
        return self._start(saved=False)

    def do_start_saved(self) -> str:
        """The payer chooses the kept card."""
        return self._start(saved=True)

    def _send(self, trouble: str, *, refuses: bool = False) -> str:
        attempt = self.attempt()
        if attempt is None:
            return ""
        phase, self.bank.trouble, self.bank.refuses = attempt.invoice.phase, trouble, refuses
        book.send(attempt, trouble=trouble, refuses=refuses)
        collect.send_charge(attempt_id=attempt.id, **self.acting)
        self.bank.trouble, self.bank.refuses = "", False
        return phase

    def do_send(self) -> str:
        """It goes out and is answered."""
        return self._send("")

    def do_send_lost_before(self) -> str:
        """It never arrives."""
        return self._send("lost_before")

    def do_send_lost_after(self) -> str:
        """The answer never arrives."""
        return self._send("lost_after")

    def do_send_refused(self) -> str:
        """The kept card is refused."""
        return self._send("", refuses=True)

    def do_pay(self) -> str:
        """The payer pays on the page; we aren't told."""
        attempt = self.attempt()
        if attempt is None:
            return ""
        if self.bank.pay(attempt.id):
            attempt.bank = "paid"
        return attempt.invoice.phase

    def do_decline(self) -> str:
        """The payer's card is refused on the page, which stays open."""
        attempt = self.attempt()
        if attempt is None:
            return ""
        self.bank.decline(attempt.id)
        return attempt.invoice.phase

    def _learn(self, tell: Callable[[book.Attempt], None]) -> str:
        attempt = self.attempt()
        if attempt is None:
            return ""
        phase = attempt.invoice.phase
        book.learn(attempt)
        tell(attempt)
        return phase

    def do_look_up(self) -> str:
        """The payer comes back."""
        return self._learn(lambda attempt: _ignore(collect.look_up_charge(attempt_id=attempt.id, **self.acting)))

    def do_webhook(self) -> str:
        """The gateway says so, twice. What it gave no answer about before may be due by now, and is asked about again."""

        def tell(attempt: book.Attempt) -> None:
            event = {"event_id": f"evt_{new_id()}", "kind": "x", "reference": "", "body": b"{}"}
            for _ in range(2):
                inbox.keep(gateway_account_id=self.shop.account, attempt_id=attempt.id, **event, **self.acting)
            for _seller, event_id in inbox.due(at=self.world.now, most=50, seller_id=self.world.seller_id):
                with tenant.tx(self.world.seller_id, read_only=True):
                    about = InboundEvent.objects.values_list("attempt_id", flat=True).get(id=event_id)
                book.learn(self.attempts[about])
                hear_event(inbound_id=event_id, **self.acting)

        return self._learn(tell)

    def do_cancel(self) -> str:
        """The payer starts over."""
        attempt = self.attempt()
        if attempt is None:
            return ""
        phase = attempt.invoice.phase
        book.cancel(attempt)
        collect.cancel_charge(attempt_id=attempt.id, **self.acting)
        return phase

    def do_resolve(self) -> str:
        """The sweeper comes by."""
        attempt = self.attempt()
        if attempt is None or attempt.state == "action_required":
            return ""
        phase = attempt.invoice.phase
        with tenant.tx(self.world.seller_id):
            ChargeAttempt.objects.filter(id=attempt.id).update(due_at=self.world.now)
        book.resolve(attempt)
        sweep.resolve_attempt(attempt_id=attempt.id, **self.acting)
        return phase

    def do_void(self) -> str:
        """Staff cancel the invoice."""
        invoice = self.invoice()
        phase = invoice.phase
        given = {"invoice_ids": [invoice.id], "reason": "x", "today": self.world.today, **self.acting}
        self.both(lambda: book.void(invoice), lambda: void_invoices(**given))
        return phase

    def do_write_off(self) -> str:
        """Staff give up the rest."""
        invoice = self.invoice()
        phase = invoice.phase
        given = {
            "invoice_id": invoice.id,
            "reason": "x",
            "today": self.world.today,
            "may_be_large": True,
            **self.acting,
        }
        self.both(lambda: book.write_off(invoice), lambda: write_off(write_off_id=new_id(), **given))
        return phase

    def do_record(self) -> str:
        """A transfer arrives: for one invoice, or on account."""
        invoice, key = self.invoice(), new_id()
        phase, amount = invoice.phase, self.chance.choice([1, 2500, 10_000])
        wish = self.chance.choice([0, amount])

        def here() -> None:
            payment = book.Payment(key, amount)
            book.allocate(payment, invoice, wish)
            self.by_hand[key] = payment

        def there() -> object:
            return record_payment(
                payment_id=key,
                customer_id=self.world.nora,
                method="transfer",
                amount_minor=amount,
                currency="EUR",
                received_on=self.world.today,
                wanted={invoice.id: wish} if wish else {},
                **self.acting,
            )

        self.both(here, there)
        return phase

    def do_allocate(self) -> str:
        """Staff put free money onto an invoice."""
        invoice, payment = self.invoice(), self.payment(of_gateway=False)
        if payment is None:
            return ""
        phase, amount = invoice.phase, self.chance.choice([1, 2500, max(payment.unapplied_minor, 1)])
        given = {"payment_id": self.id_of(payment), "wanted": {invoice.id: amount}, "today": self.world.today}
        self.both(lambda: book.allocate(payment, invoice, amount), lambda: allocate_payment(**given, **self.acting))
        return phase

    def do_schedule(self) -> str:
        """The rest is charged by itself, today; then its time has come."""
        invoice = self.invoice()
        phase = invoice.phase
        if invoice.planned:
            return ""
        with tenant.tx(self.world.seller_id):
            [item] = invoices.due_items_of([invoice.id])
        plan = Plan(new_id(), item.id, "date", charge_on=self.world.today, payment_method_id=self.method)

        def here() -> None:
            if invoice.open_minor <= 0:
                raise book.Refused("NotSchedulable")
            invoice.planned = True

        charge = self.both(here, lambda: schedule_charge(plan=plan, **self.acting))
        if charge is None:
            return phase
        self.bank.refuses = self.chance.random() < 0.2
        state = run_scheduled_charge(charge_id=plan.id, **self.acting)
        self._ran(invoice, plan.id, refuses=self.bank.refuses, state=state)
        self.bank.refuses = False
        return phase

    def _ran(self, invoice: book.Invoice, charge_id: UUID, *, refuses: bool, state: str) -> None:
        """A run waits while somebody pays; else it is one attempt."""
        if invoice.live:
            if state != "scheduled":
                raise Diverged(f"charge {charge_id} is {state} while somebody pays")
            return
        with tenant.tx(self.world.seller_id, read_only=True):
            attempt_id = ChargeAttempt.objects.values_list("id", flat=True).get(scheduled_charge_id=charge_id)
        attempt = book.begin(invoice, attempt_id, saved=True, automatic=True)
        self.attempts[attempt_id] = attempt
        book.send(attempt, trouble="", refuses=refuses)

    def _refund(self, trouble: str) -> str:
        payment, refund_id = self.payment(), new_id()
        if payment is None:
            return ""
        phase, amount = payment.phase, self.chance.choice([1, 2500, 10_000, max(payment.left_minor, 1)])
        self.bank.trouble = trouble

        def there() -> object:
            row = request_refund(
                refund_id=refund_id, payment_id=self.id_of(payment), amount_minor=amount, reason="x", **self.acting
            )
            send_refund(refund_id=row.id, **self.acting)
            return row

        self.both(lambda: book.ask_refund(payment, refund_id, amount, trouble=trouble), there)
        self.bank.trouble = ""
        return phase

    def do_refund(self) -> str:
        """Staff give money back."""
        return self._refund("")

    def do_refund_lost_before(self) -> str:
        """The order never arrives."""
        return self._refund("lost_before")

    def do_refund_lost_after(self) -> str:
        """The answer to the order never arrives."""
        return self._refund("lost_after")

    def do_resolve_refund(self) -> str:
        """The sweeper asks about a refund."""
        payment = self.payment()
        if payment is None:
            return ""
        phase, waiting = payment.phase, [key for key, (_, state) in payment.refunds.items() if state.startswith("lost")]
        if waiting:
            with tenant.tx(self.world.seller_id):
                Refund.objects.filter(id=waiting[0]).update(due_at=self.world.now)
            book.resolve_refund(payment, waiting[0])
            resolve_refund(refund_id=waiting[0], **self.acting)
        return phase

    def do_dispute(self) -> str:
        """The payer's bank takes money back, or decides about what it took."""
        payment = self.payment()
        if payment is None or payment.attempt is None:
            return ""
        phase, ref = payment.phase, self.bank.charge_of(payment.attempt.id)
        if payment.dispute:
            won = self.chance.random() < 0.5
            self.bank.close_dispute(ref, payment.dispute[0], DisputeState.WON if won else DisputeState.LOST)
            book.close_dispute(payment, won=won)
        else:
            amount = self.chance.choice([2500, 10_000])
            book.open_dispute(payment, self.bank.open_dispute(ref, amount), amount)
        collect.look_up_charge(attempt_id=payment.attempt.id, **self.acting)
        return phase

    def do_move(self) -> str:
        """Staff move the newest part of a payment to another invoice."""
        payment, invoice = self.payment(of_gateway=False), self.invoice()
        if payment is None:
            return ""
        phase = payment.phase
        if payment.parts:
            with tenant.tx(self.world.seller_id, read_only=True):
                rows = list(Allocation.objects.filter(payment_id=self.id_of(payment)).order_by("-recorded_at", "-id"))
            gone = {row.reverses_id for row in rows}
            newest = next(row for row in rows if row.amount_minor > 0 and row.id not in gone)
            book.move(payment, invoice)
            move_allocation(allocation_id=newest.id, to_invoice_id=invoice.id, today=self.world.today, **self.acting)
        return phase


ON_INVOICE = ("start", "start", "start_saved", "void", "write_off", "record", "allocate", "schedule")
ON_ATTEMPT = (
    "send",
    "send",
    "send_lost_before",
    "send_lost_after",
    "send_refused",
    "pay",
    "pay",
    "decline",
    "look_up",
    "webhook",
    "cancel",
    "resolve",
)
ON_PAYMENT = ("refund", "refund_lost_before", "refund_lost_after", "resolve_refund", "dispute", "move")


def _ignore(_: object) -> None:
    return None


def run(*, steps: int, seed: int) -> Outcome:
    """Walk so many steps in two processes, and count which commands met which states."""
    outcome, began, cells = Outcome("model", seed), time.perf_counter(), Counter[str]()
    let_go()
    with tempfile.TemporaryDirectory(prefix="tally-storm-") as folder:
        told = [Path(folder) / str(number) for number in range(PROCESSES)]
        pids = [_fork(steps // PROCESSES, seed * PROCESSES + number, path) for number, path in enumerate(told)]
        for pid in pids:
            os.waitpid(pid, 0)
        done = 0
        for path in told:
            said = (
                json.loads(path.read_text())
                if path.exists()
                else {"wrong": ["a walker fell over"], "steps": 0, "cells": {}}
            )
            outcome.violations += said["wrong"]
            done += said["steps"]
            cells.update(said["cells"])
    rare = [cell for cell, count in cells.items() if count < LEAST_REACHED]
    if steps >= FULL and rare:
        outcome.violations.append(f"reached less than {LEAST_REACHED} times: {rare}")
    outcome.figures = {
        "steps": done,
        "cells": len(cells),
        "rarest": min(cells.values(), default=0),
        "seconds": round(time.perf_counter() - began, 1),
    }
    return outcome


def _fork(steps: int, seed: int, path: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    wrong, done, cells = list[str](), 0, Counter[tuple[str, str]]()
    try:
        chance = random.Random(seed)
        while done < steps and not wrong:
            walk = Walk(chance)
            try:
                for _ in range(min(STEPS_A_SHOP, steps - done)):
                    walk.step()
            except Exception as error:
                wrong.append(f"{type(error).__name__}: {error}")
            wrong += [f"rule {rule} broken by {count}" for rule, count in broken_rules(walk.world.seller_id).items()]
            done += walk.steps
            cells += walk.cells
    finally:
        named = {f"{phase} / {name}": count for (phase, name), count in cells.items()}
        path.write_text(json.dumps({"wrong": wrong, "steps": done, "cells": named}))
        os._exit(0)
