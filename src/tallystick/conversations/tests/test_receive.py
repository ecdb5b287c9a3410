"""Filing what comes in: the right thread, once, quietly where nobody wrote it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.conversations.models import ConversationFile, ConversationMail
from tallystick.conversations.outgoing import file_bounce, file_sent
from tallystick.conversations.receive import MOST_AN_HOUR
from tallystick.conversations.tests.letters import NORA, letter, receive, said_in, sent, thread_of, threads
from tallystick.conversations.work import finish_conversation, match_conversation, put_off_conversation
from tallystick.customers.details import Details
from tallystick.customers.save import save_customer
from tallystick.mail.incoming import IncomingFile, RecipientReport
from tallystick.testing.world import World
from tallystick.worker.sweeps import sweep_events


def test_e10_a_reply_stands_under_the_message_it_answers(world: World) -> None:
    document_id = new_id()
    message = sent(world, document_id=document_id)
    mail = receive(world, letter(references=(message.message_id,), subject="Re: something else entirely"))
    thread = thread_of(world, mail)
    assert (thread.customer_id, thread.document_id) == (world.nora, document_id)
    assert (thread.subject, thread.is_unread, thread.state) == ("Invoice LP-1 from Acme Print", True, "open")
    assert said_in(world, thread.id) == [("out", "here is invoice LP-1"), ("in", "We ordered the 300 g.")]
    later = sent(world, document_id=document_id, at=world.now + timedelta(hours=1))
    assert file_sent(seller_id=world.seller_id, message_id=later.id) == file_sent(
        seller_id=world.seller_id, message_id=later.id
    )
    assert [direction for direction, _text in said_in(world, thread.id)] == ["out", "in", "out"]


def test_what_we_send_begins_no_thread(world: World) -> None:
    message = sent(world, document_id=new_id())
    assert file_sent(seller_id=world.seller_id, message_id=message.id) is None
    assert threads(world) == []


def test_an_answer_to_an_answer_stays_in_its_thread_whoever_writes(world: World) -> None:
    first = receive(world)
    second = receive(
        world,
        letter(references=("<unknown@x>", first.mail_id), from_address="boss@kestrel.example", subject="New subject"),
    )
    assert second.conversation_id == first.conversation_id


def test_the_nearest_reference_decides(world: World) -> None:
    one, other = receive(world, letter(subject="One")), receive(world, letter(subject="Two"))
    mail = receive(world, letter(subject="Three", references=(other.mail_id, one.mail_id)))
    assert mail.conversation_id == other.conversation_id


def test_a_reply_address_made_for_a_message_leads_to_it(world: World) -> None:
    message = sent(world)
    mail = receive(world, letter(from_address="somebody@else.example"), answers=message.id)
    assert thread_of(world, mail).customer_id == world.nora


@pytest.mark.parametrize(
    "subject", ["Re: Wrong paper", "AW: WRONG  paper", "RE: [ticket 4] Fwd: Wrong Paper", "Răspuns: wrong paper"]
)
def test_the_same_sender_and_subject_is_the_same_thread(world: World, subject: str) -> None:
    first, again = receive(world), receive(world, letter(subject=subject, from_address=NORA.upper()))
    assert first.conversation_id == again.conversation_id


@pytest.mark.parametrize("subject", ["", "Re:", "Another matter"])
def test_another_subject_or_none_is_another_thread(world: World, subject: str) -> None:
    first = receive(world, letter(subject="" if subject != "Another matter" else "Wrong paper"))
    assert receive(world, letter(subject=subject)).conversation_id != first.conversation_id


def test_a_stranger_has_a_thread_without_a_customer_until_staff_say_whose_it_is(world: World) -> None:
    mail = receive(world, letter(from_address="who@nowhere.example", subject="Hello"))
    thread = thread_of(world, mail)
    assert (thread.customer_id, thread.address, thread.is_unread) == (None, "who@nowhere.example", True)
    assert receive(world, letter(from_address="who@nowhere.example", subject="Re: Hello")).conversation_id == thread.id
    match_conversation(**world.acting(), conversation_id=thread.id, customer_id=world.nora)
    following = receive(world, letter(from_address="who@nowhere.example", subject="Something new"))
    assert thread_of(world, following).customer_id == world.nora


def test_an_address_of_two_customers_goes_to_the_one_written_to_last_and_says_so(world: World) -> None:
    twin = new_id()
    details = Details(id=twin, name="Nora's other firm", country="IE", currency="EUR", language="en", email=NORA)
    save_customer(**world.acting(), customer=details)
    sent(world, customer="nora", at=world.now)
    world.customers["twin"] = twin
    sent(world, customer="twin", at=world.now + timedelta(minutes=1))
    thread = thread_of(world, receive(world))
    assert (thread.customer_id, thread.maybe_ids) == (twin, [world.nora])


def test_the_same_mail_is_filed_once(world: World) -> None:
    mail = letter()
    first = receive(world, mail, source_id="imap:1:7")
    assert receive(world, mail, source_id="imap:1:7").id == first.id
    assert receive(world, mail, source_id="lmtp:other way in").id == first.id
    with tenant.tx(world.seller_id):
        assert ConversationMail.objects.count() == 1


def test_the_same_mail_by_two_ways_at_once_is_filed_once(world: World) -> None:
    mail = letter()

    def file(number: int) -> object:
        try:
            return receive(world, mail, source_id=f"way:{number}").id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(file, range(4)))) == 1
    assert len(threads(world)) == 1


def test_two_mails_without_a_message_id_are_two(world: World) -> None:
    receive(world, letter(message_id=""))
    receive(world, letter(message_id="no brackets at all"))
    assert len(said_in(world, threads(world)[0].id)) == 2


def test_an_answer_opens_a_thread_that_was_done_or_put_off(world: World) -> None:
    thread = thread_of(world, receive(world))
    finish_conversation(**world.acting(), conversation_id=thread.id)
    assert thread_of(world, receive(world)).state == "open"
    put_off_conversation(**world.acting(), conversation_id=thread.id, until=world.today + timedelta(days=3))
    again = thread_of(world, receive(world))
    assert (again.state, again.is_unread, again.id) == ("open", True, thread.id)


def test_an_automatic_answer_is_filed_quietly(world: World) -> None:
    message = sent(world)
    mail = receive(world, letter("I'm away until Monday", references=(message.message_id,), is_automatic=True))
    thread = thread_of(world, mail)
    assert (thread.is_unread, thread.state, mail.is_automatic) == (False, "open", True)
    assert facts(world) == []
    finish_conversation(**world.acting(), conversation_id=thread.id)
    receive(world, letter("Still away", references=(message.message_id,), is_automatic=True))
    assert thread_of(world, mail).state == "done"


def test_our_own_mail_coming_back_is_filed_quietly(world: World) -> None:
    thread = thread_of(world, receive(world, letter(from_address="Accounts@acme.example")))
    assert (thread.is_unread, thread.state) == (False, "done")


def test_a_report_nobody_signed_is_filed_quietly(world: World) -> None:
    report = RecipientReport(recipient=NORA, outcome="bounced_hard", code="5.1.1", words="no such user")
    mail = receive(world, letter(from_address="mailer-daemon@x.example", reports=(report,)))
    assert (thread_of(world, mail).is_unread, thread_of(world, mail).state) == (False, "done")


def test_two_machines_talking_fall_silent(world: World) -> None:
    mails = [receive(world, letter(f"Thank you for your mail {n}")) for n in range(MOST_AN_HOUR)]
    finish_conversation(**world.acting(), conversation_id=mails[0].conversation_id)
    loop = receive(world, letter("Thank you for your mail again"))
    assert loop.is_automatic
    assert (thread_of(world, loop).is_unread, thread_of(world, loop).state) == (False, "done")
    assert len(facts(world)) == MOST_AN_HOUR
    world.later(hours=2)
    assert not receive(world, letter("A person after all")).is_automatic


def test_e10_what_came_in_is_news_about_the_customer(world: World) -> None:
    receive(world)
    [fact] = facts(world)
    assert (fact.customer_id, fact.data["sender"], fact.data["subject"]) == (world.nora, "Nora Kestrel", "Wrong paper")


def test_a_date_that_cannot_be_is_not_believed(world: World) -> None:
    ahead = receive(world, letter(sent_at=world.now + timedelta(days=1)))
    ancient = receive(world, letter(sent_at=world.now - timedelta(days=4000)))
    fair = receive(world, letter(sent_at=world.now - timedelta(hours=2)))
    assert [ahead.at, ancient.at, fair.at] == [world.now, world.now, world.now - timedelta(hours=2)]


def test_r19_hostile_words_and_names_are_kept_as_words(world: World) -> None:
    nasty = "Nora\x00\u202e<script>alert(1)</script>\r\nBcc: x@evil.example"
    mail = receive(world, letter(nasty + "ț" * 400_000, from_name=nasty, subject=nasty, delivered_to=(nasty,) * 90))
    assert "\x00" not in mail.text + mail.from_name + mail.subject
    assert "\n" not in mail.from_name + mail.subject
    assert len(mail.text) == 100_000
    assert len(mail.to) == 20
    assert thread_of(world, mail).preview


def test_files_are_known_by_their_bytes_and_refused_ones_stay_visible(world: World) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"x" * 20
    files = (
        IncomingFile(filename="../../scan.png.exe.png", content_type="application/pdf", content=png),
        IncomingFile(filename="invoice.pdf", content_type="application/pdf", content=b"MZ\x90\x00program"),
        IncomingFile(filename="empty.txt", content_type="text/plain", content=b""),
    )
    mail = receive(world, letter(files=files))
    with tenant.tx(world.seller_id):
        rows = ConversationFile.objects.filter(mail_id=mail.id).order_by("id")
        assert [(row.name, row.content_type, row.refused) for row in rows] == [
            (".._.._scan.png.exe.png", "image/png", ""),
            ("invoice.pdf", "", "program"),
            ("empty.txt", "", "empty"),
        ]
        assert [bytes(row.content or b"") for row in rows] == [png, b"", b""]


def test_more_files_than_fit_are_named_and_not_kept(world: World) -> None:
    big = b"%PDF-" + b"x" * (9 * 1024 * 1024)
    files = [IncomingFile(filename=f"{n}.pdf", content_type="", content=big) for n in range(3)]
    files += [IncomingFile(filename=f"{n}.txt", content_type="", content=b"x") for n in range(19)]
    mail = receive(world, letter(files=tuple(files)))
    with tenant.tx(world.seller_id):
        refused = ConversationFile.objects.filter(mail_id=mail.id).exclude(refused="").order_by("id")
        assert [row.refused for row in refused] == ["too_big", "too_many", "too_many"]


def test_e7_a_final_bounce_is_filed_in_the_thread_of_its_message(world: World) -> None:
    document_id = new_id()
    message = sent(world, document_id=document_id)
    given = {"message_id": message.id, "recipient": NORA.upper(), "code": "5.1.1", "words": "550 no such user"}
    notice = file_bounce(**world.acting(), **given, is_hard=True)
    assert notice
    assert file_bounce(**world.acting(), **given, is_hard=True) == notice
    thread = thread_of(world, notice)
    assert (thread.customer_id, thread.document_id, thread.is_unread, thread.last_direction) == (
        world.nora, document_id, True, "notice",
    )  # fmt: skip
    assert said_in(world, thread.id) == [("out", "here is invoice LP-1"), ("notice", "550 no such user")]
    answer = receive(world, letter(references=(message.message_id,)))
    assert answer.conversation_id == thread.id


def test_e7_a_temporary_bounce_is_filed_quietly(world: World) -> None:
    given = {"recipient": NORA, "code": "4.2.2", "words": "mailbox full", "is_hard": False}
    notice = file_bounce(**world.acting(), message_id=sent(world).id, **given)
    assert notice
    assert not thread_of(world, notice).is_unread
    assert file_bounce(**world.acting(), message_id=new_id(), **given) is None


def test_e7_what_came_back_reaches_its_thread_by_itself(world: World) -> None:
    message = sent(world)
    told = {"message_id": str(message.id), "recipient": NORA, "code": "5.2.2", "words": "full", "is_hard": False}
    with tenant.tx(world.seller_id):
        for outcome in ("bounced_soft", "rejected"):
            events.record(
                "message.bounced",
                seller_id=world.seller_id,
                subject_id=message.id,
                now=world.now,
                outcome=outcome,
                **told,
            )
    sweep_events(world.seller_id)
    [thread] = threads(world)
    assert (thread.customer_id, thread.is_unread) == (world.nora, False)
    assert said_in(world, thread.id) == [("out", "here is invoice LP-1"), ("notice", "full")]


@pytest.mark.parametrize(
    ("code", "goes_again", "is_loud"), [("5.7.1", False, True), ("5.2.2", True, False), ("4.4.1", False, False)]
)
def test_a_bounce_is_told_when_the_message_will_not_arrive(
    world: World, code: str, goes_again: bool, is_loud: bool
) -> None:
    given = {"recipient": NORA, "code": code, "words": "", "is_hard": False, "goes_again": goes_again}
    notice = file_bounce(**world.acting(), message_id=sent(world).id, **given)
    assert notice
    assert thread_of(world, notice).is_unread == is_loud


def test_another_seller_sees_and_answers_nothing(world: World, outsider: World) -> None:
    message = sent(world)
    mail = receive(outsider, letter(references=(message.message_id,), from_address="x@y.example"), answers=message.id)
    assert thread_of(outsider, mail).customer_id is None
    assert (
        file_bounce(**outsider.acting(), message_id=message.id, recipient=NORA, code="", words="", is_hard=True) is None
    )
    assert threads(world) == []


def facts(world: World) -> list[events.Fact]:
    with tenant.tx(world.seller_id, read_only=True):
        return [fact for fact in events.recent(most=100) if fact.kind == "conversation.received"]


def test_this_room_reads_no_mail_itself() -> None:
    """Parsing is the mail room's: nobody here looks at MIME."""
    sources = Path(__file__).parents[1].glob("*.py")
    assert not any("import email" in source.read_text() or "from email" in source.read_text() for source in sources)
