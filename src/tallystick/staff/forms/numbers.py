"""Numbers as people type them: `1.250,5`, `1,250.5`, `3*12`, `=4/2`."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation

from django.utils.translation import gettext as _

from tallystick.staff.words import reader_locale

_PART = re.compile(r"[0-9][0-9.,'’\s\u00a0\u202f]*|[0-9.,]+|[-+*/×x÷−()]")
_SPACES = str.maketrans("", "", " '’\u00a0\u202f")
_SIGNS = {"×": "*", "x": "*", "÷": "/", "−": "-"}
_MOST = Decimal(10) ** 12
_SIXTH = Decimal("0.000001")


class BadNumber(ValueError):
    """What was typed is no number; the message says what would be."""


def read_number(text: str) -> Decimal:
    """Return what was typed as a number of at most 12 digits and 6 decimals; simple sums are worked out. Raises BadNumber."""
    if len(text) > 60:
        raise BadNumber(_("That is too long for a number."))
    typed = text.strip().removeprefix("=").strip()
    parts = _PART.findall(typed)
    if not parts or "".join(parts).translate(_SPACES) != typed.translate(_SPACES):
        raise BadNumber(_("Use figures only, like 12 or 12.5."))
    try:
        value = _Sum([_SIGNS.get(part, part) for part in parts]).work_out()
    except (InvalidOperation, DivisionByZero, IndexError):
        raise BadNumber(_("This sum doesn't work out. Try 3*12.")) from None
    if abs(value) >= _MOST:
        raise BadNumber(_("That is more than an invoice can hold."))
    exact = value.quantize(_SIXTH, rounding=ROUND_HALF_UP)
    if len(parts) == 1 and exact != value:
        raise BadNumber(_("Six decimals are the most."))
    return exact.normalize() if exact else Decimal(0)


def is_sum(text: str) -> bool:
    """Return whether what was typed is a sum to work out rather than a number."""
    return bool(re.search(r"[=*/×x÷+]|\d\s*[-−]", text))


def plain_number(value: Decimal) -> str:
    """Return a number as it would be typed in the reader's language: no grouping, no trailing zeros."""
    text = f"{value.normalize():f}" if value else "0"
    return text.replace(".", str(reader_locale().number_symbols["latn"]["decimal"]))


class _Sum:
    """A sum being worked out: multiplication before addition, brackets first."""

    def __init__(self, parts: list[str]) -> None:
        self.parts = parts

    def work_out(self) -> Decimal:
        value = self.added()
        if self.parts:
            raise InvalidOperation
        return value

    def added(self) -> Decimal:
        value = self.multiplied()
        while self.parts and self.parts[0] in "+-":
            plus = self.parts.pop(0) == "+"
            more = self.multiplied()
            value = value + more if plus else value - more
        return value

    def multiplied(self) -> Decimal:
        value = self.single()
        while self.parts and self.parts[0] in "*/":
            times = self.parts.pop(0) == "*"
            by = self.single()
            value = value * by if times else value / by
        return value

    def single(self) -> Decimal:
        part = self.parts.pop(0)
        if part == "-":
            return -self.single()
        if part == "(":
            value = self.added()
            if self.parts.pop(0) != ")":
                raise InvalidOperation
            return value
        return _decimal(part)


def _decimal(text: str) -> Decimal:
    """Read one number: with both separators the last is the decimal one; a lone one is, unless it groups thousands here."""
    text = text.translate(_SPACES)
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:
        decimal = "." if point > comma else ","
    elif text.count(".") + text.count(",") > 1:
        decimal = ""
    else:
        decimal = "." if point >= 0 else ","
        own = str(reader_locale().number_symbols["latn"]["decimal"])
        if decimal != own and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", text):
            decimal = ""
    grouping = {".": ",", ",": ".", "": ".,"}[decimal]
    bare = "".join(c for c in text if c not in grouping)
    return Decimal(bare.replace(",", "."))
