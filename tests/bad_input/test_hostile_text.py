"""Markup, traps and nonsense in every field of the staff forms: a clear answer, nothing half saved, typing kept."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from pypdf import PdfReader

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Customer
from tallystick.invoices import queries as invoices
from tallystick.invoices.draft import DraftLine
from tallystick.invoices.render import pdf_of
from tallystick.messages.email import render_email
from tallystick.payments.record import record_payment
from tallystick.testing.world import World
from tests.permissions.stage import changes, row_print

HOSTILE = {
    "empty": "",
    "spaces": "   ",
    "negative": "-1",
    "huge": str(10**15),
    "absurd": "9" * 400,
    "nan": "NaN",
    "infinity": "-Infinity",
    "exponent": "1e999999",
    "power": "9**9**9",
    "long": "ț" * 2000,
    "html": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "django": "{{ settings.SECRET_KEY }}{% debug %}",
    "typst": '#read("/etc/passwd") $x$ `raw` @ref <label> \\',
    "csv": "=cmd|' /C calc'!A0",
    "sql": "'; DROP TABLE customer; --",
    "nul": "Nora\x00Kestrel",
    "override": "Nora\u202eretserK",
    "apostrophes": "d'Arcy's “O’Neill” & Søn",
    "format": "%s %(name)s {0} {name}",
    "surrogates": "\ud83d \U0001f9fe",
    "header": "a@b.example\r\nBcc: x@evil.example",
    "path": "../../../../etc/passwd",
}
EVERYWHERE = frozenset(
    {"empty", "negative", "huge", "nan", "long", "html", "typst", "csv", "nul", "override", "apostrophes"}
)
"""Tried in each field by itself; the others are tried in all fields at once."""
# How much text a page may echo: a field's own words, never a stack or a secret.
NEVER = ("Traceback", "root:x:0:0", "psycopg", "SECRET_KEY =")
FINE = {200, 302, 400, 403, 404, 409, 413, 422}


class Fields(HTMLParser):
    """The named fields of a page's forms, and what they hold, as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.texts: set[str] = set()
        self._area = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind in {"submit", "file"} or (kind in {"checkbox", "radio"} and "checked" not in given):
                return
            self.found[name] = given.get("value", "on" if kind == "checkbox" else "")
            if kind not in {"hidden", "checkbox", "radio"}:
                self.texts.add(name)
        elif tag == "textarea" and name:
            self._area = name
            self.found[name] = ""
            self.texts.add(name)
        elif tag == "select" and name:
            self._select = name
            self.found.setdefault(name, "")
        elif tag == "option" and self._select and ("selected" in given or not self.found[self._select]):
            self.found[self._select] = given.get("value", self.found[self._select])

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""


@pytest.fixture
def world(world: World) -> World:
    world.now = clock.now()
    world.today = world.now.date()
    return world


@pytest.fixture
def alice(world: World) -> Iterator[Client]:
    client = Client()
    client.force_login(world.alice)
    return client


def form_at(client: Client, url: str, marker: str) -> Fields:
    """The fields of the form that holds a marker."""
    page = client.get(url).content.decode()
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if marker in form:
            return Fields(form)
    raise AssertionError(f"no form with {marker} at {url}")


def kept(answer: HttpResponse, typed: str) -> bool:
    """Whether a page that shows the form again holds what was typed, give or take white space and what can't be shown."""
    plain = "".join(c for c in typed if c.isprintable() or c == "\u202e" or c.isspace())
    shown = squeezed(html.unescape(answer.content.decode()))
    return squeezed(plain) in shown or squeezed(typed) in shown


def sendable(text: str) -> str:
    """A lone surrogate can't be sent as UTF-8; a browser sends a question mark."""
    return text.encode("utf-8", "replace").decode()


def fill(fields: Fields, name: str, text: str, more: dict[str, Any]) -> dict[str, Any]:
    return {**fields.found, **more, name: text}


