"""How a document's number is written. The counter is a row in the database; the pattern says how it looks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tallystick.core.errors import InvalidPattern

MAX_LENGTH = 40
"""The longest pattern, and the longest number it may ever give."""

MAX_NUMBER = 10**10 - 1
"""The last number of a counter."""

_FIELD = re.compile(r"\{(?:(?P<year>year)|(?P<short_year>yy)|number(?::(?P<width>[1-9]))?)\}")
_SAFE_LITERAL = re.compile(r"[A-Za-z0-9/._-]*")
_UNSAFE_PATH = re.compile(r"^[/.]|//|\.\.|/\.|[/.]$")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A number pattern such as "LP-{year}-{number:5}". Made by `parse`; two numbers of one series never look alike."""

    text: str
    is_yearly: bool
    """Whether a year appears: then counting starts again with each year."""
    _template: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Return the pattern for `text`: literals, one {number} or {number:N} (zero padded, N 1 to 9), {year}, {yy}.

        Literals are letters, digits and - _ / . so that a number is safe in a file name or URL; it is no path that
        climbs or hides (no "..", "//", or "/" or "." at either end). Raises InvalidPattern.
        """
        fields = list(_FIELD.finditer(text))
        literal = _FIELD.sub("", text)
        if not _SAFE_LITERAL.fullmatch(literal):
            raise InvalidPattern("a number holds only letters, digits and - _ / . besides {year}, {yy}, {number:N}")
        if _UNSAFE_PATH.search(text):
            raise InvalidPattern("a number can't look like a path that climbs, hides or ends in / or .")
        years = [field for field in fields if field["year"] or field["short_year"]]
        if len(fields) - len(years) != 1:
            raise InvalidPattern("a pattern has exactly one {number}")
        pattern = cls(text, bool(years), _FIELD.sub(_to_template, text))
        longest = pattern.format(number=MAX_NUMBER, year=date.max.year)
        if max(len(text), len(longest)) > MAX_LENGTH:
            raise InvalidPattern(f"a number has at most {MAX_LENGTH} characters; this one grows to {len(longest)}")
        return pattern

    def format(self, *, number: int, year: int) -> str:
        """Return the document number for the counter's `number`, from 1, in `year`. Raises InvalidPattern."""
        if not (1 <= number <= MAX_NUMBER and date.min.year <= year <= date.max.year):
            raise InvalidPattern(f"no document is number {number} of the year {year}")
        return self._template.format(number=number, year=year, short_year=year % 100)

    def period(self, on: date) -> int:
        """Return the counter's key for a document of that date: the year, or 0 where counting never restarts."""
        return on.year if self.is_yearly else 0


def _to_template(field: re.Match[str]) -> str:
    if field["year"]:
        return "{year:04d}"
    if field["short_year"]:
        return "{short_year:02d}"
    return f"{{number:0{field['width'] or 1}d}}"
