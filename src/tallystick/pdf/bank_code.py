"""The bank QR on its own, for pages: the same code as on the PDF."""

from __future__ import annotations

from decimal import Decimal

import segno

from tallystick.pdf._epc import epc_text
from tallystick.pdf._qr import qr_svg


def transfer_svg(*, holder: str, iban: str, bic: str, amount: Decimal, reference: str) -> str:
    """Return the EPC code of a euro transfer as SVG text, or nothing when such a transfer can't be written as one."""
    text = epc_text(holder=holder, iban=iban, bic=bic, amount=amount, reference=reference, message=reference)
    try:
        return qr_svg(text, bank=True) if text else ""
    except segno.DataOverflowError:
        return ""