def check(client: Client, world: World, url: str, fields: Fields, more: dict[str, Any]) -> int:
    """Each hostile text in each text field, alone, then the same text in all of them."""
    tried, before = 0, row_print(world.seller_id)
    for kind, text in HOSTILE.items():
        for name in (*(sorted(fields.texts) if kind in EVERYWHERE else ()), "all of them"):
            given = fill(fields, name, text, more)
            if name == "all of them":
                given = {**given, **dict.fromkeys(fields.texts, text)}
                given.pop(name)
            given = {key: sendable(value) for key, value in given.items()}
            answer: Any = client.post(url, given)
            at = f"{kind} in {name} at {url}"
            tried += 1
            assert answer.status_code in FINE, f"{at}: {answer.status_code}"
            body = answer.content.decode(errors="replace")
            assert not any(word in body for word in NEVER), at
            assert "<script>alert(1)" not in body, at
            assert "<img src=x" not in body, at
            if answer.status_code != 302:
                assert answer.status_code in {409, 422}, f"{at}: {answer.status_code} for a form that was refused"
                assert changes(before, row_print(world.seller_id)) == [], f"{at} was refused and half saved"
                if name != "all of them" and "password" not in name and "secret" not in name:
                    assert kept(answer, str(given[name])), f"{at}: what was typed is gone"
            else:
                before = row_print(world.seller_id)
    return tried


def test_customer_form(world: World, alice: Client) -> None:
    base = f"/s/{world.slug}/customers"
    assert (
        check(alice, world, f"{base}/{world.nora}/edit", form_at(alice, f"{base}/{world.nora}/edit", "customer_id"), {})
        > 200
    )
    fresh = form_at(alice, f"{base}/new", "customer_id")
    for text in HOSTILE.values():
        answer = alice.post(f"{base}/new", {**fresh.found, "customer_id": str(new_id()), "name": sendable(text)})
        assert answer.status_code in {302, 422}
    # Every page that lists or shows them escapes.
    with tenant.tx(world.seller_id, read_only=True):
        ids = list(Customer.objects.values_list("id", flat=True))
    for url in (
        base,
        f"/s/{world.slug}/invoices/customers?q=<",
        f"/s/{world.slug}/payments/new",
        *(f"{base}/{each}" for each in ids),
    ):
        answer = alice.get(url)
        assert answer.status_code == 200
        assert b"<script>alert(1)" not in answer.content or "json" in answer["Content-Type"], url


def test_invoice_editor(world: World, alice: Client) -> None:
    url = f"/s/{world.slug}/invoices/new"
    fields = form_at(alice, url, 'id="editor"')
    fields.texts |= {
        "currency",
        "terms",
        "issue_on",
        "delivered_on",
        "tax",
        "customer",
        "version",
        "adj_kind",
        "adj_tax",
    }
    base = {
        "customer": str(world.nora), "currency": "EUR", "terms": "14", "description": "Thing", "quantity": "1", "price": "10",
        "tax": str(world.rates["standard"]), "unit": "", "discount": "", "item": "", "detail": "", "adj_label": "", "adj_value": "",
    }  # fmt: skip
    for action in ("save", "send"):
        for kind, text in HOSTILE.items():
            singles = sorted(fields.texts - {"id"}) if kind in EVERYWHERE else ("description", "price")
            for name in singles if action == "save" else ("description", "quantity"):
                given = {**fields.found, **base, "id": str(new_id()), "action": action, name: sendable(text)}
                before = row_print(world.seller_id)
                answer: Any = alice.post(url, given)
                at = f"{kind} in {name} ({action})"
                assert answer.status_code in FINE, f"{at}: {answer.status_code}"
                body = answer.content.decode()
                assert "<script>alert(1)" not in body, at
                assert "<img src=x" not in body, at
                if answer.status_code != 302:
                    assert changes(before, row_print(world.seller_id)) == [], f"{at} was refused and half saved"
                    if name in {
                        "description",
                        "quantity",
                        "price",
                        "discount",
                        "notes",
                        "po_number",
                        "terms_note",
                        "item",
                    }:
                        assert kept(answer, given[name]), f"{at}: what was typed is gone"
            quoted = {**base, "description": sendable(text), "price": sendable(text)}
            priced = alice.post(f"/s/{world.slug}/invoices/price", quoted)
            assert priced.status_code == 200, kind
    for bad in ("-1", str(10**15), "NaN", "Infinity", "1e999999", "9**9**9"):
        answer = alice.post(url, {**fields.found, **base, "id": str(new_id()), "price": bad, "action": "send"})
        assert answer.status_code == 422, f"a price of {bad}: {answer.status_code}"


