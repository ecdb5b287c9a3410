"""Settings → Email: each way can be set up, a test names what fails and keeps what was typed, DNS is asked on a click."""

from __future__ import annotations

import re
import socket
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from tallystick.base import tenant
from tallystick.mail import advice, fetch
from tallystick.mail.services import SERVICES
from tallystick.sellers.mail_hook import hook_address
from tallystick.sellers.mail_route import mail_route, mail_settings
from tallystick.staff.tests.test_office_pages import client_of, url
from tallystick.testing.world import World

KEYS = {
    "postmark": {"server_token": "pm-secret"},
    "mailgun": {"api_key": "mg-secret", "sender_domain": "mg.x.example", "region": "eu", "webhook_signing_key": ""},
    "amazon_ses": {"access_key_id": "AKIA1", "secret_access_key": "aws-secret", "region": "eu-west-1"},
    "brevo": {"api_key": "xkeysib-secret"},
    "resend": {"api_key": "re_secret", "signing_secret": ""},
}
SERVER = {"sender_address": "a@x.example", "host": "127.0.0.1", "security": "none", "username": "me"}


def text(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def states(answer: HttpResponse) -> list[str]:
    return re.findall(r'data-state="(\w+)"', answer.content.decode())


@pytest.fixture
def nobody() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_e4_e8_without_set_up_the_default_route_serves_and_the_limits_are_stated(world: World) -> None:
    shown = text(client_of(world).get(url(world, "settings-email")))
    assert "From noreply-invoice@" in shown
    assert "in your business's name" in shown
    assert "No notice means no sign" in shown


@pytest.mark.parametrize("kind", SERVICES)
def test_e6_each_service_is_set_up_and_its_secrets_are_never_shown(world: World, kind: str) -> None:
    client, page = client_of(world), url(world, "settings-email-route", kind)
    empty = client.get(page)
    assert hook_address(world.seller_id, kind) in unescape(empty.content.decode())
    assert client.post(page, {"sender_address": "me@x.example"}).status_code == 422
    typed = {**KEYS[kind], "sender_address": "me@x.example"}
    assert client.post(page, typed).status_code == 302
    shown = client.get(page).content.decode()
    secret = next(value for value in KEYS[kind].values() if "secret" in value)
    assert secret not in shown
    kept = {name: "" if value == secret else value for name, value in typed.items()}
    assert client.post(page, kept).status_code == 302
    with tenant.tx(world.seller_id, read_only=True):
        route = mail_route()
    assert route and route[1].kind == kind and secret in route[1].options.values()
    overview = text(client.get(url(world, "settings-email")))
    assert f"From me@x.example , through {SERVICES[kind].label}" in overview


def test_e5_a_test_names_the_step_that_fails(world: World, nobody: int) -> None:
    client = client_of(world)
    server = {**SERVER, "port": str(nobody), "password": "hush"}
    assert client.post(url(world, "settings-email-route", "smtp"), {**server, "host": "http://x"}).status_code == 422
    assert client.post(url(world, "settings-email-route", "smtp"), server).status_code == 302
    answer = client.post(url(world, "settings-email-test"), {"to": "me@x.example"})
    assert answer.status_code == 422
    assert states(answer) == ["ok", "failed", *["not_reached"] * 5]
    assert "Nothing listens on this port" in text(answer)
    assert 'value="me@x.example"' in answer.content.decode()
    assert client.post(url(world, "settings-email-test"), {"to": "me"}).status_code == 422
    assert client.post(url(world, "settings-email-default")).status_code == 302
    assert "in your business's name" in text(client.get(url(world, "settings-email")))


def test_e5_a_trial_keeps_what_was_typed_and_saves_nothing(world: World, nobody: int) -> None:
    typed = {**SERVER, "port": str(nobody), "password": "hush-hush", "to": "you@y.example"}
    answer = client_of(world).post(url(world, "settings-email-trial"), typed)
    assert answer.status_code == 422
    assert states(answer)[:2] == ["ok", "failed"]
    for value in ("a@x.example", "127.0.0.1", str(nobody), "me", "hush-hush", "you@y.example"):
        assert f'value="{value}"' in answer.content.decode()
    with tenant.tx(world.seller_id, read_only=True):
        assert mail_settings() is None


def test_e5_a_trial_never_sends_a_stored_password_elsewhere(world: World, nobody: int) -> None:
    client = client_of(world)
    server = {**SERVER, "port": str(nobody), "password": "hush"}
    assert client.post(url(world, "settings-email-route", "smtp"), server).status_code == 302
    elsewhere = {**server, "host": "localhost", "password": "", "to": "me@x.example"}
    answer = client.post(url(world, "settings-email-trial"), elsewhere)
    assert (answer.status_code, states(answer)) == (422, [])
    assert "Type the password again" in text(answer)


def test_e6_a_service_that_works_says_what_came_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(world)
    client.post(url(world, "settings-email-route", "resend"), {**KEYS["resend"], "sender_address": "me@x.example"})
    monkeypatch.setattr(fetch.http, "send", lambda *_, **__: fetch.http.Response(200, {}, b'{"id": "id-77"}'))
    answer = client.post(url(world, "settings-email-test"), {"to": "me@x.example"})
    assert (answer.status_code, states(answer)) == (200, ["ok"] * 3)
    assert "id-77" in text(answer)


@pytest.mark.parametrize(
    ("entries", "words"),
    [(["v=spf1 include:amazonses.com ~all"], "Right"), ([], "Missing"), (["v=spf1 -all"], "Now there is: v=spf1 -all")],
)
def test_e6_dns_is_checked_on_a_click(
    world: World, monkeypatch: pytest.MonkeyPatch, entries: list[str], words: str
) -> None:
    client, asked = client_of(world), []
    client.post(url(world, "settings-email-route", "resend"), {**KEYS["resend"], "sender_address": "me@x.example"})

    def ask(name: str) -> list[str]:
        asked.append(name)
        return entries if name == "send.x.example" else []

    monkeypatch.setattr(advice, "ask_dns", ask)
    assert "Checked just now" not in text(client.get(url(world, "settings-email")))
    assert asked == []
    answer = client.post(url(world, "settings-email-dns"))
    assert (answer.status_code, asked) == (200, ["send.x.example", "resend._domainkey.x.example", "_dmarc.x.example"])
    assert words in text(answer)


def test_e6_without_network_the_page_says_that_it_does_not_know(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(name: str) -> list[str]:
        raise advice.CannotAsk(name)

    monkeypatch.setattr(advice, "ask_dns", ask)
    client = client_of(world)
    answer = client.post(url(world, "settings-email-dns"), {"selector": "s1"})
    assert (answer.status_code, text(answer).count("Couldn't be asked")) == (200, 3)
    assert "s1._domainkey." in text(answer)
    unnamed = client.post(url(world, "settings-email-dns"))
    assert text(unnamed).count("Couldn't be asked") == 2, "a key without a name isn't looked for"
    assert client.post(url(world, "settings-email-dns"), {"selector": "s1; drop"}).status_code == 422


def test_the_pace_is_set(world: World) -> None:
    client = client_of(world)
    assert client.post(url(world, "settings-email-pace"), {"per_minute": "40"}).status_code == 302
    assert 'value="40"' in client.get(url(world, "settings-email")).content.decode()
    for wrong in ("-1", "10001", "many", ""):
        assert client.post(url(world, "settings-email-pace"), {"per_minute": wrong}).status_code == 422


def test_a_way_that_does_not_exist_is_no_page(world: World) -> None:
    assert client_of(world).get(url(world, "settings-email-route", "pigeon")).status_code == 404
    assert Client().get(url(world, "settings-email-route", "smtp")).status_code == 302
