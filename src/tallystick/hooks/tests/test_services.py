"""What services tell about mail: proved, kept once, and nothing else."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.hooks import services
from tallystick.mail import port
from tallystick.mail.news import BadNews
from tallystick.mail.tests.amazon import CERTIFICATE, Amazon, open_amazon
from tallystick.messages.models import Message, MessageOutcome
from tallystick.messages.outcomes import KINDS as OUTCOMES
from tallystick.messages.queue import Letter, queue_message
from tallystick.sellers.mail_hook import hook_address, hook_password
from tallystick.sellers.mail_route import save_mail_service
from tallystick.testing.world import World, make_world

TO = "nora@kestrel.example"
SIGNING = "whsec_" + base64.b64encode(b"a secret of thirty-two characters").decode()
KEYS = {
    "postmark": {"server_token": "t"},
    "mailgun": {"api_key": "k", "sender_domain": "mg.x.example", "region": "eu", "webhook_signing_key": "mg-signing"},
    "amazon_ses": {"access_key_id": "A", "secret_access_key": "s", "region": "eu-west-1"},
    "brevo": {"api_key": "b"},
    "resend": {"api_key": "r", "signing_secret": SIGNING},
}
KINDS = tuple(KEYS)


signers: list[Amazon] = []
"""Amazon, while the tests of this file run."""


@pytest.fixture(scope="module", autouse=True)
def amazon() -> Iterator[Amazon]:
    with open_amazon() as opened:
        signers[:] = [opened]
        yield opened


def sent(world: World, kind: str) -> UUID:
    """A message that a service took, and the seller's settings with it."""
    save_mail_service(**world.acting(), kind=kind, sender_address="me@x.example", options=KEYS[kind])
    letter = Letter(new_id(), f"k:{new_id()}", "receipt", [TO], "en", "Receipt", "Thanks")
    message = queue_message(seller_id=world.seller_id, letter=letter, now=world.now)
    with tenant.tx(world.seller_id):
        Message.objects.filter(id=message.id).update(state="sent", provider_id=f"<{kind}-1>", sent_at=world.now)
    return message.id


