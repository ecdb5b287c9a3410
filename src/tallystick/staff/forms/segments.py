"""A field whose text is counted as text messages while it is typed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tallystick.core.segments import BASIC, EXTENDED, GSM_ALONE, GSM_PART, UCS_ALONE, UCS_PART


def counting() -> dict[str, str]:
    """Return the attributes by which `segments.js` counts a text the way `core.segments` does."""
    return {
        "data-basic": BASIC.replace("\r", "").replace("\n", ""),
        "data-extended": EXTENDED.replace("\f", ""),
        "data-sizes": f"{GSM_ALONE} {GSM_PART} {UCS_ALONE} {UCS_PART}",
        "data-segments": _("Segments: {n}. Letters left: {left}."),
        "data-segments-rich": _(
            "Segments: {n}. Letters left: {left}. A letter outside the plain alphabet makes them shorter."
        ),
    }
