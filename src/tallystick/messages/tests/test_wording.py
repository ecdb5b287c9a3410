"""Placeholders are texts, never code."""

from __future__ import annotations

import pytest

from tallystick.messages.wording import (
    PLACEHOLDERS,
    UnknownPlaceholder,
    default_body,
    default_subject,
    fill,
    greeting,
)

KINDS = ("invoice", "receipt", "credit_note", "invitation", "payment_request")


def test_filling_is_one_pass() -> None:
    assert fill("{{ a }}{{b}} {{  a  }}", {"a": "{{ b }}", "b": "x"}) == "{{ b }}x {{ b }}"


@pytest.mark.parametrize(
    "name", ["nope", "number.__class__", "number|safe", "7*7", "", "number()", "% include x %", "number\n}"]
)
def test_unknown_names_are_refused_with_their_name(name: str) -> None:
    with pytest.raises(UnknownPlaceholder) as caught:
        fill("a {{ " + name + " }} b", dict.fromkeys(PLACEHOLDERS, "x"))
    assert caught.value.name == name.strip()


def test_other_braces_stay_as_typed() -> None:
    for text in ("{% load x %}", "{x}", "}} {{", "%(number)s", "$number", "#{x}"):
        assert fill(text, {}) == text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ro", "de", "ar", "xx"])
def test_every_default_can_be_filled(kind: str, language: str) -> None:
    for template in (default_subject(kind, language), default_body(kind, language)):
        fill(template, PLACEHOLDERS)
        assert "\n" not in default_subject(kind, language)
        assert "!" not in template


def test_unknown_kind() -> None:
    with pytest.raises(LookupError):
        default_subject("spam", "en")


def test_greeting() -> None:
    assert greeting("Aoife", "en") == "Hello Aoife,"
    assert greeting("", "en") == "Hello,"
