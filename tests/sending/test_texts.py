"""Text messages beside emails: once, to mobile numbers, outside quiet hours, and never to who answered STOP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Customer
from tallystick.invoices.mark import mark_sent, replace_link
from tallystick.invoices.queries import document
from tallystick.messages.message_templates import BadTemplate, Words, house_words, save_words
from tallystick.messages.models import Message, SilencedAddress
from tallystick.messages.queue import send_now
from tallystick.messages.triggers import Triggers, save_triggers
from tallystick.payments.models import Payment, PaymentRequest
from tallystick.payments.refund import request_refund
from tallystick.payments.send_request import send_payment_links
from tallystick.sms.providers.sandbox.hear import SIGNATURE, sign_sandbox
from tallystick.testing.phone import Phone, open_phone
from tallystick.testing.world import World
from tallystick.texting.hook import hook_address
from tallystick.texting.route import save_sms_route, sms_options
from tallystick.texting.short_links import Target
from tests.sending.story import let, let_until
from tests.sending.test_reminders import pay

MOBILE = "087 910 0012"
E164 = "+353879100012"
SMS = "{{ seller_name }}: {{ open_amount }} of {{ number }} is open. {{ link }}"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with open_phone(tmp_path_factory.mktemp("phone")) as phone:
        yield phone


@pytest.fixture
def phone(opened: Phone) -> Phone:
    opened.forget()
    return opened


@pytest.fixture
def texting(world: World, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> World:
    """A seller that texts late notices, and Nora with a mobile number."""
    monkeypatch.setattr(settings.ENV, "phone_url", phone.url)
    save_sms_route(kind="sandbox", sender="Acme", options={}, **world.acting())
    say(world, "late_reminder", SMS)
    call(world, MOBILE)
    return world


def say(world: World, kind: str, sms: str) -> None:
    save_words(kind=kind, language="en", words=replace(house_words(kind, "en"), sms=sms), **world.acting())


def call(world: World, number: str, **more: Any) -> None:
    with tenant.tx(world.seller_id):
        Customer.objects.filter(id=world.nora).update(phone=number, **more)


def late(world: World) -> UUID:
    """An invoice of noon that was sent and is reminded of two days after it was due, at eight."""
    let_until(world, 0, 12)
    save_triggers(wanted=Triggers(remind_late_days=2), **world.acting())
    invoice_id = world.invoice(terms={"kind": "net", "days": 1, "label": "1 day"})
    mark_sent(invoice_id=invoice_id, by_hand=True, **world.acting())
    return invoice_id


def texts(world: World, **which: Any) -> list[Message]:
    with tenant.tx(world.seller_id, read_only=True):
        return list(Message.objects.filter(channel="sms", **which).order_by("created_at", "id"))


def told(world: World, kind: str) -> list[dict[str, Any]]:
    with tenant.tx(world.seller_id, read_only=True):
        return [fact.data for fact in events.recent(most=100, customer_id=world.nora) if fact.kind == kind]


def hook(world: World, body: bytes, *, secret: str | None = None) -> int:
    """Call our webhook as the phone would."""
    with tenant.tx(world.seller_id, read_only=True):
        key = secret if secret is not None else sms_options(world.seller_id, "sandbox")["secret"]
    path = hook_address(world.seller_id, "sandbox").removeprefix(settings.PUBLIC_URL)
    return (
        Client()
        .post(path, body, content_type="application/json", headers={SIGNATURE: sign_sandbox(body, key)})
        .status_code
    )


def answer(world: World, text: str) -> int:
    return hook(world, json.dumps({"from": E164, "text": text}).encode())


def test_e19_f8_a_late_notice_is_texted_beside_its_email_once(texting: World, phone: Phone) -> None:
    invoice_id = late(texting)
    let_until(texting, 2, 12)
    [text] = texts(texting)
    assert (text.kind, text.state, text.document_id) == ("late_reminder", "queued", invoice_id)
    assert text.dedupe_key.endswith(":sms")
    let_until(texting, 1, 9)
    [text] = texts(texting)
    assert (text.state, text.recipients, bool(text.provider_id)) == ("sent", [E164], True)
    [shown] = phone.to(E164)
    assert shown["text"].startswith("Acme Print: €173.00 of LP-1 is open. http")
    let_until(texting, 3, 9)
    assert len(phone.to(E164)) == 1


def test_a_text_is_not_sent_for_what_was_paid_and_says_the_rest_of_what_was_paid_in_part(
    texting: World, phone: Phone
) -> None:
    whole, part = late(texting), late(texting)
    let_until(texting, 2, 12)
    assert len(texts(texting)) == 2
    pay(texting, whole)
    pay(texting, part, 10_000)
    let_until(texting, 1, 9)
    states = {text.document_id: (text.state, text.reason) for text in texts(texting)}
    assert states == {whole: ("skipped", "paid"), part: ("sent", "")}
    assert [shown["text"][:20] for shown in phone.to(E164)] == ["Acme Print: €73.00 o"]


@pytest.mark.parametrize(
    ("number", "wanted"),
    [("021 555 0142", [("skipped", "no_mobile")]), ("", []), ("call us", [("skipped", "no_mobile")])],
)
def test_only_mobile_numbers_are_texted(texting: World, number: str, wanted: list[tuple[str, str]]) -> None:
    call(texting, number)
    late(texting)
    let_until(texting, 2, 12)
    assert [(text.state, text.reason) for text in texts(texting)] == wanted


def test_nothing_is_texted_without_words_or_without_a_provider(world: World) -> None:
    call(world, MOBILE)
    say(world, "late_reminder", SMS)
    late(world)
    let_until(world, 2, 12)
    assert texts(world) == []


def test_a_text_waits_for_the_end_of_quiet_hours_where_its_number_is(texting: World, phone: Phone) -> None:
    """San Francisco and New York share a country code: it is quiet while it is quiet in one of a country's zones."""
    call(texting, "+1 202 555 0123", country="US")
    late(texting)
    let_until(texting, 2, 12)
    [text] = texts(texting)
    assert text.reason == "quiet_hours"
    local = text.due_at.astimezone(UTC)
    assert local.hour in {17, 18}, "eight in Honolulu"
    due = text.due_at
    send_now(message_id=text.id, **texting.acting())
    let(texting, minutes=1)
    [text] = texts(texting)
    assert (text.state, text.reason) == ("queued", "quiet_hours"), "a person can't wake people up either"
    assert text.due_at <= due
    texting.now = due + timedelta(minutes=1)
    let(texting, minutes=1)


