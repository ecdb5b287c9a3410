"""The structured creditor reference (ISO 11649) that lets a bank transfer find its invoice: RF18 5390 0754 7034."""

from __future__ import annotations

import re

from tallystick.core.errors import InvalidReference

MAX_BODY = 21
"""The longest reference behind RF and its two check digits."""

_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")
_REFERENCE = re.compile(r"RF[0-9]{2}([A-Z0-9]{1,21})")


def creditor_reference(text: str) -> str:
    """Return the RF reference for an invoice number: "LP-2026-00042" -> "RF..LP202600042".

    Keeps letters and digits of the English alphabet, in capitals. Two numbers that differ only in their punctuation
    share a reference. Raises InvalidReference if nothing is left, or more than 21: cut short, it could be another's.
    """
    body = _NOT_ALPHANUMERIC.sub("", text).upper()
    if not 1 <= len(body) <= MAX_BODY:
        raise InvalidReference(f"{text!r} leaves {len(body)} letters and digits; a reference holds 1 to {MAX_BODY}")
    return f"RF{98 - _mod_97(body + 'RF00'):02d}{body}"


def is_creditor_reference(text: str) -> bool:
    """Return whether `text` is an RF reference with the right check digits, spaced in any way, in any case."""
    compact = text.replace(" ", "").upper()
    match = _REFERENCE.fullmatch(compact)
    return match is not None and creditor_reference(match[1]) == compact


def _mod_97(text: str) -> int:
    """ISO/IEC 7064 MOD 97-10: letters count as 10 to 35."""
    return int("".join([str(int(character, 36)) for character in text])) % 97
