"""What a process of the pool does. Imports no Django, so that a process starts fast and stays small."""

from __future__ import annotations

from typing import Any

from tallystick.pdf._compile import compile_pages
from tallystick.pdf.jobs import PdfFailed, Rendered


def draw(key: str, page: dict[str, Any], day: str) -> Rendered:
    """One page model as a PDF; a failure is a value, so that the batch goes on."""
    try:
        return Rendered(key, compile_pages([page], day=day))
    except (PdfFailed, ValueError) as error:
        return Rendered(key, b"", f"{type(error).__name__}: {error}")
