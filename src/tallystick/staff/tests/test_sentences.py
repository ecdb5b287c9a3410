"""Facts as a person would tell them."""

from __future__ import annotations

import pytest

from tallystick.base.events import Fact
from tallystick.base.ids import new_id
from tallystick.core.attempt import State
from tallystick.staff.sentences import tell_facts

TOLD_ELSEWHERE = {State.RESERVED, State.PROCESSING, State.UNKNOWN, State.DECLINED}
"""By facts of their own: started, processing, unknown, declined."""


def told(kind: str, **data: object) -> str:
    [entry] = tell_facts([Fact(new_id(), new_id(), kind, new_id(), None, data)])
    return f"{entry.text} {entry.sub}".strip()


def test_an_attempt_has_a_sentence_of_its_own_for_each_state() -> None:
    said = {state: told("attempt.changed", state=str(state)) for state in State if state not in TOLD_ELSEWHERE}
    assert len(set(said.values())) == len(said)
    assert "A payment moved on" not in said.values()
    assert said[State.CANCELED] == "The payment page was closed without a payment Nothing was charged."
    assert told("attempt.changed", state="new") == "A payment moved on"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("setup", "The customer started to give a card"),
        ("automatic", "€12.00 is being charged to a kept card"),
        ("hosted", "The customer started to pay €12.00"),
    ],
)
def test_what_is_started_is_told_by_its_kind(kind: str, says: str) -> None:
    assert told("attempt.started", attempt_kind=kind, amount_minor=1200, currency="EUR") == says


def test_a_message_whose_last_word_was_lost_says_so() -> None:
    assert told("message.skipped", reason="paid") == "An email wasn't sent It was paid meanwhile."
    named = told("message.skipped", reason="paid", message_kind="late_reminder")
    assert named == "An email wasn't sent: Late payment reminder It was paid meanwhile."
    assert "may have gone out all the same" in told("message.skipped", reason="paid", may_have_left=True)
    assert "may have gone out all the same" in told("message.cancelled", reason="cancelled", may_have_left=True)
    assert "may have arrived twice" in told("message.sent", recipients=["n@x.example"], may_have_left=True)
