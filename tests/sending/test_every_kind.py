"""Every row of E19 that something sends, in both languages, as it arrives in a mailbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final

import pytest
from django.utils.html import strip_tags

from tallystick.base import tenant
from tallystick.messages.kinds import KINDS
from tallystick.messages.message_templates import Switch, save_switch, switches
from tallystick.messages.models import Message
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World
from tallystick.worker.sweeps import drain
from tests.sending.every_kind import SENT, pay_and_give_back, say_every_kind

LANGUAGES: Final = {"en": "nora", "ro": "pia"}
MOST_BYTES: Final = 60_000
"""So small an email is shown whole by everybody; Gmail cuts at 102 kB."""
BOTH: Final = {
    "acme", "print", "ltd", "copley", "street", "cork", "visa", "pdf", "total", "online", "card", "planning", "drawings",
    "monograph", "credit", "nbsp", "email", "transfer", "aibk",
}  # fmt: skip
"""Words of both languages, and names."""


@dataclass(frozen=True)
class Row:
    """A row of E19: subjects and buttons in English and Romanian, what is attached, whether it is on."""

    subject: tuple[str, str]
    button: tuple[str, str] = ("", "")
    pdf: str = ""
    is_on: bool = True


PAY, VIEW, UPDATE = ("Make Payment", "Plătiți acum"), ("View credit note", "Vedeți nota de credit"), (
    "Update payment information", "Actualizați datele de plată",
)  # fmt: skip
TABLE: Final = {
    "invoice": Row(("Invoice LP-N from Acme Print", "Factura LP-N de la Acme Print"), PAY, "LP-N.pdf"),
    "reminder": Row(("Invoice LP-N is due on DAY", "Factura LP-N este scadentă DAY"), PAY, "LP-N.pdf"),
    "late_reminder": Row(("Invoice LP-N was due on DAY", "Factura LP-N a fost scadentă DAY"), PAY, "LP-N.pdf"),
    "thank_you": Row(
        ("Thank you: invoice LP-N is paid", "Vă mulțumim: factura LP-N este achitată"), pdf="LP-N.pdf", is_on=False
    ),
    "credit_note": Row(
        ("Credit note CN-N from Acme Print", "Nota de credit CN-N de la Acme Print"), VIEW, "CN-N.pdf"
    ),
    "receipt": Row(("Receipt R-N from Acme Print", "Chitanța R-N de la Acme Print"), pdf="R-N.pdf"),
    "refund": Row(("We refunded €23.00", "Am rambursat 23,00 €"), pdf="R-N.pdf"),
    "charge_failed": Row(("Your payment for LP-N didn't go through", "Plata pentru LP-N nu a reușit"), UPDATE),
    "charge_notice": Row(
        ("€173.00 will be charged on DAY", "173,00 € se încasează DAY"), ("Change or postpone", "Schimbați sau amânați")
    ),
    "charge_fell_back": Row(("Please pay LP-N another way", "Vă rugăm să plătiți LP-N altfel"), PAY),
    "card_expiring": Row(
        ("Your card Visa ···· 4242 expires soon", "Cardul dumneavoastră Visa ···· 4242 expiră în curând"), UPDATE
    ),
    "payment_request": Row(
        ("€173.00 to pay to Acme Print", "173,00 € de plătit către Acme Print"), PAY, "LP-N-1.pdf"
    ),
}  # fmt: skip
"""What each kind is by default; `LP-N` is any number, `DAY` any day."""
WAITING: Final = {
    "plan_onboarding": (False, ""),
    "estimate": (True, "The estimate"),
    "statement": (True, "The statement"),
    "subscription_confirmation": (False, ""),
    "billed_soon": (False, ""),
    "subscription_cancelled": (False, ""),
}
"""Rows of E19 whose facts don't exist yet: whether they are on, and what they attach."""


def masked(text: str) -> str:
    """The text with its numbers and days masked."""
    days = r"(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d+ \w+ \d{4}|(luni|mar[țt]i|miercuri|joi|vineri|sâmbătă|duminică), \d+ \w+ \d{4}"
    without_days = re.sub(days, "DAY", text.replace("\xa0", " ").strip())
    return re.sub(r"\b(LP|CN|R)(-\d{4})?-\d+", r"\1-N", without_days)


