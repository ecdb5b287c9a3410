"""What a broadcast says: words per language, with the placeholders about people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from tallystick.broadcasts.errors import BadBroadcast
from tallystick.customers.queries import customers
from tallystick.messages.wording import UnknownPlaceholder, fill, person_values

PLACEHOLDERS: Final = ("greeting", "contact_first_name", "customer_name", "seller_name")
MOST_SUBJECT, MOST_BODY, MOST_SMS = 200, 10_000, 480


def spoken_by(language: str) -> str:
    """Return the language that stands in for those nothing was written in: the seller's, if we speak it."""
    return language if language in dict(settings.LANGUAGES) else "en"


@dataclass(frozen=True, slots=True)
class Said:
    """The words in one language, with placeholders."""

    subject: str = ""
    body: str = ""
    sms: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written in this language."""
        return not (self.subject.strip() or self.body.strip() or self.sms.strip())

    def filled(self, values: Mapping[str, str]) -> Said:
        """The words with each placeholder replaced. Raises UnknownPlaceholder."""
        return Said(fill(self.subject, values), fill(self.body, values), fill(self.sms, values))


def read_words(stored: Mapping[str, Any]) -> dict[str, Said]:
    """Return language → words, as `words_json` wrote them."""
    return {language: Said(**said) for language, said in stored.items()}


def words_json(words: Mapping[str, Said]) -> dict[str, dict[str, str]]:
    """Return the words as JSON holds them, without the languages in which nothing was written."""
    return {language: asdict(said) for language, said in words.items() if not said.is_empty}


def said_in(words: Mapping[str, Said], language: str, spoken: str) -> tuple[str, Said]:
    """Return the words for a reader, and their language: the reader's own, else the seller's, else any there are."""
    for one in (language, spoken, *words):
        if one in words and not words[one].is_empty:
            return one, words[one]
    return spoken, Said()


def check_said(words: Mapping[str, Said], *, spoken: str, by_email: bool, by_sms: bool) -> None:
    """Refuse words that are missing, too long, or could never be filled. Raises BadBroadcast, fields as `body_en`.

    The seller's own language has to be there, as it stands in for all others; a language that is begun is finished.
    """
    problems: dict[str, str] = {}
    name = ""
    wanted = {"subject": by_email, "body": by_email, "sms": by_sms}
    most = {"subject": MOST_SUBJECT, "body": MOST_BODY, "sms": MOST_SMS}
    for language, said in words.items():
        if language not in dict(settings.LANGUAGES):
            raise BadBroadcast({"language": "unknown"})
        if said.is_empty and language != spoken:
            continue
        for field, text in asdict(said).items():
            key = f"{field}_{language}"
            if wanted[field] and not text.strip():
                problems[key] = "required"
            elif len(text) > most[field]:
                problems[key] = "too_long"
            else:
                try:
                    fill(text, dict.fromkeys(PLACEHOLDERS, ""))
                except UnknownPlaceholder as error:
                    problems[key], name = "placeholder", error.name
    if spoken not in words:
        problems[f"body_{spoken}"] = "required"
    if problems:
        raise BadBroadcast(problems, name=name)


@dataclass(frozen=True, slots=True)
class Addressed:
    """A broadcast's words filled for one customer, and the language they are in."""

    language: str
    said: Said


def address_words(
    words: Mapping[str, Said], customer_ids: Sequence[UUID], *, seller_name: str, spoken: str
) -> dict[UUID, Addressed]:
    """Return the words for each customer, in the customer's language. Inside `tenant.tx`; one query."""
    found = {}
    for owner in customers(customer_ids).values():
        language, said = said_in(words, owner.language, spoken)
        values = person_values(
            customer_name=owner.name, attention=owner.attention, seller_name=seller_name, language=language
        )
        found[owner.id] = Addressed(language, said.filled(values))
    return found
