"""Totals: EN 16931 figures worked out by hand, and the identities for whatever document Hypothesis makes up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core import totals as subject
from tallystick.core.errors import (
    AmountTooLarge,
    BrokenIdentity,
    EmptyDocument,
    InvalidAdjustment,
    InvalidAmount,
    InvalidDocument,
    InvalidLine,
    InvalidTax,
    UnknownCurrency,
)
from tallystick.core.totals import Adjustment, Document, Line, LineAmounts, Tax, Totals, total_document

S25 = Tax("S", Decimal(25), "VAT 25%")
S20 = Tax("S", Decimal(20), "VAT 20%")
S10 = Tax("S", Decimal(10), "VAT 10%")
EXEMPT = Tax("E", Decimal(0), "Exempt", "Article 132")


def line(quantity: str, unit_price: str, tax: Tax = S20, *adjustments: Adjustment, base: str = "1") -> Line:
    return Line(Decimal(quantity), Decimal(unit_price), tax, adjustments, Decimal(base))


def allowance(percent: str, tax: Tax | None = None) -> Adjustment:
    return Adjustment("Discount", is_charge=False, percent=Decimal(percent), amount_minor=None, tax=tax)


def fixed(amount_minor: int, tax: Tax | None = None, *, is_charge: bool) -> Adjustment:
    return Adjustment("Fixed", is_charge=is_charge, percent=None, amount_minor=amount_minor, tax=tax)


def figures(totals: Totals) -> tuple[int, int, int]:
    return totals.net_minor, totals.tax_minor, totals.total_minor


def test_a1_peppol_base_example() -> None:
    """Peppol BIS Billing 3.0, base-example.xml: 7 x 400, a return of 3 x 500, insurance of 25, all at 25 %."""
    document = Document("EUR", (line("7", "400", S25), line("-3", "500", S25)), (fixed(25_00, S25, is_charge=True),))
    totals = total_document(document)
    assert [amounts.net_minor for amounts in totals.lines] == [2800_00, -1500_00]
    assert (totals.lines_minor, totals.charges_minor, totals.allowances_minor) == (1300_00, 25_00, 0)
    assert figures(totals) == (1325_00, 331_25, 1656_25)
    assert totals.rounding_minor == 0


def test_a1_line_and_document_discounts_over_two_rates() -> None:
    """By hand.

    Line 1: 3 x 33.33 = 99.99; -10 % = 10.00 (9.999); +5.00 -> 94.99 at 20 %. Line 2: 2 x 12.505 = 25.01 at 10 %.
    Document: -5 % of 94.99 = 4.75 (4.7495) at 20 %; -5 % of 25.01 = 1.25 (1.2505) at 10 %; shipping 7.90 at 20 %.
    Taxable 20 %: 94.99 - 4.75 + 7.90 = 98.14, tax 19.63 (19.628). 10 %: 25.01 - 1.25 = 23.76, tax 2.38 (2.376).
    """
    document = Document(
        "EUR",
        (line("3", "33.33", S20, allowance("10"), fixed(5_00, is_charge=True)), line("2", "12.505", S10)),
        (allowance("5", S20), allowance("5", S10), fixed(7_90, S20, is_charge=True)),
    )
    totals = total_document(document)
    first, second = totals.lines
    assert (first.gross_minor, first.allowances_minor, first.charges_minor, first.net_minor) == (
        99_99,
        10_00,
        5_00,
        94_99,
    )
    assert [(each.amount_minor, each.base_minor) for each in first.adjustments] == [(10_00, 99_99), (5_00, None)]
    assert second == LineAmounts(25_01, 0, 0, 25_01)
    assert [(each.amount_minor, each.base_minor) for each in totals.adjustments] == [
        (475, 9499),
        (125, 2501),
        (790, None),
    ]
    assert (totals.lines_minor, totals.allowances_minor, totals.charges_minor) == (120_00, 6_00, 7_90)
    assert [(tax.tax, tax.taxable_minor, tax.tax_minor) for tax in totals.taxes] == [
        (S20, 98_14, 19_63),
        (S10, 23_76, 2_38),
    ]
    assert figures(totals) == (121_90, 22_01, 143_91)


def test_a1_three_times_a_tenth_is_thirty_cents() -> None:
    assert figures(total_document(Document("EUR", (line("3", "0.1"),)))) == (30, 6, 36)
    assert figures(total_document(Document("EUR", (line("0.1", "0.1"),) * 3))) == (3, 1, 4)


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("JPY", (1000, 100, 1100)), ("EUR", (999_50, 99_95, 1099_45)), ("KWD", (999_500, 99_950, 1099_450))],
)
def test_a1_amounts_have_the_digits_of_their_currency(currency: str, expected: tuple[int, int, int]) -> None:
    assert figures(total_document(Document(currency, (line("1", "999.5", S10),)))) == expected


def test_a1_tax_is_rounded_per_group_not_per_line_br_co_17() -> None:
    """Ten lines of 0.12 at 20 %: 1.20 -> 0.24; line by line it would be 10 x 0.02 = 0.20."""
    totals = total_document(Document("EUR", (line("1", "0.12"),) * 10))
    assert figures(totals) == (120, 24, 144)


def test_a1_labels_and_trailing_zeros_do_not_divide_a_tax_group_br_co_18() -> None:
    other = Tax("S", Decimal("20.00"), "TVA")
    totals = total_document(Document("EUR", (line("1", "1.00"), line("1", "2.00", other), line("1", "4", EXEMPT))))
    assert [(tax.tax.label, tax.taxable_minor, tax.tax_minor) for tax in totals.taxes] == [
        ("VAT 20%", 300, 60),
        ("Exempt", 400, 0),
    ]


@pytest.mark.parametrize(
    ("quantity", "price", "base", "gross"),
    [
        ("1000", "0.145", "1", 145_00),
        ("1", "0.145", "1", 15),
        ("-1", "0.145", "1", -15),
        ("1", "1", "3", 33),
        ("2", "1", "3", 67),
        ("250", "19.90", "100", 49_75),
        ("1", "0.0149999999999999999999", "1", 1),
        ("0", "5", "1", 0),
    ],
)
def test_a1_a_line_is_rounded_once_bt_131(quantity: str, price: str, base: str, gross: int) -> None:
    assert total_document(Document("EUR", (line(quantity, price, base=base),))).lines[0].gross_minor == gross


@pytest.mark.parametrize(
    ("price", "rounding", "total"), [("10.02", -2, 1000), ("10.03", 2, 1005), ("10.05", 0, 1005), ("10.07", -2, 1005)]
)
def test_a1_swiss_payable_is_rounded_to_five_rappen_bt_114(price: str, rounding: int, total: int) -> None:
    zero = Tax("Z", Decimal(0))
    totals = total_document(Document("CHF", (line("1", price, zero),), cash_rounding_minor=5))
    assert (totals.rounding_minor, totals.total_minor) == (rounding, total)


def test_a1_cash_rounding_halves_go_away_from_zero_even_for_returns() -> None:
    zero = Tax("Z", Decimal(0))
    for quantity, total in (("1", 110), ("-1", -110)):
        document = Document("DKK", (line(quantity, "1.05", zero),), cash_rounding_minor=10)
        assert total_document(document).total_minor == total


def test_a1_document_percentages_do_not_depend_on_their_order() -> None:
    adjustments = (allowance("10", S20), fixed(500, S20, is_charge=True), allowance("50", S20))
    forward = total_document(Document("EUR", (line("1", "100"),), adjustments))
    backward = total_document(Document("EUR", (line("1", "100"),), adjustments[::-1]))
    assert figures(forward) == figures(backward) == (45_00, 9_00, 54_00)


def test_a1_a_percentage_of_a_rate_without_lines_is_nothing() -> None:
    totals = total_document(Document("EUR", (line("1", "100"),), (allowance("50", S10),)))
    assert [(each.amount_minor, each.base_minor) for each in totals.adjustments] == [(0, 0)]
    assert figures(totals) == (100_00, 20_00, 120_00)


def test_a1_a_price_is_per_one_piece_unless_said() -> None:
    assert total_document(Document("EUR", (Line(Decimal(3), Decimal("1.50"), S20),))).net_minor == 450


def test_a1_a_document_needs_a_line_br_16() -> None:
    with pytest.raises(EmptyDocument):
        total_document(Document("EUR", ()))


def test_a1_totals_end_at_ten_to_the_fifteen_minor_units() -> None:
    zero = Tax("Z", Decimal(0))
    limit = line("1", "10000000000000", zero)
    assert total_document(Document("EUR", (limit,))).total_minor == 10**15
    for lines in (
        (line("1", "10000000000000.01", zero),),
        (limit, line("1", "0.01", zero)),
        (replace(limit, tax=S20),),
    ):
        with pytest.raises(AmountTooLarge):
            total_document(Document("EUR", lines))


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+99", "1E-999999"])
@pytest.mark.parametrize("field", ["quantity", "unit_price", "base_quantity"])
def test_a1_a_line_refuses_what_is_no_exact_number(field: str, number: str) -> None:
    numbers = {"quantity": "1", "unit_price": "1", "base_quantity": "2", field: number}
    with pytest.raises(InvalidAmount):
        line(numbers["quantity"], numbers["unit_price"], base=numbers["base_quantity"])


@pytest.mark.parametrize(
    ("price", "base"), [("-0.01", "1"), ("1", "0"), ("1", "-1")], ids=["br_27", "zero base", "negative base"]
)
def test_a1_a_line_refuses_negative_prices_br_27_and_bases(price: str, base: str) -> None:
    with pytest.raises(InvalidLine):
        line("1", price, base=base)


@pytest.mark.parametrize("category", ["Z", "E", "AE", "K", "G", "O"])
def test_a1_zero_rated_categories_have_a_rate_of_zero(category: str) -> None:
    assert total_document(Document("EUR", (line("1", "1", Tax(category, Decimal(0))),))).tax_minor == 0
    with pytest.raises(InvalidTax):
        Tax(category, Decimal("0.1"))


@pytest.mark.parametrize(
    ("category", "percent"),
    [("X", "20"), ("s", "20"), ("", "0"), ("S", "0"), ("S", "-1"), ("S", "100.01"), ("L", "-1")],
)
def test_a1_a_tax_refuses_foreign_categories_and_rates(category: str, percent: str) -> None:
    with pytest.raises(InvalidTax):
        Tax(category, Decimal(percent))


def test_a1_the_islands_may_have_any_rate_br_af_05_br_ag_05() -> None:
    assert [Tax(category, Decimal(rate)).percent for category in "LM" for rate in (0, 7)] == [0, 7, 0, 7]


@pytest.mark.parametrize(
    ("is_charge", "percent", "amount_minor"),
    [
        (False, None, None),
        (False, "10", 100),
        (False, "-1", None),
        (True, "-1", None),
        (False, "100.01", None),
        (False, None, -1),
        (True, None, -1),
    ],
)
def test_a1_an_adjustment_is_one_positive_thing(is_charge: bool, percent: str | None, amount_minor: int | None) -> None:
    with pytest.raises(InvalidAdjustment):
        Adjustment("", is_charge, None if percent is None else Decimal(percent), amount_minor)


def test_a1_a_nan_is_no_percentage() -> None:
    for make in (lambda: Tax("S", Decimal("NaN")), lambda: allowance("NaN")):
        with pytest.raises(InvalidAmount):
            make()


def test_a1_tax_stands_on_document_adjustments_only_br_32() -> None:
    with pytest.raises(InvalidAdjustment):
        line("1", "1", S20, allowance("1", S20))
    with pytest.raises(InvalidAdjustment):
        Document("EUR", (line("1", "1"),), (allowance("1"),))


def test_a1_a_document_refuses_bad_settings() -> None:
    with pytest.raises(UnknownCurrency):
        Document("eur", (line("1", "1"),))
    with pytest.raises(InvalidDocument):
        Document("EUR", (line("1", "1"),), cash_rounding_minor=0)


@pytest.mark.parametrize("field", ["lines_minor", "net_minor", "tax_minor", "rounding_minor", "total_minor"])
def test_a1_the_proof_notices_every_wrong_figure(field: str) -> None:
    document = Document("EUR", (line("3", "9.99"), line("1", "5", S10)), (allowance("5", S20),))
    totals = total_document(document)
    with pytest.raises(BrokenIdentity):
        subject._prove(document, replace(totals, **{field: getattr(totals, field) + 1}))


taxes = st.sampled_from([S25, S20, S10, EXEMPT, Tax("S", Decimal("5.5")), Tax("L", Decimal("0.001"))])
percents = st.decimals(0, 100, places=3)
amounts = st.integers(0, 10**6)


def adjustments(tax: st.SearchStrategy[Tax | None]) -> st.SearchStrategy[tuple[Adjustment, ...]]:
    by_percent = st.builds(Adjustment, st.just("p"), st.booleans(), percents, st.none(), tax)
    by_amount = st.builds(Adjustment, st.just("a"), st.booleans(), st.none(), amounts, tax)
    return st.lists(by_percent | by_amount, max_size=3).map(tuple)


lines = st.builds(
    Line,
    quantity=st.decimals(-1000, 1000, places=3),
    unit_price=st.decimals(0, 10**6, places=5),
    tax=taxes,
    adjustments=adjustments(st.none()),
    base_quantity=st.sampled_from([Decimal(1), Decimal(3), Decimal("0.7"), Decimal(1000)]),
)
documents = st.builds(
    Document,
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    lines=st.lists(lines, min_size=1, max_size=5).map(tuple),
    adjustments=adjustments(taxes),
    cash_rounding_minor=st.sampled_from([1, 5, 10, 7]),
)


def half_away(value: Fraction) -> int:
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


@given(documents)
def test_a1_identities_hold_for_any_document(document: Document) -> None:
    totals = total_document(document)
    scale = {"EUR": 100, "JPY": 1, "KWD": 1000}[document.currency]
    for source, got in zip(document.lines, totals.lines, strict=True):
        exact = Fraction(source.quantity) * Fraction(source.unit_price) / Fraction(source.base_quantity) * scale
        assert got.gross_minor == half_away(exact)
        assert got.net_minor == got.gross_minor - got.allowances_minor + got.charges_minor
    assert totals.lines_minor == sum(each.net_minor for each in totals.lines)  # BR-CO-10
    assert totals.net_minor == totals.lines_minor - totals.allowances_minor + totals.charges_minor  # BR-CO-13
    assert totals.net_minor == sum(each.taxable_minor for each in totals.taxes)
    assert totals.tax_minor == sum(each.tax_minor for each in totals.taxes)  # BR-CO-14
    assert totals.total_minor == totals.net_minor + totals.tax_minor + totals.rounding_minor  # BR-CO-15
    assert totals.total_minor % document.cash_rounding_minor == 0
    for group in totals.taxes:
        assert group.tax_minor == half_away(
            Fraction(group.taxable_minor) * Fraction(group.tax.percent) / 100
        )  # BR-CO-17


@given(st.lists(lines.map(lambda each: replace(each, adjustments=())), min_size=1, max_size=5))
def test_a1_a_full_return_mirrors_the_sale_to_the_cent(sold: list[Line]) -> None:
    sale = total_document(Document("EUR", tuple(sold)))
    back = total_document(Document("EUR", tuple(replace(each, quantity=-each.quantity) for each in sold)))
    assert figures(back) == tuple(-figure for figure in figures(sale))