@pytest.fixture
def letters(world: World, mailbox: Mailbox) -> dict[tuple[str, str], EmailMessage]:
    """(kind, language) → the email that arrived."""
    card = add_sandbox(world, "http://127.0.0.1:9/")
    save_switch(kind="thank_you", switch=Switch(is_on=True, attach_pdf=True), **world.acting())
    for language, customer in LANGUAGES.items():
        say_every_kind(world, card, customer=customer, language=language)
        pay_and_give_back(world, customer=customer, language=language)
    drain(world.seller_id)
    with tenant.tx(world.seller_id, read_only=True):
        said = {row.message_id.strip("<>"): row for row in Message.objects.all()}
    assert [(row.kind, row.state, row.reason) for row in said.values() if row.state != "sent"] == []
    arrived = {each["message_id"].strip("<>"): each["id"] for each in mailbox.messages()}
    return {(row.kind, row.language): mailbox.source(arrived[name]) for name, row in said.items()}


def test_e19_every_kind_arrives_as_the_table_says(letters: dict[tuple[str, str], EmailMessage]) -> None:
    assert set(letters) == {(kind, language) for kind in SENT for language in LANGUAGES}
    for (kind, language), letter in letters.items():
        row, which = TABLE[kind], list(LANGUAGES).index(language)
        assert masked(letter["subject"]) == row.subject[which], kind
        files = [part.get_filename() for part in letter.iter_attachments()]
        assert [masked(name) for name in files] == [row.pdf] * bool(row.pdf), kind
        html, text = body(letter, "html"), body(letter, "plain")
        buttons = [strip_tags(found).strip() for found in re.findall(r"<a [^>]*>(.*?)</a>", html, re.DOTALL)]
        assert (row.button[which] in buttons) if row.button[which] else (buttons == []), (kind, buttons)
        assert len(html.encode()) < MOST_BYTES
        for said in (letter["subject"], html, text):
            assert not re.search(r"\{\{|\}\}|\{[a-z_]+\}|%\([a-z]+\)|None", said), (kind, language)
        assert f'lang="{language}"' in html
    assert english_left(letters) == set()


def english_left(letters: dict[tuple[str, str], EmailMessage]) -> set[str]:
    """Words that stand in the English emails and again in the Romanian ones, but for names, and what both languages have."""
    words: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    for (_kind, language), letter in letters.items():
        words[language] |= set(re.findall(r"[^\W\d_]{3,}", shown(letter)))
    assert "thank" in words["en"], "it reads"
    assert "mulțumim" in words["ro"], "it reads"
    return (words["en"] & words["ro"]) - BOTH


def shown(letter: EmailMessage) -> str:
    """What people read of an email, in lower case, without addresses."""
    html = re.sub(r"<style.*?</style>|<[^>]+>", " ", body(letter, "html"), flags=re.DOTALL)
    text = re.sub(r"https?://\S+", " ", body(letter, "plain"))
    return f"{letter['subject']} {html} {text}".lower()


def body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_e19_switches_and_attachments_start_as_the_table_says(world: World) -> None:
    with tenant.tx(world.seller_id, read_only=True):
        found = switches()
    wanted = {kind: (row.is_on, bool(row.pdf)) for kind, row in TABLE.items()}
    wanted |= {kind: (is_on, bool(pdf)) for kind, (is_on, pdf) in WAITING.items()}
    assert {kind: (switch.is_on, switch.attach_pdf) for kind, switch in found.items()} == wanted
    assert {kind for kind, row in KINDS.items() if not row.is_sent} == set(WAITING)


def test_e19_switched_off_nothing_of_a_kind_goes_by_itself(world: World, mailbox: Mailbox) -> None:
    card = add_sandbox(world, "http://127.0.0.1:9/")
    for kind, row in KINDS.items():
        save_switch(kind=kind, switch=Switch(is_on=not row.is_optional, attach_pdf=False), **world.acting())
    say_every_kind(world, card)
    pay_and_give_back(world)
    drain(world.seller_id)
    with tenant.tx(world.seller_id, read_only=True):
        said = sorted(Message.objects.values_list("kind", "state", "reason"))
    off = {"reminder", "late_reminder", "receipt", "refund", "charge_failed", "charge_fell_back", "card_expiring"}
    assert {row for row in said if row[1] != "sent"} == {(kind, "skipped", "template_off") for kind in off}
    by_hand: Any = {"invoice", "credit_note", "payment_request"}
    assert {kind for kind, state, _ in said if state == "sent"} == by_hand | {"charge_notice"}, "what people send, goes"
