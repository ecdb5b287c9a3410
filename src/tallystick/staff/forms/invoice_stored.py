"""A stored draft as it would have been typed, for the editor to start from."""

from __future__ import annotations

from tallystick.core.money import to_decimal
from tallystick.invoices.draft import Draft
from tallystick.staff.forms.invoice import EVERY_RATE, InvoiceForm, Row
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.terms import CUSTOM, PLAN, preset_of


def _typed_parts(draft: Draft) -> str:
    """The parts as they would have been typed."""
    return "\n".join(
        f"{on} {plain_number(to_decimal(minor, draft.currency))}" for on, minor in draft.terms.get("parts") or ()
    )


def form_of(draft: Draft, *, version: int | None) -> InvoiceForm:
    """Return a stored draft as it would have been typed."""
    preset = preset_of(draft.terms)
    rows = [
        Row(
            {
                "item": line.item_code,
                "description": line.description,
                "detail": line.detail,
                "quantity": plain_number(line.quantity),
                "unit": line.unit,
                "price": plain_number(line.unit_price),
                "discount": plain_number(line.discount_percent) if line.discount_percent else "",
                "tax": str(line.tax_rate_id),
            }
        )
        for line in draft.lines
    ]
    return InvoiceForm(
        id=draft.id,
        version=version,
        values={
            "customer": str(draft.customer_id),
            "currency": draft.currency,
            "terms": preset,
            "days": str(draft.terms.get("days", "")) if preset == CUSTOM else "",
            "plan": _typed_parts(draft) if preset == PLAN else "",
            "issue_on": draft.issue_on.isoformat() if draft.issue_on else "",
            "delivered_on": draft.delivered_on.isoformat() if draft.delivered_on else "",
            "po_number": draft.po_number,
            "notes": draft.notes,
            "terms_note": draft.terms_note,
        },
        rows=rows,
        adjustments=_gathered(draft),
    )


def _gathered(draft: Draft) -> list[Row]:
    """Put adjustments that were spread over all rates together again."""
    every = {line.tax_rate_id for line in draft.lines}
    rows: list[Row] = []
    waiting = list(draft.adjustments)
    while waiting:
        first = waiting[0]
        same = [
            a for a in waiting if (a.label, a.is_charge, a.percent) == (first.label, first.is_charge, first.percent)
        ]
        spread = (
            same
            if len(same) > 1
            and {a.tax_rate_id for a in same} <= every
            and len(same) == len({a.tax_rate_id for a in same})
            else [first]
        )
        waiting = [a for a in waiting if a not in spread]
        is_all = len(spread) > 1 or every == {first.tax_rate_id}
        amount = sum(a.amount_minor or 0 for a in spread)
        value = (
            f"{plain_number(first.percent)}%"
            if first.percent is not None
            else plain_number(to_decimal(amount, draft.currency))
        )
        rows.append(
            Row(
                {
                    "adj_label": first.label,
                    "adj_kind": "charge" if first.is_charge else "discount",
                    "adj_value": value,
                    "adj_tax": EVERY_RATE if is_all else str(first.tax_rate_id),
                }
            )
        )
    return rows
