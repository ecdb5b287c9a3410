"""What providers tell: only with their signature, and whatever it is, an answer."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import urlencode

import pytest

from tallystick.sms.news import BadNews, BadProof, Reply, Report, read_reply
from tallystick.sms.port import hear_texts
from tallystick.sms.providers.sandbox.hear import SIGNATURE, sign_sandbox
from tallystick.sms.providers.twilio.hear import sign_twilio
from tallystick.sms.providers.vonage.hear import sign_vonage

URL = "https://tally.example/hooks/sms/twilio/token"
NUMBER = "+353879100012"
KEYS = {"auth_token": "12345", "signature_secret": "hush", "secret": "play"}


def twilio(form: dict[str, str], *, key: str = "12345", url: str = URL) -> Any:
    headers = {"X-Twilio-Signature": sign_twilio(url, form, key)}
    return hear_texts(urlencode(form).encode(), headers=headers, url=URL, kind="twilio", options=KEYS)


def vonage(fields: dict[str, str], *, key: str = "hush", as_json: bool = False) -> Any:
    signed = {**fields, "sig": sign_vonage(fields, key)}
    body = json.dumps(signed).encode() if as_json else urlencode(signed).encode()
    headers = {"Content-Type": "application/json" if as_json else "application/x-www-form-urlencoded"}
    return hear_texts(body, headers=headers, url=URL, kind="vonage", options=KEYS)


def test_twilio_signs_as_its_manual_shows() -> None:
    """The example of Twilio's security page."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    made = sign_twilio("https://mycompany.com/myapp.php?foo=1&bar=2", form, "12345")
    assert made == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("queued", "", ""),
        ("sent", "", ""),
        ("delivered", "", "delivered"),
        ("undelivered", "30003", "bounced_soft"),
        ("undelivered", "30006", "bounced_hard"),
        ("failed", "30007", "rejected"),
        ("failed", "21610", "rejected"),
    ],
)
def test_a_receipt_of_twilio(status: str, code: str, kind: str) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": status, "To": NUMBER, "ErrorCode": code}
    [heard] = twilio(form)
    assert (heard.provider_id, heard.number, heard.kind, heard.is_stopped) == ("SM1", NUMBER, kind, code == "21610")


def test_a_text_to_twilio() -> None:
    form = {"MessageSid": "SM2", "SmsStatus": "received", "From": NUMBER, "To": "+1", "Body": "stop"}
    assert twilio(form) == (Reply(number=NUMBER, text="stop", wish="stop"),)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("delivered", "0", "delivered"),
        ("accepted", "0", ""),
        ("buffered", "0", "delayed"),
        ("expired", "1", "bounced_soft"),
        ("failed", "6", "bounced_hard"),
        ("rejected", "11", "rejected"),
    ],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_a_receipt_of_vonage(status: str, code: str, kind: str, as_json: bool) -> None:
    fields = {"messageId": "0A1", "msisdn": NUMBER[1:], "status": status, "err-code": code, "timestamp": "1"}
    assert vonage(fields, as_json=as_json) == (
        Report(provider_id="0A1", number=NUMBER, kind=kind, code=code, words=status),
    )


def test_a_text_to_vonage() -> None:
    [heard] = vonage({"msisdn": NUMBER[1:], "messageId": "1", "text": "I paid & = you", "type": "text"})
    assert heard == Reply(number=NUMBER, text="I paid & = you")


def test_another_key_or_address_proves_nothing() -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER}
    with pytest.raises(BadProof):
        twilio(form, key="54321")
    with pytest.raises(BadProof):
        twilio(form, url=URL + "?x")
    with pytest.raises(BadProof):
        vonage({"msisdn": NUMBER[1:], "status": "delivered"}, key="other")
    for kind in ("twilio", "vonage", "sandbox", "apprise"):
        with pytest.raises((BadProof, BadNews)):
            hear_texts(b"a=b", headers={}, url=URL, kind=kind, options={})


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *((word, "stop") for word in ("STOP", "stop", " Stop! ", "StopAll", "unsubscribe", "CANCEL", "End", "quit", "„STOP”")),
        ("START", "start"),
        ("please don't stop", ""),
        ("stop it", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_one_word_stops(text: str, wish: str) -> None:
    assert read_reply(NUMBER, text).wish == wish


def test_r18_ten_thousand_broken_calls_are_each_read_or_refused() -> None:
    """Half of them rightly signed: nothing but our two errors comes out."""
    chance = random.Random(18)
    seeds = [
        {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER},
        {"From": NUMBER, "Body": "STOP", "MessageSid": "SM2"},
        {"msisdn": NUMBER[1:], "messageId": "1", "status": "delivered", "err-code": "0"},
        {"msisdn": NUMBER[1:], "messageId": "1", "text": "STOP"},
    ]
    read = refused = 0
    for _round in range(10_000):
        fields = dict(chance.choice(seeds))
        for _each in range(chance.randint(0, 3)):
            name = chance.choice([*fields, "x", "sig", ""])
            fields[name] = "".join(chance.choice("+1A\x00&=%é🙂\n ") for _ in range(chance.randint(0, 30)))
        if chance.random() < 0.2:
            fields.pop(chance.choice([*fields]))
        kind = chance.choice(("twilio", "vonage", "sandbox"))
        body = json.dumps(fields).encode() if kind == "sandbox" or chance.random() < 0.3 else urlencode(fields).encode()
        if chance.random() < 0.3:
            at = chance.randrange(len(body) + 1)
            body = body[:at] + bytes(chance.randrange(256) for _ in range(5)) + body[at:]
        headers = {
            "X-Twilio-Signature": sign_twilio(URL, fields, "12345"),
            SIGNATURE: sign_sandbox(body, "play"),
            "Content-Type": chance.choice(("application/json", "application/x-www-form-urlencoded", "")),
        }
        try:
            read += len(hear_texts(body, headers=headers, url=URL, kind=kind, options=KEYS))
        except (BadNews, BadProof):
            refused += 1
    assert read > 500
    assert refused > 500
