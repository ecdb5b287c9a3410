"""What is texted, by which account, and what can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """The way out. `kind` names a provider; `options` are its keys and choices; `report_url` is where it tells us what
    became of a text, empty when nobody can reach us."""

    kind: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    report_url: str = field(default="", repr=False)
    timeout_s: float = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """The provider took the text, calls it `provider_id` (empty when it gives no name), and counts so many segments."""

    provider_id: str
    segments: int


class BadText(ValueError):
    """It can't be a text message: no text, too much of it, a number that isn't E.164, a sender nobody could have."""


class SmsRefused(Exception):
    """Refused for good, because of the number or the text. `is_stopped`: the person answered STOP to the provider."""

    def __init__(self, code: str, text: str, *, is_stopped: bool = False) -> None:
        super().__init__(f"{code} {text}".strip())
        self.code, self.text, self.is_stopped = code, text, is_stopped


class SmsUnavailable(Exception):
    """No answer, or a temporary one: try again later.

    `may_have_left`: it was handed over and the answer is missing, so that it may have been taken.
    """

    def __init__(self, text: str, *, may_have_left: bool = False) -> None:
        super().__init__(text)
        self.may_have_left = may_have_left


class SmsMisconfigured(SmsUnavailable):
    """The account wants attention (key, sender, credit, allowed countries). The text is fine."""
