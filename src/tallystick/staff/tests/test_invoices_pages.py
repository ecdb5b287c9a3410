"""What people type into the editor and the compose screen, and how it is read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices.queries import due_items_of, invoice
from tallystick.messages.queries import messages_about
from tallystick.staff.forms.compose import ComposeForm, split_addresses
from tallystick.staff.forms.invoice import Row, is_blank
from tallystick.staff.forms.numbers import BadNumber, is_sum, plain_number, read_number
from tallystick.staff.forms.terms import CUSTOM, KEPT, label_of, preset_of, terms_of
from tallystick.staff.templatetags.show import money
from tallystick.staff.words import day_text, distance_text
from tallystick.testing.world import World


@pytest.mark.parametrize(
    ("language", "typed", "value"),
    [
        ("en", "12", "12"),
        ("en", "12.5", "12.5"),
        ("en", "12,5", "12.5"),
        ("en", "1,250", "1250"),
        ("en", "1,250.50", "1250.5"),
        ("en", "1.250,50", "1250.5"),
        ("ro", "1.250", "1250"),
        ("ro", "1.250,5", "1250.5"),
        ("ro", "0.145", "0.145"),
        ("ro", "0,145", "0.145"),
        ("en", "3*12", "36"),
        ("en", "=3*12+1", "37"),
        ("en", "(2+3)*4", "20"),
        ("en", "-4", "-4"),
        ("en", "\u22124", "-4"),
        ("en", "10/4", "2.5"),
        ("en", "1/3", "0.333333"),
        ("en", "1 250", "1250"),
    ],
)
def test_reads_numbers_as_people_write_them(language: str, typed: str, value: str) -> None:
    with translation.override(language):
        assert read_number(typed) == Decimal(value)


@pytest.mark.parametrize(
    "typed",
    ["", "abc", "NaN", "Infinity", "1e5", "1000000000000", "9" * 80, "3*", "1/0", "12 pcs", "(2", "0.1234567", "--"],
)
def test_refuses_what_is_no_number_and_says_what_would_be(typed: str) -> None:
    with pytest.raises(BadNumber) as refused:
        read_number(typed)
    assert str(refused.value).endswith((".", "3*12."))


def test_a_number_reads_back_as_it_would_be_typed() -> None:
    for language, text in (("en", "1250.5"), ("ro", "1250,5")):
        with translation.override(language):
            assert plain_number(Decimal("1250.50")) == text
            assert read_number(plain_number(Decimal("1250.50"))) == Decimal("1250.5")
    assert plain_number(Decimal("1E+2")) == "100"


def test_knows_a_sum_from_a_number() -> None:
    assert is_sum("3*12")
    assert is_sum("=12")
    assert is_sum("5-2")
    assert not is_sum("-4")
    assert not is_sum("12,5")


def test_a_row_with_only_suggestions_is_blank() -> None:
    assert is_blank(Row({"tax": "x", "quantity": "1"}))
    assert not is_blank(Row({"tax": "x", "price": "1"}))


@pytest.mark.parametrize(
    ("stored", "preset"),
    [
        ({"kind": "net", "days": 30, "label": "30 days"}, "30"),
        ({}, "receipt"),
        ({"kind": "end_of_month"}, "eom"),
        ({"kind": "net", "days": 30, "deposit_percent": "30"}, "deposit"),
        ({"kind": "net", "days": 45}, CUSTOM),
        ({"kind": "net", "days": 30, "instalments": 6}, KEPT),
    ],
)
def test_stored_terms_find_their_preset(stored: dict[str, object], preset: str) -> None:
    assert preset_of(stored) == preset


def test_chosen_terms_carry_a_label_and_survive_the_round_trip() -> None:
    for preset in ("receipt", "7", "14", "30", "60", "eom", "deposit", "three"):
        terms = terms_of(preset, days=0, kept={}, language="en")
        assert terms["label"] == label_of(terms)
        assert preset_of(terms) == preset
    assert terms_of(KEPT, days=0, kept={"days": 5}, language="en") == {"days": 5}


def _compose(**typed: str) -> ComposeForm:
    given = {"to": "a@b.example", "cc": "", "subject": "Invoice", "body": "", **typed}
    return ComposeForm(message_id=uuid4(), **given)  # type: ignore[arg-type]


def test_addresses_may_be_separated_and_named_in_any_way() -> None:
    assert split_addresses("a@b.example; Petra <p@b.example>,\n c@d.example") == [
        "a@b.example",
        "p@b.example",
        "c@d.example",
    ]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"to": ""}, "to"),
        ({"to": "nope"}, "to"),
        ({"cc": "a@"}, "cc"),
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 301}, "subject"),
        ({"body": "x" * 20_001}, "body"),
        ({"to": ",".join(f"a{n}@b.example" for n in range(21))}, "to"),
    ],
)
def test_a_wrong_field_gets_the_message(typed: dict[str, str], field: str) -> None:
    form = _compose(**typed)
    assert not form.check()
    assert set(form.errors) == {field}


def test_nobody_gets_two_copies() -> None:
    form = _compose(to="a@b.example, a@b.example", cc="a@b.example, c@d.example")
    assert form.check()
    assert (form.recipients, form.copies) == (["a@b.example"], ["c@d.example"])


def test_money_has_its_markup() -> None:
    assert money(186000, "EUR") == (
        '<data class="money" value="1860.00"><span class="cur">€</span>1,860<span class="dec">.00</span></data>'
    )
    assert 'class="dec none"' in money(128000, "JPY", "code")
    with translation.override("ro"):
        assert money(588575, "RON") == (
            '<data class="money" value="5885.75">5.885<span class="dec">,75</span><span class="cur">\xa0lei</span></data>'
        )


def test_days_name_the_year_only_when_it_is_another() -> None:
    today = date(2026, 11, 19)
    assert day_text(date(2026, 11, 24), today) == "Tue 24 Nov"
    assert day_text(date(2027, 1, 2), today) == "2 Jan 2027"
    assert distance_text(date(2026, 11, 24), today) == "in 5 days"
    assert distance_text(date(2026, 11, 18), today) == "1 day ago"


@pytest.fixture
def browser(world: World) -> Client:
    """Alice, signed in."""
    return signed_in(world.alice)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def page(world: World, *path: object) -> str:
    return "/".join(["", "s", world.slug, "invoices", *map(str, path)])


def typed(world: World, **given: Any) -> dict[str, Any]:
    """What the editor posts for one line of €10.00 without tax."""
    return {
        "id": str(new_id()),
        "version": "",
        "customer": str(world.nora),
        "currency": "EUR",
        "terms": "14",
        "item": [""],
        "description": ["Drawing"],
        "detail": [""],
        "quantity": ["1"],
        "unit": [""],
        "price": ["10"],
        "discount": [""],
        "tax": [str(world.rates["zero"])],
        "action": "save",
        **given,
    }


def test_the_list_costs_the_same_whatever_it_holds(world: World, browser: Client) -> None:
    counts = []
    for _more in range(2):
        world.issue(*[world.draft() for _n in range(5)])
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page(world)).status_code == 200
        counts.append(len([q for q in queries if not q["sql"].startswith(("BEGIN", "COMMIT"))]))
    assert counts[0] == counts[1] <= 9


@pytest.mark.parametrize(
    "query", ["tab=drafts", "tab=paid", "tab=all&sort=total", "tab=x&sort=y&after=z", "q=%00", "q=173", "currency=EUR"]
)
def test_every_view_of_the_list_answers(world: World, browser: Client, query: str) -> None:
    world.invoice()
    world.draft()
    assert browser.get(f"{page(world)}?{query}").status_code == 200


def test_a_double_click_makes_one_draft(world: World, browser: Client) -> None:
    post = typed(world)
    for _click in range(2):
        assert browser.post(page(world, "new"), post)["Location"] == page(world, post["id"])
    assert browser.get(f"{page(world)}?tab=drafts").content.count(b"data-tick ") == 1


def test_what_is_shown_live_is_what_is_saved(world: World, browser: Client) -> None:
    post = typed(
        world, quantity=["3*12"], price=["1.25"], adj_kind=["discount"], adj_label=[""], adj_value=["10%"], adj_tax=[""]
    )
    live = browser.post(page(world, "price"), post).json()
    assert live["nets"] == ["45.00"]
    assert live["worked"][0]["quantity"] == "36"
    assert "40" in live["totals"]
    browser.post(page(world, "new"), post)
    with tenant.tx(world.seller_id):
        assert invoice(UUID(post["id"])).total_minor == 4050


def test_bad_input_keeps_what_was_typed_and_saves_nothing(world: World, browser: Client) -> None:
    post = typed(world, price=["-5"], quantity=["abc"], description=["Kept text"])
    answer = browser.post(page(world, "new"), post)
    assert answer.status_code == 422
    assert all(text in answer.content.decode() for text in ("Kept text", 'value="-5"', 'value="abc"', "aria-invalid"))
    assert browser.get(page(world, post["id"])).status_code == 404


def test_a_draft_someone_else_changed_is_not_overwritten_unseen(world: World, browser: Client) -> None:
    draft_id = world.draft()
    first = typed(world, id=str(draft_id), version="1", notes="theirs")
    assert browser.post(page(world, draft_id, "edit"), first).status_code == 302
    second = browser.post(page(world, draft_id, "edit"), {**first, "notes": "mine"})
    assert second.status_code == 409
    assert "mine" in second.content.decode()
    assert 'name="version" value="2"' in second.content.decode()
    with tenant.tx(world.seller_id):
        assert invoice(draft_id).notes == "theirs"


def test_save_and_send_issues_composes_and_queues_once(world: World, browser: Client) -> None:
    post = typed(world, action="send")
    send = browser.post(page(world, "new"), post)["Location"]
    assert send == page(world, post["id"], "send")
    shown = browser.get(send).content.decode()
    assert "nora@kestrel.example" in shown
    mail = {
        "message_id": str(new_id()),
        "to": "a@b.example, c@d.example",
        "subject": "Hello",
        "body": "Hi",
        "attach_pdf": "on",
    }
    for _click in range(2):
        assert browser.post(send, mail)["Location"] == page(world, post["id"])
    with tenant.tx(world.seller_id):
        [letter] = messages_about([UUID(post["id"])])
    assert letter.recipients == ["a@b.example", "c@d.example"]


def test_a_get_of_any_page_of_an_invoice_answers_and_the_pdf_downloads(world: World, browser: Client) -> None:
    invoice_id = world.invoice()
    for path in ((), ("send",)):
        assert browser.get(page(world, invoice_id, *path)).status_code == 200
    answer = browser.get(page(world, invoice_id, "pdf"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert browser.get(page(world, world.draft(), "pdf")).status_code == 404


def test_the_void_dialog_cancels_and_says_why(world: World, browser: Client) -> None:
    invoice_id = world.invoice()
    browser.post(page(world, invoice_id, "void"), {"reason": ""})
    with tenant.tx(world.seller_id):
        assert invoice(invoice_id).voided_at is None
    browser.post(page(world, invoice_id, "void"), {"reason": "Wrong address"})
    assert "Wrong address" in browser.get(page(world, invoice_id)).content.decode()


def test_b7_b8_a_package_of_dates_and_amounts_of_ones_own(world: World, browser: Client) -> None:
    plan = "2026-03-10 4\r\n2026-05-02 1.50\r\n2026-06-30 1"
    post = typed(world, terms="plan", plan=plan)
    browser.post(page(world, "new"), post)
    assert "2026-05-02 1.5" in browser.get(page(world, post["id"], "edit")).content.decode()
    world.issue(UUID(post["id"]))
    with tenant.tx(world.seller_id):
        due = [(item.due_on.isoformat(), item.amount_minor, item.kind) for item in due_items_of([UUID(post["id"])])]
    assert due == [("2026-03-10", 400, "deposit"), ("2026-05-02", 150, "instalment"), ("2026-06-30", 450, "instalment")]
    wrong = browser.post(page(world, "new"), typed(world, terms="plan", plan="soon 12"))
    assert wrong.status_code == 422
    assert all(text in wrong.content.decode() for text in ("Write it like 2026-12-31 1500", "soon 12"))
