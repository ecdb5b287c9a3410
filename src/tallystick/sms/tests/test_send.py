"""Each provider against a server of our own: what it is asked, and every class of answer."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from apprise.plugins.clicksend import NotifyClickSend

from tallystick.base import tx
from tallystick.sms.port import (
    BadText,
    SmsMisconfigured,
    SmsRefused,
    SmsUnavailable,
    Transport,
    can_be_answered,
    check_options,
    is_sender,
    send_sms,
)
from tallystick.sms.tests.conftest import Fake

SID = "AC" + "0" * 32
TO = "+353879100012"


def twilio(fake: Fake, **more: Any) -> Transport:
    options = {"account_sid": SID, "auth_token": "token", "api_url": fake.url}
    return Transport(kind="twilio", options=options, report_url="https://t.example/hooks/sms/twilio/x", **more)


def vonage(fake: Fake, **more: Any) -> Transport:
    options = {"api_key": "abcd", "api_secret": "hush", "signature_secret": "s", "api_url": fake.url}
    return Transport(kind="vonage", options=options, report_url="https://t.example/hooks/sms/vonage/x", **more)


def send(transport: Transport, text: str = "Hello", sender: str = "+353210000000") -> Any:
    return send_sms(text, to=TO, sender=sender, transport=transport)


def form(fake: Fake) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(fake.asked[-1][2].decode()).items()}


# Twilio


def test_b17_twilio_is_asked_as_its_manual_says(fake: Fake) -> None:
    fake.says(201, json.dumps({"sid": "SM1", "status": "queued", "num_segments": "2"}))
    taken = send(twilio(fake), "Grüße & =\r\n€5\x00")
    assert (taken.provider_id, taken.segments) == ("SM1", 2)
    path, headers, _body = fake.asked[0]
    assert path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert headers["authorization"] == "Basic " + base64.b64encode(f"{SID}:token".encode()).decode()
    assert form(fake) == {
        "To": TO,
        "From": "+353210000000",
        "Body": "Grüße & =\n€5",
        "StatusCallback": "https://t.example/hooks/sms/twilio/x",
    }
    send(twilio(fake), sender="MG" + "0" * 32)
    assert form(fake)["MessagingServiceSid"] == "MG" + "0" * 32


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, '{"code": 21211, "message": "not a valid phone number"}', SmsRefused),
        (400, '{"code": 21610, "message": "unsubscribed"}', SmsRefused),
        (400, '{"code": 21606, "message": "not a valid sender"}', SmsMisconfigured),
        (400, '{"code": 21408, "message": "region not enabled"}', SmsMisconfigured),
        (401, '{"code": 20003, "message": "Authenticate"}', SmsMisconfigured),
        (403, "no", SmsMisconfigured),
        (429, '{"code": 20429, "message": "slow down"}', SmsUnavailable),
        (500, "<html>", SmsUnavailable),
        (503, '{"code": null}', SmsUnavailable),
        (201, "not json", SmsUnavailable),
        (302, "{}", SmsMisconfigured),
    ],
)
def test_twilio_answers(fake: Fake, status: int, body: str, error: type[Exception]) -> None:
    fake.says(status, body)
    with pytest.raises(error) as raised:
        send(twilio(fake))
    assert type(raised.value) is error
    if isinstance(raised.value, SmsRefused):
        assert raised.value.is_stopped == ("21610" in body)
    assert len(fake.asked) == 1, "never sent twice by itself"


# Vonage


def test_b17_vonage_is_asked_as_its_manual_says(fake: Fake) -> None:
    fake.says(200, '{"message-count": "1", "messages": [{"status": "0", "message-id": "0A1"}]}')
    assert send(vonage(fake), "Hello").provider_id == "0A1"
    assert fake.asked[0][0] == "/sms/json"
    assert form(fake) == {
        "api_key": "abcd",
        "api_secret": "hush",
        "from": "353210000000",
        "to": TO[1:],
        "text": "Hello",
        "type": "text",
        "callback": "https://t.example/hooks/sms/vonage/x",
    }
    fake.says(200, json.dumps({"messages": [{"status": "0", "message-id": "1"}, {"status": "0", "message-id": "2"}]}))
    assert send(vonage(fake), "ț" * 80).segments == 2
    assert form(fake)["type"] == "unicode"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        *((200, f'{{"messages": [{{"status": "{code}", "error-text": "x"}}]}}', SmsRefused) for code in (3, 6, 7, 33)),
        *((200, f'{{"messages": [{{"status": "{code}"}}]}}', SmsUnavailable) for code in (1, 5, 10)),
        *((200, f'{{"messages": [{{"status": "{code}"}}]}}', SmsMisconfigured) for code in (2, 4, 9, 15, 29, 99)),
        (200, '{"messages": [{"status": "0"}, {"status": "7"}]}', SmsRefused),
        (200, '{"messages": []}', SmsUnavailable),
        (200, '{"messages": [7]}', SmsUnavailable),
        (200, "{}", SmsUnavailable),
        (200, "[]", SmsUnavailable),
        (401, "{}", SmsMisconfigured),
        (500, "{}", SmsUnavailable),
    ],
)
def test_vonage_answers(fake: Fake, status: int, body: str, error: type[Exception]) -> None:
    fake.says(status, body)
    with pytest.raises(error) as raised:
        send(vonage(fake))
    assert type(raised.value) is error


# Both


@pytest.mark.parametrize("make", [twilio, vonage])
def test_silence_and_absence_are_to_be_tried_again(fake: Fake, make: Any) -> None:
    fake.wait_s = 1
    with pytest.raises(SmsUnavailable) as silent:
        send(make(fake, timeout_s=0.2))
    assert silent.value.may_have_left
    gone = make(Fake(url="http://127.0.0.1:9"))
    with pytest.raises(SmsUnavailable) as absent:
        send(gone)
    assert not absent.value.may_have_left


@pytest.mark.parametrize("make", [twilio, vonage])
def test_secrets_stay_out_of_what_is_logged(fake: Fake, make: Any) -> None:
    transport = make(fake)
    fake.says(500, "{}")
    with pytest.raises(SmsUnavailable) as raised:
        send(transport)
    for word in ("token", "hush", "/hooks/sms"):
        assert word not in repr(transport) + str(raised.value)


# Apprise


def clicksend(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Transport:
    monkeypatch.setattr(NotifyClickSend, "notify_url", fake.url)
    return Transport(kind="apprise", options={"url": "clicksend://me:key@{to}"})


def test_b17_apprise_texts_the_number_in_the_place_kept_for_it(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = send(clicksend(fake, monkeypatch), "Hello €")
    assert (taken.provider_id, taken.segments) == ("", 1)
    [sent] = json.loads(fake.asked[0][2])["messages"]
    assert (sent["to"].removeprefix("+"), sent["body"]) == (TO[1:], "Hello €")


def test_apprise_says_no_and_we_try_again(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.says(401, "{}")
    with pytest.raises(SmsUnavailable) as raised:
        send(clicksend(fake, monkeypatch))
    assert "clicksend" in str(raised.value)
    assert "key@" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("clicksend://me:key@{to}", ""),
        ("plivo://" + "A" * 25 + "@" + "b" * 40 + "/+353871111111/{to}", ""),
        ("clicksend://me:key@+353879100012", "hole"),
        ("clicksend://me:key@{to}/{to}", "hole"),
        ("json://127.0.0.1/{to}", "scheme"),
        ("jsons://internal.example/{to}", "scheme"),
        ("mailto://a:b@example.com/{to}", "scheme"),
        ("exec://{to}", "scheme"),
        ("clicksend:// {to}", "url"),
        ("sinch://{to}", "url"),
    ],
)
def test_an_apprise_address_leads_to_a_provider_and_nowhere_else(url: str, why: str) -> None:
    assert check_options("apprise", {"url": url}) == ({"url": why} if why else {})


# The port


@pytest.mark.parametrize(
    "to", ["", "0879100012", "+3538791000121234567", "+35387 910", "+353879100012\n", "+0123456789"]
)
def test_a_number_is_in_e164(fake: Fake, to: str) -> None:
    with pytest.raises(BadText):
        send_sms("Hello", to=to, sender="Acme", transport=twilio(fake))


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x07", "x" * 1531])
def test_a_text_says_something_and_not_too_much(fake: Fake, text: str) -> None:
    with pytest.raises(BadText):
        send(twilio(fake), text)
    assert fake.asked == []


def test_nothing_leaves_from_inside_a_transaction(fake: Fake) -> None:
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        send(twilio(fake))
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        send(Transport(kind="apprise", options={"url": "clicksend://me:key@{to}"}))


def test_senders() -> None:
    assert all(is_sender(one) for one in ("+353210000000", "50123", "Acme", "Linden 24", "MG" + "0" * 32))
    assert not any(is_sender(one) for one in ("", "a\nb", "far too long a name", "+12", "Äcme", "1234567890"))
    assert can_be_answered("+353210000000")
    assert not can_be_answered("Acme")


def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(LookupError, match="pigeon"):
        send(Transport(kind="pigeon"))
