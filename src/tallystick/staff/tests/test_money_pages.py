"""Pages of money that is allocated, settled and compared: what they show, what they refuse, and what they cost."""

from __future__ import annotations

import base64
import json
from html import unescape
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices.queries import invoice
from tallystick.ledger.queries import account_balances
from tallystick.payments.compare import compare_account
from tallystick.payments.models import Allocation, Break, ChargeAttempt, Dispute, Payment, Payout, WriteOff
from tallystick.payments.refund import request_refund
from tallystick.payments.tests.stage import Stage
from tallystick.sellers.roles import allows
from tallystick.staff.tests.pages import cash, give, member, read, send, url

# The allocation desk


def test_b17_money_moves_to_another_invoice_and_back_to_credit(stage: Stage) -> None:
    one, two = stage.world.invoice(), stage.world.invoice()
    payment = cash(stage, 17300, wanted={one: 17300})
    client, [row] = member(stage), stage.rows(Allocation, payment_id=payment.id)
    page = read(client, url(stage, "payment", payment.id))
    assert f'value="{two}"' in page
    assert f'value="{one}"' not in page
    refused = send(client, url(stage, "allocation-move", row.id), 422, to=new_id())
    assert "Choose another" in unescape(refused.content.decode())
    for _ in range(2):
        send(client, url(stage, "allocation-move", row.id), to="credit")
    assert stage.row(Payment, payment.id).unapplied_minor == 17300
    assert stage.open_minor(one) == 17300
    assert client.post(url(stage, "allocation-move", new_id()), {"to": "credit"}).status_code == 404


def test_b17_the_desk_shows_credit_and_what_a_reference_names(stage: Stage) -> None:
    cash(stage, 10000, wanted={}, reference="payment for LP-2")
    one, two = stage.world.invoice(), stage.world.invoice()
    cash(stage, 5000, wanted={})
    client = member(stage)
    page = read(client, url(stage, "credit"))
    assert "its reference names" in page
    assert url(stage, "invoice", two) in page
    assert "Apply €150.00" in page
    assert "Credit to apply" in read(client, url(stage, "payments"))
    assert "Apply €" not in read(member(stage, "read_only"), url(stage, "credit"))
    for _ in range(2):
        send(client, url(stage, "credit-apply", stage.world.nora))
    assert (stage.open_minor(one), stage.open_minor(two)) == (12300, 7300)
    assert "All money pays something" in read(client, url(stage, "credit"))


def test_b18_a_rest_is_written_off_and_a_large_one_only_by_those_who_keep_the_books(stage: Stage) -> None:
    invoice_id, write_off_id = stage.world.invoice(), new_id()
    address = url(stage, "invoice-write-off", invoice_id)
    manager = member(stage, "sales_manager")
    page = send(manager, address, 422, reason="gone", write_off_id=write_off_id).content.decode()
    assert "Up to €5.00 can be written off in your role" in page
    assert str(write_off_id) in page
    assert "Fill this in" in send(member(stage), address, 422, reason="").content.decode()
    for _ in range(2):
        send(member(stage, "accountant"), address, reason="insolvent", write_off_id=write_off_id)
    assert stage.open_minor(invoice_id) == 0
    assert len(stage.rows(WriteOff)) == 1
    send(manager, address, reason="again", write_off_id=new_id())
    assert len(stage.rows(WriteOff)) == 1


def test_b18_the_includes_for_an_invoice_offer_a_write_off_to_those_who_may(stage: Stage) -> None:
    invoice_id = stage.world.invoice()
    with tenant.tx(stage.world.seller_id, read_only=True):
        row = invoice(invoice_id)
        for role, offered in (("accountant", True), ("collector", False)):
            place = SimpleNamespace(slug=stage.world.slug)
            desk = SimpleNamespace(place=place, may=lambda permission, role=role: allows(role, permission))
            context = {"invoice": row, "desk": desk, "request": SimpleNamespace(desk=desk, META={})}
            item, dialog = (
                render_to_string(f"staff/{name}.html", context) for name in ("_write_off_item", "_write_off")
            )
            assert ("Write off €173.00" in item) == offered
            assert ('name="write_off_id"' in dialog) == offered


