"""Every page of the table of addresses in a real browser, light and dark, wide and narrow: axe, console, no overflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from playwright.sync_api import Page

from tallystick.base.links import make_token
from tallystick.payments.links import REQUEST
from tests.browser.conftest import Person, Shop, sign_in
from tests.browser.looks import look
from tests.permissions.routes import routes
from tests.permissions.stage import known, set_stage


def walk(page: Page, urls: Iterable[str]) -> list[str]:
    """Look at every address that answers with a whole page, and return what is wrong."""
    wrong = []
    for url in urls:
        answer = page.request.get(url)
        if answer.status != 200 or not answer.text().lstrip().lower().startswith("<!doctype"):
            continue
        if "sandbox" in answer.headers.get("content-security-policy", ""):
            continue  # a customer's mail for a frame: no script runs there, axe's neither
        page.goto(url)
        try:
            look(page)
        except AssertionError as error:
            wrong.append(str(error))
    return wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_staff_page_looks_right(shop: Shop, person: Callable[..., Person], scheme: str) -> None:
    stage = set_stage(shop.world)
    page = person(color_scheme=scheme).page
    sign_in(page, shop)
    found = [route for route in routes() if route.door == "staff" and "GET" in route.methods]
    urls = [shop.town.url + route.url(slug=stage.slug, **known(stage, route.path)) for route in found]
    assert len(urls) > 40
    assert walk(page, urls) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_customer_page_looks_right(shop: Shop, person: Callable[..., Person], scheme: str) -> None:
    stage = set_stage(shop.world)
    page = person(color_scheme=scheme).page
    urls = [f"{shop.town.url}/{kind}/{token}" for kind, token in stage.tokens.items()]
    urls.append(f"{shop.town.url}/r/{make_token(REQUEST, stage.ids['card_id'], 1)}")
    assert walk(page, urls) == []
