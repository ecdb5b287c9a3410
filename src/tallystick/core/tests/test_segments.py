"""Segments as the networks count them."""

from __future__ import annotations

import pytest

from tallystick.core.segments import BASIC, EXTENDED, Size, size_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size("GSM-7", 0, 0, 160)),
        ("a", Size("GSM-7", 1, 1, 159)),
        ("a" * 160, Size("GSM-7", 160, 1, 0)),
        ("a" * 161, Size("GSM-7", 161, 2, 145)),
        ("a" * 306, Size("GSM-7", 306, 2, 0)),
        ("a" * 307, Size("GSM-7", 307, 3, 152)),
        ("€" * 80, Size("GSM-7", 160, 1, 0)),
        ("ț", Size("UCS-2", 1, 1, 69)),
        ("ț" * 70, Size("UCS-2", 70, 1, 0)),
        ("ț" * 71, Size("UCS-2", 71, 2, 63)),
        ("🙂" * 35, Size("UCS-2", 70, 1, 0)),
    ],
)
def test_places_and_segments(text: str, size: Size) -> None:
    assert size_of(text) == size


def test_a_letter_of_two_places_is_never_torn() -> None:
    """152 letters and a euro sign don't fit into 153 places, so the sign begins the second part."""
    assert size_of("a" * 152 + "€" + "a" * 20) == Size("GSM-7", 174, 2, 153 - 22)
    assert size_of("a" * 152 + "€" + "a" * 151 + "b") == Size("GSM-7", 306, 3, 152)
    assert size_of("ț" * 66 + "🙂" + "ț" * 10).left == 67 - 12


def test_the_alphabet_is_whole() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127, "128 places, one of which is the escape"
    assert len(EXTENDED) == len(set(EXTENDED)) == 10
    assert not set(BASIC) & set(EXTENDED)
