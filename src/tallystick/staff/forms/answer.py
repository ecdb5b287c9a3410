"""The answer box of the inbox, and the saved replies' form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from tallystick.base.ids import new_id
from tallystick.conversations.errors import BadSavedReply, FileRefused
from tallystick.conversations.files import MAX_ALL
from tallystick.conversations.reply import GoingFile
from tallystick.conversations.saved_replies import MOST_BODY as MOST_SAVED
from tallystick.conversations.saved_replies import MOST_NAME
from tallystick.staff.forms.compose import MOST_BODY, MOST_SUBJECT, read_people
from tallystick.staff.forms.ids import made_id, read_id
from tallystick.staff.forms.text import tidy_text


@dataclass
class AnswerForm:
    """What is in the answer box. `recipients` and `copies` are filled by `check`."""

    message_id: UUID = field(default_factory=new_id)
    to: str = ""
    cc: str = ""
    subject: str = ""
    body: str = ""
    pdf_ids: list[UUID] = field(default_factory=list)
    link_id: UUID | None = None
    errors: dict[str, str] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    def check(self, *, has_subject: bool = False) -> bool:
        """Put a message at each wrong field, and return whether there is none."""
        self.recipients, self.copies = read_people(self.to, self.cc, self.errors)
        if has_subject and not self.subject:
            self.errors["subject"] = _("Give it a subject.")
        if not self.body:
            self.errors["body"] = _("Write something first.")
        for name, text, most in (("subject", self.subject, MOST_SUBJECT), ("body", self.body, MOST_BODY)):
            if len(text) > most:
                self.errors[name] = _("%(most)d characters are the most.") % {"most": most}
        return not self.errors

    def refuse(self, error: FileRefused) -> None:
        """Say at the files why one can't go along."""
        self.errors["files"] = f"{error.name[:80]}: {why_not_kept(error.reason)}"


def typed_answer(posted: QueryDict) -> AnswerForm:
    """Take what was posted."""
    return AnswerForm(
        message_id=made_id(posted, "message_id"),
        to=tidy_text(posted.get("to")),
        cc=tidy_text(posted.get("cc")),
        subject=" ".join(tidy_text(posted.get("subject")).split()),
        body=tidy_text(posted.get("body")),
        pdf_ids=[found for value in posted.getlist("pdf") if (found := read_id(value))],
        link_id=read_id(posted.get("link", "")),
    )


def going_files(uploads: Sequence[UploadedFile[bytes]]) -> list[GoingFile]:
    """Return what was chosen to go along. Raises FileRefused before reading more than an email may hold."""
    if sum(upload.size or 0 for upload in uploads) > MAX_ALL:
        raise FileRefused("too_big", uploads[0].name or "")
    return [GoingFile(tidy_text(upload.name)[-200:] or "file", upload.read()) for upload in uploads]


def why_not_kept(reason: str) -> str:
    """Say why a file is neither kept nor sent."""
    return {
        "empty": _("it is empty"),
        "too_big": _("it is too big"),
        "too_many": _("there are too many files"),
        "program": _("it is a program or holds one"),
        "web_page": _("it is a web page"),
    }.get(reason, _("nobody can tell what it is"))


class SavedReplyForm(forms.Form):
    """A saved reply: what it is called, in which language it is, and its words."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=MOST_NAME)
    spoken = forms.ChoiceField(label=gettext_lazy("Language"))
    body = forms.CharField(
        label=gettext_lazy("Message"), max_length=MOST_SAVED, widget=forms.Textarea(attrs={"rows": 9, "dir": "auto"})
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Offer the languages we write in, by their own names."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        offered = [(code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES]
        self.fields["spoken"].choices = offered  # type: ignore[attr-defined]

    def refuse(self, error: BadSavedReply) -> None:
        """Say at the field what the verb refused."""
        field_name = "spoken" if error.field == "language" else error.field
        self.add_error(field_name, _words(error))


def _words(error: BadSavedReply) -> str:
    hole = "{{ %s }}"
    if error.why == "placeholder" and error.nearest:
        return _("There is no %(name)s here. Did you mean %(nearest)s?") % {
            "name": hole % error.name,
            "nearest": hole % error.nearest,
        }
    if error.why == "placeholder":
        return _("There is no %(name)s here. Choose one of the placeholders below.") % {"name": hole % error.name}
    return {
        "taken": _("Another reply has that name."),
        "too_many": _("A hundred are the most."),
        "too_long": _("That is too long."),
    }.get(error.why, _("Type something here."))
