"""Mail scanners open every link of every email, some of them with a browser: nothing may come of it (R20)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from urllib.request import urlopen
from uuid import UUID

import httpx
from playwright.sync_api import Browser

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices import queries as invoices
from tallystick.invoices.duplicate import draft_credit_note
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.send import send_as_composed
from tallystick.messages.models import Message
from tallystick.payments.models import PaymentMethod, ScheduledCharge
from tallystick.payments.notices import queue_charge_failure, queue_charge_notice, queue_expiry_notice
from tallystick.payments.reminders import Reminder, queue_reminder
from tallystick.payments.requests import request_payment
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.payments.send_request import send_request_link
from tallystick.sellers.members import invite_member
from tests.browser.conftest import Person, Shop, type_card, wait_for
from tests.permissions.stage import changes, row_print

HREF = re.compile(r"https?://[^\s\"'<>)]+")
LINKED = {
    "invoice", "reminder", "late_reminder", "credit_note", "charge_notice", "charge_failed", "charge_fell_back",
    "card_expiring", "payment_request", "invitation",
}  # fmt: skip
TIMES = 3


def say_everything(shop: Shop) -> UUID:
    """Queue one email of each kind that has a link, and return the invoice that is open for a person to pay."""
    world, acting = shop.world, shop.world.acting()
    paid_later, _ = shop.invoice()
    planned, _ = shop.invoice()
    credited, note_id, method_id = world.invoice(), new_id(), new_id()
    for invoice_id in (paid_later, planned):
        assert send_as_composed(invoice_id=invoice_id, message_id=new_id(), **acting)
        mark_sent(invoice_id=invoice_id, **acting)
    draft_credit_note(invoice_id=credited, credit_note_id=note_id, quantities=None, reason="wrong", **acting)
    world.issue(note_id)
    assert send_as_composed(invoice_id=note_id, message_id=new_id(), **acting)
    with tenant.tx(world.seller_id):
        method = PaymentMethod.objects.create(
            id=method_id, seller_id=world.seller_id, customer_id=world.nora, gateway_account_id=shop.card, kind="card",
            brand="Visa", last4="4242", expiry_year=world.today.year + 1, expiry_month=1, gateway_ref="pm_1",
            consent_text="I agree.", consent_at=world.now, created_at=world.now,
        )  # fmt: skip
        [item], [open_item] = invoices.due_items_of([planned]), invoices.due_items_of([paid_later])
    for kind in ("reminder", "late_reminder"):
        queue_reminder(reminder=Reminder(kind, open_item.id, paid_later, world.now), **acting)
    plan = Plan(new_id(), item.id, "date", charge_on=world.today + timedelta(days=30), payment_method_id=method.id)
    charge = schedule_charge(plan=plan, **acting)
    with tenant.tx(world.seller_id):
        queue_charge_notice(ScheduledCharge.objects.get(id=charge.id), now=world.now)
    for again_on in (world.today.isoformat(), ""):
        queue_charge_failure(
            charge_id=charge.id, attempt_id=None if again_on else new_id(), again_on=again_on, **acting
        )
    queue_expiry_notice(method_id=method.id, **acting)
    asked = new_id()
    request_payment(
        request_id=asked, customer_id=world.nora, currency="EUR", language="en", invoice_ids=[paid_later], **acting
    )
    send_request_link(request_id=asked, **acting)
    invite_member(
        invitation_id=new_id(), email=f"{world.slug}@new.example", role="sales", actor_id=world.alice.id, **acting
    )
    return paid_later


def links_of(shop: Shop) -> dict[str, set[str]]:
    """Kind → every address in the emails of that kind, of both bodies."""
    with tenant.tx(shop.world.seller_id, read_only=True):
        kinds = {row.message_id: row.kind for row in Message.objects.filter(state="sent")}
    found: dict[str, set[str]] = {}
    for each in shop.town.mailbox.messages():
        kind = kinds.get(f"<{each['message_id'].strip('<>')}>")
        if kind is None:
            continue
        with urlopen(f"{shop.town.mailbox.url}/m/{each['id']}/source.eml", timeout=10) as answer:
            letter = message_from_bytes(answer.read(), policy=policy.default)
        for body in ("plain", "html"):
            part = letter.get_body((body,))
            found.setdefault(kind, set()).update(HREF.findall(part.get_content()) if part else ())
    return {kind: {url.rstrip(".,") for url in urls} for kind, urls in found.items()}


def all_sent(shop: Shop) -> bool:
    with tenant.tx(shop.world.seller_id, read_only=True):
        rows = list(Message.objects.values_list("state", "reason", "kind"))
    assert not [row for row in rows if row[0] in {"skipped", "failed"}], rows
    return all(state == "sent" for state, _, _ in rows) and not shop.waiting()


def test_r20_scanners_change_nothing_and_the_click_of_a_person_still_works(
    shop: Shop, chromium: Browser, person: Callable[..., Person]
) -> None:
    invoice_id = say_everything(shop)
    wait_for(lambda: all_sent(shop), "every email to be sent")
    found = links_of(shop)
    assert {kind for kind, urls in found.items() if urls} >= LINKED
    links = sorted(set().union(*found.values()))
    assert all(url.startswith(shop.town.url) for url in links), links
    before = row_print(shop.world.seller_id)
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as scanner:
        for url in links * TIMES:
            assert scanner.head(url).status_code == 200, url
            assert scanner.get(url).status_code == 200, url
    context = chromium.new_context()
    for url in links * TIMES:
        page = context.new_page()
        page.goto(url)
        page.wait_for_load_state("networkidle")
        page.close()
    context.close()
    assert changes(before, row_print(shop.world.seller_id)) == []
    with tenant.tx(shop.world.seller_id, read_only=True):
        pay_url = invoices.document(invoice_id).pay_url
        assert invoices.invoice(invoice_id).viewed_at is None
    assert pay_url in found["invoice"]
    payer = person().page
    payer.goto(str(pay_url))
    payer.locator("summary", has_text="Another card").click()
    payer.locator("button[name=way]:visible").click()
    payer.wait_for_url("**/checkout/**")
    type_card(payer)
    shop.settled_once(invoice_id)
