"""What the room takes and gives: jobs, results and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal


class PdfFailed(RuntimeError):
    """The page couldn't be made. The message is for staff and holds no customer data."""


class PdfTooLarge(ValueError):
    """The document has more lines than one PDF may hold."""


@dataclass(frozen=True, slots=True)
class PaidState:
    """What became of a document since it was issued, as a mark on a copy of it.

    `open_minor` is what is left to pay (minor units) when `kind` is part; `on` is the business date of the change.
    """

    kind: Literal["paid", "part", "void"]
    open_minor: int | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class DocumentJob:
    """One document to render. `key` comes back with the result; everything must be picklable."""

    key: str
    document: Mapping[str, Any]
    pay_url: str | None = None
    logo: bytes | None = None
    state: PaidState | None = None


Job = DocumentJob


@dataclass(frozen=True, slots=True)
class Rendered:
    """The outcome of one job: `pdf`, or `error` with its words and an empty `pdf`."""

    key: str
    pdf: bytes
    error: str = ""
