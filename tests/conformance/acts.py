"""What tests do again and again: open a page, get paid, look, settle; and skipping what a provider can't do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tallystick.base.ids import new_id
from tallystick.core.attempt import State
from tallystick.gateways.port import (
    Charge,
    ChargePage,
    ChargeRequest,
    Report,
    SavedMethod,
    SessionRequest,
    SettlementPage,
)
from tests.conformance.stage import Stage

RETURN_URL = "https://billing.example/p/abc/return"
AMOUNT = 24_200
LIFETIME = timedelta(minutes=30)


def need(stage: Stage, *capabilities: str) -> None:
    """Skip unless the gateway declares these capabilities. Keys and look-up are named by their fields too."""
    for name in capabilities:
        value = getattr(stage.gateway.capabilities, name)
        if value in {None, False, "none"}:
            pytest.skip(f"declares no {name}")


def levers(stage: Stage, *names: str) -> None:
    """Skip when the provider has nothing of the kind for a test to pull."""
    for name in names:
        if name in stage.unsupported:
            pytest.skip(f"has no {name}")


def open_page(
    stage: Stage,
    attempt_id: UUID | None = None,
    *,
    amount_minor: int = AMOUNT,
    currency: str = "EUR",
    customer_ref: str = "",
    saves_method: bool = False,
) -> tuple[UUID, Report]:
    """Open a hosted page; returns the attempt and the gateway's answer."""
    attempt_id = attempt_id or new_id()
    report = stage.gateway.open_session(
        SessionRequest(
            attempt_id=attempt_id,
            amount_minor=amount_minor,
            currency=currency,
            description="Invoice LP-10482",
            return_url=RETURN_URL,
            customer_email="accounts@pemberton.example",
            language="en",
            lifetime=LIFETIME,
            customer_ref=customer_ref,
            saves_method=saves_method,
        )
    )
    return attempt_id, report


def look(stage: Stage, attempt_id: UUID, report: Report) -> Report:
    """Ask by ref, without which nothing can be asked."""
    assert report.ref, report
    return stage.gateway.look_up(attempt_id=attempt_id, ref=report.ref)


def settle(stage: Stage) -> None:
    """Let a delayed payment end, where all of them are delayed."""
    if stage.gateway.capabilities.is_delayed:
        stage.advance(stage.settles_after_s)


def pay_page(
    stage: Stage,
    *,
    amount_minor: int = AMOUNT,
    currency: str = "EUR",
    saves_method: bool = False,
    later: str = "good",
) -> tuple[UUID, Report]:
    """A page, paid: the attempt and what a look-up says."""
    attempt_id, opened = open_page(stage, amount_minor=amount_minor, currency=currency, saves_method=saves_method)
    assert opened.state is State.ACTION_REQUIRED, opened
    stage.pay(opened, "good", later=later)
    settle(stage)
    report = look(stage, attempt_id, opened)
    assert report.state is State.SUCCEEDED, report
    return attempt_id, report


def keep_method(stage: Stage, later: str = "good") -> SavedMethod:
    """A method kept with consent while paying."""
    need(stage, "saved_methods")
    _, report = pay_page(stage, saves_method=True, later=later)
    assert report.saved is not None, report
    return report.saved


def charge(
    stage: Stage,
    kept: SavedMethod,
    attempt_id: UUID | None = None,
    *,
    is_present: bool = False,
    amount_minor: int = AMOUNT,
) -> tuple[UUID, Report]:
    """Charge a kept method; returns the attempt and the gateway's answer."""
    attempt_id = attempt_id or new_id()
    report = stage.gateway.charge_method(
        ChargeRequest(
            attempt_id=attempt_id,
            method_ref=kept.ref,
            customer_ref=kept.customer_ref,
            amount_minor=amount_minor,
            currency="EUR",
            description="Invoice LP-10483",
            return_url=RETURN_URL,
            is_customer_present=is_present,
        )
    )
    return attempt_id, report


def every_charge(stage: Stage, since_s: float = 86_400 * 30) -> list[tuple[UUID | None, Charge]]:
    """The gateway's own list, all its pages; the last word on each charge."""
    found: dict[str, tuple[UUID | None, Charge]] = {}
    cursor, since = "", stage.now() - timedelta(seconds=since_s)
    for _ in range(100):
        page: ChargePage = stage.gateway.list_charges(since=since, cursor=cursor)
        for each in page.charges:
            found[each.charge.ref] = (each.attempt_id, each.charge)
        cursor = page.cursor
        if not cursor:
            return list(found.values())
    raise AssertionError("the list never ends")


def every_movement(stage: Stage, since_s: float = 86_400 * 30) -> list[SettlementPage]:
    """All pages of movements and payouts."""
    pages: list[SettlementPage] = []
    cursor, since = "", stage.now() - timedelta(seconds=since_s)
    while len(pages) < 100:
        pages.append(stage.gateway.list_settlements(since=since, cursor=cursor))
        cursor = pages[-1].cursor
        if not cursor:
            return pages
    raise AssertionError("the list never ends")
