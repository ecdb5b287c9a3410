"""Broadcasts: to whom, in which language, once each whatever dies, and never to who left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.base.invariants import broken_rules
from tallystick.broadcasts.audience import Audience, customers_in
from tallystick.broadcasts.errors import BadBroadcast, NoSuchBroadcast
from tallystick.broadcasts.lists import remove_list, save_list
from tallystick.broadcasts.models import Broadcast, BroadcastRecipient, Unsubscribed
from tallystick.broadcasts.queries import members_of, progress_of, recipients_page, saved_lists
from tallystick.broadcasts.run import run_broadcast, send_broadcast
from tallystick.broadcasts.save import Sketch, discard_broadcast, save_broadcast, stop_broadcast
from tallystick.broadcasts.unsubscribe import leave_url
from tallystick.broadcasts.wording import Said
from tallystick.customers.models import Customer
from tallystick.messages.blast import FLOOR
from tallystick.messages.models import Message
from tallystick.messages.outcomes import silence_address
from tallystick.messages.queue import release_brake
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.phone import Phone, open_phone
from tallystick.testing.world import World
from tallystick.texting.route import save_sms_route
from tests.sending.story import let, let_until

EVERYONE = Audience()
WORDS = {
    "en": Said("News from {{ seller_name }}", "{{ greeting }}\n\nwe move.", "{{ customer_name }}: we move."),
    "ro": Said("Știri de la {{ seller_name }}", "{{ greeting }}\n\nne mutăm.", "Ne mutăm."),
}


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with open_phone(tmp_path_factory.mktemp("phone")) as opened:
        yield opened


def sketch(**given: Any) -> Sketch:
    usual = {"name": "We move", "by_email": True, "by_sms": False, "is_transactional": True, "audience": EVERYONE}
    return Sketch(**{**usual, "words": WORDS, **given})  # type: ignore[arg-type]


def written(world: World, **given: Any) -> UUID:
    broadcast_id = new_id()
    save_broadcast(broadcast_id=broadcast_id, sketch=sketch(**given), **world.acting())
    return broadcast_id


def sent(world: World, **given: Any) -> UUID:
    broadcast_id = written(world, **given)
    send_broadcast(broadcast_id=broadcast_id, **world.acting())
    let(world, minutes=1)
    return broadcast_id


def messages(world: World, broadcast_id: UUID) -> list[Message]:
    with tenant.tx(world.seller_id, read_only=True):
        return list(Message.objects.filter(document_id=broadcast_id).order_by("created_at", "id"))


def state(world: World, broadcast_id: UUID) -> str:
    with tenant.tx(world.seller_id, read_only=True):
        return Broadcast.objects.get(id=broadcast_id).state


def left_out(world: World, broadcast_id: UUID) -> dict[str, int]:
    with tenant.tx(world.seller_id, read_only=True):
        return dict(progress_of(broadcast_id).left_out)


def crowd(world: World, count: int) -> None:
    """Many more customers, each with an address of its own."""
    with tenant.tx(world.seller_id):
        Customer.objects.bulk_create(
            Customer(
                id=new_id(), seller_id=world.seller_id, number=f"X-{n}", name=f"Number {n}", sort_key=f"number {n:05}",
                email=f"n{n}-{world.slug}@crowd.example", country="IE", language="en", currency="EUR",
                created_at=world.now,
            )
            for n in range(count)
        )  # fmt: skip


def leave_path(world: World, broadcast_id: UUID) -> str:
    with tenant.tx(world.seller_id, read_only=True):
        row = BroadcastRecipient.objects.get(broadcast_id=broadcast_id, customer_id=world.nora)
    return leave_url(row.id).removeprefix(settings.PUBLIC_URL)


def test_b17_each_gets_it_once_in_their_own_language(world: World, mailbox: Mailbox) -> None:
    broadcast_id = sent(world)
    said = {message.customer_id: (message.state, message.subject) for message in messages(world, broadcast_id)}
    assert said == {
        world.nora: ("sent", "News from Acme Print"),
        world.customers["pia"]: ("sent", "Știri de la Acme Print"),
    }
    assert left_out(world, broadcast_id) == {"no_address": 1}
    assert state(world, broadcast_id) == "done"
    send_broadcast(broadcast_id=broadcast_id, **world.acting())
    let(world, minutes=10)
    assert len(messages(world, broadcast_id)) == 2
    assert broken_rules(world.seller_id) == {}


def test_b17_by_text_with_the_way_to_end_it(world: World, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "phone_url", phone.url)
    save_sms_route(kind="sandbox", sender="Acme", options={}, **world.acting())
    with tenant.tx(world.seller_id):
        Customer.objects.filter(id=world.nora).update(phone="087 910 0031")
    let_until(world, 0, 12)
    broadcast_id = sent(world, by_email=False, by_sms=True, is_transactional=False)
    [text] = phone.to("+353879100031")
    assert text["text"] == "Nora Kestrel Architects: we move.\nReply STOP to end."
    assert left_out(world, broadcast_id) == {"no_mobile": 2}


def test_a_text_whose_answer_nobody_hears_ends_in_a_link(world: World) -> None:
    options = {"account_sid": "AC" + "0" * 32, "auth_token": "x", "api_url": "http://127.0.0.1:9"}
    save_sms_route(kind="twilio", sender="Acme", options=options, **world.acting())
    with tenant.tx(world.seller_id):
        Customer.objects.filter(id=world.nora).update(phone="087 910 0032")
    broadcast_id = written(world, by_email=False, by_sms=True, is_transactional=False)
    send_broadcast(broadcast_id=broadcast_id, **world.acting())
    for _step in range(2):
        run_broadcast(seller_id=world.seller_id, broadcast_id=broadcast_id, now=world.now)
    [message] = messages(world, broadcast_id)
    short = message.body.rsplit("/l/", 1)[1]
    answer = Client().get(f"/l/{short}")
    assert answer["Location"] == settings.PUBLIC_URL + leave_path(world, broadcast_id)


@pytest.mark.parametrize(
    ("audience", "wanted"),
    [
        (EVERYONE, ["nora", "otto", "pia"]),
        (Audience(language="ro"), ["pia"]),
        (Audience(currency="USD"), []),
        (Audience(country="IE", language="en"), ["nora", "otto"]),
        (Audience(is_owing=True), ["nora", "otto"]),
        (Audience(overdue_days=5), ["otto"]),
        (Audience(overdue_days=6), []),
        (Audience(kind="one"), []),
        (Audience(kind="list"), []),
    ],
)
def test_b17_a_filter_finds_who_fits(world: World, audience: Audience, wanted: list[str]) -> None:
    world.invoice(customer="nora", terms={"kind": "net", "days": 30, "label": "30 days"})
    world.invoice(customer="otto", terms={"kind": "net", "days": 10, "label": "10 days"})
    with tenant.tx(world.seller_id, read_only=True):
        found = customers_in(audience, on=world.today + timedelta(days=15))
    assert sorted(found) == sorted(world.customers[name] for name in wanted)


def test_a_saved_list_is_who_was_ticked_and_is_still_on_file(world: World) -> None:
    list_id, acting = new_id(), world.acting()
    save_list(list_id=list_id, name=" Architects ", customer_ids=[world.nora, world.customers["otto"]], **acting)
    save_list(list_id=list_id, name="Architects", customer_ids=[world.nora, world.customers["pia"], new_id()], **acting)
    with tenant.tx(world.seller_id):
        assert [(row.name, size) for row, size in saved_lists()] == [("Architects", 2)]
        Customer.objects.filter(id=world.customers["pia"]).update(archived_at=world.now)
        found = customers_in(Audience(kind="list", list_id=list_id), on=world.today)
    assert found == [world.nora]
    with pytest.raises(BadBroadcast, match="taken"):
        save_list(list_id=new_id(), name="Architects", customer_ids=[], **acting)
    assert remove_list(list_id=list_id, **acting)
    assert not remove_list(list_id=list_id, **acting)
    with tenant.tx(world.seller_id, read_only=True):
        assert members_of(list_id) == set()


def test_who_is_silenced_unsubscribed_or_there_twice_is_left_out_and_counted(world: World) -> None:
    crowd(world, 3)
    with tenant.tx(world.seller_id):
        Customer.objects.filter(number="X-2").update(email="nora@kestrel.example")
        Unsubscribed.objects.create(
            id=new_id(), seller_id=world.seller_id, address=f"n1-{world.slug}@crowd.example", at=world.now
        )
    gone = f"n0-{world.slug}@crowd.example"
    silence_address(seller_id=world.seller_id, address=gone, reason="bounced", now=world.now)
    news = sent(world, is_transactional=False)
    assert left_out(world, news) == {"no_address": 1, "silenced": 1, "unsubscribed": 1, "same_address": 1}
    own_business = sent(world)
    assert left_out(world, own_business) == {"no_address": 1, "silenced": 1, "same_address": 1}


def test_b17_news_can_be_unsubscribed_by_rfc_8058_and_a_scanner_does_nothing(world: World, mailbox: Mailbox) -> None:
    broadcast_id = sent(world, is_transactional=False)
    path, client = leave_path(world, broadcast_id), Client(enforce_csrf_checks=True)
    [mail] = [one for one in mailbox.messages(to="nora@kestrel.example") if one["subject"].startswith("News")][:1]
    kept = mailbox.message(mail["id"])
    headers = {name.lower(): value.strip() for name, value in kept["headers"]}
    assert headers["list-unsubscribe"] == f"<{settings.PUBLIC_URL}{path}>"
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert path in kept["html"]
    assert path in kept["text"]
    for _three in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    with tenant.tx(world.seller_id, read_only=True):
        assert not Unsubscribed.objects.exists(), "a GET does nothing"
    for _twice in range(2):
        posted = client.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert posted.status_code == 200
    assert b"You are unsubscribed" in client.get(path).content
    with tenant.tx(world.seller_id, read_only=True):
        assert [row.address for row in Unsubscribed.objects.all()] == ["nora@kestrel.example"]
    again = sent(world, is_transactional=False)
    assert left_out(world, again)["unsubscribed"] == 1
    assert len(messages(world, sent(world))) == 2, "what is about their own business still arrives"
    for _twice in range(2):
        back = client.post(f"{path}/stay")
        assert b"You are subscribed again" in back.content, "who changed their mind takes it back on the same page"
    assert client.get(f"{path}/stay").status_code == 405, "a scanner can't"
    assert left_out(world, sent(world, is_transactional=False)).get("unsubscribed", 0) == 0


def test_a_link_to_unsubscribe_cant_be_guessed(world: World) -> None:
    path = leave_path(world, sent(world, is_transactional=False))
    for wrong in (path[:-4] + "AAAA", "/u/x", "/u/" + "A" * 54, "/u/%00", path + "/more"):
        assert Client().get(wrong).status_code == 404, wrong
        assert Client().post(wrong).status_code == 404, wrong
    assert Client().delete(path).status_code == 405


def test_who_leaves_meanwhile_gets_nothing(world: World) -> None:
    broadcast_id = written(world, is_transactional=False)
    send_broadcast(broadcast_id=broadcast_id, **world.acting())
    for _step in range(2):
        run_broadcast(seller_id=world.seller_id, broadcast_id=broadcast_id, now=world.now)
    Client().post(leave_path(world, broadcast_id))
    let(world, minutes=1)
    found = {message.customer_id: (message.state, message.reason) for message in messages(world, broadcast_id)}
    assert found[world.nora] == ("skipped", "unsubscribed")
    assert found[world.customers["pia"]] == ("sent", "")


def test_b17_it_waits_for_its_time_and_finds_who_fits_then(world: World) -> None:
    broadcast_id, later = written(world), world.now + timedelta(days=1)
    with pytest.raises(BadBroadcast, match="past"):
        send_broadcast(broadcast_id=broadcast_id, due_at=world.now - timedelta(minutes=1), **world.acting())
    send_broadcast(broadcast_id=broadcast_id, due_at=later, **world.acting())
    let(world, hours=23)
    assert (state(world, broadcast_id), messages(world, broadcast_id)) == ("scheduled", [])
    crowd(world, 1)
    let(world, hours=2)
    assert len(messages(world, broadcast_id)) == 3
    with pytest.raises(NoSuchBroadcast):
        save_broadcast(broadcast_id=broadcast_id, sketch=sketch(), **world.acting())


def test_f2_the_brake_holds_what_is_far_above_the_usual(world: World) -> None:
    crowd(world, FLOOR + 20)
    broadcast_id = sent(world)
    states = [message.state for message in messages(world, broadcast_id)]
    assert (states.count("sent"), states.count("held")) == (FLOOR, 22)
    with tenant.tx(world.seller_id, read_only=True):
        progress = progress_of(broadcast_id)
    assert (progress.total, progress.sent, progress.held, progress.done) == (FLOOR + 22, FLOOR, 22, FLOOR)
    assert release_brake(**world.acting()) == 22
    let(world, minutes=1)
    assert {message.state for message in messages(world, broadcast_id)} == {"sent"}


def test_the_rest_is_stopped(world: World) -> None:
    crowd(world, FLOOR + 60)
    broadcast_id = sent(world)
    assert stop_broadcast(broadcast_id=broadcast_id, **world.acting())
    assert not stop_broadcast(broadcast_id=broadcast_id, **world.acting())
    let(world, minutes=10)
    states = [message.state for message in messages(world, broadcast_id)]
    assert (states.count("sent"), states.count("cancelled"), len(states)) == (FLOOR, 62, FLOOR + 62)


def test_stopped_before_its_time_nothing_goes(world: World) -> None:
    broadcast_id = written(world)
    send_broadcast(broadcast_id=broadcast_id, due_at=world.now + timedelta(hours=1), **world.acting())
    stop_broadcast(broadcast_id=broadcast_id, **world.acting())
    let(world, hours=2)
    assert messages(world, broadcast_id) == []
    assert not discard_broadcast(broadcast_id=broadcast_id, **world.acting())


class Killed(BaseException):
    """The process is gone."""


def test_b17_batches_resumed_after_any_kill_give_no_doubles(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before and after every commit of the run, once each, and begun again: each has just one message."""
    crowd(world, 220)
    broadcast_id = written(world)
    send_broadcast(broadcast_id=broadcast_id, **world.acting())
    rounds = 0
    for point in ("commit.before", "commit.after") * 6:

        def strike(at: str, point: str = point) -> None:
            if at == point:
                raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(tenant, "crashpoint", strike)
            run_broadcast(seller_id=world.seller_id, broadcast_id=broadcast_id, now=world.now)
    while run_broadcast(seller_id=world.seller_id, broadcast_id=broadcast_id, now=world.now) == "running":
        rounds += 1
        assert rounds < 20
    found = messages(world, broadcast_id)
    assert len(found) == len({message.customer_id for message in found}) == 222
    assert len({message.dedupe_key for message in found}) == 222


