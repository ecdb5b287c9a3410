"""The bank QR of the European Payments Council (EPC069-12, version 002): a SEPA credit transfer, ready to confirm."""

from __future__ import annotations

import re
from decimal import Decimal

from stdnum import iban as iban_rules
from stdnum import iso11649
from stdnum.exceptions import ValidationError

SEPA = frozenset(
    re.findall(
        "..",
        "ADALATBEBGCHCYCZDEDKEEESFIFRGBGIGRHRHUIEISITLILTLULVMCMDMEMKMTNLNOPLPTRORSSESISKSMVA",
    )
)
"""The countries (as an IBAN starts) whose banks take SEPA credit transfers."""

_MOST = Decimal("999999999.99")
_LIMIT_BYTES = 331


def is_sepa(iban: str) -> bool:
    """Whether the IBAN is well formed and its country is in the SEPA area."""
    try:
        return str(iban_rules.validate(iban, check_country=False))[:2] in SEPA
    except ValidationError:
        return False


def epc_text(*, holder: str, iban: str, bic: str, amount: Decimal, reference: str, message: str) -> str | None:
    """What the code holds, or None when such a transfer can't be written as one.

    `amount` is in euros. `reference` goes in as the structured creditor reference when it is a valid RF reference
    (ISO 11649); otherwise `message` goes in as free text, for the two exclude each other.
    """
    name = " ".join(holder.split())[:70]
    if not name or not is_sepa(iban) or not Decimal("0.01") <= amount <= _MOST:
        return None
    structured = str(iso11649.compact(reference)) if iso11649.is_valid(reference) else ""
    free = "" if structured else " ".join((message or reference).split())[:140]
    fields = [
        "BCD",
        "002",
        "1",
        "SCT",
        "".join(bic.split()).upper(),
        name,
        str(iban_rules.compact(iban)),
        f"EUR{amount:.2f}",
        "",
        structured,
        free,
    ]
    while not fields[-1]:
        fields.pop()
    text = "\n".join(fields)
    return text if len(text.encode()) <= _LIMIT_BYTES else None
