"""The sandbox's answers are read strictly: what has an odd piece anywhere is no answer at all."""

from __future__ import annotations

import copy
from collections.abc import Callable
from uuid import UUID

import pytest

from tallystick.gateways.providers.sandbox import _answers

ATTEMPT, REFUND = UUID(int=1), UUID(int=2)
AT = "2026-11-27T12:00:00+00:00"
Object = dict[str, object]


def refund() -> Object:
    return {
        "ref": "re_1", "refund_id": str(REFUND), "status": "succeeded", "amount_minor": 5,
        "currency": "EUR", "at": AT,
    }  # fmt: skip


def charge() -> Object:
    dispute = {
        "ref": "dp_1", "status": "needs_response", "amount_minor": 5, "currency": "EUR", "reason": "fraudulent", "at": AT,
        "evidence_due_at": AT,
    }  # fmt: skip
    return {
        "ref": "ch_1", "amount_minor": 9, "currency": "EUR", "at": AT,
        "method_label": "Visa", "refunds": [refund()], "disputes": [dispute],
    }  # fmt: skip


def session() -> Object:
    method = {
        "ref": "pm_1", "customer": "cus_1", "kind": "card", "brand": "Visa", "last4": "4242", "expiry_month": 12,
        "expiry_year": 2034,
    }  # fmt: skip
    return {
        "ref": "cs_1", "client_reference": str(ATTEMPT), "status": "paid", "expires_at": AT,
        "decline": None, "charges": [charge()], "saved_method": method,
    }  # fmt: skip


def movements() -> Object:
    line = {
        "ref": "txn_1", "kind": "charge", "amount_minor": 9, "fee_minor": 1, "currency": "EUR", "at": AT,
        "source": "ch_1", "charge": "ch_1", "payout": None,
    }  # fmt: skip
    payout = {
        "kind": "payout", "amount_minor": -8, "currency": "EUR", "payout": "po_1", "state": "paid",
        "arrives_on": "2026-11-29",
    }  # fmt: skip
    return {"movements": [line, payout], "cursor": ""}


READERS: dict[str, tuple[Object, Callable[[Object], object]]] = {
    "session": (session(), lambda answer: _answers.read_session(answer, ATTEMPT)),
    "refund": (
        refund() | {"charge": "ch_1", "message": ""},
        lambda answer: _answers.read_refund(answer, REFUND, "ch_1"),
    ),
    "charges": ({"charges": [charge() | {"client_reference": str(ATTEMPT)}], "cursor": ""}, _answers.read_charges),
    "settlements": (movements(), _answers.read_settlements),
    "balances": ({"balances": {"EUR": -5}}, _answers.read_balances),
    "removal": ({"ref": "pm_1", "is_removed": True}, lambda answer: _answers.read_removal(answer, "pm_1")),
}
FREE = {"refund_id"}
"""A refund id that isn't one of ours was given by somebody else."""


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in an answer, as the way to it."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(place for key, each in items for place in places(each, (*path, key)))][0 if path else 1 :]


CASES = [(name, place) for name, (answer, _) in READERS.items() for place in places(answer)]


@pytest.mark.parametrize("name", READERS)
def test_what_is_as_documented_is_read(name: str) -> None:
    answer, read = READERS[name]
    read(copy.deepcopy(answer))


@pytest.mark.parametrize(
    ("name", "place"), CASES, ids=lambda each: each if isinstance(each, str) else ".".join(map(str, each))
)
def test_one_odd_piece_makes_it_unreadable(name: str, place: tuple[str | int, ...]) -> None:
    answer, read = READERS[name]
    for odd in (1.5, [None], True):
        changed = copy.deepcopy(answer)
        inner = changed
        for key in place[:-1]:
            inner = inner[key]  # type: ignore[index,assignment]
        if inner[place[-1]] == odd or place[-1] in FREE:  # type: ignore[index]
            continue
        inner[place[-1]] = odd  # type: ignore[index]
        with pytest.raises(_answers.Unreadable):
            read(changed)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("session", {"status": "saved"}), ("session", {"status": "open"}), ("session", {"charges": []}),
        ("session", {"client_reference": str(REFUND)}), ("refund", {"status": "waiting"}), ("refund", {"charge": "ch_2"}),
        ("refund", {"refund_id": str(ATTEMPT)}), ("refund", {"amount_minor": 0}), ("refund", {"currency": "eur"}),
        ("refund", {"at": "2026-11-27T12:00:00"}), ("balances", {"balances": {"euro": 1}}),
        ("removal", {"ref": "pm_2"}), ("removal", {"is_removed": False}),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_unreadable(name: str, change: Object) -> None:
    answer, read = READERS[name]
    with pytest.raises(_answers.Unreadable):
        read({**copy.deepcopy(answer), **change})
