"""Pages of money that goes back, is settled and is compared: what they show, what they refuse, and what they cost."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from html import unescape
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import connection
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices.queries import invoice
from tallystick.ledger.queries import account_balances
from tallystick.payments.compare import compare_account
from tallystick.payments.models import Allocation, Break, ChargeAttempt, Dispute, Payment, Payout, Refund, WriteOff
from tallystick.payments.record import record_payment
from tallystick.payments.refund import request_refund
from tallystick.payments.tests.stage import Stage
from tallystick.sellers.roles import allows
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The provider, up."""
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox") / "provider.db")
    yield process
    process.stop()
    process.payer.close()


@pytest.fixture
def stage(new_world: Callable[..., World], sandbox: SandboxProcess) -> Iterator[Stage]:
    """A seller with a member of each role and a card account at the sandbox, today."""
    world = new_world(roles=True)
    world.now = clock.now()
    world.today = world.now.date()
    yield Stage(world, sandbox, add_sandbox(world, sandbox.url))
    sandbox.clear_faults()


def member(stage: Stage, role: str = "admin") -> Client:
    client = Client()
    client.force_login(stage.world.members[role], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def url(stage: Stage, name: str, *arguments: object) -> str:
    return reverse(name, args=[stage.world.slug, *arguments])


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.status_code
    return unescape(answer.content.decode())


def send(client: Client, address: str, status: int = 302, **given: object) -> HttpResponse:
    answer = client.post(address, given)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer  # type: ignore[return-value]


def cash(stage: Stage, amount_minor: int, **given: object) -> Payment:
    return record_payment(
        payment_id=new_id(),
        customer_id=stage.world.nora,
        method="cash",
        amount_minor=amount_minor,
        currency="EUR",
        received_on=stage.world.today,
        **given,  # type: ignore[arg-type]
        **stage.world.acting(),
    )


def give(stage: Stage, payment: Payment, amount: str, **given: object) -> Refund:
    return give_and_see(stage, payment, amount, **given)[0]


def give_and_see(stage: Stage, payment: Payment, amount: str, **given: object) -> tuple[Refund, str]:
    """Refund, and read the page one comes back to."""
    wanted = {"amount": amount, "method": "gateway", "reason": "Wrong size", "refund_id": new_id(), **given}
    client = member(stage)
    answer = send(client, url(stage, "payment-refund", payment.id), **wanted)
    return stage.row(Refund, UUID(str(wanted["refund_id"]))), read(client, answer["Location"])


# Refunds


def test_e7_a_part_is_given_back_and_the_answer_shows_at_once(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    page = read(member(stage), url(stage, "payment", payment.id))
    assert 'value="173"' in page
    assert "opens invoices again" in page
    assert "Above €1,000.00 a second person has to agree first" in page
    refund, page = give_and_see(stage, payment, "50")
    assert (refund.state, refund.amount_minor, refund.requested_by) == ("succeeded", 5000, stage.world.alice.id)
    assert "€50.00 refunded" in page
    assert "Through Card · Wrong size" in page
    assert "Refunded" in page
    assert "Taken back" in page


def test_e7_the_same_form_twice_gives_back_once(stage: Stage) -> None:
    payment, refund_id = stage.pay(stage.world.invoice()), new_id()
    for _ in range(2):
        give(stage, payment, "173.00", refund_id=refund_id)
    assert stage.row(Payment, payment.id).refunded_minor == 17300
    [charge] = stage.truth()["charges"]
    assert charge["refunded_minor"] == 17300


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"amount": "173.01"}, "Only €173.00 of this payment is left"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "-1"}, "above zero"),
        ({"amount": "1.234"}, "EUR has 2 decimals"),
        ({"amount": ""}, "Fill this in"),
        ({"reason": ""}, "Fill this in"),
        ({"method": "magic"}, "magic"),
    ],
)
def test_e7_a_refund_that_cannot_be_is_refused_and_kept_as_typed(
    stage: Stage, wanted: dict[str, str], says: str
) -> None:
    payment = stage.pay(stage.world.invoice())
    given = {"amount": "10", "method": "gateway", "reason": "Typed reason", "refund_id": new_id(), **wanted}
    page = unescape(send(member(stage), url(stage, "payment-refund", payment.id), 422, **given).content.decode())
    assert says in page
    assert "reason" in wanted or "Typed reason" in page
    assert stage.rows(Refund) == []


