"""Pages that send payment links: who gets which, why somebody gets none, and what typing survives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Contact, Customer
from tallystick.invoices.queries import numbers_of
from tallystick.messages.models import Message
from tallystick.payments.models import PaymentRequest, RequestedInvoice
from tallystick.staff.tests.pages import member, read, send, url
from tallystick.staff.views.links import MOST_TICKED
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World


@pytest.fixture
def stage(staffed: World) -> Any:
    """A seller with a member of each role, today, and a card account that doesn't answer."""
    add_sandbox(staffed, "http://127.0.0.1:9")
    return SimpleNamespace(world=staffed)


def letters(stage: Any) -> list[Message]:
    with tenant.tx(stage.world.seller_id, read_only=True):
        return list(Message.objects.filter(kind="payment_request").order_by("created_at", "id"))


def requests(stage: Any) -> list[PaymentRequest]:
    with tenant.tx(stage.world.seller_id, read_only=True):
        return list(PaymentRequest.objects.order_by("currency"))


def change(stage: Any, customer: str, **given: object) -> None:
    with tenant.tx(stage.world.seller_id):
        Customer.objects.filter(id=stage.world.customers[customer]).update(**given)


def asking(stage: Any, *ids: UUID) -> str:
    return f"{url(stage, 'links')}?{urlencode({'id': [str(key) for key in ids]}, doseq=True)}"


def to(stage: Any, customer: str) -> str:
    return f"to-{stage.world.customers[customer]}"


def typed_by(stage: Any, **people: str) -> dict[str, Any]:
    return {to(stage, customer): text for customer, text in people.items()}


def test_c12_c14_ticked_invoices_go_as_one_link_and_one_email_per_customer(stage: Any) -> None:
    first, second, other = stage.world.invoice(), stage.world.invoice(), stage.world.invoice(customer="pia")
    client = member(stage)
    listed = read(client, url(stage, "invoices"))
    assert 'data-state="unsent open"' in listed
    assert f'formaction="{url(stage, "links")}"' in listed
    ids = [first, second, other]
    answer = send(client, url(stage, "links"), id=ids)
    page = read(client, answer.headers["Location"])
    with tenant.tx(stage.world.seller_id, read_only=True):
        assert all(number in page for _kind, number in numbers_of(ids).values())
    assert "346.00" in page
    assert "nora@kestrel.example" in page
    assert letters(stage) == []
    typed: dict[str, Any] = {to(stage, "nora"): "nora@kestrel.example", to(stage, "pia"): "pia@press.example"}
    send(client, url(stage, "links"), id=ids, send_id=new_id(), **typed)
    assert sorted(one.recipients[0] for one in letters(stage)) == ["nora@kestrel.example", "pia@press.example"]
    [request] = [one for one in requests(stage) if one.customer_id == stage.world.nora]
    with tenant.tx(stage.world.seller_id, read_only=True):
        asked = RequestedInvoice.objects.filter(request_id=request.id).values_list("invoice_id", flat=True)
        assert set(asked) == {first, second}
    assert "Payment links go to 2 customers: " in read(client, url(stage, "invoices"))


def test_c14_a_double_click_sends_once(stage: Any) -> None:
    client, given = member(stage), typed_by(stage, nora="nora@kestrel.example")
    given |= {"id": [stage.world.invoice()], "send_id": new_id()}
    for _ in range(2):
        send(client, url(stage, "links"), **given)
    assert len(letters(stage)) == len(requests(stage)) == 1


def test_c15_switched_off_links_and_a_missing_address_are_said_and_nothing_is_sent(stage: Any) -> None:
    change(stage, "nora", payment_links=False)
    ids = [stage.world.invoice(), stage.world.invoice(customer="otto")]
    client = member(stage)
    page = read(client, asking(stage, *ids))
    assert "Payment links are switched off for this customer" in page
    assert "No email address on file" in page
    assert to(stage, "nora") not in page
    send(client, url(stage, "links"), id=ids, send_id=new_id(), **typed_by(stage, nora="x@y.example"))
    assert (letters(stage), requests(stage)) == ([], [])
    page = read(client, url(stage, "invoices"))
    assert "Nothing was sent to Nora Kestrel Architects. Payment links are switched off" in page
    assert "Nothing was sent to Otto & Søn, d'Arcy. No email address on file." in page


