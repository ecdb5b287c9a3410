"""What a seller says often, ready to be put into an answer; the house's few where nobody wrote any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.conversations.errors import BadSavedReply
from tallystick.conversations.models import SavedReply
from tallystick.messages.wording import UnknownPlaceholder, fill

PLACEHOLDERS: Final = ("greeting", "contact_first_name", "customer_name", "seller_name", "staff_name")
"""The names a saved reply may use: who writes, and to whom."""
MOST_NAME, MOST_BODY, MOST_REPLIES = 80, 10_000, 100

_SIGNED: Final = "{{ staff_name }}\n{{ seller_name }}"


@dataclass(frozen=True, slots=True)
class Ready:
    """A saved reply, with placeholders. Without an id it is the house's."""

    name: str
    body: str
    id: UUID | None = None


def replies_for(language: str) -> list[Ready]:
    """Return the replies to choose from in a language, by name: the seller's own, else the house's. One query."""
    own = SavedReply.objects.filter(language=language).order_by("name", "id")
    return [Ready(row.name, row.body, row.id) for row in own] or _house(language)


def saved_replies() -> list[SavedReply]:
    """Return all the seller's own replies, by language and name. One query."""
    return list(SavedReply.objects.order_by("language", "name", "id"))


def save_reply(
    *, seller_id: UUID, reply_id: UUID, name: str, language: str, body: str, now: datetime, actor_id: UUID | None = None
) -> None:
    """Keep a saved reply. Idempotent by its id. Raises BadSavedReply naming the field.

    The first one of a language brings the house's along, so that none is lost by adding one.
    """
    _check(name.strip(), language, body)
    with tenant.tx(seller_id, actor_id=actor_id):
        others = SavedReply.objects.exclude(id=reply_id)
        if others.filter(language=language, name=name.strip()).exists():
            raise BadSavedReply("name", "taken")
        if others.count() >= MOST_REPLIES:
            raise BadSavedReply("name", "too_many")
        if not SavedReply.objects.filter(language=language).exists():
            SavedReply.objects.bulk_create(
                SavedReply(id=new_id(), seller_id=seller_id, name=each.name, language=language, body=each.body)
                for each in _house(language)
                if each.name != name.strip()
            )
        values = {"name": name.strip(), "language": language, "body": body.strip()}
        SavedReply.objects.update_or_create(
            id=reply_id, defaults=values, create_defaults={**values, "id": reply_id, "seller_id": seller_id}
        )
        events.record("seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id)


def forget_reply(*, seller_id: UUID, reply_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Forget a saved reply, and return whether it was there. Without any left the house's are offered again."""
    with tenant.tx(seller_id, actor_id=actor_id):
        gone, _rows = SavedReply.objects.filter(id=reply_id).delete()
        if gone:
            events.record("seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id)
        return bool(gone)


def _house(language: str) -> list[Ready]:
    with translation.override(language):
        said = (
            (
                _("We're looking into it"),
                _("thank you for telling us. We're looking into it and will write again soon."),
            ),
            (_("Here it is again"), _("here it is again. You can also pay from the link below.")),
            (_("Thank you, it's paid"), _("thank you, your payment has reached us and nothing is open.")),
            (
                _("Paying in parts"),
                _("we can do that. Tell us which amounts on which dates suit you, and we'll set it up."),
            ),
        )
    return [Ready(name, f"{{{{ greeting }}}}\n\n{words}\n\n{_SIGNED}") for name, words in said]


def _check(name: str, language: str, body: str) -> None:
    if language not in dict(settings.LANGUAGES):
        raise BadSavedReply("language", "required")
    for field, text, most in (("name", name, MOST_NAME), ("body", body.strip(), MOST_BODY)):
        if not text:
            raise BadSavedReply(field, "required")
        if len(text) > most:
            raise BadSavedReply(field, "too_long")
    try:
        fill(body, dict.fromkeys(PLACEHOLDERS, ""))
    except UnknownPlaceholder as error:
        near = get_close_matches(error.name, PLACEHOLDERS, 1)
        raise BadSavedReply("body", "placeholder", name=error.name, nearest=near[0] if near else "") from error
