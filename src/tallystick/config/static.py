"""Static files: the design's parts joined into one stylesheet per audience, names carrying a hash of the content."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

from tallystick.config.env import ROOT

DESIGN = ROOT / "src/tallystick/design"
BUNDLES = {
    "staff.css": ("tokens", "fonts", "core", "staff", "shell", "invoice", "office", "inbox", "print"),
    "customer.css": ("tokens", "core", "customer", "print"),
}


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed, compressed, cached for a year; without a manifest (tests) the plain name serves."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """Return the name with the hash, or the plain one while nothing is collected."""
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name


def build_bundles(folder: Path) -> None:
    """Write each bundle and the staff font into `folder`, from `design/` and the font's package."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in BUNDLES.items():
        css = "\n".join((DESIGN / f"{part}.css").read_text() for part in parts)
        (folder / name).write_text(css)
    fonts = sorted(Path(str(files("fontpkg_inter"))).rglob("*.ttf"))
    upright = next(font for font in fonts if "italic" not in font.name.lower())
    (folder / "inter.ttf").write_bytes(upright.read_bytes())


def collect() -> None:
    """Build the bundles and gather every static file under STATIC_ROOT."""
    build_bundles(Path(settings.BUNDLES_DIR))
    call_command("collectstatic", interactive=False, verbosity=0)
