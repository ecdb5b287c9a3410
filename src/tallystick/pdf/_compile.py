"""Typst, kept warm: one compiler with its fonts and template per thread."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from tallystick.pdf._clean import fit
from tallystick.pdf._fonts import FAMILIES, font_files
from tallystick.pdf._qr import qr_svg
from tallystick.pdf.jobs import PdfFailed

TEMPLATES = Path(__file__).parent / "templates"
_warm = threading.local()


def compile_pages(pages: list[dict[str, Any]], *, day: str) -> bytes:
    """PDF/A-3a of the pages, dated noon UTC of `day` (ISO). Raises PdfFailed."""
    data: dict[str, Any] = {"families": list(FAMILIES), "pages": [_drawn(page) for page in pages]}
    on = date.fromisoformat(day)
    stamp = int(datetime(on.year, on.month, on.day, 12, tzinfo=UTC).timestamp())
    data["on"] = [on.year, on.month, on.day]
    try:
        made = _compiler().compile(
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=list)},
            pdf_standards=["a-3a"],
            timestamp=stamp,
        )
    except typst.TypstError as error:
        raise PdfFailed(f"Typst refused the page: {error.message}") from error
    if not isinstance(made, bytes):
        raise PdfFailed("Typst gave no document")
    return made


def _drawn(page: dict[str, Any]) -> dict[str, Any]:
    """The page with fitted text and its codes drawn."""
    fitted: dict[str, Any] = fit(page, rtl=page["rtl"])
    if fitted["ask"] and fitted["ask"]["pay"]:
        fitted["ask"]["pay"]["svg"] = qr_svg(fitted["ask"]["pay"]["url"])
    for block in fitted["blocks"]:
        if block["kind"] == "bank" and block["code"]:
            block["svg"] = qr_svg(block["code"], bank=True)
    return fitted


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    folders = [str(path.parent) for path in font_files()]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def _compiler() -> typst.Compiler:
    found: typst.Compiler | None = getattr(_warm, "compiler", None)
    if found is None:
        found = typst.Compiler(TEMPLATES / "main.typ", root=TEMPLATES, font_paths=_fonts())
        _warm.compiler = found
    return found
