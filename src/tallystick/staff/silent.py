"""Addresses that nothing is sent to any more, said where somebody is about to write to one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.base.clock import business_date
from tallystick.customers.queries import next_contacts
from tallystick.messages.models import SilencedAddress
from tallystick.messages.silence import is_silent, silences, tidy_address, why_all_silent
from tallystick.staff.words import day_text

NOBODY_LEFT: Final = gettext_lazy("Nobody here is written to any more. Choose somebody else.")


@dataclass(frozen=True, slots=True)
class Silent:
    """An address nothing goes to: since when and why, and who could be written to instead, when there is somebody."""

    address: str
    text: str
    words: str
    instead: str


def silent_among(addresses: Iterable[str], customer_id: UUID | None, *, today: date, zone: str) -> list[Silent]:
    """Return those of the addresses that no document goes to. Inside `tenant.tx`; one query, three when there are some."""
    written = list(dict.fromkeys(addresses))
    quiet = silences(written)
    silent = [address for address in written if is_silent(address, quiet)]
    if not silent:
        return []
    taken = {address.lower() for address in written} | set(quiet)
    person = next_contacts([customer_id], without=taken).get(customer_id) if customer_id else None
    return [
        _told(address, quiet[tidy_address(address)], person.email if person else "", today, zone) for address in silent
    ]


def still_written_to(recipients: Sequence[str], copies: Sequence[str]) -> list[str]:
    """Return whom an email goes to: nobody when none of its recipients is left. Inside `tenant.tx`; one query."""
    quiet = silences([*recipients, *copies])
    if why_all_silent(recipients, quiet):
        return []
    return [one for one in (*recipients, *copies) if not is_silent(one, quiet)]


def _told(address: str, row: SilencedAddress, instead: str, today: date, zone: str) -> Silent:
    assert row.silenced_at
    given = {"address": address, "day": day_text(business_date(row.silenced_at, zone), today)}
    text = {
        "bounced": _("%(address)s bounced on %(day)s, so nothing is sent there."),
        "complained": _("%(address)s marked mail as spam on %(day)s, so nothing is sent there."),
        "stopped": _("%(address)s asked us to stop on %(day)s, so nothing is sent there."),
    }[row.reason]
    return Silent(address, text % given, row.words, instead)