def test_stop_silences_the_number_and_start_lifts_it(texting: World, phone: Phone) -> None:
    late(texting)
    let_until(texting, 3, 9)
    assert [text.state for text in texts(texting)] == ["sent"]
    assert answer(texting, " Stop. ") == 204
    assert answer(texting, "STOP") == 204
    assert len(told(texting, "message.stopped")) == 1
    late(texting)
    let_until(texting, 3, 9)
    assert (texts(texting)[-1].state, texts(texting)[-1].reason) == ("skipped", "silenced_number")
    assert answer(texting, "start") == 204
    with tenant.tx(texting.seller_id, read_only=True):
        assert not SilencedAddress.objects.filter(silenced_at__isnull=False).exists()


def test_start_lifts_what_stop_did_and_nothing_else(texting: World, phone: Phone) -> None:
    late(texting)
    let_until(texting, 3, 9)
    body = {"id": texts(texting)[0].provider_id, "to": E164, "kind": "bounced_hard"}
    assert hook(texting, json.dumps(body).encode()) == 204
    answer(texting, "START")
    with tenant.tx(texting.seller_id, read_only=True):
        assert SilencedAddress.objects.get(address=E164).reason == "bounced"


def test_an_answer_is_told_on_the_timeline(texting: World, phone: Phone) -> None:
    late(texting)
    let_until(texting, 3, 9)
    assert answer(texting, "Paid it yesterday\nsorry, please don't STOP") == 204
    [fact] = told(texting, "message.answered")
    assert fact["words"] == "Paid it yesterday sorry, please don't STOP"


