"""What the payment form says: how much, by which way, and which attempt it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from tallystick.base.ids import new_id
from tallystick.pay.amounts import read_amount
from tallystick.pay.door import Counter
from tallystick.pdf import formats


@dataclass(frozen=True, slots=True)
class Wish:
    """What the payer asked for. `amount_minor` is what the page showed on the button, or what they typed."""

    amount_minor: int
    way_id: UUID
    attempt_id: UUID
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why the form can't be taken, and what was typed. `why`: other, amount, way, page."""

    why: str
    typed: str = ""

    @property
    def query(self) -> dict[str, str]:
        """How it travels to the page that shows it, so that Back and reload never send a form again."""
        return {"why": self.why, **({"other": self.typed} if self.typed else {})}


def _signer(invoice_id: UUID) -> Signer:
    return Signer(salt=f"pay-attempt:{invoice_id}")


def new_attempt(invoice_id: UUID) -> str:
    """Return a fresh attempt id, signed for this invoice: one page is one attempt, however often one clicks."""
    return _signer(invoice_id).sign(str(new_id()))


def read_wish(posted: Mapping[str, str], counter: Counter) -> Wish | Mistake:
    """Read the form. The amount and the way are judged by `payments.start`; here only what can't be understood."""
    try:
        attempt_id = UUID(_signer(counter.page.id).unsign(posted.get("attempt", "")))
        way_id = UUID(posted.get("way", ""))
    except (BadSignature, ValueError):
        return Mistake("page")
    chosen = posted.get("amount", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) <= 15:
        return Wish(int(chosen), way_id, attempt_id)
    typed = posted.get("other", "")[:40]
    amount = read_amount(typed, counter.page.currency, counter.locale)
    return Wish(amount, way_id, attempt_id, typed) if amount else Mistake("other", typed)


def read_mistake(query: Mapping[str, str]) -> Mistake | None:
    """Return the mistake a redirect brought along, or None."""
    why = query.get("why", "")
    return Mistake(why, query.get("other", "")[:40]) if why in {"other", "amount", "way", "page"} else None


def explain(mistake: Mistake, counter: Counter) -> str:
    """Say what is wrong and what now."""
    page = counter.page
    if mistake.why == "other":
        least, most = (formats.money(m, page.currency, counter.locale) for m in (page.least_minor, page.open_minor))
        return _("Type an amount from %(least)s to %(most)s.") % {"least": least, "most": most}
    return {
        "amount": _("The amount changed since you opened this page. Nothing was charged."),
        "way": _("That way to pay isn’t on offer any more. Please choose another one."),
        "page": _("Nothing was charged. Please choose how to pay once more."),
    }[mistake.why]