def test_c15_an_address_may_be_typed_where_none_is_on_file(stage: Any) -> None:
    typed: dict[str, Any] = {to(stage, "otto"): "otto@dock.example"}
    send(member(stage), url(stage, "links"), id=[stage.world.invoice(customer="otto")], send_id=new_id(), **typed)
    assert [one.recipients for one in letters(stage)] == [["otto@dock.example"]]


def test_c15_what_has_nothing_open_is_counted_and_left_out(stage: Any) -> None:
    page = read(member(stage), asking(stage, stage.world.invoice(), stage.world.draft(), stage.world.draft()))
    assert "2 of the ticked documents have nothing open and are left out." in page
    page = read(member(stage), asking(stage, stage.world.draft()))
    assert "Nothing to send." in page
    send(member(stage), url(stage, "links"), id=[stage.world.draft()], send_id=new_id())
    send(member(stage), url(stage, "links"))
    assert letters(stage) == []


def test_c16_recipients_are_changed_for_this_email_only(stage: Any) -> None:
    typed: dict[str, Any] = {to(stage, "nora"): "Site <site@kestrel.example>, books@kestrel.example"}
    send(member(stage), url(stage, "links"), id=[stage.world.invoice()], send_id=new_id(), **typed)
    [letter] = letters(stage)
    assert (letter.recipients, letter.copies) == (["site@kestrel.example", "books@kestrel.example"], [])
    assert 'value="nora@kestrel.example"' in read(member(stage), asking(stage, stage.world.invoice()))


def test_c16_addresses_left_alone_keep_copies_as_copies(stage: Any) -> None:
    with tenant.tx(stage.world.seller_id):
        Contact.objects.create(
            id=new_id(), seller_id=stage.world.seller_id, customer_id=stage.world.nora, name="Bo",
            email="bo@kestrel.example", is_copied=True, gets_documents=False,
        )  # fmt: skip
    invoice_id = stage.world.invoice()
    shown = "nora@kestrel.example, bo@kestrel.example"
    assert f'value="{shown}"' in read(member(stage), asking(stage, invoice_id))
    send(member(stage), url(stage, "links"), id=[invoice_id], send_id=new_id(), **typed_by(stage, nora=shown))
    [letter] = letters(stage)
    assert (letter.recipients, letter.copies) == (["nora@kestrel.example"], ["bo@kestrel.example"])


def test_c16_a_wrong_address_keeps_what_was_typed_and_sends_nothing(stage: Any) -> None:
    ids, send_id = [stage.world.invoice(), stage.world.invoice(customer="pia")], new_id()
    typed: dict[str, Any] = {to(stage, "nora"): "nora@, books@kestrel.example", to(stage, "pia"): "new@press.example"}
    answer = send(member(stage), url(stage, "links"), status=422, id=ids, send_id=send_id, **typed)
    page = answer.content.decode()
    assert "nora@ isn&#x27;t an email address." in page
    for kept in ("nora@, books@kestrel.example", "new@press.example", str(send_id), *map(str, ids)):
        assert f'value="{kept}"' in page
    assert (letters(stage), requests(stage)) == ([], [])


def test_c12_the_whole_balance_goes_as_one_link_per_currency(stage: Any) -> None:
    stage.world.invoice()
    stage.world.invoice()
    stage.world.invoice(currency="USD")
    client, here = member(stage), url(stage, "customer-link", stage.world.nora)
    assert here in read(client, url(stage, "customer", stage.world.nora))
    page = read(client, here)
    assert "346.00" in page
    given: dict[str, Any] = {"send_id": new_id(), to(stage, "nora"): "nora@kestrel.example"}
    for _ in range(2):
        send(client, here, **given)
    assert [(one.kind, one.currency) for one in requests(stage)] == [("balance", "EUR"), ("balance", "USD")]
    assert len(letters(stage)) == 1, "one email names both"
    assert "A payment link goes to Nora Kestrel Architects" in read(client, url(stage, "customer", stage.world.nora))


