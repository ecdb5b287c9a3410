"""Each service by its API: what is asked, with whose keys, and which answer is which error. Nobody outside is called."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tallystick.base import http, tx
from tallystick.mail.port import (
    Attachment,
    BadEnvelope,
    Delivery,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Transport,
    deliver,
    rehearse,
)
from tallystick.mail.tests.test_deliver import envelope

OURS = "0192f000-0000-7000-8000-000000000001"
PDF = Attachment(filename="Factură LP-10503.pdf", content_type="application/pdf", content=b"%PDF-1.7 \xff")
LOGO = Attachment(filename="logo.png", content_type="image/png", content=b"\x89PNG", content_id="logo")
KEYS = {
    "postmark": {"server_token": "pm-token"},
    "mailgun": {"api_key": "mg-key", "sender_domain": "mg.lindenpress.example", "region": "eu"},
    "brevo": {"api_key": "xkeysib-1"},
    "resend": {"api_key": "re_1"},
    "amazon_ses": {"access_key_id": "AKIATEST", "secret_access_key": "hush", "region": "eu-west-1"},
}
YES: dict[str, Any] = {
    "postmark": {"ErrorCode": 0, "Message": "OK", "MessageID": "id-1", "To": "ap@kestrelrowe.example"},
    "mailgun": {"id": "<id-1@mg.lindenpress.example>", "message": "Queued. Thank you."},
    "brevo": {"messageId": "<id-1@brevo.example>"},
    "resend": {"id": "id-1"},
    "amazon_ses": {"MessageId": "id-1"},
}
BY_HTTP = ("postmark", "mailgun", "brevo", "resend")


@dataclass
class Service:
    """What was asked, and what is answered: a status and a body, or an exception."""

    asked: list[http.Request] = field(default_factory=list)
    answer: Any = (200, b"{}")

    def say(self, status: int, body: Any) -> None:
        self.answer = (status, body if isinstance(body, bytes) else json.dumps(body).encode())

    def send(self, request: http.Request, **_: Any) -> http.Response:
        tx.outside("HTTP")
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return http.Response(self.answer[0], {"content-type": "application/json"}, self.answer[1])


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A server of our own where Amazon's client calls: it isn't built on requests."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.asked.append(http.Request("POST", self.path, dict(self.headers), body))
            status, said = service.answer
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{server.server_port}")
    yield service
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr(http, "send", service.send)
    return service


def send(kind: str, **changes: Any) -> Delivery:
    sent = envelope(sender_name="Țiglă & Fiii", attachments=(PDF, LOGO), reference=OURS, **changes)
    return deliver(sent, transport=Transport(kind=kind, options=KEYS[kind]))


def body(request: http.Request) -> Any:
    return json.loads(request.body)


def test_postmark_is_asked_with_the_sellers_token(service: Service) -> None:
    service.say(200, YES["postmark"])
    made = send("postmark")
    assert (made.accepted, made.refused, made.provider_id) == (("ap@kestrelrowe.example",), (), "id-1")
    (asked,) = service.asked
    assert (asked.method, asked.url) == ("POST", "https://api.postmarkapp.com/email")
    assert asked.headers["X-Postmark-Server-Token"] == "pm-token"
    told = body(asked)
    assert told["From"] == "Țiglă & Fiii <hello@lindenpress.example>"
    assert (told["To"], told["ReplyTo"]) == ("ap@kestrelrowe.example", "maeve@lindenpress.example")
    assert told["Metadata"] == {"message": OURS}
    assert {each["Name"] for each in told["Attachments"]} == {"Factură LP-10503.pdf", "logo.png"}
    assert base64.b64decode(told["Attachments"][0]["Content"]) == PDF.content
    assert {"Name": "Message-ID", "Value": "<0192f.1@mail.lindenpress.example>"} in told["Headers"]
    assert {"Name": "X-PM-KeepID", "Value": "true"} in told["Headers"]
    assert "bounces+7" not in json.dumps(told)


def test_mailgun_is_asked_in_its_region(service: Service) -> None:
    service.say(200, YES["mailgun"])
    assert send("mailgun").provider_id == "<id-1@mg.lindenpress.example>"
    (asked,) = service.asked
    assert asked.url == "https://api.eu.mailgun.net/v3/mg.lindenpress.example/messages"
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"api:mg-key").decode()
    text = asked.body.decode("utf-8", "replace")
    for part in ("hello@lindenpress.example", "maeve@lindenpress.example", "<0192f.1@mail.lindenpress.example>", OURS):
        assert part in text
    assert PDF.content in asked.body


def test_brevo_gets_no_inline_picture_and_its_key(service: Service) -> None:
    service.say(201, YES["brevo"])
    assert send("brevo").provider_id == "<id-1@brevo.example>"
    (asked,) = service.asked
    assert (asked.url, asked.headers["api-key"]) == ("https://api.brevo.com/v3/smtp/email", "xkeysib-1")
    told = body(asked)
    assert told["sender"]["email"] == "hello@lindenpress.example"
    assert told["replyTo"] == {"email": "maeve@lindenpress.example"}
    assert [each["name"] for each in told["attachment"]] == ["Factură LP-10503.pdf"]
    assert OURS in told["headers"]["X-Mailin-custom"]


def test_resend_is_asked_with_the_sellers_key(service: Service) -> None:
    service.say(200, YES["resend"])
    assert send("resend").provider_id == "id-1"
    (asked,) = service.asked
    assert (asked.url, asked.headers["Authorization"]) == ("https://api.resend.com/emails", "Bearer re_1")
    told = body(asked)
    assert (told["to"], told["reply_to"]) == (["ap@kestrelrowe.example"], ["maeve@lindenpress.example"])
    assert "hello@lindenpress.example" in told["from"]
    assert OURS in told["headers"]["X-Metadata"]
    assert len(told["attachments"]) == 2


def test_amazon_gets_the_whole_message_signed_with_the_sellers_key(amazon: Service) -> None:
    amazon.say(200, YES["amazon_ses"])
    assert send("amazon_ses", cc=("cc@kestrelrowe.example",)).provider_id == "id-1"
    (asked,) = amazon.asked
    assert asked.url == "/v2/email/outbound-emails"
    assert "Credential=AKIATEST/" in asked.headers["Authorization"]
    assert "/eu-west-1/ses/" in asked.headers["Authorization"]
    told = body(asked)
    assert told["Destination"]["ToAddresses"] == ["ap@kestrelrowe.example"]
    assert told["Destination"]["CcAddresses"] == ["cc@kestrelrowe.example"]
    raw = base64.b64decode(told["Content"]["Raw"]["Data"]).decode()
    assert "hello@lindenpress.example" in raw and "Reply-To: maeve@lindenpress.example" in raw
    assert OURS in raw and "bounces+7" not in raw


ANSWERS: list[tuple[int, Any, type[Exception]]] = [
    (401, {"message": "bad key"}, MailMisconfigured),
    (403, {"message": "domain not verified"}, MailMisconfigured),
    (429, {"message": "slow down"}, MailUnavailable),
    (500, {"message": "broken"}, MailUnavailable),
    (503, b"<html>busy</html>", MailUnavailable),
    (200, b"\xff not json", MailUnavailable),
    (200, b"[]", MailUnavailable),
]


@pytest.mark.parametrize("kind", BY_HTTP)
@pytest.mark.parametrize(("status", "said", "error"), ANSWERS)
def test_each_answer_is_one_of_our_errors(
    service: Service, kind: str, status: int, said: Any, error: type[Exception]
) -> None:
    service.say(status, said)
    with pytest.raises(error) as caught:
        send(kind)
    assert type(caught.value) is error
    assert len(service.asked) == 1, "nothing is sent twice by itself"


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("postmark", 422, {"ErrorCode": 300, "Message": "Invalid 'To' address: 'ap@kestrelrowe.example'."}),
        (
            "postmark",
            422,
            {
                "ErrorCode": 406,
                "Message": "Found inactive addresses: ap@kestrelrowe.example.\nInactive recipients are ones",
            },
        ),
        ("mailgun", 400, {"message": "'to' parameter is not a valid address. please check documentation"}),
        ("brevo", 400, {"code": "invalid_parameter", "message": "email is not valid in to"}),
        ("resend", 422, {"name": "validation_error", "message": "Invalid `to` field."}),
    ],
)
def test_a_recipient_the_service_refuses_is_refused_for_good(
    service: Service, kind: str, status: int, said: Any
) -> None:
    service.say(status, said)
    with pytest.raises(MailRefused) as caught:
        send(kind)
    assert [one.address for one in caught.value.refused] == ["ap@kestrelrowe.example"]
    assert all(one.is_permanent for one in caught.value.refused)


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_message_the_service_refuses_says_nothing_about_the_address(service: Service, kind: str) -> None:
    service.say(422 if kind == "postmark" else 400, {"ErrorCode": 300, "Message": "Too large", "message": "Too large"})
    with pytest.raises(MailRefused, match="Too large") as caught:
        send(kind)
    assert (caught.value.code, caught.value.refused) == (550, ())


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        (
            "postmark",
            422,
            {"ErrorCode": 400, "Message": "The 'From' address isn't a Sender Signature on your account."},
        ),
        ("mailgun", 404, {"message": "Domain not found: mg.lindenpress.example"}),
        ("brevo", 400, {"message": "Sending has been rejected because the sender you used is not valid"}),
        ("resend", 422, {"message": "The lindenpress.example domain is not verified."}),
    ],
)
def test_trouble_with_the_account_is_no_fault_of_the_message(
    service: Service, kind: str, status: int, said: Any
) -> None:
    service.say(status, said)
    with pytest.raises(MailMisconfigured):
        send(kind)


@pytest.mark.parametrize("kind", BY_HTTP)
@pytest.mark.parametrize("sent", [True, False])
def test_no_answer_is_worth_another_try(service: Service, kind: str, sent: bool) -> None:
    service.answer = http.HttpUnavailable("ReadTimeout", sent=sent)
    with pytest.raises(MailUnavailable, match="ReadTimeout"):
        send(kind)


@pytest.mark.parametrize(
    ("status", "code", "words", "error"),
    [
        (403, "AccessDeniedException", "not allowed", MailMisconfigured),
        (400, "MessageRejected", "Email address is not verified: hello@lindenpress.example", MailMisconfigured),
        (400, "MessageRejected", "Email contains a virus", MailRefused),
        (400, "AccountSuspendedException", "stopped", MailMisconfigured),
        (429, "TooManyRequestsException", "slow down", MailUnavailable),
        (400, "LimitExceededException", "too many", MailUnavailable),
        (500, "InternalFailure", "broken", MailUnavailable),
    ],
)
def test_amazon_says_no(amazon: Service, status: int, code: str, words: str, error: type[Exception]) -> None:
    amazon.say(status, {"__type": code, "message": words})
    with pytest.raises(error, match=words) as caught:
        send("amazon_ses")
    assert type(caught.value) is error
    assert len(amazon.asked) == 1


@pytest.mark.parametrize("answer", [(0, b""), (200, b"garbage"), (200, b"{}")])
def test_amazon_gives_no_answer(amazon: Service, answer: tuple[int, bytes]) -> None:
    amazon.answer = answer
    with pytest.raises(MailUnavailable):
        send("amazon_ses")


def test_one_of_two_recipients_refused_is_reported(service: Service) -> None:
    said = "Message OK, but will not deliver to these inactive addresses: gone@kestrelrowe.example. Inactive recipients are"
    to = ("ap@kestrelrowe.example", "gone@kestrelrowe.example")
    service.say(200, {**YES["postmark"], "To": ", ".join(to), "Message": said})
    made = send("postmark", to=to)
    assert made.accepted == ("ap@kestrelrowe.example",)
    assert [one.address for one in made.refused] == ["gone@kestrelrowe.example"]


def test_the_test_says_how_far_it_came(service: Service) -> None:
    def shape(kind: str = "postmark") -> list[tuple[str, str]]:
        steps = rehearse(envelope(), transport=Transport(kind=kind, options=KEYS[kind]))
        return [(step.name, step.state) for step in steps]

    service.say(200, YES["postmark"])
    assert shape() == [("connect", "ok"), ("key", "ok"), ("taken", "ok")]
    service.say(401, {"Message": "no such token"})
    assert shape() == [("connect", "ok"), ("key", "failed"), ("taken", "not_reached")]
    service.say(429, {"Message": "later"})
    assert shape() == [("connect", "ok"), ("key", "ok"), ("taken", "failed")]
    service.answer = http.HttpUnavailable("ConnectTimeout", sent=False)
    assert shape() == [("connect", "failed"), ("key", "not_reached"), ("taken", "not_reached")]


def test_keys_that_are_missing_are_settings_and_a_bad_address_is_the_envelopes(service: Service) -> None:
    with pytest.raises(MailMisconfigured):
        deliver(envelope(), transport=Transport(kind="postmark"))
    with pytest.raises(BadEnvelope):
        send("postmark", to=("no address",))
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        send("postmark")
    assert service.asked == []


def test_keys_stay_out_of_the_repr() -> None:
    assert "hush" not in repr(Transport(kind="amazon_ses", options=KEYS["amazon_ses"]))