def test_compose(world: World, alice: Client) -> None:
    url = f"/s/{world.slug}/invoices/{world.invoice()}/send"
    fields = form_at(alice, url, "compose-form")
    for kind, text in HOSTILE.items():
        for name in ("to", "cc", "subject", "body", "message_id", "attachment"):
            given = {**fields.found, "message_id": str(new_id()), name: sendable(text)}
            before = row_print(world.seller_id)
            answer: Any = alice.post(url, given)
            at = f"{kind} in {name}"
            assert answer.status_code in {302, 422}, f"{at}: {answer.status_code}"
            assert b"<script>alert(1)" not in answer.content, at
            if answer.status_code == 422:
                assert changes(before, row_print(world.seller_id)) == [], at
                assert kept(answer, given[name]) or len(text) > 300, f"{at}: what was typed is gone"
            if name in {"subject", "body"}:
                seen = alice.post(f"{url}/preview", given)
                assert seen.status_code == 200, at
                assert b"<script>alert(1)" not in seen.content, at
                assert b"<img src=x" not in seen.content, at
    # No header can be smuggled in by an address or a subject.
    from tallystick.messages.models import Message

    with tenant.tx(world.seller_id, read_only=True):
        for message in Message.objects.all():
            assert "\n" not in message.subject + "".join(message.recipients) + "".join(message.copies)


def test_record_payment(world: World, alice: Client) -> None:
    world.invoice()
    url = f"/s/{world.slug}/payments/new?customer={world.nora}"
    fields = form_at(alice, url, "payment_id")
    good = {
        "customer": str(world.nora),
        "amount": "1.00",
        "currency": "EUR",
        "method": "cash",
        "received_on": world.today.isoformat(),
    }
    for kind, text in HOSTILE.items():
        for name in sorted(fields.texts | {"currency", "method", "customer"}):
            given = {**fields.found, **good, "payment_id": str(new_id()), name: sendable(text)}
            before = row_print(world.seller_id)
            answer: Any = alice.post(url, given)
            at = f"{kind} in {name}"
            assert answer.status_code in {302, 404, 422}, f"{at}: {answer.status_code}"
            assert b"<script>alert(1)" not in answer.content, at
            if answer.status_code == 422:
                assert changes(before, row_print(world.seller_id)) == [], f"{at} was refused and half saved"
                if name in fields.texts:
                    assert kept(answer, given[name]), f"{at}: what was typed is gone"
    for bad in ("0", "-1", str(10**15), "NaN", "1e999999", "0.001"):
        answer = alice.post(url, {**fields.found, **good, "payment_id": str(new_id()), "amount": bad})
        assert answer.status_code == 422, bad
    assert alice.get(f"/s/{world.slug}/payments").status_code == 200


def test_giving_back_and_writing_off(world: World, alice: Client) -> None:
    payment_id = new_id()
    record_payment(
        **world.acting(), payment_id=payment_id, customer_id=world.nora, method="cash", amount_minor=100_000,
        currency="EUR", received_on=world.today, wanted={}, reference="", note="",
    )  # fmt: skip
    base = f"/s/{world.slug}"
    fields = form_at(alice, f"{base}/payments/{payment_id}", "refund_id")
    good = {"amount": "0.01", "method": "cash", "reason": "Wrong size"}
    for kind, text in HOSTILE.items():
        for name in ("amount", "method", "reason", "refund_id"):
            given = {**fields.found, **good, "refund_id": str(new_id()), name: sendable(text)}
            held(alice, world, f"{base}/payments/{payment_id}/refund", given, name, f"{kind} in {name}")
        given = {"reason": sendable(text), "write_off_id": str(new_id())}
        held(alice, world, f"{base}/invoices/{world.invoice()}/write-off", given, "reason", f"{kind} in reason")
    assert alice.get(f"{base}/payments/{payment_id}").status_code == 200


