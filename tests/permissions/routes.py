"""Every address the URL table knows, and what each was declared to be; an address nobody declared is an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

from tallystick.hooks import views as hooks
from tallystick.pay import door as pay
from tallystick.staff import door as staff

PUBLIC: Mapping[str, str] = {
    "tallystick.config.urls.healthz": "says that the process answers",
    "tallystick.staff.views.home.start": "sends people on: to their Today page, or to sign in",
    "tallystick.staff.views.home.preferences": "theme and language cookies, for everyone",
    "tallystick.staff.views.members.invitation": "for people who don't work here yet; its secret is tested with the verbs",
    "tallystick.pay.views.short.follow": "a short link only names another address; tested with what is texted",
    "tallystick.pay.views.leave.leave": "its token is the proof; tested with broadcasts",
    "tallystick.pay.views.leave.stay": "its token is the proof; tested with broadcasts",
    "tallystick.pay.door.lost": "the one friendly 404 of the payment pages",
}
"""Views of ours that belong to no door, and why."""
THEIRS = "allauth."
"""Sign-in is allauth's: its pages ask for no seller."""


class Undeclared(AssertionError):
    """A route leads to a view that no door declared."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `door` is staff, pay, hooks, public or theirs; `needs` and `methods` are what was declared."""

    path: str
    view: str
    door: str
    needs: str = ""
    methods: frozenset[str] = frozenset()

    def url(self, **known: object) -> str:
        """The address with its parameters filled in, by name."""
        found = self.path
        for name, value in known.items():
            for kind in ("uuid", "slug", "str"):
                found = found.replace(f"<{kind}:{name}>", str(value))
        assert "<" not in found, f"{self.path}: nothing known for {found}"
        return "/" + found

    @property
    def parameters(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(part.split(":")[1].split(">")[0] for part in self.path.split("<")[1:])


def routes(patterns: Iterable[Any] | None = None) -> list[Route]:
    """Return every route. Raises Undeclared."""
    return [
        _declared(path, view) for path, view in _walk(get_resolver().url_patterns if patterns is None else patterns)
    ]


def _walk(patterns: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for each in patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, path)
        elif isinstance(each, URLPattern):
            view = each.callback
            yield path, f"{view.__module__}.{getattr(view, '__qualname__', type(view).__name__)}"


def _declared(path: str, view: str) -> Route:
    for door, table in (("staff", staff.DECLARED), ("pay", pay.DECLARED), ("hooks", hooks.DECLARED)):
        if view in table:
            needs, methods = table[view]
            if door == "staff" and not path.startswith("s/<slug:slug>/"):
                raise Undeclared(f"{path} ({view}) is a staff page without a seller in its address")
            return Route(path, view, door, needs, methods)
    if view in PUBLIC:
        return Route(path, view, "public")
    if view.startswith(THEIRS) and path.startswith("accounts/"):
        return Route(path, view, "theirs")
    raise Undeclared(f"{path} ({view}) went through no door; declare it, or say in PUBLIC why it is for everyone")


def no_such_ids(parameters: Iterable[str], known: Mapping[str, object], nothing: UUID) -> dict[str, object]:
    """The same parameters with ids of nothing; what isn't an id stays."""
    return {name: nothing if isinstance(known[name], UUID) else known[name] for name in parameters}