def test_a_list_of_recipients_costs_the_same_however_long(world: World) -> None:
    crowd(world, 40)
    broadcast_id = sent(world)
    with tenant.tx(world.seller_id, read_only=True), CaptureQueriesContext(connection) as seen:
        page, found = recipients_page(broadcast_id, cursor="", size=50)
        progress_of(broadcast_id)
    assert (len(page.rows), len(found), len(seen)) == (43, 42, 4)


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"name": " "}, {"name"}),
        ({"by_email": False}, {"by_email"}),
        ({"words": {}}, {"body_en"}),
        ({"words": {"ro": WORDS["ro"]}}, {"body_en"}),
        ({"words": {"en": Said("s", "{{ amount }}")}}, {"body_en"}),
        ({"words": {"en": Said("s", "b", "x" * 481)}}, {"sms_en"}),
        ({"words": {**WORDS, "ro": Said("", "ne mutăm")}}, {"subject_ro"}),
        ({"by_sms": True, "words": {"en": Said("s", "b")}}, {"sms_en"}),
        ({"audience": Audience(kind="one", customer_id=new_id())}, {"customer"}),
        ({"audience": Audience(kind="list", list_id=new_id())}, {"saved_list"}),
        ({"audience": Audience(kind="all of them")}, {"kind"}),
        ({"audience": Audience(overdue_days=-1)}, {"overdue_days"}),
    ],
)
def test_what_cant_be_sent_isnt_kept(world: World, given: dict[str, Any], problems: set[str]) -> None:
    with pytest.raises(BadBroadcast) as refused:
        written(world, **given)
    assert set(refused.value.problems) == problems


def test_texts_want_a_provider(world: World) -> None:
    broadcast_id = written(world, by_sms=True)
    with pytest.raises(BadBroadcast, match="no_provider"):
        send_broadcast(broadcast_id=broadcast_id, **world.acting())


def test_r19_hostile_words_arrive_as_typed(world: World, mailbox: Mailbox) -> None:
    hostile = "<script>alert(1)</script> {% load %} {# #} \u202e ' OR 1=1 -- 🙂"
    with tenant.tx(world.seller_id):
        Customer.objects.filter(id=world.nora).update(name="{{ seller_name }} <b>")
    words = {"en": Said(f"{hostile} {{{{ customer_name }}}}", f"{hostile}\n{{{{ customer_name }}}}")}
    broadcast_id = sent(world, words=words, is_transactional=False)
    mine = next(message for message in messages(world, broadcast_id) if message.customer_id == world.nora)
    assert mine.state == "sent"
    assert mine.subject.endswith("{{ seller_name }} <b>"), "what is filled in is never read again"
    kept = next(one for one in mailbox.messages(to="nora@kestrel.example") if "script" in one["subject"])
    assert "<script>" not in mailbox.message(kept["id"])["html"]
