"""Money: exponents, the one rounding rule, conversion, splitting."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.errors import AmountTooLarge, CurrencyMismatch, InvalidAmount, InvalidWeights, UnknownCurrency
from tallystick.core.money import MAX_MINOR, Money, exponent, round_minor, round_ratio, split, to_decimal, to_minor

minors = st.integers(-MAX_MINOR, MAX_MINOR)
currencies = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("USD", 2), ("HUF", 2), ("JPY", 0), ("ISK", 0), ("XPF", 0), ("KWD", 3), ("TND", 3), ("UYW", 4)],
)
def test_exponent_is_that_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "E R", "E1R", "\u0395UR", "€€€"])
def test_exponent_refuses_what_has_not_the_shape_of_a_code(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent(currency)


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("0.49999", 0), ("2.4999999999999999999", 2)],
)
def test_halves_round_away_from_zero(amount: str, minor: int) -> None:
    assert round_minor(Decimal(amount)) == minor


@given(st.decimals(-(10**14), 10**14, allow_nan=False, allow_infinity=False, places=6))
def test_round_minor_agrees_with_the_decimal_library(amount: Decimal) -> None:
    assert round_minor(amount) == int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_round_ratio_is_the_nearest_and_mirrors_its_negative(numerator: int, denominator: int) -> None:
    rounded = round_ratio(numerator, denominator)
    assert 2 * abs(rounded * denominator - numerator) <= denominator
    assert round_ratio(-numerator, denominator) == -rounded


@pytest.mark.parametrize("amount", ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "1E-999999", "0." + "1" * 41])
def test_what_is_no_exact_number_is_refused(amount: str) -> None:
    with pytest.raises(InvalidAmount):
        round_minor(Decimal(amount))
    with pytest.raises(InvalidAmount):
        to_minor(Decimal(amount), "EUR")


@pytest.mark.parametrize("amount", ["10000000000000.01", "-10000000000000.01", "1E+30", "1E+31", "-1E+999999"])
def test_amounts_end_at_ten_to_the_fifteen_minor_units(amount: str) -> None:
    assert to_minor(Decimal("1E+13"), "EUR") == MAX_MINOR == -to_minor(Decimal("-1E+13"), "EUR")
    with pytest.raises(AmountTooLarge):
        to_minor(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.345", "EUR", 1235),
        ("-12.345", "EUR", -1235),
        ("1000", "JPY", 1000),
        ("0.5", "JPY", 1),
        ("1.2345", "KWD", 1235),
    ],
)
def test_to_minor_uses_the_digits_of_the_currency(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1230, "EUR", "12.30"), (-5, "EUR", "-0.05"), (0, "EUR", "0.00"), (1500, "JPY", "1500"), (1, "KWD", "0.001")],
)
def test_to_decimal_keeps_the_digits_of_the_currency(minor: int, currency: str, text: str) -> None:
    assert str(to_decimal(minor, currency)) == text


@given(minors, currencies)
def test_minor_to_decimal_and_back_is_the_same(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(minor, currency), currency) == minor


@given(minors, st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_split_sums_exactly_and_is_never_a_unit_off(total: int, weights: list[int]) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    assert parts == [-part for part in split(-total, weights)]
    shares = weights if any(weights) else [1] * len(weights)
    for part, weight in zip(parts, shares, strict=True):
        assert abs(part * sum(shares) - total * weight) < sum(shares)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (10, [0, 1, 0], [0, 10, 0]),
        (5, [0, 0], [3, 2]),
        (7, [1, 2, 4], [1, 2, 4]),
        (1, [1, 3], [0, 1]),
    ],
)
def test_split_gives_the_odd_units_to_the_largest_remainders(total: int, weights: list[int], parts: list[int]) -> None:
    assert split(total, weights) == parts


@pytest.mark.parametrize("weights", [[], [1, -1], [-1]])
def test_split_refuses_weights_that_say_nothing(weights: list[int]) -> None:
    with pytest.raises(InvalidWeights):
        split(100, weights)


def test_money_adds_negates_and_orders_in_one_currency() -> None:
    small, large = Money(100, "EUR"), Money(250, "EUR")
    assert small + large == Money(350, "EUR")
    assert small - large == -Money(150, "EUR")
    assert small < large
    assert large >= small
    assert not small < Money(100, "EUR")
    assert max(small, large) is large


def test_money_of_two_currencies_never_mixes() -> None:
    euros, dollars = Money(100, "EUR"), Money(100, "USD")
    assert euros != dollars
    for mix in (euros.__add__, euros.__sub__, euros.__lt__):
        with pytest.raises(CurrencyMismatch):
            mix(dollars)
    with pytest.raises(CurrencyMismatch):
        assert euros >= dollars


def test_money_is_valid_once_made() -> None:
    with pytest.raises(UnknownCurrency):
        Money(1, "euro")
    with pytest.raises(AmountTooLarge):
        Money(MAX_MINOR, "EUR") + Money(1, "EUR")
