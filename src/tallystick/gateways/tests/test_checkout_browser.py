"""The checkout in a real browser: a payment by keyboard and by click, narrow and wide, light and dark, and axe."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tallystick.core.attempt import State
from tallystick.gateways.tests.opening import open_session
from tallystick.gateways.tests.sandbox_process import Inbox, SandboxProcess

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@pytest.fixture(params=["narrow-light", "narrow-dark", "wide-light", "wide-dark"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, _, scheme = str(request.param).partition("-")
    context = browser.new_context(
        viewport={"width": 390 if width == "narrow" else 1200, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=True,
    )
    yield context.new_page()
    context.close()


def look(page: Page) -> None:
    """Nothing for axe to say, nothing sticking out."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["en", "ro"])
def test_every_page(page: Page, sandbox: SandboxProcess, inbox: Inbox, language: str) -> None:
    gateway, attempt_id = sandbox.gateway(), uuid4()
    opened = open_session(gateway, attempt_id, language=language, return_url=f"{inbox.url}?invoice=LP-1")
    page.goto(str(opened.action_url))
    look(page)
    page.locator("button").click()
    look(page)
    assert page.locator("[aria-invalid]").count() == 4
    expect(page.locator("#number")).to_be_focused()
    page.get_by_role("link", name="4000 0000 0000 9995").click()
    page.locator("button").click()
    expect(page.get_by_role("alert")).to_be_focused()
    look(page)
    page.get_by_role("link", name="4000 0000 0000 3220").click()
    page.locator("#name").press("Enter")
    look(page)
    page.locator("button[value=approve]").click()
    assert page.url == f"{inbox.url}?invoice=LP-1&session={opened.ref}"
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.SUCCEEDED
    page.goto(str(opened.action_url))
    look(page)
    page.locator("a.button").click()
    assert page.url.startswith(inbox.url)
