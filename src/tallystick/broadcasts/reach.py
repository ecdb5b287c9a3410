"""How each customer is reached, and why somebody isn't: no address, silenced, unsubscribed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tallystick.broadcasts.models import Unsubscribed
from tallystick.customers.queries import all_addresses_for_documents
from tallystick.messages.outcomes import silenced
from tallystick.texting.numbers import reaches_of

EMAIL, SMS = "email", "sms"
REASONS = ("no_address", "no_mobile", "silenced", "unsubscribed", "same_address")


@dataclass(frozen=True, slots=True)
class Way:
    """One customer by one way: the address or number, and why nothing goes there (a stable word, empty when it does)."""

    customer_id: UUID
    channel: str
    address: str
    reason: str = ""


def ways_to(customer_ids: Sequence[UUID], *, by_email: bool, by_sms: bool, is_transactional: bool) -> list[Way]:
    """Return how each customer is reached, in their order, the email first. Inside `tenant.tx`; six queries at most.

    An address or a number that several customers share gets it once.
    """
    typed: list[tuple[UUID, str, str]] = []
    emails = all_addresses_for_documents(customer_ids) if by_email else {}
    numbers = reaches_of(customer_ids) if by_sms else {}
    for customer_id in customer_ids:
        if by_email:
            recipients, _copies = emails.get(customer_id, ([], []))
            typed.append((customer_id, EMAIL, recipients[0].lower() if recipients else ""))
        if by_sms:
            typed.append((customer_id, SMS, numbers[customer_id].number if customer_id in numbers else ""))
    closed = _closed({address for _who, _how, address in typed if address}, is_transactional)
    taken: set[str] = set()
    return [_way(one, closed, taken) for one in typed]


def _way(typed: tuple[UUID, str, str], closed: Mapping[str, str], taken: set[str]) -> Way:
    customer_id, channel, address = typed
    if not address:
        return Way(customer_id, channel, "", "no_address" if channel == EMAIL else "no_mobile")
    reason = closed.get(address) or ("same_address" if address in taken else "")
    taken.add(address)
    return Way(customer_id, channel, address, reason)


def _closed(addresses: set[str], is_transactional: bool) -> dict[str, str]:
    gone = {} if is_transactional else dict.fromkeys(unsubscribed(addresses), "unsubscribed")
    return {**gone, **dict.fromkeys(silenced(addresses), "silenced")}


def unsubscribed(addresses: set[str]) -> set[str]:
    """Return those of the addresses, in lower case, that get no broadcasts any more. Inside `tenant.tx`; one query."""
    return set(Unsubscribed.objects.filter(address__in=addresses).values_list("address", flat=True))


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages will go by each way, and how many won't, by reason."""

    emails: int
    texts: int
    left_out: Mapping[str, int]


def count_ways(ways: Sequence[Way]) -> Count:
    """Return how many messages that are."""
    going = Counter(way.channel for way in ways if not way.reason)
    return Count(going[EMAIL], going[SMS], Counter(way.reason for way in ways if way.reason))
