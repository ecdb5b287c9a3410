"""What an operator sets for the default route: who it sends as, and the key that signs."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import dkim
import pytest

from tallystick.config import cli
from tallystick.config.env import BadSettings, Environment, read_environment
from tallystick.config.logs import MaskTokens
from tallystick.mail.dkim_key import public_record
from tallystick.sellers.mail_hook import hook_address
from tallystick.testing.world import World


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ({"public_url": "https://pay.x.example"}, "noreply-invoice@pay.x.example"),
        ({"public_url": "https://pay.x.example", "mail_domain": "x.example"}, "noreply-invoice@x.example"),
        ({"mail_domain": "x.example", "mail_from": "bills@y.example"}, "bills@y.example"),
        ({"public_url": "http://127.0.0.1:8000"}, "noreply-invoice@localhost"),
        ({"public_url": "http://[::1]:8000"}, "noreply-invoice@localhost"),
    ],
)
def test_e4_who_the_default_route_sends_as(given: dict[str, str], sender: str) -> None:
    assert Environment(**given).sender == sender


def test_e6_the_command_makes_a_key_once_and_prints_what_dns_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys" / "mail.pem"
    monkeypatch.setenv("TALLYSTICK_MAIL_DOMAIN", "x.example")
    assert cli.main(["dkim-key", "--file", str(path)]) == 0
    first, key = capsys.readouterr().out, path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"tally._domainkey.x.example\n{public_record(key)}" in first
    assert f"TALLYSTICK_DKIM_KEY_FILE={path}" in first
    assert cli.main(["dkim-key", "--file", str(path)]) == 0
    assert path.read_bytes() == key
    assert "stays" in capsys.readouterr().out
    signed = dkim.sign(b"From: a@x.example\r\n\r\nhello\r\n", b"tally", b"x.example", key)
    assert signed.startswith(b"DKIM-Signature:")


def test_e6_a_key_that_cannot_sign_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a key")
    for path, words in ((wrong, "PEM"), (tmp_path / "none.pem", "No such file")):
        monkeypatch.setenv("TALLYSTICK_DKIM_KEY_FILE", str(path))
        with pytest.raises(BadSettings, match=words) as caught:
            read_environment()
        assert "TALLYSTICK_DKIM_KEY_FILE" in str(caught.value)


def test_the_address_of_a_webhook_stays_out_of_the_log(world: World) -> None:
    path = "/hooks" + hook_address(world.seller_id, "amazon_ses").split("/hooks", 1)[1]
    record = logging.LogRecord("x", logging.WARNING, "", 0, "Forbidden: %s", (path,), None)
    assert MaskTokens().filter(record)
    assert record.getMessage() == "Forbidden: /hooks/mail/amazon_ses/…"
