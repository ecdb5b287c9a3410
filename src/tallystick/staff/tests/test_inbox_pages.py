"""The inbox's pages: what stands there, what a click does, and that nothing a stranger sends gets out of its frame."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.conversations.models import Conversation, ConversationFile, ConversationMail
from tallystick.conversations.outgoing import file_bounce
from tallystick.conversations.tests.letters import NORA, letter, receive, sent, thread_of
from tallystick.customers.queries import customer
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.send import send_document
from tallystick.mail.incoming import IncomingFile
from tallystick.messages.models import Message
from tallystick.messages.silence import silence_address
from tallystick.messages.triggers import Triggers, save_triggers
from tallystick.testing.world import World
from tests.permissions.stage import changes, row_print
from tests.sending.test_reminders import pay


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    world = new_world(roles=True)
    world.now = clock.now()
    world.today = world.now.date()
    return world


def member(world: World, role: str = "admin") -> Client:
    client = Client()
    client.force_login(world.members[role], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def at(world: World, name: str, *arguments: object) -> str:
    return reverse(name, args=[world.slug, *arguments])


def read(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_e10_the_list_shows_who_wrote_and_the_sidebar_how_many_are_unread(world: World) -> None:
    receive(world, letter("Half now, half in January?", subject="Two parts"))
    receive(world, letter(from_address="who@nowhere.example", subject="Hello"))
    page = read(member(world), at(world, "inbox"))
    assert "Nora Kestrel Architects" in page
    assert "Half now, half in January?" in page
    assert "Unknown sender" in page
    assert '<span class="n hot">2</span>' in page
    assert 'Open <span class="n">2</span>' in page


def test_e10_an_answer_from_the_page_goes_out_with_its_files_once(world: World) -> None:
    invoice_id = world.invoice()
    mark_sent(**world.acting(), invoice_id=invoice_id)
    mail, client, message_id = receive(world), member(world), new_id()
    url = at(world, "thread-reply", mail.conversation_id)
    given = {
        "message_id": message_id,
        "to": NORA,
        "cc": "",
        "body": "We're sorry.",
        "pdf": invoice_id,
        "link": invoice_id,
    }
    for _ in range(2):
        files = SimpleUploadedFile("prices.csv", b"a,b\n1,2\n")
        answer = client.post(url, {**given, "files": files})
        assert (answer.status_code, answer["Location"]) == (302, at(world, "thread", mail.conversation_id))
    with tenant.tx(world.seller_id):
        message = Message.objects.get(kind="reply")
        assert (message.id, message.recipients, message.subject) == (message_id, [NORA], "Re: Wrong paper")
        assert message.due_at > world.now
        assert (message.data["button_text"], "/p/" in message.data["button_url"]) == ("Pay €173.00", True)
        kept = ConversationFile.objects.filter(mail__message=message).order_by("id")
        assert [(row.name, row.content_type) for row in kept] == [
            ("prices.csv", "text/csv"),
            ("LP-1.pdf", "application/pdf"),
        ]
    page = read(client, at(world, "thread", mail.conversation_id))
    assert "Waiting to go" in page
    assert at(world, "thread-stop", mail.conversation_id, message.data["mail_id"]) in page


def test_somebody_elses_invoice_never_goes_along(world: World) -> None:
    other = world.invoice(customer="pia")
    mail = receive(world)
    given = {"message_id": new_id(), "to": NORA, "body": "x", "pdf": other, "link": other}
    member(world).post(at(world, "thread-reply", mail.conversation_id), given)
    with tenant.tx(world.seller_id):
        assert Message.objects.get(kind="reply").data["button_url"] == ""
        assert not ConversationFile.objects.exists()


def test_an_answer_taken_back_in_time_is_in_the_box_again(world: World) -> None:
    mail, client = receive(world), member(world)
    given = {"message_id": new_id(), "to": NORA, "body": "Too hasty"}
    client.post(at(world, "thread-reply", mail.conversation_id), given)
    with tenant.tx(world.seller_id):
        row = ConversationMail.objects.get(direction="out")
    answer = client.post(at(world, "thread-stop", mail.conversation_id, row.id))
    page = read(client, answer["Location"])
    assert re.search(r"<textarea[^>]*>Too hasty</textarea>", page)
    with tenant.tx(world.seller_id):
        assert Message.objects.get(kind="reply").state == "cancelled"
    again = client.post(at(world, "thread-stop", mail.conversation_id, row.id))
    assert again["Location"] == at(world, "thread", mail.conversation_id)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"body": ""}, "Write something first."),
        ({"to": ""}, "Say who gets it."),
        ({"to": "nobody"}, "nobody isn't an email address."),
        ({"files": SimpleUploadedFile("run.pdf", b"MZ\x90")}, "run.pdf: it is a program or holds one"),
    ],
)
def test_what_cannot_go_is_said_in_place_and_the_typing_kept(world: World, given: dict[str, object], said: str) -> None:
    mail = receive(world)
    typed = {"message_id": new_id(), "to": NORA, "body": "Typed words", **given}
    answer = member(world).post(at(world, "thread-reply", mail.conversation_id), typed)
    assert answer.status_code == 422
    page = answer.content.decode().replace("&#x27;", "'")
    assert said in page
    assert given.get("body") == "" or "Typed words" in page
    with tenant.tx(world.seller_id):
        assert not Message.objects.exists()


def test_e10_writing_first(world: World) -> None:
    client = member(world)
    assert "Nora Kestrel Architects" in read(client, at(world, "inbox-write") + "?q=kestrel")
    page = read(client, at(world, "inbox-write") + f"?customer={world.nora}")
    assert NORA in page
    given = {
        "customer": world.nora, "conversation_id": new_id(), "message_id": new_id(), "to": NORA, "subject": "Paper for May",
        "body": "Which one?",
    }  # fmt: skip
    assert client.post(at(world, "inbox-write"), {**given, "subject": ""}).status_code == 422
    for _ in range(2):
        answer = client.post(at(world, "inbox-write"), given)
        assert answer["Location"] == at(world, "thread", given["conversation_id"])
    with tenant.tx(world.seller_id):
        assert [row.subject for row in Conversation.objects.all()] == ["Paper for May"]
        assert Message.objects.get().subject == "Paper for May"


def test_e7_an_answer_to_nobody_who_is_written_to_stays_in_the_box(world: World) -> None:
    thread, client = receive(world).conversation_id, member(world)
    silence_address(
        seller_id=world.seller_id, address=NORA, reason="bounced", words="550 gone", message_id=None, now=world.now
    )
    for path in (at(world, "thread", thread), at(world, "inbox-write") + f"?customer={world.nora}"):
        page = read(client, path)
        assert f"{NORA} bounced on" in page and "550 gone" in page
    given = {"customer": world.nora, "to": NORA, "subject": "Paper", "body": "Typed words", "message_id": new_id()}
    for name, ids in (("thread-reply", [thread]), ("inbox-write", [])):
        answer = client.post(at(world, name, *ids), given)
        assert answer.status_code == 422
        assert "Nobody here is written to any more" in answer.content.decode()
        assert "Typed words" in answer.content.decode()
    copied = client.post(
        at(world, "thread-reply", thread), {**given, "to": f"ada@kestrel.example, {NORA}"}, follow=True
    )
    assert "Sending to ada@kestrel.example<" in copied.content.decode()


def test_e10_done_later_unread_assigned(world: World) -> None:
    mail, client = receive(world), member(world)
    thread, back = mail.conversation_id, at(world, "inbox") + "?show=mine"
    assert client.post(at(world, "thread-done", thread), {"next": back})["Location"] == back
    assert client.post(at(world, "thread-done", thread), {"next": "//evil.example"})["Location"] == at(world, "inbox")
    assert thread_of(world, mail).state == "done"
    assert "Open again" in read(client, at(world, "thread", thread))
    client.post(at(world, "thread-reopen", thread))
    until = world.today + timedelta(days=3)
    client.post(at(world, "thread-later", thread), {"until": until.isoformat()})
    assert thread_of(world, mail).state == "later"
    assert "Back on" in read(client, at(world, "thread", thread))
    for wrong in ("", "tomorrow", "2020-01-01"):
        client.post(at(world, "thread-later", thread), {"until": wrong})
    client.post(at(world, "thread-unread", thread))
    assert thread_of(world, mail).is_unread
    client.post(at(world, "thread-read", thread))
    assert not thread_of(world, mail).is_unread
    client.post(at(world, "thread-assign", thread), {"assignee": world.members["sales"].id})
    assert thread_of(world, mail).assignee_id == world.members["sales"].id
    client.post(at(world, "thread-assign", thread), {"assignee": new_id()})
    assert thread_of(world, mail).assignee_id == world.members["sales"].id


def test_a_get_marks_nothing_as_read(world: World) -> None:
    mail, client = receive(world), member(world)
    before = row_print(world.seller_id)
    read(client, at(world, "inbox"))
    page = read(client, at(world, "thread", mail.conversation_id))
    assert changes(before, row_print(world.seller_id)) == []
    assert "data-reads" in page


def test_a_stranger_is_given_to_a_customer(world: World) -> None:
    mail, client = receive(world, letter(from_address="who@nowhere.example")), member(world)
    page = read(client, at(world, "thread", mail.conversation_id) + "?who=kestrel")
    assert "Who is this?" in page
    assert f'value="{world.nora}"' in page
    client.post(at(world, "thread-match", mail.conversation_id), {"customer": world.nora})
    assert thread_of(world, mail).customer_id == world.nora
    assert "Wrong paper" in read(client, at(world, "customer", world.nora))


def test_e7_a_bounce_says_what_it_means_and_offers_another_address(world: World) -> None:
    message = sent(world, document_id=world.invoice())
    receive(world, letter("Write to ap@kestrel.example please.", references=(message.message_id,)))
    notice = file_bounce(
        **world.acting(),
        message_id=message.id,
        recipient=NORA,
        code="5.1.1",
        words="550 <b>no</b> such user",
        is_hard=True,
    )
    assert notice
    client = member(world)
    page = read(client, at(world, "thread", notice.conversation_id)).replace("&#x27;", "'")
    assert f"{NORA} doesn't exist any more." in page
    assert 'value="ap@kestrel.example"' in page
    assert "550 &lt;b&gt;no&lt;/b&gt; such user" in page
    assert "no notice doesn't mean that a mail arrived" in page
    url = at(world, "thread-again", notice.conversation_id, notice.id)
    client.post(url, {"address": "nobody"})
    for _ in range(2):
        client.post(url, {"address": "AP@kestrel.example"})
    with tenant.tx(world.seller_id):
        again = Message.objects.exclude(id=message.id).get()
        assert (again.recipients, again.kind) == (["ap@kestrel.example"], "invoice")
        row = customer(world.nora)
        assert row
        assert row.email == "ap@kestrel.example"
    assert "Sent again to ap@kestrel.example." in read(client, at(world, "thread", notice.conversation_id))


def test_who_may_not_change_customers_sends_again_without_changing_one(world: World) -> None:
    message = sent(world)
    given = {"message_id": message.id, "recipient": NORA, "code": "5.1.1", "words": "", "is_hard": True}
    notice = file_bounce(**world.acting(), **given)
    assert notice
    url = at(world, "thread-again", notice.conversation_id, notice.id)
    assert member(world, "collector").post(url, {"address": "ap@kestrel.example"}).status_code == 302
    with tenant.tx(world.seller_id):
        row = customer(world.nora)
        assert row
        assert row.email == NORA
        assert Message.objects.count() == 2


def test_who_may_only_look_sees_no_buttons(world: World) -> None:
    mail = receive(world)
    page = read(member(world, "read_only"), at(world, "thread", mail.conversation_id))
    assert "We ordered the 300 g." in page
    assert "thread-head" in page
    for gone in ("Write an answer", 'data-key="e"', 'data-key="h"', 'name="assignee"'):
        assert gone not in page, gone


def test_r19_a_hostile_mail_stays_words(world: World) -> None:
    nasty = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e'
    file = IncomingFile(filename=f"{nasty}.png", content_type="text/html", content=b"\x89PNG\r\n\x1a\n")
    mail = receive(
        world, letter(nasty, html=f"<p>{nasty}</p><style>*{{}}</style>", subject=nasty, from_name=nasty, files=(file,))
    )
    client = member(world)
    for url in (at(world, "inbox"), at(world, "thread", mail.conversation_id), at(world, "customer", world.nora)):
        page = read(client, url)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    framed = client.get(at(world, "thread-mail", mail.conversation_id, mail.id))
    assert "sandbox allow-popups" in framed["Content-Security-Policy"]
    assert "allow-scripts" not in framed["Content-Security-Policy"]
    assert "<script" not in framed.content.decode()
    assert "<img" not in framed.content.decode()
    with tenant.tx(world.seller_id):
        row = ConversationFile.objects.get()
    loaded = client.get(at(world, "thread-file", mail.conversation_id, row.id))
    assert loaded["Content-Disposition"].startswith("attachment")
    assert "\n" not in loaded["Content-Disposition"]
    assert (loaded["Content-Type"], loaded["X-Content-Type-Options"]) == ("image/png", "nosniff")


def test_a_refused_file_is_named_and_cannot_be_had(world: World) -> None:
    file = IncomingFile(filename="setup.png", content_type="image/png", content=b"MZ\x90")
    mail, client = receive(world, letter(files=(file,))), member(world)
    assert "not kept: it is a program or holds one" in read(client, at(world, "thread", mail.conversation_id))
    with tenant.tx(world.seller_id):
        row = ConversationFile.objects.get()
    assert client.get(at(world, "thread-file", mail.conversation_id, row.id)).status_code == 404


def test_saved_replies_go_into_the_box_filled_in(world: World) -> None:
    mail, client = receive(world), member(world)
    page = read(client, at(world, "thread", mail.conversation_id) + "?say=0")
    assert re.search(r"<textarea[^>]*>Hello,\n\nthank you for telling us", page)
    given = {"reply_id": new_id(), "name": "Ask", "spoken": "en", "body": "{{ gretting }}"}
    answer = client.post(at(world, "saved-replies"), given)
    assert answer.status_code == 422
    assert "Did you mean {{ greeting }}?" in answer.content.decode()
    assert client.post(at(world, "saved-replies"), {**given, "body": "{{ staff_name }} asks"}).status_code == 302
    assert "Admin asks" in read(client, at(world, "thread", mail.conversation_id))
    url = at(world, "saved-reply", given["reply_id"])
    assert "{{ staff_name }} asks" in read(client, url)
    client.post(at(world, "saved-reply-forget", given["reply_id"]))
    assert client.get(url).status_code == 404


def test_the_page_costs_the_same_however_much_there_is(world: World) -> None:
    client = member(world)

    def statements(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            read(client, url)
        return len(captured)

    first = receive(world, letter(references=(sent(world, document_id=world.invoice()).message_id,)))
    url = at(world, "thread", first.conversation_id)
    read(client, url)
    before = statements(url)
    for number in range(6):
        receive(world, letter(subject=f"Thread {number}"))
        receive(world, letter(f"More {number}", references=(first.mail_id,)))
        receive(world, letter(references=(sent(world, document_id=world.invoice()).message_id,)))
    assert statements(url) == before
    assert before <= 40, before


def test_e10_beside_the_thread_stands_how_they_pay_and_what_happens_next(world: World) -> None:
    client, paid, days = member(world), [], (10, 21)
    for day in days:
        world.today -= timedelta(days=day)
        paid.append(world.invoice())
        world.today += timedelta(days=day)
    invoice_id = world.invoice(terms={"kind": "net", "days": 9, "label": "9 days"})
    mark_sent(**world.acting(), invoice_id=invoice_id)
    url = at(world, "thread", receive(world, letter(subject="Two parts")).conversation_id)
    beside = read(client, url)
    assert "Pays in" not in beside, "nobody knows yet"
    assert "No reminders: none are set" in beside
    for settled in paid:
        pay(world, settled)
    save_triggers(wanted=Triggers(remind_before_days=3), **world.acting())
    beside = read(client, url)
    assert "16 days on average" in beside
    assert "The next reminder about LP-3 goes" in beside
    send_document(
        invoice_id=invoice_id, message_id=new_id(), recipients=[NORA], subject="LP-3 once more", body="Here.",
        due_at=world.now + timedelta(minutes=5), **world.acting(),
    )  # fmt: skip
    beside = read(client, url).partition('id="next"')[2]
    assert "LP-3 once more" in beside
    assert "goes out" in beside
