"""Many sellers, each with customers, kept cards, and invoices to be paid one way or another."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices.models import Rendering
from tallystick.invoices.queries import due_items_of
from tallystick.payments.rules import save_rules
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.payments.tests.stage import GOOD, NO_MONEY_TWICE, WANTS_OWNER, Stage
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World, make_world
from tests.storm.stage import BUSY, issue_many
from tests.storm.verify import Account

CARDS = {"nora": GOOD, "otto": NO_MONEY_TWICE, "pia": WANTS_OWNER}
IN_TURN = ["nora", "otto", "pia"]


@dataclass
class Shop:
    """One seller of the storm."""

    account: Account
    gateway_account_id: UUID
    by_page: list[UUID] = field(default_factory=list)
    by_card: list[tuple[UUID, UUID]] = field(default_factory=list)


def make_shops(
    count: int, invoices: int, sandbox: SandboxProcess, hooks_url: str, seed: int, *, planned: float, by_card: float
) -> list[Shop]:
    """Make sellers with so many invoices in all: shares of them `planned` to be charged by themselves and paid `by_card`
    with a kept one, the others on the page."""
    chance = random.Random(seed)
    return [_make_shop(invoices // count + 1, sandbox, hooks_url, chance, (planned, by_card)) for _ in range(count)]


def _make_shop(
    invoices: int, sandbox: SandboxProcess, hooks_url: str, chance: random.Random, shares: tuple[float, float]
) -> Shop:
    world = make_world().begin_at_noon(clock.now() - timedelta(minutes=1))
    stage = Stage(world, sandbox, add_sandbox(world, sandbox.url))
    save_rules(wanted=BUSY, **world.acting())
    methods = {name: stage.keep_card(number, customer=name).id for name, number in CARDS.items()}
    sandbox.gateway(stage.name).register_webhook(url=f"{hooks_url}/hooks/sandbox/{stage.card}")
    shop = Shop(Account(world.seller_id, stage.card, stage.name), stage.card)
    ids = issue_many(world, invoices, amount="100.00", customers=IN_TURN)
    _render(world, ids)
    for at, invoice_id in enumerate(ids):
        method, lot = methods[IN_TURN[at % 3]], chance.random()
        if lot < shares[0]:
            _plan(stage, invoice_id, method)
        elif lot < sum(shares):
            shop.by_card.append((invoice_id, method))
        else:
            shop.by_page.append(invoice_id)
    return shop


def _render(world: World, ids: Sequence[UUID]) -> None:
    """Their PDFs are stored already: what a document looks like isn't proved here."""
    rows = [
        Rendering(
            id=new_id(), seller_id=world.seller_id, invoice_id=each, sha256=b"", content=b"%PDF", rendered_at=world.now
        )
        for each in ids
    ]
    with tenant.tx(world.seller_id):
        Rendering.objects.bulk_create(rows)


def _plan(stage: Stage, invoice_id: UUID, method: UUID) -> None:
    with tenant.tx(stage.world.seller_id):
        [item] = due_items_of([invoice_id])
    plan = Plan(new_id(), item.id, "date", charge_on=stage.world.today, payment_method_id=method)
    schedule_charge(plan=plan, **stage.world.acting())
