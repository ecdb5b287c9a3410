"""What DNS should say and whether it does; nobody is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dns.resolver
import pytest

from tallystick.base import tx
from tallystick.mail.advice import Advice, CannotAsk, advise, ask_dns, look_up
from tallystick.mail.dkim_key import make_key, public_record

GOOD = {
    "x.example": ["google-site-verification=1", "v=spf1 include:mailgun.org ~all"],
    "mx._domainkey.x.example": ["k=rsa; p=MIGf"],
    "_dmarc.x.example": ["v=DMARC1; p=quarantine"],
}


def states(entries: Mapping[str, Sequence[str]], **given: str) -> dict[str, str]:
    advices = advise(**{"domain": "x.example", "kind": "mailgun", "selector": "mx", **given})
    return {one.advice.kind: one.state for one in look_up(advices, resolve=lambda name: entries.get(name, []))}


def test_e6_all_three_are_right() -> None:
    assert states(GOOD) == {"spf": "right", "dkim": "right", "dmarc": "right"}


def test_e6_nothing_is_there() -> None:
    assert states({}) == {"spf": "missing", "dkim": "missing", "dmarc": "missing"}
    assert states({"x.example": ["some other text"]})["spf"] == "missing"


@pytest.mark.parametrize(
    ("name", "entries", "kind", "state"),
    [
        ("x.example", ["v=spf1 include:elsewhere.example -all"], "spf", "different"),
        ("x.example", ["v=spf1 include:mailgun.org.evil.example -all"], "spf", "different"),
        ("x.example", ["v=spf1 include:mailgun.org +all"], "spf", "different"),
        ("x.example", ["V=SPF1 A +INCLUDE:MAILGUN.ORG -ALL"], "spf", "right"),
        ("x.example", ["v=spf1 include:mailgun.org ~all", "v=spf1 a -all"], "spf", "several"),
        ("x.example", ["v=spf10 include:mailgun.org"], "spf", "missing"),
        ("mx._domainkey.x.example", ["v=DKIM1; p="], "dkim", "different"),
        ("mx._domainkey.x.example", ["v=DKIM1; k=rsa; p=MIG f\tAB"], "dkim", "right"),
        ("_dmarc.x.example", ["v=DMARC1; rua=mailto:a@x.example"], "dmarc", "different"),
        ("_dmarc.x.example", ["v=DMARC1;p=reject"], "dmarc", "right"),
    ],
)
def test_e6_what_is_there_is_read(name: str, entries: list[str], kind: str, state: str) -> None:
    assert states({**GOOD, name: entries})[kind] == state


def test_e6_no_network_is_a_state() -> None:
    def broken(name: str) -> list[str]:
        raise CannotAsk("no network")

    findings = look_up(advise(domain="x.example", kind="resend"), resolve=broken)
    assert [one.state for one in findings] == ["unknown"] * 3
    assert [one.state for one in look_up([Advice(kind="dkim", name="", value="")], resolve=broken)] == ["unknown"]


def test_e6_each_route_has_its_own_entries() -> None:
    def spf(**given: str) -> tuple[str, str]:
        one = advise(domain="x.example", **given)[0]
        return one.name, one.value

    assert spf(host="smtp.gmail.com") == ("x.example", "v=spf1 include:_spf.google.com ~all")
    assert spf(host="smtp.x.example") == ("x.example", "v=spf1 a:smtp.x.example ~all")
    assert spf(host="smtp.notgmail.com") == ("x.example", "v=spf1 a:smtp.notgmail.com ~all")
    assert spf(host="127.0.0.1") == ("x.example", "")
    assert spf(kind="resend") == ("send.x.example", "v=spf1 include:amazonses.com ~all")
    assert spf(kind="postmark") == ("x.example", "")
    assert advise(domain="x.example", kind="brevo")[1].name == "brevo1._domainkey.x.example"
    assert advise(domain="x.example", kind="postmark")[1].name == ""


def test_e6_our_own_key_is_compared() -> None:
    record, other = public_record(make_key()), public_record(make_key())
    assert states({"mx._domainkey.x.example": [record]}, dkim_record=record)["dkim"] == "right"
    assert states({"mx._domainkey.x.example": [other]}, dkim_record=record)["dkim"] == "different"
    for wrong in (b"", b"-----BEGIN PRIVATE KEY-----\n"):
        with pytest.raises(ValueError, match="PEM"):
            public_record(wrong)


@pytest.mark.parametrize(
    "trouble", [dns.resolver.NoNameservers(), dns.resolver.LifetimeTimeout(timeout=1, errors=[]), OSError("no network")]
)
def test_e6_a_resolver_in_trouble_cannot_be_asked(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
    with pytest.raises(CannotAsk):
        ask_dns("x.example")
    monkeypatch.setattr(
        dns.resolver.Resolver, "resolve", lambda *_, **__: (_ for _ in ()).throw(dns.resolver.NXDOMAIN())
    )
    assert ask_dns("x.example") == []


def test_dns_is_never_asked_inside_a_transaction() -> None:
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        look_up(advise(domain="x.example"), resolve=lambda name: [])
