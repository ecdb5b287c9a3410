"""Which open items a sum of money pays. Nothing is over-paid and nothing is lost: shares + rest = amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from tallystick.core.errors import InvalidAllocation, InvalidAmount, OverAllocated


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A due item and what it still owes (minor units)."""

    id: UUID
    due_on: date
    open_minor: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one item receives: minor units, above 0."""

    id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The shares, and the rest that stays the customer's unapplied credit (minor units)."""

    shares: tuple[Share, ...]
    rest_minor: int


def allocate(
    amount_minor: int, items: Sequence[OpenItem], *, first: Sequence[UUID] = (), spill: bool = False
) -> Allocation:
    """Give `amount_minor` to the `first` items in that order; with `spill`, go on with the oldest due, then by id.

    Money in is never refused: an id that isn't open any more is passed over, and what is left over is the rest.
    Raises InvalidAmount for a negative amount; InvalidAllocation if an item is listed twice.
    """
    if amount_minor < 0:
        raise InvalidAmount("a negative amount can't be allocated; reverse allocations instead")
    by_id = _by_id(items)
    queue = [by_id.pop(id_) for id_ in dict.fromkeys(first) if id_ in by_id]
    if spill:
        queue += sorted(by_id.values(), key=lambda item: (item.due_on, item.id))
    shares, rest_minor = [], amount_minor
    for item in queue:
        share_minor = min(rest_minor, item.open_minor)
        if share_minor > 0:
            shares.append(Share(item.id, share_minor))
            rest_minor -= share_minor
    return Allocation(tuple(shares), rest_minor)


def allocate_parts(amount_minor: int, parts: Sequence[tuple[int, Sequence[OpenItem]]]) -> Allocation:
    """Give each part up to its own amount, then what is over to any item that is still open, oldest due first.

    A part is (minor units, the items it is for). Money in is never refused: what nothing takes is the rest.
    """
    given: dict[UUID, int] = {}
    left_minor = amount_minor
    for part_minor, own in parts:
        shared = allocate(min(part_minor, left_minor), own, spill=True)
        given.update({share.id: share.amount_minor for share in shared.shares})
        left_minor -= sum(share.amount_minor for share in shared.shares)
    items = [item for _, own in parts for item in own]
    over = allocate(left_minor, [replace(i, open_minor=i.open_minor - given.get(i.id, 0)) for i in items], spill=True)
    more = {share.id: share.amount_minor for share in over.shares}
    totals = [(item.id, given.get(item.id, 0) + more.get(item.id, 0)) for item in items]
    return Allocation(tuple([Share(id_, minor) for id_, minor in totals if minor]), over.rest_minor)


def allocate_exact(wanted: Mapping[UUID, int], items: Sequence[OpenItem], *, amount_minor: int) -> Allocation:
    """Give each item exactly what staff typed (minor units; a 0 is dropped), in that order.

    Raises OverAllocated if a wish exceeds what its item owes (an unknown item owes nothing) or all wishes together
    exceed `amount_minor`; InvalidAmount for a negative; InvalidAllocation if an item is listed twice.
    """
    if min((amount_minor, *wanted.values())) < 0:
        raise InvalidAmount("a negative amount can't be allocated; reverse allocations instead")
    open_minor = {id_: item.open_minor for id_, item in _by_id(items).items()}
    for id_, wish_minor in wanted.items():
        if wish_minor > max(open_minor.get(id_, 0), 0):
            raise OverAllocated(f"{wish_minor} is more than {id_} owes")
    rest_minor = amount_minor - sum(wanted.values())
    if rest_minor < 0:
        raise OverAllocated(f"{-rest_minor} more is allocated than was received")
    return Allocation(tuple([Share(id_, wish) for id_, wish in wanted.items() if wish]), rest_minor)


def _by_id(items: Sequence[OpenItem]) -> dict[UUID, OpenItem]:
    by_id = {item.id: item for item in items}
    if len(by_id) != len(items):
        raise InvalidAllocation("an open item is listed twice")
    return by_id