def test_c15_no_balance_is_asked_for_without_links_open_invoices_or_address(stage: Any) -> None:
    client = member(stage)

    def refused(customer: str, words: str, status: int = 302) -> None:
        here = url(stage, "customer-link", stage.world.customers[customer])
        answer = send(client, here, status=status, send_id=new_id(), **typed_by(stage, **{customer: ""}))
        shown = answer.content.decode() if status == 422 else read(client, answer.headers["Location"])
        assert words in shown

    refused("nora", "Nothing was sent to Nora Kestrel Architects. Nothing is open.")
    stage.world.invoice()
    change(stage, "nora", payment_links=False)
    refused("nora", "Payment links are switched off for this customer")
    stage.world.invoice(customer="otto")
    refused("otto", "Say who gets it.", 422)
    assert (letters(stage), requests(stage)) == ([], [])


def test_c15_an_emptied_address_is_not_called_missing(stage: Any) -> None:
    ids, client = [stage.world.invoice(), stage.world.invoice(customer="otto")], member(stage)
    typed = typed_by(stage, nora="", otto="wrong@")
    page = send(client, url(stage, "links"), status=422, id=ids, send_id=new_id(), **typed).content.decode()
    assert "Their address was taken out" in page
    assert "No email address on file" not in page
    send(client, url(stage, "links"), id=ids, send_id=new_id(), **typed_by(stage, nora="", otto=""))
    page = read(client, url(stage, "invoices"))
    assert "Nothing was sent to Nora Kestrel Architects. Their address was taken out." in page
    assert "Nothing was sent to Otto & Søn, d'Arcy. No email address on file." in page


def test_c12_the_list_comes_back_as_it_was_with_how_many_were_sent(stage: Any) -> None:
    ids, client = [stage.world.invoice(), stage.world.invoice(customer="pia")], member(stage)
    view = "tab=overdue&q=Kestrel"
    asked = send(client, url(stage, "links"), id=ids, view=view).headers["Location"]
    page = read(client, asked)
    assert f'name="view" value="{view}"' in page
    assert f'href="{url(stage, "invoices")}?{view}"' in page
    typed = typed_by(stage, nora="nora@kestrel.example", pia="pia@press.example")
    answer = send(client, url(stage, "links"), id=ids, view=view, send_id=new_id(), **typed)
    assert answer.headers["Location"] == f"{url(stage, 'invoices')}?{view}"
    assert "Payment links go to 2 customers: " in read(client, answer.headers["Location"])


def test_c12_more_than_fit_in_one_go_are_said(stage: Any) -> None:
    client = member(stage)
    ids = [str(new_id()) for _ in range(MOST_TICKED + 3)]
    asked = send(client, url(stage, "links"), id=[stage.world.invoice(), *ids]).headers["Location"]
    assert "200 documents are the most in one go. 4 more were ticked and aren't here" in read(client, asked)


def test_links_are_sent_by_those_who_may_charge(stage: Any) -> None:
    invoice_id = stage.world.invoice()
    send(member(stage, "read_only"), url(stage, "links"), status=403, id=[invoice_id], send_id=new_id())
    assert "customer-link" not in read(member(stage, "read_only"), url(stage, "customer", stage.world.nora))
    cashier = member(stage, "cashier")
    listed = read(cashier, url(stage, "invoices"))
    assert "Send payment links" in listed
    assert "Mark as sent" not in listed
    assert "Send payment links" not in read(member(stage, "collector"), url(stage, "invoices"))
    assert to(stage, "nora") in read(cashier, asking(stage, invoice_id))


def test_the_page_asks_no_more_of_the_database_for_more_customers(stage: Any) -> None:
    client, ids = member(stage), [stage.world.invoice()]

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            read(client, asking(stage, *ids))
        return len(queries)

    cost()
    one = cost()
    ids += [stage.world.invoice(customer=name) for name in ("otto", "pia")]
    assert cost() == one
