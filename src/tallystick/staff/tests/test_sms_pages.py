"""Settings → SMS, the text of a template, and broadcasts, as people use them."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.broadcasts.models import Broadcast, SavedList
from tallystick.broadcasts.queries import members_of
from tallystick.core.segments import BASIC
from tallystick.customers.models import Customer
from tallystick.messages.models import Message, MessageTemplate
from tallystick.sms.services import SERVICES
from tallystick.staff.tests.test_delivery_pages import text
from tallystick.staff.tests.test_office_pages import client_of, url
from tallystick.testing.phone import Phone, open_phone
from tallystick.testing.world import World, make_world
from tallystick.texting.hook import hook_address
from tallystick.texting.route import sms_route
from tallystick.worker.sweeps import drain

KEYS = {
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "tw-secret", "sender": "Acme"},
    "vonage": {
        "api_key": "abcd",
        "api_secret": "vo-secret",
        "signature_secret": "si-secret",
        "sender": "+353210000000",
    },
    "apprise": {"url": "clicksend://me:ap-secret@{to}"},
    "sandbox": {"sender": "Acme"},
}


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with open_phone(tmp_path_factory.mktemp("phone")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def offered(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "phone_url", phone.url)


def use_phone(world: World) -> None:
    assert client_of(world).post(url(world, "settings-sms-provider", "sandbox"), {"sender": "Acme"}).status_code == 302


@pytest.mark.parametrize("kind", SERVICES)
def test_b17_each_provider_is_set_up_and_its_secrets_are_never_shown(world: World, kind: str) -> None:
    client, page = client_of(world), url(world, "settings-sms-provider", kind)
    empty = unescape(client.get(page).content.decode())
    assert (hook_address(world.seller_id, kind) in empty) == bool(SERVICES[kind].hook_help)
    if KEYS[kind].keys() - {"sender"}:
        assert client.post(page, {"sender": "Acme"}).status_code == 422
    assert client.post(page, KEYS[kind]).status_code == 302
    shown = client.get(page).content + client.get(url(world, "settings-sms")).content
    assert b"-secret" not in shown
    with tenant.tx(world.seller_id, read_only=True):
        route = sms_route(world.seller_id)
    assert route is not None
    assert route.kind == kind
    assert ("tells us nothing back" in text(client.get(url(world, "settings-sms")))) == (kind == "apprise")
    assert client.post(url(world, "settings-sms-off")).status_code == 302
    assert "Nothing is texted yet" in text(client.get(url(world, "settings-sms")))


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("twilio", {"account_sid": "AC1"}, "An Account SID is AC"),
        ("twilio", {"sender": "far too long a name"}, "A number like +353"),
        ("apprise", {"url": "json://10.0.0.1/{to}"}, "can't be used for texts here"),
        ("apprise", {"url": "clicksend://me:key@+353879100012"}, "Write {to} once"),
    ],
)
def test_what_cant_work_is_said_at_its_field(world: World, kind: str, given: dict[str, str], said: str) -> None:
    answer = client_of(world).post(url(world, "settings-sms-provider", kind), {**KEYS[kind], **given})
    assert answer.status_code == 422
    assert said in text(answer)


def test_b17_a_test_arrives_and_a_wrong_number_is_explained(world: World, phone: Phone) -> None:
    use_phone(world)
    client, page = client_of(world), url(world, "settings-sms-test")
    assert client.post(page, {"to": "021 555 0142"}).status_code == 422
    assert "isn't a mobile number" in text(client.post(page, {"to": "call me"}))
    assert "It was refused" in text(client.post(page, {"to": "087 911 0000"}))
    assert client.post(page, {"to": "087 910 0077"}).status_code == 302
    assert phone.to("+353879100077")[0]["text"].startswith("Acme Print: this is a test.")


def test_quiet_hours_are_kept_and_nonsense_refused(world: World) -> None:
    use_phone(world)
    client, page = client_of(world), url(world, "settings-sms-quiet")
    assert client.post(page, {"quiet_from": "25:00", "quiet_until": "x"}).status_code == 422
    assert client.post(page, {"quiet_from": "21:30", "quiet_until": "07:15"}).status_code == 302
    assert 'value="21:30"' in client.get(url(world, "settings-sms")).content.decode()


def test_b17_a_template_has_a_text_that_is_counted_previewed_and_checked(world: World) -> None:
    client, page = client_of(world), url(world, "settings-template", "late_reminder", "en")
    shown = unescape(client.get(page).content.decode())
    assert BASIC[:40].replace("\n", "").replace("\r", "")[:10] in shown
    assert "{{ link }}" in shown
    typed = {"subject": "s", "body": "b", "is_on": "on", "sms": "{{ number }} is late <b> {{ lnk }}"}
    answer = client.post(page, typed)
    assert answer.status_code == 422
    assert "Did you mean {{ link }}?" in text(answer)
    typed["sms"] = "{{ number }} is late <b> {{ link }}"
    framed = client.post(url(world, "template-preview", "late_reminder", "en"), typed).content.decode()
    assert "is late &lt;b&gt; http" in framed
    assert client.post(page, typed).status_code == 302
    with tenant.tx(world.seller_id, read_only=True):
        assert MessageTemplate.objects.get().sms == typed["sms"]
    assert "{{ link }}" not in client.get(url(world, "settings-template", "card_expiring", "en")).content.decode()


def write(world: World, **given: str) -> UUID:
    """Write a broadcast on the page, and return its id."""
    broadcast_id = str(new_id())
    usual = {
        "made_id": broadcast_id, "name": "We move", "kind": "filter", "overdue_days": "0", "by_email": "on",
        "subject_en": "We move", "body_en": "{{ greeting }} we move <b>", "sms_en": "",
    }  # fmt: skip
    client_of(world).post(url(world, "broadcast-new"), {**usual, **given})
    return UUID(broadcast_id)


def test_b17_written_looked_at_counted_sent_and_followed(world: World) -> None:
    client, broadcast_id = client_of(world), write(world)
    page = url(world, "broadcast", broadcast_id)
    shown = text(client.get(page))
    assert "2 emails" in shown
    assert "There is no email address for this customer. 1" in shown
    assert "It carries a way to unsubscribe." in shown
    framed = client.get(url(world, "broadcast-preview", broadcast_id, world.nora))
    assert "we move &lt;b&gt;" in framed.content.decode()
    assert "sandbox" in framed["Content-Security-Policy"]
    for _twice in range(2):
        assert client.post(url(world, "broadcast-send", broadcast_id)).status_code == 302
    drain(world.seller_id)
    with tenant.tx(world.seller_id, read_only=True):
        assert Message.objects.filter(document_id=broadcast_id).count() == 2
    after = text(client.get(page))
    assert "Nora Kestrel Architects" in after
    assert "Left out" in after
    assert client.post(url(world, "broadcast-edit", broadcast_id)).status_code == 302
    assert "We move" in text(client.get(url(world, "broadcasts")))


def test_it_is_planned_in_the_sellers_zone_and_stopped(world: World) -> None:
    client, broadcast_id = client_of(world), write(world)
    page = url(world, "broadcast-send", broadcast_id)
    assert client.post(page, {"due_at": "2020-01-01T09:00"}).status_code == 422
    assert client.post(page, {"due_at": "someday"}).status_code == 422
    assert client.post(page, {"due_at": "2030-07-01T09:00"}).status_code == 302
    with tenant.tx(world.seller_id, read_only=True):
        due_at = Broadcast.objects.get().due_at
    assert due_at
    assert due_at.isoformat() == "2030-07-01T08:00:00+00:00", "nine in Dublin in summer"
    assert client.post(url(world, "broadcast-stop", broadcast_id)).status_code == 302
    assert "Stopped" in text(client.get(url(world, "broadcast", broadcast_id)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "Fill this in."),
        ({"body_en": "{{ amount }}"}, "a placeholder here that doesn't exist"),
        ({"by_email": ""}, "Choose email, text, or both."),
        ({"kind": "one"}, "Fill this in."),
        ({"kind": "one", "customer": "not an id"}, "Select a valid choice"),
        ({"overdue_days": "-1"}, "From 0 to 3650 days."),
    ],
)
def test_what_cant_be_sent_comes_back(world: World, given: dict[str, str], said: str) -> None:
    usual = {"name": "x", "kind": "filter", "overdue_days": "0", "by_email": "on", "subject_en": "s", "body_en": "b"}
    answer = client_of(world).post(url(world, "broadcast-new"), {**usual, **given})
    assert answer.status_code == 422
    assert said in text(answer)


def test_a_list_is_ticked_or_made_from_what_a_broadcast_finds(world: World) -> None:
    client, broadcast_id = client_of(world), write(world, language="ro")
    filled = client.get(url(world, "list-new") + f"?from={broadcast_id}").content.decode()
    assert [f'id="c-{one}" checked' in filled for one in (world.customers["pia"], world.nora)] == [True, False]
    list_id = str(new_id())
    given = {"made_id": list_id, "name": "Two", "customer": [str(world.nora), str(world.customers["pia"]), "nonsense"]}
    assert client.post(url(world, "list-new"), given).status_code == 302
    with tenant.tx(world.seller_id, read_only=True):
        assert members_of(SavedList.objects.get().id) == {world.nora, world.customers["pia"]}
    answer = client.post(url(world, "list-new"), {**given, "made_id": str(new_id())})
    assert "Another list has this name." in text(answer)
    to_list = write(world, kind="list", saved_list=list_id)
    assert "2 emails" in text(client.get(url(world, "broadcast", to_list)))
    assert client.post(url(world, "list-remove", list_id)).status_code == 302


def test_the_list_of_broadcasts_costs_the_same_however_long(world: World) -> None:
    client = client_of(world)
    write(world)
    with CaptureQueriesContext(connection) as few:
        client.get(url(world, "broadcasts"))
    for _each in range(12):
        write(world)
    with CaptureQueriesContext(connection) as many:
        client.get(url(world, "broadcasts"))
    assert len(many) == len(few)


def test_another_sellers_customer_is_nobody(world: World) -> None:
    other = make_world()
    broadcast_id = write(world)
    assert client_of(world).get(url(world, "broadcast-preview", broadcast_id, other.nora)).status_code == 404
    with tenant.tx(world.seller_id, read_only=True):
        assert not Customer.objects.filter(id=other.nora).exists()
