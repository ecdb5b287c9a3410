"""Paying by bank transfer: what to type into a banking app, and the code that types it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe

from tallystick.core.money import to_decimal
from tallystick.pay.door import Counter
from tallystick.payments.page import PayPage
from tallystick.pdf.bank_code import transfer_svg


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer to make. `code` is the EPC QR as SVG, in euros only."""

    holder: str
    iban: str
    bic: str
    bank_name: str
    reference: str
    amount_minor: int
    code: SafeString


def transfer_details(counter: Counter[PayPage]) -> Transfer | None:
    """Return where to transfer what is open, or None when the document names no account."""
    page = counter.page
    banks = [bank for bank in page.content["seller"].get("banks") or () if bank.get("iban")]
    if not banks or page.open_minor <= 0:
        return None
    bank = next((bank for bank in banks if bank.get("currency") == page.currency), banks[0])
    iban = "".join(str(bank["iban"]).split())
    svg = ""
    if page.currency == "EUR":
        svg = transfer_svg(
            holder=str(bank["holder"]),
            iban=iban,
            bic=str(bank.get("bic") or ""),
            amount=Decimal(to_decimal(page.open_minor, "EUR")),
            reference=page.reference,
        )
    return Transfer(
        holder=str(bank["holder"]),
        iban=" ".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
        bic=str(bank.get("bic") or ""),
        bank_name=str(bank.get("bank_name") or ""),
        reference=page.reference,
        amount_minor=page.open_minor,
        code=mark_safe(svg),  # noqa: S308 - drawn by us, from checked fields
    )