def event(kind: str, name: str, message_id: object = "", provider_id: str = "", to: str = TO) -> dict[str, Any]:
    """What a service says: `name` is delivered, opened, hard, soft, complained or delayed."""
    meta = {"message": str(message_id)} if message_id else {}
    words = {"hard": "550 5.1.1 no such user", "soft": "452 4.2.2 mailbox full"}.get(name, "250 ok")
    if kind == "postmark":
        said = {
            "delivered": {"RecordType": "Delivery", "DeliveredAt": "2026-03-10T09:05:00Z", "Recipient": to},
            "opened": {
                "RecordType": "Open",
                "ReceivedAt": "2026-03-10T09:05:00Z",
                "Recipient": to,
                "UserAgent": "Mail",
            },
            "hard": {"RecordType": "Bounce", "Type": "HardBounce", "Email": to},
            "soft": {"RecordType": "Bounce", "Type": "SoftBounce", "Email": to},
            "complained": {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": to},
            "delayed": {"RecordType": "Bounce", "Type": "Transient", "Email": to},
        }[name]
        return {**said, "MessageID": provider_id, "Metadata": meta, "Details": words}
    if kind == "mailgun":
        names = {"hard": "failed", "soft": "failed", "delayed": "failed"}
        data = {
            "event": names.get(name, name),
            "severity": {"hard": "permanent", "delayed": "temporary"}.get(name, ""),
            "recipient": to,
            "timestamp": 1773133500.0,
            "message": {"headers": {"message-id": provider_id.strip("<>")}},
            "user-variables": meta,
            "delivery-status": {"message": words},
        }
        stamp, token = "1773133500", "a" * 50
        made = hmac.new(b"mg-signing", f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        return {"signature": {"timestamp": stamp, "token": token, "signature": made}, "event-data": data}
    if kind == "brevo":
        names = {"hard": "hard_bounce", "soft": "soft_bounce", "complained": "spam", "delayed": "deferred"}
        told = {"event": names.get(name, name), "email": to, "message-id": provider_id, "reason": words}
        return {**told, "ts_epoch": 1773133500000, "X-Mailin-custom": json.dumps(meta)}
    if kind == "resend":
        names = {"hard": "bounced", "soft": "bounced", "delayed": "delivery_delayed"}
        bounce = {"type": "Permanent" if name == "hard" else "Transient", "message": words}
        data = {"email_id": provider_id, "to": [to], "headers": [{"name": "X-Metadata", "value": json.dumps(meta)}]}
        extra = {"bounce": bounce} if name in names and name != "delayed" else {}
        return {
            "type": f"email.{names.get(name, name)}",
            "created_at": "2026-03-10T09:05:00Z",
            "data": {**data, **extra},
        }
    return amazon_event(name, meta, provider_id, to, words)


def amazon_event(name: str, meta: dict[str, str], provider_id: str, to: str, words: str) -> dict[str, Any]:
    types = {"hard": "Bounce", "soft": "Bounce", "complained": "Complaint", "delayed": "DeliveryDelay"}
    inner = types.get(name, {"delivered": "Delivery", "opened": "Open"}.get(name, name))
    bounced = [{"emailAddress": to, "diagnosticCode": words}]
    more: dict[str, Any] = {
        "Bounce": {
            "bounceType": "Permanent" if name == "hard" else "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": bounced,
        },
        "Complaint": {"complainedRecipients": bounced},
        "Delivery": {"recipients": [to], "smtpResponse": words},
        "DeliveryDelay": {"delayType": "MailboxFull", "delayedRecipients": bounced},
        "Open": {"userAgent": "Mail"},
    }.get(inner, {})
    header = {"name": "X-Metadata", "value": json.dumps(meta)}
    told = {"eventType": inner, "mail": {"messageId": provider_id, "destination": [to], "headers": [header]}}
    told["deliveryDelay" if inner == "DeliveryDelay" else inner.lower()] = more
    return {
        "Type": "Notification",
        "MessageId": "n-1",
        "TopicArn": "arn:aws:sns:eu-west-1:1:t",
        "Message": json.dumps(told),
        "Timestamp": "2026-03-10T09:05:00.000Z",
    }


def tell(
    world: World, kind: str, said: Any, *, token: str = "", password: str | None = None, secret: str = SIGNING
) -> HttpResponse:
    """Call the address as the service would, with its proof unless another is given."""
    url = hook_address(world.seller_id, kind)
    path = "/hooks" + url.split("/hooks", 1)[1]
    if token:
        path = path.rsplit("/", 1)[0] + "/" + token
    if kind == "amazon_ses" and isinstance(said, dict) and "Signature" not in said:
        said = signers[0].sign(said)
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    password = hook_password(world.seller_id, kind) if password is None else password
    headers = {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()} if password else {}
    if kind == "amazon_ses" and isinstance(said, dict):
        headers |= {"x-amz-sns-message-type": said.get("Type", ""), "x-amz-sns-message-id": said.get("MessageId", "")}
    if kind == "resend":
        stamp = str(int(clock.wall().timestamp()))
        key = base64.b64decode(secret.removeprefix("whsec_"))
        made = base64.b64encode(hmac.digest(key, f"msg_1.{stamp}.".encode() + raw, hashlib.sha256)).decode()
        headers |= {"svix-id": "msg_1", "svix-timestamp": stamp, "svix-signature": f"v1,{made}"}
    client = Client(enforce_csrf_checks=True)
    return client.post(path, raw, content_type="application/json", headers=headers)  # type: ignore[return-value]


def outcomes(world: World) -> list[tuple[str, str, str, str]]:
    with tenant.tx(world.seller_id):
        return [(one.kind, one.recipient, one.source, one.code) for one in MessageOutcome.objects.order_by("id")]


MEANINGS = [
    ("delivered", "delivered"),
    ("opened", "opened"),
    ("hard", "bounced_hard"),
    ("soft", "bounced_soft"),
    ("complained", "complained"),
    ("delayed", "delayed"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "meaning"), MEANINGS)
def test_e7_each_service_says_each_thing_in_its_own_words(world: World, kind: str, name: str, meaning: str) -> None:
    if (kind, name) == ("mailgun", "soft"):
        name, meaning = "delayed", "delayed"  # Mailgun goes on trying: a temporary failure isn't the last word
    message_id = sent(world, kind)
    for _ in range(2):
        answer = tell(world, kind, event(kind, name, message_id))
        assert (answer.status_code, answer.content) == (200, b"kept")
    (row,) = outcomes(world)
    code = {"hard": "5.1.1", "soft": "4.2.2"}.get(name, "")
    assert row == (meaning, TO, kind, code)


@pytest.mark.parametrize("kind", KINDS)
def test_e7_a_message_is_found_by_the_services_name_for_it(world: World, kind: str) -> None:
    sent(world, kind)
    assert tell(world, kind, event(kind, "delivered", provider_id=f"<{kind}-1>")).status_code == 200
    assert [row[0] for row in outcomes(world)] == ["delivered"]


@pytest.mark.parametrize("kind", KINDS)
def test_e7_what_is_not_ours_is_nothing(world: World, kind: str) -> None:
    message_id = sent(world, kind)
    for said in (
        event(kind, "hard", new_id()),
        event(kind, "hard", provider_id="<nobody>"),
        event(kind, "hard", message_id, to="somebody@else.example"),
    ):
        assert tell(world, kind, said).status_code == 200
    other = make_world()
    assert tell(other, kind, event(kind, "hard", message_id)).status_code == (200 if kind in BASIC else 403)
    assert outcomes(world) == []


BASIC = ("postmark", "amazon_ses", "brevo")


@pytest.mark.parametrize("kind", KINDS)
def test_e7_a_wrong_address_a_wrong_proof_and_a_wrong_body(world: World, kind: str) -> None:
    said = event(kind, "hard", sent(world, kind))
    assert tell(world, kind, said, token="x" * 54).status_code == 404
    elsewhere = hook_address(make_world().seller_id, kind).rsplit("/", 1)[1]
    assert tell(world, kind, said, token=elsewhere).status_code == 403
    forged = {**said, "signature": {**said["signature"], "signature": "0" * 64}} if kind == "mailgun" else said
    other = "whsec_" + base64.b64encode(b"another secret").decode()
    assert tell(world, kind, forged, password="tally:guess", secret=other).status_code == 403
    if kind in BASIC:
        answer = tell(world, kind, said, password="")
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Basic realm="Tallystick"')
    for bad in (b"no json", b"[1, 2]", b'"text"', b"[" * 100_000):
        assert tell(world, kind, bad).status_code == 400, bad[:20]
    assert outcomes(world) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [None, 7, [], "text", {"a": None}])
def test_r18_a_body_of_another_shape_is_refused_or_means_nothing(world: World, kind: str, wrong: Any) -> None:
    said = event(kind, "hard", sent(world, kind))
    for name in said:
        if name != "signature":
            assert tell(world, kind, {**said, name: wrong}).status_code in {200, 400, 403}, name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every way into a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for name, one in inside for deeper in places(one, (*path, name)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else at one place."""
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = put(value[path[0]], path[1:], new)
    return changed


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_r18_anything_anywhere_in_a_body_is_news_or_unreadable(kind: str, data: st.DataObject) -> None:
    said = event(kind, data.draw(st.sampled_from([name for name, _ in MEANINGS])), new_id())
    if kind == "amazon_ses":
        inner = json.loads(said["Message"])
        said["Message"] = json.dumps(put(inner, data.draw(st.sampled_from(places(inner))), data.draw(JSON)))
        said = signers[0].sign(said)
    else:
        said = put(said, data.draw(st.sampled_from(places(said))), data.draw(JSON))
    if kind == "mailgun" and isinstance(said, dict):
        said["signature"] = event(kind, "hard")["signature"]
    headers = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"tally:x").decode()}
    headers |= {"HTTP_X_AMZ_SNS_MESSAGE_TYPE": "Notification", "HTTP_X_AMZ_SNS_MESSAGE_ID": "n-1"}
    raw, stamp = json.dumps(said), str(int(clock.wall().timestamp()))
    key = base64.b64decode(SIGNING.removeprefix("whsec_"))
    made = base64.b64encode(hmac.digest(key, f"m.{stamp}.{raw}".encode(), hashlib.sha256)).decode()
    headers |= {"HTTP_SVIX_ID": "m", "HTTP_SVIX_TIMESTAMP": stamp, "HTTP_SVIX_SIGNATURE": f"v1,{made}"}
    request = RequestFactory().post("/", raw, content_type="application/json", **headers)
    with suppress(BadNews):
        for one in port.hear(request, kind=kind, options=KEYS[kind], password="tally:x", at=clock.wall()).news:
            assert (one.kind in OUTCOMES, type(one.words), type(one.recipient)) == (True, str, str)


def test_a_get_and_a_flood_are_refused(world: World) -> None:
    path = "/hooks" + hook_address(world.seller_id, "resend").split("/hooks", 1)[1]
    assert Client().get(path).status_code == 405
    assert Client().post(path, b" " * 1_000_001, content_type="application/json").status_code == 413
    assert Client().post(path.replace("resend", "nothing"), b"{}", content_type="application/json").status_code == 404


def test_resend_signed_too_long_ago(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    said = event("resend", "hard", sent(world, "resend"))
    signed_at = clock.wall()
    walls = iter([signed_at, signed_at + timedelta(minutes=6)])
    monkeypatch.setattr(clock, "wall", lambda: next(walls))
    assert tell(world, "resend", said).status_code == 403
    assert outcomes(world) == []


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("brevo", {"event": "unique_proxy_open"}),
        ("postmark", {"UserAgent": "Mozilla/5.0"}),
    ],
)
def test_a_machine_that_opened_it_is_no_person(world: World, kind: str, change: dict[str, str]) -> None:
    said = event(kind, "opened", sent(world, kind))
    assert tell(world, kind, {**said, **change}).status_code == 200
    assert outcomes(world) == []


def test_a_subscription_at_amazon_is_confirmed_at_amazon_only(world: World) -> None:
    sent(world, "amazon_ses")
    url, words = (
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t",
        {"Token": "t", "Message": "m"},
    )
    topic = {"TopicArn": "arn:aws:sns:eu-west-1:1:t", "Timestamp": "2026-03-10T09:05:00.000Z"}
    said = {"Type": "SubscriptionConfirmation", "MessageId": "s-1", "SubscribeURL": url, **words, **topic}
    with open_amazon() as amazon:
        signers.insert(0, amazon)
        assert tell(world, "amazon_ses", said, password="tally:guess").status_code == 403
        assert amazon.asked == [], "a stranger makes us ask nobody"
        for elsewhere in (
            "http://169.254.169.254/", "https://sns.eu-west-1.amazonaws.com.evil.example/?x", "file:///etc",
            "https://sns.cn-north-1.amazonaws.com.cn/?x", "http://sns.eu-west-1.amazonaws.com/?x",
        ):  # fmt: skip
            assert tell(world, "amazon_ses", {**said, "SubscribeURL": elsewhere}).status_code == 400
        forged = {**amazon.sign(said), "SubscribeURL": url + "&again"}
        assert tell(world, "amazon_ses", forged).status_code == 403
        assert amazon.asked == [CERTIFICATE], "once; it is kept"
        assert tell(world, "amazon_ses", said).status_code == 200
        assert amazon.asked == [CERTIFICATE, url]
        signers.remove(amazon)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("more", [{}, {"Subject": "Amazon SES"}])
def test_e7_what_amazon_signs_is_heard(world: World, amazon: Amazon, version: str, more: dict[str, str]) -> None:
    said = {**event("amazon_ses", "delivered", sent(world, "amazon_ses")), **more}
    assert tell(world, "amazon_ses", amazon.sign(said, version=version)).status_code == 200
    assert [row[0] for row in outcomes(world)] == ["delivered"]


FORGERIES = {
    "another message": {"Message": "{}"},
    "another topic": {"TopicArn": "arn:aws:sns:eu-west-1:666:t"},
    "a subject nobody signed": {"Subject": "Hello"},
    "no signature": {"Signature": ""},
    "no base64": {"Signature": "%%%"},
    "another's signature": {"Signature": base64.b64encode(b"x" * 256).decode()},
    "the older hash": {"SignatureVersion": "1"},
    "no hash": {"SignatureVersion": "3"},
    "no certificate": {"SigningCertURL": ""},
}
ELSEWHERE = (
    CERTIFICATE.replace("https", "http"),
    CERTIFICATE.replace(".com/", ".com.evil.example/"),
    CERTIFICATE.replace("sns.eu", "evil.sns.eu"),
    CERTIFICATE.replace("sns.eu-west-1", "s3.eu-west-1"),
    CERTIFICATE.replace(".com/", ".com:8443/"),
    CERTIFICATE.replace("https://", "https://me@evil.example#"),
    CERTIFICATE.replace("/Simple", "/../bucket/Simple"),
    CERTIFICATE + "?x",
    "https://sns.eu-west-1.amazonaws.com/key.pem\n",
)


def test_e7_what_amazon_didnt_sign_is_refused(world: World) -> None:
    said = event("amazon_ses", "hard", sent(world, "amazon_ses"))
    with open_amazon() as theirs:
        good = theirs.sign(said)
        for name, change in FORGERIES.items():
            assert tell(world, "amazon_ses", {**good, **change}).status_code == 403, name
        assert theirs.asked == [CERTIFICATE]
        for url in ELSEWHERE:
            assert tell(world, "amazon_ses", theirs.sign(said, SigningCertURL=url)).status_code == 403, url
        assert theirs.asked == [CERTIFICATE], "a certificate is fetched at Amazon's alone"
        with open_amazon() as other:
            assert tell(world, "amazon_ses", good).status_code == 403, "signed by somebody else's key"
            assert other.asked == [CERTIFICATE]
    with open_amazon(days=-1) as expired:
        assert tell(world, "amazon_ses", expired.sign(said)).status_code == 403
    with open_amazon() as away:
        away.status = 503
        assert tell(world, "amazon_ses", away.sign(said)).status_code == 503, "SNS tells again"
        away.status, away.pem = 200, b"no certificate"
        assert tell(world, "amazon_ses", away.sign(said)).status_code == 403
    assert outcomes(world) == []


def test_database_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> int:
        raise OperationalError

    said = event("postmark", "hard", sent(world, "postmark"))
    monkeypatch.setattr(services, "hear_news", fail)
    assert tell(world, "postmark", said).status_code == 503
