"""What tests of charging do again and again: keep a card, pay an invoice, plan a charge, let time pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices import queries as invoices
from tallystick.ledger.queries import account_balances
from tallystick.payments.collect import look_up_charge, send_charge
from tallystick.payments.consent import Consent
from tallystick.payments.methods import start_setup
from tallystick.payments.models import ChargeAttempt, Payment, PaymentMethod, ScheduledCharge
from tallystick.payments.rules import Rules, save_rules
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.payments.start import start_charge
from tallystick.testing.world import World
from tallystick.worker.sweeps import SWEEPS, drain

GOOD = "4242424242424242"
NO_MONEY_TWICE = "4000000000000358"
NEVER_ENOUGH = "4000000000000341"
EXPIRED = "4000000000000366"
STOLEN = "4000000000000374"
WANTS_OWNER = "4000000000000382"
AGREED = Consent("Acme Print may keep this card for payments I agree on.", address="127.0.0.1")
Row = TypeVar("Row", bound=Model)


@dataclass
class Stage:
    """A world with a card account at the sandbox."""

    world: World
    sandbox: SandboxProcess
    card: UUID

    @property
    def name(self) -> str:
        """The account's name at the sandbox."""
        return self.world.slug.replace("-", "")

    def keep_card(self, number: str = GOOD, *, customer: str = "nora", autopay: bool = False) -> PaymentMethod:
        """Let a customer keep a card without paying anything."""
        consent = Consent(AGREED.text, AGREED.address, autopay=autopay)
        attempt = start_setup(
            attempt_id=new_id(),
            customer_id=self.world.customers[customer],
            gateway_account_id=self.card,
            consent=consent,
            language="en",
            return_url="http://127.0.0.1:9/back",
            **self.world.acting(),
        )
        send_charge(attempt_id=attempt.id, **self.world.acting())
        self.sandbox.pay(self.row(ChargeAttempt, attempt.id).action_url, number)
        look_up_charge(attempt_id=attempt.id, **self.world.acting())
        with tenant.tx(self.world.seller_id):
            found = PaymentMethod.objects.filter(customer_id=self.world.customers[customer], state="active")
            return found.order_by("-created_at", "-id")[0]

    def open(self, invoice_id: UUID, *, amount_minor: int | None = None, **given: Any) -> ChargeAttempt:
        """Reserve a charge and ask the gateway."""
        attempt = start_charge(
            invoice_id=invoice_id,
            gateway_account_id=self.card,
            amount_minor=amount_minor,
            attempt_id=given.pop("attempt_id", None) or new_id(),
            language="en",
            **given,
            **self.world.acting(),
        )
        send_charge(attempt_id=attempt.id, **self.world.acting())
        return self.row(ChargeAttempt, attempt.id)

    def pay(self, invoice_id: UUID, number: str = GOOD, **given: Any) -> Payment:
        """Pay on the gateway's page, and learn of it."""
        attempt = self.open(invoice_id, **given)
        self.sandbox.pay(attempt.action_url, number)
        self.look_up(attempt)
        with tenant.tx(self.world.seller_id):
            return Payment.objects.get(attempt_id=attempt.id)

    def look_up(self, attempt: ChargeAttempt) -> None:
        """Ask the gateway."""
        look_up_charge(attempt_id=attempt.id, **self.world.acting())

    def plan(self, invoice_id: UUID, *, at: int = 0, **given: Any) -> ScheduledCharge:
        """Plan the charge of one of an invoice's due items."""
        with tenant.tx(self.world.seller_id):
            item = invoices.due_items_of([invoice_id])[at]
        plan = Plan(new_id(), item.id, given.pop("trigger", "date"), **given)
        return schedule_charge(plan=plan, **self.world.acting())

    def rules(self, **wanted: Any) -> None:
        """Change the seller's rules."""
        save_rules(wanted=Rules(**wanted), **self.world.acting())

    def row(self, model: type[Row], row_id: UUID) -> Row:
        """Read one row again."""
        with tenant.tx(self.world.seller_id):
            return model._default_manager.get(pk=row_id)

    def rows(self, model: type[Row], **wanted: Any) -> list[Row]:
        """Read rows."""
        with tenant.tx(self.world.seller_id):
            return list(model._default_manager.filter(**wanted).order_by("pk"))

    def open_minor(self, invoice_id: UUID) -> int:
        """What an invoice still owes."""
        with tenant.tx(self.world.seller_id):
            return invoices.invoice(invoice_id).open_minor

    def booked(self, account: str) -> dict[str, int]:
        """One account's balances in the book."""
        with tenant.tx(self.world.seller_id):
            return account_balances(account)

    def sweep(self, *names: str) -> None:
        """Run sweeps at the world's time."""
        with clock.at(self.world.now):
            for name in names:
                SWEEPS[name](self.world.seller_id)

    def drain(self) -> None:
        """Let everything that is due happen, at the world's time."""
        with clock.at(self.world.now):
            drain(self.world.seller_id)

    def until(self, day: date, hour: int = 9) -> None:
        """Move the world to the morning of a day, hour by hour not looked at, and let what is due happen."""
        self.world.now = self.world.now.replace(year=day.year, month=day.month, day=day.day, hour=hour)
        self.world.today = day
        self.drain()

    def days(self, count: int) -> None:
        """Let days pass one by one, doing what is due each morning."""
        for _ in range(count):
            self.until(self.world.today + timedelta(days=1))

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """What the gateway holds."""
        return self.sandbox.truth(name=self.name)


@contextmanager
def at(world: World) -> Iterator[None]:
    """Stand at the world's time."""
    with clock.at(world.now):
        yield
