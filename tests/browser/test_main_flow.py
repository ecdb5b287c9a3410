"""From a new customer to a paid invoice in a real browser: by mouse, in Romanian, and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from io import BytesIO

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import TODAY, Person, Shop, sign_in, type_card
from tests.browser.looks import look

# 10 × 10.00 − 10 % + 23 %, 2 × 25.00 + 0 %, 1 × 30.00 + 23 %: 90 + 50 + 30 = 170.00 net, 27.60 tax.
TOTAL_MINOR = 19760


def new_customer(page: Page, shop: Shop, name: str, email: str, language: str) -> None:
    page.locator("[data-place=customers]").click()
    page.locator(".top a[href$='/customers/new']").click()
    look(page)
    page.locator("[name=name]").fill(name)
    page.locator("[name=email]").fill(email)
    page.locator("select[name=language]").select_option(language)
    page.locator(".form-foot button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text(name)
    look(page)


def line(page: Page, number: int, description: str, quantity: str, price: str, tax: str, discount: str = "") -> None:
    row = page.locator("tr[data-row]").nth(number)
    row.locator("[name=description]").fill(description)
    row.locator("[name=quantity]").fill(quantity)
    row.locator("[name=price]").fill(price)
    row.locator("[name=discount]").fill(discount)
    row.locator("[name=tax]").select_option(tax)


def write_invoice(page: Page, shop: Shop, name: str, decimal: str = ".") -> None:
    page.locator("[data-place=invoices]").click()
    look(page)
    page.locator("a[href$='/invoices/new']").first.click()
    page.locator("#customer-name").fill(name[:5])
    page.locator("#customer-list [role=option]").first.click()
    rates = {key: str(value) for key, value in shop.world.rates.items()}
    line(page, 0, "Planning drawings", "10", f"10{decimal}00", rates["standard"], "10")
    line(page, 1, "Monograph", "2", "25", rates["zero"])
    line(page, 2, "Courier", "1", "30", rates["standard"])
    expect(page.locator("[data-totals]")).to_contain_text(f"197{decimal}60")
    look(page)


def letter_of(shop: Shop, email: str, count: int = 1) -> tuple[str, EmailMessage, bytes]:
    key, letter = shop.town.wait_for_letter(email, count)
    [pdf] = [part for part in letter.iter_attachments() if part.get_content_type() == "application/pdf"]
    return key, letter, pdf.get_content()


def links_of(pdf: bytes) -> set[str]:
    found = set()
    for page in PdfReader(BytesIO(pdf)).pages:
        for note in page.get("/Annots") or ():
            action = note.get_object().get("/A", {})
            found.add(str(action.get("/URI", "")))
    return found


def open_letter(page: Page, shop: Shop, key: str, button: str) -> str:
    """Open the mail in the mailbox and press its button; return where that leads."""
    page.goto(f"{shop.town.mailbox.url}/")
    page.locator(f"a[href='/m/{key}']").click()
    link = page.frame_locator("iframe").get_by_role("link", name=re.compile(button)).first
    target = link.get_attribute("href")
    assert target
    assert link.get_attribute("target") in {"_blank", "_top", None}
    page.goto(target)
    return target


@pytest.mark.parametrize("language", ["en", "ro"])
def test_a_stranger_becomes_a_customer_who_paid(shop: Shop, person: Callable[..., Person], language: str) -> None:
    staff, payer = person().page, person(locale="en-IE" if language == "en" else "ro-RO").page
    email, decimal = f"nora-{shop.world.slug}@kestrel.example", "." if language == "en" else ","
    staff.goto(f"{shop.town.url}/accounts/login/")
    look(staff)
    sign_in(staff, shop)
    if language == "ro":
        staff.locator("details.person summary").click()
        staff.locator("details.person button[name=language][value=ro]").click()
        expect(staff.locator("html")).to_have_attribute("lang", "ro")
    look(staff)
    new_customer(staff, shop, "Țăndărică & Fiii SRL", email, language)
    write_invoice(staff, shop, "Țăndărică & Fiii SRL", decimal)
    staff.locator("button[name=action][value=send]").click()
    staff.wait_for_url("**/send")
    look(staff)
    staff.locator("#compose-form button[type=submit].btn-primary").click()
    staff.wait_for_url(re.compile(r"/invoices/[0-9a-f-]+$"))
    document_url = staff.url
    look(staff)

    key, letter, pdf = letter_of(shop, email)
    assert "LP-1" in letter["subject"]
    button = "Make Payment|Pay" if language == "en" else "Plătiți acum"
    target = open_letter(payer, shop, key, button)
    assert any(link.split("?")[0] == target.split("?")[0] for link in links_of(pdf)), (target, links_of(pdf))
    expect(payer.locator("html")).to_have_attribute("lang", language)
    look(payer)
    pay = payer.locator("button[name=way]").first
    expect(pay).to_contain_text("197" + decimal + "60")
    expect(pay).to_contain_text("Pay" if language == "en" else re.compile("Plăte(sc|ște) acum"))
    pay.click()
    payer.wait_for_url("**/checkout/**")
    expect(payer.locator("html")).to_have_attribute("lang", language)
    type_card(payer)
    payer.wait_for_url("**/return**")
    expect(payer.locator("#done")).to_be_visible()
    expect(payer.locator("dl.totals")).to_contain_text("R-1")
    look(payer)
    with payer.expect_download() as caught:
        payer.locator("a[href*='/receipt/']").click()
    assert caught.value.suggested_filename == "R-1.pdf"

    _, receipt, receipt_pdf = letter_of(shop, email, 2)
    assert "R-1" in receipt["subject"] or "LP-1" in receipt["subject"]
    assert "197" + decimal + "60" in PdfReader(BytesIO(receipt_pdf)).pages[0].extract_text().replace("\xa0", " ")
    staff.goto(document_url)
    expect(staff.locator(".heading .badge, h1 ~ .badge").first).to_have_attribute("data-status", "paid")
    look(staff)
    staff.locator("[data-place=payments]").click()
    row = staff.locator("tbody tr", has_text="R-1")
    expect(row).to_contain_text("Țăndărică")
    expect(row).to_contain_text("197" + decimal + "60")
    look(staff)
    row.locator("a.name").click()
    look(staff)
    staff.goto(f"{shop.url}/ledger")
    expect(staff.locator(".card-head .badge")).to_have_attribute("data-status", "paid")
    expect(staff.locator("tfoot td").last).to_have_text(re.compile(r"^0[.,]00$"))
    look(staff)
    [payment] = shop.payments()
    assert (payment.amount_minor, payment.allocated_minor, len(shop.charges()), shop.receipts()) == (
        TOTAL_MINOR,
        TOTAL_MINOR,
        1,
        1,
    )


def tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until something has the focus."""
    for _ in range(most):
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} isn't reached by {most} tabs on {page.url}")


