"""A document's email in the seller's own words."""

from __future__ import annotations

from tallystick.base import tenant
from tallystick.invoices import queries as invoices
from tallystick.invoices.send import compose_for, wording_values
from tallystick.messages.kinds import KINDS
from tallystick.messages.message_templates import Words, house_words, save_words, words_of
from tallystick.testing.world import World


def test_e19_own_words_are_used_in_their_language_only(world: World) -> None:
    words = Words("Bill {{ number }}", "{{ greeting }}\n\nPlease pay {{ open_amount }} of {{ total }}.", "Pay me")
    save_words(kind="invoice", language="en", words=words, **world.acting())
    invoice_id = world.invoice()
    with tenant.tx(world.seller_id, read_only=True):
        found, start = invoices.document(invoice_id), compose_for(invoice_id)
        assert words_of("invoice", "ro") == house_words("invoice", "ro")
        assert words_of("invoice", "en") == words
    assert start.subject == f"Bill {found.number}"
    assert "Please pay €173.00 of €173.00." in start.body


def test_a_template_is_a_text_and_never_a_program(world: World) -> None:
    """A bomb stays what was typed: one pass, no loops, nothing filled in is read again."""
    bomb = "{% for x in y %}" * 50 + "{{ customer_name }}" + "{" * 500
    save_words(kind="invoice", language="en", words=Words("s", bomb), **world.acting())
    invoice_id = world.invoice()
    with tenant.tx(world.seller_id, read_only=True):
        name = wording_values(invoices.document(invoice_id))["customer_name"]
        assert compose_for(invoice_id).body == bomb.replace("{{ customer_name }}", name)


def test_e19_each_documents_values_are_what_its_template_may_use(world: World) -> None:
    invoice_id = world.invoice()
    with tenant.tx(world.seller_id, read_only=True):
        values = wording_values(invoices.document(invoice_id))
    assert set(KINDS["invoice"].sms_placeholders) == set(values)
