"""One button per way to pay; bank details when there is none."""

from __future__ import annotations

from uuid import UUID

from django.test import Client

from tallystick.base import clock
from tallystick.base.ids import new_id
from tallystick.pay.tests.conftest import link
from tallystick.payments.gateways import save_gateway_account
from tallystick.testing.provider import SECRET
from tallystick.testing.world import World


def test_a14_a15_each_connected_account_has_a_button(world: World, payer: Client, card: UUID) -> None:
    second = new_id()
    save_gateway_account(
        account_id=second,
        provider="sandbox",
        label="Corporate card",
        config={
            "api_url": "http://127.0.0.1:9",
            "secret_key": "sk_sandbox_second",
            "webhook_secret": SECRET,
        },
        is_enabled=True,
        **world.acting(),
    )
    with clock.at(world.now):
        page = payer.get(link(world, world.invoice())).content.decode()
    assert "Corporate card" in page
    for account in (card, second):
        assert str(account) in page


def test_a16_without_a_gateway_the_bank_details_stand_there(world: World, payer: Client) -> None:
    with clock.at(world.now):
        page = payer.get(link(world, world.invoice())).content.decode()
    assert "IE29 AIBK 9311 5212 3456 78" in page
    assert "Planning drawings" in page
    assert "/pay" not in page.replace("/static/pay", "")
