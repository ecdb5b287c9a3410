"""Pages of charging: planned charges, kept cards, the rules, the switch for payment links."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Customer
from tallystick.payments import gateways
from tallystick.payments.links import request_url
from tallystick.payments.models import (
    AutoPay,
    ChargeAttempt,
    GatewayAccount,
    PaymentMethod,
    PaymentRequest,
    ScheduledCharge,
)
from tallystick.payments.rules import Rules, rules
from tallystick.payments.schedule import cancel_scheduled_charge
from tallystick.payments.tests.stage import GOOD, Stage
from tallystick.sellers.models import Seller
from tallystick.staff.tests.pages import member, read, send, url


def planned(stage: Stage, *, days: int = 20) -> tuple[ScheduledCharge, PaymentMethod]:
    kept = stage.keep_card()
    on = stage.world.today + timedelta(days=days)
    return stage.plan(stage.world.invoice(), charge_on=on, payment_method_id=kept.id), kept


def park(stage: Stage, charge: ScheduledCharge, reason: str) -> None:
    with tenant.tx(stage.world.seller_id):
        ScheduledCharge.objects.filter(id=charge.id).update(state="parked", reason=reason, due_at=None)


def test_f2_planned_charges_are_listed_with_card_and_amount(stage: Stage) -> None:
    charge, _kept = planned(stage)
    page = read(member(stage), url(stage, "charges"))
    assert "Visa ···· 4242, expires" in page
    assert "Planned" in page
    assert "173.00" in re.sub(r"<[^>]+>", "", page)
    for place in ("invoice", "customer"):
        shown = read(member(stage), url(stage, place, getattr(charge, f"{place}_id")))
        assert url(stage, "charge", charge.id) in shown


def test_f3_a_stopped_charge_says_why_and_runs_when_a_person_lets_it(stage: Stage) -> None:
    charge, _kept = planned(stage)
    park(stage, charge, "run")
    page = read(member(stage), url(stage, "charges") + "?tab=stopped")
    assert "would pass €10,000.00 and 3 times what is usual" in page
    assert "Let all stopped charges run" in page
    assert "Let all stopped charges run" not in read(member(stage, "read_only"), url(stage, "charges") + "?tab=stopped")
    send(member(stage, "read_only"), url(stage, "charge-run", charge.id), status=403)
    send(member(stage), url(stage, "charge-run", charge.id))
    after = stage.row(ScheduledCharge, charge.id)
    assert (after.state, after.reason) == ("scheduled", "released")


def test_f3_all_the_brake_stopped_run_but_not_those_without_address(stage: Stage) -> None:
    first, kept = planned(stage)
    on = stage.world.today + timedelta(days=20)
    second = stage.plan(stage.world.invoice(), charge_on=on, payment_method_id=kept.id)
    park(stage, first, "customer_charges")
    park(stage, second, "no_address")
    send(member(stage), url(stage, "charges-run"))
    assert stage.row(ScheduledCharge, first.id).state == "scheduled"
    assert stage.row(ScheduledCharge, second.id).state == "parked"


def test_f4_production_complete_says_what_it_does_and_does_it(stage: Stage) -> None:
    kept = stage.keep_card()
    invoice_id = stage.world.invoice()
    charge = stage.plan(invoice_id, trigger="event", event="order.completed", payment_method_id=kept.id)
    client = member(stage)
    assert "Notice goes out now, €173.00 is charged on" in read(client, url(stage, "charge", charge.id))
    send(client, url(stage, "charge-release", charge.id))
    after = stage.row(ScheduledCharge, charge.id)
    assert (after.state, after.charge_on) == ("scheduled", stage.world.today + timedelta(days=3))
    send(client, url(stage, "charge-release", charge.id))
    assert "has moved on meanwhile" in read(client, url(stage, "charge", charge.id))


def confirmation(page: str, dialog: str) -> str:
    """The text of a dialog, which is shown by its address where there is no script."""
    found = re.search(rf'<dialog class="dialog" id="{dialog}".*?</dialog>', page, re.DOTALL)
    assert found
    assert f'href="#{dialog}" data-opens="{dialog}"' in page
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group())))


def test_d7_what_production_complete_sets_on_its_way_is_confirmed_with_amount_card_and_day(stage: Stage) -> None:
    kept = stage.keep_card()
    invoice_id = stage.world.invoice(terms={"kind": "net", "days": 30, "label": "x", "instalments": 2})
    first, second = (
        stage.plan(invoice_id, at=at, trigger="event", event="order.completed", payment_method_id=kept.id)
        for at in (0, 1)
    )
    said = confirmation(read(member(stage), url(stage, "charge", first.id)), "release")
    for word in ("€86.50", "Visa ···· 4242", "Goes out now", "1 other charge waits for the same and goes too."):
        assert word in said
    cancel_scheduled_charge(charge_id=second.id, reason="staff", **stage.world.acting())
    assert "other charge" not in confirmation(read(member(stage), url(stage, "charge", first.id)), "release")


def test_f2_letting_a_stopped_charge_run_is_confirmed_with_amount_card_and_day(stage: Stage) -> None:
    charge, _kept = planned(stage)
    park(stage, charge, "run")
    said = confirmation(read(member(stage), url(stage, "charge", charge.id)), "run")
    assert "€173.00" in said
    assert "Visa ···· 4242" in said
    assert "At once" not in said
    with tenant.tx(stage.world.seller_id):
        ScheduledCharge.objects.filter(id=charge.id).update(charge_on=stage.world.today)
    assert "At once" in confirmation(read(member(stage), url(stage, "charge", charge.id)), "run")


def test_f6_staff_move_a_charge_and_a_past_day_is_refused_at_its_field(stage: Stage) -> None:
    charge, _kept = planned(stage)
    client, later = member(stage), stage.world.today + timedelta(days=40)
    past = stage.world.today - timedelta(days=1)
    answer = send(client, url(stage, "charge-postpone", charge.id), status=422, until=past.isoformat())
    assert "Choose today or a later day" in answer.content.decode()
    assert past.isoformat() in answer.content.decode()
    send(client, url(stage, "charge-postpone", charge.id), until=later.isoformat())
    assert stage.row(ScheduledCharge, charge.id).charge_on == later


def test_a_charge_moves_to_another_card_and_not_to_a_strangers(stage: Stage) -> None:
    charge, _kept = planned(stage)
    other = stage.keep_card("5555555555554444")
    strange = stage.keep_card(customer=next(name for name in stage.world.customers if name != "nora"))
    client = member(stage)
    send(client, url(stage, "charge-card", charge.id), status=422, method=strange.id)
    send(client, url(stage, "charge-card", charge.id), method=other.id)
    assert stage.row(ScheduledCharge, charge.id).payment_method_id == other.id


def test_a_cancelled_charge_stays_open_and_cancelling_twice_is_no_error(stage: Stage) -> None:
    charge, _kept = planned(stage)
    client = member(stage)
    for _ in range(2):
        send(client, url(stage, "charge-cancel", charge.id))
    assert stage.row(ScheduledCharge, charge.id).state == "canceled"
    assert "A colleague took it off the plan" in read(client, url(stage, "charge", charge.id))
    assert stage.open_minor(charge.invoice_id) == 17300


def test_f1_a_kept_card_shows_its_consent_pays_automatically_and_is_removed(stage: Stage) -> None:
    kept, client = stage.keep_card(), member(stage)
    page = read(client, url(stage, "customer", stage.world.nora))
    assert "Acme Print may keep this card" in page
    assert "from 127.0.0.1" in page
    send(client, url(stage, "card-autopay", kept.id))
    assert [row.payment_method_id for row in stage.rows(AutoPay)] == [kept.id]
    send(client, url(stage, "autopay-stop", stage.world.nora))
    assert stage.rows(AutoPay) == []
    send(client, url(stage, "card-remove", kept.id))
    assert stage.row(PaymentMethod, kept.id).state == "removing"
    assert "None kept" in read(client, url(stage, "customer", stage.world.nora))
    send(client, url(stage, "card-remove", new_id()), status=404)


def test_d3_a_card_is_asked_for_by_link_and_code_and_shows_when_it_is_kept(stage: Stage) -> None:
    client, request_id = member(stage), new_id()
    assert "Ask for a card" in read(client, url(stage, "customer", stage.world.nora))
    for _click in range(2):
        send(client, url(stage, "card-ask-new", stage.world.nora), request_id=request_id)
    there = url(stage, "card-ask", request_id)
    page = read(client, there)
    link = request_url(request_id, 1)
    assert f'value="{link}"' in page
    assert "<svg" in page[page.index('class="qr"') :]
    assert "Acme Print may keep this payment method for payments I agree on" in page
    assert "No card yet" in page
    assert "not kept yet" in read(client, url(stage, "customer", stage.world.nora))
    payer, path = Client(), "/" + link.split("/", 3)[3]
    field = re.search(r'name="attempt" value="([^"]+)"', payer.get(path).content.decode())
    assert field
    payer.post(f"{path}/keep", {"attempt": field.group(1), "way": stage.card, f"keep-{stage.card}": "1"})
    assert "has the card page open" in read(client, there)
    stage.sandbox.pay(stage.rows(ChargeAttempt)[0].action_url, GOOD)
    payer.post(f"{path}/check")
    assert client.get(there, headers={"hx-request": "true"}).headers["HX-Refresh"] == "true"
    page = read(client, there)
    assert "Visa ···· 4242, expires" in page
    assert link not in page
    assert there not in read(client, url(stage, "customer", stage.world.nora))
    history = read(client, url(stage, "customer", stage.world.nora))
    assert "A link to keep a card was made" in history
    assert "The customer started to give a card" in history
    send(member(stage, "read_only"), url(stage, "card-ask-new", stage.world.nora), status=403)
    assert client.get(url(stage, "terminal-ask", request_id)).status_code == 404


def test_d3_no_card_is_asked_for_where_none_can_be_kept(stage: Stage) -> None:
    client, customer = member(stage), url(stage, "customer", stage.world.nora)

    def refused(words: str) -> None:
        assert 'disabled aria-disabled="true" aria-describedby="no-card"' in read(client, customer)
        send(client, url(stage, "card-ask-new", stage.world.nora), request_id=new_id())
        assert words in read(client, customer)
        assert stage.rows(PaymentRequest) == []

    with tenant.tx(stage.world.seller_id):
        Customer.objects.filter(id=stage.world.nora).update(payment_links=False)
    refused("Payment links are switched off for this customer, so no link was made.")
    with tenant.tx(stage.world.seller_id):
        Customer.objects.filter(id=stage.world.nora).update(payment_links=True)
        GatewayAccount.objects.update(is_enabled=False)
    refused("No connected payment provider keeps cards, so no link was made.")
    assert url(stage, "settings-gateways") in read(client, customer)


def test_c7_switching_links_off_shows_on_the_customers_page(stage: Stage) -> None:
    client, address = member(stage), url(stage, "customer-edit", stage.world.nora)
    assert "Enable payment links" in read(client, address)
    given = {"name": "Kestrel", "country": "IE", "currency": "EUR", "language": "en"}
    forms = {"contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0"}
    send(client, address, **given, **forms)
    assert stage.row(Customer, stage.world.nora).payment_links, "a form that doesn't show the switch leaves it alone"
    send(client, address, **given, **forms, payment_links_shown="1")
    assert not stage.row(Customer, stage.world.nora).payment_links
    assert "Payment links are off for this customer" in read(client, url(stage, "customer", stage.world.nora))
    send(client, address, **given, **forms)
    assert not stage.row(Customer, stage.world.nora).payment_links
    send(client, address, **given, **forms, payment_links_shown="1", payment_links="on")
    assert stage.row(Customer, stage.world.nora).payment_links


def test_rules_are_saved_and_a_bad_one_is_refused_at_its_field(stage: Stage) -> None:
    client, address = member(stage), url(stage, "settings-charging")
    given = {
        "notice_days": "5", "postpone_days": "7", "retry_days": "2, 4", "write_off_minor": "7.50",
        "refund_approval_minor": "200", "customer_charges_a_day": "5", "customer_minor_a_day": "0", "run_factor": "3",
        "run_floor_minor": "10000",
    }  # fmt: skip
    answer = send(client, address, status=422, **{**given, "retry_days": "5, 2"})
    assert "each later than the one before" in answer.content.decode()
    assert "5, 2" in answer.content.decode()
    send(client, address, **given)
    with tenant.tx(stage.world.seller_id):
        assert rules() == Rules(
            notice_days=5,
            retry_days=(2, 4),
            requests_take_parts=False,
            write_off_minor=750,
            refund_approval_minor=20_000,
        )


@pytest.mark.parametrize(
    ("currency", "typed", "minor", "refused", "says"),
    [
        ("JPY", "750", 75_000, "7.50", "JPY has no decimals."),
        ("KWD", "7.500", 750, "7.505", "Rules are kept in hundredths."),
        ("EUR", "7.50", 750, "7.505", "EUR has 2 decimals."),
    ],
)
def test_amounts_of_the_rules_are_read_and_shown_in_the_sellers_currency(
    stage: Stage, currency: str, typed: str, minor: int, refused: str, says: str
) -> None:
    with tenant.tx(stage.world.seller_id):
        Seller.objects.filter(id=stage.world.seller_id).update(currency=currency)
    client, address = member(stage), url(stage, "settings-charging")
    shown = form_fields(read(client, address))
    assert (shown["run_floor_minor"], shown["refund_approval_minor"]) == ("10000", "1000")
    answer = send(client, address, status=422, **{**shown, "write_off_minor": refused})
    assert says in answer.content.decode()
    assert f'value="{refused}"' in answer.content.decode()
    send(client, address, **{**shown, "write_off_minor": typed})
    with tenant.tx(stage.world.seller_id):
        assert rules() == replace(Rules(), write_off_minor=minor)
    assert form_fields(read(client, address))["write_off_minor"] == str(float(typed)).removesuffix(".0")


def form_fields(page: str) -> dict[str, str]:
    """What the rules' form holds, as a browser would send it."""
    found = re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"|<input[^>]* name="(\w+)"[^>]*checked', page)
    return {name or ticked: value or "on" for name, value, ticked in found if (name or ticked) != "csrfmiddlewaretoken"}


def test_the_list_costs_the_same_whatever_it_holds(stage: Stage) -> None:
    charge, kept = planned(stage)
    client, address = member(stage), url(stage, "charges")
    read(client, address)
    with CaptureQueriesContext(connection) as one:
        read(client, address)
    for _ in range(4):
        stage.plan(stage.world.invoice(), charge_on=charge.charge_on, payment_method_id=kept.id)
    with CaptureQueriesContext(connection) as many:
        read(client, address)
    assert len(one) == len(many)


def test_gateways_are_told_where_their_news_come_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(gateways, "build_gateway", lambda _name, config: told.append(config["webhook_url"]))
    gateways.open_gateway(stage.row(GatewayAccount, stage.card))
    assert told[0].endswith(f"/hooks/sandbox/{stage.card}")


def test_c3_the_set_up_page_says_what_works(stage: Stage) -> None:
    page = read(member(stage), url(stage, "settings-gateway-new", "mollie"))
    assert "What works with Mollie" in page
    assert re.search(r"Payouts and fees are booked by themselves</span><span[^>]*>not here", page)
    assert re.search(r"kept and charged later</span></li>", page)
