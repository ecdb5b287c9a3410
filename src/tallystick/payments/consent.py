"""What a customer agrees to when a card or account is kept, in the words they saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Consent:
    """The customer's agreement: the text they saw, and from which network address; `by` is staff who took it by phone.

    `autopay`: they also agreed that every coming invoice is charged to it when it is due.
    """

    text: str
    address: str = ""
    by: UUID | None = None
    autopay: bool = False

    def at(self, now: datetime) -> dict[str, Any]:
        """Return it as an attempt keeps it, given at `now`."""
        return {
            "text": self.text,
            "at": now.isoformat(),
            "address": self.address,
            "by": str(self.by) if self.by else "",
            "autopay": self.autopay,
        }


def consent_text(seller_name: str, language: str, *, autopay: bool = False, by_phone: bool = False) -> str:
    """Return the words of the consent in the customer's language: what will be shown beside the tick, and kept."""
    with translation.override(language):
        if by_phone:
            text = _(
                "The customer agreed by phone that %(seller)s keeps this payment method for payments they agree on."
            )
        elif autopay:
            text = _(
                "%(seller)s may keep this payment method and charge it for each invoice when it is due. "
                "I get a notice before each charge and can stop this at any time."
            )
        else:
            text = _(
                "%(seller)s may keep this payment method for payments I agree on. "
                "I get a notice before each automatic charge and can have it removed at any time."
            )
        return text % {"seller": seller_name}
