"""How money came or went back, in words for people."""

from __future__ import annotations

from django.utils.translation import gettext as _


def way_words(method: str, label: str = "") -> str:
    """Return what a way to pay is called, in the active language: the card's own label where the gateway gave one."""
    return label or {
        "transfer": _("Bank transfer"),
        "cash": _("Cash"),
        "cheque": _("Cheque"),
        "card_machine": _("Card machine"),
        "gateway": _("Online"),
    }.get(method, method)
