"""The editor's form: rows of text in, a draft or messages at the fields out. What was typed is always kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from tallystick.catalog.models import TaxRate
from tallystick.core.errors import CoreError
from tallystick.core.money import split, to_minor
from tallystick.core.totals import Totals
from tallystick.invoices.draft import Draft, DraftAdjustment, DraftLine
from tallystick.invoices.pricing import price_draft
from tallystick.staff.forms.ids import read_id
from tallystick.staff.forms.numbers import BadNumber, is_sum, plain_number, read_number
from tallystick.staff.forms.terms import CUSTOM, KEPT, PLAN, is_preset, terms_of
from tallystick.staff.forms.text import tidy_text
from tallystick.staff.forms.typed import to_minor_exactly

MOST_LINES = 500
MOST_PARTS = 60
LINE_FIELDS = ("item", "description", "detail", "quantity", "unit", "price", "discount", "tax")
ADJUSTMENT_FIELDS = ("adj_label", "adj_kind", "adj_value", "adj_tax")
CURRENCIES = ("EUR", "RON", "USD", "GBP", "CHF", "PLN", "HUF", "CZK", "SEK", "NOK", "DKK", "CAD", "AUD", "JPY")
EVERY_RATE = ""


@dataclass
class Row:
    """One row as typed, with the messages at its fields. `net_minor` is what it comes to."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    net_minor: int | None = None

    def __getattr__(self, name: str) -> str:
        """Let templates read `row.price`."""
        if name in {"values", "errors"}:
            raise AttributeError(name)
        return self.values.get(name, "")


@dataclass
class InvoiceForm:
    """Everything typed into the editor. `draft` is set when nothing is wrong."""

    id: UUID
    version: int | None
    values: dict[str, str]
    rows: list[Row]
    adjustments: list[Row]
    errors: dict[str, str] = field(default_factory=dict)
    totals: Totals | None = None
    draft: Draft | None = None
    """What could be read, even while something else is wrong."""

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return not self.errors and not any(row.errors for row in (*self.rows, *self.adjustments))

    @property
    def wrong(self) -> int:
        """How many fields have a message."""
        return len(self.errors) + sum(len(row.errors) for row in (*self.rows, *self.adjustments))


def typed_form(posted: QueryDict, *, draft_id: UUID) -> InvoiceForm:
    """Take what was posted, as text."""
    names = (
        "customer",
        "currency",
        "terms",
        "days",
        "plan",
        "issue_on",
        "delivered_on",
        "po_number",
        "notes",
        "terms_note",
    )
    version = posted.get("version", "")
    return InvoiceForm(
        id=draft_id,
        version=int(version) if version.isdigit() and len(version) < 9 else None,
        values={name: tidy_text(posted.get(name)) for name in names},
        rows=list(_rows(posted, LINE_FIELDS)),
        adjustments=[row for row in _rows(posted, ADJUSTMENT_FIELDS) if row.adj_label or row.adj_value],
    )


def _rows(posted: QueryDict, names: Sequence[str]) -> Iterator[Row]:
    columns = [posted.getlist(name) for name in names]
    for cells in zip_longest(*columns, fillvalue=""):
        yield Row({name: tidy_text(cell) for name, cell in zip(names, cells, strict=True)})


def is_blank(row: Row) -> bool:
    """Whether a row of the grid holds nothing yet; the tax and a quantity of 1 are only suggestions."""
    return not (row.item or row.description or row.price or row.discount) and row.quantity in ("", "1")


def read_draft(
    form: InvoiceForm, *, rates: Sequence[TaxRate], language: str, kept_terms: Mapping[str, Any], base: Draft | None
) -> Draft | None:
    """Return the draft that was typed and its totals on the form, or None with a message at each wrong field.

    Inside `tenant.tx`. `base` is the draft as stored, for what the form doesn't show (its kind, what it credits).
    """
    known = {str(rate.id): rate.id for rate in rates}
    typed = [(row, _line(row, known)) for row in form.rows if not is_blank(row)]
    if len(typed) > MOST_LINES:
        form.errors["lines"] = _("500 lines are the most. Split the invoice in two.")
    lines = tuple(line for _row, line in typed if line)
    values = form.values
    customer_id = read_id(values["customer"])
    if customer_id is None:
        form.errors["customer"] = _("Choose who gets the invoice.")
    if not re.fullmatch("[A-Za-z]{3}", values["currency"]):
        form.errors["currency"], values["currency"] = _("Choose a currency."), CURRENCIES[0]
        return None
    for name, most in (("po_number", 60), ("notes", 5000), ("terms_note", 2000)):
        if len(values[name]) > most:
            form.errors[name] = _("%(most)d characters are the most.") % {"most": most}
    draft = Draft(
        id=form.id,
        customer_id=customer_id or UUID(int=0),
        currency=values["currency"].upper(),
        language=base.language if base and base.customer_id == customer_id else language,
        lines=lines,
        kind=base.kind if base else "invoice",
        credits_id=base.credits_id if base else None,
        po_number=values["po_number"],
        delivered_on=_date(form, "delivered_on"),
        issue_on=_date(form, "issue_on"),
        notes=values["notes"],
        terms=_terms(form, language, kept_terms),
        terms_note=values["terms_note"],
    )
    return _priced(form, draft, [row for row, line in typed if line], known, rates)


def _priced(
    form: InvoiceForm, draft: Draft, rows: Sequence[Row], known: Mapping[str, UUID], rates: Sequence[TaxRate]
) -> Draft | None:
    try:
        plain = price_draft(draft)
        adjustments = _adjustments(form, draft, plain, known, rates)
        draft = replace(draft, adjustments=adjustments)
        form.draft, form.totals = draft, price_draft(draft)
    except CoreError:
        form.errors["lines"] = _("These amounts are more than an invoice can hold.")
        return None
    for row, amounts in zip(rows, form.totals.lines if form.totals else (), strict=True):
        row.net_minor = amounts.net_minor
    return draft if form.is_good else None


