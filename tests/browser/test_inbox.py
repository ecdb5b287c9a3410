"""The inbox in a real browser: looked at is read, answered by keyboard, taken back, and nothing hostile gets out."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

from tallystick.base import tenant
from tallystick.conversations.outgoing import file_bounce
from tallystick.conversations.queries import unread_count
from tallystick.conversations.tests.letters import letter, receive, sent, thread_of
from tallystick.messages.models import Message
from tests.browser.conftest import Person, Shop, sign_in, wait_for
from tests.browser.looks import look

HOSTILE = (
    '<p>Hello</p><script>document.title="owned"</script><img src="https://evil.example/x" onerror="top.document.title=1">'
    '<form action="https://evil.example"><input name="password"></form><a href="javascript:alert(1)">x</a>'
)


def unread(shop: Shop) -> int:
    with tenant.tx(shop.world.seller_id, read_only=True):
        return unread_count()


def reply_of(shop: Shop) -> EmailMessage | None:
    """The reply of this shop as it arrived; others write to Nora too."""
    with tenant.tx(shop.world.seller_id, read_only=True):
        ids = set(Message.objects.filter(kind="reply", state="sent").values_list("message_id", flat=True))
    found = [one for _, one in shop.town.letters("nora@kestrel.example") if one["Message-ID"] in ids]
    return found[0] if found else None


def test_e10_read_answered_and_done_by_keyboard(shop: Shop, person: Callable[..., Person]) -> None:
    first = receive(shop.world, letter(subject="First", html=HOSTILE))
    receive(shop.world, letter(subject="Second"))
    page = person().page
    sign_in(page, shop)
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/inbox")
    assert unread(shop) == 2
    page.locator(".threads a", has_text="First").click()
    page.wait_for_url(f"**/inbox/{first.conversation_id}")
    wait_for(lambda: unread(shop) == 1, "the thread to be read")
    expect(page.locator("[data-place=inbox] .n")).to_have_text("1")

    page.get_by_text("As it was laid out").click()
    frame = page.frame_locator("iframe.frame")
    expect(frame.locator("p", has_text="Hello")).to_be_visible()
    assert frame.locator("script, img, form, input, a[href]").count() == 0
    assert "owned" not in page.title()

    page.keyboard.press("r")
    expect(page.locator("#rp")).to_be_focused()
    page.keyboard.type("On its way.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Sending to nora@kestrel.example")
    expect(page.locator(".msg.out")).to_contain_text("On its way.")
    page.locator("h2#about").click()
    page.keyboard.press("Control+z")
    expect(page.locator("#rp")).to_have_value("On its way.")
    with tenant.tx(shop.world.seller_id, read_only=True):
        assert Message.objects.get().state == "cancelled"

    page.locator("h2#about").click()
    page.keyboard.press(";")
    page.locator("[data-insert]", has_text="looking into it").click()
    expect(page.locator("#rp")).to_have_value(re.compile("We're looking into it"))
    page.keyboard.press("Control+Enter")
    letter_sent = wait_for(lambda: reply_of(shop), "the reply")
    assert letter_sent["In-Reply-To"] == first.mail_id
    assert letter_sent["Auto-Submitted"] is None

    page.locator("h2#about").click()
    page.keyboard.press("e")
    page.wait_for_url("**/inbox")
    assert thread_of(shop.world, first).state == "done"
    expect(page.locator(".threads > li")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_e7_every_look_of_the_inbox(shop: Shop, person: Callable[..., Person], scheme: str) -> None:
    message = sent(shop.world, document_id=shop.world.invoice())
    given = {"message_id": message.id, "recipient": "nora@kestrel.example", "code": "5.1.1", "words": "550 gone"}
    notice = file_bounce(**shop.world.acting(), **given, is_hard=True)
    stranger = receive(shop.world, letter(from_address="who@nowhere.example", subject="x" * 300, from_name="y" * 200))
    assert notice
    page = person(color_scheme=scheme).page
    sign_in(page, shop)
    home = f"{shop.town.url}/s/{shop.world.slug}/inbox"
    for url in (
        home, f"{home}/{notice.conversation_id}", f"{home}/{stranger.conversation_id}?who=kestrel",
        f"{home}?show=done", f"{home}?q=nothing", f"{home}/write?customer={shop.world.nora}", f"{home}/replies",
    ):  # fmt: skip
        page.goto(url)
        look(page)


def test_without_script_everything_works(shop: Shop, person: Callable[..., Person]) -> None:
    mail = receive(shop.world)
    page = person(java_script_enabled=False).page
    sign_in(page, shop)
    page.goto(f"{shop.town.url}/s/{shop.world.slug}/inbox/{mail.conversation_id}")
    page.get_by_role("button", name="Mark as read").click()
    page.wait_for_url("**/inbox")
    assert unread(shop) == 0
    page.locator(".threads a").first.click()
    page.locator("#rp").fill("Without a script")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".msg.out")).to_contain_text("Without a script")
    page.locator("summary", has_text="Later").click()
    page.get_by_role("button", name="Tomorrow").click()
    page.wait_for_url("**/inbox")
    assert thread_of(shop.world, mail).state == "later"