def test_a_charge_for_later(world: World, alice: Client) -> None:
    terms = {"kind": "net", "days": 30, "label": "30 days", "deposit_percent": "40"}
    for kind, text in HOSTILE.items():
        url = f"/s/{world.slug}/invoices/{world.invoice(terms=terms)}/plan"
        fields = form_at(alice, url, 'id="plan"')
        good = {"trigger": "date", "charge_on": world.today.isoformat(), "plan_id": str(new_id())}
        for name in ("item", "trigger", "charge_on", "method", "plan_id"):
            given = {**fields.found, **good, name: sendable(text)}
            asked: Any = alice.get(url, given)
            assert asked.status_code == 200 if name == "plan_id" else 422, f"{kind} in {name}: {asked.status_code}"
            assert b"<script>alert(1)" not in asked.content, f"{kind} in {name}"
            if name != "plan_id":
                held(alice, world, url, given, name if name == "charge_on" else "method", f"{kind} in {name}")
        held(alice, world, url, {**fields.found, **good, "plan_id": sendable(text)}, "plan_id", f"{kind} in plan_id")


def held(client: Client, world: World, url: str, given: dict[str, str], name: str, at: str) -> None:
    """One form: taken, or refused with nothing saved and what was typed kept."""
    before = row_print(world.seller_id)
    answer: Any = client.post(url, given)
    assert answer.status_code in {302, 422}, f"{at}: {answer.status_code}"
    assert b"<script>alert(1)" not in answer.content, at
    if answer.status_code == 422:
        assert changes(before, row_print(world.seller_id)) == [], f"{at} was refused and half saved"
        assert name == "method" or kept(answer, given[name]), f"{at}: what was typed is gone"


@pytest.mark.parametrize(
    ("place", "marker"),
    [
        ("settings/business", "legal_name"),
        ("settings/branding", 'name="brand"'),
        ("settings/numbering", "credit_note"),
        ("settings/taxes/new", "percent"),
        ("settings/banks", "iban"),
        ("settings/gateways/new/sandbox", "config-"),
        ("settings/charging", "notice_days"),
        ("settings/email/by/smtp", 'name="host"'),
        ("settings/email/mailbox", 'name="host"'),
        ("settings/people", 'name="role"'),
        ("catalog/new", "unit_price"),
    ],
)
def test_settings(world: World, alice: Client, place: str, marker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings.ENV, "sandbox_url", "http://127.0.0.1:9")
    url = f"/s/{world.slug}/{place}"
    fields = form_at(alice, url, marker)
    assert check(alice, world, url, fields, {}) >= len(HOSTILE)
    assert alice.get(url).status_code == 200


def test_addresses_with_nonsense(world: World, alice: Client) -> None:
    """Searches, filters and cursors come from the address bar, and from links cut in half."""
    world.invoice()
    asked = {
        "invoices": ("q", "after", "currency", "tab", "sort"), "customers": ("q", "after", "show"), "catalog": ("q",),
        "payments": ("q", "after", "currency", "since", "until", "method"), "audit": ("of", "after"), "ledger": ("on",),
        "invoices/customers": ("q",), "invoices/items": ("q", "currency"), "payments/new": ("q", "customer", "invoice"),
        "invoices/new": ("customer",), "customers/new": ("name",), "catalog/new": ("code",),
        "refunds": ("tab", "after"), "disputes": ("tab", "after"), "credit": ("after",), "payouts": ("after",),
        "payouts/breaks": ("tab", "after"),
    }  # fmt: skip
    for page, names in asked.items():
        for name in names:
            for kind, text in HOSTILE.items():
                answer = alice.get(f"/s/{world.slug}/{page}", {name: sendable(text)})
                assert answer.status_code in {200, 404}, f"{page}?{name}={kind}: {answer.status_code}"
                if "json" not in answer["Content-Type"]:
                    assert b"<script>alert(1)" not in answer.content, f"{page}?{name}={kind}"