def test_a_receipt_is_heard_once_and_a_forged_or_foreign_one_never(texting: World, phone: Phone) -> None:
    late(texting)
    let_until(texting, 3, 9)
    body = json.dumps({"id": texts(texting)[0].provider_id, "to": E164, "kind": "delivered"}).encode()
    assert hook(texting, body, secret="guessed") == 403
    foreign = json.dumps({"id": texts(texting)[0].provider_id, "to": "+353879100099", "kind": "bounced_hard"}).encode()
    assert hook(texting, foreign) == 204
    assert texts(texting)[0].outcome == ""
    assert (hook(texting, body), hook(texting, body)) == (204, 204)
    assert texts(texting)[0].outcome == "delivered"


def test_the_short_link_leads_to_the_page_and_is_revoked_with_it(texting: World, phone: Phone) -> None:
    invoice_id = late(texting)
    let_until(texting, 3, 9)
    [shown] = phone.to(E164)
    short = shown["text"].rsplit("/l/", 1)[1]
    assert len(short) == 12
    client = Client()
    answer = client.get(f"/l/{short}")
    assert answer.status_code == 303
    assert b"LP-1" in client.get(answer["Location"].removeprefix(settings.PUBLIC_URL)).content
    assert client.get(f"/l/{short.upper()}").status_code == 303, "a telephone may write it large"
    assert client.post(f"/l/{short}").status_code == 405
    replace_link(invoice_id=invoice_id, **texting.acting())
    revoked = client.get(client.get(f"/l/{short}")["Location"].removeprefix(settings.PUBLIC_URL))
    assert b"173.00" not in revoked.content
    for wrong in ("aaaaaaaaaaaa", "x", "é" * 12, "%00" * 12, short[:-1]):
        assert client.get(f"/l/{wrong}").status_code == 404


