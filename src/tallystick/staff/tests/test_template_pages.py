"""Settings, Templates: what each email says, tried out before it is kept."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tallystick.base import clock, tenant
from tallystick.invoices import queries as invoices
from tallystick.messages.kinds import KINDS
from tallystick.messages.message_templates import Switch, Words, house_words, switch_of, words_of
from tallystick.messages.queries import messages_about
from tallystick.messages.triggers import Triggers, save_triggers, triggers
from tallystick.payments.models import Payment
from tallystick.payments.tests.stage import Stage
from tallystick.staff.tests.test_office_pages import client_of, url
from tallystick.testing.mailbox import Mailbox, open_mailbox
from tallystick.testing.world import World


@pytest.fixture
def world(staffed: World) -> World:
    return staffed


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    for name in ("EMAIL_HOST", "EMAIL_PORT"):
        monkeypatch.setattr(settings, name, getattr(settings, name))
    monkeypatch.setenv("TALLYSTICK_SMTP_PORT", "0")
    with open_mailbox(tmp_path) as opened:
        opened.use()
        yield opened


def typed(kind: str, language: str = "en", **given: str) -> dict[str, str]:
    words = house_words(kind, language)
    form = {"subject": words.subject, "body": words.body, "button": "", "is_on": "on", "attach_pdf": "on", **given}
    return {name: value for name, value in form.items() if value is not None}


def test_e19_all_fourteen_are_listed_with_their_switch(world: World) -> None:
    page = client_of(world).get(url(world, "settings-templates")).content.decode()
    for kind in KINDS.values():
        assert html.escape(kind.label) in page
    assert page.count(">Off<") == 5
    assert "Nothing sends these yet" in page


@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("kind", KINDS)
def test_e19_every_template_opens_and_shows_an_email(world: World, kind: str, language: str) -> None:
    client = client_of(world)
    page = client.get(url(world, "settings-template", kind, language))
    assert page.status_code == 200
    assert url(world, "template-preview", kind, language) in page.content.decode()
    answer = client.post(url(world, "template-preview", kind, language), typed(kind, language))
    assert answer.status_code == 200
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "{{" not in answer.content.decode()


def test_e19_own_words_button_and_switch_are_kept_per_language(world: World) -> None:
    client, where = client_of(world), url(world, "settings-template", "invoice", "ro")
    form = typed("invoice", "ro", subject="Factura {{ number }}", button="Achită", attach_pdf="")
    del form["attach_pdf"]
    assert client.post(where, form).status_code == 302
    with tenant.tx(world.seller_id, read_only=True):
        assert words_of("invoice", "ro") == Words("Factura {{ number }}", house_words("invoice", "ro").body, "Achită")
        assert words_of("invoice", "en") == house_words("invoice", "en")
        assert switch_of("invoice") == Switch(is_on=True, attach_pdf=False)
    assert "your own words in Română" in client.get(url(world, "settings-templates")).content.decode()
    client.post(url(world, "template-reset", "invoice", "ro"))
    with tenant.tx(world.seller_id, read_only=True):
        assert words_of("invoice", "ro") == house_words("invoice", "ro")


def test_an_unknown_placeholder_is_named_with_the_nearest_and_nothing_is_lost(world: World) -> None:
    client, form = client_of(world), typed("receipt", body="You paid {{ amont }}, O'Brien & <b>co</b>.")
    answer = client.post(url(world, "settings-template", "receipt", "en"), form)
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "There is no {{ amont }} here. Did you mean {{ amount }}?" in page
    assert "You paid {{ amont }}, O'Brien & <b>co</b>." in page
    looked = client.post(url(world, "template-preview", "receipt", "en"), form)
    assert looked.status_code == 422
    assert "Did you mean" in looked.content.decode()


def test_e19_the_preview_is_about_the_newest_document(world: World) -> None:
    invoice_id = world.invoice()
    with tenant.tx(world.seller_id, read_only=True):
        number = invoices.document(invoice_id).number
    form = typed("invoice", body="See {{ number }} of {{ total }}", button="Go on")
    page = client_of(world).post(url(world, "template-preview", "invoice", "en"), form).content.decode()
    assert f"See {number} of €173.00" in page
    assert "Go on" in page


def test_e19_the_preview_of_a_late_notice_is_about_what_is_late(world: World) -> None:
    late = world.invoice()
    world.later(days=90)
    world.invoice()
    with tenant.tx(world.seller_id, read_only=True):
        number = invoices.document(late).number
    form = typed("late_reminder", body="Pay {{ number }}")
    with clock.at(world.now):
        page = client_of(world).post(url(world, "template-preview", "late_reminder", "en"), form).content.decode()
    assert f"Pay {number}" in page


def test_e19_a_test_goes_to_oneself_as_typed_and_saves_nothing(world: World, mailbox: Mailbox) -> None:
    client, me = client_of(world), world.members["admin"].email
    form = typed("thank_you", subject="Thanks for {{ number }}", body="Typed, not saved.")
    answer = client.post(url(world, "template-test", "thank_you", "en"), form)
    assert answer.status_code == 200
    assert f"Sent to {me}" in answer.content.decode()
    [sent] = mailbox.messages(to=me)
    assert sent["subject"] == "Thanks for 1042"
    with tenant.tx(world.seller_id, read_only=True):
        assert words_of("thank_you", "en") == house_words("thank_you", "en")


def test_e19_a_receipt_that_is_switched_off_says_why_on_the_payment(stage: Stage) -> None:
    world = stage.world
    client, form = client_of(world), typed("receipt")
    del form["is_on"]
    client.post(url(world, "settings-template", "receipt", "en"), form)
    payment = stage.pay(world.invoice())
    stage.drain()
    page = client.get(url(world, "payment", payment.id)).content.decode()
    assert "switched off under Settings, Templates" in page


def test_the_notice_before_a_charge_has_no_switch(world: World) -> None:
    page = client_of(world).get(url(world, "settings-template", "charge_notice", "en")).content.decode()
    assert 'name="is_on"' not in page
    assert "this always goes out" in page


def test_what_only_people_send_has_no_switch(world: World) -> None:
    page = client_of(world).get(url(world, "settings-template", "payment_request", "en")).content.decode()
    assert 'name="is_on"' not in page
    assert "Only you send it" in page


def test_there_is_no_such_template(world: World) -> None:
    client = client_of(world)
    assert client.get(url(world, "settings-template", "poem", "en")).status_code == 404
    assert client.get(url(world, "settings-template", "invoice", "tlh")).status_code == 404


def test_the_list_costs_the_same_for_any_number_of_own_words(world: World) -> None:
    client = client_of(world)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(url(world, "settings-templates"))
        return len(queries)

    before = cost()
    for kind in ("invoice", "receipt", "refund"):
        client.post(url(world, "settings-template", kind, "en"), typed(kind, body="Own words."))
    assert cost() == before


def test_e11_e13_the_triggers_are_set_above_the_list(world: World) -> None:
    client = client_of(world)
    typed_in = {"invoice": "on", "brake_factor": "5", "remind_before_days": "3", "remind_late_days": "0"}
    answer = client.post(url(world, "settings-triggers"), {**typed_in, "delay_minutes": "61"})
    assert answer.status_code == 422
    assert "From 0 to 60 minutes." in answer.content.decode()
    saved = client.post(url(world, "settings-triggers"), {**typed_in, "delay_minutes": "20", "is_digest": "on"})
    assert saved.status_code == 302
    with tenant.tx(world.seller_id, read_only=True):
        assert triggers() == Triggers(frozenset({"invoice"}), 20, 5, 3, is_digest=True)
    page = client.get(url(world, "settings-templates")).content.decode()
    assert 'value="20"' in page


def test_e13_f2_an_email_that_waits_says_when_and_can_be_hurried_or_stopped(stage: Stage) -> None:
    world = stage.world
    save_triggers(wanted=Triggers(frozenset({"invoice"}), 30), **world.acting())
    invoice_id, client = world.invoice(), client_of(world)
    stage.drain()
    page = client.get(url(world, "invoice", invoice_id)).content.decode()
    assert "goes out" in page
    with tenant.tx(world.seller_id, read_only=True):
        [letter] = messages_about([invoice_id])
    assert client.post(url(world, "message-now", invoice_id, letter.id)).status_code == 302
    page = client.get(url(world, "invoice", invoice_id)).content.decode()
    assert "goes out" not in page
    client.post(url(world, "message-cancel", invoice_id, letter.id))
    assert "Someone stopped it in time." in client.get(url(world, "invoice", invoice_id)).content.decode()


def test_f2_the_outbox_shows_what_is_about_to_leave_and_what_one_can_still_do(stage: Stage) -> None:
    world = stage.world
    client, where = client_of(world), url(world, "outbox")
    assert "Nothing is waiting to leave" in client.get(where).content.decode()
    save_triggers(wanted=Triggers(frozenset({"invoice"}), 30), **world.acting())
    invoice_id = world.invoice()
    stage.drain()
    with tenant.tx(world.seller_id, read_only=True):
        [letter] = messages_about([invoice_id])
    page = client.get(where).content.decode()
    assert html.escape(letter.subject) in page
    for act, said in (
        ("hold", "Someone held it back."),
        ("release", "Waiting to go"),
        ("now", ">Now<"),
        ("stop", "Nothing is waiting to leave"),
    ):
        assert client.post(url(world, f"outbox-{act}", letter.id)).status_code == 302
        assert said in client.get(where).content.decode(), act
    late = client.post(url(world, "outbox-hold", letter.id), follow=True).content.decode()
    assert "It had already gone out, or somebody was faster." in late


def test_e19_a_receipts_preview_is_all_in_its_language_and_its_text_has_a_link(stage: Stage) -> None:
    world = stage.world
    stage.pay(world.invoice())
    client, preview = client_of(world), url(world, "template-preview", "receipt", "ro")
    with tenant.tx(world.seller_id):
        Payment.objects.update(method="transfer", method_label="")
    form = typed("receipt", body="{{ amount }}", sms="{{ amount }} {{ link }}")
    looked = client.post(preview, form).content.decode()
    assert "Mod de plată: Transfer bancar" in looked
    assert "/l/" in looked
