"""What holds for each page: nothing for axe to say, nothing sticking out on a phone."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 860}


def look(page: Page) -> None:
    """Look at the page wide and narrow."""
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    said = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found]
    assert said == [], f"{page.url}: {said}"
    page.set_viewport_size(PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"], f"{page.url} is {wide} px wide on a phone"
    page.set_viewport_size(DESK)
