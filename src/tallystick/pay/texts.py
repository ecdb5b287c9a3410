"""The words of the payment page: what a state, an amount, a tax or a payment is called."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tallystick.core.status import days_overdue, status_of
from tallystick.pay.door import Counter
from tallystick.payments.consent import consent_text
from tallystick.payments.page import Choice, Kept, PayPage, Receipt, Try
from tallystick.payments.ways import way_words
from tallystick.pdf import formats
from tallystick.pdf.parties import tax_word


def badge_of(page: PayPage, on: date) -> tuple[str, str]:
    """Return the shape and the words of an open invoice's state."""
    state = status_of(page.facts, on=on)
    if state == "overdue":
        late = days_overdue(page.facts, on=on)
        return "overdue", ngettext("Overdue %(days)d day", "Overdue %(days)d days", late) % {"days": late}
    left = (page.due_on - on).days if page.due_on else 0
    if not left:
        return "due", _("Due today")
    words = ngettext("Due in %(days)d day", "Due in %(days)d days", left) % {"days": left}
    return ("due" if left <= 7 else "sent"), words


def choice_label(choice: Choice) -> str:
    """Name an amount on offer."""
    if choice.kind == "deposit":
        share = {"percent": choice.percent}
        return _("Pay the %(percent)d%% deposit") % share if choice.percent else _("Pay the deposit")
    if choice.kind == "instalment":
        return _("Pay instalment %(at)d of %(count)d") % {"at": choice.at, "count": choice.count}
    return {"due_now": _("Pay what is due now"), "full": _("Pay in full")}.get(choice.kind, _("Pay the next part"))


def schedule(page: PayPage, on: date) -> list[dict[str, Any]]:
    """Return the dated parts of an invoice that has several, each with its state."""
    if len(page.due) < 2:
        return []
    plain = [item for item in page.due if item.kind == "instalment"]
    names = {"deposit": _("Deposit"), "balance": pgettext("last part of an invoice", "Balance")}
    rows = []
    for item in page.due:
        name = names.get(item.kind) or _("%(at)s of %(count)s") % {"at": plain.index(item) + 1, "count": len(plain)}
        state = _part_state(item, on)
        rows.append({"due_on": item.due_on, "name": name, "amount_minor": item.amount_minor, "state": state})
    return rows


def _part_state(item: Any, on: date) -> tuple[str, str]:
    if item.open_minor <= 0:
        return "paid", _("Paid")
    if item.due_on < on:
        return "overdue", _("Overdue")
    if item.open_minor < item.amount_minor:
        return "part", _("Part paid")
    return ("due", _("Due today")) if item.due_on == on else ("sent", _("To come"))


def planned(counter: Counter[PayPage]) -> list[str]:
    """Say what will be charged later by itself: a sentence each, and whether the customer still has to agree."""
    page, locale, said = counter.page, counter.locale, []
    for plan in page.plans:
        sum_ = formats.money(plan.amount_minor, page.currency, locale)
        if plan.trigger == "event":
            said.append(_("%(amount)s will be charged when the work is complete.") % {"amount": sum_})
        elif plan.charge_on:
            day = formats.day(plan.charge_on, locale)
            said.append(_("%(amount)s will be charged on %(day)s.") % {"amount": sum_, "day": day})
    return said


def agreed(counter: Counter[PayPage]) -> str:
    """Return the words of the consent: the plan the customer saw, and what keeping a card means."""
    plan = planned(counter) if counter.page.proposed else []
    return " ".join([*plan, consent_text(counter.page.seller_name, counter.language)])


def method_name(kept: Kept) -> str:
    """Name a kept card or account: Visa ···· 4242."""
    return f"{kept.brand} ···· {kept.last4}" if kept.last4 else kept.brand


def document_texts(counter: Counter[PayPage]) -> dict[str, Any]:
    """Return the words around the document: the tax's name, tax rows, payments so far, the small print."""
    content, page = counter.page.content, counter.page
    customer = content["customer"]
    return {
        "tax_word": tax_word(content["seller"]),
        "tax_rows": [{"label": _tax_label(tax, counter), "minor": tax["tax_minor"]} for tax in content["taxes"]],
        "tax_notes": list(dict.fromkeys(tax["note"] for tax in content["taxes"] if tax.get("note"))),
        "adjustments": [
            {"label": a["label"], "minor": a["amount_minor"] if a["is_charge"] else -a["amount_minor"]}
            for a in content["adjustments"]
        ],
        "payments": [{"receipt": r, "how": how_paid(r), "minus": -r.amount_minor} for r in page.receipts],
        "billed_to": [line for line in (_attention(customer), *customer.get("address", ())) if line],
    }


def _attention(customer: dict[str, Any]) -> str:
    return _("Attn. %(name)s") % {"name": customer["attention"]} if customer.get("attention") else ""


def _tax_label(tax: dict[str, Any], counter: Counter[PayPage]) -> str:
    page, locale = counter.page, counter.locale
    label = str(tax.get("label") or "")
    if not any(letter.isalpha() for letter in label):
        label = f"{tax_word(page.content['seller'])} {formats.percent(str(tax['percent']), locale)}"
    taxable = formats.money(tax["taxable_minor"], page.currency, locale)
    return _("%(tax)s on %(amount)s") % {"tax": label, "amount": taxable}


def how_paid(receipt: Receipt) -> str:
    """Say how money came: the card's own label, else the way in a word."""
    if receipt.is_credit:
        return _("Credit note %(number)s") % {"number": receipt.number}
    return way_words(receipt.method, receipt.label)


def declined(attempt: Try, *, has_bank: bool) -> dict[str, str]:
    """Say that a payment was refused, that nothing was charged, and what to try."""
    if not attempt.has_ref:
        title = _("This way to pay isn’t working right now.")
        return {"tone": "bad", "title": title, "text": _("Nothing was charged. Try another way, or try again later.")}
    if attempt.decline_class == "try_later":
        text = _("Nothing was charged. Try another card, or this one again later.")
    elif has_bank:
        text = _("Nothing was charged. Try another card, or pay by bank transfer.")
    else:
        text = _("Nothing was charged. Try another card.")
    return {"tone": "bad", "title": _("Your bank declined this card."), "text": text}


def left() -> dict[str, str]:
    """Say that leaving the provider's page cost nothing."""
    text = _("Nothing was charged. You can choose again here.")
    return {"tone": "info", "title": _("That payment was closed."), "text": text}


def most_of(most: str) -> str:
    """Say which amounts can be paid."""
    return _("Type an amount up to %(most)s. Nothing was charged.") % {"most": most}


def tick_one() -> str:
    """Say that nothing was ticked."""
    return _("Tick at least one invoice. Nothing was charged.")


def being_paid() -> str:
    """Say that one of the invoices is being paid this minute."""
    return _("One of these invoices is being paid at this moment, perhaps in another window. Nothing was charged here.")


def once_more() -> str:
    """Ask to choose again."""
    return _("Nothing was charged. Please choose how to pay once more.")
