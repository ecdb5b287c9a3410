"""The phone on a page: it shows what was texted, escaped; it doesn't answer to other sites."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tallystick.sms.phone.store import Store
from tallystick.sms.phone.web import make_server
from tallystick.sms.port import SmsRefused, Transport, send_sms
from tallystick.sms.providers.sandbox.hear import SIGNATURE, sign_sandbox
from tallystick.sms.tests.conftest import Fake

NUMBER = "+353879100012"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    server = make_server(0, Store(tmp_path / "phone.jsonl"))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def text(port: int, words: str, to: str = NUMBER, report_url: str = "") -> Any:
    options = {"api_url": f"http://127.0.0.1:{port}", "secret": "play"}
    transport = Transport(kind="sandbox", options=options, report_url=report_url)
    return send_sms(words, to=to, sender="Acme", transport=transport)


def ask(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body, {"Host": f"127.0.0.1:{port}", **headers})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def wait_for(fake: Fake, count: int) -> None:
    for _ in range(200):
        if len(fake.asked) >= count:
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"{len(fake.asked)} calls")


def test_a_text_is_shown_as_typed_and_its_address_can_be_clicked(port: int) -> None:
    assert text(port, "<script>x</script> http://a.example/l/abc?x=1&y=2 “ț”").segments == 1
    status, page = ask(port, "GET", f"/t/{quote(NUMBER)}")
    assert status == 200
    assert "<script>" not in page
    assert 'href="http://a.example/l/abc?x=1&amp;y=2"' in page
    assert "&lt;script&gt;" in ask(port, "GET", "/")[1]


def test_receipts_and_answers_are_signed(port: int, fake: Fake) -> None:
    taken = text(port, "Hello", report_url=f"{fake.url}/hook")
    wait_for(fake, 1)
    assert ask(port, "POST", f"/t/{quote(NUMBER)}", "text=&text=STOP", **{"Sec-Fetch-Site": "same-origin"})[0] == 303
    wait_for(fake, 2)
    bodies = [json.loads(body) for _path, _headers, body in fake.asked]
    assert bodies == [{"id": taken.provider_id, "to": NUMBER, "kind": "delivered"}, {"from": NUMBER, "text": "STOP"}]
    for _path, headers, body in fake.asked:
        assert headers[SIGNATURE] == sign_sandbox(body, "play")


def test_some_numbers_dont_exist_and_some_are_off(port: int, fake: Fake) -> None:
    with pytest.raises(SmsRefused, match="nobody"):
        text(port, "Hello", "+353879100000")
    text(port, "Hello", "+353879101111", report_url=fake.url)
    wait_for(fake, 1)
    assert json.loads(fake.asked[0][2])["kind"] == "bounced_soft"


def test_other_sites_and_strangers_get_nothing(port: int) -> None:
    text(port, "Hello")
    assert ask(port, "POST", f"/t/{quote(NUMBER)}", "text=x", **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert ask(port, "GET", "/", Host="evil.example")[0] == 403
    assert ask(port, "GET", "/t/+1")[0] == 404
    assert ask(port, "POST", "/send", "{")[0] == 400
    assert "secret" not in ask(port, "GET", "/api/texts")[1]
