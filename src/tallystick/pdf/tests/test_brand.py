"""Every brand colour gives readable pages."""

from __future__ import annotations

import pytest

from tallystick.base.brand import HOUSE, contrast, derive, derive_or_house

STEPS = range(0, 256, 51)


@pytest.mark.parametrize("dark", [False, True])
def test_every_pair_meets_wcag_aa(dark: bool) -> None:
    page = "#101518" if dark else "#ffffff"
    for brand in (f"#{red:02x}{green:02x}{blue:02x}" for red in STEPS for green in STEPS for blue in STEPS):
        made = derive(brand, dark)
        assert contrast(made.on_accent, made.accent) >= 4.5, brand
        assert contrast(made.ink, page) >= 4.5, brand
        assert contrast(made.ink, made.tint) >= 4.5, brand
        assert contrast(made.mark, page) >= 3, brand


def test_linden_green() -> None:
    made = derive("#17694a")
    assert (made.accent, made.on_accent, made.tint) == ("#17694a", "#ffffff", "#eaf7f0")


@pytest.mark.parametrize("brand", ["", "17694a", "#17694", "#17694a;x", "#17694g"])
def test_what_is_no_colour_is_refused_or_replaced(brand: str) -> None:
    with pytest.raises(ValueError, match="six hex digits"):
        derive(brand)
    assert derive_or_house(brand) == derive(HOUSE)
