"""What became of emails, in words: for every list of them on staff pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from tallystick.invoices.models import Invoice
from tallystick.messages.models import Message, MessageOutcome, SilencedAddress
from tallystick.messages.queries import heard_about
from tallystick.messages.silence import silences
from tallystick.messages.triggers import Triggers
from tallystick.payments.reminders import Outlook
from tallystick.staff.mail_words import left_before, skip_reason

_WORSE = ("bounced_hard", "bounced_soft", "rejected", "complained", "delayed")


def with_reasons(letters: Sequence[Message]) -> list[tuple[Message, str]]:
    """Return emails with what there is to say about each: why it waits or wasn't sent, or what came back. One query."""
    heard = heard_about([letter.id for letter in letters if letter.outcome])
    return [(letter, _reason(letter, heard.get(letter.id, []))) for letter in letters]


def _reason(letter: Message, heard: Sequence[MessageOutcome]) -> str:
    if letter.state in ("queued", "sending"):
        return ""
    said = _what_came_back(letter, heard) if letter.state == "sent" else skip_reason(letter.reason)
    return " ".join(filter(None, (said, left_before(is_sent=letter.state == "sent") if letter.may_have_left else "")))


def _what_came_back(letter: Message, heard: Sequence[MessageOutcome]) -> str:
    if letter.outcome not in ("bounced", "delayed"):
        return ""
    told = sorted((row for row in heard if row.kind in _WORSE), key=lambda row: _WORSE.index(row.kind))
    return " · ".join(f"{row.recipient}: {row.words or row.code or outcome_word(row.kind)}" for row in told[:3])


def why_unsent(row: Invoice, auto_kinds: frozenset[str]) -> str:
    """Say why nothing was ever sent about an issued document (F3)."""
    if row.sent_at:
        return _("It was marked as sent: it went outside Tallystick.")
    if row.kind not in auto_kinds:
        return _("Documents of this kind don't go out by themselves, and nobody has sent it.")
    return _("It was issued before this kind went out by itself, and nobody has sent it.")


def when_it_goes(kind: str, *, is_sent: bool, on: str, rules: Triggers) -> str:
    """Say of a draft that issues itself `on` a day when it goes out by itself, and whether; `is_sent`: it was asked for."""
    if not is_sent and kind not in rules.auto_kinds:
        text = _("It will be issued %(on)s. Nobody gets it by itself: send it then.")
    elif rules.is_digest and kind == "invoice":
        text = _("It will be issued %(on)s, and goes out that evening with what else is issued for its customer.")
    else:
        text = _("It will be issued %(on)s, and goes out at 08:00 of that day.")
    return text % {"on": on}


def no_reminder(outlook: Outlook | None) -> str:
    """Say why no reminder will go (F3); empty when one will, or nobody owes anything."""
    return {
        "reminders_off": _("No reminders: none are set under Settings, Templates."),
        "not_sent_yet": _("No reminder before it was sent."),
        "template_off": _("No reminder: this kind of email is switched off under Settings, Templates."),
        "charge_planned": _("No reminder: it will be charged by itself."),
        "no_more": _("No more reminders: each was sent, or its day went by."),
    }.get(outlook.reason if outlook else "", "")


def outcome_word(kind: str) -> str:
    """Name what was heard about one recipient."""
    return {
        "delayed": _("still being tried"),
        "delivered": _("delivered"),
        "opened": _("opened"),
        "bounced_soft": _("came back for now"),
        "bounced_hard": _("the address doesn't exist"),
        "complained": _("marked as spam"),
        "rejected": _("refused by the mail server"),
    }.get(kind, kind)


def silent_words(addresses: Iterable[str]) -> dict[str, str]:
    """Return why nothing is sent to those of the addresses that are silent, by address in lower case. One query."""
    return {address: _silence(row) for address, row in silences(filter(None, addresses)).items()}


def _silence(row: SilencedAddress) -> str:
    return {
        "bounced": _("Bounced: nothing is sent there"),
        "complained": _("Marked mail as spam: nothing is sent there"),
        "stopped": _("Asked to stop: nothing is sent there"),
        "unsubscribed": _("Unsubscribed from news; invoices still go there"),
    }.get(row.reason, row.reason)
