"""Numbers, zones, settings, short links."""

from __future__ import annotations

from datetime import time
from uuid import UUID

import pytest
from django.conf import settings

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.base.invariants import broken_rules
from tallystick.customers.models import Contact, Customer
from tallystick.testing.world import World, make_world
from tallystick.texting.errors import BadSmsSettings
from tallystick.texting.hook import hook_address, seller_of_hook
from tallystick.texting.models import ShortLink, SmsRoute
from tallystick.texting.numbers import Reach, mobile_number, reach_of, zones_of
from tallystick.texting.route import remove_sms_route, save_quiet_hours, save_sms_route, sms_options, sms_route
from tallystick.texting.short_links import Target, find_short_link, keep_short_link

SID = "AC" + "0" * 32


@pytest.mark.parametrize(
    ("text", "country", "wanted"),
    [
        ("087 910 0012", "IE", "+353879100012"),
        ("(087) 910-0012", "ie", "+353879100012"),
        ("+40 712 345 012", "IE", "+40712345012"),
        ("0040 712 345 012", "IE", "+40712345012"),
        ("202 555 0123", "US", "+12025550123"),
        ("021 555 0142", "IE", ""),
        ("087 910 0012 ext. 5", "IE", ""),
        ("087 910 0012", "", ""),
        ("call Aoife", "IE", ""),
        ("999", "IE", ""),
        ("\x00" * 500, "IE", ""),
        ("087 910 0012", "ZZ", ""),
    ],
)
def test_numbers_that_a_mobile_can_have(text: str, country: str, wanted: str) -> None:
    assert mobile_number(text, country) == wanted


def test_contacts_who_get_documents_come_first(world: World) -> None:
    with tenant.tx(world.seller_id):
        Customer.objects.filter(id=world.nora).update(phone="087 910 0099")
        assert reach_of(world.nora) == Reach("+353879100099", is_typed=True)
        for phone, gets in (("087 910 0011", False), ("021 555 0142", True), ("087 910 0012", True)):
            Contact.objects.create(
                id=new_id(),
                seller_id=world.seller_id,
                customer_id=world.nora,
                name="N",
                phone=phone,
                gets_documents=gets,
            )
        assert reach_of(world.nora).number == "+353879100012"
        assert reach_of(world.customers["otto"]) == Reach("", is_typed=False)


def test_the_zone_is_the_numbers_country_or_the_sellers() -> None:
    zones, country = zones_of("+40712345012", "Europe/Dublin")
    assert ([str(zone) for zone in zones], country) == (["Europe/Bucharest"], "RO")
    assert len(zones_of("+12025550123", "Europe/Dublin")[0]) > 5
    assert [str(zone) for zone in zones_of("+8812345678", "Europe/Dublin")[0]] == ["Europe/Dublin"]


def test_settings_are_sealed_kept_when_empty_and_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"account_sid": SID, "auth_token": "hush"}
    save_sms_route(kind="twilio", sender="+353210000000", options=options, **world.acting())
    save_sms_route(kind="twilio", sender="Acme", options={"account_sid": SID, "auth_token": ""}, **world.acting())
    with tenant.tx(world.seller_id, read_only=True):
        route, row = sms_route(world.seller_id), SmsRoute.objects.get()
        assert route
        assert (route.sender, route.transport.options["auth_token"], route.hears) == ("Acme", "hush", False)
        assert b"hush" not in bytes(row.sealed_options)
        assert route.transport.report_url == "", "Twilio refuses an address it can't reach"
        monkeypatch.setattr(settings, "PUBLIC_URL", "https://tally.example")
        reachable = sms_route(world.seller_id)
        assert reachable
        assert reachable.transport.report_url == hook_address(world.seller_id, "twilio")
        assert (route.quiet_from, route.quiet_until) == (time(20), time(8))
        assert sms_options(world.seller_id, "vonage") == {}
        assert "hush" not in repr(route)
    save_quiet_hours(quiet_from=time(22), quiet_until=time(7), **world.acting())
    with pytest.raises(BadSmsSettings) as refused:
        save_sms_route(kind="vonage", sender="Acme", options={"api_key": "abcd"}, **world.acting())
    assert set(refused.value.problems) == {"api_secret", "signature_secret"}, (
        "another provider's secret isn't taken over"
    )
    remove_sms_route(**world.acting())
    with tenant.tx(world.seller_id, read_only=True):
        assert sms_route(world.seller_id) is None


@pytest.mark.parametrize(
    ("kind", "sender", "options", "field"),
    [
        ("twilio", "+353210000000", {"account_sid": "AC1", "auth_token": "x"}, "account_sid"),
        ("twilio", "far too long a name", {"account_sid": SID, "auth_token": "x"}, "sender"),
        ("twilio", "Acme", {"account_sid": SID, "auth_token": "x\ny"}, "auth_token"),
        ("apprise", "", {"url": "json://10.0.0.1/{to}"}, "url"),
        ("vonage", "Acme", {}, "api_key"),
    ],
)
def test_settings_that_cant_work_are_refused(
    world: World, kind: str, sender: str, options: dict[str, str], field: str
) -> None:
    with pytest.raises(BadSmsSettings) as refused:
        save_sms_route(kind=kind, sender=sender, options=options, **world.acting())
    assert field in refused.value.problems


def test_a_hook_names_its_seller_and_its_provider(world: World) -> None:
    token = hook_address(world.seller_id, "twilio").rsplit("/", 1)[1]
    assert seller_of_hook("twilio", token) == world.seller_id
    assert [seller_of_hook(kind, token) for kind in ("vonage", "apprise", "pigeon")] == [None] * 3


def test_a_short_link_is_found_across_sellers_and_holds_no_token(world: World) -> None:
    target, other = Target("invoice", new_id(), 1), make_world()
    assert find_short_link(target.url.rsplit("/", 1)[1]) is None
    for _twice in range(2):
        with tenant.tx(world.seller_id):
            keep_short_link(seller_id=world.seller_id, target=target)
    code = target.url.removeprefix(f"{settings.PUBLIC_URL}/l/")
    assert (len(code), find_short_link(code)) == (12, target)
    assert Target("invoice", target.row_id, 2).url != target.url
    with tenant.tx(other.seller_id, read_only=True):
        assert not ShortLink.objects.exists()
    assert broken_rules(world.seller_id) == {}
    assert isinstance(target.row_id, UUID)
