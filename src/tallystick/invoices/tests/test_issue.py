"""Issuing: works, refuses, twice, outsider."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.invoices import queries
from tallystick.invoices.draft import Draft, DraftLine
from tallystick.invoices.errors import AlreadyIssued, NoSuchInvoice, NotIssuable
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.models import Invoice, InvoiceLine
from tallystick.invoices.save import save_drafts
from tallystick.ledger.queries import trial_balance
from tallystick.testing.world import World


def test_a1_issues_with_number_due_items_entry_and_fact(world: World) -> None:
    [issued] = world.issue(world.draft(terms={"kind": "net", "days": 30, "deposit_percent": "30"}))
    assert (issued.number, issued.total_minor) == ("LP-1", 17300)
    with tenant.tx(world.seller_id):
        due = [(d.kind, d.amount_minor) for d in queries.due_items_of([issued.id])]
        assert due == [("deposit", 5190), ("balance", 12110)]
        book = {(row.account, row.balance_minor) for row in trial_balance()}
        assert book == {("receivable", 17300), ("revenue", -15000), ("tax_payable", -2300)}
        assert "invoice.issued" in [fact.kind for fact in events.timeline(subject_ids=[issued.id])]
        document = queries.document(issued.id)
        assert document.content["seller"]["name"] == "Acme Print"
        assert document.content["customer"]["name"] == "Nora Kestrel Architects"
        assert document.content["totals"]["total_minor"] == 17300


def test_issuing_twice_issues_once(world: World) -> None:
    draft = world.draft()
    assert world.issue(draft) == world.issue(draft)
    assert world.issue(world.draft())[0].number == "LP-2"


def test_a_batch_is_numbered_in_the_order_given(world: World) -> None:
    drafts = [world.draft(customer=who) for who in ("nora", "otto", "pia", "nora")]
    assert [i.number for i in world.issue(*reversed(drafts))] == ["LP-1", "LP-2", "LP-3", "LP-4"]
    with tenant.tx(world.seller_id):
        assert queries.invoice(drafts[-1]).number == "LP-1"


def test_a_failed_batch_leaves_no_gap(world: World) -> None:
    with pytest.raises(NotIssuable):
        world.issue(world.draft(), world.draft(lines=()))
    with tenant.tx(world.seller_id):
        assert not Invoice.objects.filter(number__isnull=False).exists()


def test_a_negative_total_is_refused(world: World) -> None:
    line = DraftLine("Return", Decimal(-1), Decimal("1.00"), world.rates["standard"])
    with pytest.raises(NotIssuable):
        world.issue(world.draft(lines=(line,)))


def test_a_free_invoice_is_paid_when_issued(world: World) -> None:
    line = DraftLine("Sample", Decimal(1), Decimal("9.00"), world.rates["standard"], discount_percent=Decimal(100))
    [issued] = world.issue(world.draft(lines=(line,)))
    with tenant.tx(world.seller_id):
        assert issued.total_minor == 0
        assert queries.status(queries.invoice(issued.id), on=world.today) == "paid"


def test_an_outsider_has_no_such_draft(world: World, outsider: World) -> None:
    draft = world.draft()
    with pytest.raises(NoSuchInvoice):
        outsider.issue(draft)
    with pytest.raises(NoSuchInvoice):
        outsider.issue(uuid4())


def test_a_draft_cannot_name_an_outsiders_customer(world: World, outsider: World) -> None:
    draft = Draft(new_id(), outsider.nora, "EUR", "en")
    with pytest.raises(IntegrityError, match="invoice_customer_fk"):
        save_drafts(drafts=[draft], **world.acting())


def test_an_issued_document_cannot_change(world: World) -> None:
    invoice_id = world.invoice()
    with pytest.raises(AlreadyIssued):
        world.draft(id=invoice_id)
    for change in (
        lambda: Invoice.objects.filter(id=invoice_id).update(total_minor=1),
        lambda: Invoice.objects.filter(id=invoice_id).delete(),
        lambda: InvoiceLine.objects.filter(invoice_id=invoice_id).update(net_minor=1),
        lambda: InvoiceLine.objects.filter(invoice_id=invoice_id).delete(),
    ):
        with pytest.raises(IntegrityError), tenant.tx(world.seller_id):
            change()


def test_one_issue_takes_few_statements(world: World) -> None:
    draft = world.draft()
    connection.force_debug_cursor = True
    try:
        before = len(connection.queries_log)
        world.issue(draft)
        statements = [q["sql"] for q in list(connection.queries_log)[before:]]
    finally:
        connection.force_debug_cursor = False
    inside = [s for s in statements if s not in {"BEGIN", "COMMIT"} and "procrastinate" not in s]
    assert len(inside) <= 12, "\n".join(inside)


def test_a_200_line_invoice_and_odd_amounts(world: World) -> None:
    lines = tuple(
        DraftLine(f"Foaie țipărită nr. {n} – «proba» d'Arcy", Decimal(3), Decimal("0.1"), world.rates["standard"])
        for n in range(200)
    )
    [issued] = world.issue(world.draft(lines=lines))
    assert issued.total_minor == 200 * 30 + 1380


def test_a_yen_invoice_has_no_decimals(world: World) -> None:
    line = DraftLine("Poster", Decimal(3), Decimal("1234.5"), world.rates["zero"])
    [issued] = world.issue(world.draft(currency="JPY", lines=(line,)))
    assert issued.total_minor == 3704


def test_sales_terms_on_the_31st(world: World) -> None:
    world.now = world.now.replace(month=1, day=31)
    world.today = world.now.date()
    invoice_id = world.draft(terms={"kind": "net", "days": 0, "instalments": 3})
    issue_invoices(invoice_ids=[invoice_id], today=world.today, **world.acting())
    with tenant.tx(world.seller_id):
        assert [d.due_on.isoformat() for d in queries.due_items_of([invoice_id])] == [
            "2026-01-31",
            "2026-02-28",
            "2026-03-31",
        ]
