"""How a seller's mail goes out: keys sealed, kept when left empty, given to nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tallystick.base import tenant
from tallystick.base.models import Event
from tallystick.mail.services import SERVICES
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.mail_hook import hook_address, hook_password, seller_of_hook
from tallystick.sellers.mail_pace import Turns, give_turns_back, set_pace, take_turns
from tallystick.sellers.mail_route import (
    Server,
    mail_route,
    mail_settings,
    remove_mail_route,
    save_mail_route,
    save_mail_service,
    service_options,
    typed_route,
)
from tallystick.testing.world import World, make_world

MAILGUN = {"api_key": "key-1", "sender_domain": "mg.x.example", "region": "eu", "webhook_signing_key": "sign-1"}


def saved(world: World, **options: str) -> None:
    save_mail_service(**world.acting(), kind="mailgun", sender_address="Me@X.example", options={**MAILGUN, **options})


def test_e6_a_services_keys_are_sealed_and_kept_when_left_empty(world: World) -> None:
    saved(world)
    saved(world, api_key="", webhook_signing_key="", region="us")
    with tenant.tx(world.seller_id, read_only=True):
        route, row = mail_route(), mail_settings()
    assert route and row
    assert route[0] == "me@x.example"
    assert (route[1].kind, route[1].options) == ("mailgun", {**MAILGUN, "region": "us"})
    assert b"key-1" not in bytes(row.sealed_login)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"api_key": ""}, "api_key"),
        ({"sender_domain": "mg.x\r\nBcc: y"}, "sender_domain"),
        ({"region": "mars"}, "region"),
        ({"api_key": "schlüssel"}, "api_key"),
    ],
)
def test_e6_what_a_service_cannot_take_is_refused(world: World, change: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        saved(world, **change)
    assert list(caught.value.problems) == [problem]
    with tenant.tx(world.seller_id, read_only=True):
        assert mail_settings() is None


def test_e6_a_key_of_one_service_is_not_another_ones(world: World) -> None:
    saved(world)
    with pytest.raises(InvalidSettings):
        save_mail_service(**world.acting(), kind="brevo", sender_address="me@x.example", options={})
    with tenant.tx(world.seller_id, read_only=True):
        assert service_options("brevo") == {}
        assert service_options("mailgun") == MAILGUN


def test_e6_a_stored_smtp_password_is_tried_only_where_it_belongs(world: World) -> None:
    known = {"host": "smtp.x.example", "port": 587, "security": "starttls", "sender_address": "me@x.example"}
    save_mail_route(username="me", password="secret", **known, **world.acting())
    own = Server("smtp.x.example", 587, "starttls", "me")
    assert typed_route(seller_id=world.seller_id, server=own, sender_address="me@x.example")[1].password == "secret"
    for other in (Server("evil.example", 587, "starttls", "me"), Server("smtp.x.example", 25, "none", "me")):
        with pytest.raises(InvalidSettings, match="password"):
            typed_route(seller_id=world.seller_id, server=other, sender_address="me@x.example")
    saved(world)
    assert typed_route(seller_id=world.seller_id, server=own, sender_address="me@x.example")[1].password == ""


def test_e4_back_to_the_default_route_forgets_the_keys_and_says_so_once(world: World) -> None:
    saved(world)
    set_pace(**world.acting(), per_minute=7)
    for _ in range(2):
        remove_mail_route(**world.acting())
    with tenant.tx(world.seller_id, read_only=True):
        row = mail_settings()
        assert (mail_route(), service_options("mailgun")) == (None, {})
        told = Event.objects.filter(kind="seller.mail_route_changed").count()
    assert row
    assert (row.kind, row.per_minute, told) == ("default", 7, 2)


def test_the_pace_is_so_many_in_each_minute_of_the_clock(world: World) -> None:
    minute = world.now.replace(second=0)

    def turn(seconds: int) -> bool:
        with tenant.tx(world.seller_id):
            return take_turns(1, now=minute + timedelta(seconds=seconds)).granted == 1

    assert all(turn(0) for _ in range(20)), "without a setting there is no limit"
    set_pace(**world.acting(), per_minute=2)
    assert [turn(at) for at in (1, 30, 59, 60, 61, 62)] == [True, True, False, True, True, False]
    with tenant.tx(world.seller_id):
        assert take_turns(1, now=minute + timedelta(seconds=90)) == Turns(0, minute + timedelta(minutes=2), 2)
    for wrong in (-1, 10_001):
        with pytest.raises(InvalidSettings):
            set_pace(**world.acting(), per_minute=wrong)


def test_several_take_what_a_minute_has_left_and_what_did_not_go_is_given_back(world: World) -> None:
    minute = world.now.replace(second=0)
    set_pace(**world.acting(), per_minute=5)
    with tenant.tx(world.seller_id):
        assert [take_turns(3, now=minute).granted for _ in range(3)] == [3, 2, 0]
        give_turns_back(4, now=minute)
        assert [take_turns(3, now=minute).granted for _ in range(2)] == [3, 1]
        assert take_turns(3, now=minute + timedelta(minutes=1)).granted == 3
        give_turns_back(2, now=minute)
        assert take_turns(3, now=minute + timedelta(minutes=1)).granted == 2, (
            "another minute's turns aren't ours to give"
        )


def test_the_address_for_news_is_one_sellers_and_one_services(world: World) -> None:
    other = make_world()
    for kind, service in SERVICES.items():
        address = hook_address(world.seller_id, kind)
        token = address.rsplit("/", 1)[1]
        assert seller_of_hook(kind, token) == world.seller_id
        assert [seller_of_hook(each, token) for each in SERVICES if each != kind] == [None] * 4
        assert seller_of_hook(kind, token[:40] + ("A" if token[40] != "A" else "B") + token[41:]) is None
        assert (hook_password(world.seller_id, kind) in address) == (service.hook == "password")
        assert hook_password(other.seller_id, kind) != hook_password(world.seller_id, kind)
    assert seller_of_hook("smtp", "x") is None
