"""Charge the rest later: what is offered, what is shown before it is agreed, what is planned, what is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
from django.test import Client

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Customer
from tallystick.invoices.queries import due_items_of
from tallystick.payments.models import PaymentMethod, ScheduledCharge
from tallystick.payments.rules import Rules, save_rules
from tallystick.payments.tests.stage import Stage
from tallystick.staff.forms.charging import ALL, NO_CARD, REST
from tallystick.staff.tests.pages import member, read, send, url

DEPOSIT = {"kind": "net", "days": 30, "label": "30 days", "deposit_percent": "40"}
THREE = {"kind": "net", "days": 30, "label": "x", "instalments": 3}


def parts(stage: Stage, invoice_id: UUID) -> list[str]:
    with tenant.tx(stage.world.seller_id):
        return [str(item.id) for item in due_items_of([invoice_id])]


def shown(client: Client, stage: Stage, invoice_id: UUID, status: int = 200, **chosen: object) -> str:
    answer = client.get(url(stage, "charge-plan", invoice_id), chosen)
    assert answer.status_code == status, answer.content.decode()
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode())))


def ahead(stage: Stage, invoice_id: UUID) -> list[ScheduledCharge]:
    return [row for row in stage.rows(ScheduledCharge) if row.invoice_id == invoice_id]


def test_d5_d8_the_rest_is_planned_for_a_day_after_the_notice_is_shown(stage: Stage) -> None:
    kept, invoice_id, client = stage.keep_card(), stage.world.invoice(terms=DEPOSIT), member(stage)
    rest, on = parts(stage, invoice_id)[1], stage.world.today + timedelta(days=20)
    chosen = {"item": rest, "trigger": "date", "charge_on": on.isoformat(), "method": str(kept.id)}
    page = shown(client, stage, invoice_id, **chosen)
    assert "Notice to the customer on" in page
    assert "Plan to charge €103.80" in page
    assert ahead(stage, invoice_id) == []
    plan_id = new_id()
    for _click in range(2):
        send(client, url(stage, "charge-plan", invoice_id), plan_id=plan_id, **chosen)
    [charge] = ahead(stage, invoice_id)
    assert (charge.state, charge.charge_on, charge.payment_method_id) == ("scheduled", on, kept.id)
    assert charge.created_by == stage.world.members["admin"].id


def test_d7_the_rest_waits_until_production_is_complete(stage: Stage) -> None:
    kept, invoice_id, client = stage.keep_card(), stage.world.invoice(terms=DEPOSIT), member(stage)
    chosen = {"item": parts(stage, invoice_id)[1], "trigger": "event", "method": str(kept.id)}
    page = shown(client, stage, invoice_id, **chosen)
    assert "Charged when production is complete" in page
    assert "The customer gets 3 days of notice once you say so" in page
    answer = send(client, url(stage, "charge-plan", invoice_id), plan_id=new_id(), **chosen)
    [charge] = ahead(stage, invoice_id)
    assert (charge.state, charge.event, charge.event_subject) == ("waiting", "order.completed", invoice_id)
    assert answer.headers["Location"] == url(stage, "charge", charge.id)


def test_d6_without_a_card_the_rest_is_proposed_and_the_first_part_left_to_pay(stage: Stage) -> None:
    invoice_id, client = stage.world.invoice(terms=DEPOSIT), member(stage)
    deposit, rest = parts(stage, invoice_id)
    chosen = {"item": rest, "trigger": "due", "method": NO_CARD}
    assert "once a card is kept" in shown(client, stage, invoice_id, **chosen)
    page = shown(client, stage, invoice_id, 422, **{**chosen, "item": deposit})
    assert "The customer keeps a card by paying the first part" in page
    send(client, url(stage, "charge-plan", invoice_id), plan_id=new_id(), **chosen)
    [charge] = ahead(stage, invoice_id)
    assert (charge.state, str(charge.due_item_id), charge.payment_method_id) == ("proposed", rest, None)


def test_d5_all_but_the_first_or_all_that_is_open_is_planned_in_one_go(stage: Stage) -> None:
    kept, client = stage.keep_card(), member(stage)
    for item, count in ((REST, 2), (ALL, 3)):
        invoice_id = stage.world.invoice(terms=THREE)
        chosen = {"item": item, "trigger": "due", "method": str(kept.id)}
        assert shown(client, stage, invoice_id, **chosen).count("Charged on") == count
        send(client, url(stage, "charge-plan", invoice_id), plan_id=new_id(), **chosen)
        assert len(ahead(stage, invoice_id)) == count


def test_d10_a_day_too_near_for_the_notice_is_said_and_moved(stage: Stage) -> None:
    kept, invoice_id, client = stage.keep_card(), stage.world.invoice(), member(stage)
    chosen = {
        "item": parts(stage, invoice_id)[0],
        "trigger": "date",
        "charge_on": stage.world.today.isoformat(),
        "method": str(kept.id),
    }
    assert "leaves no time for 3 days of notice" in shown(client, stage, invoice_id, **chosen)
    save_rules(**stage.world.acting(), wanted=Rules(notice_days=0))
    assert "Without notice, as your rules say" in shown(client, stage, invoice_id, **chosen)


def test_d10_no_address_and_a_card_that_failed_are_said_before(stage: Stage) -> None:
    kept, invoice_id, client = stage.keep_card(), stage.world.invoice(), member(stage)
    with tenant.tx(stage.world.seller_id):
        Customer.objects.filter(id=stage.world.nora).update(email="")
        PaymentMethod.objects.filter(id=kept.id).update(trouble="expired_card")
    chosen = {"item": parts(stage, invoice_id)[0], "trigger": "due", "method": str(kept.id)}
    page = shown(client, stage, invoice_id, **chosen)
    assert "There is no email address for the notice." in page
    assert "This card was declined last time: expired card" in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"charge_on": ""}, "Say on which day."),
        ({"charge_on": "2020-01-01"}, "Choose today or a later day."),
        ({"charge_on": "31 February"}, "isn't a day of the calendar"),
        ({"item": str(new_id())}, "That part isn't open any more."),
        ({"method": str(new_id())}, "That card isn't kept any more."),
        ({"trigger": "someday"}, "Choose when."),
    ],
)
def test_what_cannot_be_planned_is_said_at_its_field(stage: Stage, wrong: dict[str, str], says: str) -> None:
    kept, invoice_id, client = stage.keep_card(), stage.world.invoice(), member(stage)
    good = {"item": parts(stage, invoice_id)[0], "trigger": "date", "charge_on": "2036-01-01", "method": str(kept.id)}
    assert says in shown(client, stage, invoice_id, 422, **{**good, **wrong})
    answer = send(client, url(stage, "charge-plan", invoice_id), status=422, plan_id=new_id(), **{**good, **wrong})
    if wrong.get("charge_on"):
        assert f'value="{wrong["charge_on"]}"' in answer.content.decode()
    assert ahead(stage, invoice_id) == []


def test_d5_the_invoice_leads_there_while_something_is_open_and_unplanned(stage: Stage) -> None:
    kept, invoice_id, client = stage.keep_card(), stage.world.invoice(), member(stage)
    there = url(stage, "charge-plan", invoice_id)
    assert f'href="{there}" data-key="c"' in read(client, url(stage, "invoice", invoice_id))
    assert there not in read(member(stage, "read_only"), url(stage, "invoice", invoice_id))
    stage.plan(invoice_id, charge_on=stage.world.today + timedelta(days=20), payment_method_id=kept.id)
    assert there not in read(client, url(stage, "invoice", invoice_id))
    assert client.get(there).headers["Location"] == url(stage, "invoice", invoice_id)
    assert "All that is open is planned already." in read(client, url(stage, "invoice", invoice_id))
    client.get(url(stage, "charge-plan", stage.world.draft()))
    assert "issued and still open" in read(client, url(stage, "invoice", invoice_id))


def test_d5_without_any_card_the_page_says_what_is_missing(stage: Stage) -> None:
    page = shown(member(stage), stage, stage.world.invoice())
    assert "keeps no card yet" in page
    assert "Ask for a card" in page
