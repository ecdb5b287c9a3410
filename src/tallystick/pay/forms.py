"""What the payment form says: how much, by which way, and which attempt it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from tallystick.base.ids import new_id
from tallystick.pay.amounts import read_amount
from tallystick.pay.door import Counter
from tallystick.payments.page import Kept, PayPage
from tallystick.pdf import formats


@dataclass(frozen=True, slots=True)
class Wish:
    """What the payer asked for. `amount_minor` is what the page showed on the button, or what they typed.

    `method_id`: the kept card they chose, at `way_id`. `keeps`: they ticked that what they pay with is kept.
    """

    amount_minor: int
    way_id: UUID
    attempt_id: UUID
    typed: str = ""
    method_id: UUID | None = None
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why the form can't be taken, and what was typed. `why`: other, amount, way, page, consent."""

    why: str
    typed: str = ""

    @property
    def query(self) -> dict[str, str]:
        """How it travels to the page that shows it, so that Back and reload never send a form again."""
        return {"why": self.why, **({"other": self.typed} if self.typed else {})}


_WHYS = frozenset({"other", "amount", "way", "page", "consent"})


def _signer(invoice_id: UUID) -> Signer:
    return Signer(salt=f"pay-attempt:{invoice_id}")


def new_attempt(invoice_id: UUID) -> str:
    """Return a fresh attempt id, signed for this invoice: one page is one attempt, however often one clicks."""
    return _signer(invoice_id).sign(str(new_id()))


def read_wish(posted: Mapping[str, str], counter: Counter[PayPage]) -> Wish | Mistake:
    """Read the form. The amount and the way are judged by `payments.start`; here only what can't be understood."""
    try:
        attempt_id = read_attempt(posted, counter.page.id)
        way_id, method_id = read_way(posted, counter.page.methods)
    except (BadSignature, ValueError):
        return Mistake("page")
    keeps = method_id is None and bool(posted.get(f"keep-{way_id}"))
    chosen = posted.get("amount", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) <= 15:
        return Wish(int(chosen), way_id, attempt_id, "", method_id, keeps)
    typed = posted.get("other", "")[:40]
    amount = read_amount(typed, counter.page.currency, counter.locale)
    return Wish(amount, way_id, attempt_id, typed, method_id, keeps) if amount else Mistake("other", typed)


def read_attempt(posted: Mapping[str, str], row_id: UUID) -> UUID:
    """Return the attempt this page is for. Raises BadSignature, ValueError."""
    return UUID(_signer(row_id).unsign(posted.get("attempt", "")))


def read_way(posted: Mapping[str, str], methods: Sequence[Kept]) -> tuple[UUID, UUID | None]:
    """Return the way, and the kept method if one was chosen. Raises ValueError."""
    if "method" not in posted:
        return UUID(posted.get("way", "")), None
    wanted = UUID(posted["method"])
    for method in methods:
        if method.id == wanted:
            return method.way_id, wanted
    raise ValueError("no such method")


def read_mistake(query: Mapping[str, str]) -> Mistake | None:
    """Return the mistake a redirect brought along, or None."""
    why = query.get("why", "")
    return Mistake(why, query.get("other", "")[:40]) if why in _WHYS else None


def explain(mistake: Mistake, counter: Counter[PayPage]) -> str:
    """Say what is wrong and what now."""
    page = counter.page
    if mistake.why == "other":
        least, most = (formats.money(m, page.currency, counter.locale) for m in (page.least_minor, page.open_minor))
        return _("Type an amount from %(least)s to %(most)s.") % {"least": least, "most": most}
    return {
        "amount": _("The amount changed since you opened this page. Nothing was charged."),
        "way": _("That way to pay isn’t on offer any more. Please choose another one."),
        "page": _("Nothing was charged. Please choose how to pay once more."),
        "consent": _("Please tick that the rest may be charged later, or pay everything now. Nothing was charged."),
    }[mistake.why]
