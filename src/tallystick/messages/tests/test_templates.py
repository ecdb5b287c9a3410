"""A seller's own words: kept, checked against what the kind can fill, forgotten again; and the switches."""

from __future__ import annotations

import re

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.messages.kinds import KINDS
from tallystick.messages.message_templates import (
    BadTemplate,
    Switch,
    Words,
    house_words,
    reset_words,
    save_switch,
    save_words,
    switch_of,
    switches,
)
from tallystick.messages.models import Message, MessageTemplate
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.wording import PLACEHOLDERS
from tallystick.testing.world import World

E19 = {
    "invoice": True, "reminder": True, "late_reminder": True, "thank_you": False, "plan_onboarding": False,
    "credit_note": True, "estimate": True, "receipt": True, "refund": True, "charge_failed": True, "statement": True,
    "subscription_confirmation": False, "billed_soon": False, "subscription_cancelled": False,
}  # fmt: skip
"""The fourteen templates, and whether each is on until somebody decides."""


@pytest.fixture
def world(database: str, new_world: object) -> World:
    return new_world()  # type: ignore[operator,no-any-return]


def letter(kind: str, **given: object) -> Letter:
    return Letter(
        id=new_id(), dedupe_key=f"{kind}:{new_id()}", kind=kind, recipients=["nora@example.com"], language="en",
        subject="x", body="y", **given,  # type: ignore[arg-type]
    )  # fmt: skip


def test_e19_fourteen_templates_with_their_defaults() -> None:
    assert {name: KINDS[name].is_on for name in E19} == E19


@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("kind", KINDS)
def test_e19_the_houses_words_use_only_what_the_kind_fills(kind: str, language: str) -> None:
    words = house_words(kind, language)
    used = set(re.findall(r"\{\{ (\w+) \}\}", words.subject + words.body))
    assert used <= set(KINDS[kind].placeholders)
    assert set(KINDS[kind].placeholders) <= set(PLACEHOLDERS)
    assert words.subject
    assert words.body


def test_e19_words_like_the_houses_are_forgotten_so_that_they_follow_it(world: World) -> None:
    save_words(kind="receipt", language="en", words=Words("Got {{ amount }}", "Thanks."), **world.acting())
    save_words(kind="receipt", language="en", words=house_words("receipt", "en"), **world.acting())
    with tenant.tx(world.seller_id, read_only=True):
        assert MessageTemplate.objects.count() == 0
    save_words(kind="receipt", language="en", words=Words("Got {{ amount }}", "Thanks."), **world.acting())
    assert reset_words(kind="receipt", language="en", **world.acting())
    assert not reset_words(kind="receipt", language="en", **world.acting())


@pytest.mark.parametrize(
    ("words", "field", "why", "nearest"),
    [
        (Words("Invoice {{ numbr }}", "x"), "subject", "placeholder", "number"),
        (Words("x", "{{ amount }} {{ payment_method }}"), "body", "placeholder", ""),
        (Words("x", "{{ seller_name.password }}"), "body", "placeholder", "seller_name"),
        (Words("x", "y", "{{ nothing_like_it_at_all }}"), "button", "placeholder", ""),
        (Words("  ", "y"), "subject", "required", ""),
        (Words("x", ""), "body", "required", ""),
        (Words("x" * 301, "y"), "subject", "too_long", ""),
        (Words("x", "y" * 10_001), "body", "too_long", ""),
    ],
)
def test_words_that_could_never_be_filled_are_refused(
    world: World, words: Words, field: str, why: str, nearest: str
) -> None:
    with pytest.raises(BadTemplate) as refused:
        save_words(kind="invoice", language="en", words=words, **world.acting())
    assert (refused.value.field, refused.value.why, refused.value.nearest) == (field, why, nearest)


def test_a_kind_or_language_nobody_knows_is_refused(world: World) -> None:
    for kind, language in (("poem", "en"), ("invoice", "tlh")):
        with pytest.raises(BadTemplate):
            save_words(kind=kind, language=language, words=Words("x", "y"), **world.acting())


def test_f3_what_is_switched_off_is_kept_as_skipped_with_the_reason(world: World) -> None:
    save_switch(kind="receipt", switch=Switch(is_on=False, attach_pdf=True), **world.acting())
    held = queue_message(letter=letter("receipt"), **world.acting())
    by_hand = queue_message(letter=letter("receipt", is_by_hand=True), **world.acting())
    assert (held.state, held.reason) == ("skipped", "template_off")
    assert by_hand.state == "queued"
    save_switch(kind="receipt", switch=Switch(is_on=True, attach_pdf=False), **world.acting())
    with tenant.tx(world.seller_id, read_only=True):
        assert switch_of("receipt") == Switch(is_on=True, attach_pdf=False)
        assert Message.objects.get(id=held.id).state == "skipped", "what was held back then isn't said now"


def test_d8_the_notice_before_a_charge_cant_be_switched_off(world: World) -> None:
    with pytest.raises(BadTemplate):
        save_switch(kind="charge_notice", switch=Switch(is_on=False, attach_pdf=False), **world.acting())
    with tenant.tx(world.seller_id, read_only=True):
        assert switches()["charge_notice"].is_on


def test_what_has_no_pdf_never_attaches_one(world: World) -> None:
    save_switch(kind="charge_failed", switch=Switch(is_on=True, attach_pdf=True), **world.acting())
    with tenant.tx(world.seller_id, read_only=True):
        assert not switch_of("charge_failed").attach_pdf
