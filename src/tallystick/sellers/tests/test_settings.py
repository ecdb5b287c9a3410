"""Settings: what is kept and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.sellers import queries
from tallystick.sellers.banks import remove_bank_account, save_bank_account
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.mail_route import mail_route, remove_mail_route, save_mail_route
from tallystick.sellers.settings import Business, save_branding, update_seller
from tallystick.testing.world import World

BUSINESS = Business(name="Acme", country="IE", currency="EUR", email="A@acme.example", phone="021 4223456")


def test_business_fields_are_kept(world: World) -> None:
    update_seller(business=BUSINESS, **world.acting())
    with tenant.tx(world.seller_id):
        row = queries.seller(world.seller_id)
    assert (row.name, row.email, row.phone) == ("Acme", "a@acme.example", "+353 21 422 3456")


def test_each_wrong_setting_is_named(world: World) -> None:
    wrong = replace(BUSINESS, name="", time_zone="Mars/Base", language="tlh", currency="euro", phone="x", terms={})
    with pytest.raises(InvalidSettings) as refused:
        update_seller(business=wrong, **world.acting())
    assert set(refused.value.problems) == {"name", "time_zone", "language", "currency", "phone", "terms"}


def test_colours_are_hex(world: World) -> None:
    with pytest.raises(InvalidSettings):
        save_branding(brand="red;}", **world.acting())
    save_branding(brand="#ABCDEF", **world.acting())
    with tenant.tx(world.seller_id):
        assert queries.seller(world.seller_id).brand == "#abcdef"


@pytest.mark.parametrize(
    ("iban", "reason"),
    [
        ("IE29 AIBK 9311 5212 3456 79", "iban_checksum"),
        ("IE29AIBK", "iban_length"),
        ("hello", "iban_format"),
        ("", "required"),
    ],
)
def test_ibans_are_checked(world: World, iban: str, reason: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        save_bank_account(
            seller_id=world.seller_id, account_id=new_id(), holder="Acme", iban=iban, currency="EUR", bic="NO"
        )
    assert refused.value.problems["bic"] == "bic"
    assert refused.value.problems["iban"] in {reason, "iban_format", "iban_checksum"}


def test_bank_accounts_come_and_go(world: World, outsider: World) -> None:
    account_id = new_id()
    for _time in range(2):
        save_bank_account(
            seller_id=world.seller_id,
            account_id=account_id,
            holder="Acme",
            iban="de89 3704 0044 0532 0130 00",
            currency="EUR",
        )
    remove_bank_account(seller_id=outsider.seller_id, account_id=account_id)
    with tenant.tx(world.seller_id):
        assert [row.iban for row in queries.bank_accounts()][1:] == ["DE89370400440532013000"]
    remove_bank_account(seller_id=world.seller_id, account_id=account_id)
    with tenant.tx(world.seller_id):
        assert len(queries.bank_accounts()) == 1


def test_a_stored_mail_password_stays_with_its_server(world: World) -> None:
    known = {"host": "smtp.x.example", "port": 587, "security": "starttls", "sender_address": "a@x.example"}
    save_mail_route(username="me", password="secret", **known, **world.acting())
    save_mail_route(username="me", **known, **world.acting())
    with tenant.tx(world.seller_id):
        route = mail_route()
    assert route
    assert route[1].password == "secret"
    assert route[1].use_tls
    with pytest.raises(InvalidSettings) as refused:
        save_mail_route(username="me", **{**known, "host": "evil.example"}, **world.acting())
    assert refused.value.problems == {"password": "password"}
    remove_mail_route(**world.acting())
    with tenant.tx(world.seller_id):
        assert mail_route() is None