# Payouts and breaks


def compared(stage: Stage) -> None:
    stage.world.later(days=1)
    compare_account(account_id=stage.card, **stage.world.acting())


def test_d18_a_payout_is_shown_line_by_line_and_adds_up(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    compared(stage)
    held = stage.booked("clearing:sandbox")["EUR"]
    stage.sandbox.payout()
    client = member(stage, "accountant")
    stage.world.later(days=1)
    send(client, url(stage, "account-compare", stage.card))
    page = read(client, url(stage, "payouts"))
    assert "The book and the provider agree to the cent" in page
    [payout] = stage.rows(Payout)
    assert payout.amount_minor == held
    assert url(stage, "payout", payout.id) in page
    page = read(client, url(stage, "payout", payout.id))
    assert "The same as paid out" in page
    assert url(stage, "payment", payment.id) in page
    assert url(stage, "payout", payout.id) in read(client, url(stage, "payment", payment.id))
    assert member(stage, "cashier").get(url(stage, "payouts")).status_code == 403


def test_d18_a_provider_that_does_not_answer_changes_nothing(stage: Stage) -> None:
    stage.sandbox.fault("error_500_before", operation="list_charges")
    client = member(stage)
    send(client, url(stage, "account-compare", stage.card))
    page = read(client, url(stage, "payouts"))
    assert "The provider didn't answer" in page
    assert "Never yet" in page
    assert client.post(url(stage, "account-compare", new_id())).status_code == 404


def test_d18_a_break_is_explained_in_words_and_closed_with_a_note(stage: Stage) -> None:
    attempt = stage.open(stage.world.invoice())
    stage.sandbox.fault("charge_unknown", client_reference=str(attempt.id))
    stage.sandbox.pay(attempt.action_url, "4242424242424242")
    client = member(stage)
    send(client, url(stage, "account-compare", stage.card))
    rows = stage.rows(Break)
    assert {row.kind for row in rows} == {"charge_not_ours", "balance_differs", "line_without_payment"}
    page = read(client, url(stage, "breaks"))
    assert "The provider took a payment that isn't in this book" in page
    assert "The provider holds another amount than the book says" in page
    assert "A movement at the provider belongs to no payment we know" in page
    assert "€173.00" in page
    refused = send(client, url(stage, "break-close", rows[0].id), 422, note="  ")
    assert "Fill this in" in refused.content.decode()
    for row in rows:
        send(client, url(stage, "break-close", row.id), note="Taken at the counter")
    assert "Book and providers agree" in read(client, url(stage, "breaks"))
    closed = read(client, url(stage, "breaks") + "?tab=closed")
    assert "Taken at the counter" in closed
    assert client.post(url(stage, "break-close", new_id()), {"note": "x"}).status_code == 404


# What waits, what it says, what it costs


def test_today_names_the_refunds_disputes_and_breaks_that_wait(stage: Stage) -> None:
    stage.rules(refund_approval_minor=5000)
    payment, second = stage.pay(stage.world.invoice()), stage.pay(stage.world.invoice())
    give(stage, payment, "100")
    stage.sandbox.dispute(second.gateway_ref or "")
    stage.look_up(stage.row(ChargeAttempt, second.attempt_id))  # type: ignore[arg-type]
    with tenant.tx(stage.world.seller_id):
        Dispute.objects.update(evidence_due_at=stage.world.now)
        Break.objects.create(
            id=new_id(), seller_id=stage.world.seller_id, gateway_account_id=stage.card, kind="balance_differs",
            reference="EUR", data={"book_minor": 1, "gateway_minor": 2, "currency": "EUR"},
            found_at=stage.world.now, seen_at=stage.world.now,
        )  # fmt: skip
    page = read(member(stage, "accountant"), url(stage, "today"))
    assert "1 refund waits for you to agree" in page
    assert "1 dispute needs evidence within a week" in page
    assert "1 thing doesn't match a provider's list" in page
    assert "waits for you to agree" not in read(member(stage), url(stage, "today"))
    assert "waits for you to agree" not in read(member(stage, "cashier"), url(stage, "today"))
    history = read(member(stage), url(stage, "payment", payment.id))
    assert "A refund of €100.00 was asked for" in history


def test_every_list_costs_the_same_however_long_it_is(stage: Stage) -> None:
    stage.rules(refund_approval_minor=100)

    def more() -> None:
        payment = stage.pay(stage.world.invoice())
        request_refund(refund_id=new_id(), payment_id=payment.id, amount_minor=1000, reason="x", **stage.world.acting())
        stage.sandbox.dispute(payment.gateway_ref or "", amount_minor=1000)
        stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
        cash(stage, 700, wanted={}, reference="LP-1 LP-2 LP-3")
        compared(stage)
        stage.sandbox.payout()
        compared(stage)
        with tenant.tx(stage.world.seller_id):
            Break.objects.create(
                id=new_id(), seller_id=stage.world.seller_id, gateway_account_id=stage.card, kind="amount_differs",
                reference=str(new_id()), payment_id=payment.id, data={"gateway_minor": 2, "currency": "EUR"},
                found_at=stage.world.now, seen_at=stage.world.now,
            )  # fmt: skip

    more()
    client = member(stage)
    names = ("refunds", "disputes", "credit", "payouts", "breaks", "today")
    before = {name: cost(client, url(stage, name)) for name in names}
    for _ in range(2):
        more()
    assert {name: cost(client, url(stage, name)) for name in names} == before
    assert max(before.values()) <= 26, before


def cost(client: Client, address: str) -> int:
    read(client, address)
    with CaptureQueriesContext(connection) as captured:
        read(client, address)
    return len([query for query in captured if query["sql"] not in {"BEGIN", "COMMIT"}])


@pytest.mark.parametrize("name", ["refunds", "disputes", "credit", "payouts", "breaks"])
@pytest.mark.parametrize("asked", ["tab=nonsense", "after=nonsense", "after=W10", "tab=&after=%00"])
def test_addresses_with_nonsense_show_the_first_page(stage: Stage, name: str, asked: str) -> None:
    read(member(stage), f"{url(stage, name)}?{asked}")


@pytest.mark.parametrize(
    "made_up", [["x", "y"], [1, 2], [{}, []], ["2026-01-01", "\x00"], ["2026-13-01", str(new_id())]]
)
def test_a_cursor_that_somebody_made_up_is_the_first_page(stage: Stage, made_up: list[object]) -> None:
    after = base64.urlsafe_b64encode(json.dumps(made_up).encode()).decode().rstrip("=")
    for name in ("refunds", "disputes", "payouts", "breaks", "credit", "payments", "invoices"):
        read(member(stage), f"{url(stage, name)}?after={after}")


def test_d18_lists_go_on_where_the_page_before_ended(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallystick.staff.views.refunds.PAGE_SIZE", 1)
    monkeypatch.setattr("tallystick.staff.views.disputes.PAGE_SIZE", 1)
    monkeypatch.setattr("tallystick.staff.views.desk.PAGE_SIZE", 1)
    stage.rules(refund_approval_minor=1)
    seen: dict[str, set[str]] = {}
    for _ in range(2):
        payment = stage.pay(stage.world.invoice())
        request_refund(refund_id=new_id(), payment_id=payment.id, amount_minor=1000, reason="x", **stage.world.acting())
        stage.sandbox.dispute(payment.gateway_ref or "", amount_minor=1000)
        stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
        stage.world.later(minutes=1)
    client = member(stage)
    for name in ("refunds", "disputes"):
        first = read(client, url(stage, name))
        following = first.split("&after=")[1].split('"')[0]
        second = read(client, f"{url(stage, name)}?after={following}")
        seen[name] = {_payment_in(first), _payment_in(second)}
        assert "&after=" not in second
    assert all(len(found) == 2 for found in seen.values())


def _payment_in(page: str) -> str:
    return str(UUID(page.split('data-href="')[1].split('"')[0].rsplit("/", 1)[1]))


def test_d18_the_book_still_balances(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    give(stage, payment, "173")
    with tenant.tx(stage.world.seller_id, read_only=True):
        assert account_balances("clearing:sandbox") == {}
