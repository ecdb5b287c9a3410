"""The brake's limits: kept in hundredths, there and back in every currency, and what breaks them."""

from __future__ import annotations

import pytest

from tallystick.core.brake import Caps, Day, in_hundredths, scaled, why_stop


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 50), ("EUR", 5000), ("KWD", 50_000)])
def test_a_limit_of_fifty_is_fifty_in_every_currency(currency: str, minor: int) -> None:
    assert scaled(5000, currency) == minor
    assert in_hundredths(minor, currency) == 5000


def test_what_is_finer_than_hundredths_is_refused() -> None:
    with pytest.raises(ValueError, match="whole hundredths"):
        in_hundredths(50_001, "KWD")


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (Day(2, 0, 0, 0, 0), "customer_charges"),
        (Day(0, 9_000, 0, 0, 0), "customer_amount"),
        (Day(0, 0, 49_000, 10_000, 0), "run"),
        (Day(0, 0, 49_000, 20_000, 0), ""),
        (Day(0, 0, 0, 0, 0), ""),
    ],
)
def test_which_cap_one_more_charge_would_break(day: Day, why: str) -> None:
    caps = Caps(customer_charges=2, customer_minor=10_000, factor=3, floor_minor=50_000)
    assert why_stop(2_000, "EUR", caps=caps, day=day) == why