def test_a_refusal_is_a_failure_and_an_absent_provider_is_tried_again(
    texting: World, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(texting, "+353 87 911 0000")
    late(texting)
    let_until(texting, 3, 9)
    [text] = texts(texting)
    assert (text.state, "nobody has this number" in text.reason) == ("failed", True)
    call(texting, MOBILE)
    late(texting)
    monkeypatch.setattr(settings.ENV, "phone_url", "http://127.0.0.1:9")
    let_until(texting, 3, 9)
    assert (texts(texting)[-1].state, texts(texting)[-1].tries > 0) == ("queued", True)


def test_a_person_who_sends_first_stops_the_text_too(texting: World, phone: Phone) -> None:
    let_until(texting, 0, 12)
    say(texting, "invoice", "Invoice {{ number }}: {{ link }}")
    save_triggers(wanted=Triggers(frozenset({"invoice"}), delay_minutes=30), **texting.acting())
    invoice_id = texting.invoice()
    let(texting, minutes=1)
    assert [text.state for text in texts(texting, document_id=invoice_id)] == ["queued"]
    mark_sent(invoice_id=invoice_id, by_hand=True, **texting.acting())
    let(texting, minutes=40)
    assert [text.state for text in texts(texting, document_id=invoice_id)] == ["cancelled"]
    assert phone.to(E164) == []


@pytest.mark.parametrize(("sms", "why"), [("{{ lnk }}", "placeholder"), ("x" * 481, "too_long")])
def test_a_text_is_checked_when_it_is_saved(world: World, sms: str, why: str) -> None:
    words = house_words("late_reminder", "en")
    with pytest.raises(BadTemplate) as refused:
        save_words(kind="late_reminder", language="en", words=replace(words, sms=sms), **world.acting())
    assert (refused.value.field, refused.value.why) == ("sms", why)
    with pytest.raises(BadTemplate):
        save_words(kind="late_reminder", language="en", words=Words("s", "{{ link }}"), **world.acting())


def test_r18_whatever_comes_in_is_answered(texting: World) -> None:
    """Signed by the right key, and still anything: nothing is a 500, and nothing is silenced."""
    parts: tuple[Any, ...] = (None, [], 7, "x", {}, {"text": None}, {"from": "+1", "text": "STOP"}, {"kind": "delivered"},
        {"id": [], "to": {}, "kind": "delivered"}, {"from": "+353879100012\x00", "text": "STOP"}, {"text": "\ud800", "from": E164})  # fmt: skip
    bodies = [json.dumps(part).encode() for part in parts]
    bodies += [b"", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"x" * 1_000_001, b"a=b&c", b"{}" + b"\x00" * 99]
    for body in bodies:
        assert hook(texting, body) in {204, 400, 413}, body[:60]
    with tenant.tx(texting.seller_id, read_only=True):
        assert not SilencedAddress.objects.exists()


def test_a_sms_hook_is_nobodys_for_another_provider_or_a_guess(texting: World) -> None:
    path = hook_address(texting.seller_id, "sandbox").removeprefix(settings.PUBLIC_URL)
    for wrong in (path.replace("/sandbox/", "/twilio/"), path[:-3] + "abc", path.replace("/sandbox/", "/apprise/")):
        assert Client().post(wrong, b"{}", content_type="application/json").status_code == 404
    assert Client().get(path).status_code == 405


def test_e19_receipts_and_refunds_are_texted_beside_their_emails(texting: World, phone: Phone) -> None:
    let_until(texting, 0, 12)
    say(texting, "receipt", "{{ seller_name }}: {{ amount }} received, thank you. {{ link }}")
    say(texting, "refund", "{{ seller_name }}: {{ amount }} is on its way back ({{ payment_method }}). {{ link }}")
    invoice_id = texting.invoice()
    pay(texting, invoice_id)
    let(texting, minutes=1)
    with tenant.tx(texting.seller_id, read_only=True):
        payment_id, page = Payment.objects.get().id, document(invoice_id).short_link
    request_refund(refund_id=new_id(), payment_id=payment_id, amount_minor=2_300, reason="late", **texting.acting())
    let(texting, minutes=1)
    assert page
    assert sorted(shown["text"] for shown in phone.to(E164)) == [
        f"Acme Print: €173.00 received, thank you. {page.url}",
        f"Acme Print: €23.00 is on its way back (Bank transfer). {page.url}",
    ]
    assert Client().get(page.url.removeprefix(settings.PUBLIC_URL)).status_code == 303
    assert {(text.kind, text.payment_id) for text in texts(texting)} == {
        ("receipt", payment_id),
        ("refund", payment_id),
    }


def test_e16_the_days_one_email_brings_one_text_and_links_by_hand_bring_none(texting: World, phone: Phone) -> None:
    let_until(texting, 0, 12)
    say(texting, "payment_request", "{{ seller_name }}: {{ amount }} to pay. {{ link }}")
    say(texting, "invoice", "{{ seller_name }}: invoice {{ number }}. {{ link }}")
    save_triggers(wanted=Triggers(frozenset({"invoice"}), is_digest=True), **texting.acting())
    both = [texting.invoice(), texting.invoice()]
    let(texting)
    let_until(texting, 0, 17, 6)
    [shown] = phone.to(E164)
    with tenant.tx(texting.seller_id, read_only=True):
        request = PaymentRequest.objects.get()
    assert shown["text"] == f"Acme Print: €346.00 to pay. {Target('request', request.id, 1).url}"
    send_payment_links(send_id=new_id(), invoice_ids=both, **texting.acting())
    let(texting, minutes=1)
    assert len(phone.to(E164)) == 1
