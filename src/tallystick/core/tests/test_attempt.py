"""Charge attempts: every cell of the table, and what must hold in whatever order facts arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.attempt import LIVE, State, advance, next_check_after

# What an attempt in the state of the row becomes on hearing the state of the column. "." is: stays.
TABLE = """
                 reserved sent unknown action_required processing canceling succeeded declined canceled abandoned
reserved         .        sent unknown action_required processing canceling succeeded declined canceled abandoned
sent             .        .    unknown action_required processing canceling succeeded declined canceled abandoned
unknown          .        .    .       action_required processing canceling succeeded declined canceled abandoned
action_required  .        .    .       .               processing canceling succeeded declined canceled abandoned
processing       .        .    .       action_required .          canceling succeeded declined canceled abandoned
canceling        .        .    .       .               .          .         succeeded declined canceled .
succeeded        .        .    .       .               .          .         .         .        .        .
declined         .        .    .       .               .          .         succeeded .        .        .
canceled         .        .    .       .               .          .         succeeded .        .        .
abandoned        .        .    .       .               .          .         succeeded .        .        .
"""
_header, *_rows = [row.split() for row in TABLE.strip().splitlines()]
CELLS = [
    (current, observed, current if cell == "." else cell)
    for current, *cells in _rows
    for observed, cell in zip(_header, cells, strict=True)
]

states = st.sampled_from(State)
stories = st.lists(states, max_size=12)


def test_the_table_is_whole() -> None:
    assert {(current, observed) for current, observed, _ in CELLS} == {(one, other) for one in State for other in State}


@pytest.mark.parametrize(("current", "observed", "expected"), CELLS)
def test_every_cell(current: str, observed: str, expected: str) -> None:
    assert advance(State(current), State(observed)) == expected


def test_live_states_are_those_that_may_still_take_money() -> None:
    assert {"reserved", "sent", "unknown", "action_required", "processing", "canceling"} == LIVE


def tell(state: State, story: list[State]) -> State:
    for observed in story:
        state = advance(state, observed)
    return state


@given(states, states)
def test_hearing_a_fact_twice_changes_nothing(current: State, observed: State) -> None:
    once = advance(current, observed)
    assert advance(once, observed) == once


@given(states, stories, stories)
def test_success_heard_anywhere_is_the_end_of_every_story(
    start: State, before: list[State], after: list[State]
) -> None:
    assert tell(start, [*before, State.SUCCEEDED, *after]) is State.SUCCEEDED


@given(states, stories)
def test_what_ended_never_lives_again(start: State, story: list[State]) -> None:
    end = tell(start, story)
    if start not in LIVE:
        assert end in {start, State.SUCCEEDED}


@given(st.lists(st.sampled_from(sorted(LIVE)), max_size=12))
def test_no_story_without_an_end_ends_an_attempt(story: list[State]) -> None:
    assert tell(State.RESERVED, story) in LIVE


def test_unknown_attempts_are_asked_about_less_and_less() -> None:
    waits = [next_check_after(tries) for tries in range(9)]
    assert [wait // timedelta(seconds=1) for wait in waits] == [5, 30, 120, 600, 3600, 21600, 86400, 86400, 86400]
    assert next_check_after(-1) == waits[0]
