"""Lists to choose from, in the reader's language."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import get_territory_currencies
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tallystick.pdf.formats import locale_for
from tallystick.sellers.roles import ROLES

Choices = list[tuple[str, str]]
_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})


def countries() -> Choices:
    """Return the countries by name."""
    return [("", ""), *_countries(locale_for(get_language() or "en"))]


@lru_cache(maxsize=8)
def _countries(locale: Locale) -> Choices:
    named = [(c, n) for c, n in locale.territories.items() if len(c) == 2 and c.isalpha() and c not in _NOT_COUNTRIES]
    return sorted(named, key=lambda pair: _plain(pair[1]))


def _plain(name: str) -> str:
    return name.casefold().translate(str.maketrans("åîâăéçș", "aiaaecs"))


def currencies() -> Choices:
    """Return the currencies in use, by code."""
    return _currencies(locale_for(get_language() or "en"))


@lru_cache(maxsize=8)
def _currencies(locale: Locale) -> Choices:
    used = {code for country, _name in _countries(locale) for code in get_territory_currencies(country)}
    return [(code, f"{code} · {locale.currencies.get(code, code)}") for code in sorted(used)]


def time_zones() -> Choices:
    """Return the places that name time zones."""
    zones = [
        z
        for z in sorted(available_timezones())
        if "/" in z and not z.startswith(("Etc/", "posix/", "right/", "SystemV/"))
    ]
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones)]


def languages() -> Choices:
    """Return the languages documents and pages exist in, each by its own name."""
    return [
        (code, (Locale.parse(code).get_display_name(code) or code).capitalize()) for code, _name in settings.LANGUAGES
    ]


def terms() -> Choices:
    """Return the usual payment terms, keyed `kind:days`."""
    return [
        ("net:0", _("At once")),
        ("net:7", _("7 days")),
        ("net:14", _("14 days")),
        ("net:21", _("21 days")),
        ("net:30", _("30 days")),
        ("net:45", _("45 days")),
        ("net:60", _("60 days")),
        ("end_of_month:0", _("End of the month")),
        ("end_of_month:15", _("15 days after the end of the month")),
        ("end_of_month:30", _("30 days after the end of the month")),
    ]


def terms_key(stored: object) -> str:
    """Return the key of stored terms, `own` for some that aren't in the list, empty for none."""
    if not isinstance(stored, dict) or not stored:
        return ""
    key = f"{stored.get('kind', 'net')}:{stored.get('days', 0)}"
    plain = set(stored) <= {"kind", "days"}
    return key if plain and key in dict(terms()) else "own"


def read_terms_key(key: str) -> dict[str, object]:
    """Return the terms behind a key of the list."""
    kind, _colon, days = key.partition(":")
    return {"kind": kind, "days": int(days)}


def roles() -> Choices:
    """Return the roles, with what each is for."""
    named = {
        "admin": _("Administrator: everything, people and settings too"),
        "sales_manager": _("Sales manager: sell, cancel, catalog, payments"),
        "accountant": _("Accountant: sell, payments, the ledger"),
        "sales_allocations": _("Sales with payments: sell, record and match money"),
        "sales": _("Sales: write and send invoices"),
        "cashier": _("Cashier: record payments"),
        "collector": _("Collector: record payments on the road"),
        "read_only": _("Read only: see everything, change nothing"),
    }
    return [(role, named[role]) for role in named if role in ROLES]


def role_name(role: str) -> str:
    """Return a role's short name."""
    return dict(roles()).get(role, role).split(":")[0]


def tax_categories() -> Choices:
    """Return the kinds of tax rates (EN 16931, UNCL5305) in plain words."""
    return [
        ("S", _("Standard: a normal or reduced rate")),
        ("Z", _("Zero rate")),
        ("E", _("Exempt")),
        ("AE", _("Reverse charge: the buyer pays it")),
        ("K", _("To another EU country")),
        ("G", _("Export out of the EU")),
        ("O", _("Outside the scope of the tax")),
        ("L", _("Canary Islands (IGIC)")),
        ("M", _("Ceuta and Melilla (IPSI)")),
    ]


def methods() -> Choices:
    """Return the ways money arrives by hand."""
    return [
        ("transfer", _("Bank transfer")),
        ("cash", _("Cash")),
        ("cheque", _("Cheque")),
        ("card_machine", _("Card machine")),
    ]
