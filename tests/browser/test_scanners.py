"""Mail scanners open every link of every email, some of them with a browser: nothing may come of it (R20)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from urllib.request import urlopen
from uuid import UUID

import httpx
from playwright.sync_api import Browser, Page, expect

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.broadcasts.audience import Audience
from tallystick.broadcasts.models import BroadcastRecipient, Unsubscribed
from tallystick.broadcasts.run import send_broadcast
from tallystick.broadcasts.save import Sketch, save_broadcast
from tallystick.broadcasts.wording import Said
from tallystick.invoices import queries as invoices
from tallystick.invoices.models import Invoice
from tallystick.messages.models import Message
from tallystick.payments.models import PaymentRequest, ScheduledCharge
from tallystick.sellers.members import invite_member
from tallystick.texting.short_links import Target, keep_short_link
from tests.browser.conftest import Person, Shop, type_card, wait_for
from tests.permissions.stage import changes, row_print
from tests.sending.every_kind import say_every_kind

HREF = re.compile(r"https?://[^\s\"'<>)]+")
LINKED = {
    "invoice", "reminder", "late_reminder", "credit_note", "charge_notice", "charge_failed", "charge_fell_back",
    "card_expiring", "payment_request", "invitation", "broadcast",
}  # fmt: skip
TIMES, AT_ONCE = 3, 6


def say_everything(shop: Shop) -> UUID:
    """Queue one email of each kind that has a link, and return the invoice that is open for a person to pay."""
    world, acting = shop.world, shop.world.acting()
    open_one = say_every_kind(world, shop.card)
    invite_member(
        invitation_id=new_id(), email=f"{world.slug}@new.example", role="sales", actor_id=world.alice.id, **acting
    )
    said = {language: Said("News", "We are open on Saturdays.", "") for language in ("en", "ro")}
    news = Sketch("News", by_email=True, by_sms=False, is_transactional=False, audience=Audience(), words=said)
    broadcast_id = new_id()
    save_broadcast(broadcast_id=broadcast_id, sketch=news, **acting)
    send_broadcast(broadcast_id=broadcast_id, **acting)
    return open_one


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


def short_links(shop: Shop) -> dict[str, str]:
    """What stands in texts: a kind of page → the short link to one of them."""
    with tenant.tx(shop.world.seller_id):
        targets = [
            Target("invoice", Invoice.objects.filter(open_minor__gt=0).earliest("id").id, 1),
            Target("request", PaymentRequest.objects.get().id, 1),
            Target("charge", ScheduledCharge.objects.get().id, 1),
            Target("leave", BroadcastRecipient.objects.get(customer_id=shop.world.nora).id, 1),
        ]
        for target in targets:
            keep_short_link(seller_id=shop.world.seller_id, target=target)
    return {target.kind: target.url for target in targets}


def all_sent(shop: Shop) -> bool:
    with tenant.tx(shop.world.seller_id, read_only=True):
        rows = list(Message.objects.values_list("state", "reason", "kind"))
    assert not [row for row in rows if row[0] in {"skipped", "failed"}], rows
    said = {kind for _, _, kind in rows}
    return said >= LINKED and all(state == "sent" for state, _, _ in rows) and not shop.waiting()


def test_r20_scanners_change_nothing_and_the_click_of_a_person_still_works(
    shop: Shop, chromium: Browser, person: Callable[..., Person]
) -> None:
    invoice_id = say_everything(shop)
    wait_for(lambda: all_sent(shop), "every email to be sent")
    found = links_of(shop)
    assert {kind for kind, urls in found.items() if urls} >= LINKED
    short = short_links(shop)
    links = sorted(set().union(*found.values(), short.values()))
    assert all(url.startswith(shop.town.url) for url in links), links
    before = row_print(shop.world.seller_id)
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as scanner:
        for url in links * TIMES:
            assert scanner.head(url).status_code == 200, url
            assert scanner.get(url).status_code == 200, url
    scan_with_scripts(chromium, links * TIMES)
    assert changes(before, row_print(shop.world.seller_id)) == []
    with tenant.tx(shop.world.seller_id, read_only=True):
        pay_url = invoices.document(invoice_id).pay_url
        assert invoices.invoice(invoice_id).viewed_at is None
    assert pay_url in found["invoice"]
    assert leaves(shop, person().page, short["leave"]) == ["nora@kestrel.example"]
    payer = person().page
    payer.goto(short["invoice"])
    assert payer.url == pay_url, "the short link of a text leads to the same page"
    payer.goto(str(pay_url))
    payer.locator("summary", has_text="Another card").click()
    payer.locator("button[name=way]:visible").click()
    payer.wait_for_url("**/checkout/**")
    type_card(payer)
    shop.settled_once(invoice_id)


def scan_with_scripts(chromium: Browser, urls: list[str]) -> None:
    """Open each address in a browser that runs scripts, some at once, until nothing moves."""
    context = chromium.new_context()
    for batch in batched(urls, AT_ONCE):
        pages = [context.new_page() for _ in batch]
        for page, url in zip(pages, batch, strict=True):
            page.goto(url, wait_until="commit")
        for page in pages:
            page.wait_for_load_state("networkidle")
            page.close()
    context.close()


def batched(urls: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(urls), size):
        yield urls[start : start + size]


def leaves(shop: Shop, page: Page, link: str) -> list[str]:
    """Unsubscribe by a link, come back on the same page, leave again; return who has left."""
    page.goto(link)
    for button in ("Unsubscribe", "Subscribe again"):
        page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name="You are subscribed again")).to_be_visible()
    assert left(shop) == []
    page.goto(link)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    return left(shop)


def left(shop: Shop) -> list[str]:
    with tenant.tx(shop.world.seller_id, read_only=True):
        return list(Unsubscribed.objects.values_list("address", flat=True))