def _line(row: Row, known: Mapping[str, UUID]) -> DraftLine | None:
    quantity = _number(row, "quantity", default=Decimal(1))
    price = _number(row, "price", default=Decimal(0), least=Decimal(0))
    discount = _number(row, "discount", default=Decimal(0), least=Decimal(0), most=Decimal(100))
    if not row.description:
        row.errors["description"] = _("Say what it is.")
    for name, most in (("description", 2000), ("detail", 2000), ("item", 40), ("unit", 20)):
        if len(row.values.get(name, "")) > most:
            row.errors[name] = _("%(most)d characters are the most.") % {"most": most}
    if row.tax not in known:
        row.errors["tax"] = _("Choose a tax rate.")
    if row.errors or quantity is None or price is None or discount is None:
        return None
    return DraftLine(
        description=row.description,
        quantity=quantity,
        unit_price=price,
        tax_rate_id=known[row.tax],
        item_code=row.item,
        detail=row.detail,
        unit=row.unit,
        discount_percent=discount,
    )


def _number(
    row: Row, name: str, *, default: Decimal, least: Decimal | None = None, most: Decimal | None = None
) -> Decimal | None:
    """Read one cell; a sum is replaced by what it comes to. A message goes to the cell."""
    typed = row.values.get(name, "")
    if not typed:
        return default
    try:
        value = read_number(typed.rstrip("%") if name == "discount" else typed)
    except BadNumber as error:
        row.errors[name] = str(error)
        return None
    if least is not None and value < least:
        row.errors[name] = _("Below zero. Make the quantity negative.") if name == "price" else _("0 is the least.")
        return None
    if most is not None and value > most:
        row.errors[name] = _("100% is the most.")
        return None
    if is_sum(typed):
        row.values[name] = plain_number(value)
    return value


def _adjustments(
    form: InvoiceForm, draft: Draft, plain: Totals | None, known: Mapping[str, UUID], rates: Sequence[TaxRate]
) -> tuple[DraftAdjustment, ...]:
    """Turn each row into one adjustment, or one for each rate on the document when it is for all of them."""
    found: list[DraftAdjustment] = []
    nets: dict[UUID, int] = {}
    for line, amounts in zip(draft.lines, plain.lines if plain else (), strict=True):
        nets[line.tax_rate_id] = nets.get(line.tax_rate_id, 0) + amounts.net_minor
    for row in form.adjustments:
        percent = row.adj_value.endswith("%")
        value = _adjustment_value(row, percent=percent)
        if value is None:
            continue
        if len(row.adj_label) > 200:
            row.errors["adj_label"] = _("%(most)d characters are the most.") % {"most": 200}
            continue
        is_charge = row.adj_kind == "charge"
        label = row.adj_label or (_("Surcharge") if is_charge else _("Discount"))
        own = [known[row.adj_tax]] if row.adj_tax in known else list(nets) or [rate.id for rate in rates[:1]]
        if percent:
            found += [DraftAdjustment(label, is_charge, rate_id, percent=value) for rate_id in own]
            continue
        shares = split(to_minor(value, draft.currency), [max(nets.get(rate_id, 0), 0) for rate_id in own])
        found += [
            DraftAdjustment(label, is_charge, rate_id, amount_minor=share)
            for rate_id, share in zip(own, shares, strict=True)
            if share or len(own) == 1
        ]
    return tuple(found)


def _adjustment_value(row: Row, *, percent: bool) -> Decimal | None:
    try:
        value = read_number(row.adj_value.rstrip("%"))
    except BadNumber as error:
        row.errors["adj_value"] = str(error)
        return None
    if value < 0:
        row.errors["adj_value"] = _("0 is the least. Choose Discount or Surcharge beside it.")
        return None
    if percent and value > 100 and row.adj_kind != "charge":
        row.errors["adj_value"] = _("100% is the most.")
        return None
    return value


def _terms(form: InvoiceForm, language: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    preset, days = form.values["terms"] or KEPT, 0
    if not is_preset(preset):
        form.errors["terms"] = _("Choose when it is due.")
        return {}
    if preset == CUSTOM:
        typed = form.values["days"]
        days = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else -1
        if not 0 <= days <= 730:
            form.errors["days"] = _("Give a number of days from 0 to 730.")
            return {}
    parts = _parts(form) if preset == PLAN else ()
    return terms_of(preset, days=days, kept=kept, language=language, parts=parts)


def _parts(form: InvoiceForm) -> list[tuple[str, int]]:
    """Read a line per part: a date, then an amount."""
    parts = []
    for line in form.values["plan"].strip().splitlines()[:MOST_PARTS]:
        day, _space, amount = line.strip().partition(" ")
        try:
            on, value = date.fromisoformat(day), read_number(amount)
            minor = to_minor_exactly(value, form.values["currency"])
        except (ValueError, ValidationError):
            form.errors["plan"] = _("“%(line)s” isn't a day and an amount. Write it like 2026-12-31 1500.") % {
                "line": line.strip()[:40]
            }
            return []
        if minor <= 0:
            form.errors["plan"] = _("Each amount is above zero.")
            return []
        parts.append((on.isoformat(), minor))
    if not parts:
        form.errors["plan"] = _("Write a line for each part: the day, then the amount.")
    return parts


def _date(form: InvoiceForm, name: str) -> date | None:
    typed = form.values[name]
    if not typed:
        return None
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        form.errors[name] = _("There is no such day. Try 2026-11-30.")
        return None
    if not 2000 <= found.year <= 2100:
        form.errors[name] = _("Check the year.")
        return None
    return found