def test_by_keyboard_alone(shop: Shop, person: Callable[..., Person]) -> None:
    page, email = person().page, f"kim-{shop.world.slug}@kestrel.example"
    keys = page.keyboard
    page.goto(f"{shop.town.url}/accounts/login/?next=/s/{shop.world.slug}/today")
    tab_to(page, "[name=login]")
    keys.type(shop.world.alice.email)
    keys.press("Tab")
    keys.type("a long enough password")
    keys.press("Enter")
    page.wait_for_url(TODAY)
    keys.press("g")
    keys.press("c")
    page.wait_for_url("**/customers")
    tab_to(page, "a[href$='/customers/new']")
    keys.press("Enter")
    page.wait_for_url("**/customers/new")
    tab_to(page, "[name=name]")
    keys.type("Kim Kestrel")
    tab_to(page, "[name=email]")
    keys.type(email)
    keys.press("Control+Enter")
    page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    keys.press("g")
    keys.press("o")
    page.wait_for_url("**/invoices")
    keys.press("n")
    page.wait_for_url("**/invoices/new")
    expect(page.locator("#customer-name")).to_be_focused()
    keys.type("Kim")
    expect(page.locator("#customer-list [role=option]")).to_have_count(1)
    keys.press("Enter")
    tab_to(page, "tr[data-row] [name=description]")
    for description, quantity, price, discount, tax in (
        ("Planning drawings", "10", "10", "10", "VAT 23"),
        ("Monograph", "2", "25", "", "VAT 0"),
        ("Courier", "1", "3*10", "", "VAT 23"),
    ):
        keys.type(description)
        keys.press("Tab")
        keys.type(quantity)
        keys.press("Tab")
        keys.press("Tab")
        keys.type(price)
        keys.press("Tab")
        keys.type(discount)
        keys.press("Tab")
        keys.type(tax)
        keys.press("Enter")
        keys.press("Tab")
    expect(page.locator("[data-totals]")).to_contain_text("197.60")
    keys.press("Control+Enter")
    page.wait_for_url("**/send")
    keys.press("Control+Enter")
    page.wait_for_url(re.compile(r"/invoices/[0-9a-f-]{36}$"))
    document_url = page.url
    _, letter, _ = letter_of(shop, email)
    html = letter.get_body(("html",))
    assert html
    [target, *_] = re.findall(rf'href="({re.escape(shop.town.url)}/p/[^"]+)"', html.get_content())
    page.goto(target)
    tab_to(page, "button[name=way]")
    keys.press("Enter")
    page.wait_for_url("**/checkout/**")
    for name, text in (("number", "4242424242424242"), ("expiry", "12/34"), ("cvc", "123"), ("name", "Kim")):
        tab_to(page, f"#{name}")
        keys.type(text)
    keys.press("Enter")
    page.wait_for_url("**/return**")
    expect(page.locator("#done")).to_be_visible()
    page.goto(document_url)
    expect(page.locator(".heading .badge").first).to_have_attribute("data-status", "paid")
    keys.press("g")
    keys.press("p")
    page.wait_for_url("**/payments")
    keys.press("j")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/payments/[0-9a-f-]{36}$"))
    assert len(shop.payments()) == 1
