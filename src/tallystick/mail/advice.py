"""What a sender's domain should say in DNS so that its mail isn't taken for spam, and whether it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.resolver

from tallystick.base import tx
from tallystick.mail.services import SERVICES

PATIENCE_S = 4.0
_WELL_KNOWN = {
    "gmail.com": "_spf.google.com",
    "googlemail.com": "_spf.google.com",
    "office365.com": "spf.protection.outlook.com",
    "outlook.com": "spf.protection.outlook.com",
    "zoho.eu": "zoho.eu",
    "zoho.com": "zoho.com",
    "messagingengine.com": "spf.messagingengine.com",
    "ionos.com": "_spf-eu.ionos.com",
    "ionos.de": "_spf-eu.ionos.com",
    "mailbox.org": "mailbox.org",
    "ovh.net": "mx.ovh.com",
    "gandi.net": "_mailcust.gandi.net",
    "sendgrid.net": "sendgrid.net",
}
"""End of a mail server's name → what SPF includes for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One TXT entry: `kind` is spf, dkim or dmarc, `name` where it stands, `value` what to paste.

    `needed` is the part that makes it right. `value` is empty where only the provider knows it, `name` too where the
    name of the key isn't known yet.
    """

    kind: str
    name: str
    value: str
    needed: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What DNS says to an advice: `state` is right, missing, different, several or unknown; `found` is what is there."""

    advice: Advice
    state: str
    found: str = ""


class Resolver(Protocol):
    """Reads TXT entries. Raises CannotAsk."""

    def __call__(self, name: str) -> Sequence[str]: ...


class CannotAsk(Exception):
    """No answer: no network, no name server, or too slow."""


def advise(
    *, domain: str, kind: str = "smtp", host: str = "", selector: str = "", dkim_record: str = ""
) -> tuple[Advice, ...]:
    """Return the entries for mail from `domain` that goes out by a kind of route (a mail server's `host`, or a service).

    `selector` is the name of the DKIM key where it is known, `dkim_record` its entry when the key is our own.
    """
    service = SERVICES.get(kind)
    selector = selector or (service.selector if service else "")
    below = f"{service.spf_at}.{domain}" if service and service.spf_at else domain
    needed = _spf(kind, host)
    spf = Advice(kind="spf", name=below, value=f"v=spf1 {needed} ~all" if needed else "", needed=needed)
    dkim = Advice(kind="dkim", name=f"{selector}._domainkey.{domain}" if selector else "", value=dkim_record)
    dmarc = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    return spf, dkim, Advice(kind="dmarc", name=f"_dmarc.{domain}", value=dmarc)


def look_up(advices: Sequence[Advice], *, resolve: Resolver | None = None) -> tuple[Finding, ...]:
    """Ask DNS about each entry. No trouble with it is an exception. Raises InsideTransaction."""
    tx.outside("DNS")
    ask = resolve or ask_dns
    return tuple(_find(one, ask) for one in advices)


def ask_dns(name: str) -> list[str]:
    """Return the TXT entries of a name, each in one piece, none when it doesn't exist. Raises CannotAsk."""
    try:
        resolver = dns.resolver.Resolver()
        resolver.lifetime = PATIENCE_S
        answer = resolver.resolve(name, "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise CannotAsk(f"{type(error).__name__}: {error}") from error
    return [b"".join(one.strings).decode("utf-8", "replace") for one in answer]


def _spf(kind: str, host: str) -> str:
    service = SERVICES.get(kind)
    if service:
        return f"include:{service.spf}" if service.spf else ""
    known = next((into for end, into in _WELL_KNOWN.items() if host == end or host.endswith("." + end)), "")
    return f"include:{known}" if known else f"a:{host}" if re.search("[a-z]", host) and "." in host else ""


def _find(advice: Advice, ask: Resolver) -> Finding:
    if not advice.name:
        return Finding(advice, "unknown")
    try:
        entries = [each for each in ask(advice.name) if _MINE[advice.kind](each)]
    except CannotAsk:
        return Finding(advice, "unknown")
    if not entries:
        return Finding(advice, "missing")
    if len(entries) > 1:
        return Finding(advice, "several", " · ".join(entries)[:1000])
    return Finding(advice, "right" if _RIGHT[advice.kind](entries[0], advice) else "different", entries[0][:1000])


def _tags(entry: str) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in entry.split(";") if "=" in part)
    return {name.strip().lower(): "".join(value.split()) for name, value in pairs}


def _is_spf_right(entry: str, advice: Advice) -> bool:
    terms = entry.lower().split()[1:]
    return "+all" not in terms and (not advice.needed or advice.needed in [term.lstrip("+") for term in terms])


def _is_dkim_right(entry: str, advice: Advice) -> bool:
    key = _tags(entry).get("p", "")
    return bool(key) and (not advice.value or key == _tags(advice.value)["p"])


def _is_dmarc_right(entry: str, advice: Advice) -> bool:
    return _tags(entry).get("p", "").lower() in {"none", "quarantine", "reject"}


_MINE: dict[str, Callable[[str], bool]] = {
    "spf": lambda entry: entry.lower().split(" ")[0] == "v=spf1",
    "dkim": lambda entry: "p" in _tags(entry),
    "dmarc": lambda entry: entry.lower().startswith("v=dmarc1"),
}
_RIGHT: dict[str, Callable[[str, Advice], bool]] = {
    "spf": _is_spf_right,
    "dkim": _is_dkim_right,
    "dmarc": _is_dmarc_right,
}
