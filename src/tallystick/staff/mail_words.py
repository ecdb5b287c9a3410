"""What happened to emails, texts and addresses, as a person would tell it, and why one wasn't sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tallystick.messages.kinds import KINDS
from tallystick.staff.words import Data, Words, names


def _to(data: Data) -> str:
    return names([str(address) for address in data.get("recipients", ())])


def _is_text(data: Data) -> bool:
    return data.get("channel") == "sms"


def _emailed(data: Data) -> Words:
    note = left_before(is_sent=True) if data.get("may_have_left") else ""
    if _is_text(data):
        return "message-square", "pos", _("Text sent to %(people)s") % {"people": _to(data)}, note
    return "mail-check", "pos", _("Email sent to %(people)s") % {"people": _to(data)}, note


def _mail_failed(data: Data) -> Words:
    text = _("The text to %(people)s didn't go out") if _is_text(data) else _("The email to %(people)s didn't go out")
    return "mail-x", "bad", text % {"people": _to(data)}, _or_left(data, str(data.get("reason", ""))[:160])


def _mail_skipped(data: Data) -> Words:
    text = _("A text wasn't sent") if _is_text(data) else _("An email wasn't sent")
    kind = KINDS.get(str(data.get("message_kind", "")))
    if kind:
        text = f"{text}: {_(kind.label)}"
    return "mail-minus", "warn", text, _or_left(data, skip_reason(str(data.get("reason", ""))))


def _mail_stopped(data: Data) -> Words:
    text = _("Text to %(people)s stopped") if _is_text(data) else _("Email to %(people)s stopped")
    return "mail-minus", "", text % {"people": _to(data)}, _or_left(data, skip_reason(str(data.get("reason", ""))))


def _or_left(data: Data, reason: str) -> str:
    return f"{reason} {left_before(is_sent=False)}".strip() if data.get("may_have_left") else reason


def left_before(*, is_sent: bool) -> str:
    """Say of a message that may have left in an earlier try what that means, whether it was sent after it or not."""
    if is_sent:
        return _("It may have arrived twice: an earlier try broke off before the server's last word.")
    return _("It may have gone out all the same: a try broke off before the server's last word.")


def _text_answered(data: Data) -> Words:
    person = {"person": str(data.get("recipient", ""))}
    return "message-square", "info", _("%(person)s answered a text") % person, str(data.get("words", ""))[:500]


def _text_stopped(data: Data) -> Words:
    text = _("%(person)s answered STOP and is texted no more") % {"person": str(data.get("recipient", ""))}
    return "message-square", "warn", text, ""


def _mail_bounced(data: Data) -> Words:
    person, words = str(data.get("recipient", "")), str(data.get("words", ""))[:160]
    if _is_text(data):
        return "mail-x", "bad", _("The text to %(people)s couldn't be delivered") % {"people": person}, words
    if data.get("is_hard"):
        return (
            "mail-x",
            "bad",
            _("The email to %(people)s bounced: the address doesn't exist") % {"people": person},
            words,
        )
    return "mail-x", "warn", _("The email to %(people)s bounced") % {"people": person}, words


def _mail_delayed(data: Data) -> Words:
    person, words = str(data.get("recipient", "")), str(data.get("words", ""))[:160]
    return "mail-minus", "warn", _("The email to %(people)s is delayed") % {"people": person}, words


def _mail_complained(data: Data) -> Words:
    person = str(data.get("recipient", ""))
    return "mail-x", "bad", _("%(person)s marked an email as spam") % {"person": person}, ""


def _address_lifted(data: Data) -> Words:
    text = _("%(address)s is written to again") % {"address": str(data.get("address", ""))}
    return "mail-check", "", text, ""


def _wrote(data: Data) -> Words:
    text = _("%(person)s wrote to us") % {"person": str(data.get("sender", ""))}
    return "inbox", "", text, str(data.get("subject", ""))


def _about_thread(icon: str, text: str) -> Callable[[Data], Words]:
    return lambda data: (icon, "", _(text), str(data.get("subject", "")))


def skip_reason(reason: str) -> str:
    """Say why a message was skipped."""
    return {
        "no_address": _("There is no email address for this customer."),
        "bounced_address": _("Mail to this address bounced, so nothing more is sent there."),
        "complained": _("This address marked our mail as spam, so nothing more is sent there."),
        "stopped": _("They asked us to stop writing."),
        "no_mobile": _("No number of this customer's is a mobile one."),
        "silenced_number": _("This number isn't texted any more: STOP was answered, or it takes no texts."),
        "quiet_hours": _("It is night there, or early: it waits for the end of the quiet hours."),
        "broadcast_stopped": _("Someone stopped the broadcast."),
        "unsubscribed": _("This address unsubscribed from broadcasts."),
        "silenced": _("Nothing is sent there any more: it bounced, complained or answered STOP."),
        "same_address": _("Another customer with the same address gets it already."),
        "template_off": _("This kind of email is switched off under Settings, Templates."),
        "voided": _("The invoice was cancelled."),
        "paid": _("It was paid meanwhile."),
        "cancelled": _("Someone stopped it in time."),
        "open_again": _("The invoice was open again meanwhile."),
        "held": _("Someone held it back."),
        "brake": _("Far more would go out today than usual, so it waits for a person in the outbox."),
        "sent_by_hand": _("Someone sent it by hand first."),
        "marked_as_sent": _("Someone marked it as sent first."),
        "due_by_now": _("It is due by now, so a reminder that it will be is no longer true."),
        "charge_planned": _("It will be charged by itself, so nobody is asked to pay it."),
        "being_paid": _("Someone was paying it, and nobody could say yet whether that worked."),
        "in_digest": _("It went together with what else was issued that day, in one email."),
        "links_off": _("Payment links are off for this customer."),
        "nothing_open": _("Nothing is open."),
        "not_planned": _("The charge isn't planned any more."),
        "not_refunded": _("The refund didn't go through."),
        "removed": _("The card was removed meanwhile."),
        "not_needed": _("Nothing is planned on the card any more."),
        "withdrawn": _("The invitation was withdrawn."),
    }.get(reason, reason.replace("_", " "))


MAIL_WORDS: Final[Mapping[str, Callable[[Data], Words]]] = {
    "conversation.received": _wrote,
    "conversation.done": _about_thread("check", gettext_noop("A conversation is done")),
    "conversation.assigned": _about_thread("user", gettext_noop("A conversation was given to a colleague")),
    "conversation.matched": _about_thread("user-check", gettext_noop("A conversation belongs to this customer")),
    "message.sent": _emailed,
    "message.failed": _mail_failed,
    "message.bounced": _mail_bounced,
    "message.delayed": _mail_delayed,
    "message.complained": _mail_complained,
    "message.answered": _text_answered,
    "message.stopped": _text_stopped,
    "address.lifted": _address_lifted,
    "message.skipped": _mail_skipped,
    "message.cancelled": _mail_stopped,
    "customer.unsubscribed": lambda data: (
        "mail-minus",
        "",
        _("%(address)s unsubscribed from broadcasts") % {"address": data.get("address", "")},
        "",
    ),
    "customer.subscribed_again": lambda data: (
        "mail-plus",
        "",
        _("%(address)s gets broadcasts again") % {"address": data.get("address", "")},
        "",
    ),
}
"""Kind of fact → its sentence."""
