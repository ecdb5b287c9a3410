"""Translations: found in code and templates, kept in `locale/ro`, compiled at start. No gettext binary is needed.

`python -m tallystick.config.translations` brings the catalog up to date; `--check` fails when a text has no Romanian.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from tallystick.config.env import ROOT

SOURCE = ROOT / "src/tallystick"
PO = SOURCE / "locale/ro/LC_MESSAGES/django.po"
HEADER = "# Romanian texts of Tallystick, under the same licence as Tallystick itself."
_KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "gettext_noop": None,
}


def compile_catalogs() -> None:
    """Write the .mo beside each .po that is newer. Safe for several processes at once."""
    for po in SOURCE.glob("locale/*/LC_MESSAGES/*.po"):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        buffer = io.BytesIO()
        with po.open("rb") as file:
            write_mo(buffer, read_po(file, locale=po.parts[-3]))
        fresh = mo.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(buffer.getvalue())
        fresh.replace(mo)


def find_messages() -> Catalog:
    """Return every text marked for translation in Python and templates."""
    found = Catalog(locale="ro", project="Tallystick", charset="utf-8", fuzzy=False, header_comment=HEADER)
    for path in sorted(SOURCE.rglob("*.py")):
        if not {"tests", "testing", "migrations"} & set(path.parts):
            _add(found, path, path.read_bytes())
    for path in sorted([*SOURCE.rglob("templates/**/*.html"), *SOURCE.rglob("templates/**/*.txt")]):
        _add(found, path, _flat(templatize(path.read_text(), origin=str(path))))
    return found


def _flat(python_like: str) -> bytes:
    """Strip the indentation that a template leaves in the Python-like text made of it."""
    return "\n".join(line.lstrip() for line in python_like.splitlines()).encode()


def _add(catalog: Catalog, path: Path, content: bytes) -> None:
    for _line, message, _comments, context in extract("python", io.BytesIO(content), keywords=_KEYWORDS):
        texts = message if isinstance(message, str) else tuple(m for m in message if m)
        if texts and texts != ("",):
            catalog.add(texts if isinstance(texts, str) or len(texts) > 1 else texts[0], context=context)


def missing() -> list[str]:
    """Return texts that lack a Romanian translation or one of its plural forms, or lose a placeholder in it."""
    with PO.open("rb") as file:
        known = read_po(file, locale="ro")
    return [f"{_name(m)}: {why}" for m in find_messages() if m.id for why in _faults(m, known.get(m.id, m.context))]


def _faults(message: Message, known: Message | None) -> Iterator[str]:
    if known is None or not known.string or "fuzzy" in known.flags:
        yield "not translated"
        return
    forms = known.string if isinstance(known.string, (tuple, list)) else (known.string,)
    if not all(forms) or (message.pluralizable and len(forms) != 3):
        yield "a plural form is missing"
    wanted = {hole for text in _texts(message) for hole in _holes(text)}
    for form in forms:
        if not set(_holes(form)) <= wanted:
            yield f"unknown placeholder in {form!r}"


def _texts(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (tuple, list)) else (str(message.id),)


def _holes(text: str) -> list[str]:
    return re.findall(r"%\(\w+\)[sd]|\{\{.*?\}\}", text)


def _name(message: Message) -> str:
    return repr(_texts(message)[0][:70])


def update() -> int:
    """Bring the Romanian catalog up to date with the code, keep every translation, drop what is gone."""
    with PO.open("rb") as file:
        known = read_po(file, locale="ro")
    found = find_messages()
    for message in found:
        old = known.get(message.id, message.context) if message.id else None
        if old is not None:
            message.string = old.string
    with PO.open("wb") as file:
        write_po(file, found, omit_header=False, sort_output=True, no_location=True, width=118)
    return len(missing())


def main() -> int:
    """Update, or check."""
    if "--check" in sys.argv:
        problems = missing()
        print("\n".join(problems[:200]))
        return 1 if problems else 0
    print(f"{update()} texts without Romanian")
    return 0


if __name__ == "__main__":
    sys.exit(main())
