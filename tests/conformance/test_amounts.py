"""Currencies whose smallest unit isn't a hundredth, and providers that count in units of their own."""

from __future__ import annotations

import pytest

from tallystick.base.ids import new_id
from tallystick.core.attempt import DeclineClass, State
from tests.conformance.acts import open_page, pay_page
from tests.conformance.stage import Stage

AMOUNTS = {"EUR": 19_999, "JPY": 4_980, "KWD": 12_340, "ISK": 7_990, "HUF": 1_299_000}


@pytest.mark.parametrize("currency", AMOUNTS)
def test_what_we_ask_is_what_is_taken(stage: Stage, currency: str) -> None:
    """C1: our minor units, the provider's, and back again."""
    if currency not in stage.currencies:
        pytest.skip(f"doesn't take {currency}")
    _, report = pay_page(stage, amount_minor=AMOUNTS[currency], currency=currency)
    (said,), (true,) = report.charges, stage.truth().charges
    assert (said.amount_minor, said.currency) == (AMOUNTS[currency], currency)
    assert (true.amount_minor, true.currency) == (AMOUNTS[currency], currency)


@pytest.mark.parametrize("currency", ["JPY", "KWD", "ISK"])
def test_refunds_count_alike(stage: Stage, currency: str) -> None:
    """D2: a refund in the same units."""
    if currency not in stage.currencies:
        pytest.skip(f"doesn't take {currency}")
    attempt_id, report = pay_page(stage, amount_minor=AMOUNTS[currency], currency=currency)
    stage.gateway.refund(
        refund_id=new_id(),
        attempt_id=attempt_id,
        charge_ref=report.charges[0].ref,
        amount_minor=AMOUNTS[currency],
        currency=currency,
    )
    assert [each.amount_minor for each in stage.truth().refunds] == [AMOUNTS[currency]]


def test_a_currency_there_is_none_of(stage: Stage) -> None:
    """C1: refused in words, or taken; never rounded to fit."""
    _, report = open_page(stage, amount_minor=1_234, currency="UYW")
    assert report.state is not State.UNKNOWN or not report.was_sent
    if report.state is State.DECLINED:
        assert report.decline is not None
        assert report.decline.klass is DeclineClass.NEVER_AGAIN
        assert stage.truth().opened == ()
