"""Payment terms as one chooses them, and as drafts store them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

KEPT, CUSTOM, PLAN = "kept", "custom", "plan"
_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "receipt": {"kind": "net", "days": 0},
    "7": {"kind": "net", "days": 7},
    "14": {"kind": "net", "days": 14},
    "30": {"kind": "net", "days": 30},
    "60": {"kind": "net", "days": 60},
    "eom": {"kind": "end_of_month", "days": 0},
    "deposit": {"kind": "net", "days": 30, "deposit_percent": "30"},
    "three": {"kind": "net", "days": 30, "instalments": 3},
}
_USUAL: Mapping[str, Any] = {
    "kind": "net",
    "days": 0,
    "deposit_percent": None,
    "deposit_minor": None,
    "deposit_days": 0,
    "instalments": 1,
    "interval_months": 1,
}


def choices(kept: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the presets, with the terms the draft or customer has already when they are none of them."""
    offered = [(key, label_of(terms)) for key, terms in _PRESETS.items()]
    own = [(KEPT, str(kept.get("label") or label_of(kept)))] if kept and preset_of(kept) == KEPT else []
    return [*own, *offered, (CUSTOM, _("Another number of days")), (PLAN, _("Dates and amounts of your own"))]


def preset_of(terms: Mapping[str, Any] | None) -> str:
    """Return the preset these terms are, `custom` for another number of days, or `kept` for anything else."""
    if terms and terms.get("parts"):
        return PLAN
    full = _bare(terms or {})
    for key, preset in _PRESETS.items():
        if _bare(preset) == full:
            return key
    return CUSTOM if full == {**_USUAL, "days": full["days"]} else KEPT


def terms_of(
    preset: str, *, days: int, kept: Mapping[str, Any], language: str, parts: Sequence[tuple[str, int]] = ()
) -> dict[str, Any]:
    """Return the terms to store, with the label the customer reads. `days` is for the custom preset, `parts` (ISO date,
    minor units) for a plan of one's own.
    """
    if preset == KEPT:
        return dict(kept)
    if preset == PLAN:
        chosen: dict[str, Any] = {"kind": "net", "days": 0, "parts": [list(part) for part in parts]}
    else:
        chosen = {"kind": "net", "days": days} if preset == CUSTOM else dict(_PRESETS[preset])
    with translation.override(language):
        return {**chosen, "label": label_of(chosen)}


def is_preset(preset: str) -> bool:
    """Whether the form may send this."""
    return preset in _PRESETS or preset in {KEPT, CUSTOM, PLAN}


def label_of(terms: Mapping[str, Any]) -> str:
    """Name terms in the current language: `30 days`, `On receipt`."""
    if count := len(terms.get("parts") or ()):
        return ngettext("%(count)d part as agreed", "%(count)d parts as agreed", count) % {"count": count}
    full = _bare(terms)
    days = int(full["days"])
    if full["kind"] == "end_of_month":
        base = _("End of month") if not days else _("%(days)d days after the end of the month") % {"days": days}
    elif not days:
        base = _("On receipt")
    else:
        base = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
    if full["deposit_percent"]:
        return _("%(percent)s%% deposit, rest in %(rest)s") % {"percent": full["deposit_percent"], "rest": base}
    count = int(full["instalments"])
    if count > 1:
        return ngettext("%(count)d monthly instalment", "%(count)d monthly instalments", count) % {"count": count}
    return base


def _bare(terms: Mapping[str, Any]) -> dict[str, Any]:
    full = {name: terms.get(name) if terms.get(name) not in (None, "") else usual for name, usual in _USUAL.items()}
    return {**full, "deposit_percent": str(full["deposit_percent"]) if full["deposit_percent"] else None}
