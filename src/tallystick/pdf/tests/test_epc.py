"""The bank QR, against the examples of EPC069-12."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tallystick.pdf._epc import epc_text, is_sepa
from tallystick.pdf._qr import qr_svg

IBAN = "DE87 1234 5678 1234 5678 90"
GOOD = "IE29AIBK93115212345678"


def text(**changes: object) -> str | None:
    given: dict[str, object] = {
        "holder": "Linden Press Ltd",
        "iban": GOOD,
        "bic": "AIBKIE2D",
        "amount": Decimal("2092.25"),
        "reference": "RF18 5390 0754 7034",
        "message": "LP-10503",
    }
    return epc_text(**{**given, **changes})  # type: ignore[arg-type]


def test_structured_reference() -> None:
    assert text() == "\n".join(
        ["BCD", "002", "1", "SCT", "AIBKIE2D", "Linden Press Ltd", GOOD, "EUR2092.25", "", "RF18539007547034"]
    )


def test_free_text_when_the_reference_is_not_an_rf_one() -> None:
    made = text(reference="LP-10503")
    assert made is not None
    assert made.split("\n")[8:] == ["", "", "LP-10503"]


def test_no_bic_is_fine_in_version_2() -> None:
    made = text(bic="")
    assert made is not None
    assert made.split("\n")[4] == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal(0)},
        {"amount": Decimal(1000000000)},
        {"iban": "IE29AIBK93115212345679"},
        {"iban": "BR1800360305000010009795493C1"},
        {"holder": "  "},
    ],
)
def test_what_cannot_be_one_is_none(changes: dict[str, object]) -> None:
    assert text(**changes) is None


def test_lines_cannot_be_smuggled_in() -> None:
    made = text(holder="Evil\nGB00\nEUR1.00", reference="x", message="x\ny", bic="AB\nCD")
    assert made is not None
    assert made.split("\n")[4:8] == ["ABCD", "Evil GB00 EUR1.00", GOOD, "EUR2092.25"]
    assert made.split("\n")[10] == "x y"


def test_is_sepa() -> None:
    assert is_sepa(GOOD)
    assert is_sepa("RO49AAAA1B31007593840000")
    assert not is_sepa("not an iban")
    assert not is_sepa("BR1800360305000010009795493C1")


def test_the_code_is_plain_svg() -> None:
    made = text()
    assert made is not None
    assert qr_svg(made, bank=True).startswith("<svg")