def test_hostile_text_is_shown_as_typed(world: World, alice: Client) -> None:
    """On the page escaped, in the PDF and the email as text."""
    texts = [HOSTILE[kind] for kind in ("html", "django", "typst", "csv", "sql", "apostrophes", "format")]
    lines = tuple(DraftLine(text, 1, 10, world.rates["standard"], detail=text) for text in texts)
    invoice_id = world.invoice(lines=lines, notes="\n".join(texts), po_number=texts[0])
    shown = alice.get(f"/s/{world.slug}/invoices/{invoice_id}").content.decode()
    for text in texts:
        assert html.escape(text) in shown.replace("&quot;", "&quot;"), text
    assert "<script>alert(1)" not in shown
    _, content = pdf_of(seller_id=world.seller_id, invoice_id=invoice_id)
    printed = squeezed("".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))
    for text in texts:
        assert squeezed(text) in printed, text
    assert "root:x:" not in printed
    with tenant.tx(world.seller_id, read_only=True):
        found = invoices.document(invoice_id)
    assert found.pay_url
    letter = render_email(
        found.content,
        kind="invoice",
        body="\n".join(texts),
        amount_minor=found.open_minor,
        pay_url=found.pay_url,
        due_on=found.due_on,
    )
    assert "<script>alert(1)" not in letter.html
    for text in texts:
        assert squeezed(html.escape(text, quote=False)) in squeezed(
            letter.html.replace("&quot;", '"').replace("&#x27;", "'").replace("&#39;", "'")
        ), text
        assert squeezed(text) in squeezed(letter.text), text
    page = Client().get("/p/" + found.pay_url.rsplit("/", 1)[1])
    assert page.status_code == 200
    assert b"<script>alert(1)" not in page.content
    assert html.escape(texts[0]) in page.content.decode()


def squeezed(text: str) -> str:
    """Without white space, which a line break may have replaced, and with plain quotes."""
    return re.sub("[\\s\u00ad\u200b]+", "", text)


def test_ids_of_nothing_and_of_others_in_hidden_fields(world: World, alice: Client, outsider: World) -> None:
    """An id that a form carries may belong to somebody else: nothing of theirs changes, and no page breaks."""
    outsider.now = clock.now()
    outsider.today = outsider.now.date()
    draft, issued = outsider.draft(), outsider.invoice()
    base, before = f"/s/{world.slug}", row_print(outsider.seller_id)
    for foreign in (str(draft), str(issued), str(outsider.nora), str(outsider.rates["standard"]), str(uuid4()), "x"):
        customer = form_at(alice, f"{base}/customers/new", "customer_id").found
        editor = {
            "customer": str(world.nora), "currency": "EUR", "terms": "14", "description": "Thing", "quantity": "1", "price": "10",
            "tax": str(world.rates["standard"]), "action": "save",
        }  # fmt: skip
        money = {"amount": "1", "currency": "EUR", "method": "cash", "received_on": world.today.isoformat()}
        tries = [
            ("customers/new", {**customer, "name": "X", "customer_id": foreign}),
            ("invoices/new", {**editor, "id": foreign}),
            ("invoices/new", {**editor, "id": str(new_id()), "customer": foreign}),
            ("invoices/new", {**editor, "id": str(new_id()), "tax": foreign}),
            ("invoices/bulk", {"id": foreign, "action": "issue"}),
            ("invoices/bulk", {"id": foreign, "action": "mark-sent"}),
            ("payments/new", {**money, "customer": str(world.nora), "payment_id": foreign}),
            ("payments/new", {**money, "customer": foreign, "payment_id": str(new_id())}),
            (
                "catalog/new",
                {"item_id": foreign, "code": f"c{foreign[-6:]}", "name": "n", "unit_price": "1", "currency": "EUR"},
            ),
            ("settings/taxes/new", {"made_id": foreign, "name": "n", "category": "S", "percent": "5"}),
            (
                "settings/banks",
                {"made_id": foreign, "holder": "h", "iban": "IE29AIBK93115212345678", "currency": "EUR"},
            ),
        ]
        if foreign != "x":
            tries.append((f"invoices/{foreign}/edit", editor))
        for place, given in tries:
            answer = alice.post(f"{base}/{place}", given)
            assert answer.status_code in {302, 404, 409, 422}, f"{place} with {given}: {answer.status_code}"
    assert changes(before, row_print(outsider.seller_id)) == []


@pytest.mark.parametrize("kind", ["invoice", "charge_failed"])
def test_r19_message_templates(world: World, alice: Client, kind: str) -> None:
    url = f"/s/{world.slug}/settings/templates/{kind}/en"
    world.invoice()
    assert check(alice, world, url, form_at(alice, url, 'id="template"'), {}) > 40
    for text in HOSTILE.values():
        given = {"subject": sendable(text), "body": sendable(text), "button": sendable(text)[:60]}
        looked = alice.post(f"{url}/preview", given)
        assert looked.status_code in {200, 422}
        assert b"<script>alert(1)" not in looked.content
        assert b"<img src=x" not in looked.content
        assert "sandbox" in looked["Content-Security-Policy"]
