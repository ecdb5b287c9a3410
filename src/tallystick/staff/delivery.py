"""What a test of a mail route, and a look into DNS, say to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.mail.advice import Advice, Finding
from tallystick.mail.port import Step

STEPS = {
    "resolve": gettext_lazy("Find the server"),
    "connect": gettext_lazy("Connect"),
    "tls": gettext_lazy("Protect the connection"),
    "sign_in": gettext_lazy("Sign-in accepted"),
    "key": gettext_lazy("Key accepted"),
    "sender": gettext_lazy("Sender accepted"),
    "recipient": gettext_lazy("Recipient accepted"),
    "taken": gettext_lazy("Message taken"),
}
STATES = {
    "ok": gettext_lazy("Works"),
    "failed": gettext_lazy("Failed"),
    "skipped": gettext_lazy("Not used"),
    "not_reached": gettext_lazy("Not reached"),
}
HINTS = {
    "no_such_host": gettext_lazy("No server has this name. Check the spelling, or ask your provider for it."),
    "refused": gettext_lazy("Nothing listens on this port. Most providers use 587 with STARTTLS or 465 with TLS."),
    "silent": gettext_lazy("No answer in time. A firewall may block the port, or the server is away."),
    "wants_tls": gettext_lazy("It connects but says nothing: this port may expect TLS from the start. Choose TLS."),
    "wants_starttls": gettext_lazy("This port doesn't speak TLS from the start. Choose STARTTLS, or port 465."),
    "no_starttls": gettext_lazy("This server doesn't offer STARTTLS on this port. Try TLS on port 465."),
    "tls": gettext_lazy("The server and we found no common protection. It may be too old."),
    "certificate": gettext_lazy(
        "The certificate isn't good for this server name. Use the name that stands in it, or ask your provider."
    ),
    "password": gettext_lazy("User or password is wrong. Some providers want the whole address as user."),
    "app_password": gettext_lazy(
        "The server wants an app password. Make one in your mail account's security settings."
    ),
    "letters": gettext_lazy("User or password has letters this server can't be told. Choose one with plain letters."),
    "no_sign_in": gettext_lazy("The server takes no sign-in here, mostly because the connection isn't protected."),
    "sign_in_first": gettext_lazy("The server wants you to sign in first. Fill in user and password."),
    "sender": gettext_lazy(
        "This account may not send from this address. Use its own address, or allow this one there."
    ),
    "recipient": gettext_lazy("The server doesn't take mail for the address you send the test to."),
    "relay": gettext_lazy("The server passes mail on only for those it knows. Fill in user and password."),
    "content": gettext_lazy("The server doesn't like the message itself. Its words say why."),
    "later": gettext_lazy(
        "The server says later. We would try again by ourselves; try the test again in some minutes."
    ),
    "hung_up": gettext_lazy("The server hung up in the middle."),
    "key": gettext_lazy("The service doesn't accept the key or the sender. Check both there."),
}


class ShownStep(NamedTuple):
    """A step as the page shows it."""

    label: str
    state: str
    state_label: str
    words: str
    hint: str


class ShownEntry(NamedTuple):
    """A DNS entry as the page shows it; `badge` is its look."""

    title: str
    text: str
    advice: Advice
    badge: str
    state_label: str
    found: str


def shown_steps(steps: Iterable[Step]) -> list[ShownStep]:
    """Return the steps in the reader's language."""
    return [
        ShownStep(str(STEPS[one.name]), one.state, str(STATES[one.state]), one.words, str(HINTS.get(one.hint, "")))
        for one in steps
    ]


def shown_entries(advices: Iterable[Advice], findings: Iterable[Finding]) -> list[ShownEntry]:
    """Return the entries with what was found; without findings nobody has looked yet."""
    found = {one.advice.kind: one for one in findings}
    return [_entry(one, found.get(one.kind)) for one in advices]


def _entry(advice: Advice, finding: Finding | None) -> ShownEntry:
    badge, label = _states().get(finding.state if finding and advice.name else "", ("", ""))
    titles = {"spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC"}
    return ShownEntry(
        titles[advice.kind], _texts()[advice.kind], advice, badge, label, finding.found if finding else ""
    )


def _texts() -> dict[str, str]:
    return {
        "spf": _(
            "Names the servers that may send for the domain. If there is an entry already, add to it: only one may stand there."
        ),
        "dkim": _("A signature under each email. Your provider gives you the name and the key."),
        "dmarc": _("What to do with mail that fails both. Start by only watching."),
    }


def _states() -> dict[str, tuple[str, str]]:
    return {
        "right": ("accepted", _("Right")),
        "missing": ("failed", _("Missing")),
        "different": ("disputed", _("Different")),
        "several": ("disputed", _("More than one")),
        "unknown": ("void", _("Couldn't be asked")),
    }
