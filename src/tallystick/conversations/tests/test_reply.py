"""Answering: once, with the headers that keep a thread together; sending again what came back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.conversations.errors import FileRefused, NoSuchConversation, NothingSaid
from tallystick.conversations.models import ConversationFile, ConversationMail
from tallystick.conversations.outgoing import file_bounce
from tallystick.conversations.reply import Answer, GoingFile, prepare_reply_email, send_reply, start_conversation
from tallystick.conversations.send_again import send_again
from tallystick.conversations.tests.letters import NORA, letter, receive, said_in, sent, thread_of
from tallystick.customers.lock import NoSuchCustomer
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared
from tallystick.testing.mailbox import open_mailbox
from tallystick.testing.world import World
from tallystick.worker.sweeps import sweep_events, sweep_messages

EML = GoingFile("forwarded.eml", b"From: a@b.example\r\nMIME-Version: 1.0\r\n\r\n\xff\xfe broken")
TEXT = GoingFile("old.txt", b"Mul\xfeumim")
PDF = GoingFile("price list.pdf", b"%PDF-1.7\nx")


def test_e10_an_answer_goes_out_once_and_keeps_the_thread_together(world: World, tmp_path: Path) -> None:
    first = sent(world)
    theirs = receive(world, letter(references=(first.message_id,)))
    world.later(minutes=1)
    message_id, answer = new_id(), Answer([NORA], "We're sorry.\n\nMaeve", files=[PDF, EML, TEXT])
    given = {"conversation_id": theirs.conversation_id, "message_id": message_id, "answer": answer}
    for _ in range(2):
        send_reply(**world.acting(), **given, actor_id=world.alice.id)
    with open_mailbox(tmp_path) as mailbox:
        mailbox.use()
        for _ in range(2):
            sweep_messages(world.seller_id)
            sweep_events(world.seller_id)
        [arrived] = mailbox.messages(to=NORA)
        source = mailbox.source(arrived["id"])
    assert source["In-Reply-To"] == theirs.mail_id
    assert source["References"].split() == [first.message_id, theirs.mail_id]
    assert source["Subject"] == "Re: Invoice LP-1 from Acme Print"
    assert source["Auto-Submitted"] is None
    arrived_files = {part.get_filename(): part.get_payload(decode=True) for part in source.iter_attachments()}
    assert {name: arrived_files[name] for name in (PDF.name, EML.name, TEXT.name)} == {
        file.name: file.content for file in (PDF, EML, TEXT)
    }
    assert said_in(world, theirs.conversation_id) == [
        ("out", "here is invoice LP-1"), ("in", "We ordered the 300 g."), ("out", "We're sorry.\n\nMaeve"),
    ]  # fmt: skip
    thread = thread_of(world, theirs)
    assert (thread.is_unread, thread.last_direction, thread.assignee_id) == (False, "out", world.alice.id)
    following = receive(world, letter(references=(f"<{message_id}@127.0.0.1>", source["Message-ID"])))
    assert following.conversation_id == thread.id


def test_e10_a_person_begins_a_thread(world: World) -> None:
    given = {
        "conversation_id": new_id(), "customer_id": world.nora, "message_id": new_id(), "subject": "Paper for May",
        "answer": Answer([NORA], "Which one?"),
    }  # fmt: skip
    message = start_conversation(**world.acting(), **given)
    assert start_conversation(**world.acting(), **given).id == message.id
    assert (message.kind, message.subject, message.customer_id) == ("reply", "Paper for May", world.nora)
    prepared = prepare_reply_email(message)
    assert isinstance(prepared, Prepared)
    assert dict(prepared.headers) == {}
    mail = receive(world, letter(references=(message.message_id,)))
    assert mail.conversation_id == given["conversation_id"]
    with pytest.raises(NoSuchCustomer):
        start_conversation(**world.acting(), **{**given, "customer_id": new_id(), "conversation_id": new_id()})
    with pytest.raises(NothingSaid):
        start_conversation(**world.acting(), **{**given, "subject": " "})


def test_a_button_and_the_words_as_typed(world: World) -> None:
    theirs = receive(world)
    answer = Answer(
        [NORA], "<b>not bold</b> {{ seller_name }}", button_url="https://x.example/p/1", button_text="Pay €5.00"
    )
    message = send_reply(**world.acting(), conversation_id=theirs.conversation_id, message_id=new_id(), answer=answer)
    prepared = prepare_reply_email(message)
    assert isinstance(prepared, Prepared)
    assert "&lt;b&gt;not bold&lt;/b&gt; {{ seller_name }}" in prepared.html
    assert "Pay €5.00: https://x.example/p/1" in prepared.text


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer([NORA], "  "), NothingSaid),
        (Answer([], "x"), NothingSaid),
        (Answer([NORA], "x", files=[GoingFile("a.pdf", b"MZ")]), FileRefused),
        (Answer([NORA], "x", files=[PDF] * 21), FileRefused),
        (Answer([NORA], "x", files=[GoingFile("a.pdf", b"%PDF-" + b"x" * 9_000_000)] * 3), FileRefused),
    ],
)
def test_what_cannot_go_leaves_nothing_behind(world: World, answer: Answer, why: type[Exception]) -> None:
    theirs = receive(world)
    with pytest.raises(why):
        send_reply(**world.acting(), conversation_id=theirs.conversation_id, message_id=new_id(), answer=answer)
    with tenant.tx(world.seller_id):
        assert (ConversationMail.objects.count(), ConversationFile.objects.count(), Message.objects.count()) == (
            1,
            0,
            0,
        )


def test_an_outsider_can_answer_nothing_of_ours(world: World, outsider: World) -> None:
    theirs = receive(world)
    with pytest.raises(NoSuchConversation):
        send_reply(
            **outsider.acting(), conversation_id=theirs.conversation_id, message_id=new_id(), answer=Answer([NORA], "x")
        )


def test_e7_what_came_back_is_sent_again_to_another_address_once(world: World) -> None:
    message = sent(world, document_id=new_id())
    notice = file_bounce(**world.acting(), message_id=message.id, recipient=NORA, code="5.1.1", words="", is_hard=True)
    assert notice
    world.later(minutes=1)
    again = send_again(**world.acting(), notice_id=notice.id, address="ap@kestrel.example")
    assert send_again(**world.acting(), notice_id=notice.id, address="AP@kestrel.example").id == again.id
    assert (again.kind, again.document_id, again.body, again.recipients) == (
        "invoice", message.document_id, message.body, ["ap@kestrel.example"],
    )  # fmt: skip
    assert [direction for direction, _text in said_in(world, notice.conversation_id)] == ["out", "notice", "out"]
    assert not thread_of(world, notice).is_unread
    with pytest.raises(NothingSaid):
        send_again(**world.acting(), notice_id=notice.id, address="nobody")
    with pytest.raises(NoSuchConversation):
        send_again(**world.acting(), notice_id=new_id(), address=NORA)


def test_an_answer_that_came_back_takes_its_files_along(world: World) -> None:
    theirs = receive(world)
    given = {
        "conversation_id": theirs.conversation_id,
        "message_id": new_id(),
        "answer": Answer([NORA], "x", files=[PDF]),
    }
    message = send_reply(**world.acting(), **given)
    notice = file_bounce(**world.acting(), message_id=message.id, recipient=NORA, code="5.1.1", words="", is_hard=True)
    assert notice
    prepared = prepare_reply_email(send_again(**world.acting(), notice_id=notice.id, address="ap@kestrel.example"))
    assert isinstance(prepared, Prepared)
    assert [part.filename for part in prepared.attachments] == [PDF.name]
    assert prepared.headers["In-Reply-To"] == theirs.mail_id