def test_e7_a_large_refund_waits_for_a_second_person(stage: Stage) -> None:
    stage.rules(refund_approval_minor=5000)
    payment = stage.pay(stage.world.invoice())
    refund = give(stage, payment, "100")
    assert refund.state == "waiting"
    alice, other = member(stage), member(stage, "sales_manager")
    listed = read(alice, url(stage, "refunds"))
    assert "someone else has to agree" in listed
    assert url(stage, "refund-approve", refund.id) not in listed
    send(alice, url(stage, "refund-approve", refund.id))
    assert stage.row(Refund, refund.id).state == "waiting"
    assert "You asked for this refund" in read(alice, url(stage, "refunds"))
    assert url(stage, "refund-approve", refund.id) in read(other, url(stage, "payment", payment.id))
    assert url(stage, "refund-approve", refund.id) not in read(member(stage, "cashier"), url(stage, "refunds"))
    send(other, url(stage, "refund-approve", refund.id), **{"from": "list"})
    assert stage.row(Refund, refund.id).state == "succeeded"
    assert "Refunded" in read(other, url(stage, "refunds") + "?tab=done")
    send(other, url(stage, "refund-reject", refund.id))
    assert stage.row(Refund, refund.id).state == "succeeded"


def test_e7_a_refund_is_rejected_and_the_money_is_free(stage: Stage) -> None:
    stage.rules(refund_approval_minor=5000)
    payment = stage.pay(stage.world.invoice())
    refund = give(stage, payment, "100")
    send(member(stage, "accountant"), url(stage, "refund-reject", refund.id))
    assert stage.row(Payment, payment.id).refund_reserved_minor == 0
    assert "Nothing was sent" in read(member(stage), url(stage, "refunds") + "?tab=failed")


def test_e7_what_a_provider_refuses_or_does_not_answer_is_said(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    stage.sandbox.fault("refund_fails")
    refund, page = give_and_see(stage, payment, "10")
    assert refund.state == "failed"
    assert "The provider refused to give €10.00 back" in page
    assert "The money stays here" in page
    stage.sandbox.clear_faults()
    stage.sandbox.fault("drop_after", operation="refund")
    assert give(stage, payment, "20").state == "unknown"
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "don't know yet" in page
    assert "€20.00 set aside" in page


def test_e7_credit_goes_back_by_hand_and_a_small_rest_is_kept(stage: Stage) -> None:
    payment = cash(stage, 4049)
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "Keep €" not in page
    give(stage, payment, "40", method="cash")
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "Keep €0.49" in page
    assert "Keep" not in read(member(stage, "collector"), url(stage, "payment", payment.id)).split("<main")[1]
    for _ in range(2):
        send(member(stage), url(stage, "payment-keep", payment.id), refund_id=new_id())
    assert stage.booked("write_off") == {"EUR": -49}
    send(member(stage), url(stage, "payment-keep", cash(stage, 900).id), refund_id=new_id())
    assert stage.booked("write_off") == {"EUR": -49}


# Disputes


def test_e8_a_dispute_says_why_by_when_and_where(stage: Stage) -> None:
    payment = stage.pay(stage.world.invoice())
    ref = stage.sandbox.dispute(payment.gateway_ref or "", reason="product_not_received")
    stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
    page = read(member(stage), url(stage, "payment", payment.id))
    assert "The payer says nothing was delivered" in page
    assert "Card holds €173.00 until the bank decides" in page
    assert "Hand in evidence at Card by" in page
    assert "Held in disputes" in page
    listed = read(member(stage, "read_only"), url(stage, "disputes"))
    assert ref in listed
    stage.sandbox.close_dispute(ref, "lost", name=stage.name)
    stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
    assert ref in read(member(stage), url(stage, "disputes") + "?tab=lost")
    assert ref not in read(member(stage), url(stage, "disputes"))
    assert "Lost to a dispute" in read(member(stage), url(stage, "payment", payment.id))


def test_e8_open_disputes_come_in_the_order_their_evidence_is_due(stage: Stage) -> None:
    payments = [stage.pay(stage.world.invoice()) for _ in range(3)]
    refs = []
    for payment in payments:
        refs.append(stage.sandbox.dispute(payment.gateway_ref or ""))
        stage.look_up(stage.row(ChargeAttempt, payment.attempt_id))  # type: ignore[arg-type]
    with tenant.tx(stage.world.seller_id):
        rows = {row.gateway_ref: row for row in Dispute.objects.all()}
        first = rows[refs[2]].evidence_due_at
        assert first
        Dispute.objects.filter(gateway_ref=refs[0]).update(evidence_due_at=None)
        Dispute.objects.filter(gateway_ref=refs[2]).update(evidence_due_at=first.replace(year=first.year - 1))
    page = read(member(stage), url(stage, "disputes"))
    assert sorted(refs, key=page.index) == [refs[2], refs[1], refs[0]]


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
