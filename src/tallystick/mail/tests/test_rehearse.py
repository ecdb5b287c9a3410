"""The step-by-step test names the step that failed, in the server's words and with a hint."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tallystick.base import tx
from tallystick.mail.port import BadEnvelope, Step, Transport, rehearse
from tallystick.mail.providers.smtp.rehearse import STEPS
from tallystick.mail.tests.smtp_server import SmtpServer, certificate, smtp_server
from tallystick.mail.tests.test_deliver import envelope


def tried(server: SmtpServer, *, host: str = "127.0.0.1", **given: Any) -> dict[str, Step]:
    transport = Transport(host=host, port=server.port, **{"timeout_s": 2, **given})
    steps = rehearse(envelope(), transport=transport)
    assert tuple(step.name for step in steps) == STEPS
    return {step.name: step for step in steps}


def states(steps: dict[str, Step]) -> str:
    """One letter per step: ok, failed, skipped, not reached."""
    return "".join(step.state[0] for step in steps.values())


def test_e5_all_steps_of_a_delivery_that_works() -> None:
    with smtp_server() as server:
        steps = tried(server, username="me", password="secret")
        assert states(steps) == "oosoooo"
        assert steps["connect"].words == "220 test ready"
        assert steps["sign_in"].words == "235 2.7.0 welcome"
        assert steps["taken"].words == "250 2.0.0 queued as 1"
        assert len(server.messages) == 1
        assert states(tried(server)) == "oossooo"


def test_e5_tls_with_a_certificate_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, file = certificate(tmp_path, name="localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with smtp_server(tls="starttls", context=context) as server:
        steps = tried(server, host="localhost", use_tls=True)
        assert (states(steps), steps["tls"].words) == ("ooosooo", "TLSv1.3")
    with smtp_server(tls="tls", context=context) as server:
        assert states(tried(server, host="localhost", use_ssl=True)) == "ooosooo"


def test_e5_a_bad_certificate_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for secured, wish in (("starttls", {"use_tls": True}), ("tls", {"use_ssl": True})):
        context, file = certificate(tmp_path, name="mail.elsewhere.example")
        with smtp_server(tls=secured, context=context) as server:
            steps = tried(server, host="localhost", **wish)
            assert states(steps) == "oofnnnn"
            assert steps["tls"].hint == "certificate"
            assert "self-signed certificate" in steps["tls"].words
            assert "mail.elsewhere.example" in steps["tls"].words
            monkeypatch.setenv("SSL_CERT_FILE", str(file))
            assert "localhost" in tried(server, host="localhost", **wish)["tls"].words
            monkeypatch.delenv("SSL_CERT_FILE")
            assert server.messages == []


def test_e5_the_wrong_port_for_the_kind_of_tls(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, name="localhost")
    with smtp_server() as plain:
        steps = tried(plain, use_ssl=True)
        assert (states(steps), steps["tls"].hint) == ("oofnnnn", "wants_starttls")
        steps = tried(plain, use_tls=True)
        assert (states(steps), steps["tls"].hint) == ("oofnnnn", "no_starttls")
    with smtp_server(tls="tls", context=context) as secured:
        steps = tried(secured, use_tls=True, timeout_s=1)
        assert (states(steps), steps["connect"].hint) == ("ofnnnnn", "wants_tls")


def test_e5_no_host_nobody_there_and_nobody_talking() -> None:
    with smtp_server(silent=True) as server:
        steps = tried(server, timeout_s=1)
        assert (states(steps), steps["connect"].hint) == ("ofnnnnn", "wants_tls")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    steps = {one.name: one for one in rehearse(envelope(), transport=Transport(port=port, timeout_s=2))}
    assert (states(steps), steps["connect"].hint) == ("ofnnnnn", "refused")
    steps = {one.name: one for one in rehearse(envelope(), transport=Transport(host="no.invalid", timeout_s=3))}
    assert (states(steps), steps["resolve"].hint) == ("fnnnnnn", "no_such_host")


@pytest.mark.parametrize(
    ("answers", "shape", "hint"),
    [
        ({"greeting": "554 5.7.1 your address is blocked"}, "ofnnnnn", ""),
        ({"greeting": "421 too busy"}, "ofnnnnn", "later"),
        ({"AUTH": "535 5.7.8 bad credentials"}, "oosfnnn", "password"),
        ({"AUTH": "534 5.7.9 application-specific password required"}, "oosfnnn", "app_password"),
        ({"MAIL": "550 5.7.60 not allowed to send as this sender"}, "oosofnn", "sender"),
        ({"MAIL": "530 5.7.0 authenticate first"}, "oosofnn", "sign_in_first"),
        ({"RCPT": "550 5.7.1 relaying denied"}, "oosoofn", "relay"),
        ({"RCPT": "550 5.1.1 no such user"}, "oosoofn", "recipient"),
        ({"RCPT": "451 4.7.1 greylisted"}, "oosoofn", "later"),
        ({"DATA": "552 too big"}, "oosooof", "content"),
        ({"taken": "554 5.7.1 looks like spam"}, "oosooof", "content"),
    ],
)
def test_e5_each_refusal_stops_at_its_step(answers: dict[str, str], shape: str, hint: str) -> None:
    with smtp_server(answers=answers) as server:
        steps = tried(server, username="me", password="secret")
        assert states(steps) == shape
        failed = next(step for step in steps.values() if step.state == "failed")
        said = next(iter(answers.values()))
        assert (failed.words, failed.hint) == (said, hint)


def test_e5_a_server_without_sign_in_and_a_password_it_cannot_be_told() -> None:
    with smtp_server(extensions=["8BITMIME"]) as server:
        steps = tried(server, username="me", password="secret")
        assert (states(steps), steps["sign_in"].hint) == ("oosfnnn", "no_sign_in")
    with smtp_server() as server:
        steps = tried(server, username="me", password="pässwort")
        assert (states(steps), steps["sign_in"].hint) == ("oosfnnn", "letters")


def test_only_a_bad_envelope_is_an_exception_and_never_inside_a_transaction() -> None:
    with smtp_server() as server, pytest.raises(BadEnvelope):
        rehearse(envelope(to=("no address",)), transport=Transport(port=server.port))
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        rehearse(envelope(), transport=Transport())
