"""Creditor references: ISO 11649 examples, and what one wrong key must not do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.errors import InvalidReference
from tallystick.core.reference import creditor_reference, is_creditor_reference

bodies = st.text("ABCXYZ0123456789", min_size=1, max_size=21)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("539007547034", "RF18539007547034"),
        ("2348236", "RF332348236"),
        ("lp-2026/00042", "RF09LP202600042"),
    ],
)
def test_a1_references_of_the_standard(text: str, reference: str) -> None:
    assert creditor_reference(text) == reference


@pytest.mark.parametrize("text", ["", "-/.", "é", "A" * 22])
def test_a1_texts_that_leave_too_little_or_too_much(text: str) -> None:
    with pytest.raises(InvalidReference):
        creditor_reference(text)


@pytest.mark.parametrize("text", ["RF18539007547034", "RF18 5390 0754 7034", "rf18 539007547034"])
def test_references_may_be_spaced_and_small(text: str) -> None:
    assert is_creditor_reference(text)


@pytest.mark.parametrize(
    "text", ["", "RF", "RF18", "RF19539007547034", "RF18539007547043", "XX18539007547034", "RF18" + "1" * 22, "RF1é1"]
)
def test_what_is_no_reference(text: str) -> None:
    assert not is_creditor_reference(text)


@given(bodies)
def test_every_reference_is_valid_in_one_spelling_of_its_check_digits(body: str) -> None:
    reference = creditor_reference(body)
    assert reference[4:] == body
    assert [f"RF{check:02d}{body}" for check in range(100) if is_creditor_reference(f"RF{check:02d}{body}")] == [
        reference
    ]


@given(bodies, st.data())
def test_one_wrong_digit_is_noticed(body: str, data: st.DataObject) -> None:
    reference = creditor_reference(body)
    at = data.draw(st.sampled_from([place for place in range(2, len(reference)) if reference[place].isdigit()]))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != reference[at]]))
    assert not is_creditor_reference(reference[:at] + wrong + reference[at + 1 :])
