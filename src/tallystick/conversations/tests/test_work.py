"""What is done about threads, the lists, and saved replies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.conversations.errors import BadSavedReply, NoSuchColleague, NoSuchConversation
from tallystick.conversations.queries import ThreadFilter, list_threads, thread_counts, threads_of, unread_count
from tallystick.conversations.saved_replies import PLACEHOLDERS, forget_reply, replies_for, save_reply, saved_replies
from tallystick.conversations.tests.letters import letter, receive, thread_of
from tallystick.conversations.work import (
    assign_conversation,
    finish_conversation,
    mark_conversation,
    match_conversation,
    put_off_conversation,
    reopen_conversation,
)
from tallystick.customers.lock import NoSuchCustomer
from tallystick.messages.wording import fill
from tallystick.testing.world import World


def listed(world: World, show: str = "open", text: str = "", **given: object) -> list[str]:
    wanted = ThreadFilter(show, world.alice.id, world.now, text=text, **given)  # type: ignore[arg-type]
    with tenant.tx(world.seller_id, read_only=True):
        return [row.subject for row in list_threads(wanted, cursor="", size=50).rows]


def test_e10_lists_and_counts(world: World) -> None:
    one, two, three = (receive(world, letter(subject=subject)) for subject in ("One", "Two", "Three"))
    finish_conversation(**world.acting(), conversation_id=one.conversation_id)
    assign_conversation(**world.acting(), conversation_id=two.conversation_id, assignee_id=world.alice.id)
    put_off_conversation(**world.acting(), conversation_id=three.conversation_id, until=world.today + timedelta(days=2))
    assert {show: listed(world, show) for show in ("open", "mine", "unassigned", "later", "done")} == {
        "open": ["Two"], "mine": ["Two"], "unassigned": [], "later": ["Three"], "done": ["One"],
    }  # fmt: skip
    with tenant.tx(world.seller_id, read_only=True):
        counts = thread_counts(actor_id=world.alice.id, now=world.now)
        assert counts == {"open": 1, "mine": 1, "unassigned": 0, "later": 1}
        assert unread_count() == 1
    world.later(days=2)
    assert listed(world) == ["Three", "Two"]
    assert listed(world, "later") == []


def test_what_moved_last_stands_first_and_pages_follow_on(world: World) -> None:
    for at in range(5):
        receive(world, letter(subject=f"Thread {at}"))
        world.later(minutes=1)
    wanted = ThreadFilter("open", world.alice.id, world.now)
    with tenant.tx(world.seller_id, read_only=True):
        first = list_threads(wanted, cursor="", size=3)
        rest = list_threads(wanted, cursor=first.next_cursor, size=3)
    assert [row.subject for row in (*first.rows, *rest.rows)] == [f"Thread {at}" for at in (4, 3, 2, 1, 0)]
    assert rest.next_cursor == ""


def test_threads_are_found_by_customer_subject_and_address(world: World) -> None:
    receive(world, letter(subject="Mulțumim frumos"))
    receive(world, letter(subject="Other", from_address="zed@nowhere.example"))
    assert listed(world, text="multumim") == ["Mulțumim frumos"]
    assert listed(world, text="kestrel") == ["Mulțumim frumos"]
    assert listed(world, text="zed@now") == ["Other"]
    assert listed(world, text="???") == listed(world, text="nothing like it") == []
    assert listed(world, customer_id=world.nora) == ["Mulțumim frumos"]
    with tenant.tx(world.seller_id, read_only=True):
        assert [row.subject for row in threads_of(world.nora)] == ["Mulțumim frumos"]


def test_the_lists_cost_the_same_however_many_threads_there_are(world: World) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            listed(world, text="thread")
        with tenant.tx(world.seller_id, read_only=True), CaptureQueriesContext(connection) as counted:
            unread_count()
            thread_counts(actor_id=world.alice.id, now=world.now)
        return len(captured) + len(counted)

    receive(world, letter(subject="Thread"))
    before = statements()
    for at in range(8):
        receive(world, letter(subject=f"Thread {at}"))
    assert statements() == before


def test_doing_it_twice_does_it_once(world: World) -> None:
    thread = receive(world).conversation_id
    given = {**world.acting(), "conversation_id": thread}
    assert [finish_conversation(**given), finish_conversation(**given)] == [True, False]
    assert [reopen_conversation(**given), reopen_conversation(**given)] == [True, False]
    assert [mark_conversation(**given, unread=True), mark_conversation(**given, unread=True)] == [True, False]
    assert [match_conversation(**given, customer_id=world.customers["otto"]) for _ in range(2)] == [True, False]
    assert not put_off_conversation(**given, until=world.today)


def test_work_on_nothing_and_by_nobody_is_refused(world: World, outsider: World) -> None:
    mail = receive(world)
    given = {**world.acting(), "conversation_id": mail.conversation_id}
    with pytest.raises(NoSuchColleague):
        assign_conversation(**given, assignee_id=outsider.alice.id)
    with pytest.raises(NoSuchCustomer):
        match_conversation(**given, customer_id=outsider.nora)
    with pytest.raises(NoSuchConversation):
        finish_conversation(**outsider.acting(), conversation_id=mail.conversation_id)
    assert thread_of(world, mail).state == "open"


@pytest.mark.parametrize("spoken", ["en", "ro"])
def test_the_house_has_replies_that_can_be_filled(world: World, spoken: str) -> None:
    with tenant.tx(world.seller_id, read_only=True):
        offered = replies_for(spoken)
    assert len(offered) == 4
    assert all("{{" not in fill(each.body, dict.fromkeys(PLACEHOLDERS, "x")) for each in offered)
    assert any("We're" in each.name for each in offered) == (spoken == "en")


def test_saved_replies_are_kept_changed_and_forgotten(world: World) -> None:
    reply_id = new_id()
    given = {**world.acting(), "reply_id": reply_id, "language": "en"}
    for body in ("Hello {{ contact_first_name }}", "{{ greeting }}"):
        save_reply(**given, name=" Ask again ", body=body)
    with tenant.tx(world.seller_id, read_only=True):
        assert {each.name: each.body for each in replies_for("en")}["Ask again"] == "{{ greeting }}"
        assert len(replies_for("en")) == 5
        assert {row.language for row in saved_replies()} == {"en"}
    assert forget_reply(**world.acting(), reply_id=reply_id)
    assert not forget_reply(**world.acting(), reply_id=reply_id)


@pytest.mark.parametrize(
    ("given", "field", "why"),
    [
        ({"name": " "}, "name", "required"),
        ({"name": "x" * 81}, "name", "too_long"),
        ({"body": " "}, "body", "required"),
        ({"body": "x" * 10_001}, "body", "too_long"),
        ({"body": "{{ first_name }}"}, "body", "placeholder"),
        ({"language": "xx"}, "language", "required"),
    ],
)
def test_a_reply_that_could_never_be_used_is_refused(world: World, given: dict[str, str], field: str, why: str) -> None:
    fine = {"name": "A", "language": "en", "body": "b"}
    with pytest.raises(BadSavedReply) as refused:
        save_reply(**world.acting(), reply_id=new_id(), **{**fine, **given})
    assert (refused.value.field, refused.value.why) == (field, why)


def test_two_replies_of_one_name_are_refused(world: World) -> None:
    save_reply(**world.acting(), reply_id=new_id(), name="A", language="en", body="b")
    with pytest.raises(BadSavedReply, match="taken"):
        save_reply(**world.acting(), reply_id=new_id(), name="A", language="en", body="c")
