"""Small sellers with the fake gateway, made by the dozen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id, new_ids
from tallystick.invoices.draft import Draft, DraftLine
from tallystick.invoices.save import save_drafts
from tallystick.payments.collect import look_up_charge, send_charge
from tallystick.payments.consent import Consent
from tallystick.payments.gateways import save_gateway_account
from tallystick.payments.methods import start_setup
from tallystick.payments.models import PaymentMethod
from tallystick.payments.rules import Rules, save_rules
from tallystick.testing.world import World, make_world
from tests.storm.fake import FakeBank, build, register

BUSY = Rules(notice_days=0, retry_days=(1, 2, 3), refund_approval_minor=10**9, customer_charges_a_day=0, run_factor=100)
AGREED = Consent("Acme Print may keep this card for payments I agree on.", address="127.0.0.1")


class Shop:
    """A seller with a fake gateway account; `bank` is its truth."""

    def __init__(self) -> None:
        register()
        self.world: World = make_world().begin_at_noon(clock.now().replace(microsecond=0))
        self.account = new_id()
        self.name = self.account.hex[-10:]
        save_gateway_account(
            account_id=self.account,
            provider="fake",
            label="Card",
            config={"name": self.name},
            is_enabled=True,
            **self.world.acting(),
        )
        self.bank: FakeBank = build({"name": self.name})
        save_rules(wanted=BUSY, **self.world.acting())

    def invoices(self, count: int, *, amount: str = "100.00", customer: str = "nora") -> list[UUID]:
        """Issue invoices of one line each, in one go."""
        return issue_many(self.world, count, amount=amount, customers=[customer])

    def keep_card(self, customer: str = "nora") -> UUID:
        """Let a customer keep a card."""
        attempt = start_setup(
            attempt_id=new_id(),
            customer_id=self.world.customers[customer],
            gateway_account_id=self.account,
            consent=AGREED,
            language="en",
            return_url="http://127.0.0.1:9/back",
            **self.world.acting(),
        )
        send_charge(attempt_id=attempt.id, **self.world.acting())
        session = self.bank.sessions[attempt.id]
        session.state = "paid"
        look_up_charge(attempt_id=attempt.id, **self.world.acting())
        with tenant.tx(self.world.seller_id):
            return PaymentMethod.objects.get(customer_id=self.world.customers[customer], state="active").id


def issue_many(world: World, count: int, *, amount: str = "100.00", customers: list[str] | None = None) -> list[UUID]:
    """Save and issue `count` invoices of one line, shared out over the customers in turn."""
    names, ids = customers or ["nora"], new_ids(count)
    line: Any = (DraftLine("Proofs", Decimal(1), Decimal(amount), world.rates["zero"]),)
    drafts = [
        Draft(
            id=invoice_id,
            customer_id=world.customers[names[at % len(names)]],
            currency="EUR",
            language="en",
            lines=line,
            terms={"kind": "net", "days": 14, "label": "14 days"},
        )
        for at, invoice_id in enumerate(ids)
    ]
    save_drafts(drafts=drafts, **world.acting())
    world.issue(*ids)
    return ids
