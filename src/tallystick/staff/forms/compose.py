"""The compose screen's form: addresses, subject, message, what goes along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import QueryDict
from django.utils.translation import gettext as _

from tallystick.base.ids import new_id
from tallystick.invoices.send import SAYS, Compose
from tallystick.messages.models import Message
from tallystick.staff.forms.ids import made_id, read_id
from tallystick.staff.forms.text import tidy_text

MOST_ADDRESSES = 20
MOST_SUBJECT, MOST_BODY = 300, 20_000


@dataclass
class ComposeForm:
    """What is on the compose screen. `recipients` and `copies` are filled by `check`."""

    message_id: UUID
    to: str
    cc: str
    subject: str
    body: str
    attach_pdf: bool = True
    payment_link: bool = True
    says: str = ""
    """The kind whose words it says, where that isn't the document's own."""
    attachment_ids: list[UUID] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    def check(self) -> bool:
        """Put a message at each wrong field, and return whether there is none."""
        self.recipients, self.copies = read_people(self.to, self.cc, self.errors)
        if not self.subject:
            self.errors["subject"] = _("Give it a subject.")
        if len(self.subject) > MOST_SUBJECT:
            self.errors["subject"] = _("%(most)d characters are the most.") % {"most": MOST_SUBJECT}
        if len(self.body) > MOST_BODY:
            self.errors["body"] = _("%(most)d characters are the most.") % {"most": MOST_BODY}
        return not self.errors


def read_people(to: str, cc: str, errors: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return whom an email goes to and who is copied, each once, and put a message at the field that is wrong."""
    recipients, copies = _addresses("to", to, errors), _addresses("cc", cc, errors)
    if not recipients and "to" not in errors:
        errors["to"] = _("Say who gets it.")
    return recipients, [address for address in copies if address not in recipients]


def _addresses(name: str, typed: str, errors: dict[str, str]) -> list[str]:
    found = list(dict.fromkeys(split_addresses(typed)))
    for address in found:
        try:
            validate_email(address)
        except ValidationError:
            errors[name] = _("%(address)s isn't an email address.") % {"address": address[:80]}
    if len(found) > MOST_ADDRESSES:
        errors[name] = _("20 addresses are the most for one email.")
    return found


def split_addresses(typed: str) -> list[str]:
    """Return the addresses in a text: separated by commas, semicolons or lines, names in front taken off."""
    parts = typed.replace(";", ",").replace("\n", ",").split(",")
    return [part.rsplit("<", 1)[-1].rstrip("> ").strip() for part in parts if part.strip()]


def first_form(start: Compose, attachment_ids: Iterable[UUID], *, says: str = "") -> ComposeForm:
    """Return the filled-in screen, in the words of the kind `says`.

    The message's id is made here, so that a second click sends nothing.
    """
    return ComposeForm(
        message_id=new_id(),
        to=", ".join(start.recipients),
        cc=", ".join(start.copies),
        subject=start.subject,
        body=start.body,
        attach_pdf=start.attach_pdf,
        payment_link=start.can_link,
        says=says,
        attachment_ids=list(attachment_ids),
    )


def form_again(stopped: Message) -> ComposeForm:
    """Return the screen as it was when an email was sent that somebody took back."""
    return ComposeForm(
        message_id=new_id(),
        to=", ".join(stopped.recipients),
        cc=", ".join(stopped.copies),
        subject=stopped.subject,
        body=stopped.body,
        attach_pdf=stopped.attach_pdf,
        payment_link=stopped.payment_link,
        says=str(stopped.data.get("says", "")),
        attachment_ids=list(stopped.attachment_ids),
    )


def typed_compose(posted: QueryDict) -> ComposeForm:
    """Take what was posted."""
    return ComposeForm(
        message_id=made_id(posted, "message_id"),
        to=tidy_text(posted.get("to")),
        cc=tidy_text(posted.get("cc")),
        subject=" ".join(tidy_text(posted.get("subject")).split()),
        body=tidy_text(posted.get("body")),
        attach_pdf="attach_pdf" in posted,
        payment_link="payment_link" in posted,
        says=says if (says := posted.get("says", "")) in SAYS else "",
        attachment_ids=[found for value in posted.getlist("attachment") if (found := read_id(value))],
    )
