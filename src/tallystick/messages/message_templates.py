"""A seller's own words and switches for each kind of message; the house's where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from tallystick.base import direct, events, tenant
from tallystick.base.ids import new_id
from tallystick.messages.kinds import KINDS, Kind
from tallystick.messages.models import MessageSwitch, MessageTemplate
from tallystick.messages.wording import UnknownPlaceholder, default_body, default_subject, fill

MOST_SUBJECT, MOST_BODY, MOST_BUTTON, MOST_SMS = 300, 10_000, 60, 480


class BadTemplate(ValueError):
    """A template that can't be kept. `why`: required, too_long, placeholder (then `name`, and `nearest` if one is near)."""

    def __init__(self, field: str, why: str, *, name: str = "", nearest: str = "") -> None:
        super().__init__(f"{field}: {why} {name}".strip())
        self.field, self.why, self.name, self.nearest = field, why, name, nearest


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind says in one language, with placeholders. An empty `button` leaves the choice to the message; an empty
    `sms` says that no text message goes with it."""

    subject: str
    body: str
    button: str = ""
    sms: str = ""

    def filled(self, values: Mapping[str, str]) -> Words:
        """The words with each placeholder replaced. Raises UnknownPlaceholder."""
        return Words(*(fill(text, values) for text in (self.subject, self.body, self.button, self.sms)))


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether a kind goes out by itself, and with its PDF."""

    is_on: bool
    attach_pdf: bool


def words_of(kind: str, language: str) -> Words:
    """Return a kind's words in a language: the seller's own, else the house's. Inside `tenant.tx`; one query."""
    return words_for([(kind, language)])[kind, language]


def words_for(kinds: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Words]:
    """Return the words of several (kind, language) by these. Inside `tenant.tx`; one query."""
    wanted = set(kinds)
    rows = MessageTemplate.objects.filter(
        kind__in={kind for kind, _ in wanted}, language__in={own for _, own in wanted}
    )
    found = {(row.kind, row.language): Words(row.subject, row.body, row.button, row.sms) for row in rows}
    return {each: found.get(each) or house_words(*each) for each in wanted}


def house_words(kind: str, language: str) -> Words:
    """Return what a kind says until staff say otherwise. Raises LookupError for an unknown kind."""
    return Words(default_subject(kind, language), default_body(kind, language))


def own_words() -> set[tuple[str, str]]:
    """Return (kind, language) of all the seller's own words. Inside `tenant.tx`; one query."""
    return set(MessageTemplate.objects.values_list("kind", "language"))


def switches() -> dict[str, Switch]:
    """Return every kind's switch. Inside `tenant.tx`; one query."""
    kept = {row.kind: Switch(row.is_on, row.attach_pdf) for row in MessageSwitch.objects.all()}
    return {name: kept.get(name) or _house_switch(kind) for name, kind in KINDS.items()}


def switch_of(kind: str) -> Switch:
    """Return one kind's switch; a kind without a template is always on. Inside `tenant.tx`; one query at most."""
    if kind not in KINDS:
        return Switch(is_on=True, attach_pdf=True)
    row = direct.find_by(MessageSwitch, kind=kind)
    return Switch(row.is_on, row.attach_pdf) if row else _house_switch(KINDS[kind])


def _house_switch(kind: Kind) -> Switch:
    """Return a kind's switch until staff say otherwise."""
    return Switch(is_on=kind.is_on, attach_pdf=bool(kind.pdf))


def default_button(kind: str, language: str) -> str:
    """Return the button's text when there are no own words for it, empty for a kind without a button."""
    with translation.override(language):
        return gettext(KINDS[kind].button) if KINDS[kind].button else ""


def save_words(
    *, seller_id: UUID, kind: str, language: str, words: Words, now: datetime, actor_id: UUID | None = None
) -> None:
    """Keep a seller's own words for a kind in a language; words like the house's are forgotten, so that they follow it.

    Idempotent. Raises BadTemplate naming the field, and the nearest placeholder when one isn't known.
    """
    check_words(kind, language, words)
    with tenant.tx(seller_id, actor_id=actor_id):
        own = MessageTemplate.objects.filter(kind=kind, language=language)
        if words == house_words(kind, language):
            own.delete()
        else:
            values = {"subject": words.subject, "body": words.body, "button": words.button, "sms": words.sms}
            MessageTemplate.objects.update_or_create(
                seller_id=seller_id,
                kind=kind,
                language=language,
                defaults=values,
                create_defaults={**values, "id": new_id(), "seller_id": seller_id, "kind": kind, "language": language},
            )
        events.record("seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id)


def reset_words(*, seller_id: UUID, kind: str, language: str, now: datetime, actor_id: UUID | None = None) -> bool:
    """Forget a seller's own words for a kind in a language, and return whether there were any."""
    with tenant.tx(seller_id, actor_id=actor_id):
        gone, _rows = MessageTemplate.objects.filter(kind=kind, language=language).delete()
        if gone:
            events.record("seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id)
        return bool(gone)


def save_switch(*, seller_id: UUID, kind: str, switch: Switch, now: datetime, actor_id: UUID | None = None) -> None:
    """Keep whether a kind goes out by itself and with its PDF. What was decided before stays decided. Idempotent.

    Raises BadTemplate for a kind that customers agreed to be told.
    """
    known = _known(kind)
    if not switch.is_on and not known.is_optional:
        raise BadTemplate("is_on", "required")
    values = {"is_on": switch.is_on, "attach_pdf": switch.attach_pdf and bool(known.pdf)}
    with tenant.tx(seller_id, actor_id=actor_id):
        MessageSwitch.objects.update_or_create(
            seller_id=seller_id,
            kind=kind,
            defaults=values,
            create_defaults={**values, "id": new_id(), "seller_id": seller_id, "kind": kind},
        )
        events.record("seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id)


def check_words(kind: str, language: str, words: Words) -> None:
    """Refuse words that are empty, too long, or could never be filled. Raises BadTemplate."""
    known = _known(kind)
    if language not in dict(settings.LANGUAGES):
        raise BadTemplate("language", "required")
    for field, text, most in (
        ("subject", words.subject, MOST_SUBJECT),
        ("body", words.body, MOST_BODY),
        ("button", words.button, MOST_BUTTON),
        ("sms", words.sms, MOST_SMS),
    ):
        if not text.strip() and field not in {"button", "sms"}:
            raise BadTemplate(field, "required")
        if len(text) > most:
            raise BadTemplate(field, "too_long")
        names = known.placeholders if field != "sms" else known.sms_placeholders
        try:
            fill(text, dict.fromkeys(names, ""))
        except UnknownPlaceholder as error:
            near = get_close_matches(error.name, names, 1)
            raise BadTemplate(field, "placeholder", name=error.name, nearest=near[0] if near else "") from error


def _known(kind: str) -> Kind:
    if kind not in KINDS:
        raise BadTemplate("kind", "required")
    return KINDS[kind]
