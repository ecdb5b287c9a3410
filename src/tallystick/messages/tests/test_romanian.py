"""Every word of ours that a customer reads exists in Romanian."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.test import override_settings

import tallystick
from tallystick.messages.email import render_email
from tallystick.messages.tests.test_email import INVOICE, PAY_URL, links, shown
from tallystick.messages.wording import default_body, default_subject

CATALOGUE = Path(tallystick.__file__).parent / "locale/ro/LC_MESSAGES/django.po"


@pytest.fixture
def _romanian(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "ro/LC_MESSAGES"
    folder.mkdir(parents=True)
    with CATALOGUE.open("rb") as source, (folder / "django.mo").open("wb") as made:
        write_mo(made, read_po(source, locale="ro"))
    with override_settings(LOCALE_PATHS=[str(tmp_path)]):
        yield


@pytest.mark.usefixtures("_romanian")
def test_the_email_is_romanian() -> None:
    made = render_email(
        deepcopy({**INVOICE, "language": "ro", "currency": "RON"}),
        kind="invoice",
        body="",
        amount_minor=588575,
        pay_url=PAY_URL,
    )
    assert links(made.html) == [(PAY_URL, "Plătiți acum"), (PAY_URL, "Vedeți și plătiți")]
    assert "De plată până marți, 24 noiembrie 2026" in shown(made.html)
    assert "5.885,75\xa0lei" in made.text


@pytest.mark.usefixtures("_romanian")
@pytest.mark.parametrize("kind", ["invoice", "receipt", "credit_note", "invitation"])
def test_the_default_texts_are_romanian_with_the_same_placeholders(kind: str) -> None:
    for text in (default_subject, default_body):
        assert text(kind, "ro") != text(kind, "en")
        holes = [set(re.findall(r"\{\{.*?\}\}", text(kind, language))) for language in ("ro", "en")]
        assert holes[0] == holes[1]
